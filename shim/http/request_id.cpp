#include "request_id.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace active_calls::shim {

namespace {

constexpr std::size_t max_length = 128;

bool is_sane(std::string_view id) {
    const auto is_allowed = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               c == '.' || c == '_' || c == '-';
    };
    return !id.empty() && id.size() <= max_length && std::ranges::all_of(id, is_allowed);
}

std::string random_uuid() {
    constexpr std::string_view hex_digits = "0123456789abcdef";
    std::array<unsigned char, 16> bytes;
    if (getentropy(bytes.data(), bytes.size()) != 0) throw std::runtime_error("no random numbers");
    bytes[6] = (bytes[6] & 0x0f) | 0x40; // version
    bytes[8] = (bytes[8] & 0x3f) | 0x80; // variant
    std::string uuid;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) uuid += '-';
        uuid += hex_digits[bytes[i] >> 4];
        uuid += hex_digits[bytes[i] & 15];
    }
    return uuid;
}

} // namespace

std::string request_id(std::string_view from_client) {
    return is_sane(from_client) ? std::string(from_client) : random_uuid();
}

} // namespace active_calls::shim
