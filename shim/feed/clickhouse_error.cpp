#include "clickhouse_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace active_calls::shim {

namespace {

struct KnownCode {
    ClickHouseCode code;
    const char* name;
    int status;
};

// Statuses are ClickHouse's, but for what it answers with 500 though it is the client's to mend.
constexpr std::array known_codes{
    KnownCode{ClickHouseCode::no_such_column_in_table, "NO_SUCH_COLUMN_IN_TABLE", 400},
    KnownCode{ClickHouseCode::cannot_parse_input, "CANNOT_PARSE_INPUT_ASSERTION_FAILED", 400},
    KnownCode{ClickHouseCode::cannot_read_all_data, "CANNOT_READ_ALL_DATA", 400},
    KnownCode{ClickHouseCode::bad_arguments, "BAD_ARGUMENTS", 400},
    KnownCode{ClickHouseCode::not_implemented, "NOT_IMPLEMENTED", 501},
    KnownCode{ClickHouseCode::unknown_table, "UNKNOWN_TABLE", 404},
    KnownCode{ClickHouseCode::syntax_error, "SYNTAX_ERROR", 400},
    KnownCode{ClickHouseCode::unknown_format, "UNKNOWN_FORMAT", 404},
    KnownCode{ClickHouseCode::timeout_exceeded, "TIMEOUT_EXCEEDED", 504},
    KnownCode{ClickHouseCode::readonly, "READONLY", 403},
    KnownCode{ClickHouseCode::required_password, "REQUIRED_PASSWORD", 401},
    KnownCode{ClickHouseCode::socket_timeout, "SOCKET_TIMEOUT", 408},
    KnownCode{ClickHouseCode::network_error, "NETWORK_ERROR", 503},
    KnownCode{ClickHouseCode::too_many_bytes, "TOO_MANY_BYTES", 413},
    KnownCode{ClickHouseCode::inflate_failed, "INFLATE_FAILED", 400},
    KnownCode{ClickHouseCode::violated_constraint, "VIOLATED_CONSTRAINT", 400},
    KnownCode{ClickHouseCode::access_denied, "ACCESS_DENIED", 403},
    KnownCode{ClickHouseCode::authentication_failed, "AUTHENTICATION_FAILED", 403},
    KnownCode{ClickHouseCode::poco_exception, "POCO_EXCEPTION", 400},
    KnownCode{ClickHouseCode::unknown_exception, "UNKNOWN_EXCEPTION", 500},
};

// The last one for a number that is none of these, which a SQLSTATE's line may have.
const KnownCode& known(ClickHouseCode code) {
    const auto* const found = std::ranges::find(known_codes, code, &KnownCode::code);
    return found != known_codes.end() ? *found : known_codes.back();
}

} // namespace

int status_of(ClickHouseCode code) { return known(code).status; }

std::string to_text(const ClickHouseError& error) {
    return fmt::format("Code: {}. DB::Exception: {}. ({}) (version {} (active-calls-shim))\n",
                       static_cast<int>(error.code), error.what(), known(error.code).name,
                       ACTIVE_CALLS_VERSION);
}

} // namespace active_calls::shim
