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

// An inet of the 4 or 16 bytes of a host's address, in network order.
std::string inet_to_binary(std::span<const unsigned char> address);

// An int4[], a text[].
std::string array_to_binary(const std::vector<std::int32_t>& numbers);
std::string array_to_binary(const std::vector<std::string>& texts);

} // namespace active_calls::shim
