// Small things about text.
#pragma once

#include <string_view>
#include <vector>

namespace active_calls::shim {

/// Without spaces and tabs at its ends.
std::string_view trimmed(std::string_view text);

/// ASCII letters of either case are the same.
bool equal_ignoring_case(std::string_view left, std::string_view right);

/// The trimmed, non-empty elements of a list such as `close, keep-alive`.
std::vector<std::string_view> split_list(std::string_view text, char separator);

/// Whether PostgreSQL takes it for text: UTF-8, without a NUL.
bool is_text(std::string_view text);

} // namespace active_calls::shim
