#include "feed.h"

#include "postgresql.h"
#include "timing.h"

#include <fmt/core.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <list>
#include <stdexcept>
#include <vector>

namespace active_calls::bench {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* insert = "INSERT INTO active_calls FORMAT JSONEachRow\n";

// The fields that the feed reads, as far as the switch sends them: it has neither duration nor
// customer_price.
constexpr std::array read_fields{
    "snapshot_timestamp",
    "connect_time",
    "end_time",
    "customer_acc_id",
    "src_country_id",
    "dst_country_id",
    "src_prefix_routing",
    "dst_prefix_routing",
    "auth_orig_ip",
    "destination_fee",
    "destination_initial_rate",
    "destination_next_rate",
    "destination_initial_interval",
    "destination_next_interval",
};

std::string reduced(const std::string& line) {
    const Json row = Json::parse(line);
    Json kept;
    for (const auto* field : read_fields) kept[field] = row.at(field);
    return kept.dump();
}

// The whole batches of the file.
class Batches {
public:
    Batches(const FeedOptions& options, bool is_reduced)
        : file_(options.file)
        , rows_(options.batch_rows)
        , is_reduced_(is_reduced) {}

    // Makes `batch` the next one; returns false after the last one.
    bool next(std::string& batch) {
        batch = insert;
        std::size_t rows = 0;
        for (; rows < rows_ && std::getline(file_, line_); ++rows)
            batch.append(is_reduced_ ? reduced(line_) : line_).append("\n");
        return rows == rows_;
    }

private:
    std::ifstream file_;
    std::size_t rows_;
    bool is_reduced_;
    std::string line_;
};

// A switch keeps its connection, and the memory of a batch for the next one: from a gigabyte of
// batches, which no cache and no page table holds, it would send at half the speed.
class Switch {
public:
    explicit Switch(const FeedOptions& options)
        : client_("http://" + options.address)
        , rows_(options.batch_rows) {
        client_.set_keep_alive(true);
        client_.set_tcp_nodelay(true);
        client_.set_read_timeout(std::chrono::seconds(60));
        const char* const password = std::getenv("ACTIVE_CALLS_FEED_PASSWORD");
        client_.set_default_headers({{"X-ClickHouse-Key", password ? password : ""}});
    }

    bool take(Batches& batches) { return batches.next(batch_); }
    std::size_t batch_size() const { return batch_.size(); }

    void send() {
        const auto write = [&](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
            sink.write(batch_.data() + offset, length);
            return true;
        };
        const auto answer =
            client_.Post("/", batch_.size(), write, "text/plain"); // without a copy of it
        if (!answer) throw std::runtime_error(httplib::to_string(answer.error()));
        if (answer->status != 200) throw std::runtime_error(answer->body);
        const Json summary = Json::parse(answer->get_header_value("X-ClickHouse-Summary"));
        if (summary.at("written_rows") != std::to_string(rows_))
            throw std::runtime_error("not all rows were written: " + summary.dump());
    }

private:
    httplib::Client client_;
    std::size_t rows_;
    std::string batch_;
};

// Does what seal and autovacuum do all the time: the inbox has room, and does not grow. And the
// batches may be sent anew.
void empty_inbox(Session& session) {
    session.run("DELETE FROM active_calls.inbox");
    session.run("TRUNCATE active_calls.ingested_batch");
    session.run("VACUUM (TRUNCATE off) active_calls.inbox");
}

struct Case {
    const char* name;
    bool is_reduced;
    std::size_t switches; // that send at the same time
};

void measure(const FeedOptions& options, const Case& measured, Session& session) {
    std::list<Switch> switches;
    for (std::size_t i = 0; i < measured.switches; ++i) switches.emplace_back(options);
    Batches batches(options, measured.is_reduced);
    const auto take = [&] {
        return std::ranges::all_of(switches, [&](Switch& each) { return each.take(batches); });
    };
    const auto send = [&] {
        std::vector<std::future<void>> sent;
        for (Switch& each : switches)
            sent.push_back(std::async(std::launch::async, [&each] { each.send(); }));
        for (auto& each : sent) each.get();
    };

    empty_inbox(session);
    if (take()) send(); // which finds nothing prepared
    Timing timing;
    std::size_t bytes = 0;
    while (take()) {
        empty_inbox(session);
        const auto start = std::chrono::steady_clock::now();
        send();
        timing.add(std::chrono::steady_clock::now() - start);
        for (const Switch& each : switches) bytes += each.batch_size();
    }
    empty_inbox(session);
    if (timing.count() == 0)
        throw std::runtime_error(options.file + " has less than two batches for each switch");
    const auto rows = static_cast<double>(options.batch_rows * measured.switches);
    constexpr double second = 1000;
    fmt::print("{:<28}{:>14.0f}{:>12.0f}{:>10.0f}\n", measured.name,
               static_cast<double>(bytes) / static_cast<double>(timing.count()) / rows,
               rows / timing.median() * second, rows / timing.best() * second);
}

} // namespace

void measure_feed(const FeedOptions& options) {
    Session session("");
    fmt::print("{:<28}{:>14}{:>12}{:>10}\n", "batches", "bytes/row", "rows/s", "best");
    for (const auto& each :
         {Case{"as the switch posts them", false, 1}, Case{"the fields that are read", true, 1},
          Case{"of two switches at once", false, 2}})
        measure(options, each, session);
}

} // namespace active_calls::bench
