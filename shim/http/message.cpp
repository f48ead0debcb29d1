#include "message.h"

#include "text.h"

#include <algorithm>

namespace active_calls::shim::http {

namespace {

auto is_called(std::string_view name) {
    return [name](const Field& field) { return equal_ignoring_case(field.name, name); };
}

} // namespace

void Fields::add(std::string name, std::string value) {
    fields_.push_back({std::move(name), std::move(value)});
}

void Fields::set(std::string_view name, std::string value) {
    std::erase_if(fields_, is_called(name));
    add(std::string(name), std::move(value));
}

std::size_t Fields::count(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::count_if(fields_, is_called(name)));
}

std::string_view Fields::get(std::string_view name) const {
    const auto field = std::ranges::find_if(fields_, is_called(name));
    return field == fields_.end() ? std::string_view{} : std::string_view(field->value);
}

} // namespace active_calls::shim::http
