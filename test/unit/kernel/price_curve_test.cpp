#include "segment/values/price_curve.h"

#include "segment_check.h"

#include "price.h"

#include <gtest/gtest.h>

#include <array>
#include <random>

using namespace active_calls;

namespace {

// Tariffs as carriers have them.
constexpr std::array<Tariff, 8> tariffs{{
    {0, 0.09, 0.09, 60, 60},
    {0, 0.012, 0.012, 6, 6},
    {0, 0.024, 0.02, 30, 6},
    {0, 0.031, 0.031, 1, 1},
    {0, 0.0155, 0.0155, 60, 1},
    {0.05, 0.21, 0.2, 60, 60},
    {0.1, 0.48, 0.48, 30, 6},
    {0.25, 0, 0, 0, 1}, // by the call
}};

// Runs of calls that each tariff charges in turn, snapshot after snapshot.
struct Charged {
    std::vector<double> prices;
    std::vector<std::int64_t> seconds;
    std::vector<std::uint32_t> row_counts;

    FittedCurves fit() const { return fit_curves(prices, seconds, row_counts); }
    // The prices that the fitted curves give, row by row, are those of the rows.
    void expect_exact(const FittedCurves& fitted) const {
        const auto bits = [](double price) { return std::bit_cast<std::uint64_t>(price); };
        for (std::size_t run = 0, row = 0; run < row_counts.size(); row += row_counts[run++])
            for (std::size_t i = row; fitted.fits(run) && i < row + row_counts[run]; ++i) {
                const PriceCurve& curve = fitted.curves[fitted.curve_of[run]];
                ASSERT_EQ(bits(curve.at(seconds[i])), bits(prices[i]));
            }
    }
    std::size_t fitting_runs(const FittedCurves& fitted) const {
        std::size_t runs = 0;
        for (std::size_t run = 0; run < row_counts.size(); ++run) runs += fitted.fits(run) ? 1 : 0;
        return runs;
    }
};

Charged charged(std::span<const Tariff> by, std::size_t runs, std::int64_t between_snapshots) {
    std::mt19937 random(1);
    Charged calls;
    for (std::size_t run = 0; run < runs; ++run) {
        const Tariff& tariff = by[run % by.size()];
        const std::uint32_t rows = 1 + random() % 8;
        std::int64_t second = static_cast<std::int64_t>(random() % 60) - 20;
        for (std::uint32_t row = 0; row < rows; ++row, second += between_snapshots) {
            calls.seconds.push_back(second);
            calls.prices.push_back(
                second < 0 ? 0 : interval_price(static_cast<std::int32_t>(second), tariff));
        }
        calls.row_counts.push_back(rows);
    }
    return calls;
}

} // namespace

TEST(PriceCurve, IsThePriceOfATariff) {
    for (const Tariff& tariff : tariffs) {
        const PriceCurve curve{tariff.fee + tariff.initial_interval * tariff.initial_rate / 60,
                               tariff.next_rate, tariff.initial_interval, tariff.next_interval};
        EXPECT_TRUE(curve.is_rising());
        for (std::int32_t second = 0; second < 10'000; ++second)
            ASSERT_EQ(curve.at(second), interval_price(second, tariff));
        EXPECT_EQ(curve.at(-1), 0);
    }
}

TEST(PriceCurve, FindsTheFirstSecondOfAPrice) {
    const PriceCurve curve{0.25, 0.6, 30, 6};
    const auto first_above = [&](double limit) {
        return curve.first_second(10'000, [&](double price) { return price > limit; });
    };
    EXPECT_EQ(first_above(-1), PriceCurve::always);
    EXPECT_EQ(first_above(0), 0);
    EXPECT_EQ(first_above(0.25), 31);
    EXPECT_EQ(first_above(1e9), std::nullopt);
    for (const double limit : {0.25, 0.3, 0.5, 1.0, 7.77}) {
        std::int32_t second = 0;
        while (!(curve.at(second) > limit)) ++second;
        EXPECT_EQ(first_above(limit), second);
        const auto reaches = [&](double price) { return price > limit; };
        EXPECT_EQ(curve.first_second(second, reaches), second);
        EXPECT_EQ(curve.first_second(second - 1, reaches), std::nullopt);
    }
    EXPECT_EQ(curve.first_second(-1, [](double price) { return price > 0; }), std::nullopt);
}

TEST(PriceCurve, IsNoneWhenItFallsOrIsNoNumber) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    constexpr double infinity = std::numeric_limits<double>::infinity();
    EXPECT_TRUE((PriceCurve{0, 0, 0, 1}.is_rising()));
    EXPECT_FALSE((PriceCurve{-0.0, 0, 0, 1}.is_rising()));
    EXPECT_FALSE((PriceCurve{-1, 0, 0, 1}.is_rising()));
    EXPECT_FALSE((PriceCurve{nan, 0, 0, 1}.is_rising()));
    EXPECT_FALSE((PriceCurve{infinity, 0, 0, 1}.is_rising()));
    EXPECT_FALSE((PriceCurve{0, -1, 0, 1}.is_rising()));
    EXPECT_FALSE((PriceCurve{0, nan, 0, 1}.is_rising()));
    EXPECT_FALSE((PriceCurve{0, 0, -1, 1}.is_rising()));
    EXPECT_FALSE((PriceCurve{0, 0, 0, 0}.is_rising()));
}

TEST(FitCurves, FindsEachTariff) {
    for (const Tariff& tariff : tariffs) {
        const Charged calls = charged(std::span(&tariff, 1), 200, 60);
        const FittedCurves fitted = calls.fit();
        calls.expect_exact(fitted);
        EXPECT_EQ(calls.fitting_runs(fitted), 200U) << tariff.fee << ' ' << tariff.next_rate;
        EXPECT_LE(fitted.curves.size(), 2U); // and that of calls that cost nothing yet
    }
}

TEST(FitCurves, TellsTariffsApart) {
    for (const std::int64_t between_snapshots : {60, 37}) {
        const Charged calls = charged(tariffs, 4'000, between_snapshots);
        const FittedCurves fitted = calls.fit();
        calls.expect_exact(fitted);
        EXPECT_EQ(calls.fitting_runs(fitted), 4'000U);
        EXPECT_LE(fitted.curves.size(), tariffs.size() + 1);
    }
}

TEST(FitCurves, LeavesOutWhatFollowsNone) {
    Charged calls = charged(tariffs, 1'000, 60);
    std::size_t row = 0;
    for (std::size_t run = 0; run < 1'000; row += calls.row_counts[run++])
        if (run % 10 == 0) calls.prices[row] += 0.123456789;
    const FittedCurves fitted = calls.fit();
    calls.expect_exact(fitted);
    EXPECT_EQ(calls.fitting_runs(fitted), 900U);
    for (std::size_t run = 0; run < 1'000; run += 10) EXPECT_FALSE(fitted.fits(run));
}

TEST(FitCurves, KeepsEachBitOfAPrice) {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    for (const double price : {-0.0, nan, -nan, std::numeric_limits<double>::infinity(), -1.0}) {
        Charged calls;
        for (int run = 0; run < 50; ++run) {
            calls.prices.push_back(price);
            calls.seconds.push_back(run);
            calls.row_counts.push_back(1);
        }
        EXPECT_EQ(calls.fitting_runs(calls.fit()), 0U) << price;
    }
}

TEST(FitCurves, DropsCurvesOfFewRows) {
    Charged calls = charged(std::span(tariffs).first(1), 3, 60);
    while (calls.prices.size() >= 16) {
        calls.prices.pop_back();
        calls.seconds.pop_back();
        --calls.row_counts.back();
    }
    EXPECT_EQ(calls.fit().curves.size(), 0U);
}

namespace {

// Calls of a segment, charged by tariffs, but for one in `listed_every`.
CallList charged_calls(std::size_t listed_every) {
    std::mt19937 random(2);
    CallList list;
    for (int i = 0; i < 3'000; ++i) {
        const Tariff& tariff = tariffs[random() % tariffs.size()];
        Call call;
        call.account_id = random_account_id;
        call.dst_country_id = static_cast<std::int32_t>(random() % 5);
        const auto connect = static_cast<std::int64_t>(random() % 30'000);
        const bool is_listed = random() % listed_every == 0;
        for (std::int64_t s = connect / 60, rows = random() % 12; rows >= 0; --rows, ++s) {
            call.snapshot = Instant{std::chrono::minutes{s}};
            const std::int64_t second = s * 60 - connect;
            call.duration = static_cast<std::int32_t>(std::max<std::int64_t>(second, 0));
            call.customer_price = is_listed    ? static_cast<double>(random() % 1'000) / 7
                                  : second < 0 ? 0
                                               : interval_price(call.duration, tariff);
            list.add(call);
        }
    }
    return list;
}

void expect_same_answers(StoredSegment& stored, const CallList& list) {
    EXPECT_EQ(difference(list.calls(), decoded(stored).calls()), "");
    RandomChoices choices(3);
    for (int i = 0; i < 300; ++i) {
        const Window window = random_window(choices, list.calls());
        CallFilter filter;
        if (i % 3 == 0) filter = random_filter(choices, list.calls());
        const auto price = [&] { return list.calls()[choices.below(list.size())].customer_price; };
        if (i % 2 == 0) filter.customer_price.gt = price() * (i % 4 == 0 ? 1 : 0.999);
        if (i % 5 == 0) filter.customer_price.lt = price();
        if (i % 7 == 0) filter.customer_price.eq = price();
        ASSERT_EQ(
            difference(counted(list.calls(), window, filter), counted(stored, window, filter)), "")
            << describe(window, filter);
    }
}

} // namespace

TEST(SegmentPrices, OfTariffsTakeLittleRoom) {
    const CallList list = charged_calls(1'000'000);
    StoredSegment stored = encoded(list.calls());
    expect_same_answers(stored, list);
    // Less than two bytes a run, where a code of each row would be two bytes a row.
    EXPECT_LT(stored.vector(vector_of(Column::customer_price)).size(),
              2 * stored.segment().run_count);
}

TEST(SegmentPrices, FollowTariffsOrAreListed) {
    for (const std::size_t listed_every : {2, 20, 700}) {
        const CallList list = charged_calls(listed_every);
        StoredSegment stored = encoded(list.calls());
        expect_same_answers(stored, list);
    }
}
