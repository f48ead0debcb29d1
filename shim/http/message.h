// A request and its answer, as the rest of the shim sees them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace active_calls::shim::http {

class RequestBody;

struct Field {
    std::string name;
    std::string value;
};

// Header fields in their order. Names are compared without regard to case.
class Fields {
public:
    Fields() = default;
    Fields(std::initializer_list<Field> fields)
        : fields_(fields) {}

    void add(std::string name, std::string value);
    // Replaces the fields of this name by one.
    void set(std::string_view name, std::string value);

    std::size_t count(std::string_view name) const;
    bool has(std::string_view name) const { return count(name) > 0; }
    // The value of the first field of this name; empty if there is none.
    std::string_view get(std::string_view name) const;

    auto begin() const { return fields_.begin(); }
    auto end() const { return fields_.end(); }

private:
    std::vector<Field> fields_;
};

struct Request {
    std::string method;
    // Path and query as the client sent them, percent-encoded. Empty if the request line could not
    // be read.
    std::string target;
    // `HTTP/1.1` or `HTTP/1.0`.
    std::string version;
    Fields fields;
    // The client's IP address; behind a trusted proxy, what that says it is.
    std::string remote_address;
    // When the head had come.
    std::chrono::steady_clock::time_point received_at = std::chrono::steady_clock::now();
    // Null if the service reads no bodies, and as long as no thread has taken the request.
    RequestBody* body = nullptr;

    // The part of the target before its query.
    std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
};

// The server adds what HTTP itself needs: the length of the body and the state of the connection.
struct Response {
    int status = 200;
    Fields fields;
    std::string body;
    // How long the answer is held back, so that a client which tries again and again is slowed
    // down. No thread waits meanwhile.
    std::chrono::milliseconds delay{0};
};

} // namespace active_calls::shim::http
