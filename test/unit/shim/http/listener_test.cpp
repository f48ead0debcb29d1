// The server over real sockets: time limits, framing, overload and the end.
#include "http/listener.h"

#include "test_client.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <thread>
#include <vector>

namespace active_calls::shim::http {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

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

// Answers with the target. It takes its time if the path is `/slow`, says much if it is `/large`,
// answers at once if it is `/now`, and holds the answer back if it is `/later`. The field `Flow`
// names the flow.
class Echo : public Service {
public:
    static constexpr std::size_t large = 8'000'000;

    std::variant<Response, Task> receive(const Request& request) override {
        if (request.path() == "/now") return Response{200, {}, "now"};
        if (request.path() == "/later") return Response{200, {}, "later", milliseconds{300}};
        std::optional<Flow> flow;
        if (request.fields.has("Flow")) flow = std::stoull(std::string(request.fields.get("Flow")));
        return Task{flow, [this](const Request& taken) { return answer(taken); }};
    }
    Response refuse(const Request& /*request*/, int status) override { return {status, {}, ""}; }

    int request_count() const { return request_count_; }

private:
    Response answer(const Request& request) {
        ++request_count_;
        if (request.path() == "/slow") std::this_thread::sleep_for(milliseconds{400});
        return {200,
                {{"x-B", "a"}, {"Content-Type", "text/x-plain"}, {"X-a", "b"}},
                request.path() == "/large" ? std::string(large, 'x') : request.target};
    }

    std::atomic<int> request_count_ = 0;
};

ListenerSettings settings_at(const ListenAddress& address) {
    return {.address = address,
            .thread_count = 8,
            .keep_alive_timeout = milliseconds{3000},
            .read_timeout = milliseconds{2000}};
}

class Listening : public testing::Test {
protected:
    Listening() { listener_.start(); }

    std::string answer_to(const std::string& request) const {
        const TestClient client(listener_.address());
        client.send(request);
        return client.rest();
    }

    std::vector<std::unique_ptr<TestClient>> connect(int count) const {
        std::vector<std::unique_ptr<TestClient>> clients;
        for (int i = 0; i < count; ++i)
            clients.push_back(std::make_unique<TestClient>(listener_.address()));
        return clients;
    }

    Echo echo_;
    Listener listener_{settings_at({"127.0.0.1", 0}), echo_};
};

TEST_F(Listening, KeepsConnectionsAsTheClientWants) {
    const TestClient client(listener_.address());
    for (int i = 0; i < 3; ++i) {
        const std::string answer = client.ask(get);
        EXPECT_TRUE(contains(answer, "Keep-Alive: ") && !contains(answer, "Connection:")) << answer;
    }
    client.send(get_and_close);
    const std::string last = client.rest();
    EXPECT_TRUE(contains(last, "Connection: close\r\n") && !contains(last, "Keep-Alive:")) << last;

    for (const auto value : {"CLOSE", "foo, Close"})
        EXPECT_TRUE(contains(answer_to(std::string("GET / HTTP/1.1\r\nHost: x\r\nConnection: ") +
                                       value + "\r\n\r\n"),
                             "Connection: close"));
    EXPECT_TRUE(contains(answer_to("GET / HTTP/1.0\r\n\r\n"), "Connection: close"));
    EXPECT_TRUE(contains(
        TestClient(listener_.address()).ask("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
        "Connection: keep-alive"));
}

TEST_F(Listening, AnswersPipelinedRequests) {
    const std::string three = std::string(get) + std::string(get) + std::string(get_and_close);
    EXPECT_EQ(count_answers(answer_to(three)), 3u);
}

TEST_F(Listening, TakesNoBodyForARequest) {
    for (const auto framing : {"Content-Length: 28", "Transfer-Encoding: chunked"})
        EXPECT_EQ(count_answers(answer_to(std::string("GET / HTTP/1.1\r\nHost: x\r\n") + framing +
                                          "\r\n\r\n" + std::string(get))),
                  1u)
            << framing;
}

TEST_F(Listening, LetsAClientThatStillSendsReadItsAnswer) {
    const TestClient client(listener_.address());
    client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n");
    EXPECT_TRUE(client.send(std::string(8'000'000, 'x')));
    const std::string answer = client.rest();
    EXPECT_TRUE(contains(answer, "200 OK") && !contains(answer, "(reset)")) << answer;
}

TEST_F(Listening, RefusesWhatIsTooLong) {
    EXPECT_TRUE(contains(
        answer_to("GET /?" + std::string(9'000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n"), " 414 "));
    EXPECT_TRUE(contains(answer_to("GET /?" + std::string(100'000, 'x')), " 414 "));
    EXPECT_TRUE(contains(
        answer_to("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(9'000, 'x') + "\r\n\r\n"),
        " 431 "));
    EXPECT_TRUE(contains(answer_to("GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(100'000, 'x')),
                         " 431 "));
    std::string many = "GET / HTTP/1.1\r\nHost: x\r\n";
    for (int i = 0; i < 1'000; ++i) many += "X: " + std::string(100, 'x') + "\r\n";
    EXPECT_TRUE(contains(answer_to(many + "\r\n"), " 431 "));
    EXPECT_EQ(echo_.request_count(), 0);
}

TEST_F(Listening, SendsTheHeadOfAGetToHead) {
    const TestClient client(listener_.address());
    const std::string head = client.ask("HEAD /?12345 HTTP/1.1\r\nHost: x\r\n\r\n");
    EXPECT_TRUE(contains(head, "Content-Length: 7\r\n") && head.ends_with("\r\n\r\n")) << head;
    EXPECT_FALSE(contains(head, "Accept-Ranges")) << head;
}

TEST_F(Listening, SendsFieldsInTheOrderOfTheirNames) {
    const TestClient client(listener_.address());
    EXPECT_EQ(client.ask(get), "HTTP/1.1 200 OK\r\n"
                               "Content-Length: 1\r\n"
                               "Content-Type: text/x-plain\r\n"
                               "Keep-Alive: timeout=3, max=10000\r\n"
                               "X-a: b\r\n"
                               "x-B: a\r\n"
                               "\r\n/");
}

TEST_F(Listening, IgnoresRanges) {
    for (const auto range : {"bytes=0-1", "bytes=abc", "items=1"}) {
        const std::string answer =
            answer_to(std::string("GET /abc HTTP/1.1\r\nHost: x\r\nRange: ") + range +
                      "\r\nConnection: close\r\n\r\n");
        EXPECT_TRUE(contains(answer, "200 OK") && answer.ends_with("/abc")) << answer;
    }
}

TEST_F(Listening, GivesUpOnSilentAndSlowClients) {
    const auto started = Clock::now();
    const TestClient silent(listener_.address());
    const TestClient slow(listener_.address());
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
    EXPECT_EQ(echo_.request_count(), 0);
}

// The slow clients are of every kind, and there are many times more of them than threads.
TEST_F(Listening, ServesOthersAtOnceThoughClientsAreSlow) {
    const auto silent = connect(500);
    const auto halting = connect(50);
    for (const auto& client : halting) client->send("GET / HTT");
    const auto still_sending = connect(50);
    for (const auto& client : still_sending)
        client->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n");
    const auto deaf = connect(50);
    for (const auto& client : deaf) {
        client->hold_little();
        client->send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    while (echo_.request_count() < 100) std::this_thread::sleep_for(milliseconds{1});
    const auto started = Clock::now();
    for (int i = 0; i < 20; ++i)
        EXPECT_TRUE(contains(answer_to(std::string(get_and_close)), "200 OK"));
    EXPECT_LT(Clock::now() - started, milliseconds{1000});
    listener_.drain();
    EXPECT_TRUE(listener_.wait_until_stopped(milliseconds{3000}));
}

TEST_F(Listening, WaitsForARequestThatComesInPartsBesideSilentOnes) {
    const auto silent = connect(16);
    const TestClient slow(listener_.address());
    for (const char c : get_and_close) {
        slow.send({&c, 1});
        std::this_thread::sleep_for(milliseconds{5});
    }
    EXPECT_TRUE(contains(slow.rest(), "200 OK"));
}

TEST_F(Listening, AnswersAClientThatSendsNoMore) {
    const TestClient client(listener_.address());
    client.send(get);
    client.finish_sending();
    EXPECT_EQ(count_answers(client.rest()), 1u);
}

// Nobody would read the answers, and other clients would wait for them.
TEST_F(Listening, DoesNotAnswerClientsThatHaveGone) {
    const auto gone = connect(100);
    for (const auto& client : gone) client->send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    while (echo_.request_count() < 8) std::this_thread::sleep_for(milliseconds{1});
    for (const auto& client : gone) client->reset();
    EXPECT_TRUE(contains(answer_to(std::string(get_and_close)), "200 OK"));
    EXPECT_LT(echo_.request_count(), 8 + 8 + 8);
}

TEST_F(Listening, LetsClientsThatSendTooMuchAheadWait) {
    const auto deaf = connect(16);
    for (const auto& client : deaf)
        client->send_until_full("GET /" + std::string(7'000, 'x') + " HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto started = Clock::now();
    EXPECT_TRUE(contains(answer_to(std::string(get_and_close)), "200 OK"));
    EXPECT_LT(Clock::now() - started, milliseconds{500});
    listener_.drain();
    EXPECT_TRUE(listener_.wait_until_stopped(milliseconds{3000}));
}

TEST_F(Listening, LetsFlowsTakeTurns) {
    std::vector<std::unique_ptr<TestClient>> greedy = connect(40);
    for (const auto& client : greedy)
        client->send("GET /slow HTTP/1.1\r\nHost: x\r\nFlow: 1\r\n\r\n");
    // Seven of the eight threads are busy for this flow, and others find one at once.
    while (listener_.waiting() < 33) std::this_thread::sleep_for(milliseconds{1});
    const auto started = Clock::now();
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(contains(answer_to("GET / HTTP/1.1\r\nHost: x\r\nFlow: 2\r\n"
                                       "Connection: close\r\n\r\n"),
                             "200 OK"));
    EXPECT_LT(Clock::now() - started, milliseconds{350});
    for (const auto& client : greedy) client->finish_sending();
    for (const auto& client : greedy) EXPECT_EQ(count_answers(client->rest()), 1u);
}

TEST_F(Listening, RefusesWhatIsTooMuchOfAFlow) {
    const int taken = 7 + WorkQueue::max_waiting_of_flow;
    const auto clients = connect(taken + 20);
    for (const auto& client : clients) {
        client->send("GET /slow HTTP/1.1\r\nHost: x\r\nFlow: 1\r\nConnection: close\r\n\r\n");
        // One after the other, so that the last ones are those beyond the limit.
        if (client == clients[6])
            while (echo_.request_count() < 7) std::this_thread::sleep_for(milliseconds{1});
    }
    for (int i = 0; i < 10; ++i)
        EXPECT_TRUE(contains(clients[static_cast<std::size_t>(taken + i + 10)]->rest(), " 503 "));
    EXPECT_TRUE(contains(answer_to(std::string(get_and_close)), "200 OK"));
    EXPECT_LE(listener_.waiting(), WorkQueue::max_waiting_of_flow);
    for (const auto& client : clients) client->reset();
}

TEST_F(Listening, HoldsAnswersBackWithoutAThread) {
    const auto started = Clock::now();
    const auto clients = connect(100);
    for (const auto& client : clients)
        client->send("GET /later HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(contains(answer_to(std::string(get_and_close)), "200 OK"));
    EXPECT_LT(Clock::now() - started, milliseconds{250});
    for (const auto& client : clients) EXPECT_TRUE(client->rest().ends_with("later"));
    EXPECT_GT(Clock::now() - started, milliseconds{290});
    EXPECT_LT(Clock::now() - started, milliseconds{2000});
}

TEST_F(Listening, AnswersManyRequestsThatWereSentAhead) {
    std::string many;
    for (int i = 0; i < 1'000; ++i) many += "GET /now HTTP/1.1\r\nHost: x\r\n\r\n";
    const TestClient client(listener_.address());
    client.send(many + std::string(get_and_close));
    EXPECT_EQ(count_answers(client.rest()), 1'001u);
}

// Eight answers of 8 MB are more than is kept for all clients.
TEST_F(Listening, DropsThoseWhoTakeNoneOfTheirManyAnswers) {
    const TestClient modest(listener_.address());
    modest.hold_little();
    modest.send("GET /large HTTP/1.1\r\nHost: x\r\nFlow: 2\r\nConnection: close\r\n\r\n");
    const auto deaf = connect(8);
    for (const auto& client : deaf) {
        client->hold_little();
        client->send("GET /large HTTP/1.1\r\nHost: x\r\nFlow: 1\r\n\r\n");
    }
    while (echo_.request_count() < 9) std::this_thread::sleep_for(milliseconds{1});
    std::this_thread::sleep_for(milliseconds{100});
    EXPECT_GT(modest.rest().size(), Echo::large);
    int broken_off = 0;
    for (const auto& client : deaf) {
        client->finish_sending();
        broken_off += client->rest().size() < Echo::large ? 1 : 0;
    }
    EXPECT_GE(broken_off, 4);
    EXPECT_LE(broken_off, 7);
}

TEST_F(Listening, GivesAWholeAnswerToASlowClientAndDoesNotWaitForADeafOneWhenItDrains) {
    const TestClient slow(listener_.address());
    const TestClient deaf(listener_.address());
    for (const auto* client : {&slow, &deaf}) {
        client->hold_little();
        client->send("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    }
    std::this_thread::sleep_for(milliseconds{200});
    listener_.drain();
    const auto started = Clock::now();
    auto slow_answer =
        std::async(std::launch::async, [&] { return slow.rest(30'000, milliseconds{10}); });
    while (!listener_.wait_until_stopped(milliseconds{20})) {
    }
    EXPECT_GT(Clock::now() - started, milliseconds{1000});
    EXPECT_LT(Clock::now() - started, milliseconds{10'000});
    const std::string text = slow_answer.get();
    EXPECT_GT(text.size(), Echo::large);
    EXPECT_FALSE(contains(text, "(")) << "broken off";
    EXPECT_LT(deaf.rest().size(), Echo::large);
}

TEST_F(Listening, LosesNoRequestWhenItDrains) {
    const TestClient idle(listener_.address());
    EXPECT_TRUE(contains(idle.ask(get), "Keep-Alive"));
    const auto in_flight = connect(20);
    for (const auto& client : in_flight) client->send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    // The threads answer eight requests, and twelve wait for a thread.
    while (echo_.request_count() < 9) std::this_thread::sleep_for(milliseconds{1});
    listener_.drain();
    const std::string last = idle.ask(get);
    EXPECT_TRUE(contains(last, "200 OK") && contains(last, "Connection: close")) << last;
    for (const auto& client : in_flight) EXPECT_TRUE(contains(client->rest(), "200 OK"));
    EXPECT_TRUE(listener_.wait_until_stopped(milliseconds{2000}));
}

// The listener answers every client that could connect, even if the drain began before its request
// came.
TEST_F(Listening, LosesNoConnectionWhenItDrainsUnderLoad) {
    if (geteuid() != 0) GTEST_SKIP() << "some kernels let root alone filter new connections";
    std::atomic<int> lost_count = 0;
    std::vector<std::jthread> clients;
    for (int i = 0; i < 48; ++i)
        clients.emplace_back([&] {
            for (;;) {
                const TestClient client(listener_.address());
                if (!client.is_connected()) return;
                client.send(get_and_close);
                if (!contains(client.rest(), "200 OK")) ++lost_count;
            }
        });
    while (echo_.request_count() < 1'000) std::this_thread::sleep_for(milliseconds{1});
    listener_.drain();
    const int count_before = echo_.request_count();
    const auto started = Clock::now();
    while (!listener_.wait_until_stopped(milliseconds{20})) {
    }
    EXPECT_LT(Clock::now() - started, milliseconds{2000});
    clients.clear();
    EXPECT_EQ(lost_count, 0);
    // No client could connect another time. Else they would have gone on to the limit.
    EXPECT_LT(echo_.request_count() - count_before, 500);
}

TEST_F(Listening, StopsSoonThoughClientsAreIdle) {
    const TestClient silent(listener_.address());
    const TestClient kept_alive(listener_.address());
    EXPECT_TRUE(contains(kept_alive.ask(get), "200 OK"));
    listener_.drain();
    EXPECT_TRUE(listener_.wait_until_stopped(milliseconds{1500}));
}

// Answers with the size of the body. It leaves the body alone if the path is `/refuse`, which
// `receive` answers, or `/ignore`, which a thread does.
class BodySize : public Service {
public:
    std::variant<Response, Task> receive(const Request& request) override {
        if (request.path() == "/refuse") return text("refused");
        return Task{{}, [](const Request& taken) {
                        return text(taken.path() == "/ignore" ? "ignored" : size_of(*taken.body));
                    }};
    }
    Response refuse(const Request& /*request*/, int status) override { return {status, {}, ""}; }

private:
    static Response text(std::string body) {
        return {200, {{"Content-Type", "text/x-plain"}}, std::move(body)};
    }

    static std::string size_of(RequestBody& body) {
        try {
            while (!body.read().empty()) {
            }
            return "size " + std::to_string(body.size());
        } catch (const BodyError& error) {
            return error.what();
        }
    }
};

class ListeningToBodies : public testing::Test {
protected:
    ListeningToBodies() { listener_.start(); }

    std::string answer_to(const std::string& request) const {
        const TestClient client(listener_.address());
        client.send(request);
        return client.rest();
    }

    BodySize service_;
    Listener listener_{
        ListenerSettings{.address = {"127.0.0.1", 0},
                         .thread_count = 4,
                         .keep_alive_timeout = milliseconds{3000},
                         .read_timeout = milliseconds{2000},
                         .bodies = BodyLimits{.max_size = std::uint64_t{64} << 20,
                                              .timeout = milliseconds{1000},
                                              .timeout_while_answered = milliseconds{1000}}},
        service_};
};

TEST_F(ListeningToBodies, KeepsConnectionsWhoseBodyWasRead) {
    const TestClient client(listener_.address());
    for (int i = 0; i < 3; ++i) {
        const std::string answer =
            client.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
        EXPECT_TRUE(contains(answer, "Keep-Alive") && answer.ends_with("size 3")) << answer;
    }
    const std::string chunked = client.ask(
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n");
    EXPECT_TRUE(contains(chunked, "Keep-Alive") && chunked.ends_with("size 2")) << chunked;
    client.send(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\naGET / HTTP/1.1\r\nHost: x\r\n\r\n"
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab");
    const std::string pipelined = client.rest();
    EXPECT_EQ(count_answers(pipelined), 3u) << pipelined;
    EXPECT_TRUE(pipelined.ends_with("size 2"));
}

TEST_F(ListeningToBodies, ClosesConnectionsWhoseBodyWasNotRead) {
    for (const auto request :
         {"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nGET / HTTP/1.1\r\nHost: "
          "x\r\n\r\n",
          "POST /refuse HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nGET / "
          "HTTP/1.1\r\nHost: x\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 30\r\n\r\nabc", // which is too slow
          "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
          "0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
          "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\nGET / "
          "HTTP/1.1\r\nHost: x\r\n\r\n"}) {
        const std::string answer = answer_to(request);
        EXPECT_EQ(count_answers(answer), 1u) << answer;
        EXPECT_TRUE(contains(answer, "Connection: close\r\n") && !contains(answer, "Keep-Alive"))
            << answer;
    }
}

TEST_F(ListeningToBodies, LetsAClientThatSendsReadItsAnswer) {
    const std::string body(8'000'000, 'x');
    for (const std::string path : {"refuse", "ignore"}) {
        const TestClient client(listener_.address());
        client.send("POST /" + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: 8000000\r\n\r\n");
        EXPECT_TRUE(client.send(body)) << path;
        const std::string answer = client.rest();
        EXPECT_TRUE(contains(answer, path) && !contains(answer, "(reset)")) << answer;
    }
}

TEST_F(ListeningToBodies, KeepsConnectionsThatWereAnsweredWithoutABody) {
    const TestClient client(listener_.address());
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(contains(client.ask("GET /refuse HTTP/1.1\r\nHost: x\r\n\r\n"), "Keep-Alive"));
}

TEST_F(ListeningToBodies, IsNotHeldByClientsThatWereRefusedAndAreSilent) {
    std::vector<std::unique_ptr<TestClient>> silent;
    for (int i = 0; i < 100; ++i) {
        silent.push_back(std::make_unique<TestClient>(listener_.address()));
        silent.back()->send("POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n");
    }
    const auto started = Clock::now();
    EXPECT_TRUE(contains(answer_to(std::string(get_and_close)), "size 0"));
    EXPECT_LT(Clock::now() - started, milliseconds{500});
}

// More bodies come at once than there are threads.
TEST_F(ListeningToBodies, ReadsEachInItsTurn) {
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 40; ++i) {
        clients.push_back(std::make_unique<TestClient>(listener_.address()));
        clients.back()->send(
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 3\r\n\r\na");
    }
    for (const auto& client : clients) client->send("bc");
    for (const auto& client : clients) EXPECT_TRUE(contains(client->rest(), "size 3"));
}

TEST_F(ListeningToBodies, HasAPlaceAgainWhereAClientHasGone) {
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 40; ++i) {
        clients.push_back(std::make_unique<TestClient>(listener_.address()));
        clients.back()->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\na");
    }
    std::this_thread::sleep_for(milliseconds{50});
    for (const auto& client : clients) client->reset();
    const auto started = Clock::now();
    EXPECT_TRUE(contains(answer_to("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                   "Content-Length: 2\r\n\r\nab"),
                         "size 2"));
    EXPECT_LT(Clock::now() - started, milliseconds{500});
}

TEST_F(ListeningToBodies, TellsAClientThatWaitsToGoOn) {
    const TestClient client(listener_.address());
    const std::string head =
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    EXPECT_EQ(client.ask(head), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_TRUE(client.ask("abc").ends_with("size 3"));
    const TestClient old(listener_.address());
    const std::string old_head =
        "POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    old.send(old_head);
    std::this_thread::sleep_for(milliseconds{100});
    old.send("abc");
    EXPECT_TRUE(old.rest().starts_with("HTTP/1.1 200")); // it would not know what 100 means
}

// Bodies that have stopped end soon, and those whose turn has not come are to be sent again.
TEST_F(ListeningToBodies, WaitsForNoStoppedBodyWhenItDrains) {
    std::vector<std::unique_ptr<TestClient>> clients;
    for (int i = 0; i < 40; ++i) {
        clients.push_back(std::make_unique<TestClient>(listener_.address()));
        clients.back()->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" +
                             std::string(100'000, 'x'));
    }
    std::this_thread::sleep_for(milliseconds{300});
    listener_.drain();
    EXPECT_TRUE(listener_.wait_until_stopped(milliseconds{1900}));
    int count_503 = 0;
    for (const auto& client : clients) {
        const std::string answer = client->rest();
        EXPECT_EQ(count_answers(answer), 1u) << answer;
        if (contains(answer, " 503 ")) ++count_503;
    }
    EXPECT_EQ(count_503, 36);
}

// None of the bodies is so large that it needs a place.
TEST_F(ListeningToBodies, IsNotHeldByBodiesThatStop) {
    std::vector<std::unique_ptr<TestClient>> silent;
    for (int i = 0; i < 100; ++i) {
        silent.push_back(std::make_unique<TestClient>(listener_.address()));
        silent.back()->send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n" +
                            std::string(30'000, 'x'));
    }
    const auto started = Clock::now();
    const std::string large(200'000, 'x');
    EXPECT_TRUE(contains(answer_to("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                                   "Content-Length: 200000\r\n\r\n" +
                                   large),
                         "size 200000"));
    EXPECT_LT(Clock::now() - started, milliseconds{700});
}

TEST_F(Listening, SharesItsPortWithNobody) {
    EXPECT_THROW(Listener(settings_at(listener_.address()), echo_), std::runtime_error);
}

TEST_F(Listening, NeedsAHostThatExists) {
    EXPECT_THROW(Listener(settings_at({"no.such.host.invalid", 0}), echo_), std::runtime_error);
}

TEST(Listener, LetsNoRequestWaitForEver) {
    Echo echo;
    ListenerSettings settings = settings_at({"127.0.0.1", 0});
    settings.thread_count = 1;
    settings.wait_timeout = milliseconds{100};
    Listener listener(settings, echo);
    listener.start();
    const TestClient first(listener.address());
    first.send("GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    while (echo.request_count() < 1) std::this_thread::sleep_for(milliseconds{1});
    const TestClient second(listener.address());
    EXPECT_TRUE(contains(second.ask(get), " 503 "));
    EXPECT_EQ(echo.request_count(), 1);
    EXPECT_TRUE(contains(first.rest(), "200 OK"));
    EXPECT_TRUE(contains(second.ask(get), "200 OK"));
}

// The listener has room for four connections, and the fifth one waits to be accepted.
TEST(Listener, HoldsNoMoreConnectionsThanItMay) {
    Echo echo;
    ListenerSettings settings = settings_at({"127.0.0.1", 0});
    settings.read_timeout = milliseconds{300};
    settings.max_connections = 4;
    Listener listener(settings, echo);
    listener.start();
    std::vector<std::unique_ptr<TestClient>> silent;
    for (int i = 0; i < 4; ++i) silent.push_back(std::make_unique<TestClient>(listener.address()));
    const TestClient client(listener.address());
    const auto started = Clock::now();
    client.send(get_and_close);
    EXPECT_TRUE(contains(client.rest(), "200 OK"));
    EXPECT_GT(Clock::now() - started, milliseconds{200});
}

} // namespace
} // namespace active_calls::shim::http
