#include "series_request.h"

#include "http/query_string.h"
#include "refusal.h"

#include <algorithm>

namespace active_calls::shim {

namespace {

// How one parameter came.
struct Given {
    bool is_present = false;
    bool is_array = false;
    // The last occurrence's; empty if its percent-encoding was malformed.
    std::optional<std::string> text;
};

using AllGiven = std::array<Given, parameters.size()>;

AllGiven collect(std::string_view query) {
    AllGiven all{};
    for (auto& [name, value] : split_query(query)) {
        if (!name) continue;
        const std::string_view whole_name = *name;
        const auto bracket = whole_name.find('[');
        const bool is_array = bracket != std::string_view::npos && whole_name.back() == ']';
        const auto base_name = is_array ? whole_name.substr(0, bracket) : whole_name;
        const auto parameter = std::ranges::find(parameters, base_name, &Parameter::name);
        if (parameter == parameters.end()) continue;
        Given& given = all[static_cast<std::size_t>(parameter - parameters.begin())];
        given.is_present = true;
        given.is_array |= is_array;
        given.text = std::move(value);
    }
    return all;
}

void refuse_absent(const AllGiven& all) {
    std::string absent;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (!parameters[i].required || all[i].is_present) continue;
        absent.append(absent.empty() ? "" : ", ").append(parameters[i].name);
    }
    if (!absent.empty()) throw Refusal(400, "missing required param(s) " + absent);
}

} // namespace

SeriesRequest parse_series_request(std::string_view query) {
    const AllGiven all = collect(query);
    refuse_absent(all);
    SeriesRequest request;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
        if (!all[i].is_present) continue;
        const std::string name(parameters[i].name);
        if (all[i].is_array) throw Refusal(400, "param " + name + " can't be an array");
        if (all[i].text) request.values[i] = parameters[i].type.to_binary(*all[i].text);
        if (!request.values[i]) throw Refusal(400, "invalid value " + name);
    }
    return request;
}

} // namespace active_calls::shim
