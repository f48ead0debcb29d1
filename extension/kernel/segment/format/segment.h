// A segment: the calls of one account in a stretch of time, as runs.
//
// A table of snapshots is a sampled set of call intervals. A call shows up in every snapshot while
// it lasts, with the same numbers, countries and address, and with a duration that advances with
// the clock. So a segment does not hold rows. It holds runs: a run is a sequence of rows of
// consecutive snapshots (of this segment) that are equal in those five attributes, and whose
// duration follows one clock, connected at one moment:
//
//   duration at snapshot s = max(0, duration at the run's first snapshot + seconds from it to s)
//
// where the first duration may be below 0: the call was not connected yet, and will be so many
// seconds later. Every row fits a run, if need be one of its own. A row with a negative duration
// belongs to a run whose durations are not cut at 0.
//
// What a segment consists of, each part in bytes of its own, so that a question reads only the
// parts that it is about:
//
//   header              counts, bounds, the snapshots, how many rows each has, and size and
//                       checksum of each vector
//   runs                of each run, its first snapshot and how many rows it is
//   duration            of each run, at its first snapshot
//   src_country_id ...  of each run, a code, and the dictionary of codes (dictionary.h)
//   customer_price      of each run, by which tariff its prices come from its durations; of rows
//                       that follow none, a code, and the dictionary (price_vector.h)
//
// Runs stand in the order of their length, and among those of one length in that of their first
// snapshot. So lengths need next to no bits, and first snapshots few. And calls of like durations
// stand together: a block begins with the first and last snapshot and the shortest and longest
// duration in it, and a question about a shorter window or longer calls passes over most blocks.
// (Half of all runs are calls that one snapshot saw.)
#pragma once

#include "packed_integers.h"
#include "timeline.h"

#include "../../columns.h"

#include <array>
#include <optional>
#include <variant>

namespace active_calls {

// The runs, and a vector for each column that filters look at, in their order.
enum class Vector : std::uint8_t { runs };

inline constexpr std::size_t key_column_count = [] {
    std::size_t filtered = 0;
    for_each_filtered_column([&](const auto&) { ++filtered; });
    return column_count - filtered;
}();
static_assert([] { // for vector_of() and name_of()
    bool keys_are_first = true;
    for_each_filtered_column([&](const auto& column) {
        keys_are_first &= static_cast<std::size_t>(column.id) >= key_column_count;
    });
    return keys_are_first;
}());
inline constexpr std::size_t vector_count = 1 + column_count - key_column_count;

constexpr Vector vector_of(Column column) {
    return static_cast<Vector>(1 + static_cast<std::size_t>(column) - key_column_count);
}
// As the column of table `segment` is called.
constexpr const char* name_of(Vector vector) {
    if (vector == Vector::runs) return "runs";
    return name_of(static_cast<Column>(static_cast<std::size_t>(vector) - 1 + key_column_count));
}

// How many rows a segment is filled up to: enough that dictionaries pay and few segments cover a
// window; few enough that a short window does not read much beside it. No segment has more, and a
// reader refuses what says it has: regular snapshots and equal values take next to no bytes, so
// that no other number bounds the memory and the time that damaged bytes can ask for.
inline constexpr std::size_t full_segment_rows = std::size_t{1} << 16;
// Blocks are of consecutive runs; small enough that what is computed for one stays in the fastest
// cache.
inline constexpr std::size_t runs_per_block = 512;

template<class Number>
struct Bounds {
    Number min;
    Number max;
};

// A column of numbers has bounds: of the values that a filter can let pass, so without NULL and
// NaN.
template<class CallColumn>
inline constexpr bool has_bounds =
    CallColumn::is_filtered&& std::is_arithmetic_v<typename CallColumn::Value>;
template<class CallColumn>
using ColumnBounds =
    std::conditional_t<has_bounds<CallColumn>, std::optional<Bounds<typename CallColumn::Value>>,
                       std::monostate>;
using SegmentBounds = PerColumn<ColumnBounds>;

struct Segment {
    std::int32_t account_id;
    Instant first_snapshot;
    Instant last_snapshot;
    std::size_t row_count;
    std::size_t run_count;
    Bytes header;
    std::array<Bytes, vector_count> vectors;

    std::size_t bytes() const {
        std::size_t bytes = header.size();
        for (const Bytes& vector : vectors) bytes += vector.size();
        return bytes;
    }
};

class SegmentHeader {
public:
    struct VectorInfo {
        std::uint64_t size;
        std::uint64_t checksum;
    };

    // `vectors` are those of the segment. `rows_at` is the number of rows of each snapshot.
    static Bytes write(const Segment& segment, std::span<const Instant> snapshots,
                       std::span<const std::int64_t> rows_at, const SegmentBounds& bounds,
                       std::pmr::memory_resource* memory);

    // `bytes` must outlive the header. Throws Error (corrupted_data) unless they are what write()
    // made, and (newer_data) where that was a later version of it.
    SegmentHeader(ByteSpan bytes, std::pmr::memory_resource* memory);

    std::int32_t account_id = 0;
    std::size_t row_count = 0;
    std::size_t run_count = 0;
    std::size_t snapshot_count = 0;
    SegmentBounds bounds;
    std::array<VectorInfo, vector_count> vectors{};
    Timeline timeline;
    PackedIntegers rows_at;

    // Throws Error (corrupted_data) unless `bytes` are those that the header was written for.
    void check(Vector vector, ByteSpan bytes) const;
};

std::uint64_t checksum(ByteSpan bytes);

} // namespace active_calls
