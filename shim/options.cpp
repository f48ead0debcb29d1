#include "options.h"

#include "customer/parameter_types.h"
#include "operations/secret_file.h"

#include <CLI/CLI.hpp>
#include <libpq-fe.h>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>

namespace active_calls::shim {

namespace {

using std::chrono::milliseconds;

/// The options as CLI11 fills them, before they are checked against one another.
struct RawOptions {
    std::string listen = "127.0.0.1:8080";
    std::string admin_listen;
    std::string secret_file;
    ServeOptions serve;
    std::string feed_listen;
    std::string feed_user = "default";
    std::string feed_password_file;
    FeedOptions feed;
    std::string subject;
    milliseconds time_to_live{0};
    std::optional<std::int32_t> customer_id;
    std::vector<std::int32_t> account_ids;
};

/// A configuration file names options without the subcommand they belong to: each goes to every
/// subcommand that has it, so that one file serves all.
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

/// `--pool-size` is ACTIVE_CALLS_POOL_SIZE in the environment.
std::string variable_of(std::string_view option) {
    std::string variable = "ACTIVE_CALLS_";
    for (const char c : option.substr(option.find_first_not_of('-')))
        variable += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return variable;
}

CLI::Option* with_environment(CLI::Option* option) {
    return option->envname(variable_of(option->get_lnames().front()));
}

std::string spell(milliseconds duration) {
    return duration.count() % 1000 == 0 ? std::to_string(duration.count() / 1000) + "s"
                                        : std::to_string(duration.count()) + "ms";
}

/// Turns `5s` into a count of milliseconds; returns what is wrong, if anything.
std::string to_milliseconds(std::string& text) {
    const CLI::AsNumberWithUnit convert(
        std::map<std::string, std::int64_t>{
            {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}},
        CLI::AsNumberWithUnit::Options(CLI::AsNumberWithUnit::CASE_SENSITIVE |
                                       CLI::AsNumberWithUnit::UNIT_REQUIRED));
    std::string hint = "must be from 1ms to 24h, such as 500ms, 5s or 10m, not " + text;
    try {
        convert(text);
    } catch (const CLI::ValidationError&) {
        return hint;
    }
    const auto count = parse_int32(text);
    return count && *count > 0 && *count <= 86'400'000 ? "" : hint;
}

/// What `duration` holds is the default; none, where that is 0.
CLI::Option* add_duration(CLI::App& command, const std::string& name, milliseconds& duration,
                          const std::string& help) {
    return with_environment(
        command
            .add_option_function<std::int64_t>(
                name, [&](const std::int64_t& count) { duration = milliseconds{count}; }, help)
            ->transform(CLI::Validator(to_milliseconds, ""))
            ->type_name("DURATION")
            ->default_str(duration.count() > 0 ? spell(duration) : ""));
}

constexpr std::int64_t min_body = std::int64_t{1} << 10;
constexpr std::int64_t max_body = std::int64_t{512} << 20;

/// Turns `64MiB` into a count of bytes; returns what is wrong, if anything.
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

void add_secret_options(CLI::App& command, RawOptions& raw) {
    with_environment(
        command
            .add_option("--jwt-secret-file", raw.secret_file,
                        "File with the key that signs the tokens; one newline at its end is\n"
                        "ignored. Without this option the key itself is taken from the\n"
                        "environment variable ACTIVE_CALLS_JWT_SECRET")
            ->type_name("FILE")
            ->group("Tokens"));
}

void add_listening_options(CLI::App& command, RawOptions& raw) {
    ServeOptions& serve = raw.serve;
    const std::string group = "Listening";
    with_environment(command
                         .add_option("--listen", raw.listen,
                                     "Where customers are answered; port 0 takes any free one")
                         ->check(check_address)
                         ->type_name("HOST:PORT")
                         ->capture_default_str()
                         ->group(group));
    with_environment(command
                         .add_option("--admin-listen", raw.admin_listen,
                                     "Where /live, /ready and /metrics are answered; off if not "
                                     "given")
                         ->check(check_address)
                         ->type_name("HOST:PORT")
                         ->group(group));
    add_duration(command, "--keep-alive-timeout", serve.keep_alive_timeout,
                 "How long a connection is kept open for the client's next request")
        ->group(group);
    add_duration(command, "--read-timeout", serve.read_timeout,
                 "How long a client may take to send its first request")
        ->group(group);
    add_duration(command, "--drain-timeout", serve.drain_timeout,
                 "How long to wait for requests in flight after SIGTERM")
        ->group(group);
}

void add_database_options(CLI::App& command, RawOptions& raw) {
    ServeOptions& serve = raw.serve;
    const std::string group = "Database";
    with_environment(
        command
            .add_option("--database", serve.database,
                        "libpq connection string or URI, without a password. What it leaves\n"
                        "out comes from libpq's own environment: PGHOST, PGUSER, PGDATABASE,\n"
                        "PGPASSFILE ...")
            ->type_name("CONNINFO")
            ->group(group));
    with_environment(command
                         .add_option("--pool-size", serve.pool_size,
                                     "Connections to the database at most (/ready uses one more);\n"
                                     "so many requests are answered at a time")
                         ->check(CLI::Range(1, 1'000))
                         ->type_name("N")
                         ->capture_default_str()
                         ->group(group));
    add_duration(command, "--pool-timeout", serve.pool_timeout,
                 "How long a request waits for its turn, and for a connection,\n"
                 "before it is answered 503")
        ->group(group);
    add_duration(command, "--statement-timeout", serve.statement_timeout,
                 "How long a query may run before it is answered 504")
        ->group(group);
}

void add_feed_options(CLI::App& command, RawOptions& raw) {
    FeedOptions& feed = raw.feed;
    const std::string group = "Feed";
    with_environment(command
                         .add_option("--feed-listen", raw.feed_listen,
                                     "Where the switch's rows are taken, as ClickHouse's HTTP\n"
                                     "interface takes them; off if not given")
                         ->check(check_address)
                         ->type_name("HOST:PORT")
                         ->group(group));
    with_environment(
        command
            .add_option("--feed-database", feed.database,
                        "As --database, for a role that may write; that of --database if not\n"
                        "given")
            ->type_name("CONNINFO")
            ->group(group));
    with_environment(command.add_option("--feed-user", raw.feed_user, "The switch's user name")
                         ->type_name("NAME")
                         ->capture_default_str()
                         ->group(group));
    with_environment(
        command
            .add_option("--feed-password-file", raw.feed_password_file,
                        "File with the switch's password; one newline at its end is\n"
                        "ignored. Without this option the password itself is taken from\n"
                        "the environment variable ACTIVE_CALLS_FEED_PASSWORD")
            ->type_name("FILE")
            ->group(group));
    with_environment(command.add_flag("--feed-no-password")
                         ->description("Take rows from whoever reaches the port")
                         ->group(group));
    with_environment(
        command
            .add_option("--feed-threads", feed.threads,
                        "Bodies read, and connections of the database used, at the same time")
            ->check(CLI::Range(1, 100))
            ->type_name("N")
            ->capture_default_str()
            ->group(group));
    with_environment(command
                         .add_option_function<std::size_t>(
                             "--feed-max-body",
                             [&](const std::size_t& size) { feed.max_body = size; },
                             "Largest body, as it comes and decompressed. That of a slow client\n"
                             "is held in memory")
                         ->transform(CLI::Validator(to_bytes, ""))
                         ->type_name("SIZE")
                         ->default_str("64MiB")
                         ->group(group));
    add_duration(command, "--feed-read-timeout", feed.read_timeout,
                 "How long a body may take to come; one that comes slower than 16 KiB a\n"
                 "second is given up sooner")
        ->group(group);
    add_duration(command, "--feed-statement-timeout", feed.statement_timeout,
                 "How long writing the rows of a body may take")
        ->group(group);
}

void add_log_options(CLI::App& command, ServeOptions& serve) {
    const std::map<std::string, LogFormat> formats{{"json", LogFormat::json},
                                                   {"text", LogFormat::text}};
    const std::map<std::string, LogLevel> levels{{"debug", LogLevel::info}, // of 1.0
                                                 {"info", LogLevel::info},
                                                 {"warning", LogLevel::warning},
                                                 {"error", LogLevel::error}};
    const std::string group = "Log";
    with_environment(command
                         .add_option("--log-format", serve.log_format,
                                     "One line per event on the standard error: json or text")
                         ->transform(CLI::CheckedTransformer(formats).description(""))
                         ->type_name("FORMAT")
                         ->default_str("json")
                         ->group(group));
    with_environment(command
                         .add_option("--log-level", serve.log_level,
                                     "Least severe level to log: info, warning, error")
                         ->transform(CLI::CheckedTransformer(levels).description(""))
                         ->type_name("LEVEL")
                         ->default_str("info")
                         ->group(group));
}

void add_serve(CLI::App& app, RawOptions& raw) {
    CLI::App& command = *app.add_subcommand("serve", "Answer customers over HTTP");
    add_listening_options(command, raw);
    add_database_options(command, raw);
    add_feed_options(command, raw);
    add_secret_options(command, raw);
    with_environment(command.add_flag("--require-exp")
                         ->description("Refuse tokens that never expire")
                         ->group("Tokens"));
    add_log_options(command, raw.serve);
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
    const std::string group = "Token";
    with_environment(
        command
            .add_option("--sub", raw.subject,
                        "Whose token: the id of an API access, or D for a token that carries\n"
                        "its own customer and accounts")
            ->required()
            ->type_name("ID|D")
            ->group(group));
    add_duration(command, "--ttl", raw.time_to_live,
                 "How long the token is valid, in whole seconds; for ever if not given")
        ->group(group);
    with_environment(
        command.add_option("--customer-id", raw.customer_id, "With --sub D: the customer")
            ->type_name("N")
            ->group(group));
    with_environment(
        command
            .add_option("--account-ids", raw.account_ids,
                        "With --sub D: the only accounts to be seen; all of the customer if\n"
                        "not given")
            ->delimiter(',')
            ->type_name("N,N,...")
            ->group(group));
    add_secret_options(command, raw);
    command.footer(R"(
Examples:
  active-calls-shim token --sub 37 --ttl 10m --jwt-secret-file /etc/active-calls/jwt.secret
  active-calls-shim token --sub D --customer-id 3 --account-ids 7,8)");
}

/// A password on the command line can be read by every user of the machine. `option` is
/// `--database` or its like.
void check_database(const std::string& option, const std::string& conninfo,
                    bool is_from_command_line) {
    const auto release = [](auto* resource) { PQconninfoFree(resource); };
    char* error = nullptr;
    const std::unique_ptr<PQconninfoOption, decltype(release)> fields(
        PQconninfoParse(conninfo.c_str(), &error));
    const std::unique_ptr<char, decltype(&PQfreemem)> error_text(error, &PQfreemem);
    if (!fields) throw CLI::ValidationError(option, error ? error : "out of memory");
    for (const auto* field = fields.get(); field->keyword; ++field) {
        const bool is_secret = std::string_view(field->dispchar) == "*";
        if (is_from_command_line && field->val && is_secret)
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

std::optional<FeedOptions> checked_feed(const CLI::App& command, RawOptions& raw,
                                        bool database_is_on_command_line) {
    FeedOptions& feed = raw.feed;
    check_database("--feed-database", feed.database, database_is_on_command_line);
    if (raw.feed_listen.empty()) return std::nullopt;
    if (command["--feed-database"]->empty()) feed.database = raw.serve.database;
    feed.listen = *parse_address(raw.feed_listen);
    feed.user = feed_user_of(command, raw, raw.serve.warnings);
    return feed;
}

/// Says of an option whether it stands on the command line.
using IsGiven = std::function<bool(std::string_view option)>;

ServeOptions checked_serve(const CLI::App& command, RawOptions& raw, const IsGiven& is_given) {
    ServeOptions& serve = raw.serve;
    check_database("--database", serve.database, is_given("--database"));
    // A variable bound to a flag would not be set by a configuration file.
    serve.require_expiry = command["--require-exp"]->as<bool>();
    serve.listen = *parse_address(raw.listen);
    serve.admin_listen = parse_address(raw.admin_listen);
    serve.secret = secret_of(raw, serve.warnings);
    serve.feed = checked_feed(command, raw, is_given("--feed-database"));
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

/// CLI11 passes over a variable with a wrong value, from 2.4 on. Here it is as wrong as an option.
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
    app.footer("\n\"active-calls-shim serve --help\" and \"active-calls-shim token --help\" tell "
               "more.");
    add_config_option(app);
    add_serve(app, raw);
    add_token(app, raw);
    for (auto* command : app.get_subcommands({})) {
        command->get_formatter()->column_width(34);
        // Asked for so that CLI11 looks at the environment before the file.
        command->parse_complete_callback([] {});
    }
    try {
        app.parse(argc, argv);
        for (CLI::App* command : app.get_subcommands()) check_environment(*command);
        if (app.got_subcommand("token")) return checked_token(raw);
        const IsGiven is_given = [&](std::string_view option) {
            return std::any_of(argv, argv + argc, [&](std::string_view argument) {
                return argument.starts_with(option);
            });
        };
        return checked_serve(*app.get_subcommand("serve"), raw, is_given);
    } catch (const CLI::ParseError& error) {
        constexpr int wrong_usage = 2;
        return app.exit(error, out, errors) == 0 ? 0 : wrong_usage;
    }
}

} // namespace active_calls::shim
