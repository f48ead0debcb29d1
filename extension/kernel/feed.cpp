#include "feed.h"

#include "error.h"
#include "price.h"

#include <simdjson.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <string>
#include <variant>

namespace active_calls {

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
};

namespace {

namespace dom = simdjson::dom;

// In the order of Field.
constexpr std::array<std::string_view, 16> field_names{
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
};

constexpr std::string_view name_of(Field field) {
    return field_names[static_cast<std::size_t>(field)];
}

constexpr std::optional<Field> among(std::initializer_list<Field> fields, std::string_view name) {
    for (const Field field : fields)
        if (name_of(field) == name) return field;
    return std::nullopt;
}

// Every field of a row is asked for, and most are not among ours: their length alone tells of most
// of them.
constexpr std::optional<Field> field_of(std::string_view name) {
    switch (name.size()) {
        using enum Field;
    case 8:
        return among({end_time, duration}, name);
    case 12:
        return among({connect_time, auth_orig_ip}, name);
    case 14:
        return among({src_country_id, dst_country_id, customer_price}, name);
    case 15:
        return among({customer_acc_id, destination_fee}, name);
    case 18:
        return among({snapshot_timestamp, src_prefix_routing, dst_prefix_routing}, name);
    case 21:
        return among({destination_next_rate}, name);
    case 24:
        return among({destination_initial_rate}, name);
    case 25:
        return among({destination_next_interval}, name);
    case 28:
        return among({destination_initial_interval}, name);
    default:
        return std::nullopt;
    }
}

static_assert(std::ranges::all_of(field_names,
                                  [](auto name) { return field_of(name).has_value(); }));

constexpr std::string_view blanks = " \t\r\n";

// A number or name has at most so many characters. The CHECKs of table `inbox` say the same.
constexpr std::size_t max_number_length = 1000;

// A JSON value that a field may have; text is borrowed from the parser. Absent and null are the
// same. Unsigned: only beyond what is signed.
using Value = std::variant<std::monostate, std::int64_t, std::uint64_t, double, std::string_view>;

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
    void set(Field field, Value value) { values_[static_cast<std::size_t>(field)] = value; }

    std::optional<std::int32_t> integer(Field field) const {
        const Value& value = at(field);
        if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
        std::int64_t number = 0;
        if (const auto* text = std::get_if<std::string_view>(&value)) {
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
        if (const auto* text = std::get_if<std::string_view>(&value)) {
            if (!parse(*text, number)) refuse(field, "a number");
        } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
            number = static_cast<double>(*integer);
        } else if (const auto* large = std::get_if<std::uint64_t>(&value)) {
            number = static_cast<double>(*large);
        } else {
            number = std::get<double>(value);
        }
        if (!std::isfinite(number)) refuse(field, "a finite number");
        return number;
    }

    std::optional<std::string_view> text(Field field) const {
        const Value& value = at(field);
        if (std::holds_alternative<std::monostate>(value)) return std::nullopt;
        const auto* text = std::get_if<std::string_view>(&value);
        if (!text) refuse(field, "a string");
        if (text->find('\0') != text->npos) refuse(field, "text: it holds a NUL");
        return *text;
    }

    std::optional<std::string_view> number_or_name(Field field) const {
        const auto given = text(field);
        if (given && given->size() > max_number_length && length(*given) > max_number_length)
            refuse(field, "text of at most " + std::to_string(max_number_length) + " characters");
        return given;
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

    // In characters, of UTF-8.
    static std::size_t length(std::string_view text) {
        return static_cast<std::size_t>(std::ranges::count_if(
            text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
    }

    static std::optional<Instant> parse_time(std::string_view text) {
        constexpr std::string_view form = "dddd-dd-dd dd:dd:dd";
        const auto fits = [](char c, char place) {
            return place == 'd' ? c >= '0' && c <= '9' : c == place;
        };
        if (!std::ranges::equal(text, form, fits)) return std::nullopt;

        const auto two_digits = [&](std::size_t at) {
            return 10 * (text[at] - '0') + (text[at + 1] - '0');
        };
        const std::chrono::year_month_day day{
            std::chrono::year{100 * two_digits(0) + two_digits(2)},
            std::chrono::month{static_cast<unsigned>(two_digits(5))},
            std::chrono::day{static_cast<unsigned>(two_digits(8))}};
        const int hour = two_digits(11), minute = two_digits(14), second = two_digits(17);
        // Year 0 is no year of the format, but one before our era.
        if (!day.ok() || day.year() == std::chrono::year{0} || hour > 23 || minute > 59 ||
            second > 59)
            return std::nullopt;
        return from_sys_time(std::chrono::sys_days{day} + std::chrono::hours{hour} +
                             std::chrono::minutes{minute} + std::chrono::seconds{second});
    }

    std::array<Value, field_names.size()> values_;
};

Value value_of(Field field, dom::element element) {
    const auto unfit = [&](const char* what) {
        refuse(std::string(name_of(field)).append(" must not be ").append(what));
    };
    switch (element.type()) {
    case dom::element_type::INT64:
        return element.get_int64().value_unsafe();
    case dom::element_type::UINT64:
        return element.get_uint64().value_unsafe();
    case dom::element_type::DOUBLE:
        return element.get_double().value_unsafe();
    case dom::element_type::STRING:
        return element.get_string().value_unsafe();
    case dom::element_type::NULL_VALUE:
        break;
    case dom::element_type::BOOL:
        unfit("a boolean");
        break;
    case dom::element_type::ARRAY:
        unfit("an array");
        break;
    case dom::element_type::OBJECT:
        unfit("an object");
        break;
    default: // simdjson 4 has one more type, which a parser gives only where it is told to
        unfit("an integer of more than 64 bits");
    }
    return {};
}

// What simdjson says of a number, whether it is malformed or no type holds it. Later versions have
// an error of its own for integers.
template<class ErrorCode>
bool is_about_number(ErrorCode error) {
    if constexpr (requires { ErrorCode::BIGINT_ERROR; })
        if (error == ErrorCode::BIGINT_ERROR) return true;
    return error == ErrorCode::NUMBER_ERROR;
}

// What is wrong with a text that simdjson does not take, in words that do not change with its
// version.
std::string_view reason_for(simdjson::error_code error) {
    switch (error) {
    case simdjson::UTF8_ERROR:
        return "it is not UTF-8";
    case simdjson::UNCLOSED_STRING:
        return "a string does not end";
    case simdjson::UNESCAPED_CHARS:
        return "a string has a control character that is not escaped";
    case simdjson::STRING_ERROR:
        return "a string has an escape that does not exist, or half a surrogate pair";
    case simdjson::T_ATOM_ERROR:
    case simdjson::F_ATOM_ERROR:
    case simdjson::N_ATOM_ERROR:
        return "a word is none of true, false and null";
    default:
        return is_about_number(error) ? "a number is malformed or out of range"
                                      : "a brace, bracket, quote, colon or comma is missing, or is "
                                        "one too many";
    }
}

[[noreturn]] void refuse_json(simdjson::error_code error) {
    if (error == simdjson::MEMALLOC) throw std::bad_alloc();
    if (error == simdjson::DEPTH_ERROR)
        refuse("JSON nested deeper than " + std::to_string(simdjson::DEFAULT_MAX_DEPTH));
    refuse(std::string("invalid JSON: ").append(reason_for(error)));
}

// Lines of JSON into rows. A switch posts sixty fields, 2 kB, for each call, of which sixteen are
// kept: reading JSON would be most of what ingesting takes, but for simdjson, which takes a tenth
// of the time of a parser that goes from byte to byte.
class RowReader {
public:
    // Lines are part of `text`.
    RowReader(std::string_view text, const FieldSet& fields)
        : end_(text.data() + text.size())
        , fields_(fields) {}

    // Text in `row` is borrowed until the next line is read.
    void read(std::string_view line, Row& row) {
        row.clear();
        dom::element element;
        // The parser looks further than the line goes, so it has to be copied where nothing
        // follows.
        const bool must_copy = static_cast<std::size_t>(end_ - (line.data() + line.size())) <
                               simdjson::SIMDJSON_PADDING;
        if (const auto error = parser_.parse(line.data(), line.size(), must_copy).get(element))
            refuse_json(error);
        dom::object object;
        if (element.get(object)) refuse("not a JSON object");
        for (const auto& [name, value] : object) {
            const auto field = field_of(name);
            if (field && fields_.contains(*field)) row.set(*field, value_of(*field, value));
        }
    }

private:
    const char* end_;
    const FieldSet& fields_;
    dom::parser parser_;
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
    call.src_prefix_routing = row.number_or_name(Field::src_prefix_routing);
    call.dst_prefix_routing = row.number_or_name(Field::dst_prefix_routing);
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

} // namespace

FieldSet FieldSet::all() {
    FieldSet fields;
    for (const std::string_view name : field_names) fields.insert(name);
    return fields;
}

void FieldSet::insert(std::string_view name) {
    if (const auto field = field_of(name)) bits_ |= bit_of(*field);
}

std::optional<BatchDigest> digest_of(std::string_view text, const FieldSet& fields) {
    if (text.find_first_not_of(blanks) == text.npos) return std::nullopt;
    const XXH128_hash_t hash = XXH3_128bits_withSeed(text.data(), text.size(), fields.bits());
    XXH128_canonical_t bytes;
    XXH128_canonicalFromHash(&bytes, hash);
    return std::to_array(bytes.digest);
}

FeedCounts read_feed(std::string_view text, const FieldSet& fields,
                     const std::function<void(const Call&)>& accept,
                     const std::function<void()>& before_line, std::size_t first_line) {
    FeedCounts counts;
    Row row;
    RowReader reader(text, fields);
    for (std::size_t line_number = first_line; !text.empty(); ++line_number) {
        before_line();
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.find_first_not_of(blanks) == line.npos) continue;

        try {
            reader.read(line, row);
            if (const auto call = call_of(row)) {
                accept(*call);
                ++counts.accepted;
            } else {
                ++counts.unowned;
            }
        } catch (const Error& error) {
            throw Error(ErrorKind::malformed_input,
                        "line " + std::to_string(line_number) + ": " + error.what(), error.hint());
        }
    }
    return counts;
}

} // namespace active_calls
