// active-calls-bench: the measurements of `make bench` that are taken from inside a client. run.sh
// makes the data and starts the servers.
#include "clickhouse.h"
#include "compare.h"
#include "duckdb.h"
#include "feed.h"
#include "postgresql.h"
#include "questions.h"
#include "seal.h"
#include "timing.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <malloc.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace active_calls::bench;

struct Options {
    std::vector<int> accounts{7};
    Window window{};
    int rounds = 15;
    std::string clickhouse;
    std::vector<std::string> duckdb;
    std::string no_clickhouse = "no --clickhouse";
    std::string no_duckdb = "no --duckdb";
    std::string copy;
};

// Opens what is there; else why it is not.
template<typename Peer, typename Where>
Entrant peer(const char* name, const Where& where, const std::string& why_absent) {
    return entrant(name, [&]() -> std::unique_ptr<Contender> {
        if (where.empty()) throw std::runtime_error(why_absent);
        return std::make_unique<Peer>(where);
    });
}

void compare_peers(const Options& options) {
    Session session("");
    std::vector<Entrant> entrants;
    entrants.push_back({"ours", std::make_unique<Function>(""), ""});
    entrants.push_back({"PostgreSQL", std::make_unique<PlainSql>(""), ""});
    entrants.push_back(peer<ClickHouse>("ClickHouse", options.clickhouse, options.no_clickhouse));
    entrants.push_back(peer<DuckDb>("DuckDB", options.duckdb, options.no_duckdb));

    for (const int account : options.accounts) {
        fmt::print("\naccount {}, {} call rows\n", account,
                   session.value(fmt::format(
                       "SELECT count(*) FROM calls WHERE customer_acc_id = {}", account)));
        compare(entrants, six_questions(session, account, options.window), options.rounds,
                "fastest/ours");
    }
    for (const Entrant& entrant : entrants)
        if (!entrant.contender) fmt::print("{} is absent: {}\n", entrant.name, entrant.why_absent);
}

// Ours alone, in a database and in a copy of it.
void compare_with_copy(const Options& options) {
    Session session("");
    std::vector<Entrant> entrants;
    entrants.push_back({"copy", std::make_unique<Function>(options.copy), ""});
    entrants.push_back({"database", std::make_unique<Function>(""), ""});
    compare(entrants, six_questions(session, options.accounts.front(), options.window),
            options.rounds, "database/copy");
}

void print_windows(const Options& options) {
    Session session("");
    Function function("");
    constexpr std::int64_t hour = 3600;
    const std::vector<std::pair<const char*, std::int64_t>> lengths{{"1 hour", hour},
                                                                    {"6 hours", 6 * hour},
                                                                    {"1 day", 24 * hour},
                                                                    {"2 days", 48 * hour},
                                                                    {"4 days", 96 * hour}};
    const std::vector<Question> questions =
        six_questions(session, options.accounts.front(), options.window);
    fmt::print("{:<12}{:>12}{:>10}", "window", "call rows", "points");
    fmt::print("{:>10}{:>8}{:>16}{:>8}\n", "none", "best", "dst contains", "best");
    for (const auto& [name, length] : lengths) {
        fmt::print("{:<12}", name);
        for (Question question : questions) {
            if (question.name != "none" && question.name != "dst contains") continue;
            question.window.from = options.window.to - length + 60;
            function.prepare(question);
            const Series series = function.ask().series;
            Timing timing;
            for (int round = 0; round < options.rounds; ++round) timing.add(warm_time(function));
            if (question.name == "none") {
                std::int64_t rows = 0;
                for (const Point& point : series) rows += point.calls;
                fmt::print("{:>12}{:>10}{:>10.3f}{:>8.3f}", rows, series.size(), timing.median(),
                           timing.best());
            } else {
                fmt::print("{:>16.3f}{:>8.3f}\n", timing.median(), timing.best());
            }
        }
    }
}

} // namespace

int main(int argc, char** argv) try {
    Options options;
    CLI::App app{"Times origination_active_calls, and other databases on the same rows. PostgreSQL "
                 "is reached as libpq's environment says."};
    app.require_subcommand(1);
    const auto add_question_options = [&](CLI::App* command) {
        command->add_option("--account", options.accounts, "ids of the accounts to ask about")
            ->capture_default_str();
        command->add_option("--from", options.window.from, "first second, since 1970");
        command->add_option("--to", options.window.to, "last second, since 1970")->required();
        command->add_option("--rounds", options.rounds, "timed askings of each question")
            ->check(CLI::PositiveNumber)
            ->capture_default_str();
    };

    CLI::App* compare = app.add_subcommand("compare", "the six questions, ours and the peers");
    add_question_options(compare);
    compare->add_option("--clickhouse", options.clickhouse, "host:port of its HTTP server");
    compare->add_option("--duckdb", options.duckdb, "command line of duckdb.mjs");
    compare->add_option("--no-clickhouse", options.no_clickhouse, "why it is absent");
    compare->add_option("--no-duckdb", options.no_duckdb, "why it is absent");
    compare->callback([&] { compare_peers(options); });

    CLI::App* growth = app.add_subcommand("growth", "the six questions, ours in two databases");
    add_question_options(growth);
    growth->add_option("--copy", options.copy, "conninfo of the other")->required();
    growth->callback([&] { compare_with_copy(options); });

    CLI::App* windows = app.add_subcommand("windows", "two questions over windows that grow");
    add_question_options(windows);
    windows->callback([&] { print_windows(options); });

    CLI::App* seal = app.add_subcommand("seal", "seals the inbox");
    seal->callback([] { measure_seal(""); });

    CLI::App* feed = app.add_subcommand("feed", "a switch's batches, to the shim");
    FeedOptions feed_options;
    feed->add_option("--address", feed_options.address, "host:port of the feed's listener")
        ->required();
    feed->add_option("--file", feed_options.file, "rows in JSONEachRow")->required();
    feed->add_option("--rows", feed_options.batch_rows, "rows of a batch")->capture_default_str();
    feed->callback([&] { measure_feed(feed_options); });

    std::signal(SIGPIPE, SIG_IGN); // a peer that has ended is an error of its own
    // What an answer takes is for the contender to save, not for this process's heap: it keeps its
    // memory, as that of a client at work does.
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_MMAP_THRESHOLD, 64 << 20);
    CLI11_PARSE(app, argc, argv);
    return EXIT_SUCCESS;
} catch (const std::exception& error) {
    fmt::print(stderr, "active-calls-bench: {}\n", error.what());
    return EXIT_FAILURE;
}
