#include "call_list.h"

#include <algorithm>
#include <array>
#include <bit>
#include <sstream>
#include <tuple>

namespace active_calls {

namespace {

using InetKey = std::tuple<Address::Family, std::array<std::uint8_t, 16>, std::uint8_t>;

std::optional<InetKey> key_of(const std::optional<Inet>& inet) {
    if (!inet) return std::nullopt;
    InetKey key{inet->address.family(), {}, inet->netmask};
    std::ranges::copy(inet->address.bytes(), std::get<1>(key).begin());
    return key;
}

auto key_of(const Call& call) {
    return std::tuple(call.snapshot, call.account_id, call.src_country_id, call.dst_country_id,
                      call.src_prefix_routing, call.dst_prefix_routing, call.duration,
                      std::bit_cast<std::uint64_t>(call.customer_price));
}

std::vector<Call> in_order(std::span<const Call> calls) {
    std::vector<Call> sorted(calls.begin(), calls.end());
    std::ranges::sort(sorted,
                      [](const Call& a, const Call& b) { return std::is_lt(compare(a, b)); });
    return sorted;
}

} // namespace

void CallList::add(Call call) {
    const auto keep = [this](std::optional<std::string_view>& text) {
        if (text) text = *texts_.emplace(*text).first;
    };
    keep(call.src_prefix_routing);
    keep(call.dst_prefix_routing);
    calls_.push_back(call);
}

std::strong_ordering compare(const Call& a, const Call& b) {
    const std::strong_ordering order = key_of(a) <=> key_of(b);
    return std::is_neq(order) ? order : key_of(a.auth_orig_ip) <=> key_of(b.auth_orig_ip);
}

std::string describe(const Call& call) {
    std::ostringstream out;
    const auto put = [&](const char* name, const auto& value) {
        out << ' ' << name << ' ';
        if (value)
            out << *value;
        else
            out << "null";
    };
    const auto put_text = [&](const char* name, const std::optional<std::string_view>& text) {
        put(name, text ? std::optional(text->substr(0, 80)) : std::nullopt);
        if (text) out << " (" << text->size() << " bytes)";
    };
    out << "at " << call.snapshot.time_since_epoch().count() << " account " << call.account_id;
    put("src_country_id", call.src_country_id);
    put("dst_country_id", call.dst_country_id);
    put_text("src_prefix_routing", call.src_prefix_routing);
    put_text("dst_prefix_routing", call.dst_prefix_routing);
    out << " duration " << call.duration << " auth_orig_ip";
    if (call.auth_orig_ip) {
        for (const unsigned byte : call.auth_orig_ip->address.bytes()) out << ' ' << byte;
        out << '/' << unsigned{call.auth_orig_ip->netmask};
    } else {
        out << " null";
    }
    out << " customer_price " << call.customer_price << " (" << std::hex
        << std::bit_cast<std::uint64_t>(call.customer_price) << ')';
    return out.str();
}

std::string difference(std::span<const Call> expected, std::span<const Call> actual) {
    const std::vector<Call> left = in_order(expected);
    const std::vector<Call> right = in_order(actual);
    const auto [l, r] = std::ranges::mismatch(
        left, right, [](const Call& a, const Call& b) { return std::is_eq(compare(a, b)); });
    if (l == left.end() && r == right.end()) return {};
    if (r == right.end() || (l != left.end() && std::is_lt(compare(*l, *r))))
        return "is missing: " + describe(*l);
    return "is not among those expected: " + describe(*r);
}

} // namespace active_calls
