#include "address.h"

#include <algorithm>
#include <arpa/inet.h>

namespace active_calls {

Address::Address(Family family, std::span<const std::uint8_t> bytes)
    : family_(family) {
    std::copy_n(bytes.begin(), size(family), bytes_.begin());
}

std::optional<Address> Address::parse(std::string_view text) {
    // inet_pton() wants a terminated string; no address is longer than INET6_ADDRSTRLEN.
    std::array<char, INET6_ADDRSTRLEN> terminated{};
    if (text.size() >= terminated.size() || text.find('\0') != text.npos) return std::nullopt;
    std::ranges::copy(text, terminated.begin());

    std::array<std::uint8_t, 16> bytes{};
    if (inet_pton(AF_INET, terminated.data(), bytes.data()) == 1) return Address(Family::v4, bytes);
    if (inet_pton(AF_INET6, terminated.data(), bytes.data()) == 1)
        return Address(Family::v6, bytes);
    return std::nullopt;
}

} // namespace active_calls
