#include "row.h"

#include "../error.h"
#include "../price.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

namespace active_calls {

namespace {

// A number or name has at most so many characters. The CHECKs of table `inbox` say the same.
constexpr std::size_t max_number_length = 1000;

// No call has been connected since before this: what says so is a clock that was never set, or a
// time that is none, which a switch writes as 1970.
constexpr Instant earliest_connect_time{}; // 2000-01-01

[[noreturn]] void refuse(const std::string& what, std::string hint = {}) {
    throw Error(ErrorKind::malformed_input, what, std::move(hint));
}

[[noreturn]] void refuse(Field field, std::string_view expected) {
    refuse(std::string(name_of(field)).append(" is not ").append(expected));
}

[[noreturn]] void refuse_kind(Field field, std::string_view kind) {
    refuse(std::string(name_of(field)).append(" must not be ").append(kind));
}

// In characters, of UTF-8.
std::size_t length(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Whether JSON has such a number. What is none (`NaN`, `.5`, `01`) may be one elsewhere.
bool is_json_number(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    const auto take_digits = [&] {
        const auto count =
            static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
        text.remove_prefix(count);
        return count;
    };
    const bool begins_with_zero = text.starts_with('0');
    const auto whole = take_digits();
    if (whole == 0 || (begins_with_zero && whole > 1)) return false;
    if (text.starts_with('.')) {
        text.remove_prefix(1);
        if (take_digits() == 0) return false;
    }
    if (text.starts_with('e') || text.starts_with('E')) {
        text.remove_prefix(1);
        if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
        if (take_digits() == 0) return false;
    }
    return text.empty();
}

template<class Number>
bool parse(const Value& value, Number& number) {
    if (value.kind == Value::Kind::number && !is_json_number(value.text)) return false;
    const char* const end = value.text.data() + value.text.size();
    const auto [stopped_at, error] = std::from_chars(value.text.data(), end, number);
    return error == std::errc{} && stopped_at == end;
}

// What the clock shows, as if it were UTC.
std::optional<Instant> parse_time(std::string_view text) {
    constexpr std::string_view form = "dddd-dd-dd dd:dd:dd";
    const auto fits = [](char c, char place) { return place == 'd' ? is_digit(c) : c == place; };
    if (!std::ranges::equal(text, form, fits)) return std::nullopt;

    const auto two_digits = [&](std::size_t at) {
        return 10 * (text[at] - '0') + (text[at + 1] - '0');
    };
    const std::chrono::year_month_day day{std::chrono::year{100 * two_digits(0) + two_digits(2)},
                                          std::chrono::month{static_cast<unsigned>(two_digits(5))},
                                          std::chrono::day{static_cast<unsigned>(two_digits(8))}};
    const int hour = two_digits(11), minute = two_digits(14), second = two_digits(17);
    // Year 0 is no year of the format, but one before our era.
    if (!day.ok() || day.year() == std::chrono::year{0} || hour > 23 || minute > 59 || second > 59)
        return std::nullopt;
    return from_sys_time(std::chrono::sys_days{day} + std::chrono::hours{hour} +
                         std::chrono::minutes{minute} + std::chrono::seconds{second});
}

// What the tariff of a connected call gives; 0 for a call that has none. Where a part of it is
// missing, the others are charged: without a further interval, every second.
double price_of(const Row& row, std::int32_t duration) {
    Tariff tariff{.fee = row.number(Field::destination_fee).value_or(0),
                  .initial_rate = row.number(Field::destination_initial_rate).value_or(0),
                  .next_rate = row.number(Field::destination_next_rate).value_or(0),
                  .initial_interval = row.integer(Field::destination_initial_interval).value_or(0),
                  .next_interval = row.integer(Field::destination_next_interval).value_or(0)};
    if (tariff.next_interval == 0) tariff.next_interval = 1;
    const double price = interval_price(duration, tariff);
    if (!std::isfinite(price)) refuse("the price of the call is not a finite number");
    return price;
}

std::int32_t seconds_between(Instant connected, Instant until) {
    const auto seconds = std::max<std::int64_t>(
        0, std::chrono::floor<std::chrono::seconds>(until - connected).count());
    if (seconds > std::numeric_limits<std::int32_t>::max())
        refuse("the time since connect_time does not fit duration");
    return static_cast<std::int32_t>(seconds);
}

Instant rounded_down(Instant snapshot, std::chrono::seconds period) {
    if (period == std::chrono::seconds{0}) return snapshot;
    const auto since_1970 = std::chrono::floor<std::chrono::seconds>(snapshot - unix_epoch);
    const auto beyond = (since_1970 % period + period) % period;
    return unix_epoch + since_1970 - beyond;
}

// Reads the times of a row, and notes whether one of them is doubtful.
class Times {
public:
    Times(const Row& row, const LocalClock& clock, bool& is_doubtful)
        : row_(row)
        , clock_(clock)
        , is_doubtful_(is_doubtful) {}

    std::optional<Instant> read(Field field, Instant latest) const {
        const auto time = row_.time(field, clock_, latest);
        if (!time) return std::nullopt;
        is_doubtful_ = is_doubtful_ || time->is_twice;
        return time->moment;
    }

private:
    const Row& row_;
    const LocalClock& clock_;
    bool& is_doubtful_;
};

} // namespace

void Row::clear() {
    values_.fill(Value{});
    seen_ = repeated_ = 0;
}

void Row::set(Field field, Value value) {
    values_[static_cast<std::size_t>(field)] = value;
    repeated_ |= seen_ & bit_of(field);
    seen_ |= bit_of(field);
}

const Value* Row::scalar(Field field) const {
    const Value& value = at(field);
    switch (value.kind) {
    case Value::Kind::none:
        return nullptr;
    case Value::Kind::number:
    case Value::Kind::text:
        return &value;
    case Value::Kind::boolean:
        refuse_kind(field, "a boolean");
    case Value::Kind::array:
        refuse_kind(field, "an array");
    case Value::Kind::object:
        refuse_kind(field, "an object");
    }
    return nullptr;
}

std::optional<std::int32_t> Row::integer(Field field) const {
    const Value* const value = scalar(field);
    if (value == nullptr) return std::nullopt;
    std::int32_t number = 0;
    if (!parse(*value, number)) refuse(field, "a 32-bit integer");
    return number;
}

std::optional<double> Row::number(Field field) const {
    const Value* const value = scalar(field);
    if (value == nullptr) return std::nullopt;
    double number = 0;
    if (!parse(*value, number)) refuse(field, "a number");
    if (!std::isfinite(number)) refuse(field, "a finite number");
    return number;
}

std::optional<std::string_view> Row::text(Field field) const {
    const Value* const value = scalar(field);
    if (value == nullptr) return std::nullopt;
    if (value->kind == Value::Kind::number) refuse(field, "a string");
    return value->text;
}

std::optional<std::string_view> Row::number_or_name(Field field) const {
    const auto given = text(field);
    if (given && given->size() > max_number_length && length(*given) > max_number_length)
        refuse(field, "text of at most " + std::to_string(max_number_length) + " characters");
    return given;
}

std::optional<Address> Row::address(Field field) const {
    const auto spelled = text(field);
    if (!spelled) return std::nullopt;
    const auto address = Address::parse(*spelled);
    if (!address) refuse(field, "an IPv4 or IPv6 address");
    return address;
}

std::optional<Row::Time> Row::time(Field field, const LocalClock& clock, Instant latest) const {
    const auto spelled = text(field);
    if (!spelled) return std::nullopt;
    const auto shown = parse_time(*spelled);
    if (!shown) refuse(field, "a time of the form YYYY-MM-DD hh:mm:ss");
    const auto moments = clock.moments_of(*shown);
    if (!moments.first)
        refuse(field, "a time that there was in " + clock.zone() +
                          ", where clocks were set forward over it");
    return Time{*moments.last <= latest ? *moments.last : *moments.first, moments.is_twice()};
}

void Row::require_once(Field field) const {
    if ((repeated_ & bit_of(field)) == 0) return;
    refuse(std::string(name_of(field)).append(" is there twice"));
}

void Row::require_all_once() const {
    if (repeated_ == 0) return;
    for (std::size_t i = 0; i < field_count; ++i) require_once(static_cast<Field>(i));
}

std::optional<RowCall> call_of(const Row& row, const RowRules& rules) {
    row.require_once(Field::customer_acc_id);
    const auto account_id = row.integer(Field::customer_acc_id);
    if (!account_id) return std::nullopt;
    row.require_all_once();

    RowCall result;
    Call& call = result.call;
    const Times times(row, rules.clock, result.has_doubtful_time);
    call.account_id = *account_id;
    call.src_country_id = row.integer(Field::src_country_id);
    call.dst_country_id = row.integer(Field::dst_country_id);
    call.src_prefix_routing = row.number_or_name(Field::src_prefix_routing);
    call.dst_prefix_routing = row.number_or_name(Field::dst_prefix_routing);
    if (const auto address = row.address(Field::auth_orig_ip))
        call.auth_orig_ip = Inet::host(*address);

    const auto snapshot = times.read(Field::snapshot_timestamp, rules.latest);
    if (!snapshot) refuse("snapshot_timestamp is missing");
    if (*snapshot > rules.latest)
        refuse("snapshot_timestamp is too far ahead of the server's clock",
               "Set the clock of the switch, its time zone, or \"active_calls.max_clock_ahead\".");
    call.snapshot = rounded_down(*snapshot, rules.snapshot_period);

    auto connected = times.read(Field::connect_time, *snapshot);
    if (connected && *connected < earliest_connect_time) connected.reset();
    if (const auto given = row.integer(Field::duration))
        call.duration = *given;
    else if (connected)
        // A call that is up ends later, whatever end_time says.
        call.duration = seconds_between(
            *connected,
            std::min(*snapshot, times.read(Field::end_time, *snapshot).value_or(*snapshot)));

    if (const auto given = row.number(Field::customer_price))
        call.customer_price = *given;
    else if (connected || call.duration > 0)
        call.customer_price = price_of(row, call.duration);
    return result;
}

} // namespace active_calls
