// All contenders on the same questions, in turn.
#pragma once

#include "contender.h"
#include "question.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace active_calls::bench {

// One column of the table. A contender that cannot be had, or fails on the way, is absent from then
// on, with the reason.
struct Entrant {
    std::string name;
    std::unique_ptr<Contender> contender;
    std::string why_absent;
};

using Open = std::function<std::unique_ptr<Contender>()>;
Entrant entrant(std::string name, const Open& open);

// Prints a line for each question: median and best of each entrant, and the fastest peer's median
// as a multiple of ours. The first entrant is ours; its failure is an exception, and so is an
// answer that is not ours.
void compare(std::vector<Entrant>& entrants, const std::vector<Question>& questions, int rounds);

} // namespace active_calls::bench
