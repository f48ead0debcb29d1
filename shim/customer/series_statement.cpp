#include "series_statement.h"

#include "database/pg_binary.h"

#include <bit>
#include <utility>

namespace active_calls::shim {

namespace {

Oid oid_of(ValueType type) {
    switch (type) {
    case ValueType::uuid:
        return uuid_oid;
    case ValueType::time:
        return timestamptz_oid;
    case ValueType::country_id:
    case ValueType::int32:
        return int4_oid;
    case ValueType::string:
        return text_oid;
    case ValueType::inet_address:
        return inet_oid;
    case ValueType::finite_double:
        return float8_oid;
    }
    return InvalidOid;
}

struct Argument {
    std::string_view name;
    Oid type;
};

Statement make_statement(const char* function, const std::vector<Argument>& scope_arguments) {
    Statement statement{
        function, std::string("SELECT t, calls FROM active_calls.").append(function) + '(', {}};
    const auto add = [&](std::string_view argument, Oid type) {
        if (!statement.parameter_types.empty()) statement.text += ", ";
        statement.parameter_types.push_back(type);
        statement.text.append(argument).append(" => $");
        statement.text += std::to_string(statement.parameter_types.size());
    };
    for (const auto& argument : scope_arguments) add(argument.name, argument.type);
    for (const auto& parameter : parameters) add(parameter.sql_name, oid_of(parameter.type));
    statement.text += ')';
    return statement;
}

template<typename Integer>
std::string big_endian(Integer number) {
    std::string bytes;
    append_big_endian(bytes, number);
    return bytes;
}

std::string encode(const Uuid& uuid) { return {uuid.bytes.begin(), uuid.bytes.end()}; }
std::string encode(Timestamp time) { return big_endian((time - postgres_epoch).count()); }
std::string encode(std::int32_t number) { return big_endian(number); }
std::string encode(double number) { return big_endian(std::bit_cast<std::int64_t>(number)); }
std::string encode(const std::string& text) { return text; }

/// Family, bits of the netmask (all: a host), is a cidr, size, address.
std::string encode(const InetAddress& address) {
    constexpr char ipv4_family = 2;
    constexpr char ipv6_family = 3;
    const auto size = static_cast<char>(address.bytes.size());
    const std::string header{size == 4 ? ipv4_family : ipv6_family, static_cast<char>(size * 8), 0,
                             size};
    return header + address.bytes;
}

void bind_scope(BoundParameters& bound, const ApiAccess& access) {
    bound.emplace_back(encode(access.id));
}

void bind_scope(BoundParameters& bound, const CustomerScope& scope) {
    bound.emplace_back(encode(scope.customer_id));
    bound.emplace_back(array_to_binary(scope.account_ids));
}

} // namespace

const std::array<Statement, std::variant_size_v<Scope>>& series_statements() {
    static const std::array<Statement, std::variant_size_v<Scope>> all{
        make_statement("customer_origination_active_calls", {{"api_access_id", int4_oid}}),
        make_statement("scoped_origination_active_calls",
                       {{"customer_id", int4_oid}, {"account_ids", int4_array_oid}}),
    };
    return all;
}

const Statement& statement_for(const Scope& scope) { return series_statements()[scope.index()]; }

BoundParameters bind_parameters(const Scope& scope, const SeriesRequest& request) {
    BoundParameters bound;
    bound.reserve(request.values.size() + 2);
    std::visit([&](const auto& alternative) { bind_scope(bound, alternative); }, scope);
    for (const auto& value : request.values) {
        if (value)
            bound.emplace_back(std::visit([](const auto& typed) { return encode(typed); }, *value));
        else
            bound.emplace_back(std::nullopt);
    }
    return bound;
}

Series fetch_series(Pool& pool, const Scope& scope, const SeriesRequest& request) {
    const Statement& statement = statement_for(scope);
    const BoundParameters bound = bind_parameters(scope, request);
    const ParameterViews views(bound.begin(), bound.end());
    return pool.run([&](PgConnection& connection) {
        return series_of(connection.execute(statement, views).get());
    });
}

} // namespace active_calls::shim
