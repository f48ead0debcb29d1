#include "json_text.h"

#include "../interrupts.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>

namespace active_calls {

namespace {

constexpr std::string_view replacement = "\uFFFD";

// The bracket that ends a value, if `c` begins one.
constexpr char closing(char c) { return c == '{' ? '}' : c == '[' ? ']' : '\0'; }

// Whether an object or array may stand behind `before` in a container that ends with `container`.
bool may_begin(char container, char before) {
    return container == '}' ? before == ':' : before == ',' || before == '[';
}

// The size of the string that `text` begins with, with both quotes; none where it does not end.
// `breaks` tells whether a newline is to blame.
std::optional<std::size_t> size_of_string(std::string_view text, bool& breaks) {
    for (std::size_t at = 1; at < text.size(); ++at) {
        if (text[at] == '"') return at + 1;
        if (text[at] == '\n') {
            breaks = true;
            return std::nullopt;
        }
        if (text[at] == '\\') ++at;
    }
    return std::nullopt;
}

// The size of the character of UTF-8 that `text` begins with; 0 where it begins with none.
std::size_t size_of_character(std::string_view text) {
    for (std::size_t size = 1; size <= std::min<std::size_t>(4, text.size()); ++size)
        if (simdjson::validate_utf8(text.data(), size)) return size;
    return 0;
}

void append_utf8(std::uint32_t code, std::string& text) {
    const auto tail = [&](unsigned shift) {
        text += static_cast<char>(0x80 | ((code >> shift) & 0x3F));
    };
    if (code < 0x80) {
        text += static_cast<char>(code);
    } else if (code < 0x800) {
        text += static_cast<char>(0xC0 | (code >> 6));
        tail(0);
    } else if (code < 0x10000) {
        text += static_cast<char>(0xE0 | (code >> 12));
        tail(6), tail(0);
    } else {
        text += static_cast<char>(0xF0 | (code >> 18));
        tail(12), tail(6), tail(0);
    }
}

// Takes `\uXXXX` away from the beginning of `spelled`, if it is there.
std::optional<std::uint32_t> take_unit(std::string_view& spelled) {
    constexpr std::size_t size = 6;
    std::uint32_t unit = 0;
    if (spelled.size() < size || !spelled.starts_with("\\u")) return std::nullopt;
    const char* const end = spelled.data() + size;
    if (std::from_chars(spelled.data() + 2, end, unit, 16).ptr != end) return std::nullopt;
    spelled.remove_prefix(size);
    return unit;
}

constexpr bool is_first_half(std::uint32_t unit) { return unit >= 0xD800 && unit < 0xDC00; }
constexpr bool is_second_half(std::uint32_t unit) { return unit >= 0xDC00 && unit < 0xE000; }

void append_unit(std::uint32_t unit, std::string_view& spelled, std::string& text) {
    if (is_first_half(unit)) {
        auto behind = spelled;
        const auto second = take_unit(behind);
        if (second && is_second_half(*second)) {
            spelled = behind;
            append_utf8(0x10000 + ((unit - 0xD800) << 10) + (*second - 0xDC00), text);
            return;
        }
    }
    if (unit == 0 || is_first_half(unit) || is_second_half(unit))
        text += replacement;
    else
        append_utf8(unit, text);
}

// Takes the escape away from the beginning of `spelled`; of an unknown one the backslash alone.
void append_escape(std::string_view& spelled, std::string& text) {
    constexpr std::string_view letters = "\"\\/bfnrt", characters = "\"\\/\b\f\n\r\t";
    if (const auto unit = take_unit(spelled)) return append_unit(*unit, spelled, text);
    const auto known = spelled.size() > 1 ? letters.find(spelled[1]) : letters.npos;
    spelled.remove_prefix(known != letters.npos ? 2 : 1);
    if (known != letters.npos)
        text += characters[known];
    else
        text += replacement;
}

} // namespace

ObjectExtent extent_of_object(std::string_view text) {
    using enum ObjectExtent::Kind;
    std::string open; // how each container ends that has begun
    char before = '\0';
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '"') {
            bool breaks = false;
            const auto size = size_of_string(text.substr(at), breaks);
            if (!size) return {breaks ? broken : unfinished, 0};
            count_steps(std::min(*size, steps_between_interrupts));
            at += *size - 1;
        } else if (const char end = closing(c)) {
            if (!open.empty() && !may_begin(open.back(), before)) return {broken, 0};
            open += end;
        } else if (c == '}' || c == ']') {
            if (open.back() != c) return {broken, 0};
            open.pop_back();
            if (open.empty()) return {whole, at + 1};
        }
        count_steps(1);
        if (c != ' ' && c != '\t' && c != '\r' && c != '\n') before = c;
    }
    return {unfinished, 0};
}

void append_mended(std::string_view json, std::string& mended) {
    constexpr std::string_view digits = "0123456789abcdef";
    bool in_string = false;
    while (!json.empty()) {
        const auto c = static_cast<unsigned char>(json[0]);
        std::size_t size = std::max<std::size_t>(size_of_character(json), 1);
        if (in_string && c == '\\') size += size_of_character(json.substr(1));
        if (c >= 0x80 && size == 1)
            mended += replacement;
        else if (in_string && c < 0x20)
            (mended += "\\u00") += {digits[c >> 4], digits[c & 15]};
        else if (in_string && c == '\\' && (size == 1 || json[1] < 0x20)) // of what is no character
            mended += replacement, size = 1;
        else
            mended += json.substr(0, size);
        if (c == '"') in_string = !in_string;
        json.remove_prefix(size);
        count_steps(4);
    }
}

void append_unescaped(std::string_view spelled, std::string& text) {
    while (!spelled.empty()) {
        const auto plain = std::min(spelled.find('\\'), spelled.size());
        text += spelled.substr(0, plain);
        spelled.remove_prefix(plain);
        if (!spelled.empty()) append_escape(spelled, text);
    }
}

} // namespace active_calls
