#include "responder.h"

#include "body.h"
#include "text.h"

#include <httplib.h>

#include <algorithm>
#include <cctype>
#include <string_view>
#include <vector>

namespace active_calls::shim::http {

namespace {

// Returns the head that httplib sees. It holds only what decides how the answer is written, since
// releases of httplib differ in what they make of the rest: some decode the fields' values, some
// count `?`, some answer `Range`, `Expect` or `Upgrade` by themselves.
std::string shown_head(const Request& request) {
    return request.method + " / " + request.version + "\r\n\r\n";
}

// Puts the fields in the order of their names, since each release of httplib has its own order.
void sort_fields(std::string& answer) {
    constexpr std::string_view line_end = "\r\n";
    const auto begin = answer.find(line_end) + line_end.size();
    const auto end = answer.find("\r\n\r\n") + line_end.size();
    std::vector<std::string> lines;
    for (auto at = begin; at < end;) {
        const auto next = answer.find(line_end, at) + line_end.size();
        lines.push_back(answer.substr(at, next - at));
        at = next;
    }
    const auto is_before = [](unsigned char left, unsigned char right) {
        return std::tolower(left) < std::tolower(right);
    };
    std::ranges::stable_sort(lines, [&](std::string_view left, std::string_view right) {
        return std::ranges::lexicographical_compare(left.substr(0, left.find(':')),
                                                    right.substr(0, right.find(':')), is_before);
    });
    auto to = answer.begin() + static_cast<std::ptrdiff_t>(begin);
    for (const auto& line : lines) to = std::ranges::copy(line, to).out;
}

// An answer that never has content must not tell its length (RFC 9110, 8.6), which httplib does.
void drop_length_of_nothing(std::string& answer) {
    constexpr std::string_view no_content = " 204 ";
    constexpr std::string_view length = "Content-Length: 0\r\n";
    if (answer.find(no_content) > answer.find("\r\n")) return;
    if (const auto at = answer.find(length); at != std::string::npos)
        answer.erase(at, length.size());
}

// A stream in memory: httplib reads the head from it and writes the answer to it. It has the pure
// virtual functions of all releases, so that some override nothing.
class MemoryStream final : public httplib::Stream {
public:
    explicit MemoryStream(std::string input)
        : input_(std::move(input)) {}

    std::string take_output() { return std::move(output_); }

    ssize_t read(char* data, std::size_t size) override {
        const auto count = input_.copy(data, size, read_);
        read_ += count;
        return static_cast<ssize_t>(count);
    }
    ssize_t write(const char* data, std::size_t size) override {
        output_.append(data, size);
        return static_cast<ssize_t>(size);
    }
    bool is_readable() const override { return true; }
    void get_remote_ip_and_port(std::string&, int&) const override {}
    void get_local_ip_and_port(std::string&, int&) const override {}
    socket_t socket() const override { return INVALID_SOCKET; }

    virtual bool is_writable() const { return true; } // up to 0.19; NOLINT(modernize-use-override)
    virtual bool wait_readable() const { return true; } // from 0.20 on
    virtual bool wait_writable() const { return true; } // from 0.20 on
    virtual time_t duration() const { return 0; }       // from 0.20 on

private:
    std::string input_;
    std::size_t read_ = 0;
    std::string output_;
};

} // namespace

class Responder::Server : private httplib::Server {
public:
    Server(std::chrono::seconds keep_alive_timeout, std::size_t max_requests)
        : keep_alive_("timeout=" + std::to_string(keep_alive_timeout.count()) +
                      ", max=" + std::to_string(max_requests)) {
        set_pre_routing_handler([this](const httplib::Request&, httplib::Response& answer) {
            dispatch(answer);
            return HandlerResponse::Handled;
        });
        // httplib refuses methods that it does not know, which is for the handler to do.
        set_error_handler([this](const httplib::Request&, httplib::Response& answer) {
            if (!is_dispatched_) dispatch(answer);
        });
        set_post_routing_handler(
            [this](const httplib::Request&, httplib::Response& answer) { complete(answer); });
    }

    WireResponse respond(const Request& request, bool closes, const Responder::Handler& handler) {
        request_ = &request;
        handler_ = &handler;
        closes_ = closes;
        is_dispatched_ = false;
        MemoryStream stream(shown_head(request));
        process(&Server::process_request, stream);
        std::string answer = stream.take_output();
        sort_fields(answer);
        drop_length_of_nothing(answer);
        return {std::move(answer), closes_, delay_};
    }

private:
    void dispatch(httplib::Response& answer) {
        is_dispatched_ = true;
        Response response = (*handler_)(*request_);
        answer.status = response.status;
        delay_ = response.delay;
        answer.body = std::move(response.body);
        for (const Field& field : response.fields) answer.headers.emplace(field.name, field.value);
    }

    // Writes what the answer says of the connection, and takes back an offer of ranges. Releases
    // differ in when they close, as after each error.
    void complete(httplib::Response& answer) {
        closes_ |= request_->body != nullptr && !request_->body->is_complete();
        for (const auto* const name : {"Accept-Ranges", "Connection", "Keep-Alive"})
            answer.headers.erase(name);
        if (closes_)
            answer.set_header("Connection", "close");
        else if (request_->version == "HTTP/1.0")
            answer.set_header("Connection", "keep-alive");
        if (!closes_ && request_->version != "HTTP/1.0")
            answer.set_header("Keep-Alive", keep_alive_);
    }

    // process_request has two signatures: up to 0.14, and with addresses, which are not needed
    // here.
    using Setup = const std::function<void(httplib::Request&)>&;
    template<class... More>
    void process(bool (httplib::Server::*member)(httplib::Stream&, bool, bool&, Setup, More...),
                 httplib::Stream& stream) {
        bool closed = false;
        (this->*member)(stream, true, closed, nullptr, More{}...);
    }
    template<class... More>
    void process(bool (httplib::Server::*member)(httplib::Stream&, const std::string&, int,
                                                 const std::string&, int, bool, bool&, Setup,
                                                 More...),
                 httplib::Stream& stream) {
        bool closed = false;
        (this->*member)(stream, "", 0, "", 0, true, closed, nullptr, More{}...);
    }

    const std::string keep_alive_;
    const Request* request_ = nullptr;
    const Responder::Handler* handler_ = nullptr;
    bool closes_ = true;
    std::chrono::milliseconds delay_{0};
    bool is_dispatched_ = false;
};

Responder::Responder(std::chrono::seconds keep_alive_timeout, std::size_t max_requests)
    : server_(std::make_unique<Server>(keep_alive_timeout, max_requests)) {}

Responder::~Responder() = default;

WireResponse Responder::respond(const Request& request, bool closes, const Handler& handler) {
    return server_->respond(request, closes, handler);
}

} // namespace active_calls::shim::http
