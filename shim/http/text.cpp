#include "text.h"

#include <simdjson.h>

#include <algorithm>

namespace active_calls::shim {

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view blanks = " \t";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

bool equal_ignoring_case(std::string_view left, std::string_view right) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return std::ranges::equal(left, right, {}, lower, lower);
}

std::vector<std::string_view> split_list(std::string_view text, char separator) {
    std::vector<std::string_view> elements;
    while (!text.empty()) {
        const auto end = text.find(separator);
        const auto element = trimmed(text.substr(0, end));
        if (!element.empty()) elements.push_back(element);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return elements;
}

bool is_text(std::string_view text) {
    return text.find('\0') == std::string_view::npos &&
           simdjson::validate_utf8(text.data(), text.size());
}

} // namespace active_calls::shim
