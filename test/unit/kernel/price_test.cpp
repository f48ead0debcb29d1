// What a call costs its customer so far.
#include "price.h"

#include "error.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

namespace active_calls {
namespace {

constexpr auto longest = std::numeric_limits<std::int32_t>::max();

std::string refusal(std::int32_t duration, const Tariff& tariff) {
    try {
        interval_price(duration, tariff);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid_argument);
        return error.what();
    }
    return "none";
}

TEST(IntervalPrice, ChargesEveryBegunIntervalWhole) {
    const Tariff tariff{.fee = 0.5,
                        .initial_rate = 0.75,
                        .next_rate = 1.5,
                        .initial_interval = 60,
                        .next_interval = 30};
    EXPECT_EQ(interval_price(0, tariff), 1.25);
    EXPECT_EQ(interval_price(60, tariff), 1.25);
    EXPECT_EQ(interval_price(61, tariff), 2.0);
    EXPECT_EQ(interval_price(90, tariff), 2.0);
    EXPECT_EQ(interval_price(91, tariff), 2.75);
    EXPECT_EQ(interval_price(3600, tariff), 1.25 + 118 * 0.75);
}

TEST(IntervalPrice, MayBeginWithTheNextInterval) {
    const Tariff tariff{.fee = 0.25, .initial_rate = 100, .next_rate = 60, .next_interval = 6};
    EXPECT_EQ(interval_price(0, tariff), 0.25);
    EXPECT_EQ(interval_price(1, tariff), 6.25);
    EXPECT_EQ(interval_price(7, tariff), 12.25);
}

TEST(IntervalPrice, ChargesTheFeeAloneForATariffOfNothingElse) {
    EXPECT_EQ(interval_price(0, {}), 0);
    EXPECT_EQ(interval_price(0, {.fee = 0.5}), 0.5);
}

TEST(IntervalPrice, TakesANegativeDurationForNone) {
    EXPECT_EQ(interval_price(-longest - 1, {.fee = 1, .next_rate = 60, .next_interval = 1}), 1);
}

TEST(IntervalPrice, ReachesTheLimitsOfTheType) {
    const Tariff seconds{.next_rate = 60, .next_interval = 1};
    EXPECT_EQ(interval_price(longest, seconds), longest);
    const Tariff rounded{.next_rate = 60, .initial_interval = 1, .next_interval = longest};
    EXPECT_EQ(interval_price(longest, rounded), longest);
    const Tariff twice{.next_rate = 60, .next_interval = longest - 1};
    EXPECT_EQ(interval_price(longest, twice), 2.0 * (longest - 1));
    EXPECT_EQ(interval_price(longest, {.initial_rate = 60, .initial_interval = longest}), longest);
}

TEST(IntervalPrice, RefusesIntervalsThatAreNone) {
    EXPECT_EQ(refusal(0, {.initial_interval = -1}), "a charging interval must not be negative");
    EXPECT_EQ(refusal(0, {.next_interval = -1}), "a charging interval must not be negative");
    EXPECT_EQ(refusal(61, {.initial_interval = 60}),
              "the next charging interval must be positive for a call that has outlasted the "
              "initial one");
    EXPECT_EQ(refusal(60, {.initial_interval = 60}), "none");
}

} // namespace
} // namespace active_calls
