// Bodies over real sockets: every framing, every way to end too soon, decompression within a limit.
#include "feed_body.h"

#include "clickhouse_error.h"
#include "connection.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <zlib.h>

#include <thread>

namespace active_calls::shim {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t limit = 100'000;

enum class Framing { gzip = 15 + 16, zlib = 15 };

std::string compress(const std::string& text, Framing framing = Framing::gzip) {
    z_stream stream{};
    EXPECT_EQ(
        deflateInit2(&stream, 9, Z_DEFLATED, static_cast<int>(framing), 9, Z_DEFAULT_STRATEGY),
        Z_OK);
    std::string compressed(deflateBound(&stream, text.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(compressed.data());
    stream.avail_out = static_cast<uInt>(compressed.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    compressed.resize(stream.total_out);
    deflateEnd(&stream);
    return compressed;
}

std::string chunk(const std::string& text) {
    std::array<char, 20> size;
    std::snprintf(size.data(), size.size(), "%zx\r\n", text.size());
    return size.data() + text + "\r\n";
}

/// Two ends of a connection.
class FeedBody : public testing::Test {
protected:
    FeedBody() {
        const int listening = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(bind(listening, generic, length), 0);
        EXPECT_EQ(listen(listening, 1), 0);
        getsockname(listening, generic, &length);
        client_ = socket(AF_INET, SOCK_STREAM, 0);
        EXPECT_EQ(connect(client_, generic, length), 0);
        connection_.emplace(accept(listening, nullptr, nullptr));
        close(listening);
        request_.version = "HTTP/1.1";
        request_.target = "/";
    }
    ~FeedBody() override { close(client_); }

    /// What is read of these bytes, after which the client closes, or the code of the refusal.
    std::string read(const httplib::Headers& headers, const std::string& bytes) {
        request_.headers = headers;
        std::thread sender([&] {
            send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            shutdown(client_, SHUT_WR);
        });
        std::string result;
        RequestBody body(*connection_, request_, {milliseconds{2'000}});
        try {
            result = read_feed_text(body, request_, limit);
            EXPECT_TRUE(body.is_at_end());
        } catch (const ClickHouseError& error) {
            result = std::to_string(static_cast<int>(error.code));
        }
        shutdown(client_, SHUT_RDWR); // so that the sender ends
        sender.join();
        return result;
    }

    int client_ = -1;
    std::optional<Connection> connection_;
    httplib::Request request_;
};

const httplib::Headers chunked{{"Transfer-Encoding", "chunked"}};
const httplib::Headers gzip_chunked{{"Transfer-Encoding", "chunked"}, {"Content-Encoding", "gzip"}};
const std::string last_chunk = "0\r\n\r\n";

httplib::Headers sized(const std::string& body, const std::string& encoding = "identity") {
    return {{"Content-Length", std::to_string(body.size())}, {"Content-Encoding", encoding}};
}

TEST_F(FeedBody, HasALength) {
    EXPECT_EQ(read({{"Content-Length", "5"}}, "abcdeGET /"), "abcde");
    EXPECT_EQ(connection_->received(), "GET /"); // the next request
}

TEST_F(FeedBody, MayBeEmpty) {
    EXPECT_EQ(read({}, "GET /"), "");
    EXPECT_EQ(connection_->received(), ""); // nothing is waited for
}

TEST_F(FeedBody, MayComeInChunks) {
    EXPECT_EQ(read(chunked, chunk("abc") + "2;x=y\r\nde\r\n" + "0\r\nTrailer: x\r\n\r\nGET /"),
              "abcde");
    EXPECT_EQ(connection_->received(), "GET /"); // the next request
}

TEST_F(FeedBody, FollowsTheStatementOfTheUrl) {
    request_.target = "/?query=INSERT+INTO+x&a=b";
    EXPECT_EQ(read(sized("{}"), "{}"), "INSERT INTO x\n{}");
}

TEST_F(FeedBody, MayBeCompressed) {
    const std::string text(limit, 'x'); // all of the limit, of which the end is the hard part
    std::string body;
    for (const char c : compress(text)) body += chunk({c});
    const httplib::Headers headers{{"Transfer-Encoding", "Chunked"}, {"Content-Encoding", "GZIP"}};
    EXPECT_TRUE(read(headers, body + last_chunk) == text);
}

TEST_F(FeedBody, MayBeCompressedInParts) {
    const std::string body = compress("abc") + compress("") + compress("def");
    EXPECT_EQ(read(sized(body, "gzip"), body), "abcdef");
}

TEST_F(FeedBody, MayBeDeflated) {
    const std::string body = compress("abc", Framing::zlib);
    EXPECT_EQ(read(sized(body, "deflate"), body), "abc");
}

/// Each reads on a connection of its own.
class OneFeedBody : public FeedBody {
public:
    using FeedBody::read;
    void TestBody() override {}
};

TEST(BadFeedBodies, WithALengthAreRefused) {
    struct Case {
        httplib::Headers headers;
        const char* code;
    };
    for (const auto& [headers, code] : std::vector<Case>{
             {{{"Content-Length", "6"}}, "33"},
             {{{"Content-Length", "5"}, {"Content-Length", "5"}}, "1000"},
             {{{"Content-Length", "+5"}}, "1000"},
             {{{"Content-Length", "5 "}, {"Content-Length", "5"}}, "1000"},
             {{{"Content-Length", "-1"}}, "1000"},
             {{{"Content-Length", ""}}, "1000"},
             {{{"Content-Length", "18446744073709551616"}}, "1000"},
             {{{"Content-Length", "100001"}}, "307"},
             {{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}, "1000"},
             {{{"Transfer-Encoding", "gzip, chunked"}}, "1000"},
             {{{"Transfer-Encoding", "identity"}}, "1000"},
             {{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "identity"}}, "1000"},
             {{{"Content-Length", "5"}, {"Content-Encoding", "br"}}, "48"},
         })
        EXPECT_EQ(OneFeedBody().read(headers, "abcde"), code) << headers.begin()->second;
}
TEST(BadFeedBodies, InChunksAreRefused) {
    std::string many_chunks;
    for (int i = 0; i < 11; ++i) many_chunks += chunk(std::string(10'000, 'x'));
    std::string long_trailer = "0\r\n";
    for (int i = 0; i < 1'000; ++i) long_trailer += "a: b\r\n";
    for (const auto& [bytes, code] : std::vector<std::pair<std::string, const char*>>{
             {"", "33"},
             {chunk("abc"), "33"},
             {"5\r\nabc", "33"},
             {"0\r\n", "33"},
             {"\r\n" + last_chunk, "1000"},
             {"0x3\r\nabc\r\n" + last_chunk, "1000"},
             {"-1\r\nabc\r\n" + last_chunk, "1000"},
             {"10000000000000000\r\nabc\r\n" + last_chunk, "1000"},
             {"3\nabc\r\n" + last_chunk, "1000"},
             {"3\r\nabcd\r\n" + last_chunk, "1000"},
             {"3;" + std::string(5'000, 'x') + "\r\nabc\r\n", "1000"},
             {"3;" + std::string(50'000, 'x'), "1000"},
             {long_trailer, "1000"},
             {many_chunks + last_chunk, "307"},
         })
        EXPECT_EQ(OneFeedBody().read(chunked, bytes), code) << bytes.substr(0, 40);
}

TEST(BadFeedBodies, CompressedAreRefused) {
    std::string bad_checksum = compress("abcdefgh");
    bad_checksum[bad_checksum.size() - 8] ^= 1;
    for (const auto& [body, code] : std::vector<std::pair<std::string, const char*>>{
             {compress(std::string(10'000'000, 'x')), "307"},
             {compress(std::string(limit + 1, 'x')), "307"},
             {compress("abcdefgh").substr(0, 20), "354"}, // all of it is there, but for the end
             {compress("abcdefgh").substr(0, 5), "354"},
             {bad_checksum, "354"},
             {"abcdefgh", "354"},
             {compress("abc") + "abc", "354"},
         })
        EXPECT_EQ(OneFeedBody().read(gzip_chunked, chunk(body) + last_chunk), code) << body.size();
}

TEST_F(FeedBody, IsGivenUpIfItDoesNotCome) {
    request_.headers = {{"Content-Length", "5"}};
    RequestBody body(*connection_, request_, {milliseconds{300}});
    const auto started = std::chrono::steady_clock::now();
    try {
        read_feed_text(body, request_, limit);
        FAIL();
    } catch (const ClickHouseError& error) {
        EXPECT_EQ(error.code, ClickHouseCode::socket_timeout);
    }
    const auto waited = std::chrono::steady_clock::now() - started;
    EXPECT_GE(waited, milliseconds{300});
    EXPECT_LT(waited, milliseconds{1'500});
    EXPECT_FALSE(body.is_at_end());
}

TEST_F(FeedBody, IsAskedForWhereTheClientWaits) {
    request_.headers = {{"Content-Length", "5"}, {"Expect", "100-Continue"}};
    RequestBody body(*connection_, request_, {milliseconds{2'000}});
    std::thread client([&] {
        std::array<char, 100> answer;
        const auto size = recv(client_, answer.data(), answer.size(), 0);
        EXPECT_EQ(std::string(answer.data(), static_cast<std::size_t>(std::max(size, 0L))),
                  "HTTP/1.1 100 Continue\r\n\r\n");
        send(client_, "abcde", 5, MSG_NOSIGNAL);
    });
    EXPECT_EQ(read_feed_text(body, request_, limit), "abcde");
    client.join();
}

TEST_F(FeedBody, IsNotAskedForIfItIsTooLong) {
    EXPECT_EQ(read({{"Content-Length", "100001"}, {"Expect", "100-continue"}}, ""), "307");
    std::array<char, 100> answer;
    EXPECT_EQ(recv(client_, answer.data(), answer.size(), MSG_DONTWAIT), 0);
}

} // namespace
} // namespace active_calls::shim
