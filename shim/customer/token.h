// Tokens: JSON web tokens, HS256, that say whose calls may be seen.
#pragma once

#include "operations/secret_file.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace active_calls::shim {

// A token whose `sub` names a row of `active_calls.api_access`.
struct ApiAccess {
    std::int32_t id;
    bool operator==(const ApiAccess&) const = default;
};

// `sub` of a dynamic token.
inline constexpr std::string_view dynamic_subject = "D";

// A dynamic token: it carries its scope itself. No accounts = all of the customer.
struct CustomerScope {
    std::int32_t customer_id;
    std::vector<std::int32_t> account_ids;
    bool operator==(const CustomerScope&) const = default;
};

using Scope = std::variant<ApiAccess, CustomerScope>;

// Tokens longer than this are refused unread.
inline constexpr std::size_t max_token_length = 8192;

// What a token grants, and from when until when, in seconds since 1970.
struct Grant {
    Scope scope;
    // What a token that grants the same says, as JSON, but for when it ends.
    std::string claims;
    double valid_from;
    double valid_until;
};

// Checks tokens. Safe for use by many threads.
class TokenVerifier {
public:
    // `require_expiry`: a token without `exp` is refused.
    TokenVerifier(Secret secret, bool require_expiry);

    // What a valid token grants. Throws Refusal 401, with the reason, if the token is malformed,
    // signed by another key, of an algorithm other than HS256, expired, not valid yet, or for
    // another audience than `customer-v1`, or if what it says of its scope has a wrong type.
    std::shared_ptr<const Grant> verify(std::string_view token,
                                        std::chrono::system_clock::time_point now) const;

    // A token that grants the same until `expiry`. Throws std::runtime_error.
    std::string renew(const Grant& grant, std::chrono::sys_seconds expiry) const;

private:
    Grant examine(const std::string& token) const;

    Secret secret_;
    bool require_expiry_;

    // Grants of tokens that passed, since a customer's token comes again and again, and to check
    // its signature costs more than all else that the shim does for a request.
    mutable std::mutex mutex_;
    mutable std::unordered_map<std::string, std::shared_ptr<const Grant>> known_;
};

// A signed token of that scope; without `expiry` it never ends. Throws std::runtime_error.
std::string issue_token(const Secret& secret, const Scope& scope,
                        std::optional<std::chrono::sys_seconds> expiry);

} // namespace active_calls::shim
