#include "credentials.h"

#include "http/text.h"

namespace active_calls::shim {

namespace {

constexpr std::string_view scheme = "bearer";

std::string without_scheme(std::string_view credentials) {
    const auto space = credentials.find(' ');
    if (space != std::string_view::npos &&
        equal_ignoring_case(credentials.substr(0, space), scheme))
        credentials = trimmed(credentials.substr(space + 1));
    return std::string(credentials);
}

std::optional<std::string> cookie_token(std::string_view cookies) {
    std::optional<std::string> token;
    for (const auto cookie : split_list(cookies, ';')) {
        const auto equals = cookie.find('=');
        if (equals == std::string_view::npos || cookie.substr(0, equals) != cookie_name) continue;
        if (token) return std::nullopt;
        token = cookie.substr(equals + 1);
    }
    return token;
}

} // namespace

std::optional<std::string> token_of(const http::Request& request) {
    switch (request.fields.count("Authorization")) {
    case 0:
        break;
    case 1:
        return without_scheme(request.fields.get("Authorization"));
    default:
        return std::nullopt;
    }
    if (request.fields.count("Cookie") > 1) return std::nullopt;
    return cookie_token(request.fields.get("Cookie"));
}

} // namespace active_calls::shim
