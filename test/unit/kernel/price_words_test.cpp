#include "segment/values/price_words.h"

#include "price.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

using namespace active_calls;

namespace {

using Limits = std::numeric_limits<double>;

std::uint64_t bits(double value) { return std::bit_cast<std::uint64_t>(value); }

// Every price comes back bit by bit, through stored words, and words are in the order of prices.
void expect_back(std::vector<double> prices) {
    ByteWriter writer(std::pmr::get_default_resource());
    const PriceWords fitted = PriceWords::fit(prices);
    fitted.write(writer);
    ByteReader reader(writer.written());
    const PriceWords read = PriceWords::read(reader);
    for (const double price : prices)
        EXPECT_EQ(bits(read.price_of(fitted.word_of(price))), bits(price)) << price;
    std::erase_if(prices, [](double price) { return std::isnan(price); });
    std::ranges::sort(prices);
    const auto [first_equal, last] = std::ranges::unique(prices);
    prices.erase(first_equal, last);
    for (std::size_t i = 1; i < prices.size(); ++i)
        EXPECT_LT(fitted.word_of(prices[i - 1]), fitted.word_of(prices[i]));
}

// The bits that a sorted list of them would need for a word: about the range they lie in.
int range_of(const std::vector<double>& prices) {
    const PriceWords words = PriceWords::fit(prices);
    std::uint64_t least = ~std::uint64_t{0};
    std::uint64_t greatest = 0;
    for (const double price : prices) {
        least = std::min(least, words.word_of(price));
        greatest = std::max(greatest, words.word_of(price));
    }
    return std::bit_width(greatest - least);
}

TEST(PriceWords, GiveBackEveryDouble) {
    expect_back({});
    expect_back({0.0, -0.0});
    expect_back({0.0, -0.0, 0.1, -0.1});
    expect_back({1e300, 0.1});
    expect_back({Limits::infinity(), -Limits::infinity(), Limits::max(), Limits::lowest(),
                 Limits::denorm_min(), -Limits::denorm_min(), 0.0, -0.0});
    expect_back({Limits::quiet_NaN(), -Limits::quiet_NaN(), Limits::signaling_NaN(), 1.0,
                 std::bit_cast<double>(0x7FF0'0000'0000'1234), std::bit_cast<double>(~0ULL)});
    std::mt19937_64 random(1);
    std::vector<double> anything;
    while (anything.size() < 1000) anything.push_back(std::bit_cast<double>(random()));
    expect_back(anything);
}

TEST(PriceWords, AreSmallForWhatTariffsMake) {
    std::mt19937 random(2);
    std::vector<double> prices;
    for (int tariff = 0; tariff < 50; ++tariff) {
        const double rate = random() % 10'000 / 1e4;
        for (int duration = 1; duration < 3000; duration += 7)
            prices.push_back(
                interval_price(duration, {random() % 100 / 1e3, rate, rate / 2, 30, 6}));
    }
    expect_back(prices);
    EXPECT_LT(range_of(prices), 32);
    EXPECT_LT(range_of({0.1, 0.2, 0.1 + 0.2}), 8);
    EXPECT_LT(range_of({1.0 / 3, 2.0 / 3}), 8);
    EXPECT_GT(range_of({0.1, 3.14159265358979}), 50);
}

} // namespace
