#include "segment_parts.h"

#include <algorithm>

namespace active_calls {

namespace {

// The part of a header about its vectors, and its checksum, to be appended to the rest.
void write_checksums(ByteWriter& header, const std::array<Bytes, vector_count>& vectors) {
    for (const Bytes& vector : vectors) {
        header.varint(vector.size());
        header.u64(checksum(vector));
    }
    header.u64(checksum(header.written()));
}

constexpr std::size_t size_bytes = 2; // of each part, in front of all parts

} // namespace

std::array<std::vector<std::uint8_t>*, SegmentParts::count> SegmentParts::all() {
    std::array<std::vector<std::uint8_t>*, count> parts{&header, &question};
    std::ranges::transform(vectors, parts.begin() + 2, [](auto& vector) { return &vector; });
    return parts;
}

SegmentParts SegmentParts::of(const Segment& segment) {
    SegmentParts parts;
    ByteWriter checksums(std::pmr::get_default_resource());
    write_checksums(checksums, segment.vectors);
    const std::size_t left = segment.header.size() - checksums.written().size();
    const ByteSpan header = ByteSpan(segment.header).first(left);
    parts.header.assign(header.begin(), header.end());
    for (std::size_t i = 0; i < vector_count; ++i)
        parts.vectors[i].assign(segment.vectors[i].begin(), segment.vectors[i].end());
    return parts;
}

SegmentParts SegmentParts::from_bytes(ByteSpan bytes) {
    SegmentParts parts;
    const ByteSpan sizes = bytes.first(std::min(bytes.size(), count * size_bytes));
    ByteSpan rest = bytes.subspan(sizes.size());
    for (std::size_t i = 0; i < sizes.size() / size_bytes; ++i) {
        const std::size_t size = sizes[i * size_bytes] + 256U * sizes[i * size_bytes + 1];
        const ByteSpan part = rest.first(std::min(size, rest.size()));
        parts.all()[i]->assign(part.begin(), part.end());
        rest = rest.subspan(part.size());
    }
    return parts;
}

std::vector<std::uint8_t> SegmentParts::to_bytes() const {
    std::vector<std::uint8_t> sizes;
    std::vector<std::uint8_t> contents;
    SegmentParts copy = *this;
    for (auto* part : copy.all()) {
        part->resize(std::min<std::size_t>(part->size(), 0xFFFF));
        sizes.push_back(static_cast<std::uint8_t>(part->size()));
        sizes.push_back(static_cast<std::uint8_t>(part->size() >> 8));
        contents.insert(contents.end(), part->begin(), part->end());
    }
    sizes.insert(sizes.end(), contents.begin(), contents.end());
    return sizes;
}

Segment SegmentParts::to_segment() const {
    Segment segment{};
    for (std::size_t i = 0; i < vector_count; ++i)
        segment.vectors[i].assign(vectors[i].begin(), vectors[i].end());
    ByteWriter writer(std::pmr::get_default_resource());
    writer.bytes(header);
    write_checksums(writer, segment.vectors);
    segment.header = writer.take();
    return segment;
}

} // namespace active_calls
