#include "connection.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

TEST(Head, StaysAsItIsIfFit) {
    const std::string head = "GET /a?b=c HTTP/1.1\r\nHost: x?y?z\r\nX-Range: 1\r\n\r\n";
    EXPECT_EQ(fit_for_httplib(head), head);
    EXPECT_EQ(fit_for_httplib(""), "");
    EXPECT_EQ(fit_for_httplib("GET /"), "GET /");
}

TEST(Head, HasOneQuestionMark) {
    EXPECT_EQ(fit_for_httplib("GET /a?b=c?d?? HTTP/1.1\r\n\r\n"),
              "GET /a?b=c%3Fd%3F%3F HTTP/1.1\r\n\r\n");
}

TEST(Head, HasNoRange) {
    EXPECT_EQ(fit_for_httplib("GET / HTTP/1.1\r\nrAnge: x\r\nHost: y\r\nRange:\r\n\r\n"),
              "GET / HTTP/1.1\r\nHost: y\r\n\r\n");
}

TEST(Head, HasPasswordsAsTheyAre) {
    EXPECT_EQ(
        fit_for_httplib("GET /%41 HTTP/1.1\r\nX-clickhouse-KEY: %41%\r\nX-Other: %41\r\n\r\n"),
        "GET /%41 HTTP/1.1\r\nX-clickhouse-KEY: %2541%25\r\nX-Other: %41\r\n\r\n");
}

} // namespace
} // namespace active_calls::shim
