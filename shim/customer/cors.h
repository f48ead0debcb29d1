// Which pages of other origins may read the answers
// (https://fetch.spec.whatwg.org/#http-cors-protocol).
#pragma once

#include "http/message.h"

#include <string>
#include <string_view>
#include <vector>

namespace active_calls::shim {

inline constexpr std::string_view any_origin = "*";

// Whether it is an origin as browsers write it, since they are compared letter by letter:
// `scheme://host` or `scheme://host:port`, in small letters, without the scheme's default port.
bool is_origin(std::string_view text);

class Cors {
public:
    Cors() = default;
    // `origins` are what is_origin takes, or `any_origin` alone; none: no page of another origin
    // may read anything.
    explicit Cors(std::vector<std::string> origins)
        : origins_(std::move(origins)) {}

    // Whether it is what browsers ask before they send the request itself.
    bool is_preflight(const http::Request& request) const {
        return !origins_.empty() && request.method == "OPTIONS";
    }

    // Adds to an answer what the browser wants to know.
    void complete(const http::Request& request, http::Response& response) const;

private:
    std::vector<std::string> origins_;
};

} // namespace active_calls::shim
