// An HTTP client, for the commands that ask other servers.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace active_calls::shim::http {

// A request to a server of the form http://host[:port] or https://host[:port], whose certificate
// has to be one that this machine trusts.
struct FetchRequest {
    std::string server;
    std::string method = "GET";
    std::string target;
    std::vector<std::pair<std::string, std::string>> headers = {};
    std::string body = {};
};

// Takes the body of an answer of this status piece by piece. Returns whether more is wanted.
using TakePiece = std::function<bool(int status, std::string_view piece)>;

// Returns the status, once all of the answer has been taken. Redirects are not followed. Throws
// std::runtime_error, with the server in its text, if there is no answer or it breaks off, unless
// `take` wanted no more.
int fetch(const FetchRequest& request, const TakePiece& take);

// The value of a field of a query, as it stands in a URL.
std::string percent_encode(std::string_view value);

} // namespace active_calls::shim::http
