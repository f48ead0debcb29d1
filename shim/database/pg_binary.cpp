#include "pg_binary.h"

namespace active_calls::shim {

namespace {

/// Of one dimension: dimensions, has NULLs, element type; size and lower bound of the dimension. An
/// empty array has no dimension. The elements follow, each with its size.
std::string array_head(std::size_t size, Oid element_type) {
    std::string bytes;
    append_big_endian(bytes, std::int32_t{size == 0 ? 0 : 1});
    append_big_endian(bytes, std::int32_t{0});
    append_big_endian(bytes, static_cast<std::int32_t>(element_type));
    if (size == 0) return bytes;
    append_big_endian(bytes, static_cast<std::int32_t>(size));
    append_big_endian(bytes, std::int32_t{1});
    return bytes;
}

} // namespace

std::string array_to_binary(const std::vector<std::int32_t>& numbers) {
    std::string bytes = array_head(numbers.size(), int4_oid);
    for (const auto number : numbers) {
        append_big_endian(bytes, std::int32_t{sizeof number});
        append_big_endian(bytes, number);
    }
    return bytes;
}

std::string array_to_binary(const std::vector<std::string>& texts) {
    std::string bytes = array_head(texts.size(), text_oid);
    for (const auto& text : texts) {
        append_big_endian(bytes, static_cast<std::int32_t>(text.size()));
        bytes += text;
    }
    return bytes;
}

} // namespace active_calls::shim
