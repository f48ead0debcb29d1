// The threads that serve connections, and what httplib asks of them.
#pragma once

#include <httplib.h>

#include <atomic>
#include <functional>

namespace active_calls::shim {

/// httplib's thread pool that counts the connections it has been given and not yet finished, and
/// tells when the listening socket has no more to accept.
class Workers : public httplib::ThreadPool {
public:
    /// `on_no_connection` is called whenever none has come for a moment. It and the count must
    /// outlive the workers.
    Workers(std::size_t thread_count, std::atomic<std::size_t>& connection_count,
            const std::function<void()>& on_no_connection)
        : httplib::ThreadPool(thread_count)
        , connection_count_(connection_count)
        , on_no_connection_(on_no_connection) {}

    void enqueue(std::function<void()> serve) override {
        ++connection_count_;
        httplib::ThreadPool::enqueue([this, serve = std::move(serve)] {
            serve();
            --connection_count_;
        });
    }

    void on_idle() override { on_no_connection_(); }

private:
    std::atomic<std::size_t>& connection_count_;
    const std::function<void()>& on_no_connection_;
};

} // namespace active_calls::shim
