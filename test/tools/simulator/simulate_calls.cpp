// simulate-calls: prints what a switch would have reported, for demos, tests and benchmarks.
#include "accounts.h"
#include "simulation.h"
#include "snapshot_writer.h"

#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>

namespace {

using namespace active_calls::feed;
using Format = void (*)(fmt::memory_buffer&, const Snapshot&);

// `now`, or ISO 8601 in UTC (2026-01-01T13:00:00Z; the seconds, the Z and the time may be left
// out), cut down to the minute. Throws CLI::ValidationError for anything else.
Instant parse_minute(const std::string& text) {
    using namespace std::chrono;
    if (text == "now") return floor<minutes>(system_clock::now());
    for (const char* format : {"%FT%TZ", "%FT%T", "%F %T", "%FT%RZ", "%FT%R", "%F"}) {
        std::tm fields{};
        const char* const end = strptime(text.c_str(), format, &fields);
        const auto day = year{fields.tm_year + 1900} / (fields.tm_mon + 1) / fields.tm_mday;
        if (end && *end == '\0' && day.ok())
            return sys_days{day} + hours{fields.tm_hour} + minutes{fields.tm_min};
    }
    throw CLI::ValidationError(text + " is neither `now` nor a time like 2026-01-01T13:00:00Z");
}

struct Options {
    SimulationOptions simulation;
    Format format = append_jsoneachrow;
    bool accounts_sql = false;
    std::string output;
};

void add_options(CLI::App& app, Options& options) {
    auto& simulation = options.simulation;
    app.add_option("--seed", simulation.seed, "The same seed and options give the same calls")
        ->capture_default_str();
    app.add_option("--accounts", simulation.accounts,
                   "Number of accounts: 7, 21, 8, 1004, 1005, ..., the largest first")
        ->check(CLI::Range(min_account_count, max_account_count).description("3 to 60000"))
        ->capture_default_str();
    app.add_option("--zipf", simulation.zipf_exponent,
                   "The nth account makes 1/n^ZIPF as many calls as the first")
        ->check(CLI::Range(0.0, 10.0).description("0 to 10"))
        ->capture_default_str();
    app.add_option("--peak-calls", simulation.peak_calls,
                   "Calls up, ringing or talking, in the busiest hour of a working day")
        ->check(CLI::Range(1, 1'000'000).description("1 to 1000000"))
        ->capture_default_str();

    const std::map<std::string, int> units{{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
    const auto add_duration = [&](const char* name, std::chrono::seconds& value,
                                  const char* default_text, const char* help) {
        app.add_option_function<int>(
               name, [&value](int seconds) { value = std::chrono::seconds{seconds}; }, help)
            ->transform(CLI::AsNumberWithUnit(units, CLI::AsNumberWithUnit::CASE_INSENSITIVE,
                                              "s, m, h or d"))
            ->check(CLI::Range(1, 366 * 86400).description(""))
            ->default_str(default_text);
    };
    add_duration("--duration", simulation.duration, "24h", "Length of the time simulated");
    add_duration("--interval", simulation.interval, "60s", "Time from snapshot to snapshot");
    simulation.until = parse_minute("now");
    app.add_option_function<std::string>(
           "--until", [&](const std::string& text) { simulation.until = parse_minute(text); },
           "Time of the last snapshot: `now` or ISO 8601 in UTC, cut down to the minute")
        ->default_str("now");

    const std::map<std::string, Format> formats{{"jsoneachrow", append_jsoneachrow},
                                                {"copy", append_copy}};
    app.add_option_function<std::string>(
           "--format",
           [&options, formats](const std::string& name) { options.format = formats.at(name); },
           "jsoneachrow: as the switch posts it; copy: PostgreSQL's COPY of active_calls.inbox")
        ->check(CLI::IsMember(formats))
        ->default_str("jsoneachrow");
    app.add_option("--output", options.output, "File to write (default: standard output)");
    app.add_flag("--accounts-sql", options.accounts_sql,
                 "Print the INSERT of the accounts into active_calls.account instead of calls");
}

void run(const Options& options, std::ostream& output) {
    if (options.accounts_sql) {
        write_accounts_sql(output, make_accounts(options.simulation.accounts));
    } else {
        fmt::memory_buffer text;
        simulate(options.simulation, [&](const Snapshot& snapshot) {
            text.clear();
            options.format(text, snapshot);
            output.write(text.data(), static_cast<std::streamsize>(text.size()));
            if (!output) throw std::runtime_error("cannot write the output");
        });
    }
    if (!output.flush()) throw std::runtime_error("cannot write the output");
}

} // namespace

int main(int argc, char** argv) try {
    CLI::App app{"Simulates a switch's calls and prints a snapshot of those that are up once an "
                 "interval."};
    Options options;
    add_options(app, options);
    CLI11_PARSE(app, argc, argv);
    if (options.output.empty()) {
        std::ios::sync_with_stdio(false);
        run(options, std::cout);
    } else {
        std::ofstream file(options.output, std::ios::binary);
        if (!file) throw std::runtime_error("cannot open " + options.output);
        run(options, file);
    }
} catch (const std::exception& error) {
    std::fprintf(stderr, "simulate-calls: %s\n", error.what());
    return EXIT_FAILURE;
}
