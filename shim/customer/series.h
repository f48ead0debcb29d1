// The answer of the database: calls over time.
#pragma once

#include "database/pg_binary.h"
#include "database/pg_connection.h"

#include <cstdint>
#include <string>

namespace active_calls::shim {

// `calls` of the index i were up at the time of that index, in seconds since 1970.
class Series {
public:
    // The result has one row (bigint[], int[]) in binary format, whose arrays have the same length.
    explicit Series(ResultPtr row)
        : row_(std::move(row))
        , times_(row_.get(), 0)
        , calls_(row_.get(), 1) {}

    std::size_t size() const { return times_.size(); }
    std::int64_t time(std::size_t i) const { return times_[i]; }
    std::int32_t calls(std::size_t i) const { return calls_[i]; }

private:
    ResultPtr row_;
    // They look into the row, so that a long series is in memory once.
    BinaryArray<std::int64_t> times_;
    BinaryArray<std::int32_t> calls_;
};

// `{"data":{"t":[…],"calls":[…]},"rows":N}`, the keys in this order.
std::string to_json(const Series& series);

} // namespace active_calls::shim
