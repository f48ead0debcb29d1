// Where a request carries its token.
#pragma once

#include "http/message.h"

#include <chrono>
#include <string>
#include <string_view>

namespace active_calls::shim {

inline constexpr std::string_view cookie_name = "_yeti_customer_v1_session";

struct Credentials {
    std::string token;
    bool is_cookie;
};

// The token of `Authorization`, bare or after a scheme such as `Bearer`, or, only where that header
// is absent or blank, of the cookie `cookie_name`. Throws Refusal 401 where there is none, or more
// than one.
Credentials credentials_of(const http::Request& request);

// The cookie with a token that ends at `expiry`, as a value of `Set-Cookie`.
std::string set_cookie(std::string_view token, std::chrono::sys_seconds expiry);

} // namespace active_calls::shim
