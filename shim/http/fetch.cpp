#include "fetch.h"

#include <fmt/format.h>
#include <httplib.h>

#include <stdexcept>

namespace active_calls::shim::http {

namespace {

constexpr int connect_seconds = 10;
// Until the first byte, and between two: a server may compute for long.
constexpr int silent_seconds = 600;

} // namespace

int fetch(const FetchRequest& request, const TakePiece& take) {
    httplib::Client client(request.server);
    client.set_connection_timeout(connect_seconds);
    client.set_read_timeout(silent_seconds);
    client.set_write_timeout(silent_seconds);

    httplib::Request wire;
    wire.method = request.method;
    wire.path = request.target;
    for (const auto& [name, value] : request.headers) wire.set_header(name, value);
    wire.body = request.body;
    int status = 0;
    bool is_refused = false;
    wire.response_handler = [&](const httplib::Response& answer) {
        status = answer.status;
        return true;
    };
    wire.content_receiver = [&](const char* data, std::size_t size, auto /*offset*/,
                                auto /*total*/) {
        is_refused = !take(status, {data, size});
        return !is_refused;
    };
    const auto result = client.send(wire);
    if (!result && !is_refused)
        throw std::runtime_error(request.server + ": " +
                                 (status == 0 ? "no answer: " : "the answer broke off: ") +
                                 httplib::to_string(result.error()));
    return status;
}

std::string percent_encode(std::string_view value) {
    constexpr std::string_view plain =
        "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-._~";
    std::string encoded;
    for (const char c : value)
        encoded += plain.find(c) != std::string_view::npos
                       ? std::string(1, c)
                       : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    return encoded;
}

} // namespace active_calls::shim::http
