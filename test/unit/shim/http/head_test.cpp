// Heads of requests: what the server reads of them, and which ones it refuses.
#include "http/head.h"

#include <gtest/gtest.h>

namespace active_calls::shim::http {
namespace {

// Returns the status with which the head is refused, or 0.
int status_of(const std::string& head) {
    Request request;
    return parse_head(head, request).value_or(0);
}

Request read(const std::string& head) {
    Request request;
    EXPECT_FALSE(parse_head(head, request)) << head;
    return request;
}

std::string target_of(const std::string& target) {
    return read("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n").target;
}

TEST(Head, IsRead) {
    const Request request = read("GET /a%41?b=c?d%?? HTTP/1.1\r\nHost: x\r\nX-Y:  %41%\t\r\n\r\n");
    EXPECT_EQ(request.method, "GET");
    EXPECT_EQ(request.target, "/a%41?b=c?d%??");
    EXPECT_EQ(request.path(), "/a%41");
    EXPECT_EQ(request.version, "HTTP/1.1");
    EXPECT_EQ(request.fields.get("x-y"), "%41%"); // which is encoded by nobody
}

TEST(Head, MayNameTheHostInItsTarget) {
    EXPECT_EQ(target_of("http://host:80/a?b=/c"), "/a?b=/c");
    EXPECT_EQ(target_of("HTTPS://host"), "/");
    EXPECT_EQ(target_of("http://host?b=c"), "/?b=c");
    EXPECT_EQ(target_of("/http://host/"), "/http://host/");
    EXPECT_EQ(target_of("*"), "*");
}

TEST(Head, NamesOneHost) {
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET http://a/ HTTP/1.1\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n"), 400);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost:\r\n\r\n"), 0);
    EXPECT_EQ(status_of("GET / HTTP/1.0\r\n\r\n"), 0);
}

TEST(Head, BeginsWithARequestLine) {
    using namespace std::string_literals;
    for (const auto& line : {
             ""s,
             "GET"s,
             "GET /"s,
             " / HTTP/1.1"s,
             "GET  HTTP/1.1"s,
             "GET  / HTTP/1.1"s,
             "GET / HTTP/1.1 "s,
             "GET /a b HTTP/1.1"s,
             "GET\t/ HTTP/1.1"s,
             "G@T / HTTP/1.1"s,
             "GET / HTTP/2.0"s,
             "GET / http/1.1"s,
             "GET / HTTP/1.10"s,
             "GET /\0 HTTP/1.1"s,
             "GET /\n HTTP/1.1"s,
             "GET / HTTP/1.1\nHost: x"s,
         })
        EXPECT_EQ(status_of(line + "\r\nHost: x\r\n\r\n"), 400) << line;
}

TEST(Head, HasFieldsThatEverybodyReadsAlike) {
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
         })
        EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: x\r\n" + line + "\r\nX: y\r\n\r\n"), 400)
            << line;
}

TEST(Head, MayHaveFieldsOfAnyKind) {
    for (const std::string line : {"X!#$&'*+-.^_`|~9z:y", "X:", "X: ", "X: :\t\x01\xff "})
        EXPECT_EQ(status_of("GET / HTTP/1.1\r\nHost: x\r\n" + line + "\r\n\r\n"), 0) << line;
}

TEST(Head, HasALimit) {
    const auto with_target = [](std::size_t size) {
        return status_of("GET /" + std::string(size - 1, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n");
    };
    EXPECT_EQ(with_target(max_target_size), 0);
    EXPECT_EQ(with_target(max_target_size + 1), 414);
    EXPECT_EQ(status_of("GET /" + std::string(max_head_size - 5, 'x')), 414); // cut off
    const auto with_field = [](std::size_t size) {
        return status_of("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(size - 3, 'x') +
                         "\r\n\r\n");
    };
    EXPECT_EQ(with_field(max_field_size), 0);
    EXPECT_EQ(with_field(max_field_size + 1), 431);
    EXPECT_EQ(status_of("GET / HTTP/1.1\r\nX: y\r\nX-Lo"), 431); // cut off
}

TEST(Head, SaysWhereTheBodyEnds) {
    const auto framing = [](const std::string& fields, const std::string& version = "HTTP/1.1") {
        return framing_of(read("POST / " + version + "\r\nHost: x\r\n" + fields + "\r\n"));
    };
    EXPECT_FALSE(framing("").has_body());
    EXPECT_FALSE(framing("Content-Length: 0\r\n").has_body());
    EXPECT_EQ(framing("content-length: 18446744073709551615\r\n").length, UINT64_MAX);
    EXPECT_TRUE(framing("Transfer-Encoding: CHUNKED\r\n").is_chunked);
    for (const std::string fields :
         {"Content-Length: 5\r\nContent-Length: 5\r\n", "Content-Length: +5\r\n",
          "Content-Length: -1\r\n", "Content-Length: 5, 5\r\n", "Content-Length: 0x5\r\n",
          "Content-Length: 18446744073709551616\r\n",
          "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
          "Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: identity\r\n",
          "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"}) {
        EXPECT_FALSE(framing(fields).is_clear) << fields;
        EXPECT_TRUE(framing(fields).has_body()) << fields;
    }
    EXPECT_FALSE(framing("Transfer-Encoding: chunked\r\n", "HTTP/1.0").is_clear);
}

TEST(Head, SaysWhetherTheConnectionIsKept) {
    const auto is_kept = [](const std::string& version, const std::string& fields) {
        return keeps_alive(read("GET / " + version + "\r\nHost: x\r\n" + fields + "\r\n"));
    };
    EXPECT_TRUE(is_kept("HTTP/1.1", ""));
    EXPECT_FALSE(is_kept("HTTP/1.1", "Connection: foo, Close\r\n"));
    EXPECT_FALSE(is_kept("HTTP/1.1", "Connection: keep-alive\r\nconnection: close\r\n"));
    EXPECT_FALSE(is_kept("HTTP/1.0", ""));
    EXPECT_TRUE(is_kept("HTTP/1.0", "Connection: Keep-Alive\r\n"));
}

} // namespace
} // namespace active_calls::shim::http
