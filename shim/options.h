// What the operator asked for: command line, environment and configuration file in one.
#pragma once

#include "listener.h"
#include "log.h"
#include "token.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <variant>

namespace active_calls::shim {

/// `active-calls-shim serve`
struct ServeOptions {
    Address listen;
    std::optional<Address> admin_listen;
    std::string database;
    Secret secret;
    bool require_expiry = false;
    std::size_t pool_size = 8;
    std::chrono::milliseconds pool_timeout{2'000};
    std::chrono::milliseconds statement_timeout{10'000};
    std::size_t http_threads = 256;
    std::chrono::milliseconds keep_alive_timeout{5'000};
    std::chrono::milliseconds read_timeout{5'000};
    std::chrono::milliseconds drain_timeout{30'000};
    LogFormat log_format = LogFormat::json;
    spdlog::level::level_enum log_level = spdlog::level::info;
    /// What is allowed and yet unwise, for the log.
    std::vector<std::string> warnings;
};

/// `active-calls-shim token`
struct TokenOptions {
    Secret secret;
    Scope scope;
    /// None: the token never ends.
    std::optional<std::chrono::seconds> time_to_live;
};

/// The command to run; or the exit code, if there is none because help was asked for (written to
/// `out`) or the options are wrong (what is wrong, and the cure, is written to `errors`).
using Command = std::variant<int, ServeOptions, TokenOptions>;
Command parse_options(int argc, const char* const* argv, std::ostream& out, std::ostream& errors);

} // namespace active_calls::shim
