#include "segment_reader.h"

#include "run_block.h"
#include "run_loops.h"

#include <algorithm>
#include <limits>

namespace active_calls {

namespace {

template<class Number>
bool can_pass(const RangeFilter<Number>& filter, const std::optional<Bounds<Number>>& bounds) {
    if (!filter.given()) return true;
    return bounds && (!filter.eq || (bounds->min <= *filter.eq && *filter.eq <= bounds->max)) &&
           (!filter.gt || bounds->max > *filter.gt) && (!filter.lt || bounds->min < *filter.lt);
}

bool can_pass(const EqualityFilter<std::int32_t>& filter,
              const std::optional<Bounds<std::int32_t>>& bounds) {
    return !filter.given() || (bounds && bounds->min <= *filter.eq && *filter.eq <= bounds->max);
}

} // namespace

SegmentReader::SegmentReader(ByteSpan header, VectorSource& source,
                             std::pmr::memory_resource* memory)
    : header_(reading("header", [&] { return SegmentHeader(header, memory); }))
    , source_(source)
    , memory_(memory) {}

bool SegmentReader::may_hold(const Window& window, const CallFilter& filter) const {
    const SegmentBounds& bounds = header_.bounds;
    return !range_of(window).empty() && can_pass(filter.src_country_id, bounds.src_country_id) &&
           can_pass(filter.dst_country_id, bounds.dst_country_id) &&
           can_pass(filter.duration, bounds.duration) &&
           can_pass(filter.customer_price, bounds.customer_price);
}

SegmentReader::SnapshotRange SegmentReader::range_of(const Window& window) const {
    const Timeline& timeline = header_.timeline;
    return {timeline.count_before(window.from),
            window.to ? timeline.count_up_to(*window.to) : timeline.size()};
}

ByteReader SegmentReader::open(Vector vector) {
    const ByteSpan bytes = source_.fetch(vector);
    header_.check(vector, bytes);
    return ByteReader(bytes);
}

SegmentReader::Codes SegmentReader::open_codes(ByteReader reader, std::size_t limit) {
    const std::size_t values = reader.count(limit);
    const bool has_null = reader.count(1) != 0;
    if (values + (has_null ? 1 : 0) == 0) damaged("it has no value");
    return {reader, values, has_null};
}

// To be called when `reader` has come through the dictionary.
BitArray SegmentReader::read_codes(ByteReader& reader, std::size_t size, const Codes& codes) const {
    const BitArray read = BitArray::read(reader, size, code_width(codes.size()));
    expect_padding(reader);
    return read;
}

std::pmr::vector<SegmentReader::RunBlock> SegmentReader::read_runs() {
    return reading(name_of(Vector::runs), [&] {
        ByteReader reader = open(Vector::runs);
        std::pmr::vector<RunBlock> blocks(memory_);
        blocks.reserve((header_.run_count + runs_per_block - 1) / runs_per_block);
        std::size_t rows = 0;
        for (std::size_t run = 0; run < header_.run_count; run += runs_per_block) {
            const std::size_t size = std::min(runs_per_block, header_.run_count - run);
            RunBlock& block = blocks.emplace_back();
            block.first_run = static_cast<std::uint32_t>(run);
            block.first_row = static_cast<std::uint32_t>(rows);
            block.range.begin = reader.count(header_.snapshot_count);
            block.range.end = reader.count(header_.snapshot_count);
            block.rows = static_cast<std::uint32_t>(reader.count(header_.row_count - rows));
            rows += block.rows;
            block.first_snapshots = PackedIntegers::read(reader, size);
            block.row_counts = PackedIntegers::read(reader, size);
            // So that no 32 bits of a larger number are taken for a run.
            constexpr std::int64_t greatest = std::numeric_limits<std::uint32_t>::max();
            if (block.range.begin > block.range.end || !block.first_snapshots.within(0, greatest) ||
                !block.row_counts.within(0, greatest))
                damaged("a run goes beyond its block");
        }
        expect_padding(reader);
        if (rows != header_.row_count) damaged("the rows of its blocks do not add up");
        return blocks;
    });
}

std::pmr::vector<SegmentReader::DurationBlock> SegmentReader::read_durations() {
    return reading(name_of(Vector::duration), [&] {
        ByteReader reader = open(Vector::duration);
        std::pmr::vector<DurationBlock> blocks(memory_);
        blocks.reserve((header_.run_count + runs_per_block - 1) / runs_per_block);
        for (std::size_t run = 0; run < header_.run_count; run += runs_per_block) {
            const std::size_t size = std::min(runs_per_block, header_.run_count - run);
            DurationBlock& block = blocks.emplace_back();
            block.shortest = reader.signed_varint();
            block.longest = reader.signed_varint();
            block.first = PackedIntegers::read(reader, size);
            if (reader.count(1) != 0) block.uncut = BitArray::read(reader, size, 1);
        }
        expect_padding(reader);
        return blocks;
    });
}

void SegmentReader::locate(const RunBlock& block, const SnapshotRange& range,
                           Selection& selection) const {
    Selection::Numbers row_counts;
    block.first_snapshots.gather(selection.used_places(), selection.first.data());
    block.row_counts.gather(selection.used_places(), row_counts.data());
    const RunLimits limits{
        static_cast<std::uint32_t>(block.range.begin), static_cast<std::uint32_t>(block.range.end),
        static_cast<std::uint32_t>(range.begin), static_cast<std::uint32_t>(range.end)};
    if (!locate_runs(limits, selection.size, selection.first.data(), row_counts.data(),
                     selection.begin.data(), selection.end.data()))
        damaged("runs: a run goes beyond its block");
}

// How many rows each run of a block is; all of them are those of the block.
SegmentReader::Selection::Numbers SegmentReader::row_counts_of(const RunBlock& block) {
    Selection::Numbers row_counts;
    block.row_counts.gather(Selection(block.size()).used_places(), row_counts.data());
    if (sum_of(block.size(), row_counts.data()) != block.rows)
        damaged("runs: the rows of a block do not add up");
    return row_counts;
}

// Of each run of a block whose prices are listed, the place of its first row among all that are.
SegmentReader::Selection::Numbers
SegmentReader::listed_rows_of(const PriceVector& prices, std::size_t b, const RunBlock& block) {
    const Selection all(block.size());
    const Selection::Numbers row_counts = row_counts_of(block);
    Selection::Numbers codes{};
    if (!prices.curves().empty())
        prices.codes().gather(all.used_places(), codes.data(), block.first_run);
    Selection::Numbers first_rows{};
    std::uint32_t row = prices.listed_before(b);
    for (std::size_t i = 0; i < block.size(); ++i) {
        first_rows[i] = row;
        row += codes[i] == prices.listed_code() ? row_counts[i] : 0;
    }
    if (row != prices.listed_before(b + 1))
        damaged("customer_price: the listed rows of a block do not add up");
    return first_rows;
}

// How many rows stand before each block, and before the end.
std::pmr::vector<std::uint32_t>
SegmentReader::first_rows_of(std::span<const RunBlock> blocks) const {
    std::pmr::vector<std::uint32_t> first_rows(memory_);
    first_rows.reserve(blocks.size() + 1);
    for (const RunBlock& block : blocks) first_rows.push_back(block.first_row);
    first_rows.push_back(static_cast<std::uint32_t>(header_.row_count));
    return first_rows;
}

} // namespace active_calls
