#include "serve.h"

#include "admin.h"
#include "customer_api.h"
#include "signals.h"

#include <cstdlib>
#include <memory>
#include <vector>

namespace active_calls::shim {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t admin_thread_count = 8;

/// How long `/ready` waits for the database.
constexpr milliseconds ready_timeout{1'000};

std::unique_ptr<Listener> listen(const ListenerSettings& settings, Log& log) {
    try {
        return std::make_unique<Listener>(settings);
    } catch (const std::runtime_error& error) {
        log.error("cannot listen",
                  {{"address", to_string(settings.address)}, {"error", error.what()}});
        return nullptr;
    }
}

void log_start(const ServeOptions& options, const Listener& customers, const Listener* admin,
               Log& log) {
    for (const auto& warning : options.warnings) log.warning("unwise", {{"reason", warning}});
    Log::Fields fields{{"version", ACTIVE_CALLS_VERSION},
                       {"listen", to_string(customers.address())}};
    if (admin) fields["admin_listen"] = to_string(admin->address());
    fields["http_threads"] = options.http_threads;
    fields["pool_size"] = options.pool_size;
    log.info("started", fields);
}

/// Returns when the end is asked for; false if a listener broke down instead.
bool wait_for_end(const TerminationSignals& signals, const std::vector<Listener*>& listeners) {
    while (!signals.wait_for(milliseconds{1'000})) {
        for (Listener* listener : listeners)
            if (listener->wait_until_stopped(milliseconds{0})) return false;
    }
    return true;
}

/// Lets a listener answer what is in flight; false if time ran out or a second signal came.
bool drain(Listener& listener, const TerminationSignals& signals, Clock::time_point deadline) {
    listener.drain();
    while (!listener.wait_until_stopped(milliseconds{20})) {
        if (Clock::now() >= deadline || signals.wait_for(milliseconds{0})) return false;
    }
    return true;
}

} // namespace

int serve(const ServeOptions& options) {
    const TerminationSignals signals;
    Log log(options.log_format, options.log_level);

    Pool pool(
        {{options.database, options.statement_timeout}, options.pool_size, options.pool_timeout},
        log);
    Pool ready_pool({{options.database, ready_timeout}, 1, ready_timeout}, log);
    Metrics metrics(pool);
    const TokenVerifier verifier(options.secret, options.require_expiry);

    const auto customers = listen(
        {options.listen, options.http_threads, options.keep_alive_timeout, options.read_timeout},
        log);
    if (!customers) return EXIT_FAILURE;
    std::vector<Listener*> listeners{customers.get()};
    std::unique_ptr<Listener> operations;
    if (options.admin_listen) {
        operations = listen({*options.admin_listen, admin_thread_count, options.keep_alive_timeout,
                             options.read_timeout},
                            log);
        if (!operations) return EXIT_FAILURE;
        // Last, so that operations can watch the others end.
        listeners.push_back(operations.get());
    }

    CustomerApi api(verifier, pool, metrics, log);
    Admin admin(ready_pool, metrics, [&] { return customers->is_draining(); });
    api.serve_on(*customers);
    if (operations) admin.serve_on(*operations);
    for (Listener* listener : listeners) listener->start();
    log_start(options, *customers, operations.get(), log);

    if (!wait_for_end(signals, listeners)) {
        log.error("listening socket failed");
        return EXIT_FAILURE;
    }
    log.info("draining");
    const auto deadline = Clock::now() + options.drain_timeout;
    for (Listener* listener : listeners) {
        if (drain(*listener, signals, deadline)) continue;
        log.warning("stopped with requests in flight");
        std::_Exit(EXIT_FAILURE); // Threads are still at work on what would be torn down.
    }
    log.info("stopped");
    return EXIT_SUCCESS;
}

} // namespace active_calls::shim
