// The typed values of the API's parameters, and their parsers: text in, value out, nothing guessed.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace active_calls::shim {

/// An instant in microseconds since 1970-01-01 UTC.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;

struct Uuid {
    std::array<std::uint8_t, 16> bytes;
    bool operator==(const Uuid&) const = default;
};

/// An IPv4 address (4 bytes) or an IPv6 address (16 bytes), in network order.
struct InetAddress {
    std::string bytes;
    bool operator==(const InetAddress&) const = default;
};

using Value = std::variant<Uuid, Timestamp, std::int32_t, double, std::string, InetAddress>;

/// What a parameter may hold; each has one parser below.
enum class ValueType { uuid, time, country_id, int32, string, inet_address, finite_double };

/// Parses a percent-decoded parameter. Empty when `text` is no value of that type, which an empty
/// text is of every type but `string`.
std::optional<Value> parse_value(ValueType type, std::string_view text);

/// 36 characters in groups of 8-4-4-4-12 hexadecimal digits of either case; no braces.
std::optional<Uuid> parse_uuid(std::string_view text);

/// A whole decimal number in [-2^31, 2^31); a sign may only be `-`.
std::optional<std::int32_t> parse_int32(std::string_view text);

/// A decimal number, with an exponent or without, that a double can hold; not infinity, not NaN,
/// not hexadecimal.
std::optional<double> parse_finite_double(std::string_view text);

/// UTF-8 without NUL, which is what PostgreSQL's `text` can hold.
std::optional<std::string> parse_string(std::string_view text);

/// An IPv4 address as four decimal numbers, or an IPv6 address in any of its spellings; neither
/// netmask nor zone.
std::optional<InetAddress> parse_inet_address(std::string_view text);

/// ISO 8601 / RFC 3339, or whole seconds since 1970; in both forms within the years 0000 to 9999:
///   YYYY-MM-DD                                          midnight UTC
///   YYYY-MM-DD(T| )hh:mm:ss[.fraction][Z|±hh[[:]mm]]    UTC where no offset is given
///   [-]digits                                           seconds since 1970
/// Digits of a fraction beyond microseconds are dropped. Leap seconds and hour 24 do not exist.
std::optional<Timestamp> parse_time(std::string_view text);

} // namespace active_calls::shim
