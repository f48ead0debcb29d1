// active-calls-shim: answers the customers of active_calls over HTTP, and makes their tokens.
#include "customer/token.h"
#include "options.h"
#include "serve.h"

#include <iostream>

namespace {

using namespace active_calls::shim;

int run(int exit_code) { return exit_code; }

int run(const ServeOptions& options) { return serve(options); }

int run(const TokenOptions& options) {
    for (const auto& warning : options.warnings)
        std::cerr << "active-calls-shim: warning: " << warning << '\n';
    std::optional<std::chrono::sys_seconds> expiry;
    if (options.time_to_live) {
        const auto now = std::chrono::system_clock::now();
        expiry = std::chrono::ceil<std::chrono::seconds>(now) + *options.time_to_live;
    }
    std::cout << issue_token(options.secret, options.scope, expiry) << std::endl;
    return std::cout ? EXIT_SUCCESS : EXIT_FAILURE;
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
