// The countries that calls come from and go to: dialling codes, popularity, tariffs.
#pragma once

#include "tariff.h"

#include <cstddef>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

namespace active_calls::feed {

struct Country {
    int number; // position in the table, from 1; destinations and dialpeers are numbered by it
    std::optional<int> id;   // what snapshots call it; none for a code that belongs to no country
    std::string_view prefix; // international dialling code, digits only
    int subscriber_digits;   // length of a number after the prefix
    double popularity;       // share of the calls that go there, relative to the other rows
    Tariff tariff;
};

// The table; its addresses stay valid for the life of the program.
[[nodiscard]] const std::vector<Country>& countries();

// Draws indexes of countries() by their popularity.
[[nodiscard]] std::discrete_distribution<std::size_t> popular_country();

} // namespace active_calls::feed
