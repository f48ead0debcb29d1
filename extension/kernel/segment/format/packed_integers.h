// Integers that are mostly close together: offsets from a base in as few bits as most of them need,
// and the rest, which would widen them all, on the side.
//
// The durations of calls when they are first seen, and how long they last after that, are such
// sequences: a few small numbers over and over, and in each segment some calls that were already up
// for hours.
#pragma once

#include "bit_array.h"

namespace active_calls {

class PackedIntegers {
public:
    // Finds the base and the width that need the fewest bytes.
    static void write(ByteWriter& writer, std::span<const std::int64_t> values);
    // Reads `size` integers, which the writer was given.
    static PackedIntegers read(ByteReader& reader, std::size_t size);

    std::int64_t operator[](std::size_t i) const {
        const std::uint64_t offset = offsets_[i];
        if (offset == escape_) [[unlikely]]
            return aside(i);
        return static_cast<std::int64_t>(base_ + offset);
    }
    std::size_t size() const { return offsets_.size(); }

    // Gives the lowest 32 bits of the integers at `positions`, which ascend. For many integers this
    // is the faster way: one loop without a branch, and a second one over those that stand aside.
    void gather(std::span<const std::uint32_t> positions, std::uint32_t* integers) const;
    // Whether all integers lie between these.
    bool within(std::int64_t least, std::int64_t greatest) const;

private:
    // Pairs of position, ascending, and integer.
    std::size_t aside_size() const { return aside_.size() / aside_entry; }
    std::uint64_t aside_position(std::size_t n) const {
        return load_u64(aside_.data() + n * aside_entry);
    }
    std::int64_t aside_integer(std::size_t n) const {
        return static_cast<std::int64_t>(
            load_u64(aside_.data() + n * aside_entry + sizeof(std::uint64_t)));
    }
    // How many of those that stand aside are before that position.
    std::size_t aside_before(std::uint64_t position) const;
    std::int64_t aside(std::size_t i) const;

    static constexpr std::size_t aside_entry = 2 * sizeof(std::uint64_t);
    static constexpr std::uint64_t no_escape = ~std::uint64_t{0};

    BitArray offsets_;
    std::uint64_t base_ = 0;
    std::uint64_t escape_ = no_escape; // the offset that says: look aside
    ByteSpan aside_;
};

} // namespace active_calls
