#include "listener.h"

namespace active_calls::shim::http {

namespace {

EventLoop::Settings loop_settings(const ListenerSettings& settings) {
    return {settings.keep_alive_timeout,
            settings.read_timeout,
            settings.wait_timeout,
            settings.bodies,
            settings.thread_count,
            settings.max_connections,
            settings.proxies};
}

} // namespace

Listener::Listener(const ListenerSettings& settings, Service& service)
    : thread_count_(settings.thread_count)
    , keep_alive_timeout_(settings.keep_alive_timeout)
    , listening_(settings.address)
    , address_{settings.address.host, listening_.port()}
    , queue_(settings.thread_count)
    , loop_(loop_settings(settings), listening_, service, queue_) {}

Listener::~Listener() {
    drain();
    if (serving_.valid()) serving_.wait();
    queue_.close();
}

void Listener::start() {
    for (std::size_t i = 0; i < thread_count_; ++i)
        threads_.emplace_back([this] { answer_requests(); });
    serving_ = std::async(std::launch::async, [this] { loop_.run(); });
}

bool Listener::wait_until_stopped(std::chrono::milliseconds patience) const {
    return serving_.wait_for(patience) == std::future_status::ready;
}

void Listener::answer_requests() {
    Responder responder(std::chrono::ceil<std::chrono::seconds>(keep_alive_timeout_),
                        EventLoop::max_requests);
    while (const auto work = queue_.next()) {
        WireResponse response;
        try {
            response = responder.respond(work->request, work->closes, work->answer);
        } catch (const std::exception&) {
            // A lack of memory, for example, costs this client its connection, but not the process.
        }
        // First, so that a client which asks again at once finds the thread free.
        queue_.finish(work->flow);
        loop_.finish(work->connection, std::move(response));
    }
}

} // namespace active_calls::shim::http
