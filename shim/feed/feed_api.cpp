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

// However many slashes: a client may join an empty database to the URL.
bool is_root(std::string_view path) { return path.find_first_not_of('/') == path.npos; }

// Whether a client asks if the server is there, in one of the ways that ClickHouse answers.
bool is_ping(const http::Request& request) {
    return is_read(request) && (request.path() == "/ping" ||
                                (is_root(request.path()) && !last_value(request.target, "query")));
}

// The client's own: as ClickHouse has it, else as the customers' API has it.
std::string id_of(const http::Request& request) {
    return request_id(last_value(request.target, "query_id")
                          .value_or(std::string(request.fields.get("X-Request-Id"))));
}

// Numbers are strings, as ClickHouse writes them.
std::string summary(std::int64_t rows_read, std::int64_t rows_written, std::size_t byte_count) {
    return fmt::format(R"({{"read_rows":"{}","read_bytes":"{}","written_rows":"{}",)"
                       R"("written_bytes":"{}","total_rows_to_read":"0","result_rows":"{}",)"
                       R"("result_bytes":"{}"}})",
                       rows_read, byte_count, rows_written, byte_count, rows_written, byte_count);
}

// Whether a parameter tells ClickHouse how a body is to be read, which is not done here.
bool is_ignored(std::string_view name) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz_0123456789";
    const bool says_how_to_read = name == "decompress" || name == "date_time_input_format" ||
                                  name.starts_with("input_format_") || name.starts_with("format_");
    return says_how_to_read && !InputSettings::knows(name) &&
           name.find_first_not_of(letters) == name.npos;
}

// Names what the client has asked for in vain, as that may be why its rows are not understood.
ClickHouseError with_ignored_parameters(const ClickHouseError& error, std::string_view target) {
    if (error.code != ClickHouseCode::cannot_parse_input &&
        error.code != ClickHouseCode::syntax_error)
        return error;
    std::string ignored;
    for (const auto& [name, value] : split_query(query_of(target)))
        if (name && is_ignored(*name)) ignored += (ignored.empty() ? "" : ", ") + *name;
    if (ignored.empty()) return error;
    return {error.code,
            fmt::format("{} (of the URL's parameters, ignored here: {})", error.what(), ignored)};
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

LogLevel level_of(int status, bool is_to_be_seen) {
    if (status == 500) return LogLevel::error;
    return is_to_be_seen ? LogLevel::warning : LogLevel::info;
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
    FeedAmount amount;
    auto error = exchange.attempt<ClickHouseError>([&] { take_rows(exchange, amount); });
    if (error) {
        error = with_ignored_parameters(*error, request.target);
        answer_error(exchange, *error);
    }
    amount.bytes = request.body->size();
    return finish(exchange, error, amount);
}

// Returns false if there may be rows in the body. Throws ClickHouseError.
bool FeedApi::answer_without_rows(const http::Request& request, http::Response& response) const {
    if (is_ping(request)) {
        answer_text(response, 200, "Ok.\n");
        return true;
    }
    if (!is_root(request.path())) {
        answer_text(response, 404, "There is nothing here but / and /ping\n");
        return true;
    }
    if (!is_read(request) && request.method != "POST") {
        answer_text(response, 405, "Rows come by POST\n");
        response.fields.set("Allow", "GET, HEAD, POST");
        return true;
    }
    if (settings_.user) require_user(request, *settings_.user);
    if (!is_read(request)) return false;
    if (!is_select_one(last_value(request.target, "query").value_or("")))
        throw ClickHouseError(ClickHouseCode::readonly, "GET is read-only: send rows with POST");
    answer_text(response, 200, "1\n");
    return true;
}

// A time zone that does not exist is not the client's to mend, if it is the operator's.
void FeedApi::require_zone_of_client(const std::exception& error,
                                     const InputSettings& settings) const {
    const auto* const failure = dynamic_cast<const StatementFailed*>(&error);
    if (failure && failure->sqlstate == unknown_zone &&
        settings.time_zone == settings_.input.time_zone)
        throw ClickHouseError(ClickHouseCode::network_error,
                              "the database knows no time zone of the name that --feed-time-zone "
                              "gives, which is the operator's to mend: send the rows again");
}

InputSettings FeedApi::settings_of(const http::Request& request) const {
    InputSettings settings = settings_.input;
    for (const auto& [name, value] : split_query(query_of(request.target)))
        if (name && value) settings.set(*name, *value);
    return settings;
}

void FeedApi::take_rows(Exchange& exchange, FeedAmount& amount) {
    FeedBody body(*exchange.request.body, exchange.request, settings_.max_body);
    body.read_first();
    if (is_select_one(body.text())) return answer_text(exchange.response, 200, "1\n");
    const InsertStatement insert = parse_insert(body.text(), settings_of(exchange.request));
    body.skip(insert.rows_at);
    std::int64_t rows_read = 0;
    try {
        if (const auto batch = write_rows(pool_, body, insert)) {
            amount.rows.written = batch->written;
            amount.rows.unowned = batch->unowned;
            amount.rows.lost = batch->lost;
            amount.doubtful_rows = batch->doubtful;
            amount.first_error = batch->first_error;
            rows_read = batch->read;
        } else {
            rows_read = static_cast<std::int64_t>(body.line_count());
            amount.rows.repeated = rows_read;
        }
    } catch (const std::exception& error) {
        amount.rows.refused = static_cast<std::int64_t>(body.line_count());
        require_zone_of_client(error, insert.settings);
        throw;
    }
    answer_text(exchange.response, 200, "");
    exchange.response.fields.set("X-ClickHouse-Summary",
                                 summary(rows_read, amount.rows.written, body.size()));
    exchange.response.fields.set("X-ClickHouse-Format", "JSONEachRow");
}

http::Response FeedApi::finish(Exchange& exchange, const std::optional<ClickHouseError>& error,
                               const FeedAmount& amount) {
    const std::string id = id_of(exchange.request);
    exchange.response.fields.set("X-ClickHouse-Query-Id", id);
    const Route route = is_ping(exchange.request) ? Route::ping : Route::feed;
    if (route == Route::feed) metrics_.count_feed(amount.rows, amount.bytes);
    Log::Fields fields{{"rows", amount.rows.written}, {"bytes", amount.bytes}};
    for (const auto& [name, count] : {std::pair{"unowned", amount.rows.unowned},
                                      {"repeated", amount.rows.repeated},
                                      {"doubtful", amount.doubtful_rows},
                                      {"lost", amount.rows.lost}})
        if (count > 0) fields.add(name, count);
    if (!amount.first_error.empty()) fields.add("first_lost", amount.first_error);
    if (error) fields.add("code", static_cast<int>(error->code));
    const bool is_to_be_seen = error || amount.rows.lost > 0 || amount.doubtful_rows > 0;
    return bookkeeper_.close(exchange, route, id,
                             {level_of(exchange.response.status, is_to_be_seen), "feed", fields});
}

} // namespace active_calls::shim
