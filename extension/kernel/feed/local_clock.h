// The clock on a wall: what moments its times stand for.
#pragma once

#include "../instant.h"

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace active_calls {

class LocalClock {
public:
    // How far the clock is ahead of UTC at a moment.
    using Offset = std::function<std::chrono::seconds(Instant)>;

    // One that shows UTC.
    LocalClock() = default;
    LocalClock(std::string zone, Offset offset)
        : zone_(std::move(zone))
        , offset_(std::move(offset)) {}

    // When it shows a time, given as if it were UTC. That is once for most times, never for those
    // over which it was set forward, and twice for those through which it was set back.
    struct Moments {
        std::optional<Instant> first, last;
        bool is_twice() const { return first != last; }
    };
    Moments moments_of(Instant shown) const;

    const std::string& zone() const { return zone_; }

private:
    std::string zone_ = "UTC";
    Offset offset_;
};

} // namespace active_calls
