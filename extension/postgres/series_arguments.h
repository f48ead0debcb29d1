// The question of a caller of origination_active_calls, read from the function's arguments.
#pragma once

#include "pg_headers.h"

#include "time_zone.h"

#include "../kernel/call_filter.h"
#include "../kernel/instant.h"

namespace active_calls::postgres {

// An argument as it was given.
NullableDatum argument(FunctionCallInfo fcinfo, int number);

struct Question {
    NullableDatum account_uuid;
    Window window;
    CallFilter filter;
    std::chrono::seconds step;
    std::optional<std::chrono::seconds> bucket; // given where peaks are asked for
    std::optional<TimeZone> time_zone;          // of buckets; UTC if not given

    Buckets buckets() const { return Buckets(*bucket, time_zone ? &*time_zone : nullptr); }
};

// How many arguments ask it: account_id, from_time, to_time, the filters, step.
constexpr int question_arguments = 3 + 17 + 1;

// Reads those arguments from number `first` on, in the order in which all forms of the function
// declare them. Throws Error (missing_argument, invalid_argument).
Question read_question(FunctionCallInfo fcinfo, int first);

// The same for origination_peak_calls, which has the bucket before the filters, and the time zone
// at the end.
Question read_peak_question(FunctionCallInfo fcinfo);

} // namespace active_calls::postgres
