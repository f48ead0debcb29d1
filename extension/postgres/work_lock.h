// A lock on the work that one transaction at a time does on a table.
#pragma once

#include "boundary.h"

namespace active_calls::postgres {

// Until the end of the transaction. Nobody who reads or writes the table waits for it, and nobody
// can take it but through the functions that do: an advisory lock any role could take, and so keep
// the feed waiting. In pg_locks it is an `object`, of class pg_class, with the table's oid.
// `command` is what a replica says that it cannot do. Raise: call them in a guarded body.
void lock_work(Oid table, const char* command);
// Returns at once, false if another transaction has it.
bool try_lock_work(Oid table, const char* command);

} // namespace active_calls::postgres
