// Small things about text.
#pragma once

#include <string_view>
#include <vector>

namespace active_calls::shim {

// The text without spaces and tabs at its ends.
std::string_view trimmed(std::string_view text);

// Compares ASCII letters without regard to case.
bool equal_ignoring_case(std::string_view left, std::string_view right);

// The trimmed, non-empty elements of a list such as `close, keep-alive`.
std::vector<std::string_view> split_list(std::string_view text, char separator);

// Whether PostgreSQL takes the bytes as text, which is UTF-8 without a NUL.
bool is_text(std::string_view text);

} // namespace active_calls::shim
