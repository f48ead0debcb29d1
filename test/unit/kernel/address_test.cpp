// Addresses: which texts are one, and which are the same.
#include "address.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace active_calls {
namespace {

std::vector<int> bytes_of(const Address& address) {
    return {address.bytes().begin(), address.bytes().end()};
}

TEST(Address, ParsesIpv4) {
    const auto address = Address::parse("192.0.2.21");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->family(), Address::Family::v4);
    EXPECT_EQ(bytes_of(*address), (std::vector<int>{192, 0, 2, 21}));
}

TEST(Address, ParsesIpv6) {
    const auto address = Address::parse("2001:db8:7::5");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->family(), Address::Family::v6);
    EXPECT_EQ(bytes_of(*address),
              (std::vector<int>{0x20, 0x01, 0x0d, 0xb8, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5}));
}

TEST(Address, ComparesAddressesNotSpellings) {
    const auto address = Address::parse("2001:db8:7::5");
    for (const auto text : {"2001:DB8:7:0:0:0:0:5", "2001:0db8:0007:0000:0000:0000:0000:0005",
                            "2001:db8:7::0.0.0.5", "2001:db8:7:0::5"})
        EXPECT_EQ(Address::parse(text), address) << text;
    EXPECT_NE(Address::parse("2001:db8:7::6"), address);
    EXPECT_NE(Address::parse("2001:db8:7::5:0"), address);
}

TEST(Address, DiffersByFamily) {
    EXPECT_NE(Address::parse("::ffff:10.0.0.1"), Address::parse("10.0.0.1"));
    EXPECT_NE(Address::parse("::10.0.0.1"), Address::parse("10.0.0.1"));
    EXPECT_NE(Address::parse("::"), Address::parse("0.0.0.0"));
    EXPECT_NE(Address::parse("a00:1::"), Address::parse("10.0.0.1")); // the same first four bytes
}

TEST(Address, IsMadeOfBytes) {
    const std::vector<std::uint8_t> bytes{10, 0, 0, 1, 99}; // no more than four belong to it
    EXPECT_EQ(Address(Address::Family::v4, bytes), Address::parse("10.0.0.1"));
    const std::vector<std::uint8_t> zeros(16);
    EXPECT_EQ(Address(Address::Family::v6, zeros), Address::parse("::"));
}

TEST(Address, ReachesTheLongestSpelling) {
    EXPECT_TRUE(Address::parse("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255"));
    EXPECT_FALSE(Address::parse("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2550"));
    EXPECT_FALSE(Address::parse(std::string(100'000, '1')));
}

TEST(Address, RefusesWhatIsNone) {
    for (const auto text : {"",
                            " ",
                            "localhost",
                            "10",
                            "10.0.0",
                            "10.0.0.256",
                            "10.0.0.1.1",
                            "010.0.0.1 ",
                            " 10.0.0.1",
                            "10.0.0.1/32",
                            "10.0.0.1:5060",
                            "0x0a.0.0.1",
                            "10.0.0.-1",
                            "2001:db8",
                            "2001:db8::7::5",
                            "1:2:3:4:5:6:7:8:9",
                            "12345::",
                            "::g",
                            "fe80::1%eth0",
                            "[::1]",
                            "2001:db8::/64"})
        EXPECT_FALSE(Address::parse(text)) << text;
    EXPECT_FALSE(Address::parse(std::string_view("10.0.0.1\0", 9)));
    EXPECT_FALSE(Address::parse(std::string_view("10.0.0.1\0.example", 17)));
}

TEST(Address, ParsesPartOfALongerText) {
    EXPECT_EQ(Address::parse(std::string_view("10.0.0.12", 8)), Address::parse("10.0.0.1"));
}

} // namespace
} // namespace active_calls
