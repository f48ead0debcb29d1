// THE table of SQLSTATEs: what an error of PostgreSQL means for its session, for customers and for
// the switch.
#pragma once

#include <string>
#include <string_view>

namespace active_calls::shim {

// The session whose statement failed.
enum class Session {
    sound,    // The error is about what was asked, so the session is as good as before.
    doubtful, // A fresh one is safer: it prepares anew, on the server that is the right one by
              // then.
    ended,    // The server ends it, whatever the statement was.
};

// What is told of an error.
struct Told {
    // Customers are told a status of HTTP, and a switch a number of ClickHouse's.
    int code;
    // Null: PostgreSQL's own message.
    const char* text;

    std::string text_for(const std::string& message) const { return text ? text : message; }
};

struct ErrorMeaning {
    // A whole SQLSTATE, or what those of a class begin with.
    std::string_view sqlstate;
    Session session;
    Told customer;
    Told feed;
};

// A batch of the feed was written before.
inline constexpr const char* repeated_batch = "AC002";
// There is no such time zone.
inline constexpr const char* unknown_zone = "AC003";
// The rows of a feed have no field of that name.
inline constexpr const char* unknown_column = "AC004";
// A statement ran into its time limit.
inline constexpr const char* query_canceled = "57014";
// The connection failed, or there is none to be had.
inline constexpr const char* connection_failure = "08006";

// The first line of the table that fits; of an empty SQLSTATE and of unknown ones, the last.
const ErrorMeaning& meaning_of(std::string_view sqlstate);

} // namespace active_calls::shim
