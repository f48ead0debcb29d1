// A segment as an input of a fuzzer: its parts, without what would stop every change at once.
//
// A header ends with the sizes and checksums of the vectors and with its own. They are left out,
// and made anew when a segment is put together: so whatever a fuzzer makes of a part is read.
#pragma once

#include "segment/format/segment.h"

#include <array>
#include <vector>

namespace active_calls {

struct SegmentParts {
    std::vector<std::uint8_t> header; // without sizes and checksums
    std::array<std::vector<std::uint8_t>, vector_count> vectors;
    std::vector<std::uint8_t> question; // chooses what is asked

    static constexpr std::size_t count = vector_count + 2;
    std::array<std::vector<std::uint8_t>*, count> all();

    static SegmentParts of(const Segment& segment);
    // Any bytes are some parts; those of to_bytes() are the same parts again.
    static SegmentParts from_bytes(ByteSpan bytes);
    std::vector<std::uint8_t> to_bytes() const;

    Segment to_segment() const;
};

} // namespace active_calls
