// The SQL function seal: from `inbox` to `segment`.
#include "boundary.h"

#include "call_columns.h"
#include "ingested_batches.h"
#include "own_table.h"
#include "prepared_query.h"
#include "value.h"
#include "write_segments.h"

#include <algorithm>
#include <map>
#include <memory>
#include <vector>

namespace active_calls::postgres {

namespace {

// The bytes that builders may hold together: half of maintenance_work_mem. The other half is for
// the segments that are being encoded, and for what malloc cannot use of what was freed. Rows come
// in the order of the table, which is about that of time, with the accounts mixed. The more is
// held, the fewer segments are written before they are full.
std::size_t builder_memory() {
    constexpr std::size_t minimum = std::size_t{16} << 20;
    return std::max(minimum, static_cast<std::size_t>(maintenance_work_mem) * 1024 / 2);
}

// This condition is true for a row that can be sealed. `inbox` takes texts of 1,000 characters,
// which have at most 4,000 bytes in any encoding. A longer text is there where somebody has dropped
// that constraint. PostgreSQL knows the length without fetching the text.
const std::string& is_sealable() {
    static const std::string condition = [] {
        std::string lengths;
        for_each_column([&](const auto& column) {
            if constexpr (is_text<typename std::decay_t<decltype(column)>::Value>)
                lengths += std::string(", pg_catalog.octet_length(") + column.name + ")";
        });
        return "greatest(0" + lengths + ") OPERATOR(pg_catalog.<=) 4000";
    }();
    return condition;
}

// Sorts rows to their accounts, and writes the segments of an account when it has enough.
class Sealer {
public:
    void add(const Call& call) {
        auto& builder = builders_[call.account_id];
        if (builder)
            memory_ -= builder->memory();
        else
            builder = std::make_unique<AccountBuilder>(call.account_id);
        builder->add(call);
        memory_ += builder->memory();
        if (builder->fills_segment())
            finish(call.account_id);
        else if (memory_ > max_memory_)
            shrink();
    }

    void finish() {
        while (!builders_.empty()) finish(builders_.begin()->first);
    }

private:
    void finish(std::int32_t account_id) {
        const auto found = builders_.find(account_id);
        const std::unique_ptr<AccountBuilder> builder = std::move(found->second);
        memory_ -= builder->memory();
        builders_.erase(found);
        with_spi([&] { grow_segments(*builder); });
    }

    // Halves what is held, by packing it, the largest first. What is packed waits until its account
    // has a full segment. Only where that alone becomes too much, segments are written that have to
    // be rewritten when they grow.
    void shrink() {
        halve(&AccountBuilder::unpacked_memory, [&](std::int32_t account_id) {
            AccountBuilder& builder = *builders_.at(account_id);
            memory_ -= builder.memory();
            builder.pack();
            memory_ += builder.memory();
        });
        if (memory_ > max_memory_ / 4 * 3)
            halve(&AccountBuilder::memory, [&](std::int32_t account_id) { finish(account_id); });
    }

    template<class Shrink>
    void halve(std::size_t (AccountBuilder::*measure)() const, Shrink&& shrink) {
        std::vector<std::pair<std::size_t, std::int32_t>> largest_first;
        for (const auto& [account_id, builder] : builders_)
            largest_first.emplace_back((*builder.*measure)(), account_id);
        std::ranges::sort(largest_first, std::greater<>());
        for (const auto& [size, account_id] : largest_first) {
            if (memory_ <= max_memory_ / 2) break;
            shrink(account_id);
        }
    }

    std::map<std::int32_t, std::unique_ptr<AccountBuilder>> builders_; // by account
    std::size_t memory_ = 0;
    const std::size_t max_memory_ = builder_memory();
};

std::int64_t seal_before(TimestampTz end) {
    // The statement reads `inbox` from front to back, as it was written: in the order of its index,
    // each page would be visited once for each account.
    static PreparedQuery delete_rows(
        {"DELETE FROM active_calls.inbox WHERE snapshot_timestamp OPERATOR(pg_catalog.<) $1 AND ",
         is_sealable(), " RETURNING ", call_column_list()},
        {TIMESTAMPTZOID});
    Sealer sealer;
    const std::uint64_t sealed =
        delete_rows.for_each_row({not_null(TimestampTzGetDatum(end))},
                                 [&](const TupleTableSlot& slot, MemoryContext memory) {
                                     sealer.add(to_call(slot, memory));
                                 });
    sealer.finish();
    return static_cast<std::int64_t>(sealed);
}

// Warns of the rows of an older snapshot than `end` that stay in `inbox`.
void warn_of_unsealable(TimestampTz end) {
    static PreparedQuery query({"SELECT pg_catalog.count(*) OVER (), customer_acc_id,"
                                " snapshot_timestamp FROM active_calls.inbox"
                                " WHERE snapshot_timestamp OPERATOR(pg_catalog.<) $1 AND NOT ",
                                is_sealable(),
                                " ORDER BY customer_acc_id, snapshot_timestamp LIMIT 1"},
                               {TIMESTAMPTZOID});
    const auto warn = [](const TupleTableSlot& slot, MemoryContext) {
        guarded([&] {
            const auto rows = static_cast<unsigned long>(DatumGetInt64(slot.tts_values[0]));
            ereport(WARNING,
                    errmsg_plural("%lu call stays in inbox: its number or name is too long",
                                  "%lu calls stay in inbox: their numbers or names are too long",
                                  rows, rows),
                    errdetail("The first is of account %d, at %s.",
                              DatumGetInt32(slot.tts_values[1]),
                              timestamptz_to_str(DatumGetTimestampTz(slot.tts_values[2]))),
                    errhint("Cut the texts there to 1000 characters, or delete such rows."));
        });
    };
    query.for_each_row({not_null(TimestampTzGetDatum(end))}, warn);
}

// Notes in table `last_seal` that a seal has come to its end. The lock of `segment` is
// held, so that no other seal does at the same time.
void note_seal(std::int64_t rows) {
    const OwnTable table("last_seal");
    static PreparedQuery update("UPDATE active_calls.last_seal SET finished_at = $1, rows = $2",
                                {TIMESTAMPTZOID, INT8OID});
    static PreparedQuery insert(
        "INSERT INTO active_calls.last_seal (finished_at, rows) VALUES ($1, $2)",
        {TIMESTAMPTZOID, INT8OID});
    SPIPlanPtr const update_plan = update.plan();
    SPIPlanPtr const insert_plan = insert.plan();
    guarded([&] {
        const Datum now = TimestampTzGetDatum(GetCurrentTimestamp());
        if (table.execute(update_plan, {now, Int64GetDatum(rows)}) == 0)
            table.execute(insert_plan, {now, Int64GetDatum(rows)});
    });
}

// Raises: call it in a guarded body.
TimestampTz before_now(const Interval* keep) {
    const Interval zero{};
    if (DatumGetBool(
            DirectFunctionCall2(interval_lt, IntervalPGetDatum(keep), IntervalPGetDatum(&zero))))
        ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                errmsg("keep must not be negative"));
    return DatumGetTimestampTz(DirectFunctionCall2(
        timestamptz_mi_interval, TimestampTzGetDatum(GetCurrentTransactionStartTimestamp()),
        IntervalPGetDatum(keep)));
}

} // namespace

extern "C" {

PG_FUNCTION_INFO_V1(seal);

// seal(keep interval) returns bigint, strict
Datum seal(PG_FUNCTION_ARGS) {
    return sql_function(fcinfo, 1, [&] {
        const TimestampTz end = guarded([&] { return before_now(PG_GETARG_INTERVAL_P(0)); });
        std::int64_t sealed = 0;
        with_spi([&] {
            if (!try_lock_segments()) return;
            sealed = seal_before(end);
            warn_of_unsealable(end);
            note_seal(sealed);
            forget_old_batches();
        });
        return Int64GetDatum(sealed);
    });
}

} // extern "C"

} // namespace active_calls::postgres
