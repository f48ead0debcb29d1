#include "call_filter.h"

#include <algorithm>

namespace active_calls {

namespace {

constexpr char ascii_lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

} // namespace

bool contains_ignoring_ascii_case(std::string_view haystack, std::string_view needle) {
    const auto same = [](char a, char b) { return ascii_lower(a) == ascii_lower(b); };
    return needle.empty() || std::search(haystack.begin(), haystack.end(), needle.begin(),
                                         needle.end(), same) != haystack.end();
}

bool TextFilter::passes(std::optional<std::string_view> value) const {
    if (!value) return !given();
    return (!eq || *value == *eq) && (!starts_with || value->starts_with(*starts_with)) &&
           (!ends_with || value->ends_with(*ends_with)) &&
           (!contains || contains_ignoring_ascii_case(*value, *contains));
}

ColumnSet CallFilter::columns() const {
    ColumnSet columns;
    if (src_country_id.given()) columns.insert(Column::src_country_id);
    if (dst_country_id.given()) columns.insert(Column::dst_country_id);
    if (src_prefix_routing.given()) columns.insert(Column::src_prefix_routing);
    if (dst_prefix_routing.given()) columns.insert(Column::dst_prefix_routing);
    if (duration.given()) columns.insert(Column::duration);
    if (auth_orig_ip.given()) columns.insert(Column::auth_orig_ip);
    if (customer_price.given()) columns.insert(Column::customer_price);
    return columns;
}

} // namespace active_calls
