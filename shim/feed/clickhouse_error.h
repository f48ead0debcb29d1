// Errors as ClickHouse gives them to its clients: a number, its name, and an HTTP status.
#pragma once

#include "database/sqlstates.h"

#include <stdexcept>
#include <string>

namespace active_calls::shim {

// The numbers are ClickHouse's own.
enum class ClickHouseCode {
    no_such_column_in_table = 16,
    cannot_parse_input = 27,
    cannot_read_all_data = 33,
    bad_arguments = 36,
    not_implemented = 48,
    unknown_table = 60,
    syntax_error = 62,
    unknown_format = 73,
    timeout_exceeded = 159,
    readonly = 164,
    required_password = 194,
    socket_timeout = 209,
    network_error = 210,
    too_many_bytes = 307,
    inflate_failed = 354,
    violated_constraint = 469,
    access_denied = 497,
    authentication_failed = 516,
    poco_exception = 1000, // what HTTP itself does not allow
    unknown_exception = 1002,
};

// Thrown by any station of a feed request; the answer is made of it in one place.
class ClickHouseError : public std::runtime_error {
public:
    ClickHouseError(ClickHouseCode code, const std::string& message)
        : std::runtime_error(message)
        , code(code) {}

    // Says what a switch is told of an error of the database.
    static ClickHouseError of(const ErrorMeaning& meaning, const std::string& message) {
        return {static_cast<ClickHouseCode>(meaning.feed.code), meaning.feed.text_for(message)};
    }

    ClickHouseCode code;
};

// The HTTP status that goes with the code; 5xx where to send the same again may help.
int status_of(ClickHouseCode code);

// `Code: 27. DB::Exception: …. (CANNOT_PARSE_INPUT_ASSERTION_FAILED) (version …)`, and a newline:
// what clients take apart.
std::string to_text(const ClickHouseError& error);

} // namespace active_calls::shim
