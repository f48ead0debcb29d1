#include "query_string.h"

#include <charconv>

namespace active_calls::shim {

namespace {

std::optional<std::string> decode(std::string_view text) {
    std::string decoded;
    decoded.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            decoded += text[i] == '+' ? ' ' : text[i];
            continue;
        }
        unsigned char byte = 0;
        const char* const digits = text.data() + i + 1;
        if (text.size() - i < 3) return std::nullopt;
        if (std::from_chars(digits, digits + 2, byte, 16).ptr != digits + 2) return std::nullopt;
        decoded += static_cast<char>(byte);
        i += 2;
    }
    return decoded;
}

} // namespace

std::string_view query_of(std::string_view target) {
    const auto question_mark = target.find('?');
    return question_mark == std::string_view::npos ? std::string_view{}
                                                   : target.substr(question_mark + 1);
}

std::vector<QueryField> split_query(std::string_view query) {
    std::vector<QueryField> fields;
    while (!query.empty()) {
        const auto ampersand = query.find('&');
        const auto field = query.substr(0, ampersand);
        query.remove_prefix(ampersand == std::string_view::npos ? query.size() : ampersand + 1);
        if (field.empty()) continue;
        const auto equals = field.find('=');
        const auto value =
            equals == std::string_view::npos ? std::string_view{} : field.substr(equals + 1);
        fields.push_back({decode(field.substr(0, equals)), decode(value)});
    }
    return fields;
}

std::optional<std::string> last_value(std::string_view target, std::string_view name) {
    std::optional<std::string> value;
    for (const auto& field : split_query(query_of(target)))
        if (field.name == name) value = field.value.value_or("");
    return value;
}

} // namespace active_calls::shim
