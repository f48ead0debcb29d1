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

// Prints a line for each question: median and best of each entrant; under `ratio`, the median of
// the fastest of the others as a multiple of the first one's. The first is ours: its failure is an
// exception, and so is an answer that is not its answer.
void compare(std::vector<Entrant>& entrants, const std::vector<Question>& questions, int rounds,
             const std::string& ratio);

} // namespace active_calls::bench
