#include "sorted_words.h"

#include <array>

namespace active_calls {

void SortedWords::write(ByteWriter& writer, std::span<const std::uint64_t> words) {
    std::vector<std::uint8_t> widths;
    ByteWriter packed(std::pmr::get_default_resource());
    for (std::size_t begin = 0; begin < words.size(); begin += block_size) {
        count_steps(block_size);
        std::array<std::uint64_t, block_size> differences{};
        const std::size_t count = std::min(block_size, words.size() - begin) - 1;
        std::uint64_t widest = 0;
        for (std::size_t i = 0; i < count; ++i) {
            differences[i] = words[begin + i + 1] - words[begin + i] - 1;
            widest |= differences[i];
        }
        unsigned width = static_cast<unsigned>(std::bit_width(widest));
        if (width > BitArray::max_width) width = whole_width;
        widths.push_back(static_cast<std::uint8_t>(width));
        const std::span<const std::uint64_t> used(differences.data(), count);
        if (width == whole_width)
            for (const std::uint64_t difference : used) packed.u64(difference);
        else
            BitArray::write(packed, used, width);
    }
    writer.bytes(widths);
    for (std::size_t begin = 0; begin < words.size(); begin += block_size) writer.u64(words[begin]);
    writer.bytes(packed.written());
}

SortedWords SortedWords::read(ByteReader& reader, std::size_t size) {
    SortedWords words;
    words.size_ = size;
    const std::size_t blocks = (size + block_size - 1) / block_size;
    words.widths_ = reader.bytes(blocks);
    words.firsts_ = reader.bytes(blocks * sizeof(std::uint64_t));
    words.packed_ = reader.rest();
    std::size_t bytes = 0;
    for (std::size_t block = 0; block < blocks; ++block) {
        if (words.widths_[block] > BitArray::max_width && words.widths_[block] != whole_width)
            damaged("a bit width in it is larger than it can be");
        if (block > 0 && words.first_in(block) <= words.first_in(block - 1))
            damaged("a dictionary in it is out of order");
        bytes += words.packed_bytes(block);
    }
    reader.bytes(bytes);
    return words;
}

} // namespace active_calls
