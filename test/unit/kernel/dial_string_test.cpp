// Dial strings as words, and filters on them without the text.
#include "segment/values/dial_string.h"

#include <gtest/gtest.h>

#include <random>

namespace active_calls {
namespace {

constexpr std::string_view symbols = "#*+,-.0123456789";

std::string text_of(std::uint64_t word, std::size_t length) {
    std::string text(length, ' ');
    from_dial_word(word, length, text.data());
    return text;
}

std::string random_dial_string(std::mt19937& random, std::size_t length,
                               std::string_view of = symbols) {
    std::string text;
    while (text.size() < length) text += of[random() % of.size()];
    return text;
}

TEST(DialString, HoldsEverySymbolInEveryPlace) {
    for (std::size_t length = 0; length <= max_dial_length; ++length)
        for (std::size_t place = 0; place < length; ++place)
            for (const char symbol : symbols) {
                std::string text(length, '7');
                text[place] = symbol;
                const auto word = to_dial_word(text);
                ASSERT_TRUE(word) << text;
                ASSERT_EQ(text_of(*word, length), text);
            }
    EXPECT_EQ(to_dial_word(""), 0U);
}

TEST(DialString, HoldsNothingElse) {
    for (int c = 0; c < 256; ++c) {
        const std::string text(1, static_cast<char>(c));
        EXPECT_EQ(to_dial_word(text).has_value(), symbols.find(text) != symbols.npos) << c;
    }
    EXPECT_TRUE(to_dial_word("1234567890123456"));
    EXPECT_FALSE(to_dial_word("12345678901234567"));
    EXPECT_FALSE(to_dial_word("38044a"));
    EXPECT_FALSE(to_dial_word("anonymous"));
}

TEST(DialString, IsOrderedAsItsBytes) {
    std::mt19937 random(1);
    for (int i = 0; i < 10'000; ++i) {
        const std::size_t length = 1 + random() % max_dial_length;
        const std::string a = random_dial_string(random, length);
        std::string b = a; // with the same beginning
        const std::size_t same = random() % (length + 1);
        b.replace(same, length, random_dial_string(random, length - same));
        ASSERT_EQ(a < b, to_dial_word(a) < to_dial_word(b)) << a << ' ' << b;
    }
}

bool passes(const TextFilter& filter, const std::string& text) {
    const DialWordFilter words(filter, text.size());
    return words.possible() && words.passes(*to_dial_word(text));
}

TextFilter starts(std::string text) {
    return {.eq = {}, .starts_with = std::move(text), .ends_with = {}, .contains = {}};
}
TextFilter ends(std::string text) {
    return {.eq = {}, .starts_with = {}, .ends_with = std::move(text), .contains = {}};
}
TextFilter contains(std::string text) {
    return {.eq = {}, .starts_with = {}, .ends_with = {}, .contains = std::move(text)};
}
TextFilter equals(std::string text) {
    return {.eq = std::move(text), .starts_with = {}, .ends_with = {}, .contains = {}};
}

// What passes lies in the range if there is one, and nothing else does.
TEST(DialWordFilter, KnowsTheRangeOfABeginning) {
    const auto range = [](const TextFilter& filter, std::size_t length) {
        const auto range = DialWordFilter(filter, length).range();
        return range ? text_of(range->first, length) + '-' + text_of(range->last, length) : "none";
    };
    EXPECT_EQ(range(starts("38"), 4), "38##-3899");
    EXPECT_EQ(range(starts("38"), 2), "38-38");
    EXPECT_EQ(range(equals("380"), 3), "380-380");
    EXPECT_EQ(range(starts(""), 3), "###-999");
    EXPECT_EQ(range(starts(""), 16), "################-9999999999999999");
    EXPECT_EQ(range(starts("3"), 16), "3###############-3999999999999999");
    EXPECT_EQ(range(contains(""), 3), "###-999");
    EXPECT_EQ(range(ends("380"), 3), "380-380");
    EXPECT_EQ(range(ends("0"), 3), "none");
    EXPECT_EQ(range(contains("0"), 3), "none");
    EXPECT_EQ(range({.eq = {}, .starts_with = "38", .ends_with = "80", .contains = {}}, 3),
              "380-380");
    EXPECT_EQ(range({.eq = {}, .starts_with = "3", .ends_with = "0", .contains = {}}, 3), "none");
    EXPECT_EQ(range({.eq = {}, .starts_with = "3", .ends_with = {}, .contains = "8"}, 3), "none");
}

// Few symbols, so that parts are found often and nearly found more often.
TEST(DialWordFilter, PassesWhatTheFilterOfTextsPasses) {
    std::mt19937 random(1);
    std::size_t passed = 0;
    constexpr int rounds = 100'000;
    for (int i = 0; i < rounds; ++i) {
        const std::string_view of = random() % 2 == 0 ? "#09" : "01";
        const std::string text = random_dial_string(random, 1 + random() % max_dial_length, of);
        const auto part = [&] {
            if (random() % 4 == 0) return random_dial_string(random, random() % 18, of);
            const std::size_t begin = random() % (text.size() + 1);
            return text.substr(begin, random() % 18);
        };
        TextFilter filter;
        if (random() % 3 == 0) filter.starts_with = text.substr(0, random() % 17);
        if (random() % 3 == 0) filter.ends_with = text.substr(random() % text.size());
        if (random() % 8 == 0) filter.starts_with = part();
        if (random() % 8 == 0) filter.ends_with = part();
        if (random() % 8 == 0) filter.eq = random() % 2 == 0 ? text : part();
        if (random() % 2 == 0) filter.contains = part();
        ASSERT_EQ(passes(filter, text), filter.passes(text))
            << text << " eq " << filter.eq.value_or("any") << " starts_with "
            << filter.starts_with.value_or("any") << " ends_with "
            << filter.ends_with.value_or("any") << " contains "
            << filter.contains.value_or("any").lower();
        passed += passes(filter, text) ? 1 : 0;
    }
    EXPECT_GT(passed, rounds / 4U); // else it was no test of what passes
    EXPECT_LT(passed, rounds * 3U / 4);
}

TEST(DialWordFilter, FindsANeedleInEveryPlace) {
    for (std::size_t length = 1; length <= max_dial_length; ++length)
        for (std::size_t size = 1; size <= length; ++size)
            for (std::size_t place = 0; place + size <= length; ++place) {
                std::string text(length, '0');
                text.replace(place, size, size, '9');
                EXPECT_TRUE(passes(contains(std::string(size, '9')), text)) << text;
                EXPECT_FALSE(passes(contains(std::string(size + 1, '9')), text)) << text;
                EXPECT_EQ(passes(starts(std::string(size, '9')), text), place == 0) << text;
                EXPECT_EQ(passes(ends(std::string(size, '9')), text), place + size == length)
                    << text;
            }
}

// `#` is the symbol 0, and so looks like what is not there.
TEST(DialWordFilter, TellsTheFirstSymbolFromNothing) {
    EXPECT_FALSE(passes(contains("#"), "1"));
    EXPECT_FALSE(passes(starts("#"), "1"));
    EXPECT_FALSE(passes(contains("##"), "#"));
    EXPECT_FALSE(passes(contains("#1"), "1"));
    EXPECT_FALSE(passes(equals("#1"), "1"));
    EXPECT_FALSE(passes(equals("1"), "#1"));
    EXPECT_FALSE(passes(equals(""), "#"));
    EXPECT_TRUE(passes(contains("##"), "1##"));
    EXPECT_TRUE(passes(equals("##"), "##"));
}

TEST(DialWordFilter, KnowsWhatNoWordPasses) {
    const auto possible = [](const TextFilter& filter, std::size_t length) {
        return DialWordFilter(filter, length).possible();
    };
    EXPECT_TRUE(possible(starts("380"), 3));
    EXPECT_FALSE(possible(starts("380"), 2));
    EXPECT_FALSE(possible(ends("380"), 2));
    EXPECT_FALSE(possible(contains("380"), 2));
    EXPECT_FALSE(possible(equals("380"), 2));
    EXPECT_FALSE(possible(equals("380"), 4));
    EXPECT_FALSE(possible(contains("a"), 16));
    EXPECT_FALSE(possible(starts("a"), 16));
    EXPECT_FALSE(possible(starts(std::string(100'000, '1')), 16));
    EXPECT_FALSE(
        possible({.eq = {}, .starts_with = "38", .ends_with = "90", .contains = {}}, 3)); // 8 or 9
    EXPECT_TRUE(possible({.eq = {}, .starts_with = "38", .ends_with = "80", .contains = {}}, 3));
}

} // namespace
} // namespace active_calls
