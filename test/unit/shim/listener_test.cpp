// The listener over real sockets: what httplib leaves to us.
#include "listener.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace active_calls::shim {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// A client that sends what it is told and reads until the end.
class Client {
public:
    explicit Client(const Listener& listener)
        : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        address.sin_port = htons(static_cast<std::uint16_t>(listener.address().port));
        is_connected_ =
            connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        const timeval patience{10, 0};
        setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    }
    Client(const Client&) = delete;
    ~Client() { close(socket_); }

    bool is_connected() const { return is_connected_; }

    void send(std::string_view bytes) const {
        ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    }

    /// Sends over and over, until the other side has taken nothing for a while.
    void send_until_full(std::string_view bytes) const {
        const timeval patience{0, 100'000};
        setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        while (::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
        }
    }

    /// So that the other side notices when nothing is read here.
    void hold_little() const {
        const int little = 32'768;
        setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    }

    /// Everything until the other side closes; "(reset)" or "(timeout)" is added if it does not.
    /// Reads so much at a time, and then pauses.
    std::string rest(std::size_t size = 65536, milliseconds pause = milliseconds{0}) const {
        std::string text;
        std::vector<char> buffer(size);
        ssize_t count = 0;
        while ((count = recv(socket_, buffer.data(), buffer.size(), 0)) > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(count));
            std::this_thread::sleep_for(pause);
        }
        if (count < 0) text += errno == EAGAIN ? "(timeout)" : "(reset)";
        return text;
    }

    /// Sends a request and reads its short answer, which must come in one piece.
    std::string ask(std::string_view request) const {
        send(request);
        std::array<char, 65536> buffer;
        const auto count = recv(socket_, buffer.data(), buffer.size(), 0);
        return count < 0 ? "(nothing)"
                         : std::string(buffer.data(), static_cast<std::size_t>(count));
    }

private:
    int socket_;
    bool is_connected_;
};

std::size_t count_answers(const std::string& text) {
    std::size_t count = 0;
    for (auto at = text.find("HTTP/1.1 "); at != std::string::npos;
         at = text.find("HTTP/1.1 ", at + 1))
        ++count;
    return count;
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

constexpr std::string_view get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
constexpr std::string_view get_and_close = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

class Listening : public testing::Test {
protected:
    explicit Listening(std::size_t thread_count = 8)
        : listener_({{"127.0.0.1", 0}, thread_count, milliseconds{3000}, milliseconds{2000}}) {
        listener_.set_pre_routing_handler(
            [&](const httplib::Request& request, httplib::Response& response) {
                ++request_count_;
                if (request.path == "/slow") std::this_thread::sleep_for(milliseconds{400});
                response.status = 200;
                response.set_content(request.target, "text/x-plain");
                return httplib::Server::HandlerResponse::Handled;
            });
        listener_.start();
    }

    std::string answer_to(const std::string& request) {
        const Client client(listener_);
        client.send(request);
        return client.rest();
    }

    std::atomic<int> request_count_ = 0;
    Listener listener_;
};

TEST_F(Listening, KeepsConnectionsAsTheClientWants) {
    const Client client(listener_);
    for (int i = 0; i < 3; ++i) {
        const std::string answer = client.ask(get);
        EXPECT_TRUE(contains(answer, "Keep-Alive: ") && !contains(answer, "Connection:")) << answer;
    }
    client.send(get_and_close);
    const std::string last = client.rest();
    EXPECT_TRUE(contains(last, "Connection: close\r\n") && !contains(last, "Keep-Alive:")) << last;

    for (const auto value : {"CLOSE", "foo, Close"})
        EXPECT_TRUE(
            contains(answer_to(std::string("GET / HTTP/1.1\r\nConnection: ") + value + "\r\n\r\n"),
                     "Connection: close"));
    EXPECT_TRUE(contains(answer_to("GET / HTTP/1.0\r\n\r\n"), "Connection: close"));
    EXPECT_TRUE(contains(Client(listener_).ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
                         "Connection: keep-alive"));
}

TEST_F(Listening, AnswersPipelinedRequests) {
    const std::string three = std::string(get) + std::string(get) + std::string(get_and_close);
    EXPECT_EQ(count_answers(answer_to(three)), 3u);
}

TEST_F(Listening, TakesNoBodyForARequest) {
    for (const auto framing : {"Content-Length: 28", "Transfer-Encoding: chunked"})
        EXPECT_EQ(count_answers(answer_to(std::string("GET / HTTP/1.1\r\n") + framing + "\r\n\r\n" +
                                          std::string(get))),
                  1u)
            << framing;
}

TEST_F(Listening, LetsAClientThatStillSendsReadItsAnswer) {
    const std::string answer =
        answer_to("POST / HTTP/1.1\r\nContent-Length: 200000\r\n\r\n" + std::string(200'000, 'x'));
    EXPECT_TRUE(contains(answer, "200 OK") && !contains(answer, "(reset)")) << answer;
}

TEST_F(Listening, RefusesWhatIsTooLong) {
    EXPECT_TRUE(
        contains(answer_to("GET /?" + std::string(9'000, 'x') + " HTTP/1.1\r\n\r\n"), " 414 "));
    EXPECT_TRUE(contains(answer_to("GET /?" + std::string(100'000, 'x')), " 414 "));
    // httplib calls it 400; the API makes 431 of that.
    EXPECT_TRUE(contains(answer_to("GET / HTTP/1.1\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n"),
                         " 400 "));
    EXPECT_TRUE(contains(answer_to("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'x')), " 400 "));
    std::string many = "GET / HTTP/1.1\r\n";
    for (int i = 0; i < 1'000; ++i) many += "X: " + std::string(100, 'x') + "\r\n";
    EXPECT_TRUE(contains(answer_to(many + "\r\n"), " 400 "));
    EXPECT_EQ(request_count_, 0);
}

TEST_F(Listening, SendsTheHeadOfAGetToHead) {
    const Client client(listener_);
    const std::string head = client.ask("HEAD /?12345 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(contains(head, "Content-Length: 7\r\n") && head.ends_with("\r\n\r\n")) << head;
    EXPECT_FALSE(contains(head, "Accept-Ranges")) << head;
}

TEST_F(Listening, IgnoresRanges) {
    for (const auto range : {"bytes=0-1", "bytes=abc", "items=1"}) {
        const std::string answer = answer_to(std::string("GET /abc HTTP/1.1\r\nRange: ") + range +
                                             "\r\nConnection: close\r\n\r\n");
        EXPECT_TRUE(contains(answer, "200 OK") && answer.ends_with("/abc")) << answer;
    }
}

TEST_F(Listening, GivesUpOnSilentAndSlowClients) {
    const auto started = Clock::now();
    const Client silent(listener_);
    const Client slow(listener_);
    slow.send("GET / HTT");
    const auto dripping = std::async(std::launch::async, [&] {
        for (int i = 0; i < 30; ++i) {
            std::this_thread::sleep_for(milliseconds{100});
            slow.send("x");
        }
    });
    EXPECT_FALSE(contains(silent.rest(), "HTTP"));
    EXPECT_FALSE(contains(slow.rest(), "HTTP"));
    EXPECT_LT(Clock::now() - started, milliseconds{2600});
    EXPECT_EQ(request_count_, 0);
}

TEST_F(Listening, ServesOthersSoonThoughSilentClientsHoldAllThreads) {
    std::vector<std::unique_ptr<Client>> silent;
    for (int i = 0; i < 80; ++i) silent.push_back(std::make_unique<Client>(listener_));
    std::this_thread::sleep_for(milliseconds{50});
    const auto started = Clock::now();
    EXPECT_TRUE(contains(answer_to(std::string(get_and_close)), "200 OK"));
    // Ten times as many as threads: ten short turns, and not ten times what one is waited for.
    EXPECT_LT(Clock::now() - started, milliseconds{2000});
}

TEST_F(Listening, WaitsForARequestThatComesInPartsThoughOthersWaitForAThread) {
    std::vector<std::unique_ptr<Client>> silent;
    for (int i = 0; i < 16; ++i) silent.push_back(std::make_unique<Client>(listener_));
    const Client slow(listener_);
    for (const char c : get_and_close) {
        slow.send({&c, 1});
        std::this_thread::sleep_for(milliseconds{5});
    }
    EXPECT_TRUE(contains(slow.rest(), "200 OK"));
}

TEST_F(Listening, ServesOthersSoonThoughClientsDoNotReadTheirAnswers) {
    std::vector<std::unique_ptr<Client>> deaf;
    for (int i = 0; i < 16; ++i) {
        deaf.push_back(std::make_unique<Client>(listener_));
        deaf.back()->send_until_full("GET /" + std::string(7'000, 'x') +
                                     " HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    const auto started = Clock::now();
    EXPECT_TRUE(contains(answer_to(std::string(get_and_close)), "200 OK"));
    EXPECT_LT(Clock::now() - started, milliseconds{3000});
    listener_.drain();
    EXPECT_TRUE(listener_.wait_until_stopped(milliseconds{3000}));
}

/// A listener whose kernel holds little of an answer.
class NarrowListener : public Listener {
public:
    NarrowListener()
        : Listener({{"127.0.0.1", 0}, 2, milliseconds{3000}, milliseconds{2000}}) {
        const int little = 32'768;
        setsockopt(svr_sock_, SOL_SOCKET, SO_SNDBUF, &little, sizeof little);
        set_pre_routing_handler([&](const httplib::Request&, httplib::Response& response) {
            response.status = 200;
            response.set_content(std::string(size, 'x'), "text/x-plain");
            return httplib::Server::HandlerResponse::Handled;
        });
        start();
    }

    static constexpr std::size_t size = 400'000;
};

TEST(Draining, GivesAWholeAnswerToASlowClientAndDoesNotWaitForADeafOne) {
    NarrowListener listener;
    const Client slow(listener);
    const Client deaf(listener);
    for (const auto* client : {&slow, &deaf}) {
        client->hold_little();
        client->send(get);
    }
    std::this_thread::sleep_for(milliseconds{200});
    listener.drain();
    const auto started = Clock::now();
    auto slow_answer =
        std::async(std::launch::async, [&] { return slow.rest(8'000, milliseconds{50}); });
    while (!listener.wait_until_stopped(milliseconds{20})) {
    }
    EXPECT_GT(Clock::now() - started, milliseconds{1000});
    EXPECT_LT(Clock::now() - started, milliseconds{10'000});
    const std::string text = slow_answer.get();
    EXPECT_GT(text.size(), NarrowListener::size);
    EXPECT_FALSE(contains(text, "(")) << "broken off";
    EXPECT_LT(deaf.rest().size(), NarrowListener::size);
}

TEST_F(Listening, LosesNoRequestWhenItDrains) {
    const Client idle(listener_);
    EXPECT_TRUE(contains(idle.ask(get), "Keep-Alive"));
    std::vector<std::unique_ptr<Client>> in_flight;
    for (int i = 0; i < 20; ++i) {
        in_flight.push_back(std::make_unique<Client>(listener_));
        in_flight.back()->send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    // One thread is with the idle client, seven are at work, and thirteen requests wait for one.
    while (request_count_ < 8) std::this_thread::sleep_for(milliseconds{1});
    listener_.drain();
    const std::string last = idle.ask(get);
    EXPECT_TRUE(contains(last, "200 OK") && contains(last, "Connection: close")) << last;
    for (const auto& client : in_flight) EXPECT_TRUE(contains(client->rest(), "200 OK"));
    EXPECT_TRUE(listener_.wait_until_stopped(milliseconds{2000}));
}

/// Whoever could connect is answered, also when the end came between the two.
TEST_F(Listening, LosesNoConnectionWhenItDrainsUnderLoad) {
    if (geteuid() != 0) GTEST_SKIP() << "some kernels let root alone filter new connections";
    std::atomic<int> lost_count = 0;
    std::vector<std::jthread> clients;
    for (int i = 0; i < 48; ++i)
        clients.emplace_back([&] {
            for (;;) {
                const Client client(listener_);
                if (!client.is_connected()) return;
                client.send(get_and_close);
                if (!contains(client.rest(), "200 OK")) ++lost_count;
            }
        });
    while (request_count_ < 1'000) std::this_thread::sleep_for(milliseconds{1});
    listener_.drain();
    const auto started = Clock::now();
    while (!listener_.wait_until_stopped(milliseconds{20})) {
    }
    EXPECT_LT(Clock::now() - started, milliseconds{2000});
    clients.clear();
    EXPECT_EQ(lost_count, 0);
}

TEST_F(Listening, StopsSoonThoughClientsAreIdle) {
    const Client silent(listener_);
    const Client kept_alive(listener_);
    EXPECT_TRUE(contains(kept_alive.ask(get), "200 OK"));
    listener_.drain();
    EXPECT_TRUE(listener_.wait_until_stopped(milliseconds{1500}));
}

/// Answers with the size of the body, unless the path says to leave it alone.
class ListeningToBodies : public testing::Test {
protected:
    ListeningToBodies()
        : listener_({{"127.0.0.1", 0},
                     4,
                     milliseconds{3000},
                     milliseconds{2000},
                     BodyLimits{milliseconds{1000}}}) {
        listener_.set_pre_routing_handler(
            [](const httplib::Request& request, httplib::Response& response) {
                response.status = 200;
                response.set_content(request.path == "/refuse" ? "refused" : size_of_body(),
                                     "text/x-plain");
                return httplib::Server::HandlerResponse::Handled;
            });
        listener_.start();
    }

    static std::string size_of_body() {
        try {
            std::size_t size = 0;
            while (const auto piece_size = Listener::body().read().size()) size += piece_size;
            return "size " + std::to_string(size);
        } catch (const BodyError& error) {
            return error.what();
        }
    }

    std::string answer_to(const std::string& request) {
        const Client client(listener_);
        client.send(request);
        return client.rest();
    }

    Listener listener_;
};

TEST_F(ListeningToBodies, KeepsConnectionsWhoseBodyWasRead) {
    const Client client(listener_);
    for (int i = 0; i < 3; ++i) {
        const std::string answer = client.ask("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
        EXPECT_TRUE(contains(answer, "Keep-Alive") && answer.ends_with("size 3")) << answer;
    }
    const std::string chunked =
        client.ask("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n");
    EXPECT_TRUE(contains(chunked, "Keep-Alive") && chunked.ends_with("size 2")) << chunked;
    client.send("POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\naGET / HTTP/1.1\r\n\r\n"
                "POST / HTTP/1.1\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab");
    const std::string pipelined = client.rest();
    EXPECT_EQ(count_answers(pipelined), 3u) << pipelined;
    EXPECT_TRUE(pipelined.ends_with("size 2"));
}

TEST_F(ListeningToBodies, ClosesConnectionsWhoseBodyWasNotRead) {
    for (const auto request :
         {"POST /refuse HTTP/1.1\r\nContent-Length: 30\r\n\r\nGET / HTTP/1.1\r\n\r\n",
          "POST / HTTP/1.1\r\nContent-Length: 30\r\n\r\nabc", // which is too slow
          "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
          "0\r\n\r\nGET / HTTP/1.1\r\n\r\n",
          "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nGET / HTTP/1.1\r\n\r\n"}) {
        const std::string answer = answer_to(request);
        EXPECT_EQ(count_answers(answer), 1u) << answer;
        EXPECT_TRUE(contains(answer, "Connection: close\r\n") && !contains(answer, "Keep-Alive"))
            << answer;
    }
}

TEST_F(ListeningToBodies, LetsAClientThatSendsReadItsAnswer) {
    const std::string body(5'000'000, 'x');
    const std::string answer =
        answer_to("POST /refuse HTTP/1.1\r\nContent-Length: 5000000\r\n\r\n" + body);
    EXPECT_TRUE(answer.ends_with("refused")) << answer;
}

TEST_F(ListeningToBodies, IsNotHeldByClientsThatWereRefusedAndAreSilent) {
    std::vector<std::unique_ptr<Client>> silent;
    for (int i = 0; i < 8; ++i) { // twice as many as there are threads
        silent.push_back(std::make_unique<Client>(listener_));
        silent.back()->send("POST /refuse HTTP/1.1\r\nContent-Length: 3\r\n\r\n");
    }
    const auto started = Clock::now();
    EXPECT_TRUE(contains(answer_to(std::string(get_and_close)), "size 0"));
    EXPECT_LT(Clock::now() - started, milliseconds{2000});
}

TEST_F(ListeningToBodies, TellsAClientThatWaitsToGoOn) {
    const Client client(listener_);
    const std::string head = "POST / HTTP/1.1\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    EXPECT_EQ(client.ask(head), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_TRUE(client.ask("abc").ends_with("size 3"));
}

TEST_F(Listening, SharesItsPortWithNobody) {
    EXPECT_THROW(Listener({listener_.address(), 2, milliseconds{1000}, milliseconds{1000}}),
                 std::runtime_error);
}

TEST(Listener, NeedsAHostThatExists) {
    EXPECT_THROW(Listener({{"no.such.host.invalid", 0}, 2, milliseconds{1}, milliseconds{1}}),
                 std::runtime_error);
}

} // namespace
} // namespace active_calls::shim
