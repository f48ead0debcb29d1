#include "strangers.h"

#include "attacks.h"
#include "report.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace active_calls::hostile {

namespace {

constexpr std::size_t crowd = 5000;
constexpr std::array listener_names{"customers", "feed", "admin"};

std::string repeated(const std::string& text, int times) {
    std::string result;
    for (int time = 0; time < times; ++time) result += text;
    return result;
}

// Requests that each listener answers to anybody, at no great cost.
std::string open_request(const Listener& listener) {
    if (listener.name == "customers") return get("/api/rest/customer/v1/openapi.json");
    return get(listener.name == "feed" ? "/ping" : "/live");
}

// The largest answers that a listener gives to anybody, in a row. These clients attack by being
// slow, not by asking for much: all together ask for no more than the shim can answer in a second
// or two.
std::string large_open_requests(const Listener& listener) {
    if (listener.name == "admin") return repeated(get("/metrics"), 2);
    return repeated(open_request(listener), listener.name == "feed" ? 10 : 4);
}

// The head of a request that has a body, and either has wrong credentials or needs none.
std::string unwanted_body(const Listener& listener, std::size_t size) {
    if (listener.name == "feed") return batch_head("a guess", size);
    const bool is_admin = listener.name == "admin";
    return fmt::format("{} HTTP/1.1\r\nHost: shim\r\nAuthorization: e30.e30.e30\r\n"
                       "Content-Length: {}\r\n\r\n",
                       is_admin ? "POST /live"
                                : "GET /api/rest/customer/v1/origination-active-calls?account-id=1",
                       size);
}

GoodRequests good_client_of(const Target& target, const Listener& listener) {
    if (listener.name == "customers") return good_customer(target);
    return listener.name == "feed" ? good_batches(target) : good_probes(target);
}

bool attack(const Target& target, const Listener& listener, const Kind& kind) {
    Row row{kind.name, listener.name, {}, {}, {}};
    row.course = watch(target, good_client_of(target, listener),
                       [&] { row.note = run_swarm(kind.settings, milliseconds{8000}).text(); });
    const Course& course = *row.course;
    constexpr double limit = 100;
    row.bounds = {{"p99", course.under.p99, limit, " ms"},
                  {"after", course.after.p99, limit, " ms"},
                  {"memory", course.memory_peak, 200, " MiB"}};
    return print(row);
}

} // namespace

Listener listener_of(const Target& target, const std::string& name) {
    if (name == "customers") return {name, target.customers};
    if (name == "feed") return {name, target.feed};
    if (name == "admin") return {name, target.admin};
    throw std::runtime_error("there is no listener \"" + name + "\"");
}

std::vector<Kind> kinds(const Target& target, const Listener& listener) {
    std::vector<Kind> kinds;
    constexpr std::size_t gently = 1000;
    const auto add = [&](std::string name, Conduct conduct, std::size_t connections = crowd,
                         std::size_t opened_a_second = 5000) {
        kinds.push_back({std::move(name),
                         {listener.address, std::move(conduct), connections, opened_a_second}});
    };
    const std::string request = open_request(listener);
    constexpr std::size_t body_size = 1 << 20;
    constexpr std::size_t slow = 20'000; // bytes a second
    add("silent", {});
    add("half a head", {.bytes = request.substr(0, request.size() / 2)});
    add("dripping head",
        {.bytes = get("/" + std::string(1000, 'a')), .at_once = 1, .pause = milliseconds{1000}});
    // Pauses that are shorter than the silence after which a connection that lingers is closed.
    add("unwanted body", {.bytes = unwanted_body(listener, body_size) + std::string(body_size, ' '),
                          .at_once = 512,
                          .pause = milliseconds{200},
                          .goes_on = true});
    const std::string many = large_open_requests(listener);
    add("reads nothing", {.bytes = many, .read_a_second = 0}, crowd, gently);
    add("reads slowly", {.bytes = many, .read_a_second = slow}, crowd, gently);
    add("idle", {.bytes = request});
    if (listener.name == "customers")
        // Each is a query, and queries wait for one another, so there are fewer of them.
        add("slow series", {.bytes = large_request(target), .read_a_second = slow}, 200);
    if (listener.name == "feed")
        add("half a body",
            {.bytes = batch_head(target.feed_password, 2000) + std::string(1000, ' ')});
    return kinds;
}

bool strangers(const Target& target, const Choice& choice) {
    bool all_hold = true;
    bool any = false;
    for (const char* name : listener_names) {
        if (!choice.listener.empty() && choice.listener != name) continue;
        const Listener listener = listener_of(target, name);
        for (const Kind& kind : kinds(target, listener)) {
            if (!choice.kind.empty() && choice.kind != kind.name) continue;
            any = true;
            all_hold &= attack(target, listener, kind);
        }
    }
    if (!any) throw std::runtime_error("there is no such kind of strangers on this listener");
    return all_hold;
}

} // namespace active_calls::hostile
