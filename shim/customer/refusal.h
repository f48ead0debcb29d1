// An answer other than success, on its way to the client.
#pragma once

#include <stdexcept>
#include <string>

namespace active_calls::shim {

/// Of a 503, in seconds: when a client may try again.
inline constexpr const char* retry_after = "1";

/// Thrown by any station of a request; the answer is made of it in one place. `what()` is the
/// error text of the body, and empty where the body is empty.
class Refusal : public std::runtime_error {
public:
    explicit Refusal(int status, const std::string& error = {})
        : std::runtime_error(error)
        , status(status) {}

    /// Returns `{"error": …}`, or nothing if there is no text.
    std::string body() const;

    int status;
};

} // namespace active_calls::shim
