// What counting runs and reading their rows have in common: the vectors opened, blocks of runs, and
// what is left of the runs of a block.
#pragma once

#include "../values/price_vector.h"
#include "open_segment.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace active_calls {

// Says which part of a segment is damaged.
template<class Read>
auto reading(const char* part, Read&& read) {
    try {
        return read();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::corrupted_data) throw;
        throw Error(ErrorKind::corrupted_data, std::string(part) + ": " + error.what());
    }
}

// Every vector ends with the padding of its arrays.
inline void expect_padding(ByteReader& reader) {
    reader.bytes(bit_array_padding);
    reader.expect_end();
}

// A vector whose bytes are those that the header was written for.
ByteReader open_vector(const OpenSegment& segment, Vector vector);

// The codes of an attribute or of prices. `dictionary` stands before the dictionary of `values`
// distinct values; the codes stand behind it.
struct Codes {
    ByteReader dictionary;
    std::size_t values;
    bool has_null;

    std::size_t size() const { return values + (has_null ? 1 : 0); }
};

// Opens the codes of a vector, which has at most `limit` values.
Codes open_codes(ByteReader reader, std::size_t limit);
// Reads the codes, which follow the dictionary: `reader` has to have come through it.
BitArray read_codes(ByteReader& reader, std::size_t size, const Codes& codes);

// Consecutive runs: block.first_run and on.
struct RunBlock {
    std::uint32_t first_run;
    std::uint32_t first_row; // of all rows in the order of runs
    std::uint32_t rows;
    SnapshotRange range; // no run goes beyond it
    PackedIntegers first_snapshots;
    PackedIntegers row_counts;

    std::size_t size() const { return row_counts.size(); }
};

struct DurationBlock {
    std::int64_t shortest;
    std::int64_t longest;
    PackedIntegers first; // of each run, at its first snapshot; below 0: not connected yet
    BitArray uncut;       // empty: all are cut at zero

    bool cut_at_zero(std::size_t i) const { return uncut.size() == 0 || uncut[i] == 0; }
    // `first` of a run, short enough to compute with.
    std::int64_t first_of(std::size_t i) const {
        // Longer than PostgreSQL's range of time.
        constexpr std::int64_t greatest = std::int64_t{1} << 45;
        return reading(name_of(vector_of(Column::duration)), [&] {
            const std::int64_t duration = first[i];
            if (duration < -greatest || duration > greatest) damaged("a duration is out of range");
            return duration;
        });
    }
};

// Runs of a block that are left when filters have looked at them, by their place in it. Once
// located, where in the range they lie: from snapshot begin[i] up to, and without, end[i]; behind
// each other where nothing is left.
struct Selection {
    using Numbers = std::array<std::uint32_t, runs_per_block>;

    static constexpr Numbers every_place = [] {
        Numbers places{};
        for (std::uint32_t i = 0; i < runs_per_block; ++i) places[i] = i;
        return places;
    }();

    std::size_t size;
    Numbers places;
    Numbers first; // snapshot
    Numbers begin;
    Numbers end;

    explicit Selection(std::size_t all)
        : size(all)
        , places(every_place) {}
    std::span<const std::uint32_t> used_places() const { return std::span(places).first(size); }

    // Those with this code, which then are no longer here.
    Selection take(const Numbers& codes, std::uint32_t code) {
        Selection taken(0);
        const std::size_t all = std::exchange(size, 0);
        for (std::size_t i = 0; i < all; ++i) {
            Selection& to = codes[i] == code ? taken : *this;
            to.places[to.size] = places[i];
            to.first[to.size] = first[i];
            to.begin[to.size] = begin[i];
            to.end[to.size] = end[i];
            ++to.size;
        }
        return taken;
    }
};

std::pmr::vector<RunBlock> read_runs(const OpenSegment& segment);
std::pmr::vector<DurationBlock> read_durations(const OpenSegment& segment);

// Sets where in the range the selected runs of a block lie.
void locate(const RunBlock& block, const SnapshotRange& range, Selection& selection);
// How many rows each run of a block is; all of them are those of the block.
Selection::Numbers row_counts_of(const RunBlock& block);

// The vector customer_price up to the dictionary of listed prices, or to its end.
PriceVector read_prices(ByteReader& reader, const OpenSegment& segment,
                        std::span<const RunBlock> blocks);
// For each run of block `b` whose prices are listed, the place of its first row among all that are.
Selection::Numbers listed_rows_of(const PriceVector& prices, std::size_t b, const RunBlock& block);

} // namespace active_calls
