#include "customer/etag.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

TEST(Etag, IsWeakAndFollowsTheBody) {
    EXPECT_EQ(weak_etag(""), "W/\"e3b0c44298fc1c149afbf4c8996fb924\""); // SHA-256 of nothing
    EXPECT_NE(weak_etag("a"), weak_etag("b"));
}

TEST(IfNoneMatch, ComparesWeakly) {
    const std::string etag = "W/\"abc\"";
    for (const auto given : {"W/\"abc\"", "\"abc\"", "*", " * ", "\"x\", W/\"abc\"",
                             "W/\"x\",\"abc\"", "\"x,y\",\t\"abc\""})
        EXPECT_TRUE(is_match(given, etag)) << given;
    for (const auto given :
         {"", "abc", "W/abc", "w/\"abc\"", "\"ab\"", "W/\"abcd\"", "\"*\"", "\"x\", \"y\"", ","})
        EXPECT_FALSE(is_match(given, etag)) << given;
}

} // namespace
} // namespace active_calls::shim
