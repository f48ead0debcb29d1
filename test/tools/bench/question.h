// A question: a series of one account over a window, and its filters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace active_calls::bench {

// The filters of the function that the questions use. Absent ones do not filter.
struct Filters {
    std::optional<int> duration_gt = std::nullopt;
    std::optional<int> dst_country_id = std::nullopt;
    std::optional<std::string> src_starts_with = std::nullopt; // byte for byte
    std::optional<std::string> dst_contains = std::nullopt;    // ASCII letters in either case
    std::optional<double> price_gt = std::nullopt;
    std::optional<std::string> address = std::nullopt;
};

struct Account {
    int id;
    std::string uuid;
};

// Both ends belong to the window; seconds since 1970.
struct Window {
    std::int64_t from;
    std::int64_t to;
};

struct Question {
    std::string name;
    Account account;
    Window window;
    Filters filters;
};

// Snapshots with at least one call, in the order of time. Filling the gaps is left to us alone.
struct Point {
    std::int64_t t; // seconds since 1970
    std::int64_t calls;
    bool operator==(const Point&) const = default;
};
using Series = std::vector<Point>;

// Whether a search for `text` that ignores case differs from one that does not. Where it does not,
// the peers are asked the cheaper one.
inline bool has_letters(std::string_view text) {
    for (const char c : text)
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return true;
    return false;
}

// `text` with `mark` before each of the characters in `special`.
inline std::string escaped(std::string_view text, std::string_view special, char mark) {
    std::string result;
    for (const char c : text) {
        if (special.find(c) != std::string_view::npos) result += mark;
        result += c;
    }
    return result;
}

// A literal of standard SQL.
inline std::string sql_literal(std::string_view text) {
    return "'" + escaped(text, "'", '\'') + "'";
}

} // namespace active_calls::bench
