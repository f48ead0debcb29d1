#include "pool.h"

#include <algorithm>
#include <utility>

namespace active_calls::shim {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds time_between_tries{250};

// How long a server that allows no more connections is not asked for one more.
constexpr milliseconds withholding{1'000};

// A waiting request looks so often whether an overdue session has ended.
constexpr milliseconds time_between_reaping{50};

} // namespace

void Pool::Lease::take_turn() {
    connection_ = pool_.take_turn(deadline_);
    has_permit_ = true;
}

void Pool::Lease::connect() {
    if (connection_) pool_.close(std::move(connection_));
    while (!(connection_ = pool_.open())) {
        has_permit_ = false; // It is withheld.
        take_turn();
        if (connection_) return;
    }
}

Pool::Pool(PoolSettings settings, Log& log)
    : settings_(std::move(settings))
    , log_(log)
    , permits_(settings_.size) {
    // Giving a connection back must not throw, so it finds its place ready.
    idle_.reserve(settings_.size);
    overdue_.reserve(settings_.size);
}

// Takes a permit, and an idle connection if there is one.
Pool::Connection Pool::take_turn(Clock::time_point deadline) {
    Lock lock(mutex_);
    if (idle_.empty()) refuse_while_away();
    for (; withheld_ > 0 && Clock::now() >= withheld_until_; --withheld_) add_permit();
    take_permit(lock, deadline);
    if (idle_.empty()) return nullptr;
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
}

PoolState Pool::state() const {
    const std::scoped_lock lock(mutex_);
    return {idle_.size(), settings_.size - permits_ - withheld_, waiters_.size()};
}

// Takes a permit, after all who asked before. Permits are handed from lease to waiter, so that no
// newcomer overtakes.
void Pool::take_permit(Lock& lock, Clock::time_point deadline) {
    reap();
    if (permits_ > 0) {
        --permits_;
        return;
    }
    Waiter self;
    waiters_.push_back(&self);
    while (self.verdict == Waiter::Verdict::none && Clock::now() < deadline) {
        const auto soon = Clock::now() + time_between_reaping;
        self.changed.wait_until(lock, overdue_.empty() ? deadline : std::min(deadline, soon));
        reap();
    }
    if (self.verdict == Waiter::Verdict::none) {
        std::erase(waiters_, &self);
        throw DatabaseAway("no connection came free within " +
                           std::to_string(settings_.wait_timeout.count()) + " ms");
    }
    if (self.verdict == Waiter::Verdict::refused) throw DatabaseAway(away_reason_);
}

void Pool::give_back(Connection connection) {
    const std::scoped_lock lock(mutex_);
    if (connection && connection->is_usable()) {
        idle_.push_back(std::move(connection));
    } else if (connection) {
        --open_;
        if (connection->is_overdue()) {
            connection->leave();
            overdue_.push_back(std::move(connection));
            return;
        }
    }
    add_permit();
}

// Gives the permit to the request that has waited longest, if any waits.
void Pool::add_permit() {
    if (waiters_.empty()) {
        ++permits_;
        return;
    }
    waiters_.front()->verdict = Waiter::Verdict::granted;
    waiters_.front()->changed.notify_one();
    waiters_.pop_front();
}

// Frees the places of overdue sessions that have ended.
void Pool::reap() {
    for (auto ended = std::erase_if(
             overdue_, [](const Connection& connection) { return connection->has_ended(); });
         ended > 0; --ended)
        add_permit();
}

// What broke this connection broke the idle ones too.
bool Pool::answers_ping(PgConnection& connection) {
    try {
        connection.ping();
        return true;
    } catch (const ConnectionLost&) {
        close_idle();
        return false;
    }
}

void Pool::close_idle() {
    std::vector<Connection> closed; // which takes its time, after the lock
    closed.reserve(settings_.size); // it becomes idle_, which has to have its room
    const std::scoped_lock lock(mutex_);
    open_ -= idle_.size();
    closed.swap(idle_);
}

// Closes a lease's connection, which broke.
void Pool::close(Connection connection) {
    connection.reset();
    const std::scoped_lock lock(mutex_);
    --open_;
}

// Returns none if the server allows no more connections: the permit is withheld then. Connecting
// takes its time, so it is done without the lock.
Pool::Connection Pool::open() {
    {
        const std::scoped_lock lock(mutex_);
        refuse_while_away();
        someone_is_trying_ = away_;
        ++opening_;
    }
    try {
        auto connection = std::make_unique<PgConnection>(settings_.connection);
        opening_succeeded(true);
        return connection;
    } catch (const StatementFailed&) {
        opening_succeeded(false); // There is a database, only not one that knows our functions.
        throw;
    } catch (const std::exception& error) {
        if (withhold_permit(error.what())) return nullptr;
        opening_failed(error.what());
        throw;
    }
}

void Pool::refuse_while_away() const {
    if (away_ && (someone_is_trying_ || Clock::now() < next_try_)) throw DatabaseAway(away_reason_);
}

// While others of the pool's connections are open, the database is there, and one of them comes
// free. Should they be dead, too, each finds out as soon as it is used. Others that are being
// opened are waited for, too: the last one that fails knows more.
bool Pool::withhold_permit(const std::string& reason) {
    const std::scoped_lock lock(mutex_);
    --opening_;
    if (open_ + opening_ == 0) return false;
    if (!is_limited_) log_.warning("no more connections", {{"error", reason}, {"open", open_}});
    is_limited_ = true;
    ++withheld_;
    withheld_until_ = Clock::now() + withholding;
    return true;
}

void Pool::opening_failed(const std::string& reason) {
    const std::scoped_lock lock(mutex_);
    if (!away_) log_.warning("database away", {{"error", reason}});
    away_ = true;
    someone_is_trying_ = false;
    away_reason_ = reason;
    next_try_ = Clock::now() + time_between_tries;
    for (Waiter* waiter : waiters_) {
        waiter->verdict = Waiter::Verdict::refused;
        waiter->changed.notify_one();
    }
    waiters_.clear();
}

void Pool::opening_succeeded(bool is_open) {
    const std::scoped_lock lock(mutex_);
    --opening_;
    if (away_) log_.info("database back");
    away_ = false;
    someone_is_trying_ = false;
    if (withheld_ == 0) is_limited_ = false;
    if (is_open) ++open_;
}

} // namespace active_calls::shim
