// Numbers of one width, packed without gaps: element i is the bits i * width and on, lowest first.
#pragma once

#include "bytes.h"

#include "../../interrupts.h"

#include <algorithm>
#include <limits>

namespace active_calls {

// Any element is read with one load of 8 bytes. The load may run up to this many bytes beyond the
// array, so the bytes that hold arrays end with so many bytes of padding.
inline constexpr std::size_t bit_array_padding = sizeof(std::uint64_t);

class BitArray {
public:
    // With up to 7 bits of the byte that an element begins in, it fits the 64 bits of a load.
    static constexpr unsigned max_width = 57;

    BitArray() = default;

    // `width` is at most max_width, and no value is wider.
    template<class Value>
    static void write(ByteWriter& writer, std::span<const Value> values, unsigned width);
    // The padding behind the array must be part of what `reader` reads from: less is damage.
    static BitArray read(ByteReader& reader, std::size_t size, unsigned width);

    // Costs a load, a shift and a mask: about a nanosecond for three elements.
    std::uint64_t operator[](std::size_t i) const {
        const std::size_t bit = i * width_;
        return (load_u64(data_ + bit / 8) >> (bit % 8)) & mask_;
    }
    // Gives the elements at `positions`, counted from `first`, with `base` added to each. The array
    // is no wider than max_gathered_width. With AVX2 it is several times as fast as one by one.
    void gather(std::span<const std::uint32_t> positions, std::uint32_t* elements,
                std::uint32_t first = 0, std::uint32_t base = 0) const;
    // With up to 7 bits of the byte that an element begins in, it fits 32 bits.
    static constexpr unsigned max_gathered_width = 25;

    std::size_t size() const { return size_; }
    unsigned width() const { return width_; }
    // The largest value that the width holds.
    std::uint64_t mask() const { return mask_; }

    static constexpr std::uint64_t mask_of(unsigned width) {
        return width == 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << width) - 1;
    }
    // The number of bytes without padding.
    static constexpr std::size_t bytes_of(std::size_t size, unsigned width) {
        return (size * width + 7) / 8;
    }

private:
    const std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
    unsigned width_ = 0;
    std::uint64_t mask_ = 0;
};

template<class Value>
void BitArray::write(ByteWriter& writer, std::span<const Value> values, unsigned width) {
    if (width == 0) return;
    std::uint64_t pending = 0; // bits not yet written, fewer than 8 between elements
    unsigned pending_bits = 0;
    for (const Value value : values) {
        count_steps(1 + width / 8);
        pending |= static_cast<std::uint64_t>(value) << pending_bits;
        for (pending_bits += width; pending_bits >= 8; pending_bits -= 8, pending >>= 8)
            writer.u8(static_cast<std::uint8_t>(pending));
    }
    if (pending_bits > 0) writer.u8(static_cast<std::uint8_t>(pending));
}

inline BitArray BitArray::read(ByteReader& reader, std::size_t size, unsigned width) {
    if (width > max_width) damaged("a bit width in it is larger than it can be");
    BitArray array;
    array.data_ = reader.bytes(bytes_of(size, width)).data();
    if (reader.rest().size() < bit_array_padding) damaged("it ends too early");
    array.size_ = size;
    array.width_ = width;
    array.mask_ = mask_of(width);
    return array;
}

} // namespace active_calls
