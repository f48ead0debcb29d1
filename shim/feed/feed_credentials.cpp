#include "feed_credentials.h"

#include "clickhouse_error.h"
#include "http/query_string.h"
#include "http/text.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>
#include <vector>

namespace active_calls::shim {

namespace {

constexpr const char* user_header = "X-ClickHouse-User";
constexpr const char* key_header = "X-ClickHouse-Key";
constexpr std::string_view basic_scheme = "basic";
constexpr std::string_view default_user = "default";

using Digest = std::array<unsigned char, SHA256_DIGEST_LENGTH>;

Digest digest_of(std::string_view text) {
    Digest digest;
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
    return digest;
}

// Compares digests, since they have the same length whatever the texts have.
bool equal_in_constant_time(std::string_view left, std::string_view right) {
    const Digest left_digest = digest_of(left);
    const Digest right_digest = digest_of(right);
    return CRYPTO_memcmp(left_digest.data(), right_digest.data(), left_digest.size()) == 0;
}

bool is_user(std::string_view name, std::string_view password, const FeedUser& user) {
    const bool name_fits = equal_in_constant_time(name.empty() ? default_user : name, user.name);
    const bool password_fits = equal_in_constant_time(password, user.password);
    return name_fits && password_fits;
}

std::string base64(const std::string& text) {
    std::string encoded((text.size() + 2) / 3 * 4 + 1, '\0');
    const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    encoded.resize(static_cast<std::size_t>(length));
    return encoded;
}

// What Basic would look like is compared, so that nothing has to be decoded (RFC 7617).
bool is_user_by_basic(std::string_view authorization, const FeedUser& user) {
    const auto space = std::min(authorization.find(' '), authorization.size());
    const auto given = trimmed(authorization.substr(space));
    const bool is_named = equal_in_constant_time(given, base64(user.name + ":" + user.password));
    const bool is_default =
        equal_in_constant_time(given, base64(":" + user.password)) && user.name == default_user;
    return equal_ignoring_case(authorization.substr(0, space), basic_scheme) &&
           (is_named || is_default);
}

[[noreturn]] void refuse(const std::string& reason) {
    throw ClickHouseError(ClickHouseCode::authentication_failed, reason);
}

} // namespace

void require_user(const http::Request& request, const FeedUser& user) {
    const auto name = last_value(request.target, "user");
    const auto password = last_value(request.target, "password");
    const bool in_headers = request.fields.has(user_header) || request.fields.has(key_header);
    const bool in_authorization = request.fields.has("Authorization");
    const bool in_query = name || password;
    const int ways = in_headers + in_authorization + in_query;
    if (ways == 0)
        throw ClickHouseError(ClickHouseCode::required_password,
                              "Authentication failed: user and password are required");
    if (ways > 1) refuse("Authentication failed: credentials are given in more than one way");
    const bool is_right =
        in_headers ? is_user(request.fields.get(user_header), request.fields.get(key_header), user)
        : in_query ? is_user(name.value_or(""), password.value_or(""), user)
                   : is_user_by_basic(request.fields.get("Authorization"), user);
    if (!is_right) refuse("Authentication failed: the user or the password is wrong");
}

} // namespace active_calls::shim
