// Who sends a feed: credentials in the three ways in which ClickHouse's clients give them.
#pragma once

#include "http/message.h"

#include <optional>
#include <string>

namespace active_calls::shim {

struct FeedUser {
    std::string name;
    std::string password;
};

// Throws ClickHouseError unless the request carries the user's name and password, in
// `X-ClickHouse-User` and `X-ClickHouse-Key`, in `Authorization: Basic`, or in `?user=&password=`,
// and in one of these only. A name that is not given is `default`. The time it takes tells nothing
// of the password.
void require_user(const http::Request& request, const FeedUser& user);

} // namespace active_calls::shim
