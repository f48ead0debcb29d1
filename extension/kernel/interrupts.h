// How long work is stopped: by whoever uses the kernel, in the midst of it.
//
// A query may be cancelled at any time, and has to end soon after. So whatever runs for long says
// how much it has done, and now and then somebody is asked whether to go on.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace active_calls {

// Asked after about so many steps, and never after many more. A step takes a few nanoseconds (a
// value decoded, a byte of text searched, two values compared): so that is well within a
// millisecond.
inline constexpr std::size_t steps_between_interrupts = std::size_t{1} << 16;

// Throws to stop the work; what was built by then is destroyed, and not used again. Set once,
// before any work. For one thread, as a session of PostgreSQL is one.
inline void (*check_for_interrupts)() = [] {};

namespace detail {
inline std::size_t steps_done = 0; // since somebody was asked
}

// Says that so many steps have been done, or are about to be, at most steps_between_interrupts. An
// addition and a comparison; a loop of very short steps says it for many at once.
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

// How a sort of many elements compares them.
struct InterruptibleLess {
    template<class Left, class Right>
    constexpr bool operator()(const Left& left, const Right& right) const {
        count_steps(1);
        return left < right;
    }
};

// The same of two texts, which may be long and begin alike.
inline bool interruptible_less(std::string_view left, std::string_view right) {
    int order = 0;
    in_pieces(std::min(left.size(), right.size()), [&](std::size_t begin, std::size_t size) {
        if (order == 0) order = left.substr(begin, size).compare(right.substr(begin, size));
    });
    return order != 0 ? order < 0 : left.size() < right.size();
}

} // namespace active_calls
