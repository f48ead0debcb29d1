// Values as customers spell them, near misses, and what PostgreSQL is given.
#include "customer/parameter_types.h"

#include <gtest/gtest.h>

#include <limits>

namespace active_calls::shim {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;

TEST(Uuid, IsReadInEitherCase) {
    EXPECT_EQ(uuid_to_binary("069b073a-e7d9-11f0-932e-0a63caf27539"),
              "\x06\x9b\x07\x3a\xe7\xd9\x11\xf0\x93\x2e\x0a\x63\xca\xf2\x75\x39"s);
    EXPECT_EQ(uuid_to_binary("069B073A-E7D9-11F0-932E-0A63CAF27539"),
              uuid_to_binary("069b073a-e7d9-11f0-932e-0a63caf27539"));
}

TEST(Uuid, HasTheFormsThatPostgresqlTakes) {
    for (const auto text :
         {"069b073ae7d911f0932e0a63caf27539", "{069b073a-e7d9-11f0-932e-0a63caf27539}",
          "{069b073ae7d911f0932e0a63caf27539}", "069b-073a-e7d9-11f0-932e-0a63-caf2-7539",
          "069b073a-e7d911f0-932e0a63-caf27539"})
        EXPECT_EQ(uuid_to_binary(text), uuid_to_binary("069b073a-e7d9-11f0-932e-0a63caf27539"))
            << text;
}

TEST(Uuid, HasNoOtherForm) {
    for (const auto text :
         {"", "-", "{", "}", "{}", "069b073a-e7d9-11f0-932e-0a63caf2753g",
          "069b073a-e7d9-11f0-932e-0a63caf275390", "069b073a-e7d9-11f0-932e-0a63caf2753",
          "069b073a-e7d9-11f0-932e0-a63caf27539", " 69b073a-e7d9-11f0-932e-0a63caf27539",
          "{069b073a-e7d9-11f0-932e-0a63caf27539", "069b073a-e7d9-11f0-932e-0a63caf27539}",
          "{{069b073a-e7d9-11f0-932e-0a63caf27539}}", "-069b073a-e7d9-11f0-932e-0a63caf27539",
          "069b073a-e7d9-11f0-932e-0a63caf27539-", "069b073a--e7d9-11f0-932e-0a63caf27539",
          "(069b073a-e7d9-11f0-932e-0a63caf27539)",
          "urn:uuid:069b073a-e7d9-11f0-932e-0a63caf27539"})
        EXPECT_FALSE(uuid_to_binary(text)) << text;
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

TEST(Int32, IsSignedInBinary) { EXPECT_EQ(int32_to_binary("-2"), "\xff\xff\xff\xfe"s); }

TEST(CountryId, IsNotNegative) {
    EXPECT_EQ(country_id_to_binary("0"), "\0\0\0\0"s);
    EXPECT_FALSE(country_id_to_binary("-1"));
    EXPECT_TRUE(int32_to_binary("-1"));
}

TEST(Time, IsInMicrosecondsSince2000InBinary) {
    EXPECT_EQ(time_to_binary("2000-01-01T00:00:01Z"), "\0\0\0\0\0\x0f\x42\x40"s);
    EXPECT_EQ(time_to_binary("1999-12-31T23:59:59.999999Z"), std::string(8, '\xff'));
}

TEST(FiniteDouble, IsDecimal) {
    EXPECT_EQ(finite_double_to_binary("1"), "\x3f\xf0\0\0\0\0\0\0"s);
    EXPECT_EQ(finite_double_to_binary("0.25"), "\x3f\xd0\0\0\0\0\0\0"s);
    EXPECT_EQ(finite_double_to_binary("-3"), "\xc0\x08\0\0\0\0\0\0"s);
    EXPECT_EQ(finite_double_to_binary("25e-2"), finite_double_to_binary("0.25"));
    EXPECT_EQ(finite_double_to_binary("1.7976931348623157e308"),
              "\x7f\xef"s + std::string(6, '\xff'));
    for (const auto text : {"", "+1", " 1", "1 ", "inf", "-infinity", "nan", "NaN", "0x1p3",
                            "1e999", "1,5", "1.2.3", "e5"})
        EXPECT_FALSE(finite_double_to_binary(text)) << text;
}

TEST(String, IsUtf8WithoutNul) {
    EXPECT_EQ(string_to_binary(""), "");
    EXPECT_EQ(string_to_binary("Alice.PBX"), "Alice.PBX");
    EXPECT_EQ(string_to_binary("\xc3\xa9 \xf0\x9f\x93\x9e"), "\xc3\xa9 \xf0\x9f\x93\x9e");
    for (const auto text : {"\0"sv, "a\0b"sv, "\xff"sv, "\xc3"sv, "\xc0\xaf"sv, "\xed\xa0\x80"sv,
                            "\xf4\x90\x80\x80"sv, "\x80"sv})
        EXPECT_FALSE(string_to_binary(text));
}

TEST(Address, IsIpv4OrIpv6) {
    EXPECT_EQ(address_to_binary("10.0.0.255"), "\x02\x20\0\x04\x0a\0\0\xff"s);
    EXPECT_EQ(address_to_binary("::5"), "\x03\x80\0\x10"s + std::string(15, '\0') + "\x05"s);
    EXPECT_EQ(address_to_binary("2001:DB8:7::5"), address_to_binary("2001:db8:7:0:0:0:0:5"));
    EXPECT_EQ(address_to_binary("::ffff:10.0.0.1")->size(), 4u + 16u);
}

TEST(Address, HasNeitherNetmaskNorZone) {
    for (const auto text : {""sv, "10.0.0"sv, "10.0.0.256"sv, "010.0.0.1"sv, "10.0.0.1/32"sv,
                            "fe80::1%eth0"sv, "[::1]"sv, "::1::"sv, "localhost"sv, "1"sv,
                            " 10.0.0.1"sv, "10.0.0.1 "sv, "10.0.0.1\0"sv, "::1\0x"sv})
        EXPECT_FALSE(address_to_binary(text)) << text;
}

TEST(ParameterType, TakesNoEmptyTextUnlessItIsAString) {
    for (const auto& type : {types::uuid, types::time, types::country_id, types::int32,
                             types::address, types::finite_double})
        EXPECT_FALSE(type.to_binary("")) << type.schema;
    EXPECT_EQ(types::string.to_binary(""), ""s);
}

} // namespace
} // namespace active_calls::shim
