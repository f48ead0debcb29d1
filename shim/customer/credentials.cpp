#include "credentials.h"

#include "http/text.h"
#include "refusal.h"

#include <fmt/chrono.h>

#include <optional>

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

[[noreturn]] void refuse_several() { throw Refusal::unauthorized("more than one token"); }

std::string cookie_token(std::string_view cookies) {
    std::optional<std::string> token;
    for (const auto cookie : split_list(cookies, ';')) {
        const auto equals = cookie.find('=');
        if (equals == std::string_view::npos || cookie.substr(0, equals) != cookie_name) continue;
        if (token) refuse_several();
        token = cookie.substr(equals + 1);
    }
    if (!token) throw Refusal::unauthorized("no token");
    return *std::move(token);
}

} // namespace

Credentials credentials_of(const http::Request& request) {
    switch (request.fields.count("Authorization")) {
    case 0:
        break;
    case 1:
        return {without_scheme(request.fields.get("Authorization")), false};
    default:
        refuse_several();
    }
    if (request.fields.count("Cookie") > 1) refuse_several();
    return {cookie_token(request.fields.get("Cookie")), true};
}

// As Yeti writes it, so that it replaces Yeti's cookie and the other way round.
std::string set_cookie(std::string_view token, std::chrono::sys_seconds expiry) {
    const std::tm time = fmt::gmtime(std::chrono::system_clock::to_time_t(expiry));
    return fmt::format(
        "{}={}; path=/; expires={:%a, %d %b %Y %H:%M:%S} GMT; HttpOnly; SameSite=Lax", cookie_name,
        token, time);
}

} // namespace active_calls::shim
