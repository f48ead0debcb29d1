#include "price.h"

#include "error.h"

namespace active_calls {

double interval_price(std::int32_t duration, const Tariff& tariff) {
    if (tariff.initial_interval < 0 || tariff.next_interval < 0)
        throw Error(ErrorKind::invalid_argument, "a charging interval must not be negative");

    const double initial = tariff.initial_interval * tariff.initial_rate / 60;
    if (duration <= tariff.initial_interval) return tariff.fee + initial;

    if (tariff.next_interval == 0)
        throw Error(ErrorKind::invalid_argument,
                    "the next charging interval must be positive for a call that has outlasted "
                    "the initial one");
    const std::int64_t beyond = std::int64_t{duration} - tariff.initial_interval;
    const std::int64_t begun = (beyond + tariff.next_interval - 1) / tariff.next_interval;
    const double next = static_cast<double>(begun * tariff.next_interval) * tariff.next_rate / 60;
    return tariff.fee + initial + next;
}

} // namespace active_calls
