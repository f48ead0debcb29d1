#include "series.h"

#include <array>
#include <charconv>
#include <limits>

namespace active_calls::shim {

namespace {

// Written by hand, not through a JSON tree, as nearly all bytes the shim sends come from here.
template<typename NumberAt>
void append_list(std::string& text, std::size_t size, const NumberAt& number_at) {
    using Integer = decltype(number_at(0));
    std::array<char, std::numeric_limits<Integer>::digits10 + 3> digits;
    text += '[';
    for (std::size_t i = 0; i < size; ++i) {
        char* begin = digits.data();
        if (i > 0) *begin++ = ',';
        const auto end = std::to_chars(begin, digits.data() + digits.size(), number_at(i)).ptr;
        text.append(digits.data(), end);
    }
    text += ']';
}

} // namespace

std::string to_json(const Series& series) {
    std::string text;
    text.reserve(64 + series.size() * 16);
    text += R"({"data":{"t":)";
    append_list(text, series.size(), [&](std::size_t i) { return series.time(i); });
    text += R"(,"calls":)";
    append_list(text, series.size(), [&](std::size_t i) { return series.calls(i); });
    text += R"(},"rows":)" + std::to_string(series.size()) + "}";
    return text;
}

} // namespace active_calls::shim
