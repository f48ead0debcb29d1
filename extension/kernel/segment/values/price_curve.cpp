#include "price_curve.h"

#include "../../interrupts.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <compare>
#include <functional>
#include <numeric>
#include <tuple>

namespace active_calls {

namespace {

// The intervals by which carriers charge, in seconds.
constexpr std::array<std::int32_t, 8> initial_intervals{0, 1, 6, 10, 15, 20, 30, 60};
constexpr std::array<std::int32_t, 7> next_intervals{1, 6, 10, 15, 20, 30, 60};

// Rates and fees are decimal numbers with so many places. The price of some seconds at a rate per
// minute is a sixth of such a number.
constexpr double rate_units = 1e7;
constexpr double initial_units = 6e7;
// How far from a whole number of units still counts as one: arithmetic with doubles is not exact.
constexpr double unit_tolerance = 0.01;
constexpr double max_units = 1e15;

// The finder asks runs in rounds, and after each round only runs that follow no curve yet are left.
// So it finds first the frequent tariffs, then the rare ones.
constexpr int max_rounds = 8;
// So many runs are asked for the curves that they could follow. A few show the frequent curves, and
// more are asked if those show no new one. A curve needs min_votes to be looked at, and is then
// tried on max_tried_runs of its voters.
constexpr std::size_t few_asked_runs = 256;
constexpr std::size_t max_asked_runs = 1024;
constexpr std::size_t min_votes = 3;
constexpr std::size_t max_tried_runs = 16;
// A price that has not grown for so many seconds will not grow: no charging interval is longer.
constexpr std::int64_t longest_interval = 60;
// A curve takes about twenty bytes, which as many rows would take without it.
constexpr std::size_t min_rows_of_curve = 16;

bool same_bits(double a, double b) {
    return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

std::optional<std::int64_t> whole_units(double value, double units) {
    const double exact = value * units;
    const double nearest = std::nearbyint(exact);
    if (!(std::abs(exact - nearest) <= unit_tolerance) || !(nearest >= 0) || nearest > max_units)
        return std::nullopt;
    return static_cast<std::int64_t>(nearest);
}

// The rows of one run.
struct RunRows {
    std::span<const double> prices;
    std::span<const std::int64_t> seconds;

    bool follow(const PriceCurve& curve) const {
        std::size_t i = 0;
        while (i < prices.size() && same_bits(curve.at(seconds[i]), prices[i])) ++i;
        count_steps(i + 1);
        return i == prices.size();
    }
};

// A curve that a run may follow, in whole units.
struct Vote {
    std::int32_t initial_interval;
    std::int32_t next_interval;
    std::int64_t rate;
    std::int64_t initial;
    std::uint32_t run;

    auto curve() const { return std::tuple(rate, initial, initial_interval, next_interval); }
};

class CurveFinder {
public:
    CurveFinder(std::span<const double> prices, std::span<const std::int64_t> seconds,
                std::span<const std::uint32_t> row_counts) {
        runs_.reserve(row_counts.size());
        std::size_t row = 0;
        for (const std::uint32_t rows : row_counts) {
            runs_.push_back({prices.subspan(row, rows), seconds.subspan(row, rows)});
            row += rows;
        }
        curve_of_.assign(runs_.size(), none);
    }

    FittedCurves find() {
        curves_.push_back({}); // for calls that cost nothing, or are never connected
        assign(0);
        std::size_t asked_runs = few_asked_runs;
        for (int round = 0; round < max_rounds; ++round) {
            const std::size_t known = curves_.size();
            ask(asked_runs);
            elect();
            if (curves_.size() > known)
                assign(known);
            else if (asked_runs == max_asked_runs)
                break;
            else
                asked_runs = max_asked_runs;
        }
        drop_rare();
        std::ranges::replace(curve_of_, none, static_cast<std::uint32_t>(curves_.size()));
        return {std::move(curves_), std::move(curve_of_)};
    }

private:
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    // For each pair of intervals, two rows of a run give the rate, and so the price at the
    // beginning. Only for the right pair is this price the same for runs that have begun at
    // different seconds of a minute.
    void ask(std::size_t most) {
        votes_.clear();
        std::vector<std::uint32_t> asked;
        for (std::uint32_t run = 0; run < runs_.size(); ++run)
            if (curve_of_[run] == none) asked.push_back(run);
        const std::size_t stride = std::max<std::size_t>(1, asked.size() / most);
        // The longest runs stand last, and show most.
        for (std::size_t i = asked.size(); i > 0; i -= std::min(i, stride)) {
            const RunRows& rows = runs_[asked[i - 1]];
            const auto connected =
                std::ranges::find_if(rows.seconds, [](std::int64_t second) { return second > 0; });
            if (connected != rows.seconds.end())
                ask(asked[i - 1], static_cast<std::size_t>(connected - rows.seconds.begin()),
                    rows.seconds.size() - 1);
        }
    }

    void ask(std::uint32_t run, std::size_t first, std::size_t last) {
        const RunRows& rows = runs_[run];
        const double grown = rows.prices[last] - rows.prices[first];
        if (grown == 0 && rows.seconds[last] - rows.seconds[first] > longest_interval)
            if (const auto initial = whole_units(rows.prices[first], initial_units))
                votes_.push_back({0, 1, 0, *initial, run});
        if (!(grown > 0)) return;
        count_steps(initial_intervals.size() * next_intervals.size());
        for (const std::int32_t initial_interval : initial_intervals)
            for (const std::int32_t next_interval : next_intervals) {
                const auto charged = [&](std::size_t row) {
                    const PriceCurve seconds{0, 60, initial_interval, next_interval};
                    return seconds.at(rows.seconds[row]);
                };
                const double charged_between = charged(last) - charged(first);
                if (charged_between <= 0) continue;
                const auto rate = whole_units(grown * 60 / charged_between, rate_units);
                if (!rate) continue;
                const double next_rate = static_cast<double>(*rate) / rate_units;
                const auto initial =
                    whole_units(rows.prices[last] - charged(last) * next_rate / 60, initial_units);
                if (initial)
                    votes_.push_back({initial_interval, next_interval, *rate, *initial, run});
            }
    }

    // Takes the curves that their voters follow, those with most votes first.
    void elect() {
        // Among curves with equally many voters, those with the longer initial interval come first.
        // If both fit, that is the one with which a call costs something from its first second on.
        std::ranges::sort(
            votes_, [](const auto& a, const auto& b) { return InterruptibleLess{}(b, a); },
            [](const Vote& vote) { return std::tuple(vote.curve(), vote.run); });
        std::vector<std::span<const Vote>> candidates;
        for (auto first = votes_.begin(); first != votes_.end();) {
            const auto last = std::find_if(first, votes_.end(), [&](const Vote& vote) {
                return vote.curve() != first->curve();
            });
            if (static_cast<std::size_t>(last - first) >= min_votes)
                candidates.emplace_back(first, last);
            first = last;
        }
        std::ranges::stable_sort(candidates, std::greater{}, &std::span<const Vote>::size);
        for (const std::span<const Vote> voters : candidates) {
            if (curves_.size() == FittedCurves::max_curves) return;
            const auto tried = voters.first(std::min(voters.size(), max_tried_runs));
            const auto followers = [&](const PriceCurve& curve) {
                return static_cast<std::size_t>(std::ranges::count_if(
                    tried, [&](const Vote& vote) { return runs_[vote.run].follow(curve); }));
            };
            const std::size_t enough = (tried.size() + 1) / 2;
            if (std::ranges::any_of(
                    curves_, [&](const PriceCurve& curve) { return followers(curve) >= enough; }))
                continue;
            const PriceCurve best = std::ranges::max(curves_of(voters.front()), {}, followers);
            if (best.is_rising() && followers(best) >= enough) curves_.push_back(best);
        }
    }

    // The prices at the beginning to which arithmetic with doubles may have come, in various ways.
    static std::array<PriceCurve, 6> curves_of(const Vote& vote) {
        const double rate = static_cast<double>(vote.rate) / rate_units;
        const double nearest = static_cast<double>(vote.initial) / initial_units;
        const double by_next_rate = vote.initial_interval * rate / 60;
        const double fee = std::nearbyint((nearest - by_next_rate) * rate_units) / rate_units;
        const double initial_rate =
            vote.initial_interval == 0
                ? 0
                : std::nearbyint(nearest * 60 / vote.initial_interval * rate_units) / rate_units;
        const auto with = [&](double initial) {
            return PriceCurve{initial, rate, vote.initial_interval, vote.next_interval};
        };
        return {with(by_next_rate),
                with(fee + by_next_rate),
                with(vote.initial_interval * initial_rate / 60),
                with(nearest),
                with(std::nextafter(nearest, 0)),
                with(std::nextafter(nearest, std::numeric_limits<double>::infinity()))};
    }

    // Gives runs without a curve one of the curves from `first` on. Neighbours often go to the same
    // places, so it first tries the curve of the run before.
    void assign(std::size_t first) {
        std::vector<std::uint32_t> order(curves_.size() - first);
        std::iota(order.begin(), order.end(), static_cast<std::uint32_t>(first));
        for (std::size_t run = 0; run < runs_.size(); ++run) {
            if (curve_of_[run] != none) continue;
            const auto found = std::ranges::find_if(
                order, [&](std::uint32_t curve) { return runs_[run].follow(curves_[curve]); });
            if (found == order.end()) continue;
            curve_of_[run] = *found;
            std::rotate(order.begin(), found, found + 1);
        }
    }

    // Drops curves that few rows follow. Some of their runs may follow another one as well.
    void drop_rare() {
        std::vector<std::size_t> rows(curves_.size());
        for (std::size_t run = 0; run < runs_.size(); ++run)
            if (curve_of_[run] != none) rows[curve_of_[run]] += runs_[run].prices.size();
        std::vector<PriceCurve> kept;
        std::vector<std::uint32_t> place(curves_.size(), none);
        for (std::size_t curve = 0; curve < curves_.size(); ++curve) {
            if (rows[curve] < min_rows_of_curve) continue;
            place[curve] = static_cast<std::uint32_t>(kept.size());
            kept.push_back(curves_[curve]);
        }
        for (std::uint32_t& curve : curve_of_)
            if (curve != none) curve = place[curve];
        curves_ = std::move(kept);
        assign(0);
    }

    std::vector<RunRows> runs_;
    std::vector<Vote> votes_;
    std::vector<PriceCurve> curves_;
    std::vector<std::uint32_t> curve_of_; // for each run, or none
};

} // namespace

bool PriceCurve::is_rising() const {
    // Sums of these stay far from infinity.
    constexpr double greatest = 1e15;
    return initial >= 0 && !std::signbit(initial) && initial <= greatest && next_rate >= 0 &&
           !std::signbit(next_rate) && next_rate <= greatest && initial_interval >= 0 &&
           next_interval >= 1;
}

FittedCurves fit_curves(std::span<const double> prices, std::span<const std::int64_t> seconds,
                        std::span<const std::uint32_t> row_counts) {
    return CurveFinder(prices, seconds, row_counts).find();
}

} // namespace active_calls
