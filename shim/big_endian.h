// Integers in PostgreSQL's binary format.
#pragma once

#include <string>
#include <type_traits>

namespace active_calls::shim {

template<typename Integer>
void append_big_endian(std::string& bytes, Integer number) {
    for (int shift = static_cast<int>(sizeof number) * 8 - 8; shift >= 0; shift -= 8)
        bytes += static_cast<char>(number >> shift);
}

/// Reads as many bytes as the type has.
template<typename Integer>
Integer from_big_endian(const char* bytes) {
    std::make_unsigned_t<Integer> number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i)
        number = number << 8 | static_cast<unsigned char>(bytes[i]);
    return static_cast<Integer>(number);
}

} // namespace active_calls::shim
