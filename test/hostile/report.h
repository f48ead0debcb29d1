// The table of what was seen.
#pragma once

#include "course.h"

#include <optional>
#include <string>
#include <vector>

namespace active_calls::hostile {

// Holds when the value is not above the limit.
struct Bound {
    std::string what;
    double value;
    double limit;
    const char* unit = "";
};

struct Row {
    std::string attack;
    std::string listener;
    std::optional<Course> course; // if a good client asks beside the attack
    std::vector<Bound> bounds;
    std::string note; // what else was seen
};

void print_headings();
// Returns whether all bounds hold.
bool print(const Row& row);

} // namespace active_calls::hostile
