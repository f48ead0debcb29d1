#include "series_arguments.h"

#include "boundary.h"
#include "latest_snapshot.h"
#include "value.h"

#include "../kernel/peaks.h"

#include <string>

namespace active_calls::postgres {

namespace {

// Reads one argument after the other.
class ArgumentReader {
public:
    ArgumentReader(FunctionCallInfo fcinfo, int first)
        : fcinfo_(fcinfo)
        , next_(first) {}

    NullableDatum next() { return argument(fcinfo_, next_++); }

    std::optional<Instant> time(const char* name) {
        const NullableDatum given = next();
        if (given.isnull) return std::nullopt;
        const TimestampTz t = DatumGetTimestampTz(given.value);
        if (TIMESTAMP_NOT_FINITE(t))
            throw Error(ErrorKind::invalid_argument, std::string(name) + " must be finite");
        return to_instant(t);
    }

    std::optional<std::int32_t> integer() {
        const NullableDatum given = next();
        if (given.isnull) return std::nullopt;
        return DatumGetInt32(given.value);
    }

    std::optional<double> number() {
        const NullableDatum given = next();
        if (given.isnull) return std::nullopt;
        return DatumGetFloat8(given.value);
    }

    std::optional<std::string> string() {
        const NullableDatum given = next();
        if (given.isnull) return std::nullopt;
        return std::string(to_string_view(guarded([&] { return DatumGetTextPP(given.value); })));
    }

    std::optional<Address> address(const char* name) {
        const NullableDatum given = next();
        if (given.isnull) return std::nullopt;
        const inet* address = guarded([&] { return DatumGetInetPP(given.value); });
        if (has_netmask(address))
            throw Error(ErrorKind::invalid_argument, std::string(name) + " must be one address",
                        "Give it without a netmask.");
        return to_address(address);
    }

    // Negative for a length of time that is not fixed, or does not fit.
    std::chrono::microseconds length(const char* name) {
        const NullableDatum given = next();
        if (given.isnull)
            throw Error(ErrorKind::missing_argument, std::string(name) + " must not be null");
        const Interval& interval = *DatumGetIntervalP(given.value);
        std::int64_t length = 0;
        // A month has no fixed length.
        if (interval.month != 0 ||
            __builtin_mul_overflow(std::int64_t{interval.day}, USECS_PER_DAY, &length) ||
            __builtin_add_overflow(length, interval.time, &length))
            length = -1;
        return std::chrono::microseconds{length};
    }

private:
    FunctionCallInfo fcinfo_;
    int next_;
};

void read_account_and_window(ArgumentReader& arguments, Question& question) {
    question.account_uuid = arguments.next();

    const auto from = arguments.time("from_time");
    if (!from) throw Error(ErrorKind::missing_argument, "from_time must not be null");
    question.window.from = *from;
    question.window.to = arguments.time("to_time");
    // What has no end ends where the clock does.
    if (!question.window.to)
        question.window.to = latest_snapshot(to_instant(GetCurrentTransactionStartTimestamp()));
}

void read_filter_and_step(ArgumentReader& arguments, Question& question) {
    CallFilter& filter = question.filter;
    filter.src_country_id.eq = arguments.integer();
    filter.dst_country_id.eq = arguments.integer();
    filter.src_prefix_routing.eq = arguments.string();
    filter.src_prefix_routing.starts_with = arguments.string();
    filter.src_prefix_routing.ends_with = arguments.string();
    filter.src_prefix_routing.contains = arguments.string();
    filter.dst_prefix_routing.eq = arguments.string();
    filter.dst_prefix_routing.starts_with = arguments.string();
    filter.dst_prefix_routing.ends_with = arguments.string();
    filter.dst_prefix_routing.contains = arguments.string();
    filter.duration.eq = arguments.integer();
    filter.duration.gt = arguments.integer();
    filter.duration.lt = arguments.integer();
    filter.auth_orig_ip.eq = arguments.address("auth_orig_ip");
    filter.customer_price.eq = arguments.number();
    filter.customer_price.gt = arguments.number();
    filter.customer_price.lt = arguments.number();

    question.step = check_step(arguments.length("step"));
}

} // namespace

NullableDatum argument(FunctionCallInfo fcinfo, int number) { return fcinfo->args[number]; }

Question read_question(FunctionCallInfo fcinfo, int first) {
    ArgumentReader arguments(fcinfo, first);
    Question question{};
    read_account_and_window(arguments, question);
    read_filter_and_step(arguments, question);
    return question;
}

Question read_peak_question(FunctionCallInfo fcinfo) {
    ArgumentReader arguments(fcinfo, 0);
    Question question{};
    read_account_and_window(arguments, question);
    const std::chrono::microseconds bucket = arguments.length("bucket");
    read_filter_and_step(arguments, question);
    question.bucket = check_bucket(bucket, question.step);
    if (const auto name = arguments.string()) question.time_zone = time_zone_of(*name);
    return question;
}

} // namespace active_calls::postgres
