#include "credentials.h"

#include "http/text.h"
#include "refusal.h"

#include <fmt/chrono.h>

#include <optional>

namespace active_calls::shim {

namespace {

// The last word, whatever stands before it, as Yeti reads it.
std::string without_scheme(std::string_view credentials) {
    credentials = trimmed(credentials);
    return std::string(credentials.substr(credentials.find_last_of(" \t") + 1));
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
    if (!token || token->empty()) throw Refusal::unauthorized("no token");
    return *std::move(token);
}

} // namespace

Credentials credentials_of(const http::Request& request) {
    for (const auto* const name : {"Authorization", "Cookie"})
        if (request.fields.count(name) > 1) refuse_several();
    std::string token = without_scheme(request.fields.get("Authorization"));
    if (!token.empty()) return {std::move(token), false};
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
