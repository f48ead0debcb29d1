// The SQL functions origination_active_calls, customer_... and scoped_origination_active_calls, the
// forms of these that answer with arrays, and origination_peak_calls. Each reads the question,
// finds the account, counts, and answers.
#include "boundary.h"

#include "account.h"
#include "count_calls.h"
#include "prepared_query.h"
#include "series_arguments.h"
#include "series_scan.h"
#include "settings.h"
#include "value.h"

#include "../kernel/peaks.h"

#include <cinttypes>

namespace active_calls::postgres {

namespace {

// Where PostgreSQL wants the rows of a set-returning function.
struct ResultSet {
    Tuplestorestate* rows;
    TupleDesc row_type;
};

// Raises: call it in a guarded body.
ResultSet begin_result(FunctionCallInfo fcinfo) {
    auto* info = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
    if (info == nullptr || !IsA(info, ReturnSetInfo) ||
        (info->allowedModes & SFRM_Materialize) == 0)
        ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                errmsg("set-valued function called in context that cannot accept a set"));

    const MemoryContext caller_context =
        MemoryContextSwitchTo(info->econtext->ecxt_per_query_memory);
    ResultSet result{};
    if (get_call_result_type(fcinfo, nullptr, &result.row_type) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    const bool random_access = (info->allowedModes & SFRM_Materialize_Random) != 0;
    result.rows = tuplestore_begin_heap(random_access, false, work_mem);
    info->returnMode = SFRM_Materialize;
    info->setResult = result.rows;
    info->setDesc = result.row_type;
    MemoryContextSwitchTo(caller_context);
    return result;
}

void put_point(const ResultSet& result, Point point) {
    CHECK_FOR_INTERRUPTS();
    Datum values[] = {TimestampTzGetDatum(to_timestamptz(point.t)), Int32GetDatum(point.calls)};
    bool nulls[] = {false, false};
    tuplestore_putvalues(result.rows, result.row_type, values, nulls);
}

void put_peak(const ResultSet& result, const Peak& peak) {
    CHECK_FOR_INTERRUPTS();
    Datum values[] = {TimestampTzGetDatum(to_timestamptz(peak.t)), Int32GetDatum(peak.peak),
                      Float8GetDatum(peak.mean), TimestampTzGetDatum(to_timestamptz(peak.peak_at))};
    bool nulls[] = {false, false, false, false};
    tuplestore_putvalues(result.rows, result.row_type, values, nulls);
}

Grid grid_of(const Question& question, Instant now) {
    if (question.bucket)
        return grid_of_peaks(question.window, question.step, question.buckets(), now, gap_fill(),
                             max_points());
    return Grid::over(question.window, question.step, now, gap_fill(), max_points());
}

// (t timestamptz, calls int) for each point; or, for each bucket, (t timestamptz, peak int, mean
// double precision, peak_at timestamptz). Raises: call it in a guarded body.
void put_series(const ResultSet& result, std::span<const Point> counted, const Grid& grid,
                const Question& question) {
    if (question.bucket)
        for_each_peak(counted, grid, question.buckets(),
                      [&](const Peak& peak) { put_peak(result, peak); });
    else
        merge_with_grid(counted, grid, [&](Point point) { put_point(result, point); });
}

// An array of so many numbers, to be filled. Raises: call it in a guarded body.
template<class Number>
ArrayType* make_array(std::size_t size, Oid type) {
    if (size == 0) return construct_empty_array(type);
    const std::size_t bytes = ARR_OVERHEAD_NONULLS(1) + size * sizeof(Number);
    auto* const array = static_cast<ArrayType*>(palloc0(bytes));
    SET_VARSIZE(array, bytes);
    array->ndim = 1;
    array->elemtype = type;
    ARR_DIMS(array)[0] = static_cast<int>(size);
    ARR_LBOUND(array)[0] = 1;
    return array;
}

// (t bigint[], calls int[]), of all points, in seconds since 1970. Raises: call it in a guarded
// body.
Datum to_arrays(FunctionCallInfo fcinfo, std::span<const Point> counted, const Grid& grid) {
    TupleDesc row_type = nullptr;
    if (get_call_result_type(fcinfo, nullptr, &row_type) != TYPEFUNC_COMPOSITE)
        elog(ERROR, "return type must be a row type");
    const std::size_t size = count_points(counted, grid);
    ArrayType* const times = make_array<std::int64_t>(size, INT8OID);
    ArrayType* const calls = make_array<std::int32_t>(size, INT4OID);
    auto* next_time = reinterpret_cast<std::int64_t*>(ARR_DATA_PTR(times));
    auto* next_calls = reinterpret_cast<std::int32_t*>(ARR_DATA_PTR(calls));
    merge_with_grid(counted, grid, [&](Point point) {
        *next_time++ = std::chrono::floor<std::chrono::seconds>(point.t - unix_epoch).count();
        *next_calls++ = point.calls;
    });
    Datum values[] = {PointerGetDatum(times), PointerGetDatum(calls)};
    bool nulls[] = {false, false};
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(row_type), values, nulls));
}

// Raises only if logging does: call it in a guarded body.
void log_cost(const ScanCost& cost, std::chrono::nanoseconds took) {
    ereport(LOG,
            errmsg("active calls: %" PRIu64 " segments (%" PRIu64 " skipped, %" PRIu64
                   " read), %" PRIu64 " bytes detoasted, %" PRIu64 " inbox rows, %.3f ms",
                   cost.segments, cost.segments_skipped, cost.segments - cost.segments_skipped,
                   cost.bytes_detoasted, cost.inbox_rows, static_cast<double>(took.count()) / 1e6));
}

// Answers the question that `read` gives, which has so many arguments: with rows, or, if SQL has
// declared that the function returns one, with arrays. `find` returns the id of the
// account with the uuid that the question names, or throws.
template<class ReadQuestion, class FindAccount>
Datum answer(FunctionCallInfo fcinfo, int argument_count, ReadQuestion&& read, FindAccount&& find,
             Refusals refusals = Refusals::logged) {
    const auto count = [&]() -> Datum {
        const auto start = std::chrono::steady_clock::now();
        PointSink* const sink = point_sink(fcinfo);
        const bool wants_rows = fcinfo->flinfo->fn_retset;
        Datum arrays = 0;
        ResultSet result{};
        if (sink == nullptr && wants_rows) result = guarded([&] { return begin_result(fcinfo); });
        const Question question = read();
        const Instant now = to_instant(GetCurrentTransactionStartTimestamp());

        MemoryContextResource memory;
        const PointLimit limit =
            question.bucket ? snapshot_limit_of_peaks : limit_of_series(max_points());
        SnapshotCounts counts(&memory, limit);
        Grid grid;
        ScanCost cost;
        with_spi([&] {
            const std::int32_t account_id = find(question.account_uuid);
            grid = grid_of(question, now);
            if (!is_empty_series(question.window, now))
                cost = count_calls(account_id, question.window, question.filter, counts);
        });
        const std::span<const Point> counted = counts.sorted();
        if (!question.bucket) limit.check(count_points(counted, grid));
        if (sink != nullptr) {
            sink->cost += cost;
            sink->fill(counted, grid);
        } else if (wants_rows) {
            guarded([&] { put_series(result, counted, grid, question); });
        } else {
            arrays = guarded([&] { return to_arrays(fcinfo, counted, grid); });
        }
        if (log_scan()) guarded([&] { log_cost(cost, std::chrono::steady_clock::now() - start); });
        return arrays;
    };
    return sql_function(fcinfo, argument_count, count, refusals);
}

// Customers may ask anything as often as they like, and must not fill the server's log.
Refusals refusals_of_customers() { return log_refusals() ? Refusals::logged : Refusals::unlogged; }

} // namespace

extern "C" {

PG_FUNCTION_INFO_V1(origination_active_calls);
PG_FUNCTION_INFO_V1(customer_origination_active_calls);
PG_FUNCTION_INFO_V1(scoped_origination_active_calls);
PG_FUNCTION_INFO_V1(origination_peak_calls);

// origination_active_calls(account_id, ...)
Datum origination_active_calls(PG_FUNCTION_ARGS) {
    return answer(
        fcinfo, question_arguments, [&] { return read_question(fcinfo, 0); }, find_account);
}

// customer_origination_active_calls(api_access_id, account_id, ...)
Datum customer_origination_active_calls(PG_FUNCTION_ARGS) {
    return answer(
        fcinfo, 1 + question_arguments, [&] { return read_question(fcinfo, 1); },
        [&](NullableDatum uuid) { return find_account_of_access(argument(fcinfo, 0), uuid); },
        refusals_of_customers());
}

// scoped_origination_active_calls(customer_id, account_ids, account_id, ...)
Datum scoped_origination_active_calls(PG_FUNCTION_ARGS) {
    return answer(
        fcinfo, 2 + question_arguments, [&] { return read_question(fcinfo, 2); },
        [&](NullableDatum uuid) {
            return find_account_of_customer(argument(fcinfo, 0), argument(fcinfo, 1), uuid);
        },
        refusals_of_customers());
}

// origination_peak_calls(account_id, from_time, to_time, bucket, ...)
Datum origination_peak_calls(PG_FUNCTION_ARGS) {
    return answer(
        fcinfo, question_arguments + 2, [&] { return read_peak_question(fcinfo); }, find_account);
}

} // extern "C"

} // namespace active_calls::postgres
