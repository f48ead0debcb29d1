#include "customer/credentials.h"

#include "customer/refusal.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

Credentials in(const http::Fields& headers) {
    http::Request request;
    request.fields = headers;
    return credentials_of(request);
}

std::string token_in(const http::Fields& headers) { return in(headers).token; }

// Why there is none, for the log.
std::string reason_in(const http::Fields& headers) try {
    return "the token " + token_in(headers);
} catch (const Refusal& refusal) {
    EXPECT_EQ(refusal.status, 401);
    return refusal.reason;
}

TEST(Credentials, AreBareOrAfterAScheme) {
    for (const auto value : {"abc", "Bearer abc", "bearer abc", "BEARER   abc", "Token abc",
                             "JWT\tabc ", "Bearer Token abc"})
        EXPECT_EQ(token_in({{"Authorization", value}}), "abc") << value;
    EXPECT_EQ(token_in({{"Authorization", "Bearer"}}), "Bearer"); // which is no token
}

TEST(Credentials, ThatAreBlankAreNone) {
    for (const auto value : {"", " ", "\t"}) {
        EXPECT_EQ(reason_in({{"Authorization", value}}), "no token");
        EXPECT_EQ(token_in({{"Authorization", value}, {"Cookie", "_yeti_customer_v1_session=abc"}}),
                  "abc");
    }
    EXPECT_EQ(reason_in({{"Cookie", "_yeti_customer_v1_session="}}), "no token");
}

TEST(Credentials, MayBeACookie) {
    EXPECT_EQ(token_in({{"Cookie", "_yeti_customer_v1_session=abc"}}), "abc");
    EXPECT_EQ(token_in({{"Cookie", "a=b; _yeti_customer_v1_session=abc; c=d"}}), "abc");
    EXPECT_EQ(reason_in({{"Cookie", "x_yeti_customer_v1_session=abc"}}), "no token");
    EXPECT_EQ(reason_in({}), "no token");
}

TEST(Credentials, InTheHeaderComeFirst) {
    EXPECT_EQ(token_in({{"Authorization", "abc"}, {"Cookie", "_yeti_customer_v1_session=def"}}),
              "abc");
}

TEST(Credentials, KnowWhereTheyWere) {
    EXPECT_TRUE(in({{"Cookie", "_yeti_customer_v1_session=abc"}}).is_cookie);
    EXPECT_FALSE(in({{"Authorization", "abc"}}).is_cookie);
    EXPECT_FALSE(
        in({{"Authorization", "abc"}, {"Cookie", "_yeti_customer_v1_session=abc"}}).is_cookie);
}

TEST(Cookie, IsWrittenAsYetiWritesIt) {
    EXPECT_EQ(set_cookie("e30.e30.abc", std::chrono::sys_seconds{std::chrono::seconds{1767271575}}),
              "_yeti_customer_v1_session=e30.e30.abc; path=/; expires=Thu, 01 Jan 2026 12:46:15 "
              "GMT; HttpOnly; SameSite=Lax");
}

TEST(Credentials, AreUnclearIfThereAreTwo) {
    for (const http::Fields& headers : std::vector<http::Fields>{
             {{"Authorization", "abc"}, {"Authorization", "def"}},
             {{"Cookie", "_yeti_customer_v1_session=abc; _yeti_customer_v1_session=def"}},
             {{"Cookie", "_yeti_customer_v1_session=abc"}, {"Cookie", "a=b"}}})
        EXPECT_EQ(reason_in(headers), "more than one token");
}

} // namespace
} // namespace active_calls::shim
