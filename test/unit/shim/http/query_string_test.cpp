#include "http/query_string.h"

#include <gtest/gtest.h>

namespace active_calls::shim {

static bool operator==(const QueryField& left, const QueryField& right) {
    return left.name == right.name && left.value == right.value;
}

namespace {

using Fields = std::vector<QueryField>;

TEST(Query, FollowsTheFirstQuestionMark) {
    EXPECT_EQ(query_of("/path?a=b?c"), "a=b?c");
    EXPECT_EQ(query_of("/path?"), "");
    EXPECT_EQ(query_of("/path"), "");
}

TEST(Query, IsSplitAtAmpersands) {
    EXPECT_EQ(split_query("a=1&b=2"), (Fields{{"a", "1"}, {"b", "2"}}));
    EXPECT_EQ(split_query("&a=1&&b=2&"), (Fields{{"a", "1"}, {"b", "2"}}));
    EXPECT_EQ(split_query(""), Fields{});
    EXPECT_EQ(split_query("a=1;b=2"), (Fields{{"a", "1;b=2"}}));
}

TEST(Query, IsSplitAtTheFirstEqualsSign) {
    EXPECT_EQ(split_query("a=b=c&d&=e&f="),
              (Fields{{"a", "b=c"}, {"d", ""}, {"", "e"}, {"f", ""}}));
}

TEST(Query, IsPercentDecoded) {
    EXPECT_EQ(split_query("a%5b%5D=%2B1+2%262%3D"), (Fields{{"a[]", "+1 2&2="}}));
    EXPECT_EQ(split_query("a=%C3%A9%00"), (Fields{{"a", std::string("\xc3\xa9\0", 3)}}));
    EXPECT_EQ(split_query("a=%2541"), (Fields{{"a", "%41"}}));
}

TEST(Query, HasNoValueWhereTheEncodingIsMalformed) {
    for (const auto query : {"a=%", "a=%4", "a=%zz", "a=%4g", "a=b%", "a=%-1", "a=%+1", "a=% 1"})
        EXPECT_EQ(split_query(query), (Fields{{"a", std::nullopt}})) << query;
    EXPECT_EQ(split_query("%zz=a"), (Fields{{std::nullopt, "a"}}));
}

TEST(Query, HasALastValue) {
    EXPECT_EQ(last_value("/?a=1&b=2&a=3", "a"), "3");
    EXPECT_EQ(last_value("/?a=1&a=%zz", "a"), "");
    EXPECT_EQ(last_value("/?a", "a"), "");
    EXPECT_EQ(last_value("/?b=1&%zz=2", "a"), std::nullopt);
    EXPECT_EQ(last_value("/a=1", "a"), std::nullopt);
}

} // namespace
} // namespace active_calls::shim
