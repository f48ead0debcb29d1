// Measures the feed of the switch over HTTP.
#pragma once

#include <cstddef>
#include <string>

namespace active_calls::bench {

struct FeedOptions {
    std::string address; // host:port of the shim's feed listener
    std::string file;    // rows in JSONEachRow, as the switch posts them
    std::size_t batch_rows = 50'000;
};

// Sends all whole batches of the file, one after the other on one connection, and prints how fast:
// once as they are, and once with those fields alone that are read. Then it sends them two at a
// time, on a connection each. In between it empties `inbox`, in the database of libpq's
// environment. The password is in ACTIVE_CALLS_FEED_PASSWORD. Throws
// std::runtime_error of a batch that is not answered with 200, or is not written as a whole.
void measure_feed(const FeedOptions& options);

} // namespace active_calls::bench
