#include "postgresql.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <utility>

namespace active_calls::bench {

Session::Session(const std::string& conninfo)
    : connection_(PQconnectdb(conninfo.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK)
        throw std::runtime_error(PQerrorMessage(connection_.get()));
}

Session::Result Session::check(PGresult* result) {
    Result checked(result);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        throw std::runtime_error(PQerrorMessage(connection_.get()));
    return checked;
}

void Session::run(const std::string& commands) {
    check(PQexec(connection_.get(), commands.c_str()));
}

std::string Session::value(const std::string& query) {
    const Result result = check(PQexec(connection_.get(), query.c_str()));
    if (PQntuples(result.get()) == 0) throw std::runtime_error("no row: " + query);
    return PQgetvalue(result.get(), 0, 0);
}

void Session::prepare(const std::string& query) {
    run("DEALLOCATE ALL");
    check(PQprepare(connection_.get(), "question", query.c_str(), 0, nullptr));
}

Session::Result Session::execute(const Parameters& parameters) {
    std::vector<const char*> values;
    for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
    constexpr int binary = 1;
    return check(PQexecPrepared(connection_.get(), "question", static_cast<int>(values.size()),
                                values.data(), nullptr, nullptr, binary));
}

namespace {

std::int64_t integer(const PGresult* result, int row, int column) {
    const char* bytes = PQgetvalue(result, row, column);
    const int length = PQgetlength(result, row, column);
    // Sign-extended by the first byte; network byte order.
    std::int64_t value = length > 0 && bytes[0] < 0 ? -1 : 0;
    for (int i = 0; i < length; ++i)
        value = value << 8 | static_cast<std::int64_t>(static_cast<unsigned char>(bytes[i]));
    return value;
}

Answer timed(Session& session, const Session::Parameters& parameters) {
    const auto start = std::chrono::steady_clock::now();
    const Session::Result result = session.execute(parameters);
    Answer answer{std::chrono::steady_clock::now() - start, {}};

    constexpr std::int64_t year_2000 = 946'684'800;
    constexpr std::int64_t microseconds = 1'000'000;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        const Point point{integer(result.get(), row, 0) / microseconds + year_2000,
                          integer(result.get(), row, 1)};
        if (point.calls != 0) answer.series.push_back(point);
    }
    return answer;
}

} // namespace

void Function::prepare(const Question& question) {
    const Filters& filters = question.filters;
    parameters_ = {question.account.uuid, fmt::to_string(question.window.from),
                   fmt::to_string(question.window.to)};
    std::string arguments = "$1::uuid, to_timestamp($2::float8), to_timestamp($3::float8)";
    const auto add = [&](const char* name, const char* type, std::string value) {
        parameters_.push_back(std::move(value));
        arguments += fmt::format(", {} => ${}::{}", name, parameters_.size(), type);
    };
    if (filters.duration_gt) add("duration_gt", "int", fmt::to_string(*filters.duration_gt));
    if (filters.dst_country_id)
        add("dst_country_id", "int", fmt::to_string(*filters.dst_country_id));
    if (filters.src_starts_with)
        add("src_prefix_routing_starts_with", "text", *filters.src_starts_with);
    if (filters.dst_contains) add("dst_prefix_routing_contains", "text", *filters.dst_contains);
    if (filters.price_gt) add("customer_price_gt", "float8", fmt::to_string(*filters.price_gt));
    if (filters.address) add("auth_orig_ip", "inet", *filters.address);
    session_.prepare("SELECT t, calls FROM active_calls.origination_active_calls(" + arguments +
                     ")");
}

Answer Function::ask() { return timed(session_, parameters_); }

PlainSql::PlainSql(const std::string& conninfo)
    : session_(conninfo) {
    // All is in memory: a page out of order costs as much as the next one, and without saying so
    // the planner reads the whole table. More work_mem than it needs; two cores, so no compilation
    // that takes longer than the query.
    session_.run("SET random_page_cost = 1; SET work_mem = '256MB'; SET jit = off");
}

// Everything is a literal, so that the planner knows what it can know, and plans once.
void PlainSql::prepare(const Question& question) {
    const Filters& filters = question.filters;
    const auto pattern = [](std::string_view text) { return escaped(text, "%_\\", '\\'); };
    std::string where = fmt::format("customer_acc_id = {} AND snapshot_timestamp"
                                    " BETWEEN to_timestamp({}) AND to_timestamp({})",
                                    question.account.id, question.window.from, question.window.to);
    if (filters.duration_gt) where += fmt::format(" AND duration > {}", *filters.duration_gt);
    if (filters.dst_country_id)
        where += fmt::format(" AND dst_country_id = {}", *filters.dst_country_id);
    if (filters.src_starts_with) // faster than starts_with()
        where +=
            " AND src_prefix_routing LIKE " + sql_literal(pattern(*filters.src_starts_with) + "%");
    if (filters.dst_contains) // in collation C, ILIKE ignores the case of ASCII letters alone
        where += fmt::format(" AND dst_prefix_routing {} {}",
                             has_letters(*filters.dst_contains) ? "ILIKE" : "LIKE",
                             sql_literal("%" + pattern(*filters.dst_contains) + "%"));
    if (filters.price_gt)
        where += fmt::format(" AND customer_price > {}::float8", *filters.price_gt);
    if (filters.address)
        where += fmt::format(" AND auth_orig_ip = {}::inet", sql_literal(*filters.address));
    session_.prepare("SELECT snapshot_timestamp, count(*) FROM calls WHERE " + where +
                     " GROUP BY snapshot_timestamp ORDER BY snapshot_timestamp");
}

Answer PlainSql::ask() { return timed(session_, {}); }

} // namespace active_calls::bench
