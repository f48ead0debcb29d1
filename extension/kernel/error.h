// The exception that the extension throws. The boundary to a server maps the kind to error codes.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace active_calls {

enum class ErrorKind {
    missing_argument, // a value that the caller has to give is NULL
    invalid_argument, // a value that the caller gave is not allowed
    unknown_access,   // the API access that asks does not exist
    unknown_account,  // the account does not exist, or whoever asks may not see it
    limit_exceeded,   // the answer would be larger than the caller's own limit
    unknown_column,   // a field that the caller names does not exist
    unknown_zone,     // a time zone that the caller names does not exist
    malformed_input,  // data from outside that does not parse or does not fit
    repeated_batch,   // data that was taken before
    corrupted_data,   // stored data that is not what was stored
    newer_data,       // stored data that a later version of this library wrote
};

class Error : public std::runtime_error {
public:
    // `message` and `hint` follow PostgreSQL's style: no capital, no full stop; a hint is a
    // sentence.
    Error(ErrorKind kind, const std::string& message, std::string hint = {})
        : std::runtime_error(message)
        , kind_(kind)
        , hint_(std::move(hint)) {}

    ErrorKind kind() const { return kind_; }
    const std::string& hint() const { return hint_; }

private:
    ErrorKind kind_;
    std::string hint_;
};

} // namespace active_calls
