// The headers that every answer to a customer carries, as the API documents them.
#pragma once

#include <array>
#include <string_view>

namespace active_calls::shim {

struct CommonHeader {
    const char* name;
    const char* value;
};

inline constexpr std::array common_headers{
    CommonHeader{"content-type", "application/json; charset=utf-8"},
    CommonHeader{"x-frame-options", "SAMEORIGIN"},
    CommonHeader{"x-xss-protection", "0"},
    CommonHeader{"x-content-type-options", "nosniff"},
    CommonHeader{"x-permitted-cross-domain-policies", "none"},
    CommonHeader{"referrer-policy", "strict-origin-when-cross-origin"},
    CommonHeader{"vary", "Accept"},
    CommonHeader{"cache-control", "max-age=0, private, must-revalidate"},
};

} // namespace active_calls::shim
