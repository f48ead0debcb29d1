// Tables that the extension keeps for itself: `ingested` and `last_seal`.
#pragma once

#include "boundary.h"

#include <cstdint>
#include <initializer_list>
#include <optional>

namespace active_calls::postgres {

// Who calls a function has no rights on such a table; the function reads and writes it with those
// of the table's owner, as a foreign key's check does. Its statements qualify every name: the
// search_path is the caller's.
class OwnTable {
public:
    // The table of this name in schema active_calls. Nothing where the extension's objects are
    // still those of a version that lacks it: ALTER EXTENSION active_calls UPDATE was not run yet.
    // Throws PendingError.
    static std::optional<OwnTable> find(const char* name);

    Oid oid() const { return oid_; }

    // Runs a plan, whose parameters are not NULL, on what is committed at this moment: after a lock
    // was waited for, what its last holder did is seen at every isolation level. Returns how many
    // rows it read, which are in SPI_tuptable, or changed. Raises: call it in a guarded body.
    std::uint64_t execute(SPIPlanPtr plan, std::initializer_list<Datum> parameters) const;

private:
    OwnTable(Oid oid, Oid owner)
        : oid_(oid)
        , owner_(owner) {}

    Oid oid_;
    Oid owner_;
};

} // namespace active_calls::postgres
