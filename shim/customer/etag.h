// Entity tags: whether a client already holds the answer.
#pragma once

#include <string>
#include <string_view>

namespace active_calls::shim {

// `W/"…"`: a weak tag made of a hash of the body.
std::string weak_etag(std::string_view body);

// Whether an `If-None-Match` (a list of tags, or `*`) names this tag, compared weakly, which is to
// say without regard to `W/` (RFC 9110, 8.8.3.2 and 13.1.2).
bool is_match(std::string_view if_none_match, std::string_view etag);

} // namespace active_calls::shim
