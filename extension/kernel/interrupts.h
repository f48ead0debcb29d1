// Stops long work in the midst of it, when the user of the kernel wants it.
//
// A query may be cancelled at any time, and has to end soon after. So code that runs for long
// counts its steps, and now and then calls a function that decides whether to go on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace active_calls {

// The function is called after about so many steps, and never after many more. A step takes a few
// nanoseconds (a value decoded, a byte of text searched, two values compared), so that is well
// within a millisecond.
inline constexpr std::size_t steps_between_interrupts = std::size_t{1} << 16;

// Throws to stop the work. What was built by then is destroyed, and not used again. It is set once,
// before any work, and serves one thread, as a session of PostgreSQL is one.
inline void (*check_for_interrupts)() = [] {};

namespace detail {
inline std::size_t steps_done = 0; // since the last call
}

// Counts steps that have been done, or are about to be, at most steps_between_interrupts. It costs
// an addition and a comparison, so a loop of very short steps counts many at once.
inline void count_steps(std::size_t steps) {
    detail::steps_done += steps;
    if (detail::steps_done < steps_between_interrupts) [[likely]]
        return;
    detail::steps_done = 0;
    check_for_interrupts();
}

// Calls `visit(begin, size)` for one piece after the other of so many bytes, or whatever a step is
// made of, and counts their steps.
template<class Visit>
void in_pieces(std::size_t size, Visit&& visit) {
    for (std::size_t begin = 0; begin < size; begin += steps_between_interrupts) {
        const std::size_t piece = std::min(size - begin, steps_between_interrupts);
        count_steps(piece);
        visit(begin, piece);
    }
}

// The comparison for a sort of many elements.
struct InterruptibleLess {
    template<class Left, class Right>
    constexpr bool operator()(const Left& left, const Right& right) const {
        count_steps(1);
        return left < right;
    }
};

// The same for two texts, which may be long and begin alike.
inline bool interruptible_less(std::string_view left, std::string_view right) {
    int order = 0;
    in_pieces(std::min(left.size(), right.size()), [&](std::size_t begin, std::size_t size) {
        if (order == 0) order = left.substr(begin, size).compare(right.substr(begin, size));
    });
    return order != 0 ? order < 0 : left.size() < right.size();
}

} // namespace active_calls
