// A lock on the work that one transaction at a time does on a table.
#pragma once

#include "boundary.h"

namespace active_calls::postgres {

// Takes a heavyweight lock on the table as an object, until the end of the transaction. It
// conflicts with nothing that reads or writes the table. It is not an advisory lock, because any
// role could take one and keep others waiting. In pg_locks it is an `object`, of class pg_class,
// with the table's oid. On a replica, the error says that it cannot do `command`. Both raise: call
// them in a guarded body.
void lock_work(Oid table, const char* command);
// Returns at once, false if another transaction has it.
bool try_lock_work(Oid table, const char* command);

} // namespace active_calls::postgres
