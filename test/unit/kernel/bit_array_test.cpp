// Numbers of one width without gaps between them.
#include "segment/format/bit_array.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace active_calls {
namespace {

std::vector<std::uint64_t> random_values(std::size_t size, unsigned width) {
    std::mt19937_64 random(width);
    std::vector<std::uint64_t> values(size);
    for (std::uint64_t& value : values) value = random() & BitArray::mask_of(width);
    if (size > 0) values.back() = BitArray::mask_of(width);
    return values;
}

// An array in bytes of its own, with the padding that it needs and nothing after it: a sanitizer
// sees an access beyond it.
class StoredArray {
public:
    StoredArray(const std::vector<std::uint64_t>& values, unsigned width) {
        ByteWriter writer(std::pmr::get_default_resource());
        BitArray::write<std::uint64_t>(writer, values, width);
        bytes_of_values = writer.written().size();
        writer.bytes(Bytes(bit_array_padding, 0xFF));
        bytes_ = writer.take();
        bytes_.shrink_to_fit();
        ByteReader reader(bytes_);
        array = BitArray::read(reader, values.size(), width);
    }
    BitArray array;
    std::size_t bytes_of_values;

private:
    Bytes bytes_;
};

TEST(BitArray, HoldsEveryWidth) {
    for (unsigned width = 0; width <= BitArray::max_width; ++width) {
        for (const std::size_t size : {0, 1, 7, 8, 9, 1000}) {
            const auto values = random_values(size, width);
            const StoredArray stored(values, width);
            EXPECT_EQ(stored.array.size(), size);
            EXPECT_EQ(stored.array.width(), width);
            EXPECT_EQ(stored.bytes_of_values, (size * width + 7) / 8);
            for (std::size_t i = 0; i < size; ++i)
                ASSERT_EQ(stored.array[i], values[i]) << "width " << width << ", element " << i;
        }
    }
}

// Positions by less than eight are gathered one by one, more of them by eights where the processor
// can.
TEST(BitArray, GathersInEitherWayWhatIsThere) {
    constexpr std::size_t size = 5000;
    std::mt19937 random(1);
    for (unsigned width = 0; width <= BitArray::max_gathered_width; ++width) {
        const StoredArray stored(random_values(size, width), width);
        for (const std::uint32_t step : {1, 2, 700}) {
            std::vector<std::uint32_t> positions;
            for (std::uint32_t i = 0; i < size; i += 1 + random() % step) positions.push_back(i);
            if (positions.back() != size - 1) positions.push_back(size - 1);

            // Counted from a first one, those that are at least that far on.
            const std::uint32_t first = step == 2 ? 1000 : 0;
            if (first > 0)
                positions.erase(positions.begin(), std::ranges::lower_bound(positions, first));
            std::vector<std::uint32_t> counted = positions;
            for (std::uint32_t& position : counted) position -= first;

            std::vector<std::uint32_t> together(counted.size());
            stored.array.gather(counted, together.data(), first);
            std::vector<std::uint32_t> one_by_one(counted.size());
            for (std::size_t i = 0; i < counted.size(); ++i)
                stored.array.gather(std::span(counted).subspan(i, 1), &one_by_one[i], first);

            for (std::size_t i = 0; i < positions.size(); ++i) {
                ASSERT_EQ(together[i], stored.array[positions[i]]) << "width " << width;
                ASSERT_EQ(one_by_one[i], stored.array[positions[i]]) << "width " << width;
            }
        }
    }
}

TEST(BitArray, GathersNothingBesidesWhatWasAskedFor) {
    const StoredArray stored(random_values(100, 7), 7);
    const std::vector<std::uint32_t> positions{1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21};
    std::vector<std::uint32_t> elements(positions.size() + 1, 4711);
    stored.array.gather(positions, elements.data());
    EXPECT_EQ(elements.back(), 4711U);
    stored.array.gather({}, elements.data());
    EXPECT_EQ(elements.front(), stored.array[1]);
}

TEST(BitArray, RefusesWhatIsNone) {
    const Bytes bytes(8 + bit_array_padding);
    const auto read = [&](std::size_t size_of_bytes, std::size_t size, unsigned width) {
        ByteReader reader(ByteSpan(bytes).first(size_of_bytes));
        BitArray::read(reader, size, width);
    };
    EXPECT_NO_THROW(read(7 + bit_array_padding, 1, 56));
    EXPECT_THROW(read(7 + bit_array_padding, 1, 57), Error);
    EXPECT_NO_THROW(read(8 + bit_array_padding, 1, 57));
    EXPECT_THROW(read(8 + bit_array_padding, 1, 58), Error); // the width
    EXPECT_THROW(read(8 + bit_array_padding, 1, 255), Error);
}

// An element at the end is loaded together with bytes behind it.
TEST(BitArray, RefusesAnArrayWithoutPadding) {
    for (std::size_t padding = 0; padding <= bit_array_padding; ++padding) {
        const Bytes bytes(1 + padding);
        ByteReader reader(bytes);
        if (padding < bit_array_padding)
            EXPECT_THROW(BitArray::read(reader, 8, 1), Error);
        else
            EXPECT_NO_THROW(BitArray::read(reader, 8, 1));
    }
}

} // namespace
} // namespace active_calls
