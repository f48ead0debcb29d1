// active-calls-shim: answers the customers of active_calls over HTTP, makes their tokens, and moves
// over from ClickHouse.
#include "customer/token.h"
#include "options.h"
#include "serve.h"

#include <iostream>

namespace {

using namespace active_calls::shim;

int run(int exit_code) { return exit_code; }

int run(const ServeOptions& options) { return serve(options); }

void warn(const std::vector<std::string>& warnings) {
    for (const auto& warning : warnings)
        std::cerr << "active-calls-shim: warning: " << warning << '\n';
}

int run(const TokenOptions& options) {
    warn(options.warnings);
    std::optional<std::chrono::sys_seconds> expiry;
    if (options.time_to_live) {
        const auto now = std::chrono::system_clock::now();
        expiry = std::chrono::ceil<std::chrono::seconds>(now) + *options.time_to_live;
    }
    std::cout << issue_token(options.secret, options.scope, expiry) << std::endl;
    return std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run(const ImportOptions& options) {
    warn(options.warnings);
    return import_history(options, std::cout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

int run(const CompareOptions& options) {
    warn(options.warnings);
    return compare_servers(options, std::cout) ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace

int main(int argc, char** argv) {
    try {
        const auto command = parse_options(argc, argv, std::cout, std::cerr);
        return std::visit([](const auto& chosen) { return run(chosen); }, command);
    } catch (const std::exception& error) {
        std::cerr << "active-calls-shim: " << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
