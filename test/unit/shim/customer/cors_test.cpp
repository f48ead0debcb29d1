// What browsers are told of who may read an answer.
#include "customer/cors.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

// The headers that Cors adds to the answer to a request from `origin`, which may be absent.
http::Fields headers(const Cors& cors, const std::string& method, const char* origin) {
    http::Request request;
    request.method = method;
    if (origin) request.fields.add("Origin", origin);
    http::Response response;
    response.fields.add("vary", "Accept");
    cors.complete(request, response);
    return response.fields;
}

std::string value(const http::Fields& fields, const char* name) {
    return fields.has(name) ? std::string(fields.get(name)) : "(none)";
}

TEST(Cors, AddsNothingUnlessToldTo) {
    const auto fields = headers(Cors(), "GET", "https://portal.example.com");
    EXPECT_EQ(value(fields, "access-control-allow-origin"), "(none)");
    EXPECT_EQ(value(fields, "vary"), "Accept");
    http::Request request;
    request.method = "OPTIONS";
    EXPECT_FALSE(Cors().is_preflight(request));
}

TEST(Cors, MayAllowEveryOrigin) {
    for (const auto* const origin : {static_cast<const char*>(nullptr), "https://x", "null"}) {
        const auto fields = headers(Cors({"*"}), "GET", origin);
        EXPECT_EQ(value(fields, "access-control-allow-origin"), "*");
        EXPECT_EQ(value(fields, "access-control-allow-credentials"), "(none)");
        EXPECT_EQ(value(fields, "access-control-allow-methods"), "(none)");
        EXPECT_EQ(value(fields, "vary"), "Accept");
    }
}

TEST(Cors, MayAllowSomeOrigins) {
    const Cors cors({"https://portal.example.com", "http://localhost:3000"});
    for (const auto* const origin : {"https://portal.example.com", "http://localhost:3000"}) {
        const auto fields = headers(cors, "GET", origin);
        EXPECT_EQ(value(fields, "access-control-allow-origin"), origin);
        EXPECT_EQ(value(fields, "access-control-allow-credentials"), "true");
        EXPECT_EQ(value(fields, "vary"), "Accept, Origin");
    }
    for (const auto* const origin :
         {static_cast<const char*>(nullptr), "", "null", "*", "https://portal.example.com.evil.net",
          "http://portal.example.com", "https://portal.example.com:8443",
          "https://localhost:3000"}) {
        const auto fields = headers(cors, "OPTIONS", origin);
        EXPECT_EQ(value(fields, "access-control-allow-origin"), "(none)");
        EXPECT_EQ(value(fields, "access-control-allow-credentials"), "(none)");
        EXPECT_EQ(value(fields, "access-control-allow-methods"), "(none)");
        EXPECT_EQ(value(fields, "vary"), "Accept, Origin");
    }
}

TEST(Cors, AnswersBeforehandAsYetisProxyDoes) {
    http::Request request;
    request.method = "OPTIONS";
    EXPECT_TRUE(Cors({"*"}).is_preflight(request));
    const auto fields = headers(Cors({"*"}), "OPTIONS", "https://x");
    EXPECT_EQ(value(fields, "access-control-allow-origin"), "*");
    EXPECT_EQ(value(fields, "access-control-allow-methods"), "GET, HEAD, OPTIONS");
    EXPECT_EQ(value(fields, "access-control-allow-headers"),
              "Origin, X-Requested-With, Content-Type, Accept, api_key, Authorization");
    EXPECT_EQ(value(fields, "access-control-max-age"), "1728000");
}

TEST(Origin, IsWrittenAsBrowsersWriteIt) {
    for (const auto* const origin :
         {"https://portal.example.com", "http://localhost:3000", "http://127.0.0.1:80801",
          "https://[2001:db8::1]:8443", "moz-extension://0123-abc", "https://x:80"})
        EXPECT_TRUE(is_origin(origin)) << origin;
    for (const auto* const text :
         {"", "null", "*", "portal.example.com", "https://", "://x", "https://portal.example.com/",
          "https://Portal.example.com", "https://*.example.com", "https://a https://b",
          "https://x:443", "http://x:80", "https://user@x", "https://x?y"})
        EXPECT_FALSE(is_origin(text)) << text;
}

} // namespace
} // namespace active_calls::shim
