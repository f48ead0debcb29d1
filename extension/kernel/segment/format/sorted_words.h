// Distinct 64-bit numbers in ascending order, as their differences: what dictionaries are made of.
#pragma once

#include "bit_array.h"

namespace active_calls {

// The numbers stand in blocks. They come in clusters (those of a country, of a trunk), so each
// block's differences are packed in a width of their own, and a wide gap widens one block alone.
// Each block's first number stands apart, so a search decodes one block.
class SortedWords {
public:
    static constexpr std::size_t block_size = 64;

    // `words` are ascending and distinct.
    static void write(ByteWriter& writer, std::span<const std::uint64_t> words);
    // Reads `size` words, which is how many the writer got. The bytes must outlive the result.
    static SortedWords read(ByteReader& reader, std::size_t size);

    std::size_t size() const { return size_; }

    // Calls `visit(word)` for each word in order, and takes about a nanosecond each.
    template<class Visit>
    void each(Visit&& visit) const {
        std::size_t offset = 0;
        for (std::size_t block = 0; block < block_count(); ++block) {
            each_in_block(block, offset, visit);
            offset += packed_bytes(block);
        }
    }

    // How many words `leads` is true for, which must be the first ones. It asks for a few words,
    // and decodes one block.
    template<class Leads>
    std::size_t count_leading(Leads&& leads) const {
        std::size_t block = 0; // the last one whose first word leads, plus one
        for (std::size_t left = block_count(); left > 0;) {
            const std::size_t half = left / 2;
            if (leads(first_in(block + half))) {
                block += half + 1;
                left -= half + 1;
            } else {
                left = half;
            }
        }
        if (block == 0) return 0;
        --block;
        std::size_t offset = 0;
        for (std::size_t before = 0; before < block; ++before) offset += packed_bytes(before);
        std::size_t count = block * block_size;
        each_in_block(block, offset, [&](std::uint64_t word) { count += leads(word) ? 1 : 0; });
        return count;
    }
    // How many words are less than `word`.
    std::size_t count_before(std::uint64_t word) const {
        return count_leading([word](std::uint64_t other) { return other < word; });
    }

private:
    std::size_t block_count() const { return widths_.size(); }
    std::size_t count_in(std::size_t block) const {
        return std::min(block_size, size_ - block * block_size);
    }
    std::uint64_t first_in(std::size_t block) const {
        return load_u64(firsts_.data() + block * sizeof(std::uint64_t));
    }
    // A block that would be wider than a BitArray can be is kept as whole differences.
    static constexpr unsigned whole_width = 64;
    std::size_t packed_bytes(std::size_t block) const {
        return BitArray::bytes_of(count_in(block) - 1, widths_[block]);
    }

    template<class Visit>
    void each_in_block(std::size_t block, std::size_t offset, Visit&& visit) const {
        count_steps(block_size);
        std::uint64_t word = first_in(block);
        visit(word);
        ByteReader reader(packed_.subspan(offset));
        const std::size_t differences = count_in(block) - 1;
        const auto step = [&](std::uint64_t difference) {
            const std::uint64_t next = word + difference + 1; // no two are equal
            if (next <= word) damaged("a dictionary in it is out of order");
            word = next;
            visit(word);
        };
        if (widths_[block] == whole_width) {
            for (std::size_t i = 0; i < differences; ++i) step(reader.u64());
        } else {
            const BitArray packed = BitArray::read(reader, differences, widths_[block]);
            for (std::size_t i = 0; i < differences; ++i) step(packed[i]);
        }
    }

    std::size_t size_ = 0;
    ByteSpan widths_;
    ByteSpan firsts_;
    ByteSpan packed_; // and all that follows, which BitArray may look at
};

} // namespace active_calls
