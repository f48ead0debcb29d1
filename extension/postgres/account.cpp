#include "account.h"

#include "boundary.h"
#include "prepared_query.h"

#include <optional>
#include <string>

namespace active_calls::postgres {

namespace {

// The one row of a query that returns an account's id, if there is such a row.
template<std::size_t count>
std::optional<NullableDatum> one_row(PreparedQuery& query,
                                     const NullableDatum (&parameters)[count]) {
    std::optional<NullableDatum> row;
    query.for_each_row(parameters, [&](const TupleTableSlot& slot, MemoryContext) {
        row = NullableDatum{slot.tts_values[0], slot.tts_isnull[0]};
    });
    return row;
}

std::int32_t account_id_of(const std::optional<NullableDatum>& row) {
    if (!row || row->isnull) throw Error(ErrorKind::unknown_account, "unknown account_id");
    return DatumGetInt32(row->value);
}

// A query for the id of the account with that uuid among the customer's accounts, or, if
// account_ids is not empty, among those of them that it names. The arguments are expressions.
//
// The query looks only among accounts that may be seen. So it takes as long for an account of
// somebody else as for one that does not exist. An index on uuid alone would find the first and not
// the second, so neither half of the query allows its use: a comparison of rows fits only the index
// on both columns, and IS NOT DISTINCT FROM fits none. The planner expects many rows of such a
// comparison; LIMIT keeps it from planning anew each time.
std::string account_of(const std::string& customer_id, const std::string& account_ids,
                       const std::string& uuid) {
    const std::string wanted = "ROW(" + customer_id + ", " + uuid + ")";
    std::string query = "SELECT id FROM active_calls.account";
    query += " WHERE coalesce(pg_catalog.cardinality(" + account_ids + "), 0)";
    query += " OPERATOR(pg_catalog.=) 0";
    query += " AND ROW(customer_id, uuid) OPERATOR(pg_catalog.>=) " + wanted;
    query += " AND ROW(customer_id, uuid) OPERATOR(pg_catalog.<=) " + wanted;
    query += " UNION ALL SELECT id FROM active_calls.account";
    query += " WHERE id OPERATOR(pg_catalog.=) ANY (" + account_ids + ")";
    query += " AND customer_id IS NOT DISTINCT FROM " + customer_id;
    query += " AND uuid IS NOT DISTINCT FROM " + uuid;
    return query + " LIMIT 1";
}

} // namespace

std::int32_t find_account(NullableDatum uuid) {
    static PreparedQuery query(
        "SELECT id FROM active_calls.account WHERE uuid OPERATOR(pg_catalog.=) $1", {UUIDOID});
    return account_id_of(one_row(query, {uuid}));
}

std::int32_t find_account_of_access(NullableDatum api_access_id, NullableDatum uuid) {
    static PreparedQuery query(
        {"SELECT account.id FROM active_calls.api_access LEFT JOIN LATERAL (",
         account_of("api_access.customer_id", "api_access.account_ids", "$2"),
         ") AS account ON true WHERE api_access.id OPERATOR(pg_catalog.=) $1"},
        {INT4OID, UUIDOID});
    const auto row = one_row(query, {api_access_id, uuid});
    if (!row) throw Error(ErrorKind::unknown_access, "unknown API access");
    return account_id_of(row);
}

std::int32_t find_account_of_customer(NullableDatum customer_id, NullableDatum account_ids,
                                      NullableDatum uuid) {
    static PreparedQuery query({account_of("$1", "$2", "$3")}, {INT4OID, INT4ARRAYOID, UUIDOID});
    return account_id_of(one_row(query, {customer_id, account_ids, uuid}));
}

} // namespace active_calls::postgres
