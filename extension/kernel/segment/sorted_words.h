// Distinct 64-bit numbers in ascending order, as their differences: what dictionaries are made of.
#pragma once

#include "bit_array.h"

namespace active_calls {

class SortedWords {
public:
    // Differences are packed block by block, each with a width of its own: numbers come in clusters
    // (the blocks of a country, of a trunk), and a wide gap widens one block alone.
    static constexpr std::size_t block = 64;

    // `words` ascending and distinct.
    static void write(ByteWriter& writer, std::span<const std::uint64_t> words);

    // Calls `visit(word)` for each of `size` words, in order; about a nanosecond each.
    template<class Visit>
    static void read(ByteReader& reader, std::size_t size, Visit&& visit) {
        std::uint64_t word = 0;
        bool first = true;
        for (std::size_t begin = 0; begin < size; begin += block) {
            const std::size_t count = std::min(block, size - begin);
            const unsigned width = reader.u8();
            // A block wider than a BitArray can be is kept as whole words.
            const bool whole = width > BitArray::max_width;
            const BitArray differences = whole ? BitArray{} : BitArray::read(reader, count, width);
            for (std::size_t i = 0; i < count; ++i) {
                const std::uint64_t difference = whole ? reader.u64() : differences[i];
                const std::uint64_t next = word + difference + (first ? 0 : 1);
                if (!first && next <= word) damaged("a dictionary in it is out of order");
                word = next;
                first = false;
                visit(word);
            }
        }
    }
};

} // namespace active_calls
