// The pool of connections to PostgreSQL: at most so many, opened when first needed, handed out in
// the order of asking, and quick to say no while the database is away.
#pragma once

#include "database_error.h"
#include "log/log.h"
#include "pg_connection.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

namespace active_calls::shim {

struct PoolSettings {
    ConnectionSettings connection;
    // The server never has more sessions of the pool at work than this.
    std::size_t size;
    // How long a request may wait for a connection that is in use.
    std::chrono::milliseconds wait_timeout;
};

struct PoolState {
    std::size_t idle;
    std::size_t in_use;
    std::size_t waiting;
};

// Safe for use by many threads.
class Pool {
public:
    Pool(PoolSettings settings, Log& log);

    // Runs `task` with a connection, for which it waits its turn; the connection is free again on
    // return. One that died while it was idle is replaced, and `task` run again, so it must do no
    // harm twice. Throws what `task` and the making of a PgConnection throw, and DatabaseAway if
    // no connection came free in time or the database is known to be away.
    template<typename Task>
    auto run(const Task& task) {
        Lease lease(*this);
        if (lease.has_idle_connection()) {
            try {
                return task(lease.connection());
            } catch (const ConnectionLost&) {
                close_idle(); // What broke this one broke them too.
            }
        }
        lease.connect();
        return task(lease.connection());
    }

    // Runs `task` once and no more, as is needed where it must not be done twice: an idle
    // connection is asked for a sign of life first. Throws as `run` does; after ConnectionLost
    // from `task` nobody knows what it has done.
    template<typename Task>
    auto run_once(const Task& task) {
        Lease lease(*this);
        if (!lease.has_idle_connection() || !answers_ping(lease.connection())) lease.connect();
        return task(lease.connection());
    }

    PoolState state() const;

private:
    using Clock = std::chrono::steady_clock;
    using Lock = std::unique_lock<std::mutex>;
    using Connection = std::unique_ptr<PgConnection>;

    // The right to one of the pool's connections. It goes back when the lease ends, and with it
    // the connection, unless that is broken.
    class Lease {
    public:
        // Waits its turn, then takes an idle connection, if there is one.
        explicit Lease(Pool& pool)
            : pool_(pool)
            , deadline_(Clock::now() + pool.settings_.wait_timeout) {
            take_turn();
        }
        Lease(const Lease&) = delete;
        ~Lease() {
            if (has_permit_) pool_.give_back(std::move(connection_));
        }

        bool has_idle_connection() const { return connection_ != nullptr; }
        PgConnection& connection() const { return *connection_; }

        // Opens a connection, in place of one that broke, if there was one. Where the server
        // allows no more of them, waits for one that others use.
        void connect();

    private:
        void take_turn();

        Pool& pool_;
        const Clock::time_point deadline_;
        bool has_permit_ = false;
        Connection connection_;
    };

    // A request in the queue for a permit.
    struct Waiter {
        enum class Verdict { none, granted, refused } verdict = Verdict::none;
        std::condition_variable changed;
    };

    bool answers_ping(PgConnection& connection);
    Connection take_turn(Clock::time_point deadline);
    void take_permit(Lock& lock, Clock::time_point deadline);
    void give_back(Connection connection);
    void add_permit();
    void reap();
    void close_idle();
    Connection open();
    void close(Connection connection);
    void refuse_while_away() const;
    bool withhold_permit(const std::string& reason);
    void opening_failed(const std::string& reason);
    void opening_succeeded(bool is_open);

    const PoolSettings settings_;
    Log& log_;

    mutable std::mutex mutex_;
    std::vector<Connection> idle_;
    // Leases not yet given out. All permits: these, those of the leases, those of `overdue_`, and
    // `withheld_`.
    std::size_t permits_;
    std::deque<Waiter*> waiters_;
    // Connections whose session may still be at work, though nobody waits for it any more.
    std::vector<Connection> overdue_;

    // Connections that are open, idle or in the hands of a lease; and those being opened.
    std::size_t open_ = 0;
    std::size_t opening_ = 0;
    // Permits that are of no use, since the server allowed no more connections; until when.
    std::size_t withheld_ = 0;
    Clock::time_point withheld_until_;
    bool is_limited_ = false;

    // While away, one request at a time and only every now and then may try to connect.
    bool away_ = false;
    bool someone_is_trying_ = false;
    Clock::time_point next_try_;
    std::string away_reason_;
};

} // namespace active_calls::shim
