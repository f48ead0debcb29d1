#include "bytes.h"

#include <algorithm>

namespace active_calls {

void ByteWriter::grow(std::size_t size) {
    Bytes grown(bytes_.get_allocator());
    grown.reserve(std::max(2 * bytes_.capacity(), bytes_.size() + size));
    append(bytes_, grown);
    bytes_ = std::move(grown);
}

void ByteWriter::u64(std::uint64_t value) {
    value = little_endian(value);
    std::uint8_t plain[sizeof value];
    std::memcpy(plain, &value, sizeof value);
    bytes(plain);
}

void ByteWriter::varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) u8(static_cast<std::uint8_t>(value | 0x80));
    u8(static_cast<std::uint8_t>(value));
}

void ByteWriter::signed_varint(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    varint((bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

std::uint64_t ByteReader::varint() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        const std::uint8_t byte = u8();
        value |= std::uint64_t{byte & 0x7FU} << shift;
        if ((byte & 0x80) == 0) return value;
    }
    damaged("a number in it does not end");
}

std::int64_t ByteReader::signed_varint() {
    const std::uint64_t bits = varint();
    return static_cast<std::int64_t>((bits >> 1) ^ ((bits & 1) != 0 ? ~std::uint64_t{0} : 0));
}

std::size_t ByteReader::count(std::size_t limit) {
    const std::uint64_t value = varint();
    if (value > limit) damaged("a count in it is larger than it can be");
    return value;
}

} // namespace active_calls
