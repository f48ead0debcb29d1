// An IPv4 or IPv6 address as a value: equal when it is the same address, however it was spelled.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace active_calls {

class Address {
public:
    enum class Family : std::uint8_t { v4, v6 };

    // `bytes` in network order: 4 for v4, 16 for v6.
    Address(Family family, std::span<const std::uint8_t> bytes);

    // Parses text as inet_pton(3) takes it: no netmask, no zone. Returns nothing if it is no
    // address.
    static std::optional<Address> parse(std::string_view text);

    Family family() const { return family_; }
    std::span<const std::uint8_t> bytes() const { return {bytes_.data(), size(family_)}; }
    static constexpr std::size_t size(Family family) { return family == Family::v4 ? 4 : 16; }

    // An IPv4-mapped IPv6 address is an IPv6 address: it equals no IPv4 one.
    bool operator==(const Address&) const = default;

private:
    Family family_;
    std::array<std::uint8_t, 16> bytes_{}; // unused ones stay 0, so that == compares addresses
};

// A value of PostgreSQL's type inet: an address, and how many of its leading bits name the network,
// which for a single host is all of them.
struct Inet {
    Address address;
    std::uint8_t netmask;

    static Inet host(const Address& address) {
        return {address, static_cast<std::uint8_t>(8 * address.bytes().size())};
    }
    bool operator==(const Inet&) const = default;
};

} // namespace active_calls
