// What PostgreSQL calls when it loads the library.
#include "server.h"

#include "settings.h"

extern "C" {

PG_MODULE_MAGIC;

// NOLINTBEGIN(bugprone-reserved-identifier): PostgreSQL's name
PGDLLEXPORT void _PG_init(void);

void _PG_init(void) { active_calls::postgres::define_settings(); }
// NOLINTEND(bugprone-reserved-identifier)
}
