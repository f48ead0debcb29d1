#include "price_words.h"

#include "../../interrupts.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace active_calls {

namespace {

// Multiples in 1, the coarsest first.
constexpr auto ways = [] {
    constexpr std::size_t digits = 10;
    std::array<double, 2 * digits> multiples{};
    double power = 1;
    for (std::size_t i = 0; i < digits; ++i, power *= 10) {
        multiples[2 * i] = power;
        multiples[2 * i + 1] = 6 * power;
    }
    return multiples;
}();

// Units in the last place on either side, and the bits that hold them.
constexpr std::int64_t max_beside = 7;
constexpr unsigned beside_bits = 4;
// A bound that keeps words, and computations with them, small.
constexpr double max_multiple = std::int64_t{1} << 44;
constexpr std::int64_t bias = std::int64_t{1} << 45; // makes multiples positive

// Turns the bits of a double into a number in the order of doubles: all bits of negative ones flip.
constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;
std::uint64_t ordered_bits(double value) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    return (bits & sign_bit) != 0 ? ~bits : bits | sign_bit;
}
double from_ordered_bits(std::uint64_t bits) {
    return std::bit_cast<double>((bits & sign_bit) != 0 ? bits & ~sign_bit : ~bits);
}

} // namespace

PriceWords::PriceWords(std::size_t way)
    : way_(way)
    , multiples_(way == 0 ? 0 : ways[way - 1]) {}

PriceWords PriceWords::fit(std::span<const double> prices) {
    for (std::size_t way = 1; way <= ways.size(); ++way) {
        const PriceWords words(way);
        if (std::ranges::all_of(prices,
                                [&](double price) { return words.find_word(price).has_value(); }))
            return words;
    }
    return {};
}

PriceWords PriceWords::read(ByteReader& reader) { return PriceWords(reader.count(ways.size())); }

void PriceWords::write(ByteWriter& writer) const { writer.varint(way_); }

std::optional<std::uint64_t> PriceWords::find_word(double price) const {
    count_steps(1);
    if (way_ == 0) return ordered_bits(price);
    const double nearest = std::nearbyint(price * multiples_);
    if (!(std::abs(nearest) < max_multiple)) return std::nullopt; // NaN is not either
    const auto multiple = static_cast<std::int64_t>(nearest);     // which knows no -0
    const auto beside = static_cast<std::int64_t>(
        ordered_bits(price) - ordered_bits(static_cast<double>(multiple) / multiples_));
    if (beside < -max_beside || beside > max_beside) return std::nullopt;
    return (static_cast<std::uint64_t>(multiple + bias) << beside_bits) |
           static_cast<std::uint64_t>(beside + max_beside);
}

double PriceWords::price_of(std::uint64_t word) const {
    if (way_ == 0) return from_ordered_bits(word);
    const auto multiple = static_cast<std::int64_t>(word >> beside_bits) - bias;
    const std::uint64_t beside = (word & ((1U << beside_bits) - 1)) - max_beside;
    return from_ordered_bits(ordered_bits(static_cast<double>(multiple) / multiples_) + beside);
}

} // namespace active_calls
