#include "values.h"

#include "http/text.h"

#include <arpa/inet.h>

#include <charconv>
#include <cmath>

namespace active_calls::shim {

namespace {

/// The number that the whole of `text` spells, in from_chars' strict reading.
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

std::optional<Uuid> parse_uuid(std::string_view text) {
    if (text.size() != 36) return std::nullopt;
    Uuid uuid{};
    std::size_t digit_count = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-') return std::nullopt;
            continue;
        }
        const int digit = hex_digit(text[i]);
        if (digit < 0) return std::nullopt;
        std::uint8_t& byte = uuid.bytes[digit_count++ / 2];
        byte = static_cast<std::uint8_t>(byte << 4 | digit);
    }
    return uuid;
}

std::optional<std::int32_t> parse_int32(std::string_view text) {
    return parse_number<std::int32_t>(text);
}

std::optional<double> parse_finite_double(std::string_view text) {
    const auto number = parse_number<double>(text);
    return number && std::isfinite(*number) ? number : std::nullopt;
}

std::optional<std::string> parse_string(std::string_view text) {
    if (!is_text(text)) return std::nullopt;
    return std::string(text);
}

std::optional<InetAddress> parse_inet_address(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return std::nullopt;
    const std::string spelling(text);
    const auto parse_as = [&](int family, std::size_t size) -> std::optional<InetAddress> {
        InetAddress address{std::string(size, '\0')};
        if (inet_pton(family, spelling.c_str(), address.bytes.data()) != 1) return std::nullopt;
        return address;
    };
    const auto ipv4 = parse_as(AF_INET, sizeof(in_addr));
    return ipv4 ? ipv4 : parse_as(AF_INET6, sizeof(in6_addr));
}

std::optional<Value> parse_value(ValueType type, std::string_view text) {
    switch (type) {
    case ValueType::uuid:
        return parse_uuid(text);
    case ValueType::time:
        return parse_time(text);
    case ValueType::int32:
        return parse_int32(text);
    case ValueType::string:
        return parse_string(text);
    case ValueType::inet_address:
        return parse_inet_address(text);
    case ValueType::finite_double:
        return parse_finite_double(text);
    case ValueType::country_id: {
        const auto id = parse_int32(text);
        if (!id || *id < 0) return std::nullopt;
        return id;
    }
    }
    return std::nullopt;
}

} // namespace active_calls::shim
