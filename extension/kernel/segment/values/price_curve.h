// Prices as the tariffs that made them.
//
// The price of a call so far mostly follows from how long it has been connected, by a tariff: so
// much at once, and so much for each interval that has begun. A segment does not know tariffs, but
// an account has few, and its prices show them. So instead of a price for each row, a segment keeps
// for each run which curve its prices follow, bit by bit. It keeps the prices of runs that follow
// none as they are. That takes a tenth of the bytes, and turns a filter on prices into one on how
// long calls have lasted, which looks at no row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

namespace active_calls {

// interval_price() of one tariff, as a function of the seconds since the call was connected.
struct PriceCurve {
    double initial = 0;                // the fee and the initial interval
    double next_rate = 0;              // per minute
    std::int32_t initial_interval = 0; // seconds
    std::int32_t next_interval = 1;    // seconds

    // Whether at() never falls as seconds grow, and is a number.
    bool is_rising() const;
    // The price after so many seconds; 0 before the call was connected.
    double at(std::int64_t second) const {
        if (second < 0) return 0;
        if (second <= initial_interval) return initial;
        const std::int64_t begun = (second - initial_interval + next_interval - 1) / next_interval;
        return initial + static_cast<double>(begun * next_interval) * next_rate / 60;
    }

    // Returns the first second up to `last` for which `reaches(price)` holds, or `always` if it
    // holds for calls that are not connected. The curve must be rising, so that it then holds for
    // all later seconds too.
    static constexpr std::int32_t always = -1;
    template<class Reaches>
    std::optional<std::int32_t> first_second(std::int32_t last, Reaches&& reaches) const {
        if (reaches(at(-1))) return always;
        std::int64_t before = -1;
        std::int64_t reached = last;
        if (last < 0 || !reaches(at(last))) return std::nullopt;
        while (reached - before > 1) {
            const std::int64_t middle = before + (reached - before) / 2;
            (reaches(at(middle)) ? reached : before) = middle;
        }
        return static_cast<std::int32_t>(reached);
    }

    bool operator==(const PriceCurve&) const = default;
};

// The curves that the prices of runs follow.
struct FittedCurves {
    static constexpr std::size_t max_curves = 255;

    std::vector<PriceCurve> curves;      // rising
    std::vector<std::uint32_t> curve_of; // for each run; curves.size() if it follows none

    bool fits(std::size_t run) const { return curve_of[run] < curves.size(); }
};

// Finds curves that most of the runs follow exactly. `row_counts` is the number of rows of each
// run. `prices` and `seconds` (since the call was connected, below 0 before) are those of the rows,
// one run after the other. It takes about a tenth of a microsecond a row.
FittedCurves fit_curves(std::span<const double> prices, std::span<const std::int64_t> seconds,
                        std::span<const std::uint32_t> row_counts);

} // namespace active_calls
