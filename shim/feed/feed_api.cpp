#include "feed_api.h"

#include "feed_statement.h"
#include "http/query_string.h"
#include "http/request_id.h"
#include "insert_statement.h"

#include <fmt/format.h>

namespace active_calls::shim {

namespace {

constexpr const char* plain_text = "text/plain; charset=UTF-8";
// So that guessing takes its time.
constexpr std::chrono::milliseconds wrong_password_delay{1'000};

bool is_read(const http::Request& request) {
    return request.method == "GET" || request.method == "HEAD";
}

// Whether a client asks if the server is there, in one of the ways that ClickHouse answers.
bool is_ping(const http::Request& request) {
    return is_read(request) && (request.path() == "/ping" ||
                                (request.path() == "/" && !last_value(request.target, "query")));
}

// The client's own: as ClickHouse has it, else as the customers' API has it.
std::string id_of(const http::Request& request) {
    return request_id(last_value(request.target, "query_id")
                          .value_or(std::string(request.fields.get("X-Request-Id"))));
}

// Numbers are strings, as ClickHouse writes them.
std::string summary(std::int64_t row_count, std::size_t byte_count) {
    return fmt::format(R"({{"read_rows":"{0}","read_bytes":"{1}","written_rows":"{0}",)"
                       R"("written_bytes":"{1}","total_rows_to_read":"0","result_rows":"{0}",)"
                       R"("result_bytes":"{1}"}})",
                       row_count, byte_count);
}

void answer_text(http::Response& response, int status, const std::string& text) {
    response.status = status;
    response.fields.set("Content-Type", plain_text);
    response.body = text;
}

void answer_error(Exchange& exchange, const ClickHouseError& error) {
    http::Response& response = exchange.response;
    if (exchange.failure.empty()) exchange.failure = {{"error", error.what()}};
    answer_text(response, status_of(error.code), to_text(error));
    response.fields.set("X-ClickHouse-Exception-Code",
                        std::to_string(static_cast<int>(error.code)));
    const bool is_nobody = error.code == ClickHouseCode::required_password;
    const bool is_stranger = error.code == ClickHouseCode::authentication_failed;
    if (is_nobody || (is_stranger && exchange.request.fields.has("Authorization")))
        response.fields.set("WWW-Authenticate", "Basic realm=\"active-calls-shim feed\"");
    if (error.code == ClickHouseCode::network_error)
        response.fields.set("Retry-After", retry_after);
}

ClickHouseError error_of_unanswered(int status) {
    if (status == 503)
        return {ClickHouseCode::network_error, "the server ends: send the rows again"};
    return {ClickHouseCode::poco_exception, status == 414   ? "the URI is too long"
                                            : status == 431 ? "the header fields are too large"
                                                            : "malformed request"};
}

LogLevel level_of(int status, bool is_error) {
    if (status == 500) return LogLevel::error;
    return is_error ? LogLevel::warning : LogLevel::info;
}

} // namespace

FeedApi::FeedApi(FeedSettings settings, Pool& pool, Metrics& metrics, Log& log)
    : settings_(std::move(settings))
    , pool_(pool)
    , metrics_(metrics)
    , bookkeeper_(metrics, log) {}

std::variant<http::Response, http::Task> FeedApi::receive(const http::Request& request) {
    Exchange exchange{request};
    bool is_answered = false;
    const auto error = exchange.attempt<ClickHouseError>(
        [&] { is_answered = answer_without_rows(request, exchange.response); });
    if (!error && !is_answered)
        return http::Task{{}, [this](const http::Request& taken) { return answer(taken); }};
    if (error) answer_error(exchange, *error);
    if (error && error->code == ClickHouseCode::authentication_failed)
        exchange.response.delay = wrong_password_delay;
    return finish(exchange, error);
}

http::Response FeedApi::refuse(const http::Request& request, int status) {
    Exchange exchange{request};
    const auto error = error_of_unanswered(status);
    answer_error(exchange, error);
    exchange.response.status = status;
    return finish(exchange, error);
}

http::Response FeedApi::answer(const http::Request& request) {
    Exchange exchange{request};
    Amount amount;
    const auto error = exchange.attempt<ClickHouseError>([&] { take_rows(exchange, amount); });
    if (error) answer_error(exchange, *error);
    amount.bytes = request.body->size();
    return finish(exchange, error, amount);
}

// Returns false if there may be rows in the body. Throws ClickHouseError.
bool FeedApi::answer_without_rows(const http::Request& request, http::Response& response) const {
    if (is_ping(request)) {
        answer_text(response, 200, "Ok.\n");
        return true;
    }
    if (request.path() != "/") {
        answer_text(response, 404, "There is nothing here but / and /ping\n");
        return true;
    }
    if (!is_read(request) && request.method != "POST") {
        answer_text(response, 405, "Rows come by POST\n");
        response.fields.set("Allow", "GET, HEAD, POST");
        return true;
    }
    if (settings_.user) require_user(request, *settings_.user);
    if (is_read(request))
        throw ClickHouseError(ClickHouseCode::readonly, "GET is read-only: send rows with POST");
    return false;
}

void FeedApi::take_rows(Exchange& exchange, Amount& amount) {
    FeedBody body(*exchange.request.body, exchange.request, settings_.max_body);
    body.read_first();
    const InsertStatement insert = parse_insert(body.text());
    body.skip(insert.rows_at);
    try {
        const auto written = write_rows(pool_, body, insert.columns);
        amount.rows_written = written.value_or(0);
        amount.is_repeated = !written;
    } catch (...) {
        amount.lines_refused = body.line_count();
        throw;
    }
    answer_text(exchange.response, 200, "");
    exchange.response.fields.set("X-ClickHouse-Summary", summary(amount.rows_written, body.size()));
    exchange.response.fields.set("X-ClickHouse-Format", "JSONEachRow");
}

http::Response FeedApi::finish(Exchange& exchange, const std::optional<ClickHouseError>& error,
                               const Amount& amount) {
    const std::string id = id_of(exchange.request);
    exchange.response.fields.set("X-ClickHouse-Query-Id", id);
    const Route route = is_ping(exchange.request) ? Route::ping : Route::feed;
    if (route == Route::feed)
        metrics_.count_feed(static_cast<std::size_t>(amount.rows_written), amount.lines_refused,
                            amount.bytes);
    Log::Fields fields{{"rows", amount.rows_written}, {"bytes", amount.bytes}};
    if (amount.is_repeated) fields.add("batch", "written before");
    if (error) fields.add("code", static_cast<int>(error->code));
    return bookkeeper_.close(
        exchange, route, id,
        {level_of(exchange.response.status, error.has_value()), "feed", fields});
}

} // namespace active_calls::shim
