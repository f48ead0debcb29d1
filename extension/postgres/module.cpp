// What PostgreSQL calls when it loads the library.
#include "boundary.h"

#include "series_scan.h"
#include "settings.h"

#include "../kernel/interrupts.h"

#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace {

// A series takes some hundred kilobytes, or a few megabytes, for as long as it is counted. glibc
// would give them back to the kernel each time and fault them in again for the next series, which
// takes longer than the counting. So a session that has loaded this library keeps that much.
void keep_memory() {
#ifdef __GLIBC__
    constexpr int kept_bytes = 8 << 20;
    mallopt(M_TRIM_THRESHOLD, kept_bytes);
    mallopt(M_MMAP_THRESHOLD, kept_bytes);
#endif
}

} // namespace

extern "C" {

MODULE_MAGIC("active_calls", ACTIVE_CALLS_VERSION);

// NOLINTBEGIN(bugprone-reserved-identifier): PostgreSQL's name
PGDLLEXPORT void _PG_init(void);

void _PG_init(void) {
    active_calls::check_for_interrupts = [] {
        active_calls::postgres::guarded([] { CHECK_FOR_INTERRUPTS(); });
    };
    active_calls::postgres::define_settings();
    active_calls::postgres::install_series_scan();
    keep_memory();
}
// NOLINTEND(bugprone-reserved-identifier)
}
