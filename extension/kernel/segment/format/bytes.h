// The bytes of a segment, written and read front to back. Whatever is read may be damaged: a reader
// checks every length before it uses it, and throws Error (corrupted_data).
#pragma once

#include "../../error.h"
#include "../../interrupts.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <span>
#include <string_view>
#include <vector>

namespace active_calls {

using Bytes = std::pmr::vector<std::uint8_t>;
using ByteSpan = std::span<const std::uint8_t>;

[[noreturn]] inline void damaged(const char* what) { throw Error(ErrorKind::corrupted_data, what); }

// Numbers of a fixed size are little-endian, whatever the machine.
constexpr std::uint64_t little_endian(std::uint64_t value) {
    if constexpr (std::endian::native == std::endian::big) value = __builtin_bswap64(value);
    return value;
}

inline std::uint64_t load_u64(const std::uint8_t* bytes) {
    std::uint64_t value = 0;
    std::memcpy(&value, bytes, sizeof value);
    return little_endian(value);
}

class ByteWriter {
public:
    explicit ByteWriter(std::pmr::memory_resource* memory)
        : bytes_(memory) {}

    void u8(std::uint8_t value) {
        make_room(1);
        bytes_.push_back(value);
    }
    void u64(std::uint64_t value);
    // Seven bits a byte, the lowest first; the top bit says that more follow.
    void varint(std::uint64_t value);
    // Small for numbers near 0 of either sign.
    void signed_varint(std::int64_t value);
    void bytes(ByteSpan bytes) {
        make_room(bytes.size());
        append(bytes, bytes_);
    }
    void text(std::string_view text) {
        bytes({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    }

    ByteSpan written() const { return bytes_; }
    Bytes take() { return std::move(bytes_); }

private:
    // A vector with an allocator copies byte by byte, also where it grows by itself.
    static void append(ByteSpan bytes, Bytes& to) {
        in_pieces(bytes.size(), [&](std::size_t begin, std::size_t size) {
            const ByteSpan piece = bytes.subspan(begin, size);
            to.insert(to.end(), piece.begin(), piece.end());
        });
    }
    void make_room(std::size_t size) {
        if (bytes_.capacity() - bytes_.size() < size) grow(size);
    }
    void grow(std::size_t size);

    Bytes bytes_;
};

class ByteReader {
public:
    explicit ByteReader(ByteSpan bytes)
        : rest_(bytes) {}

    std::uint8_t u8() { return bytes(1)[0]; }
    std::uint64_t u64() { return load_u64(bytes(sizeof(std::uint64_t)).data()); }
    std::uint64_t varint();
    std::int64_t signed_varint();
    // A varint that counts something: more than `limit` is damage.
    std::size_t count(std::size_t limit);
    ByteSpan bytes(std::size_t size) {
        if (size > rest_.size()) damaged("it ends too early");
        const ByteSpan taken = rest_.first(size);
        rest_ = rest_.subspan(size);
        return taken;
    }
    std::string_view text(std::size_t size) {
        const ByteSpan taken = bytes(size);
        return {reinterpret_cast<const char*>(taken.data()), taken.size()};
    }
    // What was not read yet.
    ByteSpan rest() const { return rest_; }
    void expect_end() const {
        if (!rest_.empty()) damaged("it is longer than its content");
    }

private:
    ByteSpan rest_;
};

} // namespace active_calls
