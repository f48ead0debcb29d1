// Times origination_active_calls against the same question in plain SQL on the same rows and the
// same index: the six questions, in turn and interleaved, in one session. Prints median and best of
// each in milliseconds and the ratio of the medians. A question that the two answer differently is
// an error.
#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

struct CloseConnection {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct ClearResult {
    void operator()(PGresult* result) const { PQclear(result); }
};
using Connection = std::unique_ptr<PGconn, CloseConnection>;
using Result = std::unique_ptr<PGresult, ClearResult>;
using Parameters = std::vector<std::string>;

// A filter as the function's named argument and as the condition of a WHERE clause. $4 and on are
// its values in both; $1 to $3 are the account's uuid and the window.
struct Question {
    std::string_view name;
    std::string_view argument;
    std::string_view condition;
    Parameters values;
};

Result check(PGconn* connection, Result result, ExecStatusType expected) {
    if (PQresultStatus(result.get()) != expected)
        throw std::runtime_error(PQerrorMessage(connection));
    return result;
}

Result query(PGconn* connection, const std::string& text, const Parameters& parameters = {}) {
    std::vector<const char*> values;
    for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
    return check(connection,
                 Result(PQexecParams(connection, text.c_str(), static_cast<int>(values.size()),
                                     nullptr, values.data(), nullptr, nullptr, 0)),
                 PGRES_TUPLES_OK);
}

std::string single_value(PGconn* connection, const std::string& text,
                         const Parameters& parameters = {}) {
    return PQgetvalue(query(connection, text, parameters).get(), 0, 0);
}

// A statement prepared once and run with the same parameters many times.
class Contender {
public:
    Contender(PGconn* connection, std::string name, const std::string& text, Parameters parameters)
        : connection_(connection)
        , name_(std::move(name))
        , parameters_(std::move(parameters)) {
        check(connection_, Result(PQprepare(connection_, name_.c_str(), text.c_str(), 0, nullptr)),
              PGRES_COMMAND_OK);
    }

    Result run() {
        std::vector<const char*> values;
        for (const std::string& parameter : parameters_) values.push_back(parameter.c_str());
        const auto start = std::chrono::steady_clock::now();
        Result result(PQexecPrepared(connection_, name_.c_str(), static_cast<int>(values.size()),
                                     values.data(), nullptr, nullptr, 0));
        const std::chrono::duration<double, std::milli> took =
            std::chrono::steady_clock::now() - start;
        milliseconds_.push_back(took.count());
        return check(connection_, std::move(result), PGRES_TUPLES_OK);
    }

    double best() const { return *std::ranges::min_element(milliseconds_); }
    double median() {
        const auto middle =
            milliseconds_.begin() + static_cast<std::ptrdiff_t>(milliseconds_.size() / 2);
        std::ranges::nth_element(milliseconds_, middle);
        return *middle;
    }
    void forget() { milliseconds_.clear(); }

private:
    PGconn* connection_;
    std::string name_;
    Parameters parameters_;
    std::vector<double> milliseconds_;
};

// A whole series as text, to compare.
std::string text_of(const Result& series) {
    std::string text;
    for (int row = 0; row < PQntuples(series.get()); ++row)
        text.append(PQgetvalue(series.get(), row, 0))
            .append(" ")
            .append(PQgetvalue(series.get(), row, 1))
            .append("\n");
    return text;
}

std::string function_text(const Question& question) {
    return fmt::format("SELECT t, calls FROM active_calls.origination_active_calls("
                       "$1::uuid, $2::timestamptz, $3::timestamptz{})",
                       question.argument);
}

// The account's id is given as a literal, so that the planner knows what it can know.
std::string plain_text(const Question& question, std::string_view account_id) {
    return fmt::format(
        "WITH counted AS ("
        " SELECT snapshot_timestamp AS t, count(*) AS calls FROM active_calls.inbox"
        " WHERE customer_acc_id = {} AND $1::uuid IS NOT NULL"
        " AND snapshot_timestamp BETWEEN $2::timestamptz AND $3::timestamptz{} GROUP BY 1)"
        " SELECT t, coalesce(calls, 0)::int AS calls"
        " FROM generate_series($2::timestamptz, $3::timestamptz, interval '1 minute') AS t"
        " FULL JOIN counted USING (t) ORDER BY t",
        account_id, question.condition);
}

std::vector<Question> questions(PGconn* connection, const std::string& account_id) {
    const auto most_frequent = [&](const std::string& expression) {
        return single_value(
            connection, fmt::format("SELECT {0} FROM active_calls.inbox WHERE customer_acc_id = {1}"
                                    " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
                                    expression, account_id));
    };
    const std::string country = most_frequent("dst_country_id");
    const std::string prefix = most_frequent("left(src_prefix_routing, 5)");
    const std::string address = most_frequent("host(auth_orig_ip)");
    return {
        {"none", "", "", {}},
        {"duration_gt 120", ", duration_gt => $4::int", " AND duration > $4::int", {"120"}},
        {"country and duration_gt 60",
         ", dst_country_id => $4::int, duration_gt => $5::int",
         " AND dst_country_id = $4::int AND duration > $5::int",
         {country, "60"}},
        {"src starts_with",
         ", src_prefix_routing_starts_with => $4::text",
         " AND starts_with(src_prefix_routing, $4::text)",
         {prefix}},
        {"dst contains",
         ", dst_prefix_routing_contains => $4::text",
         " AND dst_prefix_routing ILIKE '%' || $4::text || '%'",
         {"12"}},
        {"price and address",
         ", customer_price_gt => $4::float8, auth_orig_ip => $5::inet",
         " AND customer_price > $4::float8 AND auth_orig_ip = $5::inet",
         {"0.05", address}},
    };
}

void compare(PGconn* connection, const std::string& account_id, int rounds) {
    const std::string uuid =
        single_value(connection, "SELECT uuid FROM active_calls.account WHERE id = " + account_id);
    const std::string from =
        single_value(connection, "SELECT min(snapshot_timestamp) FROM active_calls.inbox");
    const std::string to =
        single_value(connection, "SELECT max(snapshot_timestamp) FROM active_calls.inbox");
    fmt::print("account {}, {} call rows\n", account_id,
               single_value(connection, "SELECT count(*) FROM active_calls.inbox"
                                        " WHERE customer_acc_id = " +
                                            account_id));
    fmt::print("{:<28}{:>12}{:>10}{:>12}{:>10}{:>16}\n", "filter", "function", "best", "plain SQL",
               "best", "SQL / function");

    int number = 0;
    for (const Question& question : questions(connection, account_id)) {
        Parameters parameters{uuid, from, to};
        parameters.insert(parameters.end(), question.values.begin(), question.values.end());
        const std::string suffix = fmt::format("_{}_{}", account_id, ++number);
        Contender function(connection, "function" + suffix, function_text(question), parameters);
        Contender plain(connection, "plain" + suffix, plain_text(question, account_id), parameters);

        if (text_of(function.run()) != text_of(plain.run()))
            throw std::runtime_error(fmt::format("the two answer '{}' differently", question.name));
        function.forget();
        plain.forget();
        for (int round = 0; round < rounds; ++round) {
            function.run();
            plain.run();
        }
        const double of_function = function.median();
        const double of_plain = plain.median();
        fmt::print("{:<28}{:>12.2f}{:>10.2f}{:>12.2f}{:>10.2f}{:>16.2f}\n", question.name,
                   of_function, function.best(), of_plain, plain.best(), of_plain / of_function);
        std::fflush(stdout);
    }
}

} // namespace

int main(int argc, char** argv) try {
    CLI::App app{"Times origination_active_calls against the same question in plain SQL. Connects "
                 "as libpq's environment says."};
    std::vector<std::string> accounts{"7"};
    int rounds = 11;
    app.add_option("--account", accounts, "ids of the accounts to ask about")
        ->capture_default_str();
    app.add_option("--rounds", rounds, "timed runs of each")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    CLI11_PARSE(app, argc, argv);

    const Connection connection(PQconnectdb(""));
    if (PQstatus(connection.get()) != CONNECTION_OK)
        throw std::runtime_error(PQerrorMessage(connection.get()));
    for (const std::string& account : accounts) compare(connection.get(), account, rounds);
    return EXIT_SUCCESS;
} catch (const std::exception& error) {
    fmt::print(stderr, "compare-series: {}\n", error.what());
    return EXIT_FAILURE;
}
