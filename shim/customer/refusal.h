// An answer other than success, on its way to the customer.
#pragma once

#include "database/sqlstates.h"
#include "http/message.h"

#include <stdexcept>
#include <string>

namespace active_calls::shim {

// Thrown by any station of a request; the answer is made of it in one place. `what()` is the
// error text of the body, and empty where the body is empty.
class Refusal : public std::runtime_error {
public:
    explicit Refusal(int status, const std::string& error = {})
        : std::runtime_error(error)
        , status(status) {}

    // 401. The customer is not told the reason; the log is.
    static Refusal unauthorized(const std::string& reason) {
        Refusal refusal(401);
        refusal.reason = reason;
        return refusal;
    }

    // Says what a customer is told of an error of the database.
    static Refusal of(const ErrorMeaning& meaning, const std::string& message) {
        if (meaning.customer.code == 401) return unauthorized(message);
        return Refusal(meaning.customer.code, meaning.customer.text_for(message));
    }

    // Sets the status, the body `{"error": …}`, which is empty if there is no text, and the
    // headers that go with the status.
    void write(http::Response& response) const;

    int status;
    // Why the shim answers 401. The log shows it, so it holds fixed words and nothing of the token.
    std::string reason;
};

} // namespace active_calls::shim
