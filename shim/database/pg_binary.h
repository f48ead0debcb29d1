// PostgreSQL's binary format of values.
#pragma once

#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace active_calls::shim {

// Object ids of PostgreSQL's built-in types (pg_type.dat); they never change.
inline constexpr Oid bool_oid = 16;
inline constexpr Oid bytea_oid = 17;
inline constexpr Oid int8_oid = 20;
inline constexpr Oid int4_oid = 23;
inline constexpr Oid text_oid = 25;
inline constexpr Oid float8_oid = 701;
inline constexpr Oid inet_oid = 869;
inline constexpr Oid int4_array_oid = 1007;
inline constexpr Oid text_array_oid = 1009;
inline constexpr Oid timestamptz_oid = 1184;
inline constexpr Oid uuid_oid = 2950;

// A timestamptz is in microseconds since then.
inline constexpr std::chrono::sys_time<std::chrono::microseconds> postgres_epoch =
    std::chrono::sys_days{std::chrono::year{2000} / 1 / 1};

[[noreturn]] void refuse_array();

template<typename Integer>
std::string to_big_endian(Integer number) {
    std::string bytes;
    for (int shift = static_cast<int>(sizeof number) * 8 - 8; shift >= 0; shift -= 8)
        bytes += static_cast<char>(number >> shift);
    return bytes;
}

// Reads as many bytes as the type has.
template<typename Integer>
Integer from_big_endian(const char* bytes) {
    std::make_unsigned_t<Integer> number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i)
        number = number << 8 | static_cast<unsigned char>(bytes[i]);
    return static_cast<Integer>(number);
}

// The time of the timestamptz that begins there.
inline std::chrono::sys_time<std::chrono::microseconds> time_from_binary(const char* bytes) {
    return postgres_epoch + std::chrono::microseconds{from_big_endian<std::int64_t>(bytes)};
}

// The elements of an array of integers without nulls, of one dimension, in the first row of a
// result, which must outlive it. Throws std::runtime_error for bytes that are none.
template<typename Integer>
class BinaryArray {
public:
    BinaryArray(const PGresult* result, int column)
        : elements_(PQgetvalue(result, 0, column)) {
        const auto bytes = static_cast<std::size_t>(PQgetlength(result, 0, column));
        if (bytes < header_of_none) refuse_array();
        if (from_big_endian<std::int32_t>(elements_) == 0) return; // no dimension
        if (bytes < header) refuse_array();
        size_ = from_big_endian<std::uint32_t>(elements_ + header_of_none);
        if (bytes != header + size_ * element) refuse_array();
        elements_ += header;
    }

    std::size_t size() const { return size_; }
    Integer operator[](std::size_t i) const {
        return from_big_endian<Integer>(elements_ + i * element + length);
    }

private:
    // The number of dimensions, whether there are nulls, the type; then the size and where it
    // begins. Before each element its length.
    static constexpr std::size_t header_of_none = 12, header = 20, length = 4;
    static constexpr std::size_t element = length + sizeof(Integer);

    const char* elements_;
    std::size_t size_ = 0;
};

// An inet of the 4 or 16 bytes of a host's address, in network order.
std::string inet_to_binary(std::span<const unsigned char> address);

// An int4[], a text[].
std::string array_to_binary(const std::vector<std::int32_t>& numbers);
std::string array_to_binary(const std::vector<std::string>& texts);

} // namespace active_calls::shim
