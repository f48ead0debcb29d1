#include "sorted_words.h"

#include <array>

namespace active_calls {

void SortedWords::write(ByteWriter& writer, std::span<const std::uint64_t> words) {
    for (std::size_t begin = 0; begin < words.size(); begin += block) {
        std::array<std::uint64_t, block> differences{};
        const std::size_t count = std::min(block, words.size() - begin);
        std::uint64_t widest = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t at = begin + i;
            // No two are equal, so a difference of 1 is stored as 0.
            differences[i] = at == 0 ? words[0] : words[at] - words[at - 1] - 1;
            widest |= differences[i];
        }
        const unsigned width = static_cast<unsigned>(std::bit_width(widest));
        const std::span<const std::uint64_t> used(differences.data(), count);
        writer.u8(static_cast<std::uint8_t>(width));
        if (width <= BitArray::max_width)
            BitArray::write(writer, used, width);
        else
            for (const std::uint64_t difference : used) writer.u64(difference);
    }
}

} // namespace active_calls
