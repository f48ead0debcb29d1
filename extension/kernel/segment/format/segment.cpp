#include "segment.h"

#include "../../interrupts.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace active_calls {

namespace {

// A header of any version begins with it and ends with its checksum, so that a reader tells a later
// version from damage.
constexpr std::uint8_t version = 1;

void write_number(ByteWriter& writer, std::int32_t value) { writer.signed_varint(value); }
void write_number(ByteWriter& writer, double value) {
    writer.u64(std::bit_cast<std::uint64_t>(value));
}

void read_number(ByteReader& reader, std::int32_t& value) {
    const std::int64_t read = reader.signed_varint();
    if (read != static_cast<std::int32_t>(read)) damaged("an integer in it is out of range");
    value = static_cast<std::int32_t>(read);
}
void read_number(ByteReader& reader, double& value) { value = std::bit_cast<double>(reader.u64()); }

// A column without bounds takes no byte.
void write_bounds(ByteWriter&, std::monostate) {}
void read_bounds(ByteReader&, std::monostate) {}

template<class Number>
void write_bounds(ByteWriter& writer, const std::optional<Bounds<Number>>& bounds) {
    writer.u8(bounds.has_value() ? 1 : 0);
    if (!bounds) return;
    write_number(writer, bounds->min);
    write_number(writer, bounds->max);
}

template<class Number>
void read_bounds(ByteReader& reader, std::optional<Bounds<Number>>& bounds) {
    if (reader.count(1) == 0) return;
    bounds.emplace();
    read_number(reader, bounds->min);
    read_number(reader, bounds->max);
}

} // namespace

std::uint64_t checksum(ByteSpan bytes) {
    if (bytes.size() <= steps_between_interrupts) {
        count_steps(bytes.size());
        return XXH3_64bits(bytes.data(), bytes.size());
    }
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    in_pieces(bytes.size(), [&](std::size_t begin, std::size_t size) {
        XXH3_64bits_update(&state, bytes.data() + begin, size);
    });
    return XXH3_64bits_digest(&state);
}

Bytes SegmentHeader::write(const Segment& segment, std::span<const Instant> snapshots,
                           std::span<const std::int64_t> rows_at, const SegmentBounds& bounds,
                           std::pmr::memory_resource* memory) {
    ByteWriter writer(memory);
    writer.u8(version);
    write_number(writer, segment.account_id);
    writer.varint(segment.row_count);
    writer.varint(segment.run_count);
    writer.varint(snapshots.size());
    for_each_column([&](const auto&, const auto& of_column) { write_bounds(writer, of_column); },
                    bounds);
    Timeline::write(writer, snapshots);
    PackedIntegers::write(writer, rows_at);
    // They stand last, and are the padding of the arrays before them too.
    for (const Bytes& vector : segment.vectors) {
        writer.varint(vector.size());
        writer.u64(checksum(vector));
    }
    writer.u64(checksum(writer.written()));
    return writer.take();
}

SegmentHeader::SegmentHeader(ByteSpan bytes, std::pmr::memory_resource* memory)
    : timeline(memory) {
    if (bytes.size() < sizeof(std::uint64_t)) damaged("it ends too early");
    const ByteSpan content = bytes.first(bytes.size() - sizeof(std::uint64_t));
    ByteReader reader(content);
    const std::uint8_t written_version = reader.u8();
    if (load_u64(content.data() + content.size()) != checksum(content))
        damaged("its checksum does not match");
    if (written_version > version)
        throw Error(ErrorKind::newer_data, "a newer version of active_calls has sealed these calls",
                    "This session goes on with an older library: begin another session.");
    if (written_version < version) damaged("it is of an unknown version");

    read_number(reader, account_id);
    row_count = reader.count(full_segment_rows);
    run_count = reader.count(row_count);
    snapshot_count = reader.count(run_count == 0 ? 0 : row_count);
    for_each_column([&](const auto&, auto& of_column) { read_bounds(reader, of_column); }, bounds);
    timeline.read(reader, snapshot_count);
    rows_at = PackedIntegers::read(reader, snapshot_count);
    for (VectorInfo& vector : vectors) {
        vector.size = reader.varint();
        vector.checksum = reader.u64();
    }
    reader.expect_end();

    std::uint64_t rows = 0;
    count_steps(snapshot_count);
    for (std::size_t i = 0; i < snapshot_count; ++i) {
        const std::int64_t rows_of_one = rows_at[i];
        if (rows_of_one < 1 || rows_of_one > static_cast<std::int64_t>(row_count))
            damaged("the rows of a snapshot in it are too many or too few");
        rows += static_cast<std::uint64_t>(rows_of_one);
    }
    if (rows != row_count) damaged("the rows of its snapshots do not add up");
}

void SegmentHeader::check(Vector vector, ByteSpan bytes) const {
    const VectorInfo& info = vectors[static_cast<std::size_t>(vector)];
    if (bytes.size() != info.size) damaged("its size does not match");
    if (checksum(bytes) != info.checksum) damaged("its checksum does not match");
}

} // namespace active_calls
