// Instants as customers spell them, and near misses.
#include "customer/times.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

// Microseconds since 1970; a value no test expects if `text` is no time.
std::int64_t microseconds_of(std::string_view text) {
    const auto time = parse_time(text);
    return time ? time->time_since_epoch().count() : -42;
}

constexpr std::int64_t noon_and_a_bit = 1767271575'000'000; // 2026-01-01T12:46:15Z

TEST(Time, HasManySpellings) {
    for (const auto text :
         {"2026-01-01T12:46:15Z", "2026-01-01t12:46:15z", "2026-01-01 12:46:15Z",
          "2026-01-01T12:46:15", "2026-01-01 12:46:15", "2026-01-01T12:46:15.000Z",
          "2026-01-01T14:46:15+02:00", "2026-01-01T14:46:15+0200", "2026-01-01T14:46:15+02",
          "2026-01-01T07:16:15-05:30", "2026-01-01T12:46:15-00:00", "1767271575"})
        EXPECT_EQ(microseconds_of(text), noon_and_a_bit) << text;
}

TEST(Time, MayHaveNoSeconds) {
    for (const auto text : {"2026-01-01T12:46Z", "2026-01-01 12:46", "2026-01-01T12:46",
                            "2026-01-01T14:46+02:00", "2026-01-01t07:16-0530"})
        EXPECT_EQ(microseconds_of(text), noon_and_a_bit - 15'000'000) << text;
}

TEST(Time, MayBeADate) { EXPECT_EQ(microseconds_of("2026-01-01"), 1767225600'000'000); }

TEST(Time, HasMicroseconds) {
    EXPECT_EQ(microseconds_of("2026-01-01T12:46:15.5Z"), noon_and_a_bit + 500'000);
    EXPECT_EQ(microseconds_of("2026-01-01T12:46:15.123456"), noon_and_a_bit + 123'456);
    EXPECT_EQ(microseconds_of("2026-01-01T12:46:15.123456999+00:00"), noon_and_a_bit + 123'456);
    EXPECT_EQ(microseconds_of("1969-12-31T23:59:59.75Z"), -250'000);
}

TEST(Time, KnowsTheCalendar) {
    EXPECT_EQ(microseconds_of("2028-02-29"), 1835395200'000'000);
    for (const auto text :
         {"2026-02-29", "2026-02-30", "2026-04-31", "2026-13-01", "2026-00-10", "2026-01-00",
          "2026-01-32", "2026-01-01T24:00:00Z", "2026-01-01T12:60:00Z", "2026-12-31T23:59:60Z",
          "2026-01-01T12:46:15+24:00", "2026-01-01T12:46:15+02:60"})
        EXPECT_FALSE(parse_time(text)) << text;
}

TEST(Time, IsWithinTheYears0000To9999) {
    EXPECT_EQ(microseconds_of("-1"), -1'000'000);
    EXPECT_EQ(microseconds_of("0"), 0);
    EXPECT_EQ(microseconds_of("253402300799"), 253402300799'000'000);
    EXPECT_EQ(microseconds_of("9999-12-31T23:59:59.999999Z"), 253402300799'999'999);
    EXPECT_EQ(microseconds_of("0000-01-01"), -62167219200'000'000);
    EXPECT_EQ(microseconds_of("-62167219200"), -62167219200'000'000);
    for (const auto text :
         {"253402300800", "-62167219201", "1767271575000", "9223372036854775807",
          "99999999999999999999", "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00+01:00"})
        EXPECT_FALSE(parse_time(text)) << text;
}

TEST(Time, IsNothingElse) {
    for (const auto text : {"",
                            " ",
                            "now",
                            "yesterday",
                            "infinity",
                            "-infinity",
                            "epoch",
                            "1767271575.0",
                            "+1767271575",
                            "1e9",
                            " 1767271575",
                            "1767271575 ",
                            "0x10",
                            "2026-01-01T12:46:15 02:00",
                            "2026-01-01T12:46:15 Z",
                            "2026-01-01T12:46.5",
                            "2026-01-01T12:46:",
                            "2026-01-01T12:4",
                            "2026-01-01T12",
                            "2026-01-01T",
                            "2026-01-01Z",
                            "2026-1-1",
                            "26-01-01",
                            "2026/01/01",
                            "20260101T124615Z",
                            "01.01.2026",
                            "2026-01-01T12:46:15.",
                            "2026-01-01T12:46:15,5",
                            "2026-01-01T12:46:15.5.5",
                            "2026-01-01T12:46:15ZZ",
                            "2026-01-01T12:46:15Z ",
                            "2026-01-01T12:46:15+2",
                            "2026-01-01T12:46:15+02:",
                            "2026-01-01T12:46:15+02:0",
                            "2026-01-01T12:46:15 UTC",
                            "2026-01-01  12:46:15",
                            "+2026-01-01",
                            "-2026-01-01"})
        EXPECT_FALSE(parse_time(text)) << text;
}

} // namespace
} // namespace active_calls::shim
