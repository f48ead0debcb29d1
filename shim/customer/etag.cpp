#include "etag.h"

#include "http/text.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace active_calls::shim {

namespace {

constexpr std::size_t hashed_bytes_shown = 16;

std::string_view opaque_part(std::string_view etag) {
    if (etag.starts_with("W/")) etag.remove_prefix(2);
    return etag;
}

} // namespace

std::string weak_etag(std::string_view body) {
    constexpr std::string_view hex_digits = "0123456789abcdef";
    std::array<unsigned char, SHA256_DIGEST_LENGTH> hash;
    SHA256(reinterpret_cast<const unsigned char*>(body.data()), body.size(), hash.data());
    std::string etag = "W/\"";
    for (std::size_t i = 0; i < hashed_bytes_shown; ++i) {
        etag += hex_digits[hash[i] >> 4];
        etag += hex_digits[hash[i] & 15];
    }
    return etag += '"';
}

bool is_match(std::string_view if_none_match, std::string_view etag) {
    if (trimmed(if_none_match) == "*") return true;
    // A tag of another server may hold a comma; its parts match none of ours.
    return std::ranges::any_of(split_list(if_none_match, ','), [&](std::string_view given) {
        return opaque_part(given) == opaque_part(etag);
    });
}

} // namespace active_calls::shim
