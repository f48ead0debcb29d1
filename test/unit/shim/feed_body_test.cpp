// Bodies over real sockets: every framing, every way to end too soon, decompression within a limit,
// and the pieces that they are handed out in.
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
constexpr milliseconds patience{10'000};

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
class FeedBodyTest : public testing::Test {
protected:
    FeedBodyTest() {
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
        connection_.emplace(accept(listening, nullptr, nullptr), [] { return false; });
        close(listening);
        request_.version = "HTTP/1.1";
        request_.target = "/";
    }
    ~FeedBodyTest() override { close(client_); }

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
            FeedBody feed(body, request_, max_size_);
            feed.gather(patience);
            result = joined(take_pieces(feed));
            EXPECT_EQ(feed.size(), result.size());
            EXPECT_TRUE(body.is_at_end());
        } catch (const ClickHouseError& error) {
            result = std::to_string(static_cast<int>(error.code));
            message_ = error.what();
        }
        shutdown(client_, SHUT_RDWR); // so that the sender ends
        sender.join();
        return result;
    }

    /// All that are left, before which there were so many lines.
    std::vector<std::string> take_pieces(FeedBody& feed, std::size_t lines = 0) {
        std::vector<std::string> pieces;
        while (const auto piece = feed.next_piece()) {
            EXPECT_EQ(piece->lines_before, lines);
            lines += lines_of(piece->text);
            pieces.emplace_back(piece->text);
        }
        EXPECT_EQ(feed.line_count(), lines);
        return pieces;
    }

    static std::size_t lines_of(std::string_view text) {
        const auto ends = static_cast<std::size_t>(std::ranges::count(text, '\n'));
        return ends + (text.empty() || text.ends_with('\n') ? 0 : 1);
    }

    static std::string joined(const std::vector<std::string>& pieces) {
        std::string text;
        for (const auto& piece : pieces) text += piece;
        return text;
    }

    std::size_t max_size_ = limit;
    std::string message_; // of the last refusal
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

TEST_F(FeedBodyTest, HasALength) {
    EXPECT_EQ(read({{"Content-Length", "5"}}, "abcdeGET /"), "abcde");
    EXPECT_EQ(connection_->received(), "GET /"); // the next request
}

TEST_F(FeedBodyTest, MayBeEmpty) {
    EXPECT_EQ(read({}, "GET /"), "");
    EXPECT_EQ(connection_->received(), ""); // nothing is waited for
}

TEST_F(FeedBodyTest, MayComeInChunks) {
    EXPECT_EQ(read(chunked, chunk("abc") + "2;x=y\r\nde\r\n" + "0\r\nTrailer: x\r\n\r\nGET /"),
              "abcde");
    EXPECT_EQ(connection_->received(), "GET /"); // the next request
}

TEST_F(FeedBodyTest, FollowsTheStatementOfTheUrl) {
    request_.target = "/?query=INSERT+INTO+x&a=b";
    EXPECT_EQ(read(sized("{}"), "{}"), "INSERT INTO x\n{}");
}

TEST_F(FeedBodyTest, MayBeCompressed) {
    const std::string text(limit, 'x'); // all of the limit, of which the end is the hard part
    std::string body;
    for (const char c : compress(text)) body += chunk({c});
    const httplib::Headers headers{{"Transfer-Encoding", "Chunked"}, {"Content-Encoding", "GZIP"}};
    EXPECT_TRUE(read(headers, body + last_chunk) == text);
}

TEST_F(FeedBodyTest, MayBeCompressedInParts) {
    const std::string body = compress("abc") + compress("") + compress("def");
    EXPECT_EQ(read(sized(body, "gzip"), body), "abcdef");
}

TEST_F(FeedBodyTest, MayBeDeflated) {
    const std::string body = compress("abc", Framing::zlib);
    EXPECT_EQ(read(sized(body, "deflate"), body), "abc");
}

/// Each reads on a connection of its own.
class OneFeedBody : public FeedBodyTest {
public:
    using FeedBodyTest::max_size_;
    using FeedBodyTest::message_;
    using FeedBodyTest::read;
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

TEST_F(FeedBodyTest, IsGivenUpIfItDoesNotCome) {
    request_.headers = {{"Content-Length", "5"}};
    RequestBody body(*connection_, request_, {milliseconds{300}});
    const auto started = std::chrono::steady_clock::now();
    try {
        FeedBody(body, request_, limit).gather(patience);
        FAIL();
    } catch (const ClickHouseError& error) {
        EXPECT_EQ(error.code, ClickHouseCode::socket_timeout);
    }
    const auto waited = std::chrono::steady_clock::now() - started;
    EXPECT_GE(waited, milliseconds{300});
    EXPECT_LT(waited, milliseconds{1'500});
    EXPECT_FALSE(body.is_at_end());
}

TEST_F(FeedBodyTest, IsAskedForWhereTheClientWaits) {
    request_.headers = {{"Content-Length", "5"}, {"Expect", "100-Continue"}};
    RequestBody body(*connection_, request_, {milliseconds{2'000}});
    std::thread client([&] {
        std::array<char, 100> answer;
        const auto size = recv(client_, answer.data(), answer.size(), 0);
        EXPECT_EQ(std::string(answer.data(), static_cast<std::size_t>(std::max(size, 0L))),
                  "HTTP/1.1 100 Continue\r\n\r\n");
        send(client_, "abcde", 5, MSG_NOSIGNAL);
    });
    FeedBody feed(body, request_, limit);
    feed.gather(patience);
    EXPECT_EQ(feed.text(), "abcde");
    client.join();
}

TEST_F(FeedBodyTest, IsNotAskedForIfItIsTooLong) {
    EXPECT_EQ(read({{"Content-Length", "100001"}, {"Expect", "100-continue"}}, ""), "307");
    std::array<char, 100> answer;
    EXPECT_EQ(recv(client_, answer.data(), answer.size(), MSG_DONTWAIT), 0);
}

/// Of bodies larger than a piece.
class LargeFeedBody : public FeedBodyTest {
protected:
    static constexpr std::size_t mebi = std::size_t{1} << 20;

    LargeFeedBody() { max_size_ = 64 * mebi; }

    void send_bytes(const std::string& bytes) const {
        EXPECT_EQ(send(client_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }
};

TEST_F(LargeFeedBody, IsCutAtTheEndsOfLines) {
    std::string rows;
    for (int i = 0; i < 50'000; ++i)
        rows += "{\"number\":" + std::to_string(i) + ",\"x\":\"" + std::string(60, 'x') + "\"}\n";
    request_.headers = sized(rows);
    std::thread sender([&] { send_bytes(rows); });
    RequestBody body(*connection_, request_, {milliseconds{2'000}});
    FeedBody feed(body, request_, max_size_);
    feed.gather(patience);
    const auto pieces = take_pieces(feed);
    sender.join();
    EXPECT_GT(pieces.size(), 5u);
    for (const auto& piece : pieces) {
        EXPECT_TRUE(piece.starts_with('{') && piece.ends_with('\n'));
        EXPECT_LT(piece.size(), mebi);
    }
    EXPECT_TRUE(joined(pieces) == rows);
}

TEST_F(LargeFeedBody, OfAnyFormIsKept) {
    for (const auto& rows : {std::string("\n"), std::string("{}"), std::string("{}\n{}"),
                             std::string(mebi, 'x'), std::string(5 * mebi, '\n'),
                             std::string(mebi, 'x') + '\n' + std::string(mebi, 'y') + "\n{}"}) {
        OneFeedBody one;
        one.max_size_ = max_size_;
        EXPECT_TRUE(one.read(sized(rows), rows) == rows) << rows.size();
    }
}

/// PostgreSQL would need many times the memory of a row.
TEST_F(LargeFeedBody, HasNoEndlessRow) {
    const std::string row(mebi + 1, 'x');
    for (const auto& [rows, line] : std::vector<std::pair<std::string, std::string>>{
             {row, "line 1: "},
             {row + "\n{}", "line 1: "},
             {"{}\n\n" + row, "line 3: "},
             {std::string(mebi, '\n') + row + '\n', "line 1048577: "},
             {std::string(40 * mebi, 'x'), "line 1: "}}) {
        OneFeedBody one;
        one.max_size_ = max_size_;
        EXPECT_TRUE(one.read(sized(rows), rows) == "27") << "a row of more than a MiB was taken";
        EXPECT_TRUE(one.message_.starts_with(line)) << one.message_;
    }
}

TEST_F(LargeFeedBody, IsHandedOutWhileItComes) {
    const std::string row = std::string(999, 'x') + '\n';
    std::string part;
    while (part.size() < 16 * mebi) part += row;
    request_.headers = {{"Content-Length", std::to_string(2 * part.size())}};
    RequestBody body(*connection_, request_, {milliseconds{2'000}});
    FeedBody feed(body, request_, max_size_);
    std::thread sender([&] { send_bytes(part); });
    feed.gather(patience);
    EXPECT_LT(feed.text().size(), 16 * mebi);
    const auto first = feed.next_piece();
    ASSERT_TRUE(first);
    EXPECT_FALSE(body.is_at_end());
    const auto size = first->text.size();
    const auto lines = lines_of(first->text);
    std::thread rest([&] {
        sender.join();
        send_bytes(part);
    });
    const auto pieces = take_pieces(feed, lines);
    rest.join();
    EXPECT_EQ(size + joined(pieces).size(), 2 * part.size());
}

/// Whoever takes the first piece opens a transaction, for which others wait.
TEST_F(LargeFeedBody, IsGatheredWhereItComesSlowly) {
    const std::string at_once(4 * mebi, '\n'); // as where it had to wait for a thread
    const std::string slow(512 * 1024, '\n');
    const std::string fast(20 * mebi, '\n');
    const auto size = at_once.size() + 16 * slow.size() + fast.size();
    request_.headers = {{"Content-Length", std::to_string(size)}};
    RequestBody body(*connection_, request_, {milliseconds{5'000}});
    FeedBody feed(body, request_, max_size_);
    std::thread sender([&] {
        send_bytes(at_once);
        for (int i = 0; i < 16; ++i) {
            std::this_thread::sleep_for(milliseconds{60});
            send_bytes(slow);
        }
        send_bytes(fast);
    });
    feed.gather(patience);
    EXPECT_GT(feed.text().size(), 18 * mebi); // 10 of them after the first 8, which took a second
    EXPECT_EQ(joined(take_pieces(feed)).size(), size);
    sender.join();
}

/// Of bodies that are handed out, and then come slowly, or no more.
class SlowFeedBody : public LargeFeedBody {
protected:
    /// The code of the refusal, and after what time; 0 where it came to its end.
    std::pair<int, milliseconds> take_slowly(milliseconds longest_wait,
                                             const std::function<void()>& send_rest) {
        request_.headers = {{"Content-Length", std::to_string(18 * mebi)}};
        RequestBody body(*connection_, request_, {milliseconds{60'000}});
        FeedBody feed(body, request_, max_size_);
        std::thread sender([&] {
            send_bytes(std::string(16 * mebi, '\n'));
            send_rest();
        });
        feed.gather(longest_wait);
        const auto started = std::chrono::steady_clock::now();
        int code = 0;
        try {
            take_pieces(feed);
        } catch (const ClickHouseError& error) {
            code = static_cast<int>(error.code);
        }
        const auto took = std::chrono::steady_clock::now() - started;
        shutdown(client_, SHUT_RDWR);
        sender.join();
        return {code, std::chrono::duration_cast<milliseconds>(took)};
    }

    void drip(std::size_t size, milliseconds pause) const {
        const std::string drop(size, '\n');
        for (std::size_t sent = 0; sent < 2 * mebi; sent += size) {
            std::this_thread::sleep_for(pause);
            if (send(client_, drop.data(), size, MSG_NOSIGNAL) < 0) return;
        }
    }
};

TEST_F(SlowFeedBody, IsGivenUpWhereItStops) {
    const auto [code, took] = take_slowly(patience, [] {});
    EXPECT_EQ(code, 209);
    EXPECT_GE(took, milliseconds{4'900});
    EXPECT_LT(took, milliseconds{7'000});
}

TEST_F(SlowFeedBody, IsGivenUpSoonerWhereOthersHaveLittleTime) {
    const auto [code, took] = take_slowly(milliseconds{500}, [] {});
    EXPECT_EQ(code, 209);
    EXPECT_LT(took, milliseconds{1'500});
}

TEST_F(SlowFeedBody, IsWaitedForAsLongAsItComes) {
    const auto [code, took] =
        take_slowly(patience, [&] { drip(128 * 1024, milliseconds{400}); }); // 320 KiB a second
    EXPECT_EQ(code, 0);
    EXPECT_GT(took, milliseconds{6'000}); // longer than it may stop
}

TEST_F(SlowFeedBody, IsNotWaitedForBeyondTheWhole) {
    const auto [code, took] =
        take_slowly(milliseconds{2'000}, [&] { drip(128 * 1024, milliseconds{400}); });
    EXPECT_EQ(code, 209);
    EXPECT_LT(took, milliseconds{3'500});
}

TEST_F(LargeFeedBody, MustBeText) {
    const std::string line = std::string(99, 'x') + '\n';
    std::string good;
    for (int i = 0; i < 20'000; ++i) good += line;
    for (const auto& bad : {std::string("\xff"), std::string("\xc3\n"), std::string("a\0b", 3),
                            std::string("\xed\xa0\x80\n")}) {
        OneFeedBody one;
        one.max_size_ = max_size_;
        const auto text = good + bad;
        EXPECT_EQ(one.read(sized(text), text), "27");
        EXPECT_EQ(one.message_, "line 20001: invalid byte sequence for UTF-8, or a NUL");
    }
    const std::string nul("\0\n", 2);
    OneFeedBody one;
    EXPECT_EQ(one.read(sized(nul), nul), "27");
    EXPECT_TRUE(one.message_.starts_with("line 1: ")) << one.message_;
}

} // namespace
} // namespace active_calls::shim
