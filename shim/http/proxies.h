// Proxies in front of the server, and the clients behind them.
#pragma once

#include "message.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace active_calls::shim::http {

// All addresses that begin with the same bits as this one. Those of IPv4 stand in their place among
// those of IPv6, which is `::ffff:0:0/96`.
struct Network {
    std::array<unsigned char, 16> address;
    std::size_t bits;
};

// `10.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`: one address, or all with so many bits in common.
std::optional<Network> parse_network(std::string_view text);

// Each proxy adds to `X-Forwarded-For` whom it has the request from. What a proxy that is not
// trusted says, or a client, may be false.
class TrustedProxies {
public:
    TrustedProxies() = default;
    explicit TrustedProxies(std::vector<Network> networks)
        : networks_(std::move(networks)) {}

    // The address of the client of a request that came from `peer`: the last one in the chain of
    // proxies that is not trusted, or the first of all where all are.
    std::string client_of(const std::string& peer, const Fields& fields) const;

private:
    bool trusts(std::string_view address) const;

    std::vector<Network> networks_;
};

} // namespace active_calls::shim::http
