#include "work_lock.h"

namespace active_calls::postgres {

namespace {

bool lock(Oid table, const char* command, bool waits) {
    PreventCommandDuringRecovery(command);
    LOCKTAG tag;
    SET_LOCKTAG_OBJECT(tag, MyDatabaseId, RelationRelationId, table, 0);
    return LockAcquire(&tag, ExclusiveLock, false, !waits) != LOCKACQUIRE_NOT_AVAIL;
}

} // namespace

void lock_work(Oid table, const char* command) { lock(table, command, true); }

bool try_lock_work(Oid table, const char* command) { return lock(table, command, false); }

} // namespace active_calls::postgres
