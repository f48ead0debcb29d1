#include "account.h"

#include "boundary.h"
#include "plan.h"

#include <string>

namespace active_calls::postgres {

namespace {

struct Row {
    bool found;
    NullableDatum account_id;
};

// The first row of a query whose one column is an account's id.
Row first_row(SPIPlanPtr plan, std::initializer_list<NullableDatum> parameters) {
    return guarded([&] {
        execute_query(plan, parameters);
        Row row{SPI_processed > 0, null_datum};
        if (row.found)
            row.account_id.value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1,
                                                 &row.account_id.isnull);
        SPI_freetuptable(SPI_tuptable);
        return row;
    });
}

std::int32_t account_id_of(const Row& row) {
    if (!row.found || row.account_id.isnull)
        throw Error(ErrorKind::invalid_argument, "invalid value account-id");
    return DatumGetInt32(row.account_id.value);
}

// A query for the id of the account with that uuid among those of the customer, or, where
// account_ids is not empty, among those of it; the arguments are expressions.
//
// It looks among what may be seen, and takes as long for an account of somebody else as for one
// that does not exist. An index on uuid alone would find the one and not the other, so neither half
// lets one be used: a comparison of rows fits the index on both columns, IS NOT DISTINCT FROM none.
// For the planner such a comparison has many rows, and LIMIT keeps it from planning anew each time.
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
    static Plan plan;
    return account_id_of(first_row(plan.get(
                                       [] {
                                           return "SELECT id FROM active_calls.account"
                                                  " WHERE uuid OPERATOR(pg_catalog.=) $1";
                                       },
                                       {UUIDOID}),
                                   {uuid}));
}

std::int32_t find_account_of_access(NullableDatum api_access_id, NullableDatum uuid) {
    static Plan plan;
    const Row row = first_row(
        plan.get(
            [] {
                return "SELECT account.id FROM active_calls.api_access LEFT JOIN LATERAL (" +
                       account_of("api_access.customer_id", "api_access.account_ids", "$2") +
                       ") AS account ON true WHERE api_access.id OPERATOR(pg_catalog.=) $1";
            },
            {INT4OID, UUIDOID}),
        {api_access_id, uuid});
    if (!row.found) throw Error(ErrorKind::unknown_access, "unknown API access");
    return account_id_of(row);
}

std::int32_t find_account_of_customer(NullableDatum customer_id, NullableDatum account_ids,
                                      NullableDatum uuid) {
    static Plan plan;
    return account_id_of(first_row(
        plan.get([] { return account_of("$1", "$2", "$3"); }, {INT4OID, INT4ARRAYOID, UUIDOID}),
        {customer_id, account_ids, uuid}));
}

} // namespace active_calls::postgres
