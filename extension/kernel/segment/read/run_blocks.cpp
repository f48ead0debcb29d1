#include "run_blocks.h"

#include "run_loops.h"

#include <algorithm>
#include <limits>

namespace active_calls {

ByteReader open_vector(const OpenSegment& segment, Vector vector) {
    const ByteSpan bytes = segment.source.fetch(vector);
    segment.header.check(vector, bytes);
    return ByteReader(bytes);
}

Codes open_codes(ByteReader reader, std::size_t limit) {
    const std::size_t values = reader.count(limit);
    const bool has_null = reader.count(1) != 0;
    if (values + (has_null ? 1 : 0) == 0) damaged("it has no value");
    return {reader, values, has_null};
}

BitArray read_codes(ByteReader& reader, std::size_t size, const Codes& codes) {
    const BitArray read = BitArray::read(reader, size, code_width(codes.size()));
    expect_padding(reader);
    return read;
}

std::pmr::vector<RunBlock> read_runs(const OpenSegment& segment) {
    const SegmentHeader& header = segment.header;
    return reading(name_of(Vector::runs), [&] {
        ByteReader reader = open_vector(segment, Vector::runs);
        std::pmr::vector<RunBlock> blocks(segment.memory);
        blocks.reserve((header.run_count + runs_per_block - 1) / runs_per_block);
        std::size_t rows = 0;
        for (std::size_t run = 0; run < header.run_count; run += runs_per_block) {
            const std::size_t size = std::min(runs_per_block, header.run_count - run);
            RunBlock& block = blocks.emplace_back();
            block.first_run = static_cast<std::uint32_t>(run);
            block.first_row = static_cast<std::uint32_t>(rows);
            block.range.begin = reader.count(header.snapshot_count);
            block.range.end = reader.count(header.snapshot_count);
            block.rows = static_cast<std::uint32_t>(reader.count(header.row_count - rows));
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
        if (rows != header.row_count) damaged("the rows of its blocks do not add up");
        return blocks;
    });
}

std::pmr::vector<DurationBlock> read_durations(const OpenSegment& segment) {
    const std::size_t run_count = segment.header.run_count;
    return reading(name_of(vector_of(Column::duration)), [&] {
        ByteReader reader = open_vector(segment, vector_of(Column::duration));
        std::pmr::vector<DurationBlock> blocks(segment.memory);
        blocks.reserve((run_count + runs_per_block - 1) / runs_per_block);
        for (std::size_t run = 0; run < run_count; run += runs_per_block) {
            const std::size_t size = std::min(runs_per_block, run_count - run);
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

void locate(const RunBlock& block, const SnapshotRange& range, Selection& selection) {
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

Selection::Numbers row_counts_of(const RunBlock& block) {
    Selection::Numbers row_counts;
    block.row_counts.gather(Selection(block.size()).used_places(), row_counts.data());
    if (sum_of(block.size(), row_counts.data()) != block.rows)
        damaged("runs: the rows of a block do not add up");
    return row_counts;
}

PriceVector read_prices(ByteReader& reader, const OpenSegment& segment,
                        std::span<const RunBlock> blocks) {
    std::pmr::vector<std::uint32_t> first_rows(segment.memory);
    first_rows.reserve(blocks.size() + 1);
    for (const RunBlock& block : blocks) first_rows.push_back(block.first_row);
    first_rows.push_back(static_cast<std::uint32_t>(segment.header.row_count));
    PriceVector prices =
        PriceVector::read(reader, segment.header.run_count, first_rows, segment.memory);
    if (prices.listed_rows() == 0) expect_padding(reader);
    return prices;
}

Selection::Numbers listed_rows_of(const PriceVector& prices, std::size_t b, const RunBlock& block) {
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

} // namespace active_calls
