#include "serve.h"

#include "customer/customer_api.h"
#include "customer/series_statement.h"
#include "feed/feed_api.h"
#include "feed/feed_statement.h"
#include "http/listener.h"
#include "operations/admin.h"
#include "operations/newest_snapshot.h"
#include "operations/signals.h"

#include <malloc.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace active_calls::shim {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t admin_thread_count = 8;

// How long `/ready` waits for the database, and `/metrics` for the newest snapshot.
constexpr milliseconds ready_timeout{1'000};
constexpr milliseconds watch_timeout{500};

// Raises the limit of descriptors as far as it goes, and returns it. Every connection takes one.
std::size_t raise_limit_of_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024; // as it is almost everywhere
    const auto before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}

// Returns how many connections each listener may hold. Silent clients of one listener then leave
// descriptors to the other listeners and to the pools.
std::size_t max_connections(std::size_t descriptors, const ServeOptions& options) {
    constexpr std::size_t listener_count = 3;
    constexpr std::size_t others = 64; // log, sockets and epolls of the listeners, libraries' files
    const auto reserved = others + options.pool_size + (options.feed ? options.feed->threads : 0);
    constexpr std::size_t least = 16;
    const auto shared = descriptors > reserved ? descriptors - reserved : 0;
    return std::max(shared / listener_count, least);
}

// By default each thread has an arena of its own, which keeps what its largest answers needed; and
// the size from which on a block is given back by itself grows with the largest one that ever was.
void bound_memory() {
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
}

// Gives back what many clients at once have needed, of which small blocks are left over here and
// there.
void return_memory() {
    constexpr std::size_t much = std::size_t{16} << 20;
    if (mallinfo2().fordblks > much) malloc_trim(0);
}

// The feed's own connections to PostgreSQL.
struct FeedPools {
    FeedPools(const FeedOptions& options, milliseconds wait_timeout, Log& log)
        : write({{options.database, options.statement_timeout, feed_statements(),
                  ConnectionSettings::Access::read_write},
                 options.threads, // so that none of them ever waits for another
                 wait_timeout},
                log)
        , watch({{options.database, watch_timeout, watch_statements()}, 1, watch_timeout}, log) {}

    Pool write;
    // Asked for the newest snapshot alone, so that writing does not keep it waiting.
    Pool watch;
};

// All that serves, in the order in which it is made. It ends in the opposite one.
class Server {
public:
    // Binds and listens; nothing is answered before `start`. Throws CannotListen.
    Server(const ServeOptions& options, std::size_t max_connections, Log& log)
        : options_(options)
        , log_(log)
        , customer_pool_({{options.database, options.statement_timeout, series_statements()},
                          options.pool_size,
                          options.pool_timeout},
                         log)
        , ready_pool_({{options.database, ready_timeout, series_statements()}, 1, ready_timeout},
                      log)
        , feed_pools_(options.feed
                          ? std::make_unique<FeedPools>(*options.feed, options.pool_timeout, log)
                          : nullptr)
        , metrics_(sources())
        , verifier_(options.secret, options.require_expiry)
        , customer_api_(options.customers, verifier_, customer_pool_, metrics_, log)
        , admin_(ready_pool_, customer_pool_, metrics_,
                 [this] { return customers_->is_draining(); }) {
        listen(customers_, customer_settings(max_connections), customer_api_);
        if (options.feed) {
            const FeedSettings settings{options.feed->user, options.feed->max_body,
                                        options.feed->input};
            feed_api_.emplace(settings, feed_pools_->write, metrics_, log);
            listen(feed_, feed_settings(max_connections), *feed_api_);
        }
        if (options.admin_listen) listen(operations_, admin_settings(max_connections), admin_);
    }

    struct CannotListen {};

    void start() {
        for (http::Listener* listener : listeners_) listener->start();
        log_start();
    }

    // Returns when the end is asked for; false if a listener broke down instead.
    bool wait_for_end(const TerminationSignals& signals) const {
        while (!signals.wait_for(milliseconds{1'000})) {
            return_memory();
            for (const http::Listener* listener : listeners_)
                if (listener->wait_until_stopped(milliseconds{0})) return false;
        }
        return true;
    }

    // Answers what is in flight; false if time ran out or a second signal came. Operations are
    // drained last, so that they can watch the others end.
    bool drain(const TerminationSignals& signals) const {
        const auto deadline = Clock::now() + options_.drain_timeout;
        const auto clients = std::span(listeners_).first(listeners_.size() - (operations_ ? 1 : 0));
        return drain(clients, signals, deadline) && drain(listeners_, signals, deadline);
    }

private:
    MetricsSources sources() {
        MetricsSources sources{.pools = {{"customer", &customer_pool_}},
                               .waiting_requests = [this] { return customers_->waiting(); }};
        if (feed_pools_) {
            sources.pools["feed"] = &feed_pools_->write;
            sources.snapshots = &feed_pools_->watch;
        }
        return sources;
    }

    http::ListenerSettings customer_settings(std::size_t max_connections) const {
        return {
            .address = options_.listen,
            .thread_count = options_.pool_size, // each waits for the database almost all the time
            .keep_alive_timeout = options_.keep_alive_timeout,
            .read_timeout = options_.read_timeout,
            .wait_timeout = options_.pool_timeout,
            .max_connections = max_connections,
            .proxies = options_.proxies,
        };
    }

    http::ListenerSettings feed_settings(std::size_t max_connections) const {
        auto settings = customer_settings(max_connections);
        settings.address = options_.feed->listen;
        settings.thread_count = options_.feed->threads;
        settings.wait_timeout.reset();
        // While a batch is written it keeps a connection and a transaction open, so that a client
        // which falls silent is waited for less.
        settings.bodies =
            http::BodyLimits{.max_size = options_.feed->max_body,
                             .timeout = options_.feed->read_timeout,
                             .timeout_while_answered = options_.feed->statement_timeout / 2};
        return settings;
    }

    http::ListenerSettings admin_settings(std::size_t max_connections) const {
        auto settings = customer_settings(max_connections);
        settings.address = *options_.admin_listen;
        settings.thread_count = admin_thread_count;
        return settings;
    }

    void listen(std::unique_ptr<http::Listener>& listener, const http::ListenerSettings& settings,
                http::Service& service) {
        try {
            listener = std::make_unique<http::Listener>(settings, service);
        } catch (const std::runtime_error& error) {
            log_.error("cannot listen",
                       {{"address", to_string(settings.address)}, {"error", error.what()}});
            throw CannotListen();
        }
        listeners_.push_back(listener.get());
    }

    void log_start() const {
        for (const auto& warning : options_.warnings)
            log_.warning("configuration", {{"warning", warning}});
        Log::Fields fields{{"version", ACTIVE_CALLS_VERSION},
                           {"listen", to_string(customers_->address())}};
        if (operations_) fields.add("admin_listen", to_string(operations_->address()));
        if (feed_) fields.add("feed_listen", to_string(feed_->address()));
        fields.add("pool_size", options_.pool_size);
        log_.info("started", fields);
    }

    static bool drain(std::span<http::Listener* const> listeners, const TerminationSignals& signals,
                      Clock::time_point deadline) {
        for (http::Listener* listener : listeners) listener->drain();
        for (;;) {
            bool have_stopped = true;
            for (http::Listener* listener : listeners)
                have_stopped &= listener->wait_until_stopped(milliseconds{20});
            if (have_stopped) return true;
            if (Clock::now() >= deadline || signals.wait_for(milliseconds{0})) return false;
        }
    }

    const ServeOptions& options_;
    Log& log_;

    Pool customer_pool_;
    Pool ready_pool_;
    const std::unique_ptr<FeedPools> feed_pools_; // null without a feed
    Metrics metrics_;
    const TokenVerifier verifier_;

    CustomerApi customer_api_;
    std::optional<FeedApi> feed_api_;
    Admin admin_;

    std::unique_ptr<http::Listener> customers_;
    std::unique_ptr<http::Listener> feed_;
    std::unique_ptr<http::Listener> operations_;
    // Those that there are; operations come last.
    std::vector<http::Listener*> listeners_;
};

} // namespace

int serve(const ServeOptions& options) try {
    bound_memory();
    const auto descriptors = raise_limit_of_descriptors();
    const TerminationSignals signals;
    Log log(options.log_format, options.log_level);

    Server server(options, max_connections(descriptors, options), log);
    server.start();
    if (!server.wait_for_end(signals)) {
        log.error("listening socket failed");
        return EXIT_FAILURE;
    }
    log.info("draining");
    if (!server.drain(signals)) {
        log.warning("stopped with requests in flight");
        std::_Exit(EXIT_FAILURE); // Threads are still at work on what would be torn down.
    }
    log.info("stopped");
    return EXIT_SUCCESS;
} catch (const Server::CannotListen&) {
    return EXIT_FAILURE;
}

} // namespace active_calls::shim
