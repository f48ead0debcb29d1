// Integers that are mostly close together, and those that are not.
#include "segment/format/packed_integers.h"

#include <gtest/gtest.h>

#include <random>

namespace active_calls {
namespace {

using Limits = std::numeric_limits<std::int64_t>;

class StoredIntegers {
public:
    explicit StoredIntegers(const std::vector<std::int64_t>& values) {
        ByteWriter writer(std::pmr::get_default_resource());
        PackedIntegers::write(writer, values);
        size_of_values = writer.written().size();
        writer.bytes(Bytes(bit_array_padding));
        bytes_ = writer.take();
        bytes_.shrink_to_fit();
        ByteReader reader(bytes_);
        integers = PackedIntegers::read(reader, values.size());
        EXPECT_EQ(reader.rest().size(), bit_array_padding);
    }
    PackedIntegers integers;
    std::size_t size_of_values;

private:
    Bytes bytes_;
};

void expect_back(const std::vector<std::int64_t>& values) {
    const StoredIntegers stored(values);
    ASSERT_EQ(stored.integers.size(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i)
        ASSERT_EQ(stored.integers[i], values[i]) << "element " << i << " of " << values.size();

    // Gathered: all, and every few of them.
    std::mt19937 random(1);
    for (const std::uint32_t step : {1, 2, 50}) {
        std::vector<std::uint32_t> positions;
        for (std::uint32_t i = random() % step; i < values.size(); i += 1 + random() % step)
            positions.push_back(i);
        std::vector<std::uint32_t> gathered(positions.size());
        stored.integers.gather(positions, gathered.data());
        for (std::size_t i = 0; i < positions.size(); ++i)
            ASSERT_EQ(gathered[i], static_cast<std::uint32_t>(values[positions[i]]))
                << "position " << positions[i];
    }

    // Bounds may be wider than need be, but no integer lies outside.
    for (const std::int64_t limit : {0L, 100L, 1L << 21, 1L << 40}) {
        if (!stored.integers.within(-limit, limit)) continue;
        for (const std::int64_t value : values) ASSERT_LE(std::abs(value), limit);
    }
}

// `size` integers from `base` on, of so many bits, some of them anything.
std::vector<std::int64_t> random_values(std::size_t size, std::int64_t base, unsigned width,
                                        std::size_t outliers) {
    std::mt19937_64 random(size + width + outliers);
    std::vector<std::int64_t> values;
    while (values.size() < size)
        values.push_back(base + static_cast<std::int64_t>(random() & BitArray::mask_of(width)));
    for (; outliers > 0; --outliers) values[random() % size] = static_cast<std::int64_t>(random());
    return values;
}

TEST(PackedIntegers, GiveBackWhatWentIn) {
    for (const std::size_t size : {1, 9, 100, 3000})
        for (const std::int64_t base : {std::int64_t{0}, std::int64_t{-1'000'000}, Limits::min()})
            for (const unsigned width : {0, 1, 3, 24, 25, 26, 40, 57, 62})
                for (const std::size_t outliers : {0, 1, 20})
                    expect_back(random_values(size, base, width, outliers));
}

TEST(PackedIntegers, TellWhenTheyAreSmall) {
    const std::vector<std::int64_t> small{-3, 0, 5, 60};
    EXPECT_TRUE(StoredIntegers(small).integers.within(-1000, 1000));
    const std::vector<std::int64_t> large{-3, 0, 5, 60, 1 << 30};
    EXPECT_FALSE(StoredIntegers(large).integers.within(-1000, 1000));
}

TEST(PackedIntegers, ReachFromEndToEnd) {
    expect_back({});
    expect_back({Limits::min()});
    expect_back({Limits::min(), Limits::max()});
    expect_back({Limits::max(), -1, 0, 1, Limits::min()});
    std::vector<std::int64_t> powers;
    for (unsigned shift = 0; shift < 63; ++shift)
        for (const std::int64_t near : {-1, 0, 1}) {
            powers.push_back((std::int64_t{1} << shift) + near);
            powers.push_back(-powers.back());
        }
    expect_back(powers);
}

// The offset that stands for "aside" is one that is not used.
TEST(PackedIntegers, TellTheLargestOffsetFromAnEscape) {
    for (unsigned width = 1; width < 10; ++width) {
        std::vector<std::int64_t> values;
        for (std::int64_t i = 0; i < std::int64_t{1} << width; ++i) values.push_back(i);
        expect_back(values);
        values.resize(1000, 0);
        values.push_back(1'000'000);
        expect_back(values);
    }
}

TEST(PackedIntegers, TakeTheBitsThatMostOfThemNeed) {
    constexpr std::size_t size = 8000;
    // A base, a width and a count take 3 bytes and more.
    EXPECT_LE(StoredIntegers(std::vector<std::int64_t>(size, 60)).size_of_values, 4U);
    EXPECT_LE(StoredIntegers(random_values(size, 1'000'000, 3, 0)).size_of_values,
              size * 3 / 8 + 8);
    // Ten that would need 64 bits each take 16 bytes each; the others, which now leave an offset
    // free for them, four bits.
    EXPECT_LE(StoredIntegers(random_values(size, 1'000'000, 3, 10)).size_of_values,
              size * 4 / 8 + 10 * 16UL + 16);
}

// What a writer makes, with other bytes in it.
PackedIntegers read(const std::vector<std::uint8_t>& bytes, std::size_t size) {
    ByteReader reader(bytes);
    return PackedIntegers::read(reader, size);
}

TEST(PackedIntegers, RefuseWhatIsDamaged) {
    const auto bytes = [](std::vector<std::uint8_t> bytes) {
        bytes.resize(bytes.size() + bit_array_padding);
        return bytes;
    };
    // base 0, width 1, one aside: the second, which is 5
    const std::vector<std::uint8_t> good =
        bytes({0, 1, 1, 0b10, 1, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0});
    EXPECT_EQ(read(good, 2)[0], 0);
    EXPECT_EQ(read(good, 2)[1], 5);

    auto other = good;
    other[4] = 0; // the first stands aside, not the second
    const PackedIntegers misplaced = read(other, 2);
    EXPECT_THROW(misplaced[1], Error);
    other[4] = 2;
    const PackedIntegers beyond = read(other, 2);
    EXPECT_THROW(beyond[1], Error);

    other = good;
    other[2] = 3; // more aside than there are integers
    EXPECT_THROW(read(other, 2), Error);
    other = good;
    other[1] = 58;
    EXPECT_THROW(read(other, 2), Error);
    other = good;
    other.resize(5);
    EXPECT_THROW(read(other, 2), Error);
}

} // namespace
} // namespace active_calls
