#include "feed/feed_credentials.h"

#include "feed/clickhouse_error.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

// The code that the request is refused with; 0 if it is not.
int code_for(const http::Fields& headers, const std::string& target = "/",
             const FeedUser& user = {"default", "pass:word%"}) {
    http::Request request;
    request.fields = headers;
    request.target = target;
    try {
        require_user(request, user);
        return 0;
    } catch (const ClickHouseError& error) {
        return static_cast<int>(error.code);
    }
}

TEST(FeedCredentials, ComeInThreeWays) {
    EXPECT_EQ(code_for({{"X-ClickHouse-User", "default"}, {"X-ClickHouse-Key", "pass:word%"}}), 0);
    EXPECT_EQ(code_for({{"X-ClickHouse-Key", "pass:word%"}}), 0);
    EXPECT_EQ(code_for({{"Authorization", "Basic ZGVmYXVsdDpwYXNzOndvcmQl"}}), 0);
    EXPECT_EQ(code_for({{"Authorization", "bASIC  ZGVmYXVsdDpwYXNzOndvcmQl "}}), 0);
    EXPECT_EQ(code_for({{"Authorization", "Basic OnBhc3M6d29yZCU="}}), 0); // without a user
    EXPECT_EQ(code_for({}, "/?user=default&password=pass:word%25"), 0);
    EXPECT_EQ(code_for({}, "/?password=pass%3Aword%25&x=y"), 0);
    EXPECT_EQ(code_for({}, "/?password=wrong&password=pass%3Aword%25"), 0); // the last counts
    EXPECT_EQ(
        code_for({{"X-ClickHouse-User", "sems"}, {"X-ClickHouse-Key", "x"}}, "/", {"sems", "x"}),
        0);
}

TEST(FeedCredentials, AreRequired) {
    EXPECT_EQ(code_for({}), 194);
    EXPECT_EQ(code_for({}, "/?database=x"), 194);
    EXPECT_EQ(code_for({{"Cookie", "user=default"}}), 194);
}

TEST(FeedCredentials, AreRefusedIfWrong) {
    for (const auto& headers : std::vector<http::Fields>{
             {{"X-ClickHouse-User", "default"}},
             {{"X-ClickHouse-User", "default"}, {"X-ClickHouse-Key", ""}},
             {{"X-ClickHouse-User", "default"}, {"X-ClickHouse-Key", "pass:word"}},
             {{"X-ClickHouse-User", "default"}, {"X-ClickHouse-Key", "pass:word%x"}},
             {{"X-ClickHouse-User", "Default"}, {"X-ClickHouse-Key", "pass:word%"}},
             {{"X-ClickHouse-User", "root"}, {"X-ClickHouse-Key", "pass:word%"}},
             {{"Authorization", ""}},
             {{"Authorization", "Basic"}},
             {{"Authorization", "Basic ZGVmYXVsdDo="}},
             {{"Authorization", "Basic Og=="}},
             {{"Authorization", "Bearer ZGVmYXVsdDpwYXNzOndvcmQl"}},
             {{"Authorization", "ZGVmYXVsdDpwYXNzOndvcmQl"}}})
        EXPECT_EQ(code_for(headers), 516) << headers.begin()->value;
    EXPECT_EQ(code_for({{"Authorization", "Basic OnBhc3M6d29yZCU="}}, "/", {"sems", "pass:word%"}),
              516);
    for (const auto target : {"/?user=default", "/?password=", "/?password=x", "/?password=%zz",
                              "/?user=root&password=pass:word%25"})
        EXPECT_EQ(code_for({}, target), 516) << target;
}

TEST(FeedCredentials, AreRefusedIfTheyComeTwice) {
    EXPECT_EQ(code_for({{"X-ClickHouse-Key", "pass:word%"}}, "/?password=pass:word%25"), 516);
    EXPECT_EQ(code_for({{"X-ClickHouse-Key", "pass:word%"},
                        {"Authorization", "Basic ZGVmYXVsdDpwYXNzOndvcmQl"}}),
              516);
}

} // namespace
} // namespace active_calls::shim
