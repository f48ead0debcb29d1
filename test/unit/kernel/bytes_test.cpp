// The bytes of segments: numbers as they are written, and what a reader refuses.
#include "segment/format/bytes.h"

#include <gtest/gtest.h>

#include <limits>

namespace active_calls {
namespace {

using Bits = std::numeric_limits<std::uint64_t>;
using Signed = std::numeric_limits<std::int64_t>;

template<class Write>
Bytes written(Write&& write) {
    ByteWriter writer(std::pmr::get_default_resource());
    write(writer);
    return writer.take();
}

TEST(Bytes, HoldNumbersLowestByteFirst) {
    const Bytes bytes = written([](ByteWriter& writer) {
        writer.u8(0xAB);
        writer.u64(0x0102030405060708);
    });
    EXPECT_EQ(bytes, (Bytes{0xAB, 8, 7, 6, 5, 4, 3, 2, 1}));
    ByteReader reader(bytes);
    EXPECT_EQ(reader.u8(), 0xAB);
    EXPECT_EQ(reader.u64(), 0x0102030405060708U);
    reader.expect_end();
}

TEST(Bytes, HoldSmallNumbersInFewBytes) {
    const auto size_of = [](std::uint64_t value) {
        return written([&](ByteWriter& writer) { writer.varint(value); }).size();
    };
    EXPECT_EQ(size_of(0), 1U);
    EXPECT_EQ(size_of(127), 1U);
    EXPECT_EQ(size_of(128), 2U);
    EXPECT_EQ(size_of(Bits::max()), 10U);
    const auto signed_size_of = [](std::int64_t value) {
        return written([&](ByteWriter& writer) { writer.signed_varint(value); }).size();
    };
    EXPECT_EQ(signed_size_of(-64), 1U);
    EXPECT_EQ(signed_size_of(63), 1U);
    EXPECT_EQ(signed_size_of(64), 2U);
}

TEST(Bytes, GiveBackEveryNumber) {
    for (unsigned shift = 0; shift < 64; ++shift) {
        for (const std::uint64_t near : {-1, 0, 1}) {
            const std::uint64_t value = (std::uint64_t{1} << shift) + near;
            const Bytes bytes = written([&](ByteWriter& writer) {
                writer.varint(value);
                writer.signed_varint(static_cast<std::int64_t>(value));
                writer.signed_varint(static_cast<std::int64_t>(~value));
            });
            ByteReader reader(bytes);
            EXPECT_EQ(reader.varint(), value);
            EXPECT_EQ(reader.signed_varint(), static_cast<std::int64_t>(value));
            EXPECT_EQ(reader.signed_varint(), static_cast<std::int64_t>(~value));
            reader.expect_end();
        }
    }
}

TEST(Bytes, EndWhereTheyEnd) {
    const Bytes bytes{1, 2, 3};
    EXPECT_THROW(ByteReader(bytes).u64(), Error);
    EXPECT_THROW(ByteReader(bytes).bytes(4), Error);
    EXPECT_THROW(ByteReader(bytes).text(Bits::max()), Error);
    EXPECT_THROW(ByteReader(bytes).expect_end(), Error);
    ByteReader reader(bytes);
    EXPECT_EQ(reader.text(3), "\1\2\3");
    EXPECT_THROW(reader.u8(), Error);
    EXPECT_NO_THROW(reader.expect_end());
}

TEST(Bytes, RefuseANumberThatDoesNotEnd) {
    EXPECT_THROW(ByteReader(Bytes(9, 0xFF)).varint(), Error);
    EXPECT_THROW(ByteReader(Bytes(11, 0xFF)).varint(), Error);
}

TEST(Bytes, RefuseACountAboveItsLimit) {
    const Bytes bytes{5};
    EXPECT_EQ(ByteReader(bytes).count(5), 5U);
    EXPECT_THROW(ByteReader(bytes).count(4), Error);
}

TEST(Bytes, AreCorruptedData) {
    try {
        ByteReader(ByteSpan{}).u8();
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::corrupted_data);
    }
}

} // namespace
} // namespace active_calls
