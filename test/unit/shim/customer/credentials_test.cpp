#include "customer/credentials.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

std::optional<std::string> token_in(const http::Fields& headers) {
    http::Request request;
    request.fields = headers;
    return token_of(request);
}

TEST(Credentials, AreBareOrAfterBearer) {
    for (const auto value : {"abc", "Bearer abc", "bearer abc", "BEARER   abc"})
        EXPECT_EQ(token_in({{"Authorization", value}}), "abc") << value;
}

TEST(Credentials, OfAnotherSchemeAreNotAToken) {
    EXPECT_EQ(token_in({{"Authorization", "Basic abc"}}), "Basic abc");
    EXPECT_EQ(token_in({{"Authorization", "Bearer"}}), "Bearer");
}

TEST(Credentials, MayBeACookie) {
    EXPECT_EQ(token_in({{"Cookie", "_yeti_customer_v1_session=abc"}}), "abc");
    EXPECT_EQ(token_in({{"Cookie", "a=b; _yeti_customer_v1_session=abc; c=d"}}), "abc");
    EXPECT_FALSE(token_in({{"Cookie", "x_yeti_customer_v1_session=abc"}}));
    EXPECT_FALSE(token_in({}));
}

TEST(Credentials, InTheHeaderComeFirst) {
    EXPECT_EQ(token_in({{"Authorization", "abc"}, {"Cookie", "_yeti_customer_v1_session=def"}}),
              "abc");
}

TEST(Credentials, AreUnclearIfThereAreTwo) {
    EXPECT_FALSE(token_in({{"Authorization", "abc"}, {"Authorization", "def"}}));
    EXPECT_FALSE(
        token_in({{"Cookie", "_yeti_customer_v1_session=abc; _yeti_customer_v1_session=def"}}));
    EXPECT_FALSE(token_in({{"Cookie", "_yeti_customer_v1_session=abc"}, {"Cookie", "a=b"}}));
}

} // namespace
} // namespace active_calls::shim
