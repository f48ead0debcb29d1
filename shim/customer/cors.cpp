#include "cors.h"

#include <algorithm>

namespace active_calls::shim {

namespace {

constexpr const char* methods = "GET, HEAD, OPTIONS";

// These are what Yeti's sample proxy says.
constexpr const char* headers =
    "Origin, X-Requested-With, Content-Type, Accept, api_key, Authorization";
constexpr const char* max_age = "1728000";

} // namespace

bool is_origin(std::string_view text) {
    constexpr std::string_view characters = "abcdefghijklmnopqrstuvwxyz0123456789+-._:[]";
    const auto end = text.find("://");
    if (end == 0 || end == std::string_view::npos) return false;
    const auto scheme = text.substr(0, end);
    const auto host = text.substr(end + 3);
    const bool has_default_port = (scheme == "http" && host.ends_with(":80")) ||
                                  (scheme == "https" && host.ends_with(":443"));
    return !host.empty() && !has_default_port &&
           scheme.find_first_not_of(characters) == std::string_view::npos &&
           host.find_first_not_of(characters) == std::string_view::npos;
}

void Cors::complete(const http::Request& request, http::Response& response) const {
    if (origins_.empty()) return;
    http::Fields& fields = response.fields;
    if (fields.has("allow")) fields.set("allow", methods);
    const bool is_open = origins_.front() == any_origin;
    if (!is_open) fields.set("vary", "Accept, Origin");
    const std::string origin(is_open ? any_origin : request.fields.get("Origin"));
    if (!is_open && std::ranges::find(origins_, origin) == origins_.end()) return;
    fields.set("access-control-allow-origin", origin);
    // The cookie is sent to origins that are named alone: browsers want it so.
    if (!is_open) fields.set("access-control-allow-credentials", "true");
    if (!is_preflight(request)) return;
    fields.set("access-control-allow-methods", methods);
    fields.set("access-control-allow-headers", headers);
    fields.set("access-control-max-age", max_age);
}

} // namespace active_calls::shim
