// What the operator asked for: command line, environment and configuration file in one.
#pragma once

#include "customer/customer_api.h"
#include "feed/feed_credentials.h"
#include "feed/input_settings.h"
#include "http/listening_socket.h"
#include "http/proxies.h"
#include "log/log.h"
#include "moving/compare.h"
#include "moving/import.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <variant>

namespace active_calls::shim {

// The listener for the switch's feed.
struct FeedOptions {
    http::ListenAddress listen;
    // Each may hold a body in memory.
    std::size_t threads = 4;
    std::string database;
    std::chrono::milliseconds statement_timeout{60'000};
    // None: every client that reaches the port may send rows.
    std::optional<FeedUser> user;
    std::size_t max_body = std::size_t{64} << 20;
    std::chrono::milliseconds read_timeout{60'000};
    // For requests that say nothing else.
    InputSettings input;
};

// `active-calls-shim serve`
struct ServeOptions {
    http::ListenAddress listen;
    std::optional<http::ListenAddress> admin_listen;
    http::TrustedProxies proxies;
    std::string database;
    Secret secret;
    bool require_expiry = false;
    CustomerSettings customers;
    std::size_t pool_size = 8;
    std::chrono::milliseconds pool_timeout{2'000};
    std::chrono::milliseconds statement_timeout{10'000};
    std::chrono::milliseconds keep_alive_timeout{5'000};
    std::chrono::milliseconds read_timeout{5'000};
    std::chrono::milliseconds drain_timeout{30'000};
    // None: no feed is listened for.
    std::optional<FeedOptions> feed;
    LogFormat log_format = LogFormat::json;
    LogLevel log_level = LogLevel::info;
    // What is allowed and yet unwise, for the log.
    std::vector<std::string> warnings;
};

// `active-calls-shim token`
struct TokenOptions {
    Secret secret;
    Scope scope;
    // None: the token never ends.
    std::optional<std::chrono::seconds> time_to_live;
    // What is allowed and yet unwise, for the standard error.
    std::vector<std::string> warnings;
};

// The command to run; or the exit code, if there is none because help was asked for (written to
// `out`) or the options are wrong (what is wrong, and the cure, is written to `errors`).
using Command = std::variant<int, ServeOptions, TokenOptions, ImportOptions, CompareOptions>;
Command parse_options(int argc, const char* const* argv, std::ostream& out, std::ostream& errors);

} // namespace active_calls::shim
