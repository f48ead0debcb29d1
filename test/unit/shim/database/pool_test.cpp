// The pool while there is no database: refused, or swallowed by a host that never answers.
#include "database/pool.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

namespace active_calls::shim {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// A port of the loopback interface that is taken; it accepts only if it `listens`.
class Port {
public:
    explicit Port(bool listens)
        : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        auto* const generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(bind(socket_, generic, length), 0);
        if (listens) {
            EXPECT_EQ(listen(socket_, 16), 0);
        }
        getsockname(socket_, generic, &length);
        conninfo_ =
            "host=127.0.0.1 dbname=x user=x port=" + std::to_string(ntohs(address.sin_port));
    }
    Port(const Port&) = delete;
    ~Port() { close(socket_); }

    const std::string& conninfo() const { return conninfo_; }

private:
    int socket_;
    std::string conninfo_;
};

class AbsentDatabase : public testing::Test {
protected:
    Pool pool_for(const std::string& conninfo, std::size_t size) {
        return Pool({{conninfo, milliseconds{1000}}, size, milliseconds{5000}}, log_);
    }

    static void ask(Pool& pool) {
        pool.run([](PgConnection& connection) { connection.ping(); });
    }

    static milliseconds time_to_fail(Pool& pool) {
        const auto started = Clock::now();
        EXPECT_THROW(ask(pool), DatabaseAway);
        return std::chrono::duration_cast<milliseconds>(Clock::now() - started);
    }

    Log log_{LogFormat::json, LogLevel::error};
};

TEST_F(AbsentDatabase, IsReportedAtOnceIfItRefuses) {
    const Port closed(false);
    Pool pool = pool_for(closed.conninfo(), 2);
    for (int i = 0; i < 100; ++i) EXPECT_LT(time_to_fail(pool), milliseconds{1000});
    EXPECT_EQ(pool.state().in_use, 0u);
}

TEST_F(AbsentDatabase, IsWaitedForOnceIfItIsSilent) {
    const Port silent(true);
    Pool pool = pool_for(silent.conninfo(), 2);
    EXPECT_LT(time_to_fail(pool), milliseconds{4000});
    EXPECT_LT(time_to_fail(pool), milliseconds{100}); // known to be away
    EXPECT_EQ(pool.state().in_use, 0u);
}

// Those that wait for a connection learn that there is none as soon as the first one does.
TEST_F(AbsentDatabase, IsReportedToAllWhoWait) {
    const Port silent(true);
    Pool pool = pool_for(silent.conninfo(), 1);
    std::vector<std::future<milliseconds>> asking;
    for (int i = 0; i < 20; ++i)
        asking.push_back(std::async(std::launch::async, [&] { return time_to_fail(pool); }));
    for (auto& time : asking) EXPECT_LT(time.get(), milliseconds{4000});
    EXPECT_EQ(pool.state().in_use, 0u);
    EXPECT_EQ(pool.state().waiting, 0u);
}

} // namespace
} // namespace active_calls::shim
