// The price of a call to its customer: the five price fields of a destination, and their sum.
#pragma once

#include <string_view>

namespace active_calls::feed {

// Money per minute (or per call), kept as the decimal text that the switch sends and as the number
// that text stands for. Throws std::invalid_argument for text that is not a number.
struct Rate {
    Rate(const char* decimal); // NOLINT: implicit, so that tables of tariffs read as tables

    std::string_view text;
    double value;
};

// Intervals in seconds: the first one is paid whole, then every begun next one.
struct Tariff {
    Rate fee;
    Rate initial_rate;
    Rate next_rate;
    int initial_interval;
    int next_interval;
};

// The price of a call that has been connected for `duration` seconds.
[[nodiscard]] double price(const Tariff& tariff, int duration);

} // namespace active_calls::feed
