#include "options.h"

#include "customer/openapi.h"
#include "customer/parameter_types.h"
#include "customer/times.h"
#include "operations/secret_file.h"

#include <CLI/CLI.hpp>
#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <map>
#include <memory>

namespace active_calls::shim {

namespace {

using std::chrono::milliseconds;

// The options as CLI11 fills them, before they are checked against one another.
struct RawOptions {
    std::string listen = "127.0.0.1:8080";
    std::string admin_listen;
    std::vector<std::string> trusted_proxies;
    std::string secret_file;
    milliseconds cookie_time_to_live{600'000};
    std::vector<std::string> cors_origins;
    ServeOptions serve;
    std::string feed_listen;
    std::string feed_user = "default";
    std::string feed_password_file;
    FeedOptions feed;
    std::string subject;
    milliseconds time_to_live{0};
    std::optional<std::int32_t> customer_id;
    std::vector<std::int32_t> account_ids;
    ImportOptions import;
    std::string clickhouse_password_file;
    std::string from;
    std::string to;
    CompareOptions compare;
    std::string old_token_file;
    std::string new_token_file;
    std::string filters_file;
};

// A configuration file names options without the subcommand they belong to: each goes to every
// subcommand that has it, so that one file serves all.
class SharedConfig : public CLI::ConfigINI {
public:
    explicit SharedConfig(const CLI::App& app)
        : app_(app) {}

    std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
        std::vector<CLI::ConfigItem> items;
        for (const auto& item : CLI::ConfigINI::from_config(input)) {
            const auto size_before = items.size();
            for (const auto* command : app_.get_subcommands({})) {
                if (!item.parents.empty() || !command->get_option_no_throw("--" + item.name))
                    continue;
                items.push_back(item);
                items.back().parents = {command->get_name()};
            }
            if (items.size() == size_before) items.push_back(item);
        }
        return items;
    }

private:
    const CLI::App& app_;
};

// `--pool-size` is ACTIVE_CALLS_POOL_SIZE in the environment.
std::string variable_of(std::string_view option) {
    std::string variable = "ACTIVE_CALLS_";
    for (const char c : option.substr(option.find_first_not_of('-')))
        variable += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return variable;
}

std::string spell(milliseconds duration) {
    return duration.count() % 1000 == 0 ? std::to_string(duration.count() / 1000) + "s"
                                        : std::to_string(duration.count()) + "ms";
}

// Which durations an option takes.
struct Durations {
    milliseconds unit;
    milliseconds most;
    bool may_be_zero;
    const char* hint;
};

constexpr Durations waits{milliseconds{1}, std::chrono::hours{24}, false,
                          "must be from 1ms to 24h, such as 500ms, 5s or 10m, not "};
constexpr Durations lifetimes{std::chrono::seconds{1}, std::chrono::hours{8784}, true,
                              "must be 0, or whole seconds up to 366d, such as 10m or 8h, not "};

// Turns `5s` into a count of milliseconds; returns what is wrong, if anything.
std::string to_milliseconds(std::string& text, const Durations& durations) {
    if (durations.may_be_zero && text == "0") return "";
    const CLI::AsNumberWithUnit convert(
        std::map<std::string, std::int64_t>{
            {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}},
        CLI::AsNumberWithUnit::Options(CLI::AsNumberWithUnit::CASE_SENSITIVE |
                                       CLI::AsNumberWithUnit::UNIT_REQUIRED));
    std::string hint = durations.hint + text;
    try {
        convert(text);
    } catch (const CLI::ValidationError&) {
        return hint;
    }
    std::int64_t count = -1;
    std::from_chars(text.data(), text.data() + text.size(), count);
    const bool is_within = count >= (durations.may_be_zero ? 0 : 1) &&
                           count <= durations.most.count() && count % durations.unit.count() == 0;
    return is_within ? "" : hint;
}

constexpr std::int64_t min_body = std::int64_t{1} << 10;
constexpr std::int64_t max_body = std::int64_t{512} << 20;

// Turns `64MiB` into a count of bytes; returns what is wrong, if anything.
std::string to_bytes(std::string& text) {
    constexpr bool kilobyte_is_1000 = false;
    const CLI::AsSizeValue convert(kilobyte_is_1000);
    std::string hint = "must be from 1KiB to 512MiB, such as 64MiB, not " + text;
    try {
        convert(text);
    } catch (const CLI::ValidationError&) {
        return hint;
    }
    const auto count = parse_int32(text);
    return count && *count >= min_body && *count <= max_body ? "" : hint;
}

std::optional<http::ListenAddress> parse_address(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const auto port = parse_int32(text.substr(colon + 1));
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    else if (host.find(':') != std::string_view::npos)
        return std::nullopt;
    if (host.empty() || !port || *port < 0 || *port > 65535) return std::nullopt;
    return http::ListenAddress{std::string(host), *port};
}

std::string check_address(const std::string& text) {
    return parse_address(text)
               ? ""
               : "must be HOST:PORT, such as 127.0.0.1:8080 or [::1]:8080, not " + text;
}

std::string check_network(const std::string& text) {
    return http::parse_network(text)
               ? ""
               : "must be ADDRESS or ADDRESS/BITS, such as 127.0.0.1 or 10.0.0.0/8, not " + text;
}

std::string check_origin(const std::string& text) {
    return text == any_origin || is_origin(text) ? ""
                                                 : "must be * or an origin as browsers write it, "
                                                   "such as https://portal.example.com or "
                                                   "http://localhost:3000, not " +
                                                       text;
}

// A server that import and compare ask. The path of what they ask for is theirs.
std::string check_server(const std::string& text) {
    const std::string_view rest = text.starts_with("http://")    ? std::string_view(text).substr(7)
                                  : text.starts_with("https://") ? std::string_view(text).substr(8)
                                                                 : "";
    return !rest.empty() && rest.find_first_of("/?#@") == std::string_view::npos
               ? ""
               : "must be http://HOST[:PORT] or https://HOST[:PORT], without a path or a user, "
                 "not " +
                     text;
}

std::string check_identifier(const std::string& text) {
    const auto is_plain = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
    };
    return !text.empty() && std::ranges::all_of(text, is_plain)
               ? ""
               : "must be a name of letters, digits and _, not " + text;
}

std::string check_window(const std::string& text) {
    const auto slash = text.find('/');
    return slash != std::string::npos && parse_time(std::string_view(text).substr(0, slash)) &&
                   parse_time(std::string_view(text).substr(slash + 1))
               ? ""
               : "must be two times with a slash between them, such as 2026-06-01/2026-06-02, "
                 "not " +
                     text;
}

std::string check_time(const std::string& text) {
    return parse_time(text)
               ? ""
               : "must be a time, such as 2026-06-01 or 2026-06-01T12:00:00Z, not " + text;
}

// Options under one heading of --help. Each is also a variable of the environment.
class Group {
public:
    Group(CLI::App& command, const char* name)
        : command_(command)
        , name_(name) {}

    CLI::Option* text(const char* flag, std::string& value, const char* type, const char* help) {
        return add(command_.add_option(flag, value, help)->capture_default_str(), type);
    }

    void address(const char* flag, std::string& value, const char* help) {
        text(flag, value, "HOST:PORT", help)->check(check_address);
    }

    void server(const char* flag, std::string& value, const char* help) {
        text(flag, value, "URL", help)->check(check_server)->required();
    }

    void time(const char* flag, std::string& value, const char* help) {
        text(flag, value, "TIME", help)->check(check_time);
    }

    CLI::Option* texts(const char* flag, std::vector<std::string>& values, const char* type,
                       const char* help) {
        return add(command_.add_option(flag, values, help)->delimiter(','), type);
    }

    void number(const char* flag, std::size_t& value, int least, int most, const char* help) {
        auto* const option = command_.add_option(flag, value, help)->capture_default_str();
        add(option->check(CLI::Range(least, most)), "N");
    }

    void ratio(const char* flag, double& value, const char* help) {
        auto* const option = command_.add_option(flag, value, help)->capture_default_str();
        add(option->check(CLI::Range(0.0, 1.0)), "RATIO");
    }

    void number(const char* flag, std::optional<std::int32_t>& value, const char* help) {
        add(command_.add_option(flag, value, help), "N");
    }

    void numbers(const char* flag, std::vector<std::int32_t>& values, const char* help) {
        add(command_.add_option(flag, values, help)->delimiter(','), "N,N,...");
    }

    // What `value` holds is the default; none, where that is 0.
    void duration(const char* flag, milliseconds& value, const char* help,
                  const Durations& durations = waits) {
        const auto set = [&value](const std::int64_t& count) { value = milliseconds{count}; };
        auto* const option = command_.add_option_function<std::int64_t>(flag, set, help);
        const auto convert = [&durations](std::string& text) {
            return to_milliseconds(text, durations);
        };
        option->transform(CLI::Validator(convert, ""))
            ->default_str(value.count() > 0 ? spell(value) : "");
        add(option, "DURATION");
    }

    void size(const char* flag, std::size_t& value, const char* help) {
        const auto set = [&value](const std::size_t& count) { value = count; };
        auto* const option = command_.add_option_function<std::size_t>(flag, set, help);
        option->transform(CLI::Validator(to_bytes, ""))
            ->default_str(std::to_string(value >> 20) + "MiB");
        add(option, "SIZE");
    }

    template<typename Choice>
    void choice(const char* flag, Choice& value, const std::map<std::string, Choice>& names,
                const char* type, const char* default_name, const char* help) {
        auto* const option = command_.add_option(flag, value, help)->default_str(default_name);
        add(option->transform(CLI::CheckedTransformer(names).description("")), type);
    }

    // A variable bound to a flag would not be set by a configuration file; ask the command.
    void flag(const char* flag, const char* help) {
        add(command_.add_flag(flag)->description(help), "");
    }

private:
    CLI::Option* add(CLI::Option* option, const char* type) {
        return option->type_name(type)->group(name_)->envname(
            variable_of(option->get_lnames().front()));
    }

    CLI::App& command_;
    const char* name_;
};

void add_secret_option(Group& tokens, RawOptions& raw) {
    tokens.text("--jwt-secret-file", raw.secret_file, "FILE",
                "File with the key that signs the tokens; one newline at its end is\n"
                "ignored. Without this option the key itself is taken from the\n"
                "environment variable ACTIVE_CALLS_JWT_SECRET");
}

void add_serve(CLI::App& app, RawOptions& raw) {
    CLI::App& command = *app.add_subcommand("serve", "Answer customers over HTTP");
    ServeOptions& serve = raw.serve;
    FeedOptions& feed_options = raw.feed;

    Group listening(command, "Listening");
    listening.address("--listen", raw.listen,
                      "Where customers are answered; port 0 takes any free one");
    listening
        .texts("--cors-origin", raw.cors_origins, "ORIGIN,...",
               "Pages of these origins may read the answers to customers: *, or\n"
               "https://portal.example.com,...; those of no other origin if not given")
        ->check(check_origin);
    listening.address("--admin-listen", raw.admin_listen,
                      "Where /live, /ready and /metrics are answered; off if not given");
    listening
        .texts("--trust-proxy", raw.trusted_proxies, "ADDRESS[/BITS],...",
               "Proxies whose X-Forwarded-For says who the client is, for the log")
        ->check(check_network);
    listening.duration("--keep-alive-timeout", serve.keep_alive_timeout,
                       "How long a connection is kept open for the client's next request");
    listening.duration("--read-timeout", serve.read_timeout,
                       "How long a client may take to send its first request");
    listening.duration("--drain-timeout", serve.drain_timeout,
                       "How long to wait for requests in flight after SIGTERM");

    Group database(command, "Database");
    database.text("--database", serve.database, "CONNINFO",
                  "libpq connection string or URI, without a password. What it leaves\n"
                  "out comes from libpq's own environment: PGHOST, PGUSER, PGDATABASE,\n"
                  "PGPASSFILE ...");
    database.number("--pool-size", serve.pool_size, 1, 1'000,
                    "Connections to the database at most (/ready uses one more);\n"
                    "so many requests are answered at a time");
    database.duration("--pool-timeout", serve.pool_timeout,
                      "How long a request waits for its turn, and for a connection,\n"
                      "before it is answered 503");
    database.duration("--statement-timeout", serve.statement_timeout,
                      "How long a query may run before it is answered 504");

    Group feed(command, "Feed");
    feed.address("--feed-listen", raw.feed_listen,
                 "Where the switch's rows are taken, as ClickHouse's HTTP\n"
                 "interface takes them; off if not given");
    feed.text("--feed-database", feed_options.database, "CONNINFO",
              "As --database, for a role that may write; that of --database if not\n"
              "given");
    feed.text("--feed-user", raw.feed_user, "NAME", "The switch's user name");
    feed.text("--feed-password-file", raw.feed_password_file, "FILE",
              "File with the switch's password; one newline at its end is\n"
              "ignored. Without this option the password itself is taken from\n"
              "the environment variable ACTIVE_CALLS_FEED_PASSWORD");
    feed.flag("--feed-no-password", "Take rows from whoever reaches the port");
    feed.number("--feed-threads", feed_options.threads, 1, 100,
                "Bodies read, and connections of the database used, at the same time");
    feed.size("--feed-max-body", feed_options.max_body,
              "Largest body, as it comes and decompressed. That of a slow client\n"
              "is held in memory");
    feed.duration("--feed-read-timeout", feed_options.read_timeout,
                  "How long a body may take to come; one that comes slower than 16 KiB a\n"
                  "second is given up sooner");
    feed.duration("--feed-statement-timeout", feed_options.statement_timeout,
                  "How long writing the rows of a body may take");
    feed.ratio("--feed-allow-errors-ratio", feed_options.input.allowed_error_ratio,
               "How many of a body's rows may be lost because they do not fit, before\n"
               "all are refused, such as 0.01; what is lost is counted and logged");
    feed.text("--feed-time-zone", feed_options.input.time_zone, "ZONE",
              "Time zone of the times in the rows, such as Europe/Kyiv; that of the\n"
              "database's setting active_calls.feed_time_zone, which is UTC unless\n"
              "changed, if not given");

    Group tokens(command, "Tokens");
    add_secret_option(tokens, raw);
    tokens.flag("--require-exp", "Refuse tokens that never expire");
    tokens.duration("--cookie-ttl", raw.cookie_time_to_live,
                    "How long a token that came in the cookie lives on: each answer to it\n"
                    "renews the cookie, as Yeti does; 0 renews none",
                    lifetimes);

    Group log(command, "Log");
    log.choice<LogFormat>("--log-format", serve.log_format,
                          {{"json", LogFormat::json}, {"text", LogFormat::text}}, "FORMAT", "json",
                          "One line per event on the standard error: json or text");
    log.choice<LogLevel>(
        "--log-level", serve.log_level,
        {{"info", LogLevel::info}, {"warning", LogLevel::warning}, {"error", LogLevel::error}},
        "LEVEL", "info", "Least severe level to log: info, warning, error");

    command.footer(R"(
Examples:
  active-calls-shim serve --database 'host=/run/postgresql dbname=calls user=active_calls_shim' \
                          --jwt-secret-file /etc/active-calls/jwt.secret
  ACTIVE_CALLS_JWT_SECRET=... PGHOST=db1 active-calls-shim serve --listen 0.0.0.0:8080
  active-calls-shim serve --config shim.conf --feed-listen 10.0.0.5:8123 \
                          --feed-database 'dbname=calls user=active_calls_writer' \
                          --feed-password-file /etc/active-calls/feed.password

A configuration file such as shim.conf holds one "option = value" a line, for instance
  listen = 0.0.0.0:8080
  database = "host=db1 dbname=calls user=active_calls_shim"
An option on the command line counts more than the environment, and that more than the file.
On SIGTERM and SIGINT the process ends when all requests in flight are answered, or --drain-timeout is
over; on a second one, at once. Exit status: 0 when all were answered, 1 when some were cut off or
something failed, 2 when the options are wrong.)");
}

void add_token(CLI::App& app, RawOptions& raw) {
    CLI::App& command = *app.add_subcommand("token", "Print a token, signed with the same key");
    Group token(command, "Token");
    token
        .text("--sub", raw.subject, "ID|D",
              "Whose token: the id of an API access, or D for a token that carries\n"
              "its own customer and accounts")
        ->required();
    token.duration("--ttl", raw.time_to_live,
                   "How long the token is valid, in whole seconds; for ever if not given");
    token.number("--customer-id", raw.customer_id, "With --sub D: the customer");
    token.numbers("--account-ids", raw.account_ids,
                  "With --sub D: the only accounts to be seen; all of the customer if\n"
                  "not given");
    Group tokens(command, "Tokens");
    add_secret_option(tokens, raw);
    command.footer(R"(
Examples:
  active-calls-shim token --sub 37 --ttl 10m --jwt-secret-file /etc/active-calls/jwt.secret
  active-calls-shim token --sub D --customer-id 3 --account-ids 7,8)");
}

void add_import(CLI::App& app, RawOptions& raw) {
    CLI::App& command = *app.add_subcommand("import", "Bring the history out of Yeti's ClickHouse");
    ImportOptions& import = raw.import;
    ClickhouseSettings& clickhouse = import.clickhouse;

    Group source(command, "ClickHouse");
    source.server("--clickhouse", clickhouse.server, "ClickHouse's HTTP interface");
    source.text("--clickhouse-user", clickhouse.user, "NAME", "A user who may read the table");
    source.text("--clickhouse-password-file", raw.clickhouse_password_file, "FILE",
                "File with the user's password; one newline at its end is\n"
                "ignored. Without this option the password itself is taken from\n"
                "the environment variable ACTIVE_CALLS_CLICKHOUSE_PASSWORD");
    source.text("--clickhouse-database", clickhouse.database, "NAME", "The table's database");
    source.text("--clickhouse-table", clickhouse.table, "NAME", "The table of calls")
        ->check(check_identifier);

    Group database(command, "Database");
    database.text("--database", import.database, "CONNINFO",
                  "libpq connection string or URI, without a password, for a role\n"
                  "that may write, read and seal calls. What it leaves out comes from\n"
                  "libpq's own environment: PGHOST, PGUSER, PGDATABASE, PGPASSFILE ...");

    Group what(command, "What");
    what.time("--from", raw.from, "The first snapshot; the oldest one if not given");
    what.time("--to", raw.to,
              "Where to end, before the snapshot of that time; an hour ago if not\n"
              "given, so that the feed has brought what is newer");
    what.flag("--only-compare", "Import nothing, compare what both sides have");
    command.footer(R"(
Examples:
  active-calls-shim import --clickhouse http://clickhouse:8123 --clickhouse-database yeti \
                           --database 'host=/run/postgresql dbname=calls user=active_calls_import'

It writes the snapshots that the database has no call of, the newest day first, seals them, and
compares the two sides day by day. It can be stopped at any time: run it again, and it goes on where
it was. Exit status: 0 when both sides have the same calls in each snapshot, 1 when they differ or
something failed, 2 when the options are wrong.)");
}

void add_compare(CLI::App& app, RawOptions& raw) {
    CLI::App& command =
        *app.add_subcommand("compare", "Ask two servers of the customers' API the same questions");
    CompareOptions& compare = raw.compare;

    Group servers(command, "Servers");
    servers.server("--old", compare.old_side.server, "Yeti");
    servers.text("--old-token-file", raw.old_token_file, "FILE",
                 "File with a customer's token for it; one newline at its end is\n"
                 "ignored. Without this option the token itself is taken from the\n"
                 "environment variable ACTIVE_CALLS_OLD_TOKEN");
    servers.server("--new", compare.new_side.server, "The shim");
    servers.text("--new-token-file", raw.new_token_file, "FILE",
                 "As --old-token-file, with the variable ACTIVE_CALLS_NEW_TOKEN; the old\n"
                 "token if neither is given");

    Group questions(command, "Questions");
    questions.texts("--accounts", compare.account_ids, "UUID,UUID,...", "Whose calls")->required();
    questions
        .texts("--windows", compare.windows, "FROM/TO,...",
               "Windows of time, such as 2026-06-01/2026-06-02")
        ->required()
        ->check(check_window);
    questions.text("--filters-file", raw.filters_file, "FILE",
                   "File with one set of filters a line, as in a URL, such as\n"
                   "duration-gt=60&dst-country-id=222; an empty line is no filter.\n"
                   "Without this option, some usual ones");
    questions.flag("--exact", "Points of 0 calls count, too: for gap_fill = 'yeti'");
    command.footer(R"(
Examples:
  ACTIVE_CALLS_OLD_TOKEN=... active-calls-shim compare --old https://yeti.example.com \
      --new http://127.0.0.1:8080 --accounts 069b073a-e7d9-11f0-932e-0a63caf27539 \
      --windows 2026-06-01/2026-06-02,2026-06-15T12:00:00Z/2026-06-15T13:00:00Z

Exit status: 0 when all questions were answered alike, 1 when not, 2 when the options are wrong.)");
}

// A password on the command line can be read by every user of the machine. `option` is
// `--database` or its like.
void check_database(const CLI::App& command, const std::string& option,
                    const std::string& conninfo) {
    // These are the options on the command line, without those of the environment and the file.
    const auto& given = command.parse_order();
    const bool is_on_command_line =
        std::find(given.begin(), given.end(), command.get_option(option)) != given.end();
    const auto release = [](auto* resource) { PQconninfoFree(resource); };
    char* error = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(release)> fields(
        PQconninfoParse(conninfo.c_str(), &error));
    const std::unique_ptr<char, decltype(&PQfreemem)> error_text(error, &PQfreemem);
    if (!fields) throw CLI::ValidationError(option, error ? error : "out of memory");
    for (const auto* field = fields.get(); field->keyword; ++field) {
        const bool is_secret = std::string_view(field->dispchar) == "*";
        if (is_on_command_line && field->val && is_secret)
            throw CLI::ValidationError(
                option, "holds a password, which every user of this machine could read: put it "
                        "into a file that PGPASSFILE names, into PGPASSWORD, or give the whole "
                        "string in " +
                            variable_of(option));
    }
}

Secret secret_of(const RawOptions& raw, std::vector<std::string>& warnings) {
    try {
        return load_secret(raw.secret_file, warnings);
    } catch (const std::runtime_error& error) {
        throw CLI::ValidationError("--jwt-secret-file", error.what());
    }
}

std::optional<FeedUser> feed_user_of(const CLI::App& command, const RawOptions& raw,
                                     std::vector<std::string>& warnings) {
    const bool is_open = command["--feed-no-password"]->as<bool>();
    std::optional<std::string> password;
    try {
        password = load_feed_password(raw.feed_password_file, warnings);
    } catch (const std::runtime_error& error) {
        throw CLI::ValidationError("--feed-password-file", error.what());
    }
    if (is_open && password)
        throw CLI::ValidationError("--feed-no-password",
                                   "cannot be combined with a password of the feed");
    if (is_open) {
        warnings.emplace_back("--feed-no-password: whoever reaches the feed's port can send rows");
        return std::nullopt;
    }
    if (!password)
        throw CLI::ValidationError(
            "--feed-listen", "needs the switch's password: in the file that --feed-password-file "
                             "names, or in the environment variable ACTIVE_CALLS_FEED_PASSWORD; "
                             "where none but the switch can reach the port, --feed-no-password");
    return FeedUser{raw.feed_user, *std::move(password)};
}

std::optional<FeedOptions> checked_feed(const CLI::App& command, RawOptions& raw) {
    FeedOptions& feed = raw.feed;
    check_database(command, "--feed-database", feed.database);
    if (raw.feed_listen.empty()) return std::nullopt;
    if (command["--feed-database"]->empty()) feed.database = raw.serve.database;
    feed.listen = *parse_address(raw.feed_listen);
    feed.user = feed_user_of(command, raw, raw.serve.warnings);
    return feed;
}

http::TrustedProxies checked_proxies(const RawOptions& raw) {
    std::vector<http::Network> networks;
    for (const auto& text : raw.trusted_proxies)
        networks.push_back(http::parse_network(text).value());
    return http::TrustedProxies(std::move(networks));
}

Cors checked_cors(RawOptions& raw) {
    const auto& origins = raw.cors_origins;
    if (origins.size() > 1 && std::ranges::find(origins, any_origin) != origins.end())
        throw CLI::ValidationError("--cors-origin", "* stands alone, as it is every origin");
    return Cors(std::move(raw.cors_origins));
}

ServeOptions checked_serve(const CLI::App& command, RawOptions& raw) {
    ServeOptions& serve = raw.serve;
    check_database(command, "--database", serve.database);
    serve.require_expiry = command["--require-exp"]->as<bool>();
    serve.customers.cors = checked_cors(raw);
    if (raw.cookie_time_to_live.count() > 0)
        serve.customers.cookie_time_to_live =
            std::chrono::duration_cast<std::chrono::seconds>(raw.cookie_time_to_live);
    serve.listen = *parse_address(raw.listen);
    serve.admin_listen = parse_address(raw.admin_listen);
    serve.proxies = checked_proxies(raw);
    serve.secret = secret_of(raw, serve.warnings);
    serve.feed = checked_feed(command, raw);
    return serve;
}

Scope checked_scope(const RawOptions& raw) {
    if (raw.subject == dynamic_subject) {
        if (!raw.customer_id) throw CLI::ValidationError("--customer-id", "is needed with --sub D");
        return CustomerScope{*raw.customer_id, raw.account_ids};
    }
    const auto id = parse_int32(raw.subject);
    if (!id) throw CLI::ValidationError("--sub", "must be the id of an API access, or D");
    if (raw.customer_id || !raw.account_ids.empty())
        throw CLI::ValidationError("--sub", "only D goes with --customer-id and --account-ids");
    return ApiAccess{*id};
}

TokenOptions checked_token(const RawOptions& raw) {
    using std::chrono::seconds;
    if (raw.time_to_live % seconds{1} != milliseconds{0})
        throw CLI::ValidationError("--ttl", "must be whole seconds");
    TokenOptions token;
    token.secret = secret_of(raw, token.warnings);
    token.scope = checked_scope(raw);
    if (raw.time_to_live.count() > 0)
        token.time_to_live = std::chrono::duration_cast<seconds>(raw.time_to_live);
    return token;
}

std::optional<std::string> credential_of(const char* option, const std::string& file,
                                         const char* variable, std::vector<std::string>& warnings) {
    try {
        return load_credential(file, variable, warnings);
    } catch (const std::runtime_error& error) {
        throw CLI::ValidationError(option, error.what());
    }
}

sys_seconds seconds_of(const std::string& time, sys_seconds absent) {
    return time.empty() ? absent : std::chrono::ceil<std::chrono::seconds>(*parse_time(time));
}

ImportOptions checked_import(const CLI::App& command, RawOptions& raw) {
    ImportOptions& import = raw.import;
    check_database(command, "--database", import.database);
    import.clickhouse.password =
        credential_of("--clickhouse-password-file", raw.clickhouse_password_file,
                      "ACTIVE_CALLS_CLICKHOUSE_PASSWORD", import.warnings);
    const auto hour_ago = std::chrono::floor<std::chrono::seconds>(
        std::chrono::system_clock::now() - std::chrono::hours{1});
    import.window = {seconds_of(raw.from, sys_seconds{}), seconds_of(raw.to, hour_ago)};
    if (import.window.begin >= import.window.end)
        throw CLI::ValidationError("--from", "must be before --to");
    import.only_compare = command["--only-compare"]->as<bool>();
    return import;
}

std::vector<std::string> lines_of(const std::string& path) {
    std::ifstream file(path);
    if (!file) throw CLI::ValidationError("--filters-file", "cannot read " + path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    if (lines.empty()) throw CLI::ValidationError("--filters-file", path + " is empty");
    return lines;
}

CompareOptions checked_compare(const CLI::App& command, RawOptions& raw) {
    CompareOptions& compare = raw.compare;
    const auto old_token = credential_of("--old-token-file", raw.old_token_file,
                                         "ACTIVE_CALLS_OLD_TOKEN", compare.warnings);
    if (!old_token)
        throw CLI::ValidationError("--old-token-file",
                                   "give a customer's token: a file's name, or the token itself in "
                                   "the environment variable ACTIVE_CALLS_OLD_TOKEN");
    compare.old_side.token = *old_token;
    compare.new_side.token = credential_of("--new-token-file", raw.new_token_file,
                                           "ACTIVE_CALLS_NEW_TOKEN", compare.warnings)
                                 .value_or(*old_token);
    compare.path = series_path;
    compare.filters = raw.filters_file.empty() ? usual_filters() : lines_of(raw.filters_file);
    compare.exact = command["--exact"]->as<bool>();
    return compare;
}

void add_config_option(CLI::App& app) {
    // CLI11 reads the file before the environment, so its own variable is looked up here.
    const char* const from_environment = std::getenv("ACTIVE_CALLS_CONFIG");
    app.set_config("--config", from_environment ? from_environment : "",
                   "File with options, one \"option = value\" a line (Env:ACTIVE_CALLS_CONFIG)",
                   from_environment != nullptr)
        ->type_name("FILE");
    app.config_formatter(std::make_shared<SharedConfig>(app));
    app.allow_config_extras(CLI::config_extras_mode::error);
}

// CLI11 passes over a variable with a wrong value, from 2.4 on. Here it is as wrong as an option.
void check_environment(CLI::App& command) {
    for (CLI::Option* option : command.get_options()) {
        const char* const value =
            option->get_envname().empty() ? nullptr : std::getenv(option->get_envname().c_str());
        if (!value || !*value || !option->empty()) continue;
        option->add_result(value);
        option->run_callback();
    }
}

} // namespace

Command parse_options(int argc, const char* const* argv, std::ostream& out, std::ostream& errors) {
    CLI::App app(
        "HTTP front end of the PostgreSQL extension active_calls: a customer's calls over time.",
        "active-calls-shim");
    RawOptions raw;
    app.set_version_flag("--version", ACTIVE_CALLS_VERSION);
    app.require_subcommand(1);
    app.fallthrough();
    app.footer("\n\"active-calls-shim serve --help\", and so on, tell more.");
    add_config_option(app);
    add_serve(app, raw);
    add_token(app, raw);
    add_import(app, raw);
    add_compare(app, raw);
    for (auto* command : app.get_subcommands({})) {
        command->get_formatter()->column_width(34);
        // Asked for so that CLI11 looks at the environment before the file.
        command->parse_complete_callback([] {});
    }
    try {
        app.parse(argc, argv);
        for (CLI::App* command : app.get_subcommands()) check_environment(*command);
        if (app.got_subcommand("token")) return checked_token(raw);
        if (app.got_subcommand("import")) return checked_import(*app.get_subcommand("import"), raw);
        if (app.got_subcommand("compare"))
            return checked_compare(*app.get_subcommand("compare"), raw);
        return checked_serve(*app.get_subcommand("serve"), raw);
    } catch (const CLI::ParseError& error) {
        constexpr int wrong_usage = 2;
        return app.exit(error, out, errors) == 0 ? 0 : wrong_usage;
    }
}

} // namespace active_calls::shim
