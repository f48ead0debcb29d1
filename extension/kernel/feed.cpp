#include "feed.h"

#include "error.h"
#include "price.h"

#include <nlohmann/json.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>
#include <variant>

namespace active_calls {

namespace {

using Json = nlohmann::json;

enum class Field : std::uint8_t {
    snapshot_timestamp,
    connect_time,
    end_time,
    customer_acc_id,
    src_country_id,
    dst_country_id,
    src_prefix_routing,
    dst_prefix_routing,
    duration,
    auth_orig_ip,
    customer_price,
    destination_fee,
    destination_initial_rate,
    destination_next_rate,
    destination_initial_interval,
    destination_next_interval,
    id,
};

// In the order of Field.
constexpr std::array<std::string_view, 17> field_names{
    "snapshot_timestamp",
    "connect_time",
    "end_time",
    "customer_acc_id",
    "src_country_id",
    "dst_country_id",
    "src_prefix_routing",
    "dst_prefix_routing",
    "duration",
    "auth_orig_ip",
    "customer_price",
    "destination_fee",
    "destination_initial_rate",
    "destination_next_rate",
    "destination_initial_interval",
    "destination_next_interval",
    "id",
};

constexpr std::string_view name_of(Field field) {
    return field_names[static_cast<std::size_t>(field)];
}

std::optional<Field> field_of(std::string_view name) {
    const auto found = std::ranges::find(field_names, name);
    if (found == field_names.end()) return std::nullopt;
    return static_cast<Field>(found - field_names.begin());
}

// A JSON value that a field may have. Absent and null are the same. Integers beyond 64 bits and
// values that no field takes (true, {}, []) never get here.
using Value = std::variant<std::monostate, std::int64_t, double, std::string>;

[[noreturn]] void refuse(std::string_view what) {
    throw Error(ErrorKind::malformed_input, std::string(what));
}

[[noreturn]] void refuse(Field field, std::string_view expected) {
    refuse(std::string(name_of(field)).append(" is not ").append(expected));
}

// The fields of one line, as they stand in it.
class Row {
public:
    void clear() { values_.fill(Value{}); }
    void set(Field field, Value value) {
        values_[static_cast<std::size_t>(field)] = std::move(value);
    }

    std::optional<std::int32_t> integer(Field field) const {
        const Value& value = at(field);
        if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
        std::int64_t number = 0;
        if (const auto* text = std::get_if<std::string>(&value)) {
            if (!parse(*text, number)) refuse(field, "a 32-bit integer");
        } else if (const auto* given = std::get_if<std::int64_t>(&value)) {
            number = *given;
        } else {
            refuse(field, "a 32-bit integer");
        }
        if (number < std::numeric_limits<std::int32_t>::min() ||
            number > std::numeric_limits<std::int32_t>::max())
            refuse(field, "a 32-bit integer");
        return static_cast<std::int32_t>(number);
    }

    std::optional<double> number(Field field) const {
        const Value& value = at(field);
        if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
        double number = 0;
        if (const auto* text = std::get_if<std::string>(&value)) {
            if (!parse(*text, number)) refuse(field, "a number");
        } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
            number = static_cast<double>(*integer);
        } else {
            number = std::get<double>(value);
        }
        if (!std::isfinite(number)) refuse(field, "a finite number");
        return number;
    }

    std::optional<std::string_view> text(Field field) const {
        const Value& value = at(field);
        if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
        const auto* text = std::get_if<std::string>(&value);
        if (!text) refuse(field, "a string");
        if (text->find('\0') != text->npos) refuse(field, "text: it holds a NUL");
        return *text;
    }

    // The text of an id, which a number has too, in `digits`.
    std::optional<std::string_view> id(std::array<char, 20>& digits) const {
        const Value& value = at(Field::id);
        if (const auto* text = std::get_if<std::string>(&value)) {
            if (text->empty()) return std::nullopt;
            return *text;
        }
        if (const auto* number = std::get_if<std::int64_t>(&value)) {
            const char* end = std::to_chars(digits.begin(), digits.end(), *number).ptr;
            return std::string_view(digits.data(), static_cast<std::size_t>(end - digits.data()));
        }
        if (!std::holds_alternative<std::monostate>(value))
            refuse(Field::id, "a 64-bit integer or a string");
        return std::nullopt;
    }

    std::optional<Address> address(Field field) const {
        const auto spelled = text(field);
        if (!spelled) return std::nullopt;
        const auto address = Address::parse(*spelled);
        if (!address) refuse(field, "an IPv4 or IPv6 address");
        return address;
    }

    std::optional<Instant> time(Field field) const {
        const auto spelled = text(field);
        if (!spelled) return std::nullopt;
        const auto time = parse_time(*spelled);
        if (!time) refuse(field, "a time of the form YYYY-MM-DD hh:mm:ss");
        return time;
    }

private:
    const Value& at(Field field) const { return values_[static_cast<std::size_t>(field)]; }

    template<class Number>
    static bool parse(std::string_view text, Number& number) {
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        return error == std::errc{} && end == text.data() + text.size();
    }

    static std::optional<Instant> parse_time(std::string_view text) {
        constexpr std::string_view form = "dddd-dd-dd dd:dd:dd";
        const auto fits = [](char c, char place) {
            return place == 'd' ? c >= '0' && c <= '9' : c == place;
        };
        if (!std::ranges::equal(text, form, fits)) return std::nullopt;

        const auto digits = [&](std::size_t at, std::size_t count) {
            int number = 0;
            parse(text.substr(at, count), number);
            return number;
        };
        const std::chrono::year_month_day day{
            std::chrono::year{digits(0, 4)},
            std::chrono::month{static_cast<unsigned>(digits(5, 2))},
            std::chrono::day{static_cast<unsigned>(digits(8, 2))}};
        const int hour = digits(11, 2), minute = digits(14, 2), second = digits(17, 2);
        // Year 0 is no year of the format, but one before our era.
        if (!day.ok() || day.year() == std::chrono::year{0} || hour > 23 || minute > 59 ||
            second > 59)
            return std::nullopt;
        return from_sys_time(std::chrono::sys_days{day} + std::chrono::hours{hour} +
                             std::chrono::minutes{minute} + std::chrono::seconds{second});
    }

    std::array<Value, field_names.size()> values_;
};

// Fills a Row from the events of one line's JSON text, without building a document of it: of some
// sixty fields that a switch sends we keep seventeen.
class RowReader final : public nlohmann::json_sax<Json> {
public:
    RowReader(Row& row, const FieldSet& fields)
        : row_(row)
        , fields_(fields) {}

    bool null() override { return value({}); }
    bool boolean(bool) override { return unfit("a boolean"); }
    bool number_integer(number_integer_t number) override { return value(number); }
    bool number_unsigned(number_unsigned_t number) override {
        if (number > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
            if (field_ == Field::id) return value(std::to_string(number)); // every digit counts
            return value(static_cast<double>(number));
        }
        return value(static_cast<std::int64_t>(number));
    }
    bool number_float(number_float_t number, const string_t&) override { return value(number); }
    bool string(string_t& text) override { return value(std::move(text)); }
    bool binary(binary_t&) override { return unfit("binary data"); }

    bool start_object(std::size_t) override {
        if (depth_ > 0) unfit("an object");
        ++depth_;
        return true;
    }
    bool end_object() override { return --depth_, true; }
    bool start_array(std::size_t) override {
        unfit("an array");
        ++depth_;
        return true;
    }
    bool end_array() override { return --depth_, true; }

    bool key(string_t& name) override {
        if (depth_ != 1) return true;
        field_ = field_of(name);
        if (field_ && !fields_.contains(static_cast<std::size_t>(*field_))) field_.reset();
        return true;
    }

    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception&) override {
        refuse("invalid JSON at byte " + std::to_string(position));
    }

private:
    bool value(Value value) {
        if (depth_ == 0) refuse("not a JSON object");
        if (depth_ == 1 && field_) row_.set(*field_, std::move(value));
        return true;
    }

    bool unfit(const char* what) {
        if (depth_ == 0) refuse("not a JSON object");
        if (depth_ == 1 && field_)
            refuse(std::string(name_of(*field_)).append(" must not be ").append(what));
        return true;
    }

    Row& row_;
    const FieldSet& fields_;
    int depth_ = 0;
    std::optional<Field> field_; // of the value that comes next at depth 1, when we keep it
};

// What the tariff of a connected call gives; 0 for a call that has none.
double price_of(const Row& row, std::int32_t duration) {
    const auto fee = row.number(Field::destination_fee);
    const auto initial_rate = row.number(Field::destination_initial_rate);
    const auto next_rate = row.number(Field::destination_next_rate);
    const auto initial_interval = row.integer(Field::destination_initial_interval);
    const auto next_interval = row.integer(Field::destination_next_interval);
    if (!fee && !initial_rate && !next_rate && !initial_interval && !next_interval) return 0;

    const double price =
        interval_price(duration, {fee.value_or(0), initial_rate.value_or(0), next_rate.value_or(0),
                                  initial_interval.value_or(0), next_interval.value_or(0)});
    if (!std::isfinite(price)) refuse("the price of the call is not a finite number");
    return price;
}

std::int32_t duration_of(const Row& row, Instant snapshot, std::optional<Instant> connected) {
    if (const auto given = row.integer(Field::duration)) return *given;
    if (!connected) return 0;
    const Instant until = row.time(Field::end_time).value_or(snapshot);
    const auto seconds = std::max<std::int64_t>(
        0, std::chrono::floor<std::chrono::seconds>(until - *connected).count());
    if (seconds > std::numeric_limits<std::int32_t>::max())
        refuse("the time since connect_time does not fit duration");
    return static_cast<std::int32_t>(seconds);
}

// Nothing for a call that no customer owns.
std::optional<Call> call_of(const Row& row) {
    Call call;
    const auto snapshot = row.time(Field::snapshot_timestamp);
    if (!snapshot) refuse("snapshot_timestamp is missing");
    call.snapshot = *snapshot;
    call.src_country_id = row.integer(Field::src_country_id);
    call.dst_country_id = row.integer(Field::dst_country_id);
    call.src_prefix_routing = row.text(Field::src_prefix_routing);
    call.dst_prefix_routing = row.text(Field::dst_prefix_routing);
    if (const auto address = row.address(Field::auth_orig_ip))
        call.auth_orig_ip = Inet::host(*address);

    const auto connected = row.time(Field::connect_time);
    call.duration = duration_of(row, *snapshot, connected);
    if (const auto given = row.number(Field::customer_price))
        call.customer_price = *given;
    else if (connected || call.duration > 0)
        call.customer_price = price_of(row, call.duration);

    const auto account_id = row.integer(Field::customer_acc_id);
    if (!account_id) return std::nullopt;
    call.account_id = *account_id;
    return call;
}

std::optional<RowKey> key_of(const Row& row, Instant snapshot) {
    std::array<char, 20> digits{}; // of a 64-bit integer, with its sign
    const auto id = row.id(digits);
    if (!id) return std::nullopt;
    const auto seed = static_cast<XXH64_hash_t>(snapshot.time_since_epoch().count());
    const XXH128_hash_t hash = XXH3_128bits_withSeed(id->data(), id->size(), seed);
    return RowKey{hash.low64, hash.high64};
}

} // namespace

void FieldSet::insert(std::string_view name) {
    static_assert(field_names.size() == decltype(bits_)().size());
    if (const auto field = field_of(name)) bits_.set(static_cast<std::size_t>(*field));
}

FeedCounts read_feed(std::string_view text, const FieldSet& fields,
                     const std::function<bool(const Call&, const std::optional<RowKey>&)>& accept,
                     const std::function<void()>& before_line) {
    FeedCounts counts;
    Row row;
    std::size_t line_number = 0;
    while (!text.empty()) {
        ++line_number;
        before_line();
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.find_first_not_of(" \t\r") == line.npos) continue;

        try {
            row.clear();
            RowReader reader(row, fields);
            Json::sax_parse(line, &reader);
            if (const auto call = call_of(row); !call)
                ++counts.unowned;
            else if (accept(*call, key_of(row, call->snapshot)))
                ++counts.accepted;
            else
                ++counts.repeated;
        } catch (const Error& error) {
            throw Error(ErrorKind::malformed_input,
                        "line " + std::to_string(line_number) + ": " + error.what(), error.hint());
        }
    }
    return counts;
}

} // namespace active_calls
