// The threads that serve connections, and what httplib asks of them.
#pragma once

#include <httplib.h>

#include <atomic>
#include <functional>

namespace active_calls::shim {

/// httplib's thread pool that counts the connections it has been given and not yet finished, and
/// tells when the listening socket has no more to accept, for now and for ever.
class Workers : public httplib::ThreadPool {
public:
    /// `on_pause` is called whenever no connection has come for a moment, `on_end` when none will
    /// come any more. The count must outlive the workers.
    Workers(std::size_t thread_count, std::atomic<std::size_t>& connection_count,
            std::function<void()> on_pause, std::function<void()> on_end)
        : httplib::ThreadPool(thread_count)
        , connection_count_(connection_count)
        , on_pause_(std::move(on_pause))
        , on_end_(std::move(on_end)) {}

    void enqueue(std::function<void()> serve) override {
        ++connection_count_;
        try {
            httplib::ThreadPool::enqueue([this, serve = std::move(serve)] {
                serve();
                --connection_count_;
            });
        } catch (...) {
            --connection_count_;
            throw;
        }
    }

    void on_idle() override { on_pause_(); }

    /// Returns when all connections have ended.
    void shutdown() override {
        on_end_();
        httplib::ThreadPool::shutdown();
    }

private:
    std::atomic<std::size_t>& connection_count_;
    std::function<void()> on_pause_;
    std::function<void()> on_end_;
};

} // namespace active_calls::shim
