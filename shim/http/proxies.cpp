#include "proxies.h"

#include "text.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace active_calls::shim::http {

namespace {

constexpr std::size_t address_bits = 128;

std::optional<Network> parse_address(std::string_view text) {
    const std::string spelling(text);
    Network host{{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, address_bits};
    const bool is_address = inet_pton(AF_INET, spelling.c_str(), &host.address[12]) == 1 ||
                            inet_pton(AF_INET6, spelling.c_str(), host.address.data()) == 1;
    return is_address ? std::optional(host) : std::nullopt;
}

bool holds(const Network& network, const Network& host) {
    for (std::size_t bit = 0; bit < network.bits; ++bit) {
        const int difference = network.address[bit / 8] ^ host.address[bit / 8];
        if ((difference << bit % 8 & 0x80) != 0) return false;
    }
    return true;
}

} // namespace

std::optional<Network> parse_network(std::string_view text) {
    const auto slash = text.find('/');
    auto network = parse_address(text.substr(0, slash));
    if (!network || slash == std::string_view::npos) return network;
    const std::size_t most = text.find(':') == std::string_view::npos ? 32 : address_bits;
    std::size_t bits = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped_at, error] = std::from_chars(text.data() + slash + 1, end, bits);
    if (error != std::errc{} || stopped_at != end || bits > most) return std::nullopt;
    network->bits = address_bits - most + bits;
    return network;
}

bool TrustedProxies::trusts(std::string_view address) const {
    const auto host = parse_address(address);
    return host && std::ranges::any_of(
                       networks_, [&](const Network& network) { return holds(network, *host); });
}

std::string TrustedProxies::client_of(const std::string& peer, const Fields& fields) const {
    if (networks_.empty()) return peer;
    std::vector<std::string_view> chain;
    for (const Field& field : fields)
        if (equal_ignoring_case(field.name, "X-Forwarded-For"))
            for (const auto address : split_list(field.value, ',')) chain.push_back(address);
    std::string_view client = peer;
    while (trusts(client) && !chain.empty() && parse_address(chain.back())) {
        client = chain.back();
        chain.pop_back();
    }
    return std::string(client);
}

} // namespace active_calls::shim::http
