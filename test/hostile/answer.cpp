#include "answer.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <stdexcept>
#include <utility>

namespace active_calls::hostile {

namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view head_end = "\r\n\r\n";

bool equal_but_for_case(std::string_view text, std::string_view lower) {
    return std::ranges::equal(
        text, lower, [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
}

std::size_t number(std::string_view text) {
    std::size_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

} // namespace

std::string_view Answer::field(std::string_view name) const {
    std::string_view rest = head;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find(line_end));
        rest.remove_prefix(std::min(rest.size(), line.size() + line_end.size()));
        const auto colon = line.find(':');
        if (colon == std::string_view::npos || !equal_but_for_case(line.substr(0, colon), name))
            continue;
        const auto begin = line.find_first_not_of(' ', colon + 1);
        return begin == std::string_view::npos ? "" : line.substr(begin);
    }
    return "";
}

std::optional<Answer> AnswerReader::next(std::string_view& bytes) {
    if (!is_in_body_) {
        // The end of the head may lie across two pieces.
        const std::size_t before = answer_.head.size();
        answer_.head.append(bytes);
        const auto end = answer_.head.find(head_end, before > 3 ? before - 3 : 0);
        if (end == std::string::npos) {
            bytes = {};
            return std::nullopt;
        }
        answer_.head.resize(end + head_end.size());
        bytes.remove_prefix(answer_.head.size() - before);
        constexpr std::string_view version = "HTTP/1.1 ";
        if (!answer_.head.starts_with(version))
            throw std::runtime_error("no HTTP: " + answer_.head.substr(0, 40));
        answer_.status = static_cast<int>(number(std::string_view(answer_.head).substr(9, 3)));
        is_in_body_ = true;
        left_ = number(answer_.field("content-length"));
    }
    const std::size_t size = std::min(left_, bytes.size());
    if (keeps_bodies_) answer_.body.append(bytes.substr(0, size));
    bytes.remove_prefix(size);
    left_ -= size;
    if (left_ > 0) return std::nullopt;
    is_in_body_ = false;
    return std::exchange(answer_, {});
}

} // namespace active_calls::hostile
