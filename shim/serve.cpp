#include "serve.h"

#include "customer/customer_api.h"
#include "customer/series_statement.h"
#include "feed/feed_api.h"
#include "feed/feed_statement.h"
#include "http/listener.h"
#include "operations/admin.h"
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

/// How long `/ready` waits for the database, and `/metrics` for the newest snapshot.
constexpr milliseconds ready_timeout{1'000};
constexpr milliseconds watch_timeout{500};

/// Raises the limit of descriptors as far as it goes, and returns it. Every connection takes one.
std::size_t raise_limit_of_descriptors() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024; // as it is almost everywhere
    const auto before = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_max : before;
}

/// Returns how many connections each listener may hold. Silent clients of one listener then leave
/// descriptors to the other listeners and to the pools.
std::size_t max_connections(std::size_t descriptors, const ServeOptions& options) {
    constexpr std::size_t listener_count = 3;
    constexpr std::size_t others = 64; // log, sockets and epolls of the listeners, libraries' files
    const auto reserved = others + options.pool_size + (options.feed ? options.feed->threads : 0);
    constexpr std::size_t least = 16;
    const auto shared = descriptors > reserved ? descriptors - reserved : 0;
    return std::max(shared / listener_count, least);
}

/// By default each thread has an arena of its own, which keeps what its largest answers needed; and
/// the size from which on a block is given back by itself grows with the largest one that ever was.
void bound_memory() {
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 128 << 10);
}

/// Gives back what many clients at once have needed, of which small blocks are left over here and
/// there.
void return_memory() {
    constexpr std::size_t much = std::size_t{16} << 20;
    if (mallinfo2().fordblks > much) malloc_trim(0);
}

std::unique_ptr<http::Listener> listen(const http::ListenerSettings& settings,
                                       http::Service& service, Log& log) {
    try {
        return std::make_unique<http::Listener>(settings, service);
    } catch (const std::runtime_error& error) {
        log.error("cannot listen",
                  {{"address", to_string(settings.address)}, {"error", error.what()}});
        return nullptr;
    }
}

/// The feed's own connections to PostgreSQL.
struct FeedPools {
    FeedPools(const FeedOptions& options, milliseconds wait_timeout, Log& log)
        : write({{options.database, options.statement_timeout, feed_statements(),
                  ConnectionSettings::Access::read_write},
                 options.threads, // so that none of them ever waits for another
                 wait_timeout},
                log)
        , watch({{options.database, watch_timeout, watch_statements()}, 1, watch_timeout}, log) {}

    Pool write;
    /// Asked for the newest snapshot alone, so that writing does not keep it waiting.
    Pool watch;
};

void log_start(const ServeOptions& options, const http::Listener& customers,
               const http::Listener* admin, const http::Listener* feed, Log& log) {
    for (const auto& warning : options.warnings)
        log.warning("configuration", {{"warning", warning}});
    Log::Fields fields{{"version", ACTIVE_CALLS_VERSION},
                       {"listen", to_string(customers.address())}};
    if (admin) fields.add("admin_listen", to_string(admin->address()));
    if (feed) fields.add("feed_listen", to_string(feed->address()));
    fields.add("pool_size", options.pool_size);
    log.info("started", fields);
}

/// Returns when the end is asked for; false if a listener broke down instead.
bool wait_for_end(const TerminationSignals& signals,
                  const std::vector<http::Listener*>& listeners) {
    while (!signals.wait_for(milliseconds{1'000})) {
        return_memory();
        for (http::Listener* listener : listeners)
            if (listener->wait_until_stopped(milliseconds{0})) return false;
    }
    return true;
}

/// Lets the listeners answer what is in flight; false if time ran out or a second signal came.
bool drain(std::span<http::Listener* const> listeners, const TerminationSignals& signals,
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

} // namespace

int serve(const ServeOptions& options) {
    bound_memory();
    const auto descriptors = raise_limit_of_descriptors();
    const TerminationSignals signals;
    Log log(options.log_format, options.log_level);

    Pool pool({{options.database, options.statement_timeout, series_statements()},
               options.pool_size,
               options.pool_timeout},
              log);
    Pool ready_pool({{options.database, ready_timeout, series_statements()}, 1, ready_timeout},
                    log);
    const http::Listener* asked_for_waiting = nullptr; // until there is one
    MetricsSources sources{.pools = {{"customer", &pool}}, .waiting_requests = [&] {
                               return asked_for_waiting ? asked_for_waiting->waiting() : 0;
                           }};
    std::optional<FeedPools> feed_pools;
    if (options.feed) {
        feed_pools.emplace(*options.feed, options.pool_timeout, log);
        sources.pools["feed"] = &feed_pools->write;
        sources.snapshots = &feed_pools->watch;
    }
    Metrics metrics(std::move(sources));
    const TokenVerifier verifier(options.secret, options.require_expiry);
    CustomerApi api(verifier, pool, metrics, log);
    std::optional<FeedApi> feed_api;

    http::ListenerSettings settings{
        .address = options.listen,
        .thread_count = options.pool_size, // each waits for the database almost all of its time
        .keep_alive_timeout = options.keep_alive_timeout,
        .read_timeout = options.read_timeout,
        .wait_timeout = options.pool_timeout,
        .max_connections = max_connections(descriptors, options),
    };
    const auto customers = listen(settings, api, log);
    if (!customers) return EXIT_FAILURE;
    asked_for_waiting = customers.get();
    std::vector<http::Listener*> listeners{customers.get()};

    std::unique_ptr<http::Listener> feed;
    if (options.feed) {
        feed_api.emplace(FeedSettings{options.feed->user, options.feed->max_body},
                         feed_pools->write, metrics, log);
        settings.address = options.feed->listen;
        settings.thread_count = options.feed->threads;
        settings.wait_timeout.reset();
        // A batch waits for the end of another one's statement, and must not run out of its own
        // time.
        settings.bodies =
            http::BodyLimits{.max_size = options.feed->max_body,
                             .timeout = options.feed->read_timeout,
                             .timeout_while_answered = options.feed->statement_timeout / 2};
        feed = listen(settings, *feed_api, log);
        if (!feed) return EXIT_FAILURE;
        listeners.push_back(feed.get());
    }

    Admin admin(ready_pool, pool, metrics, [&] { return customers->is_draining(); });
    std::unique_ptr<http::Listener> operations;
    if (options.admin_listen) {
        settings.address = *options.admin_listen;
        settings.thread_count = admin_thread_count;
        settings.wait_timeout = options.pool_timeout;
        settings.bodies.reset();
        operations = listen(settings, admin, log);
        if (!operations) return EXIT_FAILURE;
        listeners.push_back(operations.get());
    }

    for (http::Listener* listener : listeners) listener->start();
    log_start(options, *customers, operations.get(), feed.get(), log);

    if (!wait_for_end(signals, listeners)) {
        log.error("listening socket failed");
        return EXIT_FAILURE;
    }
    log.info("draining");
    const auto deadline = Clock::now() + options.drain_timeout;
    // Operations last, so that they can watch the others end.
    const auto clients = std::span(listeners).first(listeners.size() - (operations ? 1 : 0));
    if (!drain(clients, signals, deadline) || !drain(listeners, signals, deadline)) {
        log.warning("stopped with requests in flight");
        std::_Exit(EXIT_FAILURE); // Threads are still at work on what would be torn down.
    }
    log.info("stopped");
    return EXIT_SUCCESS;
}

} // namespace active_calls::shim
