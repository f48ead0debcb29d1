// Values as customers spell them, and near misses.
#include "customer/values.h"

#include <gtest/gtest.h>

#include <limits>

namespace active_calls::shim {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

TEST(Uuid, IsReadInEitherCase) {
    const auto lower = parse_uuid("069b073a-e7d9-11f0-932e-0a63caf27539");
    ASSERT_TRUE(lower);
    EXPECT_EQ(lower->bytes[0], 0x06);
    EXPECT_EQ(lower->bytes[15], 0x39);
    EXPECT_EQ(parse_uuid("069B073A-E7D9-11F0-932E-0A63CAF27539"), lower);
}

TEST(Uuid, HasOneForm) {
    for (const auto text :
         {"", "069b073ae7d911f0932e0a63caf27539", "{069b073a-e7d9-11f0-932e-0a63caf27539}",
          "069b073a-e7d9-11f0-932e-0a63caf2753g", "069b073a-e7d9-11f0-932e-0a63caf275390",
          "069b073a-e7d9-11f0-932e0-a63caf27539", " 69b073a-e7d9-11f0-932e-0a63caf27539"})
        EXPECT_FALSE(parse_uuid(text)) << text;
}

TEST(Int32, HasItsRange) {
    EXPECT_EQ(parse_int32("0"), 0);
    EXPECT_EQ(parse_int32("-5"), -5);
    EXPECT_EQ(parse_int32("007"), 7);
    EXPECT_EQ(parse_int32("2147483647"), std::numeric_limits<std::int32_t>::max());
    EXPECT_EQ(parse_int32("-2147483648"), std::numeric_limits<std::int32_t>::min());
    for (const auto text : {"", "+5", " 5", "5 ", "5.0", "1e3", "0x1f", "abc", "-", "2147483648",
                            "-2147483649", "99999999999999999999"})
        EXPECT_FALSE(parse_int32(text)) << text;
    EXPECT_FALSE(parse_int32("5\0"sv));
}

TEST(FiniteDouble, IsDecimal) {
    EXPECT_EQ(parse_finite_double("0.25"), 0.25);
    EXPECT_EQ(parse_finite_double("-3"), -3.0);
    EXPECT_EQ(parse_finite_double("1.5e-3"), 0.0015);
    EXPECT_EQ(parse_finite_double("1.7976931348623157e308"), std::numeric_limits<double>::max());
    for (const auto text : {"", "+1", " 1", "1 ", "inf", "-infinity", "nan", "NaN", "0x1p3",
                            "1e999", "1,5", "1.2.3", "e5"})
        EXPECT_FALSE(parse_finite_double(text)) << text;
}

TEST(String, IsUtf8WithoutNul) {
    EXPECT_EQ(parse_string(""), "");
    EXPECT_EQ(parse_string("Alice.PBX"), "Alice.PBX");
    EXPECT_EQ(parse_string("\xc3\xa9 \xf0\x9f\x93\x9e"), "\xc3\xa9 \xf0\x9f\x93\x9e");
    for (const auto text : {"\0"sv, "a\0b"sv, "\xff"sv, "\xc3"sv, "\xc0\xaf"sv, "\xed\xa0\x80"sv,
                            "\xf4\x90\x80\x80"sv, "\x80"sv})
        EXPECT_FALSE(parse_string(text));
}

TEST(InetAddress, IsIpv4OrIpv6) {
    EXPECT_EQ(parse_inet_address("10.0.0.255"), (InetAddress{"\x0a\x00\x00\xff"s}));
    const auto address = parse_inet_address("2001:db8:7:0:0:0:0:5");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->bytes.size(), 16u);
    EXPECT_EQ(parse_inet_address("2001:DB8:7::5"), address);
    EXPECT_EQ(parse_inet_address("::ffff:10.0.0.1")->bytes.size(), 16u);
}

TEST(InetAddress, HasNeitherNetmaskNorZone) {
    for (const auto text : {""sv, "10.0.0"sv, "10.0.0.256"sv, "010.0.0.1"sv, "10.0.0.1/32"sv,
                            "fe80::1%eth0"sv, "[::1]"sv, "::1::"sv, "localhost"sv, "1"sv,
                            " 10.0.0.1"sv, "10.0.0.1 "sv, "10.0.0.1\0"sv, "::1\0x"sv})
        EXPECT_FALSE(parse_inet_address(text)) << text;
}

TEST(CountryId, IsNotNegative) {
    EXPECT_EQ(parse_value(ValueType::country_id, "0"), Value{0});
    EXPECT_FALSE(parse_value(ValueType::country_id, "-1"));
    EXPECT_EQ(parse_value(ValueType::int32, "-1"), Value{-1});
}

TEST(AnyValue, IsNotEmptyUnlessItIsAString) {
    for (const auto type : {ValueType::uuid, ValueType::time, ValueType::country_id,
                            ValueType::int32, ValueType::inet_address, ValueType::finite_double})
        EXPECT_FALSE(parse_value(type, ""));
    EXPECT_EQ(parse_value(ValueType::string, ""), Value{std::string{}});
}

} // namespace
} // namespace active_calls::shim
