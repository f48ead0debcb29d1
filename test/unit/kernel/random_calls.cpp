#include "random_calls.h"

#include "price.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace active_calls {

namespace {

using std::chrono::microseconds;

using Int = std::numeric_limits<std::int32_t>;
using Double = std::numeric_limits<double>;

std::int32_t random_integer(Choices& choices) {
    switch (choices.below(4)) {
    case 0:
        return static_cast<std::int32_t>(choices.below(8));
    case 1:
        return static_cast<std::int32_t>(choices.below(300));
    case 2:
        return choices.any_of({0, -1, 1, Int::min(), Int::max(), Int::min() + 1, 65'536});
    default:
        return static_cast<std::int32_t>(choices.below(std::uint64_t{1} << 32));
    }
}

double random_price(Choices& choices) {
    switch (choices.below(4)) {
    case 0:
        return static_cast<double>(choices.below(100)) / 100;
    case 1:
        return choices.any_of({0.0, -0.0, 1.0, -1.0, Double::infinity(), -Double::infinity(),
                               Double::denorm_min(), Double::max(), Double::lowest()});
    case 2: // NaN of either sign and several payloads
        return std::bit_cast<double>(choices.any_of<std::uint64_t>(
            {0x7FF8'0000'0000'0000, 0xFFF8'0000'0000'0000, 0x7FF8'0000'0000'0001,
             0x7FF0'0000'0000'0001, 0xFFFF'FFFF'FFFF'FFFF}));
    default:
        return std::bit_cast<double>((choices.below(std::uint64_t{1} << 32) << 32) |
                                     choices.below(std::uint64_t{1} << 32));
    }
}

// What some carriers charge, and what none does.
Tariff random_tariff(Choices& choices) {
    const auto rate = [&] { return static_cast<double>(choices.below(2'000)) / 10'000; };
    Tariff tariff;
    tariff.fee = choices.one_in(4) ? rate() : 0;
    tariff.next_rate = rate();
    tariff.initial_rate = choices.one_in(4) ? rate() : tariff.next_rate;
    tariff.initial_interval = choices.any_of({1, 60, 30, 6, 0, 17});
    tariff.next_interval = choices.any_of({1, 60, 6, 30, 13});
    return tariff;
}

std::string random_dial_string(Choices& choices, std::size_t length) {
    constexpr std::string_view symbols = "#*+,-.0123456789";
    std::string text;
    while (text.size() < length) text += symbols[choices.below(symbols.size())];
    return text;
}

std::string random_text(Choices& choices) {
    switch (choices.below(6)) {
    case 0:
        return random_dial_string(choices, choices.below(18)); // dial strings end at 16
    case 1:                                                    // of one country, close together
        return "38044" + std::to_string(choices.below(100)) + std::to_string(choices.below(10));
    case 2: // leading zeros
        return std::string(choices.below(16), '0') + std::to_string(choices.below(100));
    case 3:
        return random_dial_string(choices, 16);
    case 4:
        return choices.any_of<const char*>(
            {"", "anonymous", "Anonymous", "Alice.PBX", "sip:bob@example.com", "380 44", "1a",
             "\xD0\x9E\xD0\xBB\xD1\x8F", "Zo\xC3\xAB", "\xFF\x80", "%_", "0", "##"});
    default:
        if (choices.one_in(16)) return std::string(100'000 + choices.below(2), 'x');
        std::string text; // any bytes
        for (std::size_t left = choices.below(40); left > 0; --left)
            text += static_cast<char>(choices.below(256));
        return text;
    }
}

Inet random_inet(Choices& choices) {
    std::array<std::uint8_t, 16> bytes{};
    const auto random_byte = [&] { return static_cast<std::uint8_t>(choices.below(256)); };
    auto family = Address::Family::v6;
    switch (choices.below(4)) {
    case 0: // IPv4, close together
        family = Address::Family::v4;
        bytes = {10, 0, 0, static_cast<std::uint8_t>(choices.below(4))};
        break;
    case 1:
        family = Address::Family::v4;
        for (std::size_t i = 0; i < 4; ++i) bytes[i] = random_byte();
        break;
    case 2: // IPv4-mapped
        bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 10, 0, 0};
        bytes[15] = static_cast<std::uint8_t>(choices.below(4));
        break;
    default:
        bytes = {0x20, 0x01, 0x0D, 0xB8};
        bytes[4 + choices.below(12)] = random_byte();
        bytes[15] = random_byte();
    }
    Inet inet = Inet::host(Address(family, bytes));
    if (choices.one_in(3))
        inet.netmask = static_cast<std::uint8_t>(choices.below(inet.netmask + std::uint64_t{1}));
    return inet;
}

// Ascending, distinct.
std::vector<Instant> random_snapshots(Choices& choices) {
    constexpr std::uint64_t minute = 60'000'000;
    Instant t;
    switch (choices.below(4)) {
    case 0:
        t = Instant{microseconds{800'000'000'000'000}};
        break; // in 2025
    case 1:
        t = first_instant;
        break;
    case 2:
        t = last_instant - microseconds{choices.below(100 * minute)};
        break;
    default:
        t = Instant{microseconds{choices.below(100 * minute)} - microseconds{50 * minute}};
    }
    const std::uint64_t regularity = choices.below(6);
    const auto step = [&]() -> std::uint64_t {
        switch (regularity) {
        case 0:
            return minute;
        case 1:
            return minute * (1 + (choices.one_in(4) ? choices.below(10) : 0)); // with gaps
        case 2:
            return 300'000; // below a second
        case 3:
            return 1 + choices.below(2 * minute);
        case 4:
            return choices.any_of<std::uint64_t>({1, 1'000'000, 999'999, minute});
        default:
            return 1 + choices.below(std::uint64_t{1} << 62);
        }
    };
    std::vector<Instant> snapshots{t};
    for (std::size_t left = choices.below(choices.one_in(8) ? 200 : 12); left > 0; --left) {
        // Unsigned: the range of time is wider than a signed difference.
        const std::uint64_t room =
            static_cast<std::uint64_t>(last_instant.time_since_epoch().count()) -
            static_cast<std::uint64_t>(t.time_since_epoch().count());
        const std::uint64_t microseconds_on = step();
        if (microseconds_on > room) break;
        t += microseconds{microseconds_on};
        snapshots.push_back(t);
    }
    return snapshots;
}

template<class Make>
auto random_pool(Choices& choices, std::size_t max_size, Make&& make) {
    std::vector<std::optional<decltype(make(choices))>> pool;
    for (std::size_t left = 1 + choices.below(max_size); left > 0; --left) {
        if (choices.one_in(6))
            pool.push_back(std::nullopt);
        else
            pool.push_back(make(choices));
    }
    return pool;
}

template<class Pool>
const auto& any_of(Choices& choices, const Pool& pool) {
    return pool[choices.below(pool.size())];
}

std::int64_t second_of(Instant t) {
    return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
}

// How a call's duration goes on from snapshot to snapshot.
enum class Course { connected, not_cut_at_zero, unconnected, erratic, course_count };

std::int32_t duration_at(Choices& choices, Course course, std::int64_t connect, std::int64_t now) {
    if (course == Course::unconnected) return 0;
    if (course == Course::erratic || choices.one_in(20)) return random_integer(choices);
    const std::int64_t duration = now - connect;
    if (duration != static_cast<std::int32_t>(duration)) return random_integer(choices);
    if (course == Course::connected)
        return static_cast<std::int32_t>(std::max<std::int64_t>(0, duration));
    return static_cast<std::int32_t>(duration);
}

} // namespace

std::uint64_t BytesAsChoices::below(std::uint64_t limit) {
    std::uint64_t value = 0;
    for (std::uint64_t reach = limit - 1; reach > 0 && !bytes_.empty(); reach >>= 8) {
        value = value << 8 | bytes_.front();
        bytes_ = bytes_.subspan(1);
    }
    return value % limit;
}

CallList random_calls(Choices& choices, std::size_t rows) {
    const std::vector<Instant> snapshots = random_snapshots(choices);
    const std::size_t variety = choices.any_of({1, 3, 300});
    const auto src_countries = random_pool(choices, variety, random_integer);
    const auto dst_countries = random_pool(choices, variety, random_integer);
    const auto src_numbers = random_pool(choices, variety, random_text);
    const auto dst_numbers = random_pool(choices, variety, random_text);
    const auto addresses = random_pool(choices, variety, random_inet);
    const auto tariffs = random_pool(choices, std::min<std::size_t>(variety, 5), random_tariff);
    const bool charges = choices.one_in(2); // most calls by a tariff

    CallList list;
    while (list.size() < rows) {
        Call call;
        call.account_id = random_account_id;
        call.src_country_id = any_of(choices, src_countries);
        call.dst_country_id = any_of(choices, dst_countries);
        call.src_prefix_routing = any_of(choices, src_numbers);
        call.dst_prefix_routing = any_of(choices, dst_numbers);
        call.auth_orig_ip = any_of(choices, addresses);

        const std::size_t first = choices.below(snapshots.size());
        const std::size_t length = 1 + choices.below(snapshots.size() - first);
        const auto course =
            static_cast<Course>(choices.below(static_cast<std::size_t>(Course::course_count)));
        const bool keeps_price = choices.one_in(2);
        call.customer_price = random_price(choices);
        const std::optional<Tariff> tariff = charges ? any_of(choices, tariffs) : std::nullopt;
        const std::size_t copies = choices.one_in(16) ? 1 + choices.below(300) : 1;
        // Some time before it is first seen, at that very second, or later.
        const std::int64_t connect =
            second_of(snapshots[first]) + choices.any_of<std::int64_t>({-1, 0, 1}) *
                                              static_cast<std::int64_t>(choices.below(400));
        for (std::size_t s = first; s < first + length && list.size() < rows; ++s) {
            if (choices.one_in(16)) continue; // it is not seen for once
            call.snapshot = snapshots[s];
            call.duration = duration_at(choices, course, connect, second_of(call.snapshot));
            if (tariff)
                call.customer_price =
                    second_of(call.snapshot) < connect ? 0 : interval_price(call.duration, *tariff);
            else if (!keeps_price)
                call.customer_price = random_price(choices);
            for (std::size_t copy = 0; copy < copies; ++copy) list.add(call);
        }
    }
    return list;
}

namespace {

// The value of one of the calls, or another one.
template<class Value, class Make>
Value asked_for(Choices& choices, std::span<const Call> calls, std::optional<Value> Call::*column,
                Make&& make) {
    if (!calls.empty() && !choices.one_in(8))
        if (const std::optional<Value>& value = any_of(choices, calls).*column) return *value;
    return make(choices);
}

std::string turn_case(Choices& choices, std::string text) {
    for (char& c : text)
        if (((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) && choices.one_in(2)) c ^= 0x20;
    return text;
}

TextFilter random_text_filter(Choices& choices, std::span<const Call> calls,
                              std::optional<std::string_view> Call::*column) {
    TextFilter filter;
    std::string made;
    const std::string text(asked_for(choices, calls, column, [&](Choices&) {
        made = random_text(choices);
        return std::string_view(made);
    }));
    // Often two or three of them, of one text, so that some calls pass them all.
    for (std::size_t left = 1 + choices.below(3); left > 0; --left) {
        const std::size_t begin = choices.below(text.size() + 1);
        const std::size_t size = choices.below(text.size() - begin + 1);
        switch (choices.below(4)) {
        case 0:
            filter.starts_with = text.substr(0, begin);
            break;
        case 1:
            filter.ends_with = text.substr(begin);
            break;
        case 2:
            filter.contains = turn_case(choices, text.substr(begin, size));
            break;
        default:
            filter.eq = text;
        }
    }
    return filter;
}

template<class Number, class Make>
RangeFilter<Number> random_range_filter(Choices& choices, std::span<const Call> calls,
                                        Number Call::*column, Make&& make) {
    const auto number = [&] {
        return calls.empty() || choices.one_in(4) ? make(choices) : any_of(choices, calls).*column;
    };
    RangeFilter<Number> filter;
    const std::uint64_t kinds = 1 + choices.below(7);
    if ((kinds & 1) != 0) filter.gt = number();
    if ((kinds & 2) != 0) filter.lt = number();
    if (kinds >= 6) filter.eq = number();
    return filter;
}

} // namespace

CallFilter random_filter(Choices& choices, std::span<const Call> calls) {
    CallFilter filter;
    const auto ask = [&](Column column) {
        switch (column) {
        case Column::src_country_id:
            filter.src_country_id.eq =
                asked_for(choices, calls, &Call::src_country_id, random_integer);
            break;
        case Column::dst_country_id:
            filter.dst_country_id.eq =
                asked_for(choices, calls, &Call::dst_country_id, random_integer);
            break;
        case Column::duration:
            filter.duration = random_range_filter(choices, calls, &Call::duration, random_integer);
            break;
        case Column::customer_price:
            filter.customer_price =
                random_range_filter(choices, calls, &Call::customer_price, random_price);
            break;
        case Column::auth_orig_ip:
            filter.auth_orig_ip.eq =
                asked_for(choices, calls, &Call::auth_orig_ip, random_inet).address;
            break;
        case Column::src_prefix_routing:
            filter.src_prefix_routing =
                random_text_filter(choices, calls, &Call::src_prefix_routing);
            break;
        case Column::dst_prefix_routing:
            filter.dst_prefix_routing =
                random_text_filter(choices, calls, &Call::dst_prefix_routing);
            break;
        default: // no filter is about it
            break;
        }
    };
    // Few at a time: with many, no call passes.
    for (std::size_t left = choices.below(4); left > 0; --left)
        ask(static_cast<Column>(choices.below(column_count)));
    return filter;
}

Window random_window(Choices& choices, std::span<const Call> calls) {
    const auto instant = [&] {
        const Instant t = calls.empty() ? Instant{} : any_of(choices, calls).snapshot;
        return t + microseconds{choices.any_of({0, -1, 1})};
    };
    Window window{choices.one_in(2) ? instant() : first_instant, {}};
    if (choices.one_in(2)) window.to = instant();
    return window;
}

} // namespace active_calls
