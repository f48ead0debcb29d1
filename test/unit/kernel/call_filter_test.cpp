// Which values pass which filters.
#include "call_filter.h"

#include <gtest/gtest.h>

#include <limits>
#include <random>
#include <string>
#include <vector>

namespace active_calls {
namespace {

using Int = std::numeric_limits<std::int32_t>;
using Double = std::numeric_limits<double>;

TEST(EqualityFilter, PassesEverythingWhenNotGiven) {
    const EqualityFilter<std::int32_t> filter;
    EXPECT_FALSE(filter.given());
    EXPECT_TRUE(filter.passes(7));
    EXPECT_TRUE(filter.passes(std::nullopt));
}

TEST(EqualityFilter, PassesTheValueAlone) {
    const EqualityFilter<std::int32_t> filter{0};
    EXPECT_TRUE(filter.given());
    EXPECT_TRUE(filter.passes(0));
    EXPECT_FALSE(filter.passes(1));
    EXPECT_FALSE(filter.passes(-1));
    EXPECT_FALSE(filter.passes(std::nullopt));
    EXPECT_TRUE(EqualityFilter<std::int32_t>{Int::min()}.passes(Int::min()));
    EXPECT_FALSE(EqualityFilter<std::int32_t>{Int::min()}.passes(Int::max()));
}

TEST(AddressFilter, ComparesAddressesAndNoNetmasks) {
    const auto inet = [](const char* text) { return Inet::host(*Address::parse(text)); };
    const AddressFilter filter{Address::parse("2001:db8:7:0:0:0:0:5")};
    EXPECT_TRUE(filter.passes(inet("2001:db8:7::5")));
    EXPECT_TRUE(filter.passes(Inet{*Address::parse("2001:db8:7::5"), 64}));
    EXPECT_FALSE(filter.passes(inet("2001:db8:7::6")));
    EXPECT_FALSE(filter.passes(std::nullopt));
    EXPECT_TRUE(AddressFilter{}.passes(std::nullopt));
}

TEST(RangeFilter, ComparesIntegersToTheirLimits) {
    using Filter = RangeFilter<std::int32_t>;
    EXPECT_FALSE(Filter{}.given());
    EXPECT_TRUE(Filter{}.passes(Int::min()));

    const Filter equal{.eq = 60, .gt = {}, .lt = {}};
    EXPECT_TRUE(equal.given());
    EXPECT_TRUE(equal.passes(60));
    EXPECT_FALSE(equal.passes(59));
    EXPECT_FALSE(equal.passes(61));

    const Filter greater{.eq = {}, .gt = 60, .lt = {}};
    EXPECT_TRUE(greater.given());
    EXPECT_FALSE(greater.passes(60));
    EXPECT_TRUE(greater.passes(61));
    EXPECT_TRUE(greater.passes(Int::max()));
    EXPECT_FALSE((Filter{.eq = {}, .gt = Int::max(), .lt = {}}.passes(Int::max())));

    const Filter less{.eq = {}, .gt = {}, .lt = 60};
    EXPECT_TRUE(less.given());
    EXPECT_FALSE(less.passes(60));
    EXPECT_TRUE(less.passes(59));
    EXPECT_TRUE(less.passes(Int::min()));
    EXPECT_FALSE((Filter{.eq = {}, .gt = {}, .lt = Int::min()}.passes(Int::min())));
}

TEST(RangeFilter, CombinesWithAnd) {
    const RangeFilter<std::int32_t> between{.eq = {}, .gt = 10, .lt = 20};
    EXPECT_FALSE(between.passes(10));
    EXPECT_TRUE(between.passes(11));
    EXPECT_TRUE(between.passes(19));
    EXPECT_FALSE(between.passes(20));
    const RangeFilter<std::int32_t> contradiction{.eq = 10, .gt = 10, .lt = {}};
    EXPECT_FALSE(contradiction.passes(10));
    EXPECT_FALSE(contradiction.passes(11));
}

TEST(RangeFilter, ComparesDoublesAsIeee754) {
    using Filter = RangeFilter<double>;
    const auto eq = [](double value) { return Filter{.eq = value, .gt = {}, .lt = {}}; };
    const auto gt = [](double value) { return Filter{.eq = {}, .gt = value, .lt = {}}; };
    const auto lt = [](double value) { return Filter{.eq = {}, .gt = {}, .lt = value}; };

    EXPECT_TRUE(eq(0.0).passes(-0.0));
    EXPECT_FALSE(gt(-0.0).passes(0.0));
    EXPECT_FALSE(eq(0.3).passes(0.1 + 0.2));
    EXPECT_TRUE(gt(0.3).passes(0.1 + 0.2));
    EXPECT_TRUE(gt(0).passes(Double::denorm_min()));
    EXPECT_TRUE(gt(Double::max()).passes(Double::infinity()));
    EXPECT_TRUE(lt(Double::lowest()).passes(-Double::infinity()));
    EXPECT_TRUE(eq(Double::infinity()).passes(Double::infinity()));
    for (const Filter& filter : {eq(0), gt(0), lt(0), eq(Double::quiet_NaN())})
        EXPECT_FALSE(filter.passes(Double::quiet_NaN()));
    for (const Filter& filter :
         {eq(Double::quiet_NaN()), gt(Double::quiet_NaN()), lt(Double::quiet_NaN())})
        EXPECT_FALSE(filter.passes(0));
    EXPECT_TRUE(Filter{}.passes(Double::quiet_NaN()));
}

TextFilter eq(std::string text) {
    return {.eq = text, .starts_with = {}, .ends_with = {}, .contains = {}};
}
TextFilter starts(std::string text) {
    return {.eq = {}, .starts_with = text, .ends_with = {}, .contains = {}};
}
TextFilter ends(std::string text) {
    return {.eq = {}, .starts_with = {}, .ends_with = text, .contains = {}};
}
TextFilter contains(std::string text) {
    return {.eq = {}, .starts_with = {}, .ends_with = {}, .contains = text};
}

TEST(TextFilter, PassesEverythingWhenNotGiven) {
    EXPECT_FALSE(TextFilter{}.given());
    EXPECT_TRUE(TextFilter{}.passes("380"));
    EXPECT_TRUE(TextFilter{}.passes(""));
    EXPECT_TRUE(TextFilter{}.passes(std::nullopt));
}

TEST(TextFilter, IsPassedByNoNull) {
    for (const auto& filter : {eq(""), starts(""), ends(""), contains("")}) {
        EXPECT_TRUE(filter.given());
        EXPECT_FALSE(filter.passes(std::nullopt));
    }
}

TEST(TextFilter, FindsTheEmptyTextEverywhere) {
    for (const auto value : {"", "380"})
        for (const auto& filter : {starts(""), ends(""), contains("")})
            EXPECT_TRUE(filter.passes(value)) << value;
    EXPECT_TRUE(eq("").passes(""));
    EXPECT_FALSE(eq("").passes("380"));
}

TEST(TextFilter, ComparesBytes) {
    EXPECT_TRUE(eq("Alice").passes("Alice"));
    for (const auto value : {"alice", "Alic", "Alicee", "Alice "})
        EXPECT_FALSE(eq("Alice").passes(value)) << value;

    EXPECT_TRUE(starts("380").passes("380"));
    EXPECT_TRUE(starts("380").passes("3804"));
    for (const auto value : {"38", "", "0380", " 380"})
        EXPECT_FALSE(starts("380").passes(value)) << value;
    EXPECT_FALSE(starts("ali").passes("Alice"));

    EXPECT_TRUE(ends("567").passes("567"));
    EXPECT_TRUE(ends("567").passes("4567"));
    for (const auto value : {"67", "", "5670"}) EXPECT_FALSE(ends("567").passes(value)) << value;
    EXPECT_FALSE(ends("PBX").passes("Alice.pbx"));
}

TEST(TextFilter, CombinesWithAnd) {
    const TextFilter filter{.eq = {}, .starts_with = "380", .ends_with = "7", .contains = "44"};
    EXPECT_TRUE(filter.passes("380447"));
    EXPECT_TRUE(filter.passes("38044447"));
    EXPECT_FALSE(filter.passes("38047"));
    EXPECT_FALSE(filter.passes("380448"));
    EXPECT_FALSE(filter.passes("0380447"));
    const TextFilter overlapping{
        .eq = {}, .starts_with = "aba", .ends_with = "aba", .contains = {}};
    EXPECT_TRUE(overlapping.passes("aba"));
    EXPECT_TRUE(overlapping.passes("ababa"));
}

bool contains(std::string_view text, std::string_view needle) { return Needle(needle).is_in(text); }

TEST(Needle, TakesAsciiLettersForTheSame) {
    EXPECT_TRUE(contains("Alice.PBX", "pbx"));
    EXPECT_TRUE(contains("alice.pbx", "PBX"));
    EXPECT_TRUE(contains("alice.pbx", "ALICE.PBX"));
    EXPECT_FALSE(contains("pb", "pbx"));
    EXPECT_FALSE(contains("", "p"));
    EXPECT_TRUE(contains("", ""));
    EXPECT_TRUE(contains("aaab", "AAB")); // after a start that fails
}

// Needles and texts of two letters repeat themselves, so a search that fails goes back within the
// needle.
TEST(Needle, IsFoundWhereverItStands) {
    std::mt19937 random(3);
    const auto any_text = [&](std::size_t longest) {
        std::string text(random() % (longest + 1), ' ');
        for (char& c : text) c = "abAB"[random() % 4];
        return text;
    };
    const auto lower = [](std::string text) {
        for (char& c : text) c = static_cast<char>(c | 0x20);
        return text;
    };
    int found = 0;
    for (int round = 0; round < 100'000; ++round) {
        const std::string text = any_text(20);
        const std::string needle = any_text(7);
        const bool expected = lower(text).find(lower(needle)) != std::string::npos;
        ASSERT_EQ(contains(text, needle), expected) << needle << " in " << text;
        found += expected ? 1 : 0;
    }
    EXPECT_GT(found, 20'000);
    EXPECT_LT(found, 80'000);
}

// Across the pieces in which a long text is searched.
TEST(Needle, IsFoundInALongText) {
    constexpr std::size_t piece = std::size_t{1} << 16;
    for (const std::size_t place : {piece - 3, piece - 2, piece, 3 * piece - 1}) {
        std::string text(3 * piece + 2, 'x');
        text.replace(place, 3, "XyX");
        EXPECT_TRUE(contains(text, "xxyx")) << place;
        EXPECT_FALSE(contains(text, "xyy")) << place;
    }
}

// Each byte is the same as itself, and as its other case where it is an ASCII letter; as no other.
TEST(Needle, KnowsEveryByte) {
    for (int a = 0; a < 256; ++a) {
        for (int b = 0; b < 256; ++b) {
            const bool letters = (a | 0x20) >= 'a' && (a | 0x20) <= 'z' && a < 0x80 && b < 0x80;
            const bool same = a == b || (letters && (a ^ b) == 0x20);
            const std::string haystack(1, static_cast<char>(a)), needle(1, static_cast<char>(b));
            EXPECT_EQ(contains(haystack, needle), same) << a << ' ' << b;
        }
    }
}

TEST(Needle, LeavesOtherLettersAlone) {
    EXPECT_TRUE(contains("ZOË", "oË"));
    EXPECT_FALSE(contains("ZOË", "oë"));
    EXPECT_FALSE(contains("\u212A", "k")); // the Kelvin sign
    EXPECT_FALSE(contains("\u017F", "s")); // long s
}

TEST(Needle, TakesEveryCharacterLiterally) {
    EXPECT_TRUE(contains("5%_\\d+.*5", "%_\\D+.*"));
    for (const auto pattern : {"%", "_", ".*", "\\d", "^3"})
        EXPECT_FALSE(contains("380", pattern)) << pattern;
    EXPECT_TRUE(contains(std::string_view("a\0b", 3), std::string_view("\0B", 2)));
}

std::vector<Column> columns_of(const CallFilter& filter) {
    std::vector<Column> columns;
    for (std::size_t i = 0; i < column_count; ++i)
        if (filter.columns().contains(static_cast<Column>(i)))
            columns.push_back(static_cast<Column>(i));
    return columns;
}

TEST(CallFilter, NamesTheColumnsThatItLooksAt) {
    EXPECT_TRUE(columns_of({}).empty());

    CallFilter filter;
    filter.dst_prefix_routing.contains = "";
    filter.duration.lt = 0;
    EXPECT_EQ(columns_of(filter), (std::vector{Column::dst_prefix_routing, Column::duration}));

    filter.src_country_id.eq = 0;
    filter.dst_country_id.eq = 0;
    filter.src_prefix_routing.eq = "";
    filter.auth_orig_ip.eq = Address::parse("::");
    filter.customer_price.gt = 0;
    EXPECT_EQ(columns_of(filter).size(), 7U); // all but the snapshot and the account
}

TEST(CallFilter, NumbersEachSetOfColumnsApart) {
    CallFilter source, destination;
    source.src_country_id.eq = 1;
    destination.dst_country_id.eq = 1;
    EXPECT_NE(source.columns().index(), destination.columns().index());
}

} // namespace
} // namespace active_calls
