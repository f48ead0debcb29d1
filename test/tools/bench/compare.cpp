#include "compare.h"

#include "timing.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <limits>
#include <optional>
#include <stdexcept>
#include <utility>

namespace active_calls::bench {

namespace {

// Before the first that is timed. PostgreSQL settles on a plan at its sixth.
constexpr int warm_up_askings = 6;

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

// Whether `action` succeeded; an entrant that failed is absent.
template<typename Action>
bool attempt(Entrant& entrant, const Action& action) {
    if (!entrant.contender) return false;
    try {
        action();
        return true;
    } catch (const std::exception& error) {
        entrant.contender.reset();
        entrant.why_absent = first_line(error.what());
        return false;
    }
}

std::string first_difference(const Series& theirs, const Series& ours) {
    const auto text = [](const Series& series, Series::const_iterator point) {
        return point == series.end() ? "nothing"
                                     : fmt::format("{} calls at {}", point->calls, point->t);
    };
    const auto [their_point, our_point] = std::ranges::mismatch(theirs, ours);
    return fmt::format("{}, not {}", text(theirs, their_point), text(ours, our_point));
}

void print_line(const Question& question, const std::vector<std::optional<Timing>>& timings) {
    fmt::print("{:<27}", question.name);
    double fastest_median = std::numeric_limits<double>::infinity();
    double fastest_best = fastest_median;
    for (std::size_t i = 0; i < timings.size(); ++i) {
        if (!timings[i]) {
            fmt::print("{:>18}", "absent");
            continue;
        }
        fmt::print("{:>10.2f}{:>8.2f}", timings[i]->median(), timings[i]->best());
        if (i == 0) continue;
        fastest_median = std::min(fastest_median, timings[i]->median());
        fastest_best = std::min(fastest_best, timings[i]->best());
    }
    const Timing& ours = *timings.front();
    fmt::print("{:>15.2f}{:>8.2f}\n", fastest_median / ours.median(), fastest_best / ours.best());
    std::fflush(stdout);
}

} // namespace

Entrant entrant(std::string name, const Open& open) {
    Entrant result{std::move(name), nullptr, ""};
    try {
        result.contender = open();
    } catch (const std::exception& error) {
        result.why_absent = first_line(error.what());
    }
    return result;
}

void compare(std::vector<Entrant>& entrants, const std::vector<Question>& questions, int rounds,
             const std::string& ratio) {
    const auto require_ours = [&] {
        if (!entrants.front().contender)
            throw std::runtime_error(entrants.front().name + ": " + entrants.front().why_absent);
    };
    fmt::print("{:<27}", "filter");
    for (const Entrant& entrant : entrants) fmt::print("{:>18}", entrant.name);
    fmt::print("{:>15}\n", ratio);
    std::fflush(stdout);

    for (const Question& question : questions) {
        Series ours;
        for (Entrant& entrant : entrants) {
            Series series;
            const bool answered = attempt(entrant, [&] {
                entrant.contender->prepare(question);
                series = entrant.contender->ask().series;
            });
            require_ours();
            if (&entrant == &entrants.front()) ours = series;
            for (int i = 0; answered && i < warm_up_askings; ++i)
                attempt(entrant, [&] { entrant.contender->ask(); });
            if (answered && series != ours)
                throw std::runtime_error(fmt::format(
                    "{} answers '{}' of account {} differently: {}", entrant.name, question.name,
                    question.account.id, first_difference(series, ours)));
        }

        std::vector<std::optional<Timing>> timings(entrants.size());
        for (int round = 0; round < rounds; ++round) {
            for (std::size_t turn = 0; turn < entrants.size(); ++turn) {
                // Another contender begins each round, so that none always follows the same one.
                const std::size_t i = (turn + static_cast<std::size_t>(round)) % entrants.size();
                const bool answered = attempt(entrants[i], [&] {
                    if (!timings[i]) timings[i].emplace();
                    timings[i]->add(warm_time(*entrants[i].contender));
                });
                if (!answered) timings[i].reset();
            }
            require_ours();
        }
        print_line(question, timings);
    }
}

} // namespace active_calls::bench
