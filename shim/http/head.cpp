#include "head.h"

#include "text.h"

#include <algorithm>
#include <charconv>

namespace active_calls::shim::http {

namespace {

constexpr std::string_view line_end = "\r\n";

// RFC 9110, 5.6.2.
bool is_token(std::string_view text) {
    const auto is_allowed = [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
    };
    return !text.empty() && std::ranges::all_of(text, is_allowed);
}

bool has_control_character(std::string_view text) {
    return std::ranges::any_of(text, [](char c) { return (c >= 0 && c < ' ') || c == 127; });
}

// `http://host/path?query` without the scheme and the host, which proxies may send (RFC 9112,
// 3.2.2).
std::string origin_form(std::string_view target) {
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
        const auto rest =
            target.substr(std::min(target.find_first_of("/?", scheme.size()), target.size()));
        return (rest.starts_with('/') ? "" : "/") + std::string(rest);
    }
    return std::string(target);
}

bool parse_request_line(std::string_view line, Request& request) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) return false;
    const auto method = line.substr(0, first);
    const auto target = line.substr(first + 1, last - first - 1);
    const auto version = line.substr(last + 1);
    if (!is_token(method) || (version != "HTTP/1.1" && version != "HTTP/1.0")) return false;
    if (target.empty() || target.find(' ') != std::string_view::npos ||
        has_control_character(target))
        return false;
    request.method = method;
    request.target = origin_form(target);
    request.version = version;
    return true;
}

// Refuses `Content-Length : 5`, a line that continues the one before, and a line with a bare line
// feed in it: readers differ in what they make of those.
bool parse_field(std::string_view line, Fields& fields) {
    constexpr std::string_view breaking("\r\n\0", 3);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    if (value.find_first_of(breaking) != std::string_view::npos) return false;
    const bool is_of_framing = equal_ignoring_case(name, "Content-Length") ||
                               equal_ignoring_case(name, "Transfer-Encoding");
    if (is_of_framing && value.empty()) return false;
    fields.add(std::string(name), std::string(value));
    return true;
}

bool is_option_of_connection(const Request& request, std::string_view option) {
    return std::ranges::any_of(request.fields, [&](const Field& field) {
        return equal_ignoring_case(field.name, "Connection") &&
               std::ranges::any_of(split_list(field.value, ','), [&](std::string_view given) {
                   return equal_ignoring_case(given, option);
               });
    });
}

} // namespace

std::optional<int> parse_head(std::string_view head, Request& request) {
    constexpr std::size_t max_around_target = 64; // method, version, blanks
    const auto end_of_line = head.find(line_end);
    const auto request_line = head.substr(0, end_of_line);
    if (request_line.size() > max_target_size + max_around_target) return 414;
    if (!parse_request_line(request_line, request)) return 400;
    if (request.target.size() > max_target_size) return 414;

    head.remove_prefix(end_of_line + line_end.size());
    for (;;) {
        const auto end = head.find(line_end);
        if (std::min(end, head.size()) > max_field_size || end == std::string_view::npos)
            return 431;
        if (end == 0) break;
        if (!parse_field(head.substr(0, end), request.fields)) return 400;
        head.remove_prefix(end + line_end.size());
    }
    // Two hosts, or none where there has to be one, are doubtful, too (RFC 9112, 3.2).
    const auto hosts = request.fields.count("Host");
    const bool is_clear = hosts == 1 || (hosts == 0 && request.version == "HTTP/1.0");
    return is_clear ? std::nullopt : std::optional(400);
}

Framing framing_of(const Request& request) {
    const Fields& fields = request.fields;
    Framing framing;
    framing.is_chunked = fields.has("Transfer-Encoding");
    if (framing.is_chunked) {
        framing.is_clear = request.version == "HTTP/1.1" && !fields.has("Content-Length") &&
                           fields.count("Transfer-Encoding") == 1 &&
                           equal_ignoring_case(fields.get("Transfer-Encoding"), "chunked");
    } else if (fields.has("Content-Length")) {
        const auto length = parse_digits(fields.get("Content-Length"), 10);
        framing.is_clear = fields.count("Content-Length") == 1 && length.has_value();
        framing.length = length.value_or(0);
    }
    return framing;
}

bool keeps_alive(const Request& request) {
    if (is_option_of_connection(request, "close")) return false;
    return request.version != "HTTP/1.0" || is_option_of_connection(request, "keep-alive");
}

std::optional<std::uint64_t> parse_digits(std::string_view text, int base) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped_at, error] = std::from_chars(text.data(), end, number, base);
    if (error != std::errc{} || stopped_at != end) return std::nullopt;
    return number;
}

} // namespace active_calls::shim::http
