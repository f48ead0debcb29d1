#include "feed.h"

#include "postgresql.h"
#include "timing.h"

#include <fmt/core.h>
#include <httplib.h>
#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace active_calls::bench {

namespace {

using Json = nlohmann::ordered_json;

constexpr const char* insert = "INSERT INTO active_calls FORMAT JSONEachRow\n";

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

// One at a time, in memory that is used again: from a gigabyte of them, which no cache and no page
// table holds, the client itself sends at half the speed.
class Batches {
public:
    Batches(const FeedOptions& options, bool is_reduced)
        : file_(options.file)
        , rows_(options.batch_rows)
        , is_reduced_(is_reduced) {}

    // The next whole batch, null after the last one. It is there until the next call.
    const std::string* next() {
        batch_ = insert;
        std::size_t rows = 0;
        for (; rows < rows_ && std::getline(file_, line_); ++rows)
            batch_.append(is_reduced_ ? reduced(line_) : line_).append("\n");
        return rows == rows_ ? &batch_ : nullptr;
    }

private:
    std::ifstream file_;
    std::size_t rows_;
    bool is_reduced_;
    std::string line_;
    std::string batch_;
};

Milliseconds time_to_send(httplib::Client& client, const std::string& batch, std::size_t rows) {
    const auto start = std::chrono::steady_clock::now();
    const auto send = [&](std::size_t offset, std::size_t length, httplib::DataSink& sink) {
        sink.write(batch.data() + offset, length);
        return true;
    };
    const auto answer = client.Post("/", batch.size(), send, "text/plain"); // without a copy of it
    const Milliseconds took = std::chrono::steady_clock::now() - start;
    if (!answer) throw std::runtime_error(httplib::to_string(answer.error()));
    if (answer->status != 200) throw std::runtime_error(answer->body);
    const Json summary = Json::parse(answer->get_header_value("X-ClickHouse-Summary"));
    if (summary.at("written_rows") != std::to_string(rows))
        throw std::runtime_error("not all rows were written: " + summary.dump());
    return took;
}

// Does what seal and autovacuum do all the time: the inbox has room, and does not grow.
void empty_inbox(Session& session) {
    session.run("DELETE FROM active_calls.inbox");
    session.run("VACUUM (TRUNCATE off) active_calls.inbox");
}

} // namespace

void measure_feed(const FeedOptions& options) {
    Session session("");
    httplib::Client client("http://" + options.address);
    client.set_keep_alive(true);
    client.set_tcp_nodelay(true);
    client.set_read_timeout(std::chrono::seconds(60));
    const char* const password = std::getenv("ACTIVE_CALLS_FEED_PASSWORD");
    client.set_default_headers({{"X-ClickHouse-Key", password ? password : ""}});
    fmt::print("{:<28}{:>14}{:>12}{:>10}\n", "batches", "bytes/row", "rows/s", "best");
    for (const bool is_reduced : {false, true}) {
        Timing timing;
        std::size_t bytes = 0;
        Batches batches(options, is_reduced);
        // The first finds nothing prepared.
        if (const auto* first = batches.next()) time_to_send(client, *first, options.batch_rows);
        while (const auto* batch = batches.next()) {
            empty_inbox(session);
            timing.add(time_to_send(client, *batch, options.batch_rows));
            bytes += batch->size();
        }
        empty_inbox(session);
        if (timing.count() == 0)
            throw std::runtime_error(options.file + " has less than two batches");
        const auto rows = static_cast<double>(options.batch_rows);
        constexpr double second = 1000;
        fmt::print("{:<28}{:>14.0f}{:>12.0f}{:>10.0f}\n",
                   is_reduced ? "the fields that are read" : "as the switch posts them",
                   static_cast<double>(bytes) / static_cast<double>(timing.count()) / rows,
                   rows / timing.median() * second, rows / timing.best() * second);
    }
}

} // namespace active_calls::bench
