#include "series.h"

#include "database/pg_binary.h"

#include <charconv>
#include <limits>

namespace active_calls::shim {

namespace {

// Written by hand, not through a JSON tree, as nearly all bytes the shim sends come from here.
template<typename Integer>
void append_list(std::string& text, const std::vector<Integer>& numbers) {
    std::array<char, std::numeric_limits<Integer>::digits10 + 2> digits;
    text += '[';
    for (const Integer number : numbers) {
        if (text.back() != '[') text += ',';
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        text.append(digits.data(), end);
    }
    text += ']';
}

} // namespace

Series series_of(const PGresult* rows) {
    const int row_count = PQntuples(rows);
    Series series;
    series.times.reserve(static_cast<std::size_t>(row_count));
    series.calls.reserve(static_cast<std::size_t>(row_count));
    for (int row = 0; row < row_count; ++row) {
        const auto time = time_from_binary(PQgetvalue(rows, row, 0));
        series.times.push_back(
            std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
        series.calls.push_back(from_big_endian<std::int32_t>(PQgetvalue(rows, row, 1)));
    }
    return series;
}

std::string to_json(const Series& series) {
    std::string text;
    text.reserve(64 + series.times.size() * 16);
    text += R"({"data":{"t":)";
    append_list(text, series.times);
    text += R"(,"calls":)";
    append_list(text, series.calls);
    text += R"(},"rows":)" + std::to_string(series.times.size()) + "}";
    return text;
}

} // namespace active_calls::shim
