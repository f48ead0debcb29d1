// active-calls-hostile: the attacks of `make hostile`. run.sh makes the data and starts the
// servers.
#include "address.h"
#include "attacks.h"
#include "report.h"
#include "swarm.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>

namespace {

using namespace active_calls::hostile;

constexpr int exit_broken = 1; // a bound
constexpr int exit_error = 2;

struct Options {
    std::string customers, feed, admin;
    std::string token_file;
    Target target;
    int statement_timeout_seconds = 0;
    std::string postgres_log;
    Choice strangers;
};

// A line of the file for each tenant.
std::vector<std::string> read_tokens(const std::string& path) {
    std::ifstream file(path);
    std::vector<std::string> tokens;
    for (std::string line; std::getline(file, line);) tokens.push_back(line);
    if (tokens.size() < 2) throw std::runtime_error(path + " does not have two tokens");
    return tokens;
}

Target target_of(const Options& options) {
    Target target = options.target;
    target.customers = parse_address(options.customers);
    target.feed = parse_address(options.feed);
    target.admin = parse_address(options.admin);
    target.tokens = read_tokens(options.token_file);
    target.statement_timeout = std::chrono::seconds{options.statement_timeout_seconds};
    const char* const password = std::getenv("ACTIVE_CALLS_FEED_PASSWORD");
    if (!password) throw std::runtime_error("ACTIVE_CALLS_FEED_PASSWORD is not set");
    target.feed_password = password;
    return target;
}

} // namespace

int main(int argc, char** argv) try {
    Options options;
    bool holds = true;
    CLI::App app{
        "Attacks a shim and prints what a good client gets of it meanwhile, a row of a table for "
        "each attack, and whether the bounds held. The feed's password is in "
        "ACTIVE_CALLS_FEED_PASSWORD; PostgreSQL is reached, by a superuser, as libpq's "
        "environment says."};
    app.require_subcommand(1);
    app.footer(
        "Exit status: 0 when all bounds held, 1 when one is broken, 2 when an attack could not be "
        "made.");
    app.add_subcommand("headings", "prints those of the table")->callback(print_headings);

    const auto add = [&](const char* name, const char* help,
                         const std::function<bool(const Target&)>& attack) {
        CLI::App* command = app.add_subcommand(name, help);
        command->add_option("--customers", options.customers, "address of the customers' listener")
            ->required();
        command->add_option("--feed", options.feed, "that of the feed's")->required();
        command->add_option("--admin", options.admin, "that of the admin listener")->required();
        command->add_option("--pid", options.target.pid, "process of the shim")->required();
        command
            ->add_option("--tokens", options.token_file,
                         "file with a token a line: of tenant 1, 2 …")
            ->required();
        command->add_option("--pool-size", options.target.pool_size, "that of the shim")
            ->required();
        command
            ->add_option("--statement-timeout", options.statement_timeout_seconds,
                         "that of the shim, in seconds")
            ->required();
        command->callback([&, attack] { holds = attack(target_of(options)); });
        return command;
    };
    add("resets", "8,600 requests in 2 s, each reset at once, or soon after", resets);
    add("greedy", "200 connections of one customer in a closed loop", greedy);
    CLI::App* of_strangers =
        add("strangers", "5,000 connections of each kind on each listener",
            [&](const Target& target) { return strangers(target, options.strangers); });
    of_strangers->add_option("--listener", options.strangers.listener,
                             "customers, feed or admin alone");
    of_strangers->add_option("--kind", options.strangers.kind,
                             "one kind alone, such as \"silent\"");
    add("drain", "SIGTERM while strangers of all kinds are there; ends the shim",
        [&](const Target& target) { return drain(target, options.strangers.kind); })
        ->add_option("--kind", options.strangers.kind, "one kind alone");
    add("filter", "two connections with a filter that takes long", long_filter);
    add("points", "a series of 2,000,000 points", points);
    add("limit", "fewer connections of PostgreSQL than the shim's pool has", connection_limit);
    add("oracle", "whether x-runtime tells an account of others from none", oracle);
    add("refusals", "what refused requests leave in PostgreSQL's log",
        [&](const Target& target) { return refusals(target, options.postgres_log); })
        ->add_option("--postgres-log", options.postgres_log, "file of PostgreSQL's log")
        ->required()
        ->check(CLI::ExistingFile);
    add("tenants", "100,000 requests, each answered with its own series", tenants);
    add("guess", "wrong passwords for the feed", guess);
    add("memory", "the shim's memory after storms of all kinds", memory);

    std::signal(SIGPIPE, SIG_IGN); // a server that has ended is an error of its own
    raise_limit_of_descriptors(20'000);
    CLI11_PARSE(app, argc, argv);
    return holds ? EXIT_SUCCESS : exit_broken;
} catch (const std::exception& error) {
    fmt::print(stderr, "active-calls-hostile: {}\n", error.what());
    return exit_error;
}
