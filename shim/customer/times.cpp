#include "times.h"

#include <charconv>

namespace active_calls::shim {

namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr auto earliest = std::chrono::sys_days{std::chrono::year{0} / 1 / 1};
constexpr auto latest_exclusive = std::chrono::sys_days{std::chrono::year{10000} / 1 / 1};

std::optional<Timestamp> within_range(Timestamp time) {
    if (time < earliest || time >= latest_exclusive) return std::nullopt;
    return time;
}

// Reads fixed-width fields off the front of a text.
class Scanner {
public:
    explicit Scanner(std::string_view text)
        : rest_(text) {}

    bool at_end() const { return rest_.empty(); }

    // Takes the next character if it is one of `characters`; '\0' if it is not.
    char take_one_of(std::string_view characters) {
        if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return '\0';
        const char taken = rest_.front();
        rest_.remove_prefix(1);
        return taken;
    }

    // Takes exactly `count` decimal digits that spell at most `maximum`.
    std::optional<int> take_digits(std::size_t count, int maximum) {
        if (rest_.size() < count) return std::nullopt;
        int number = 0;
        for (const char digit : rest_.substr(0, count)) {
            if (digit < '0' || digit > '9') return std::nullopt;
            number = number * 10 + (digit - '0');
        }
        if (number > maximum) return std::nullopt;
        rest_.remove_prefix(count);
        return number;
    }

private:
    std::string_view rest_;
};

std::optional<std::chrono::sys_days> scan_date(Scanner& scanner) {
    const auto year = scanner.take_digits(4, 9999);
    if (!year || !scanner.take_one_of("-")) return std::nullopt;
    const auto month = scanner.take_digits(2, 12);
    if (!month || !scanner.take_one_of("-")) return std::nullopt;
    const auto day = scanner.take_digits(2, 31);
    if (!day) return std::nullopt;
    const auto calendar_day = std::chrono::year{*year} / *month / *day;
    if (!calendar_day.ok()) return std::nullopt;
    return std::chrono::sys_days{calendar_day};
}

// The digits after a decimal point, of which there must be one.
std::optional<microseconds> scan_fraction(Scanner& scanner) {
    microseconds fraction{0};
    microseconds unit = seconds{1};
    bool any = false;
    while (const auto digit = scanner.take_digits(1, 9)) {
        unit /= 10;
        fraction += *digit * unit;
        any = true;
    }
    return any ? std::optional(fraction) : std::nullopt;
}

std::optional<microseconds> scan_time_of_day(Scanner& scanner) {
    const auto hour = scanner.take_digits(2, 23);
    if (!hour || !scanner.take_one_of(":")) return std::nullopt;
    const auto minute = scanner.take_digits(2, 59);
    if (!minute) return std::nullopt;
    if (!scanner.take_one_of(":")) return hours{*hour} + minutes{*minute};
    const auto second = scanner.take_digits(2, 59);
    if (!second) return std::nullopt;
    const microseconds whole = hours{*hour} + minutes{*minute} + seconds{*second};
    if (!scanner.take_one_of(".")) return whole;
    const auto fraction = scan_fraction(scanner);
    if (!fraction) return std::nullopt;
    return whole + *fraction;
}

// The distance of a local time from UTC; none written is none.
std::optional<minutes> scan_offset(Scanner& scanner) {
    if (scanner.at_end() || scanner.take_one_of("Zz")) return minutes{0};
    const char sign = scanner.take_one_of("+-");
    if (!sign) return std::nullopt;
    const auto hour = scanner.take_digits(2, 23);
    if (!hour) return std::nullopt;
    minutes offset = hours{*hour};
    if (!scanner.at_end()) {
        scanner.take_one_of(":");
        const auto minute = scanner.take_digits(2, 59);
        if (!minute) return std::nullopt;
        offset += minutes{*minute};
    }
    return sign == '-' ? -offset : offset;
}

std::optional<Timestamp> parse_calendar_time(std::string_view text) {
    Scanner scanner(text);
    const auto day = scan_date(scanner);
    if (!day) return std::nullopt;
    if (scanner.at_end()) return Timestamp{*day};
    if (!scanner.take_one_of("Tt ")) return std::nullopt;
    const auto time_of_day = scan_time_of_day(scanner);
    if (!time_of_day) return std::nullopt;
    const auto offset = scan_offset(scanner);
    if (!offset || !scanner.at_end()) return std::nullopt;
    return within_range(*day + *time_of_day - *offset);
}

std::optional<Timestamp> parse_unix_seconds(std::string_view text) {
    std::int64_t count = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped_at, error] = std::from_chars(text.data(), end, count);
    if (error != std::errc{} || stopped_at != end) return std::nullopt;
    // Compared as seconds, since the microseconds of a hostile number overflow.
    const std::chrono::sys_seconds time{seconds{count}};
    if (time < earliest || time >= latest_exclusive) return std::nullopt;
    return Timestamp{time};
}

} // namespace

std::optional<Timestamp> parse_time(std::string_view text) {
    const auto unix_time = parse_unix_seconds(text);
    return unix_time ? unix_time : parse_calendar_time(text);
}

} // namespace active_calls::shim
