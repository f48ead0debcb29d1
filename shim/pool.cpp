#include "pool.h"

#include <algorithm>
#include <utility>

namespace active_calls::shim {

namespace {

constexpr std::chrono::milliseconds time_between_tries{250};

} // namespace

void Pool::Lease::connect() {
    connection_.reset();
    connection_ = pool_.open();
}

Pool::Pool(PoolSettings settings, Log& log)
    : settings_(std::move(settings))
    , log_(log)
    , permits_(settings_.size) {}

/// Takes a permit, and an idle connection if there is one.
std::unique_ptr<PgConnection> Pool::take_turn() {
    Lock lock(mutex_);
    if (idle_.empty()) refuse_while_away();
    take_permit(lock);
    if (idle_.empty()) return nullptr;
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    return connection;
}

PoolState Pool::state() const {
    const std::scoped_lock lock(mutex_);
    return {idle_.size(), settings_.size - permits_, waiters_.size()};
}

/// Takes a permit, after all who asked before. Permits are handed from lease to waiter, so that no
/// newcomer overtakes.
void Pool::take_permit(Lock& lock) {
    if (permits_ > 0) {
        --permits_;
        return;
    }
    Waiter self;
    waiters_.push_back(&self);
    const bool decided = self.changed.wait_for(
        lock, settings_.wait_timeout, [&] { return self.verdict != Waiter::Verdict::none; });
    if (!decided) {
        std::erase(waiters_, &self);
        throw DatabaseAway("no connection came free within " +
                           std::to_string(settings_.wait_timeout.count()) + " ms");
    }
    if (self.verdict == Waiter::Verdict::refused) throw DatabaseAway(away_reason_);
}

void Pool::give_back(std::unique_ptr<PgConnection> connection) {
    const std::scoped_lock lock(mutex_);
    if (connection && connection->is_usable()) idle_.push_back(std::move(connection));
    if (waiters_.empty()) {
        ++permits_;
        return;
    }
    waiters_.front()->verdict = Waiter::Verdict::granted;
    waiters_.front()->changed.notify_one();
    waiters_.pop_front();
}

/// What broke this connection broke the idle ones too.
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
    std::vector<std::unique_ptr<PgConnection>> closed; // which takes its time, after the lock
    const std::scoped_lock lock(mutex_);
    closed.swap(idle_);
}

/// Connecting takes its time, so it is done without the lock.
std::unique_ptr<PgConnection> Pool::open() {
    {
        const std::scoped_lock lock(mutex_);
        refuse_while_away();
        someone_is_trying_ = away_;
    }
    try {
        auto connection = std::make_unique<PgConnection>(settings_.connection);
        opening_succeeded();
        return connection;
    } catch (const StatementFailed&) {
        opening_succeeded(); // There is a database, only not one that knows our functions.
        throw;
    } catch (const std::exception& error) {
        opening_failed(error.what());
        throw;
    }
}

void Pool::refuse_while_away() const {
    if (away_ && (someone_is_trying_ || Clock::now() < next_try_)) throw DatabaseAway(away_reason_);
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

void Pool::opening_succeeded() {
    const std::scoped_lock lock(mutex_);
    if (away_) log_.info("database back");
    away_ = false;
    someone_is_trying_ = false;
}

} // namespace active_calls::shim
