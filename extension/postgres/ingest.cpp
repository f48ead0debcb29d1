// The SQL function ingest: the switch's feed into `inbox`.
#include "boundary.h"

#include "inbox_writer.h"
#include "plan.h"
#include "value.h"

#include "../kernel/feed.h"

namespace active_calls::postgres {

extern "C" {

PG_FUNCTION_INFO_V1(ingest);

// ingest(rows text) returns bigint, strict
Datum ingest(PG_FUNCTION_ARGS) {
    return boundary([&] {
        const std::string_view rows = guarded([&] {
            const text* given = PG_GETARG_TEXT_PP(0);
            const auto size = static_cast<int>(VARSIZE_ANY_EXHDR(given));
            const char* utf8 = pg_server_to_any(VARDATA_ANY(given), size, PG_UTF8);
            return utf8 == VARDATA_ANY(given) ? to_string_view(given) : std::string_view(utf8);
        });
        const MemoryContext memory = CurrentMemoryContext;
        FeedCounts counts;
        with_spi([&] {
            InboxWriter inbox(memory, PG_UTF8);
            counts = read_feed(
                rows, [&](const Call& call) { inbox.add(call); },
                [] { guarded([] { CHECK_FOR_INTERRUPTS(); }); });
            inbox.flush();
        });
        guarded([&] {
            if (counts.unowned > 0)
                ereport(NOTICE, errmsg_plural("skipped %zu row without customer_acc_id",
                                              "skipped %zu rows without customer_acc_id",
                                              counts.unowned, counts.unowned));
        });
        return Int64GetDatum(static_cast<std::int64_t>(counts.accepted));
    });
}

} // extern "C"

} // namespace active_calls::postgres
