#include "local_clock.h"

namespace active_calls {

// Clocks are set twice a year, and never by more than a day.
LocalClock::Moments LocalClock::moments_of(Instant shown) const {
    if (!offset_) return {shown, shown};
    constexpr std::chrono::hours day{24};
    Moments moments;
    for (const auto offset : {offset_(shown - day), offset_(shown + day)}) {
        const Instant moment = shown - offset;
        if (offset_(moment) != offset) continue;
        moments.first = std::min(moment, moments.first.value_or(moment));
        moments.last = std::max(moment, moments.last.value_or(moment));
    }
    return moments;
}

} // namespace active_calls
