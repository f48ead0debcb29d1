// Bodies as a listener hands them out: every framing, every way to end too soon, decompression
// within a limit, and the pieces that they are handed out in.
#include "feed/feed_body.h"

#include "feed/clickhouse_error.h"
#include "http/listener.h"
#include "http/test_client.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <future>
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

std::size_t lines_of(std::string_view text) {
    const auto ends = static_cast<std::size_t>(std::ranges::count(text, '\n'));
    return ends + (text.empty() || text.ends_with('\n') ? 0 : 1);
}

std::string joined(const std::vector<std::string>& pieces) {
    std::string text;
    for (const auto& piece : pieces) text += piece;
    return text;
}

// All that are left, before which there was this text.
std::vector<std::string> take_pieces(FeedBody& feed, std::string text = "") {
    std::vector<std::string> pieces;
    bool was_last = false;
    while (const auto piece = feed.next_piece()) {
        EXPECT_FALSE(was_last);
        was_last = piece->is_last;
        text += piece->text;
        pieces.emplace_back(piece->text);
    }
    EXPECT_TRUE(was_last);
    EXPECT_EQ(feed.line_count(), lines_of(text));
    return pieces;
}

// Hands the body of each request to a function, whose result is the answer; or the code of what it
// throws, after which comes the message.
class Reader : public http::Service {
public:
    using Function = std::function<std::string(FeedBody&, const http::RequestBody&)>;

    Reader(Function function, std::size_t max_size)
        : function_(std::move(function))
        , max_size_(max_size) {}

    std::variant<http::Response, http::Task> receive(const http::Request& /*request*/) override {
        return http::Task{{}, [this](const http::Request& request) { return answer(request); }};
    }
    http::Response refuse(const http::Request& /*request*/, int status) override {
        return {status, {}, ""};
    }

private:
    http::Response answer(const http::Request& request) const {
        try {
            FeedBody feed(*request.body, request, max_size_);
            feed.read_first();
            return {200, {}, function_(feed, *request.body)};
        } catch (const ClickHouseError& error) {
            return {500, {}, std::to_string(static_cast<int>(error.code)) + " " + error.what()};
        }
    }

    const Function function_;
    const std::size_t max_size_;
};

std::string read_all(FeedBody& feed, const http::RequestBody& body) {
    std::string text = joined(take_pieces(feed));
    EXPECT_EQ(feed.size(), text.size());
    EXPECT_TRUE(body.is_complete());
    return text;
}

// A listener whose bodies are read by a function.
struct Feed {
    explicit Feed(std::size_t max_size, Reader::Function function = read_all,
                  milliseconds timeout = milliseconds{5'000},
                  milliseconds timeout_while_answered = milliseconds{10'000})
        : reader(std::move(function), max_size)
        , listener({.address = {"127.0.0.1", 0},
                    .thread_count = 1,
                    .keep_alive_timeout = milliseconds{5'000},
                    .read_timeout = milliseconds{5'000},
                    .bodies = http::BodyLimits{.max_size = max_size,
                                               .timeout = timeout,
                                               .timeout_while_answered = timeout_while_answered}},
                   reader) {
        listener.start();
    }

    Reader reader;
    http::Listener listener;
};

std::string head_with(const http::Fields& fields, const std::string& target = "/") {
    std::string head = "POST " + target + " HTTP/1.1\r\nHost: x\r\n";
    for (const auto& [name, value] : fields) head += name + ": " + value + "\r\n";
    return head + "\r\n";
}

std::size_t count_of(const std::string& text, std::string_view part) {
    std::size_t count = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
    return count;
}

std::string first_body(const std::string& answers) {
    const auto length_at = answers.find("Content-Length: ");
    const auto head_end = answers.find("\r\n\r\n");
    if (length_at == std::string::npos || head_end == std::string::npos) return "(" + answers + ")";
    return answers.substr(head_end + 4, std::stoul(answers.substr(length_at + 16)));
}

// What is read of a request, after which the client sends no more; in full.
std::string answers_to(const Feed& feed, const std::string& request) {
    const http::TestClient client(feed.listener.address());
    const std::jthread sender([&] {
        client.send(request);
        client.finish_sending();
    });
    return client.rest();
}

class FeedBodyTest : public testing::Test {
protected:
    explicit FeedBodyTest(std::size_t max_size = limit)
        : feed_(max_size) {}

    // What is read of these bytes, after which the client closes, or the code of the refusal.
    std::string read(const http::Fields& fields, const std::string& bytes,
                     const std::string& target = "/") {
        const std::string answers = answers_to(feed_, head_with(fields, target) + bytes);
        answer_count_ = count_of(answers, "HTTP/1.1 ");
        const std::string body = first_body(answers);
        if (!answers.starts_with("HTTP/1.1 500")) return body;
        message_ = body.substr(body.find(' ') + 1);
        return body.substr(0, body.find(' '));
    }

    Feed feed_;
    std::string message_; // of the last refusal
    std::size_t answer_count_ = 0;
};

const http::Fields chunked{{"Transfer-Encoding", "chunked"}};
const http::Fields gzip_chunked{{"Transfer-Encoding", "chunked"}, {"Content-Encoding", "gzip"}};
const std::string last_chunk = "0\r\n\r\n";
const std::string next_request = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

http::Fields sized(const std::string& body, const std::string& encoding = "identity") {
    return {{"Content-Length", std::to_string(body.size())}, {"Content-Encoding", encoding}};
}

TEST_F(FeedBodyTest, HasALength) {
    EXPECT_EQ(read({{"Content-Length", "5"}}, "abcde" + next_request), "abcde");
    EXPECT_EQ(answer_count_, 2u);
}

TEST_F(FeedBodyTest, MayBeEmpty) {
    EXPECT_EQ(read({}, next_request), "");
    EXPECT_EQ(answer_count_, 2u);
}

TEST_F(FeedBodyTest, MayComeInChunks) {
    EXPECT_EQ(
        read(chunked, chunk("abc") + "2;x=y\r\nde\r\n" + "0\r\nTrailer: x\r\n\r\n" + next_request),
        "abcde");
    EXPECT_EQ(answer_count_, 2u);
}

TEST_F(FeedBodyTest, FollowsTheStatementOfTheUrl) {
    EXPECT_EQ(read(sized("{}"), "{}", "/?query=INSERT+INTO+x&a=b"), "INSERT INTO x\n{}");
}

TEST_F(FeedBodyTest, MayBeCompressed) {
    const std::string text(limit, 'x'); // all of the limit, of which the end is the hard part
    std::string body;
    for (const char c : compress(text)) body += chunk({c});
    const http::Fields headers{{"Transfer-Encoding", "Chunked"}, {"Content-Encoding", "GZIP"}};
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

TEST_F(FeedBodyTest, IsRefusedIfItsLengthIsBad) {
    struct Case {
        http::Fields fields;
        const char* code;
    };
    for (const auto& [fields, code] : std::vector<Case>{
             {{{"Content-Length", "6"}}, "33"},
             {{{"Content-Length", "5"}, {"Content-Length", "5"}}, "1000"},
             {{{"Content-Length", "+5"}}, "1000"},
             {{{"Content-Length", "5 "}, {"Content-Length", "5"}}, "1000"},
             {{{"Content-Length", "-1"}}, "1000"},
             {{{"Content-Length", "18446744073709551616"}}, "1000"},
             {{{"Content-Length", "100001"}}, "307"},
             {{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}, "1000"},
             {{{"Transfer-Encoding", "gzip, chunked"}}, "1000"},
             {{{"Transfer-Encoding", "identity"}}, "1000"},
             {{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "identity"}}, "1000"},
             {{{"Content-Length", "5"}, {"Content-Encoding", "br"}}, "48"},
         })
        EXPECT_EQ(read(fields, "abcde"), code) << fields.begin()->value;
}

TEST_F(FeedBodyTest, IsRefusedIfAChunkIsBad) {
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
        EXPECT_EQ(read(chunked, bytes), code) << bytes.substr(0, 40);
}

TEST_F(FeedBodyTest, IsRefusedIfItIsNotWellCompressed) {
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
        EXPECT_EQ(read(gzip_chunked, chunk(body) + last_chunk), code) << body.size();
}

TEST(FeedBodies, AreGivenUpIfTheyDoNotCome) {
    const Feed feed(limit, read_all, milliseconds{300});
    const http::TestClient client(feed.listener.address());
    const auto started = std::chrono::steady_clock::now();
    client.send(head_with({{"Content-Length", "5"}}) + "abc");
    EXPECT_TRUE(first_body(client.rest()).starts_with("209 ")); // socket_timeout
    const auto waited = std::chrono::steady_clock::now() - started;
    EXPECT_GE(waited, milliseconds{300});
    EXPECT_LT(waited, milliseconds{1'500});
}

TEST_F(FeedBodyTest, IsAskedForWhereTheClientWaits) {
    const http::TestClient client(feed_.listener.address());
    EXPECT_EQ(client.ask(head_with({{"Content-Length", "5"}, {"Expect", "100-Continue"}})),
              "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(first_body(client.ask("abcde")), "abcde");
}

TEST_F(FeedBodyTest, IsNotAskedForIfItIsTooLong) {
    EXPECT_EQ(read({{"Content-Length", "100001"}, {"Expect", "100-continue"}}, ""), "307");
    EXPECT_EQ(answer_count_, 1u);
}

constexpr std::size_t mebi = std::size_t{1} << 20;
constexpr std::size_t large_limit = 64 * mebi;

// Tests with bodies larger than a piece.
class LargeFeedBody : public FeedBodyTest {
protected:
    LargeFeedBody()
        : FeedBodyTest(large_limit) {}
};

TEST(LargeFeedBodies, AreCutIntoPiecesOfHalfAMebibyte) {
    std::string rows;
    for (int i = 0; i < 50'000; ++i)
        rows += "{\"number\":" + std::to_string(i) + ",\"x\":\"" + std::string(60, 'x') + "\"}\n";
    const Feed feed(large_limit, [](FeedBody& body, const http::RequestBody&) {
        const auto pieces = take_pieces(body);
        EXPECT_GT(pieces.size(), 5u);
        for (const auto& piece : pieces)
            EXPECT_TRUE(piece.size() == mebi / 2 || &piece == &pieces.back());
        return joined(pieces);
    });
    EXPECT_TRUE(first_body(answers_to(feed, head_with(sized(rows)) + rows)) == rows);
}

TEST_F(LargeFeedBody, OfAnyFormIsKept) {
    for (const auto& rows :
         {std::string("\n"), std::string("{}"), std::string("{}\n{}"), std::string(mebi, 'x'),
          std::string(5 * mebi, '\n'), std::string("\0\xff\n", 3),
          std::string(mebi / 2, '\n'), // one piece, and an empty last one
          std::string(mebi, 'x') + '\n' + std::string(mebi, 'y') + "\n{}"})
        EXPECT_TRUE(read(sized(rows), rows) == rows) << rows.size();
}

TEST(LargeFeedBodies, AreHandedOutWhileTheyCome) {
    const std::string row = std::string(999, 'x') + '\n';
    std::string part;
    while (part.size() < 16 * mebi) part += row;
    std::promise<void> first_is_taken;
    const Feed feed(large_limit, [&](FeedBody& pieces, const http::RequestBody& body) {
        const auto first = pieces.next_piece();
        EXPECT_TRUE(first && !body.is_complete());
        const std::string begin(first->text);
        first_is_taken.set_value();
        return std::to_string(begin.size() + joined(take_pieces(pieces, begin)).size());
    });
    const http::TestClient client(feed.listener.address());
    client.send(head_with({{"Content-Length", std::to_string(2 * part.size())}}));
    client.send(part);
    first_is_taken.get_future().wait();
    client.send(part);
    client.finish_sending();
    EXPECT_EQ(first_body(client.rest()), std::to_string(2 * part.size()));
}

// Whoever takes the first piece opens a transaction, and keeps a connection to the database.
TEST(LargeFeedBodies, AreGatheredWhereTheyComeSlowly) {
    const std::string at_once(4 * mebi, '\n'); // as where it had to wait for a place
    const std::string slow(512 * 1024, '\n');
    const std::string fast(20 * mebi, '\n');
    const auto size = at_once.size() + 16 * slow.size() + fast.size();
    std::atomic<std::size_t> sent = 0;
    std::size_t sent_before = 0;
    const Feed feed(large_limit, [&](FeedBody& body, const http::RequestBody&) {
        sent_before = sent;
        return std::to_string(joined(take_pieces(body)).size());
    });
    const http::TestClient client(feed.listener.address());
    const auto send = [&](const std::string& bytes) {
        EXPECT_TRUE(client.send(bytes));
        sent += bytes.size();
    };
    client.send(head_with({{"Content-Length", std::to_string(size)}}));
    send(at_once);
    for (int i = 0; i < 16; ++i) {
        std::this_thread::sleep_for(milliseconds{60});
        send(slow);
    }
    send(fast);
    client.finish_sending();
    EXPECT_EQ(first_body(client.rest()), std::to_string(size));
    EXPECT_GE(sent_before, at_once.size() + 16 * slow.size());
}

// Tests with bodies that come slowly, or no more, after the reader has begun.
class SlowFeedBody : public testing::Test {
protected:
    static constexpr std::size_t drip_size = 2 * mebi;

    // The code of the refusal, and after what time; 0 where it came to its end. So much is left to
    // `send_rest`.
    static std::pair<int, milliseconds>
    take_slowly(milliseconds longest_wait, std::size_t rest_size,
                const std::function<void(const http::TestClient&)>& send_rest) {
        std::chrono::steady_clock::duration took{0};
        const Feed feed(
            large_limit,
            [&](FeedBody& body, const http::RequestBody&) -> std::string {
                const auto started = std::chrono::steady_clock::now();
                int code = 0;
                try {
                    take_pieces(body);
                } catch (const ClickHouseError& error) {
                    code = static_cast<int>(error.code);
                }
                took = std::chrono::steady_clock::now() - started;
                return std::to_string(code);
            },
            milliseconds{60'000}, longest_wait);
        const http::TestClient client(feed.listener.address());
        const std::jthread sender([&] {
            client.send(head_with({{"Content-Length", std::to_string(16 * mebi + rest_size)}}));
            client.send(std::string(16 * mebi, '\n'));
            send_rest(client);
        });
        const int code = std::stoi(first_body(client.rest()));
        return {code, std::chrono::duration_cast<milliseconds>(took)};
    }

    // All that is left of the body, at 320 KiB a second.
    static void drip(const http::TestClient& client) {
        const std::string drop(128 * 1024, '\n');
        for (std::size_t sent = 0; sent < drip_size; sent += drop.size()) {
            std::this_thread::sleep_for(milliseconds{400});
            if (!client.send(drop)) return;
        }
        client.finish_sending();
    }
};

constexpr milliseconds patience{10'000};

TEST_F(SlowFeedBody, IsGivenUpWhereItStops) {
    const auto [code, took] = take_slowly(patience, 1, [](const auto&) {});
    EXPECT_EQ(code, 209);
    EXPECT_GE(took, milliseconds{4'900});
    EXPECT_LT(took, milliseconds{7'000});
}

TEST_F(SlowFeedBody, IsGivenUpSoonerWhereOthersHaveLittleTime) {
    const auto [code, took] = take_slowly(milliseconds{500}, 1, [](const auto&) {});
    EXPECT_EQ(code, 209);
    EXPECT_LT(took, milliseconds{1'500});
}

TEST_F(SlowFeedBody, IsWaitedForAsLongAsItComes) {
    const auto [code, took] = take_slowly(patience, drip_size, drip);
    EXPECT_EQ(code, 0);
    EXPECT_GT(took, milliseconds{6'000}); // longer than it may stop
}

TEST_F(SlowFeedBody, IsNotWaitedForBeyondTheWhole) {
    const auto [code, took] = take_slowly(milliseconds{2'000}, drip_size, drip);
    EXPECT_EQ(code, 209);
    EXPECT_LT(took, milliseconds{3'500});
}

} // namespace
} // namespace active_calls::shim
