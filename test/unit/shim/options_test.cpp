// The command line, the environment and the configuration file, as an operator meets them.
#include "options.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace active_calls::shim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* good_secret = "0123456789abcdef0123456789abcdef";

class Options : public testing::Test {
protected:
    void SetUp() override { set("JWT_SECRET", good_secret); }

    void TearDown() override {
        for (const auto& variable : variables_) unsetenv(variable.c_str());
        for (const auto& file : files_) std::filesystem::remove(file);
    }

    void set(const std::string& name, const std::string& value) {
        variables_.push_back("ACTIVE_CALLS_" + name);
        setenv(variables_.back().c_str(), value.c_str(), 1);
    }

    void unset(const std::string& name) { unsetenv(("ACTIVE_CALLS_" + name).c_str()); }

    std::string file(const std::string& text, mode_t mode = 0600) {
        std::string path = testing::TempDir() + "shim_options_XXXXXX";
        close(mkstemp(path.data()));
        std::ofstream(path, std::ios::binary) << text;
        chmod(path.c_str(), mode);
        files_.push_back(path);
        return path;
    }

    Command parse(std::vector<const char*> arguments) {
        arguments.insert(arguments.begin(), "active-calls-shim");
        out_.str("");
        errors_.str("");
        return parse_options(static_cast<int>(arguments.size()), arguments.data(), out_, errors_);
    }

    ServeOptions serve(std::vector<const char*> arguments) {
        arguments.insert(arguments.begin(), "serve");
        const Command command = parse(arguments);
        const auto* options = std::get_if<ServeOptions>(&command);
        if (!options) throw std::runtime_error(errors_.str());
        return *options;
    }

    // What is said of wrong options.
    std::string complaint(const std::vector<const char*>& arguments) {
        const Command command = parse(arguments);
        const int* exit_code = std::get_if<int>(&command);
        EXPECT_TRUE(exit_code && *exit_code == 2);
        return errors_.str();
    }

    std::ostringstream out_;
    std::ostringstream errors_;

private:
    std::vector<std::string> variables_;
    std::vector<std::string> files_;
};

TEST_F(Options, HaveDefaults) {
    const ServeOptions options = serve({});
    EXPECT_EQ(to_string(options.listen), "127.0.0.1:8080");
    EXPECT_FALSE(options.admin_listen);
    EXPECT_EQ(options.database, "");
    EXPECT_EQ(options.secret.bytes, good_secret);
    EXPECT_FALSE(options.require_expiry);
    EXPECT_EQ(options.pool_size, 8u);
    EXPECT_EQ(options.pool_timeout, seconds{2});
    EXPECT_EQ(options.statement_timeout, seconds{10});
    EXPECT_EQ(options.keep_alive_timeout, seconds{5});
    EXPECT_EQ(options.read_timeout, seconds{5});
    EXPECT_EQ(options.drain_timeout, seconds{30});
    EXPECT_EQ(options.log_format, LogFormat::json);
    EXPECT_EQ(options.log_level, LogLevel::info);
    EXPECT_TRUE(options.warnings.empty());
    EXPECT_FALSE(options.feed);
}

TEST_F(Options, AreTakenFromTheCommandLine) {
    const ServeOptions options = serve(
        {"--listen", "[::1]:0", "--admin-listen", "localhost:9090", "--database",
         "host=db1 dbname=calls", "--require-exp", "--pool-size", "3", "--statement-timeout=500ms",
         "--drain-timeout", "10m", "--log-format", "text", "--log-level", "error"});
    EXPECT_EQ(options.listen.host, "::1");
    EXPECT_EQ(options.listen.port, 0);
    EXPECT_EQ(to_string(options.listen), "[::1]:0");
    EXPECT_EQ(options.admin_listen->host, "localhost");
    EXPECT_EQ(options.database, "host=db1 dbname=calls");
    EXPECT_TRUE(options.require_expiry);
    EXPECT_EQ(options.pool_size, 3u);
    EXPECT_EQ(options.statement_timeout, milliseconds{500});
    EXPECT_EQ(options.drain_timeout, std::chrono::minutes{10});
    EXPECT_EQ(options.log_format, LogFormat::text);
    EXPECT_EQ(options.log_level, LogLevel::error);
}

TEST_F(Options, ComeFirstFromTheCommandLineThenTheEnvironmentThenTheFile) {
    const std::string path = file("listen = 127.0.0.1:1\n"
                                  "pool-size = 1 # a comment\n"
                                  "pool-timeout = 1s\n"
                                  "require-exp = true\n"
                                  "database = \"host=db1 dbname=calls\"\n");
    set("POOL_SIZE", "2");
    set("POOL_TIMEOUT", "2s");
    set("LOG_FORMAT", "text");
    const ServeOptions options =
        serve({"--config", path.c_str(), "--pool-timeout", "3s", "--log-level", "warning"});
    EXPECT_EQ(options.listen.port, 1);
    EXPECT_EQ(options.pool_size, 2u);
    EXPECT_EQ(options.pool_timeout, seconds{3});
    EXPECT_EQ(options.log_format, LogFormat::text);
    EXPECT_EQ(options.log_level, LogLevel::warning);
    EXPECT_TRUE(options.require_expiry);
    EXPECT_EQ(options.database, "host=db1 dbname=calls");
}

TEST_F(Options, MayNameTheFileInTheEnvironment) {
    const std::string path = file("pool-size = 5\n");
    set("CONFIG", path);
    EXPECT_EQ(serve({}).pool_size, 5u);
    set("CONFIG", path + ".absent");
    EXPECT_NE(complaint({"serve"}).find(path + ".absent"), std::string::npos);
}

TEST_F(Options, OfTheEnvironmentAreChecked) {
    for (const auto& [name, value, option] :
         std::vector<std::array<const char*, 3>>{{"POOL_SIZE", "many", "--pool-size"},
                                                 {"POOL_TIMEOUT", "2", "--pool-timeout"},
                                                 {"LISTEN", "nowhere", "--listen"},
                                                 {"LOG_FORMAT", "xml", "--log-format"},
                                                 {"REQUIRE_EXP", "maybe", "--require-exp"}}) {
        set(name, value);
        const std::string text = complaint({"serve"});
        EXPECT_NE(text.find(option), std::string::npos) << text;
        unset(name);
    }
}

TEST_F(Options, OfAFileServeBothCommands) {
    const std::string secret = file("the secret of the file, which is long\n");
    const std::string path = file("pool-size = 5\njwt-secret-file = " + secret + "\n");
    EXPECT_EQ(serve({"--config", path.c_str()}).secret.bytes,
              "the secret of the file, which is long");
    const Command command = parse({"token", "--sub", "37", "--config", path.c_str()});
    ASSERT_TRUE(std::holds_alternative<TokenOptions>(command)) << errors_.str();
    EXPECT_EQ(std::get<TokenOptions>(command).secret.bytes,
              "the secret of the file, which is long");
}

TEST_F(Options, AreNamedWhenWrong) {
    const std::vector<std::pair<const char*, const char*>> wrong{
        {"--listen", "8080"},
        {"--listen", "::1:8080"},
        {"--listen", "localhost:65536"},
        {"--listen", ":8080"},
        {"--admin-listen", "x:y"},
        {"--pool-size", "0"},
        {"--pool-size", "many"},
        {"--pool-size", "1001"},
        {"--pool-timeout", "5"},
        {"--pool-timeout", "5 years"},
        {"--pool-timeout", "0s"},
        {"--read-timeout", "-1s"},
        {"--statement-timeout", "25h"},
        {"--keep-alive-timeout", ""},
        {"--log-format", "xml"},
        {"--log-level", "loud"},
        {"--database", "nonsense"},
        {"--cookie-ttl", "600"},
        {"--cookie-ttl", "500ms"},
        {"--cookie-ttl", "-5s"},
        {"--cookie-ttl", "367d"},
        {"--cors-origin", "example.com"},
        {"--trust-proxy", "localhost"},
        {"--trust-proxy", "10.0.0.0/33"},
        {"--feed-listen", "8123"},
        {"--feed-threads", "0"},
        {"--feed-threads", "101"},
        {"--feed-max-body", "many"},
        {"--feed-max-body", "0"},
        {"--feed-max-body", "1023"},
        {"--feed-max-body", "513MiB"},
        {"--feed-max-body", "99999TB"},
        {"--feed-read-timeout", "0s"},
        {"--feed-allow-errors-ratio", "1.1"},
        {"--feed-allow-errors-ratio", "-1"},
        {"--feed-allow-errors-ratio", "some"},
        {"--feed-database", "nonsense"},
        {"--jwt-secret-file", "/absent"}};
    for (const auto& [name, value] : wrong)
        EXPECT_NE(complaint({"serve", name, value}).find(name), std::string::npos)
            << name << " " << value << ": " << errors_.str();
}

TEST_F(Options, AreNamedWhenUnknown) {
    EXPECT_NE(complaint({"serve", "--listn", "x"}).find("--listn"), std::string::npos);
    const std::string path = file("listn = x\n");
    EXPECT_NE(complaint({"serve", "--config", path.c_str()}).find("listn"), std::string::npos);
    EXPECT_NE(complaint({"serve", "--config", "/absent.conf"}).find("/absent.conf"),
              std::string::npos);
    EXPECT_FALSE(complaint({}).empty());
    EXPECT_FALSE(complaint({"start"}).empty());
}

TEST_F(Options, HoldNoPasswordOnTheCommandLine) {
    for (const auto conninfo : {"host=db1 password=x", "postgresql://me:x@db1/calls"}) {
        EXPECT_NE(complaint({"serve", "--database", conninfo}).find("PGPASSFILE"),
                  std::string::npos);
        EXPECT_NE(complaint({"serve", (std::string("--database=") + conninfo).c_str()})
                      .find("PGPASSFILE"),
                  std::string::npos);
        set("DATABASE", conninfo);
        EXPECT_EQ(serve({}).database, conninfo);
        unset("DATABASE");
        const std::string path = file(std::string("database = \"") + conninfo + "\"\n");
        EXPECT_EQ(serve({"--config", path.c_str()}).database, conninfo);
    }
}

TEST_F(Options, NeedASecret) {
    unset("JWT_SECRET");
    EXPECT_NE(complaint({"serve"}).find("ACTIVE_CALLS_JWT_SECRET"), std::string::npos);
    set("JWT_SECRET", "");
    EXPECT_NE(complaint({"serve"}).find("is empty"), std::string::npos);
    for (const auto text : {"", "\n"}) {
        const std::string path = file(text);
        EXPECT_NE(complaint({"serve", "--jwt-secret-file", path.c_str()}).find("is empty"),
                  std::string::npos);
    }
}

TEST_F(Options, TakeTheSecretFromAFileFirst) {
    using namespace std::string_literals;
    const std::string text = "a secret of \0 any bytes, and a newline\n"s;
    const std::string path = file(text + "\n");
    const ServeOptions options = serve({"--jwt-secret-file", path.c_str()});
    EXPECT_EQ(options.secret.bytes, text); // less one newline
}

TEST_F(Options, RenewCookies) {
    const auto renewed_for = [&](const std::vector<const char*>& arguments) {
        return serve(arguments).customers.cookie_time_to_live;
    };
    EXPECT_EQ(renewed_for({}), seconds{600});
    EXPECT_EQ(renewed_for({"--cookie-ttl", "90s"}), seconds{90});
    EXPECT_EQ(renewed_for({"--cookie-ttl", "30d"}), seconds{2'592'000});
    EXPECT_FALSE(renewed_for({"--cookie-ttl", "0"}));
    EXPECT_FALSE(renewed_for({"--cookie-ttl", "0s"}));
    set("COOKIE_TTL", "0");
    EXPECT_FALSE(renewed_for({}));
}

TEST_F(Options, NameOrigins) {
    const auto allowed = [&](const std::vector<const char*>& arguments, const char* origin) {
        http::Request request;
        request.fields.add("Origin", origin);
        http::Response response;
        serve(arguments).customers.cors.complete(request, response);
        return std::string(response.fields.get("access-control-allow-origin"));
    };
    EXPECT_EQ(allowed({}, "https://a.example"), "");
    EXPECT_EQ(allowed({"--cors-origin", "*"}, "https://a.example"), "*");
    const std::string path = file("cors-origin = https://a.example,https://b.example\n");
    for (const auto& arguments : std::vector<std::vector<const char*>>{
             {"--cors-origin", "https://a.example,https://b.example"},
             {"--cors-origin", "https://a.example", "--cors-origin", "https://b.example"},
             {"--config", path.c_str()}})
        for (const auto* const origin : {"https://a.example", "https://b.example"})
            EXPECT_EQ(allowed(arguments, origin), origin);
    set("CORS_ORIGIN", "https://a.example,https://b.example");
    EXPECT_EQ(allowed({}, "https://b.example"), "https://b.example");
    EXPECT_EQ(allowed({}, "https://c.example"), "");
    EXPECT_NE(complaint({"serve", "--cors-origin", "*,https://a.example"}).find("stands alone"),
              std::string::npos);
}

TEST_F(Options, NameProxies) {
    const auto client_of = [&](const std::vector<const char*>& arguments, const char* peer) {
        return serve(arguments).proxies.client_of(peer, {{"X-Forwarded-For", "203.0.113.9"}});
    };
    EXPECT_EQ(client_of({}, "127.0.0.1"), "127.0.0.1");
    for (const auto& arguments : std::vector<std::vector<const char*>>{
             {"--trust-proxy", "127.0.0.1,10.0.0.0/8"},
             {"--trust-proxy", "127.0.0.1", "--trust-proxy", "10.0.0.0/8"}})
        for (const auto* const peer : {"127.0.0.1", "10.1.2.3"})
            EXPECT_EQ(client_of(arguments, peer), "203.0.113.9");
    set("TRUST_PROXY", "10.0.0.0/8,::1");
    EXPECT_EQ(client_of({}, "::1"), "203.0.113.9");
    EXPECT_EQ(client_of({}, "127.0.0.1"), "127.0.0.1");
}

TEST_F(Options, WarnOfWhiteSpaceAroundASecret) {
    const std::string good = std::string("within it there may be  blanks\tof all\nkinds") + "\n";
    for (const std::string& text : {good, good.substr(0, good.size() - 1)}) {
        const std::string path = file(text);
        EXPECT_TRUE(serve({"--jwt-secret-file", path.c_str()}).warnings.empty()) << text;
    }
    set("FEED_PASSWORD", "sesame ");
    for (const std::string& text :
         {std::string(good_secret) + "\r\n", good_secret + std::string(" "),
          good_secret + std::string("\n\n"), '\t' + good, "\xef\xbb\xbf" + good}) {
        const std::string path = file(text);
        const auto options =
            serve({"--jwt-secret-file", path.c_str(), "--feed-listen", "127.0.0.1:0"});
        ASSERT_EQ(options.warnings.size(), 2u) << text;
        EXPECT_EQ(options.warnings[0].find(path + " begins or ends with white space"), 0u);
        EXPECT_EQ(options.warnings[1].find("ACTIVE_CALLS_FEED_PASSWORD begins or ends"), 0u);
    }
}

TEST_F(Options, WarnOfAWeakSecret) {
    set("JWT_SECRET", "short");
    ASSERT_EQ(serve({}).warnings.size(), 1u);
    EXPECT_NE(serve({}).warnings[0].find("32 bytes"), std::string::npos);
    const std::string path = file(good_secret, 0644);
    ASSERT_EQ(serve({"--jwt-secret-file", path.c_str()}).warnings.size(), 1u);
    EXPECT_NE(serve({"--jwt-secret-file", path.c_str()}).warnings[0].find("chmod"),
              std::string::npos);
}

TEST_F(Options, OfAFeedHaveDefaults) {
    set("FEED_PASSWORD", "sesame");
    const auto feed = serve({"--feed-listen", "127.0.0.1:8123", "--database", "dbname=calls"}).feed;
    ASSERT_TRUE(feed);
    EXPECT_EQ(to_string(feed->listen), "127.0.0.1:8123");
    EXPECT_EQ(feed->threads, 4u);
    EXPECT_EQ(feed->database, "dbname=calls");
    EXPECT_EQ(feed->statement_timeout, seconds{60});
    EXPECT_EQ(feed->input.allowed_error_ratio, 0);
    EXPECT_EQ(feed->input.time_zone, "");
    EXPECT_EQ(feed->user->name, "default");
    EXPECT_EQ(feed->user->password, "sesame");
    EXPECT_EQ(feed->max_body, 67'108'864u);
    EXPECT_EQ(feed->read_timeout, seconds{60});
}

TEST_F(Options, OfAFeedAreTakenFromTheCommandLine) {
    const std::string password = file("open sesame\n");
    const auto feed = serve({"--feed-listen",
                             "[::1]:0",
                             "--feed-database",
                             "dbname=feed",
                             "--database",
                             "dbname=calls",
                             "--feed-user",
                             "sems",
                             "--feed-password-file",
                             password.c_str(),
                             "--feed-threads",
                             "2",
                             "--feed-max-body",
                             "2 MB",
                             "--feed-read-timeout",
                             "5s",
                             "--feed-statement-timeout",
                             "10s",
                             "--feed-allow-errors-ratio",
                             "0.01",
                             "--feed-time-zone",
                             "Europe/Kyiv"})
                          .feed;
    ASSERT_TRUE(feed);
    EXPECT_EQ(feed->threads, 2u);
    EXPECT_EQ(feed->database, "dbname=feed");
    EXPECT_EQ(feed->statement_timeout, seconds{10});
    EXPECT_EQ(feed->input.allowed_error_ratio, 0.01);
    EXPECT_EQ(feed->input.time_zone, "Europe/Kyiv");
    EXPECT_EQ(feed->user->name, "sems");
    EXPECT_EQ(feed->user->password, "open sesame");
    EXPECT_EQ(feed->max_body, 2'097'152u);
    EXPECT_EQ(feed->read_timeout, seconds{5});
}

TEST_F(Options, OfAFeedNeedAPasswordOrThatThereIsNone) {
    const std::vector<const char*> arguments{"serve", "--feed-listen", "127.0.0.1:0"};
    EXPECT_NE(complaint(arguments).find("--feed-no-password"), std::string::npos);
    EXPECT_NE(complaint(arguments).find("ACTIVE_CALLS_FEED_PASSWORD"), std::string::npos);

    const ServeOptions open = serve({"--feed-listen", "127.0.0.1:0", "--feed-no-password"});
    EXPECT_TRUE(open.feed && !open.feed->user);
    ASSERT_EQ(open.warnings.size(), 1u);
    EXPECT_NE(open.warnings[0].find("--feed-no-password"), std::string::npos);

    set("FEED_PASSWORD", "sesame");
    EXPECT_NE(complaint({"serve", "--feed-listen", "127.0.0.1:0", "--feed-no-password"})
                  .find("cannot be combined"),
              std::string::npos);
    set("FEED_PASSWORD", "");
    EXPECT_NE(complaint(arguments).find("is empty"), std::string::npos);
    EXPECT_FALSE(serve({}).feed); // which nobody looks at where no feed is listened for
}

TEST_F(Options, OfAFeedHoldNoPasswordOnTheCommandLine) {
    const std::string text = complaint({"serve", "--feed-database", "dbname=x password=y"});
    EXPECT_NE(text.find("ACTIVE_CALLS_FEED_DATABASE"), std::string::npos) << text;
}

TEST_F(Options, ExplainThemselves) {
    for (const auto& arguments : std::vector<std::vector<const char*>>{
             {"--help"}, {"serve", "--help"}, {"token", "--help"}, {"--version"}}) {
        const Command command = parse(arguments);
        ASSERT_TRUE(std::holds_alternative<int>(command));
        EXPECT_EQ(std::get<int>(command), 0);
        EXPECT_FALSE(out_.str().empty());
    }
    parse({"serve", "--help"});
    for (const auto word : {"--listen", "ACTIVE_CALLS_STATEMENT_TIMEOUT", "10s", "127.0.0.1:8080",
                            "Examples:", "PGPASSFILE"})
        EXPECT_NE(out_.str().find(word), std::string::npos) << word;
}

TEST_F(Options, DescribeAToken) {
    const auto token = [&](const std::vector<const char*>& arguments) {
        return std::get<TokenOptions>(parse(arguments));
    };
    EXPECT_EQ(token({"token", "--sub", "37"}).scope, Scope(ApiAccess{37}));
    EXPECT_FALSE(token({"token", "--sub", "37"}).time_to_live);
    EXPECT_EQ(token({"token", "--sub", "37", "--ttl", "10m"}).time_to_live, seconds{600});
    EXPECT_EQ(token({"token", "--sub", "D", "--customer-id", "3"}).scope,
              Scope(CustomerScope{3, {}}));
    EXPECT_EQ(token({"token", "--sub", "D", "--customer-id", "3", "--account-ids", "7,8"}).scope,
              Scope(CustomerScope{3, {7, 8}}));
}

TEST_F(Options, RefuseAnUnclearToken) {
    for (const auto& arguments : std::vector<std::vector<const char*>>{
             {"token"},
             {"token", "--sub", "X"},
             {"token", "--sub", "2147483648"},
             {"token", "--sub", "D"},
             {"token", "--sub", "D", "--account-ids", "7"},
             {"token", "--sub", "37", "--customer-id", "3"},
             {"token", "--sub", "37", "--account-ids", "7"},
             {"token", "--sub", "D", "--customer-id", "x"},
             {"token", "--sub", "D", "--customer-id", "3", "--account-ids", "7,x"},
             {"token", "--sub", "37", "--ttl", "500ms"}})
        EXPECT_FALSE(complaint(arguments).empty()) << arguments.size();
}

} // namespace
} // namespace active_calls::shim
