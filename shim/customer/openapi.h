// The customer's API described for programs, by openapi.json.
#pragma once

#include <string_view>

namespace active_calls::shim {

inline constexpr std::string_view series_path = "/api/rest/customer/v1/origination-active-calls";
inline constexpr std::string_view openapi_path = "/api/rest/customer/v1/openapi.json";

// The document as it is served. CMake makes it a string literal, with the version in its place.
inline constexpr std::string_view openapi_document =
#include "openapi.inc"
    ;

} // namespace active_calls::shim
