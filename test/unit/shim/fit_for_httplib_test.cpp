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

TEST(Head, HasValuesAsTheyAre) {
    EXPECT_EQ(fit_for_httplib("GET /%41 HTTP/1.1\r\nX-ClickHouse-Key: %41%\r\n\r\n"),
              "GET /%41 HTTP/1.1\r\nX-ClickHouse-Key: %2541%25\r\n\r\n");
}

TEST(Head, IsNoneWhereALineIsNoField) {
    using namespace std::string_literals;
    for (const auto& line : {
             "Content-Length : 5"s,
             " Transfer-Encoding: chunked"s,
             "\tx"s,
             "Content-Length"s,
             ": 5"s,
             "X@Y: 5"s,
             "Content-Length: 5\nX: y"s,
             "Content-Length: 5\rX: y"s,
             "X: \0y"s,
             "X\0: y"s,
             "Content-Length:"s,
             "transfer-encoding: \t "s,
         }) {
        const std::string head = "GET / HTTP/1.1\r\nHost: x\r\n" + line + "\r\nX: y\r\n\r\n";
        EXPECT_EQ(fit_for_httplib(head), "\r\n") << line;
    }
}

TEST(Head, MayHaveFieldsOfAnyKind) {
    for (const std::string line : {"X!#$&'*+-.^_`|~9z:y", "X:", "X: ", "X: :\t\x01\xff "}) {
        const std::string head = "GET / HTTP/1.1\r\n" + line + "\r\n\r\n";
        EXPECT_EQ(fit_for_httplib(head), head);
    }
}

TEST(Head, MayBeCutOff) {
    const std::string head = "GET / HTTP/1.1\r\nX: y\r\nX-Lo";
    EXPECT_EQ(fit_for_httplib(head), head);
}

} // namespace
} // namespace active_calls::shim
