// The types of the API's parameters: what a customer may write, and what PostgreSQL is given.
#pragma once

#include "database/pg_binary.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace active_calls::shim {

struct ParameterType {
    // The schema of what customers write, in openapi.json.
    std::string_view schema;
    // The type of the SQL functions' argument.
    Oid oid;
    // Turns a percent-decoded value into PostgreSQL's binary format. Empty where `text` is no
    // value of the type, which an empty text is of every type but `string`.
    std::optional<std::string> (*to_binary)(std::string_view text);
};

// What PostgreSQL takes: 32 hexadecimal digits of either case, with or without a hyphen after every
// four of them, in braces or not.
std::optional<std::string> uuid_to_binary(std::string_view text);
// What parse_time of times.h takes.
std::optional<std::string> time_to_binary(std::string_view text);
// What parse_int32 takes.
std::optional<std::string> int32_to_binary(std::string_view text);
// The same, but not below 0.
std::optional<std::string> country_id_to_binary(std::string_view text);
// UTF-8 without NUL, which is what PostgreSQL's `text` can hold.
std::optional<std::string> string_to_binary(std::string_view text);
// An IPv4 address as four decimal numbers, or an IPv6 address in any of its spellings; neither
// netmask nor zone.
std::optional<std::string> address_to_binary(std::string_view text);
// A decimal number, with an exponent or without, that a double can hold; not infinity, not NaN,
// not hexadecimal.
std::optional<std::string> finite_double_to_binary(std::string_view text);

namespace types {

inline constexpr ParameterType uuid{"Uuid", uuid_oid, uuid_to_binary};
inline constexpr ParameterType time{"Time", timestamptz_oid, time_to_binary};
inline constexpr ParameterType country_id{"CountryId", int4_oid, country_id_to_binary};
inline constexpr ParameterType int32{"Int32", int4_oid, int32_to_binary};
inline constexpr ParameterType string{"String", text_oid, string_to_binary};
inline constexpr ParameterType address{"Address", inet_oid, address_to_binary};
inline constexpr ParameterType finite_double{"FiniteDouble", float8_oid, finite_double_to_binary};

} // namespace types

// A whole decimal number in [-2^31, 2^31); a sign may only be `-`.
std::optional<std::int32_t> parse_int32(std::string_view text);

} // namespace active_calls::shim
