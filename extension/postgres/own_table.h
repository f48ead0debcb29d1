// Tables that the extension keeps for itself: `ingested_batch` and `last_seal`.
#pragma once

#include "boundary.h"

#include <cstdint>
#include <initializer_list>

namespace active_calls::postgres {

// Callers have no privileges on such a table. Their functions read and write it as its owner, as a
// foreign key's check does. The statements qualify every name: the search_path is the caller's.
class OwnTable {
public:
    // The table of this name in schema active_calls. Throws PendingError.
    explicit OwnTable(const char* name);

    // Runs a plan, whose parameters are not NULL, on what is committed at this moment: after a lock
    // was waited for, what its last holder did is seen at every isolation level. Returns how many
    // rows it changed. Raises: call it in a guarded body.
    std::uint64_t execute(SPIPlanPtr plan, std::initializer_list<Datum> parameters) const;

private:
    Oid owner_ = InvalidOid;
};

} // namespace active_calls::postgres
