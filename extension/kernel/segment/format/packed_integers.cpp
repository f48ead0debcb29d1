#include "packed_integers.h"

#include "../../interrupts.h"

#include <algorithm>
#include <vector>

namespace active_calls {

namespace {

struct Layout {
    std::uint64_t base = 0;
    unsigned width = 0;
    bool escapes = false;
};

// Finds, for each width, the window of values that holds most of the integers, which are in
// ascending order. The rest goes aside. It takes O(n) for each width.
Layout best_layout(std::span<const std::int64_t> sorted, std::size_t aside_entry) {
    if (sorted.empty()) return {};
    const auto value = [&](std::size_t i) { return static_cast<std::uint64_t>(sorted[i]); };
    const std::uint64_t spread = value(sorted.size() - 1) - value(0);
    const unsigned full_width = static_cast<unsigned>(std::bit_width(spread));

    Layout best{value(0), full_width, false};
    std::size_t best_bytes = BitArray::bytes_of(sorted.size(), full_width);
    if (full_width > BitArray::max_width) best_bytes = std::numeric_limits<std::size_t>::max();
    for (unsigned width = 1; width < std::min(full_width, BitArray::max_width + 1); ++width) {
        const std::uint64_t reach =
            BitArray::mask_of(width) - 1; // the largest offset is the escape
        count_steps(sorted.size());
        std::size_t most = 0;
        std::size_t at = 0;
        for (std::size_t first = 0, last = 0; last < sorted.size(); ++last) {
            while (value(last) - value(first) > reach) ++first;
            if (last - first + 1 > most) {
                most = last - first + 1;
                at = first;
            }
        }
        const std::size_t bytes =
            BitArray::bytes_of(sorted.size(), width) + (sorted.size() - most) * aside_entry;
        if (bytes < best_bytes) {
            best = {value(at), width, true};
            best_bytes = bytes;
        }
    }
    return best;
}

} // namespace

void PackedIntegers::write(ByteWriter& writer, std::span<const std::int64_t> values) {
    std::vector<std::int64_t> sorted(values.begin(), values.end());
    std::ranges::sort(sorted, InterruptibleLess{});
    const Layout layout = best_layout(sorted, aside_entry);

    const std::uint64_t escape = layout.escapes ? BitArray::mask_of(layout.width) : no_escape;
    std::vector<std::uint64_t> offsets;
    offsets.reserve(values.size());
    std::vector<std::size_t> aside;
    count_steps(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        const std::uint64_t offset = static_cast<std::uint64_t>(values[i]) - layout.base;
        if (offset < escape || !layout.escapes) {
            offsets.push_back(offset);
        } else {
            offsets.push_back(escape);
            aside.push_back(i);
        }
    }

    writer.signed_varint(static_cast<std::int64_t>(layout.base));
    writer.u8(static_cast<std::uint8_t>(layout.width));
    writer.varint(aside.size());
    BitArray::write<std::uint64_t>(writer, offsets, layout.width);
    for (const std::size_t i : aside) {
        writer.u64(i);
        writer.u64(static_cast<std::uint64_t>(values[i]));
    }
}

PackedIntegers PackedIntegers::read(ByteReader& reader, std::size_t size) {
    PackedIntegers integers;
    integers.base_ = static_cast<std::uint64_t>(reader.signed_varint());
    const unsigned width = reader.u8();
    const std::size_t aside = reader.count(size);
    integers.offsets_ = BitArray::read(reader, size, width);
    if (aside > 0) integers.escape_ = integers.offsets_.mask();
    integers.aside_ = reader.bytes(aside * aside_entry);
    return integers;
}

std::size_t PackedIntegers::aside_before(std::uint64_t position) const {
    std::size_t before = 0;
    for (std::size_t left = aside_size(); left > 0;) {
        const std::size_t half = left / 2;
        if (aside_position(before + half) < position) {
            before += half + 1;
            left -= half + 1;
        } else {
            left = half;
        }
    }
    return before;
}

std::int64_t PackedIntegers::aside(std::size_t i) const {
    const std::size_t n = aside_before(i);
    if (n == aside_size() || aside_position(n) != i)
        damaged("an integer that should stand aside does not");
    return aside_integer(n);
}

bool PackedIntegers::within(std::int64_t least, std::int64_t greatest) const {
    const auto first = static_cast<std::int64_t>(base_);
    std::int64_t last = 0;
    if (offsets_.width() > 32 ||
        __builtin_add_overflow(first, static_cast<std::int64_t>(offsets_.mask()), &last) ||
        first < least || last > greatest)
        return false;
    for (std::size_t n = 0; n < aside_size(); ++n)
        if (aside_integer(n) < least || aside_integer(n) > greatest) return false;
    return true;
}

void PackedIntegers::gather(std::span<const std::uint32_t> positions,
                            std::uint32_t* integers) const {
    const auto base = static_cast<std::uint32_t>(base_);
    if (offsets_.width() <= BitArray::max_gathered_width) {
        offsets_.gather(positions, integers, 0, base);
    } else {
        for (std::size_t i = 0; i < positions.size(); ++i)
            integers[i] = base + static_cast<std::uint32_t>(offsets_[positions[i]]);
    }

    if (positions.empty()) return;
    auto next = positions.begin();
    for (std::size_t n = aside_before(positions.front()); n < aside_size(); ++n) {
        const std::uint64_t position = aside_position(n);
        if (position > positions.back()) break;
        // Where positions have no gaps, it is there.
        const std::uint64_t guess = position - positions.front();
        if (guess >= positions.size() || positions[guess] != position) {
            next = std::lower_bound(next, positions.end(), position);
            if (*next == position)
                integers[next - positions.begin()] = static_cast<std::uint32_t>(aside_integer(n));
        } else {
            integers[guess] = static_cast<std::uint32_t>(aside_integer(n));
        }
    }
}

} // namespace active_calls
