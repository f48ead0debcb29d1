// One row of the feed as it stands in the text, and the call that it tells of.
#pragma once

#include "fields.h"
#include "local_clock.h"

#include "../address.h"
#include "../call.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace active_calls {

// A value as JSON spells it; text is borrowed, and has no escapes any more. Absent and null are the
// same.
struct Value {
    enum class Kind : std::uint8_t { none, number, text, boolean, array, object };

    Kind kind = Kind::none;
    std::string_view text;
};

// Nothing is looked at before it is asked for. What asks for a value throws Error
// (malformed_input), which names the field, if that does not fit.
class Row {
public:
    void clear();
    void set(Field field, Value value);

    std::optional<std::int32_t> integer(Field field) const;
    std::optional<double> number(Field field) const;
    // A number or name of a caller or callee.
    std::optional<std::string_view> number_or_name(Field field) const;
    std::optional<Address> address(Field field) const;

    struct Time {
        Instant moment;
        // Whether the clock has shown the time twice.
        bool is_twice;
    };
    // The last moment when the clock showed the time, and if it did so twice, the last that is not
    // after `latest`.
    std::optional<Time> time(Field field, const LocalClock& clock, Instant latest) const;

    void require_once(Field field) const;
    void require_all_once() const;

private:
    const Value& at(Field field) const { return values_[static_cast<std::size_t>(field)]; }
    // The number or text of the field; null where it is absent.
    const Value* scalar(Field field) const;
    std::optional<std::string_view> text(Field field) const;

    std::array<Value, field_count> values_;
    FieldBits seen_ = 0;
    FieldBits repeated_ = 0;
};

// What reading a row has to know beside it.
struct RowRules {
    // What the times of rows are times of.
    LocalClock clock = {};
    // A snapshot after it cannot be.
    Instant latest = Instant::max();
    // Snapshots are rounded down to its multiples; 0: not at all.
    std::chrono::seconds snapshot_period{0};
};

struct RowCall {
    Call call;
    // Whether a time of it is one that the clock has shown twice.
    bool has_doubtful_time = false;
};

// Nothing for a call that no customer owns. Text of the call is borrowed from the row. Throws Error
// (malformed_input), which names the field.
std::optional<RowCall> call_of(const Row& row, const RowRules& rules);

} // namespace active_calls
