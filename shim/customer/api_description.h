// The customer's API described for programs: an OpenAPI 3.1 document, made from the table of
// parameters, so that it says what the parser does.
#pragma once

#include <string>
#include <string_view>

namespace active_calls::shim {

inline constexpr std::string_view series_path = "/api/rest/customer/v1/origination-active-calls";
inline constexpr std::string_view api_description_path = "/api/rest/customer/v1/openapi.json";

/// The document as JSON text; always the same.
std::string api_description();

} // namespace active_calls::shim
