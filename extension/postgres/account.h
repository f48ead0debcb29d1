// Finds the account of a question, if the caller may see it.
#pragma once

#include "pg_headers.h"

#include <cstdint>

namespace active_calls::postgres {

// Each of these gives the account's id, which calls carry as customer_acc_id. An account that does
// not exist and one that may not be seen are the same Error (unknown_account), so that no one
// learns which accounts exist; so is a NULL. The caller has connected to SPI.

// For callers who may read the table `account` itself.
std::int32_t find_account(NullableDatum uuid);

// For a token that names an API access. Throws Error (unknown_access) if there is none with that
// id.
std::int32_t find_account_of_access(NullableDatum api_access_id, NullableDatum uuid);

// For a token that carries its own scope: a customer, and accounts of that customer (an int[];
// NULL or empty: all of them).
std::int32_t find_account_of_customer(NullableDatum customer_id, NullableDatum account_ids,
                                      NullableDatum uuid);

} // namespace active_calls::postgres
