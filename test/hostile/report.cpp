#include "report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

namespace active_calls::hostile {

namespace {

constexpr const char* layout = "{:<18}{:<10}{:>12}{:>16}{:>8}{:>14}{:>16}  {:<7} {}\n";

std::string two(const Latencies& latencies) {
    return fmt::format("{:.1f}/{:.1f}", latencies.p50, latencies.p99);
}

std::string spelled(const Bound& bound) {
    return fmt::format("{} {:.4g}{} {} {:.4g}", bound.what, bound.value, bound.unit,
                       bound.value <= bound.limit ? "<=" : "ABOVE", bound.limit);
}

} // namespace

void print_headings() {
    fmt::print("times in ms are p50/p99 of a good client, memory is the shim's in MiB\n");
    fmt::print(fmt::runtime(layout), "attack", "listener", "quiet", "attacked", "ratio",
               "2 s after", "start/peak/end", "", "bounds; what else was seen");
}

bool print(const Row& row) {
    const bool holds =
        std::ranges::all_of(row.bounds, [](const Bound& one) { return one.value <= one.limit; });
    std::string quiet, under, ratio, after, memory, rest;
    if (row.course) {
        const Course& course = *row.course;
        quiet = two(course.quiet);
        under = two(course.under);
        ratio = fmt::format("{:.1f}", course.under.p99 / course.quiet.p99);
        after = two(course.after);
        memory = fmt::format("{:.0f}/{:.0f}/{:.0f}", course.memory_before, course.memory_peak,
                             course.memory_after);
    }
    for (const Bound& bound : row.bounds) rest += (rest.empty() ? "" : ", ") + spelled(bound);
    if (!row.note.empty()) rest += "; " + row.note;
    fmt::print(fmt::runtime(layout), row.attack, row.listener, quiet, under, ratio, after, memory,
               holds ? "held" : "BROKEN", rest);
    std::fflush(stdout);
    return holds;
}

} // namespace active_calls::hostile
