// Where a request carries its token.
#pragma once

#include "http/message.h"

#include <string>
#include <string_view>

namespace active_calls::shim {

inline constexpr std::string_view cookie_name = "_yeti_customer_v1_session";

// The token of `Authorization`, bare or after `Bearer`, or, only where that header is absent, of
// the cookie `cookie_name`. Throws Refusal 401 where there is none, or more than one.
std::string token_of(const http::Request& request);

} // namespace active_calls::shim
