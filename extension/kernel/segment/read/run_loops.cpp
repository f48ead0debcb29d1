#include "run_loops.h"

#include <algorithm>

// Which of the clones a call goes to is decided when the library is loaded, by what only glibc has.
// Compiled with -O3: at -O2, GCC 12 makes few loops into steps of eight.
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__has_attribute)
#if __has_attribute(target_clones) && !defined(__clang__)
#define ACTIVE_CALLS_CLONED [[gnu::target_clones("avx2", "default")]]
#endif
#endif
#ifndef ACTIVE_CALLS_CLONED
#define ACTIVE_CALLS_CLONED
#endif

namespace active_calls {

ACTIVE_CALLS_CLONED
bool locate_runs(const RunLimits& limits, std::size_t size, const std::uint32_t* __restrict first,
                 const std::uint32_t* __restrict row_count, std::uint32_t* __restrict begin,
                 std::uint32_t* __restrict end) {
    const RunLimits l = limits;
    std::uint32_t outside = 0;
    for (std::size_t i = 0; i < size; ++i) {
        // As unsigned numbers, what is too small is too large as well.
        outside |= first[i] - l.block_begin >= l.block_end - l.block_begin ? 1U : 0U;
        outside |= row_count[i] - 1 >= l.block_end - first[i] ? 1U : 0U;
        begin[i] = std::max(first[i], l.range_begin);
        end[i] = std::min(first[i] + row_count[i], l.range_end);
    }
    return outside == 0;
}

ACTIVE_CALLS_CLONED
void slots_reaching(const SlotScale& scale, std::size_t size,
                    const std::int32_t* __restrict duration, const std::uint32_t* __restrict first,
                    const std::int32_t* __restrict seconds,
                    const std::int32_t* __restrict first_duration, std::uint32_t* __restrict slot) {
    const SlotScale s = scale;
    const auto slot_seconds = static_cast<float>(s.slot_seconds);
    for (std::size_t i = 0; i < size; ++i) {
        const std::int32_t reached = seconds[first[i]] - first_duration[i] + duration[i];
        const std::int32_t within = std::min(std::max(reached, 0), s.span + 1);
        slot[i] = static_cast<std::uint32_t>(static_cast<std::int32_t>(
            static_cast<float>(within + s.slot_seconds - 1) / slot_seconds));
    }
}

ACTIVE_CALLS_CLONED
void raise(std::size_t size, const std::uint32_t* __restrict snapshot,
           std::uint32_t* __restrict begin) {
    for (std::size_t i = 0; i < size; ++i) begin[i] = std::max(begin[i], snapshot[i]);
}

ACTIVE_CALLS_CLONED
void lower(std::size_t size, const std::uint32_t* __restrict snapshot,
           std::uint32_t* __restrict end) {
    for (std::size_t i = 0; i < size; ++i) end[i] = std::min(end[i], snapshot[i]);
}

ACTIVE_CALLS_CLONED
std::uint64_t sum_of(std::size_t size, const std::uint32_t* values) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < size; ++i) sum += values[i];
    return sum;
}

} // namespace active_calls
