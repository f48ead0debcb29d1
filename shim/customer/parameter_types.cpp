#include "parameter_types.h"

#include "http/text.h"
#include "times.h"

#include <arpa/inet.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <span>

namespace active_calls::shim {

namespace {

// The number that the whole of `text` spells, in from_chars' strict reading.
template<typename Number>
std::optional<Number> parse_number(std::string_view text) {
    Number number{};
    const char* const end = text.data() + text.size();
    const auto [stopped_at, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stopped_at != end) return std::nullopt;
    return number;
}

int hex_digit(char character) {
    if (character >= '0' && character <= '9') return character - '0';
    if (character >= 'a' && character <= 'f') return character - 'a' + 10;
    if (character >= 'A' && character <= 'F') return character - 'A' + 10;
    return -1;
}

} // namespace

std::optional<std::int32_t> parse_int32(std::string_view text) {
    return parse_number<std::int32_t>(text);
}

std::optional<std::string> uuid_to_binary(std::string_view text) {
    if (text.starts_with('{') && text.ends_with('}')) text = text.substr(1, text.size() - 2);
    constexpr std::size_t digits = 32;
    std::string bytes(digits / 2, '\0');
    std::size_t digit_count = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_between_groups = digit_count % 4 == 0 && digit_count > 0;
        if (text[i] == '-' && is_between_groups && text[i - 1] != '-') continue;
        const int digit = hex_digit(text[i]);
        if (digit < 0 || digit_count == digits) return std::nullopt;
        char& byte = bytes[digit_count++ / 2];
        byte = static_cast<char>(byte << 4 | digit);
    }
    return digit_count == digits && text.back() != '-' ? std::optional(bytes) : std::nullopt;
}

std::optional<std::string> time_to_binary(std::string_view text) {
    const auto time = parse_time(text);
    return time ? std::optional(to_big_endian((*time - postgres_epoch).count())) : std::nullopt;
}

std::optional<std::string> int32_to_binary(std::string_view text) {
    const auto number = parse_int32(text);
    return number ? std::optional(to_big_endian(*number)) : std::nullopt;
}

std::optional<std::string> country_id_to_binary(std::string_view text) {
    const auto number = parse_int32(text);
    return number && *number >= 0 ? std::optional(to_big_endian(*number)) : std::nullopt;
}

std::optional<std::string> string_to_binary(std::string_view text) {
    return is_text(text) ? std::optional<std::string>(text) : std::nullopt;
}

std::optional<std::string> address_to_binary(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    const std::string spelling(text);
    std::array<unsigned char, sizeof(in6_addr)> address;
    if (inet_pton(AF_INET, spelling.c_str(), address.data()) == 1)
        return inet_to_binary(std::span(address).first(sizeof(in_addr)));
    if (inet_pton(AF_INET6, spelling.c_str(), address.data()) == 1) return inet_to_binary(address);
    return std::nullopt;
}

std::optional<std::string> finite_double_to_binary(std::string_view text) {
    const auto number = parse_number<double>(text);
    if (!number || !std::isfinite(*number)) return std::nullopt;
    return to_big_endian(std::bit_cast<std::int64_t>(*number));
}

} // namespace active_calls::shim
