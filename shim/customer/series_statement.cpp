#include "series_statement.h"

#include "database/pg_binary.h"

#include <algorithm>
#include <utility>

namespace active_calls::shim {

namespace {

struct Argument {
    std::string name;
    Oid type;
};

Statement make_statement(const char* function, std::vector<Argument> arguments) {
    for (const auto& parameter : parameters) {
        std::string name(parameter.name);
        std::ranges::replace(name, '-', '_');
        arguments.push_back({std::move(name), parameter.type.oid});
    }
    Statement statement{
        function, std::string("SELECT t, calls FROM active_calls.").append(function) + '(', {}};
    for (const auto& [name, type] : arguments) {
        statement.parameter_types.push_back(type);
        const auto position = statement.parameter_types.size();
        if (position > 1) statement.text += ", ";
        statement.text += name + " => $" + std::to_string(position);
    }
    statement.text += ')';
    return statement;
}

} // namespace

const std::array<Statement, std::variant_size_v<Scope>>& series_statements() {
    static const std::array<Statement, std::variant_size_v<Scope>> all{
        make_statement("customer_origination_active_calls_arrays", {{"api_access_id", int4_oid}}),
        make_statement("scoped_origination_active_calls_arrays",
                       {{"customer_id", int4_oid}, {"account_ids", int4_array_oid}}),
    };
    return all;
}

const Statement& statement_for(const Scope& scope) { return series_statements()[scope.index()]; }

std::vector<std::string> scope_arguments(const Scope& scope) {
    if (const auto* const access = std::get_if<ApiAccess>(&scope))
        return {to_big_endian(access->id)};
    const auto& customer = std::get<CustomerScope>(scope);
    return {to_big_endian(customer.customer_id), array_to_binary(customer.account_ids)};
}

Series fetch_series(Pool& pool, const Scope& scope, const SeriesRequest& request) {
    const Statement& statement = statement_for(scope);
    const std::vector<std::string> first = scope_arguments(scope);
    ParameterViews arguments(first.begin(), first.end());
    arguments.insert(arguments.end(), request.values.begin(), request.values.end());
    return pool.run(
        [&](PgConnection& connection) { return Series(connection.execute(statement, arguments)); });
}

} // namespace active_calls::shim
