// The rule for prices, written apart from the extension's own so that each can check the other:
// same operations, same order, same double.
#include "tariff.h"

#include <charconv>
#include <cmath>
#include <stdexcept>
#include <string>

namespace active_calls::feed {

namespace {

double parse_decimal(std::string_view text) {
    double value = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || rest != end)
        throw std::invalid_argument("not a decimal: " + std::string(text));
    return value;
}

} // namespace

Rate::Rate(const char* decimal)
    : text(decimal)
    , value(parse_decimal(decimal)) {}

double price(const Tariff& tariff, int duration) {
    const double initial =
        tariff.fee.value + tariff.initial_interval * tariff.initial_rate.value / 60;
    if (duration <= tariff.initial_interval) return initial;
    const double next_intervals =
        std::ceil(static_cast<double>(duration - tariff.initial_interval) / tariff.next_interval);
    return initial + next_intervals * tariff.next_interval * tariff.next_rate.value / 60;
}

} // namespace active_calls::feed
