// The pool of connections to PostgreSQL: at most so many, opened when first needed, handed out in
// the order of asking, and quick to say no while the database is away.
#pragma once

#include "database_error.h"
#include "log.h"
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
    std::size_t size;
    /// How long a request may wait for a connection that is in use.
    std::chrono::milliseconds wait_timeout;
};

struct PoolState {
    std::size_t idle;
    std::size_t in_use;
    std::size_t waiting;
};

/// Safe for use by many threads.
class Pool {
public:
    Pool(PoolSettings settings, Log& log);

    /// Runs `task` with a connection, for which it waits its turn; the connection is free again on
    /// return. One that died while it was idle is replaced, and `task` run again, so it must do no
    /// harm twice. Throws what `task` and the making of a PgConnection throw, and DatabaseAway if
    /// no connection came free in time or the database is known to be away.
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

    /// Runs `task` once and no more, as is needed where it must not be done twice: an idle
    /// connection is asked for a sign of life first. Throws as `run` does; after ConnectionLost
    /// from `task` nobody knows what it has done.
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

    /// A connection on loan. It goes back when the lease ends, unless it is broken.
    class Lease {
    public:
        /// Waits its turn, then takes an idle connection, if there is one.
        explicit Lease(Pool& pool)
            : pool_(pool)
            , connection_(pool.take_turn()) {}
        Lease(const Lease&) = delete;
        ~Lease() { pool_.give_back(std::move(connection_)); }

        bool has_idle_connection() const { return connection_ != nullptr; }
        PgConnection& connection() const { return *connection_; }

        /// Opens a connection, in place of one that broke, if there was one.
        void connect();

    private:
        Pool& pool_;
        std::unique_ptr<PgConnection> connection_;
    };

    /// A request in the queue for a permit.
    struct Waiter {
        enum class Verdict { none, granted, refused } verdict = Verdict::none;
        std::condition_variable changed;
    };

    bool answers_ping(PgConnection& connection);
    std::unique_ptr<PgConnection> take_turn();
    void take_permit(Lock& lock);
    void give_back(std::unique_ptr<PgConnection> connection);
    void close_idle();
    std::unique_ptr<PgConnection> open();
    void refuse_while_away() const;
    void opening_failed(const std::string& reason);
    void opening_succeeded();

    const PoolSettings settings_;
    Log& log_;

    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<PgConnection>> idle_;
    /// Leases not yet given out; a connection is open only if idle or in the hands of a lease.
    std::size_t permits_;
    std::deque<Waiter*> waiters_;

    /// While away, one request at a time and only every now and then may try to connect.
    bool away_ = false;
    bool someone_is_trying_ = false;
    Clock::time_point next_try_;
    std::string away_reason_;
};

} // namespace active_calls::shim
