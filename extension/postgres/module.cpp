// What PostgreSQL calls when it loads the library.
#include "boundary.h"

#include "series_scan.h"
#include "settings.h"

#include "../kernel/interrupts.h"

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
}
// NOLINTEND(bugprone-reserved-identifier)
}
