#include "pg_binary.h"

#include <stdexcept>

namespace active_calls::shim {

namespace {

// An array begins with its number of dimensions, whether it has NULLs, and the type of its
// elements, then the size and the lower bound of the dimension. An empty array has no dimension.
// The elements follow, each with its size.
std::string array_head(std::size_t size, Oid element_type) {
    std::string bytes;
    bytes += to_big_endian(std::int32_t{size == 0 ? 0 : 1});
    bytes += to_big_endian(std::int32_t{0});
    bytes += to_big_endian(static_cast<std::int32_t>(element_type));
    if (size == 0) return bytes;
    bytes += to_big_endian(static_cast<std::int32_t>(size));
    bytes += to_big_endian(std::int32_t{1});
    return bytes;
}

} // namespace

// Family, bits of the netmask (all: a host), is a cidr, size, address.
void refuse_array() { throw std::runtime_error("the database has sent no array of integers"); }

std::string inet_to_binary(std::span<const unsigned char> address) {
    constexpr char ipv4_family = 2;
    constexpr char ipv6_family = 3;
    const auto size = static_cast<char>(address.size());
    std::string bytes{size == 4 ? ipv4_family : ipv6_family, static_cast<char>(size * 8), 0, size};
    bytes.append(address.begin(), address.end());
    return bytes;
}

std::string array_to_binary(const std::vector<std::int32_t>& numbers) {
    std::string bytes = array_head(numbers.size(), int4_oid);
    for (const auto number : numbers) {
        bytes += to_big_endian(std::int32_t{sizeof number});
        bytes += to_big_endian(number);
    }
    return bytes;
}

std::string array_to_binary(const std::vector<std::string>& texts) {
    std::string bytes = array_head(texts.size(), text_oid);
    for (const auto& text : texts) {
        bytes += to_big_endian(static_cast<std::int32_t>(text.size()));
        bytes += text;
    }
    return bytes;
}

} // namespace active_calls::shim
