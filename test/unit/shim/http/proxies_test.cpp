// Who the client behind proxies is, and what it could say to look like another one.
#include "http/proxies.h"

#include <gtest/gtest.h>

namespace active_calls::shim::http {
namespace {

TrustedProxies trusted(const std::vector<std::string_view>& texts) {
    std::vector<Network> networks;
    for (const auto text : texts) networks.push_back(parse_network(text).value());
    return TrustedProxies(std::move(networks));
}

std::string client(const TrustedProxies& proxies, const std::string& peer,
                   const std::vector<std::string>& forwarded_for) {
    Fields fields;
    for (const auto& value : forwarded_for) fields.add("x-forwarded-for", value);
    return proxies.client_of(peer, fields);
}

// Whether a network has an address.
bool holds(std::string_view network, const std::string& address) {
    return client(trusted({network}), address, {"198.51.100.1"}) == "198.51.100.1";
}

TEST(Network, HasTheAddressesThatBeginLikeIt) {
    EXPECT_TRUE(holds("10.0.0.1", "10.0.0.1"));
    EXPECT_FALSE(holds("10.0.0.1", "10.0.0.2"));
    EXPECT_TRUE(holds("10.0.0.0/8", "10.255.1.2"));
    EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.0"));
    EXPECT_TRUE(holds("10.1.2.3/9", "10.127.255.255"));
    EXPECT_FALSE(holds("10.1.2.3/9", "10.128.0.0"));
    EXPECT_TRUE(holds("192.0.2.254/31", "192.0.2.255"));
    EXPECT_TRUE(holds("0.0.0.0/0", "203.0.113.9"));
    EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
    EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
    EXPECT_TRUE(holds("2001:DB8:0::1", "2001:db8::1"));
    EXPECT_TRUE(holds("::/0", "10.0.0.1"));
    // What a socket for both says of a client of IPv4.
    EXPECT_TRUE(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
    EXPECT_FALSE(holds("10.0.0.0/8", "unknown"));
}

TEST(Network, IsAnAddressAndALength) {
    for (const auto text : {"", "x", "10.0.0", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x",
                            "10.0.0.0/-1", "10.0.0.0/8/8", "/8", "::/129", "localhost", "[::1]",
                            "10.0.0.1:80", " 10.0.0.1", "fe80::1%eth0"})
        EXPECT_FALSE(parse_network(text)) << text;
}

TEST(Client, IsThePeerWithoutATrustedProxy) {
    EXPECT_EQ(client({}, "10.0.0.1", {"203.0.113.9"}), "10.0.0.1");
    EXPECT_EQ(client(trusted({"10.0.0.2"}), "10.0.0.1", {"203.0.113.9"}), "10.0.0.1");
    EXPECT_EQ(client(trusted({"10.0.0.1"}), "10.0.0.1", {}), "10.0.0.1");
}

TEST(Client, IsTheLastThatIsNotTrusted) {
    const auto proxies = trusted({"10.0.0.0/8", "2001:db8::1"});
    EXPECT_EQ(client(proxies, "10.0.0.1", {"203.0.113.9"}), "203.0.113.9");
    EXPECT_EQ(client(proxies, "2001:db8::1", {"2001:db8::2"}), "2001:db8::2");
    EXPECT_EQ(client(proxies, "10.0.0.1", {"203.0.113.9, 10.0.0.2 ,10.0.0.3"}), "203.0.113.9");
    EXPECT_EQ(client(proxies, "10.0.0.1", {"203.0.113.9", "10.0.0.2"}), "203.0.113.9");
    EXPECT_EQ(client(proxies, "10.0.0.1", {"10.0.0.3, 10.0.0.2"}), "10.0.0.3");
}

TEST(Client, CannotLookLikeAnother) {
    const auto proxies = trusted({"10.0.0.0/8"});
    EXPECT_EQ(client(proxies, "10.0.0.1", {"198.51.100.7, 203.0.113.9"}), "203.0.113.9");
    EXPECT_EQ(client(proxies, "10.0.0.1", {"198.51.100.7", "203.0.113.9"}), "203.0.113.9");
    EXPECT_EQ(client(proxies, "10.0.0.1", {"10.9.9.9, 203.0.113.9"}), "203.0.113.9");
    for (const auto* const text : {"unknown", "x y", "203.0.113.9:5060", "203.0.113", "\"\\n\""})
        EXPECT_EQ(client(proxies, "10.0.0.1", {std::string("198.51.100.7, ") + text}), "10.0.0.1");
}

} // namespace
} // namespace active_calls::shim::http
