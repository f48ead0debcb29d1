// Ascending numbers as their differences.
#include "segment/format/sorted_words.h"

#include "random_calls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

namespace active_calls {
namespace {

using Words = std::vector<std::uint64_t>;

constexpr std::uint64_t highest = ~std::uint64_t{0};

Bytes written(const Words& words) {
    ByteWriter writer(std::pmr::get_default_resource());
    SortedWords::write(writer, words);
    return writer.take();
}

Words read(Bytes bytes, std::size_t size) {
    bytes.resize(bytes.size() + bit_array_padding);
    ByteReader reader(bytes);
    Words words;
    SortedWords::read(reader, size).each([&](std::uint64_t word) { words.push_back(word); });
    EXPECT_EQ(reader.rest().size(), bit_array_padding);
    return words;
}

void expect_back(const Words& words) { EXPECT_EQ(read(written(words), words.size()), words); }

TEST(SortedWords, GiveBackWhatWentIn) {
    expect_back({});
    expect_back({0});
    expect_back({highest});
    expect_back({0, highest});
    expect_back({0, 1, 2, highest - 1, highest});
    expect_back({std::uint64_t{1} << 57, std::uint64_t{1} << 58});
}

TEST(SortedWords, GiveBackManyOfEveryWidth) {
    std::mt19937_64 random(1);
    for (unsigned width = 1; width <= 64; ++width)
        for (const std::size_t size : {1, 63, 64, 65, 1000}) {
            std::set<std::uint64_t> words;
            while (words.size() < std::min<std::uint64_t>(size, BitArray::mask_of(width)))
                words.insert(random() & BitArray::mask_of(width));
            expect_back({words.begin(), words.end()});
        }
}

TEST(SortedWords, FindHowManyAreBefore) {
    RandomChoices choices(1);
    for (const std::size_t size : {0, 1, 64, 65, 300}) {
        std::set<std::uint64_t> distinct;
        while (distinct.size() < size) distinct.insert(3 * choices.below(2000));
        const Words words(distinct.begin(), distinct.end());
        Bytes bytes = written(words);
        bytes.resize(bytes.size() + bit_array_padding);
        ByteReader reader(bytes);
        const SortedWords stored = SortedWords::read(reader, size);
        EXPECT_EQ(stored.size(), size);
        for (std::uint64_t asked = 0; asked < 6010; ++asked)
            ASSERT_EQ(stored.count_before(asked),
                      std::ranges::lower_bound(words, asked) - words.begin())
                << asked << " among " << size;
        EXPECT_EQ(stored.count_before(highest), size);
    }
}

// The numbers of countries far from each other: a wide gap costs its own block alone.
TEST(SortedWords, TakeFewBitsWhereTheyAreDense) {
    Words words;
    for (std::uint64_t country = 1; country <= 10; ++country)
        for (std::uint64_t i = 0; i < 650; ++i) words.push_back((country << 40) + 8 * i);
    // A block has its width and its first number. Of about a hundred, ten hold a gap of 40 bits
    // each, the others differences of 3 bits.
    EXPECT_LE(written(words).size(), 918 + words.size() * (9 * 3 + 40) / 10 / 8);
    Words neighbours(6400);
    for (std::uint64_t i = 0; i < neighbours.size(); ++i) neighbours[i] = i;
    EXPECT_EQ(written(neighbours).size(), 900U);
}

// Two blocks, one of 64 and one of two numbers. The differences of the first are 0.
Bytes two_blocks(std::uint64_t first, std::uint64_t second, std::uint64_t difference) {
    ByteWriter writer(std::pmr::get_default_resource());
    writer.u8(0);
    writer.u8(64);
    writer.u64(first);
    writer.u64(second);
    writer.u64(difference);
    return writer.take();
}

TEST(SortedWords, RefuseNumbersThatDoNotAscend) {
    EXPECT_EQ(read(two_blocks(5, 100, highest - 101), 66).back(), highest);
    EXPECT_THROW(read(two_blocks(5, 100, highest - 100), 66), Error); // 0
    EXPECT_THROW(read(two_blocks(5, 100, highest), 66), Error);       // 100 again
    EXPECT_THROW(read(two_blocks(5, 5, 0), 66), Error);
    EXPECT_THROW(read(two_blocks(5, 4, 0), 66), Error);
}

TEST(SortedWords, RefuseAWidthThatCannotBe) {
    for (unsigned width = 0; width < 256; ++width) {
        ByteWriter writer(std::pmr::get_default_resource());
        writer.u8(static_cast<std::uint8_t>(width));
        writer.u64(5);
        writer.bytes(Bytes((width + 7) / 8));
        if (width <= BitArray::max_width || width == 64)
            EXPECT_EQ(read(writer.take(), 2), (Words{5, 6})) << width;
        else
            EXPECT_THROW(read(writer.take(), 2), Error) << width;
    }
}

TEST(SortedWords, RefuseBytesThatEndTooEarly) {
    const Words words{3, 100, 1000};
    const Bytes bytes = written(words);
    for (std::size_t size = 0; size < bytes.size() + bit_array_padding; ++size) {
        Bytes cut = bytes;
        cut.resize(size);
        ByteReader reader(cut);
        EXPECT_THROW(SortedWords::read(reader, words.size()).each([](std::uint64_t) {}), Error)
            << size;
    }
}

} // namespace
} // namespace active_calls
