#include "account.h"

#include "boundary.h"
#include "plan.h"

#include <optional>

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
                return "SELECT account.id FROM active_calls.api_access"
                       " LEFT JOIN active_calls.account"
                       " ON account.uuid OPERATOR(pg_catalog.=) $2"
                       " AND account.customer_id OPERATOR(pg_catalog.=) api_access.customer_id"
                       " AND (pg_catalog.cardinality(api_access.account_ids)"
                       " OPERATOR(pg_catalog.=) 0"
                       " OR account.id OPERATOR(pg_catalog.=) ANY (api_access.account_ids))"
                       " WHERE api_access.id OPERATOR(pg_catalog.=) $1";
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
        plan.get(
            [] {
                return "SELECT id FROM active_calls.account"
                       " WHERE uuid OPERATOR(pg_catalog.=) $3"
                       " AND customer_id OPERATOR(pg_catalog.=) $1"
                       " AND ($2 IS NULL OR pg_catalog.cardinality($2) OPERATOR(pg_catalog.=) 0"
                       " OR id OPERATOR(pg_catalog.=) ANY ($2))";
            },
            {INT4OID, INT4ARRAYOID, UUIDOID}),
        {customer_id, account_ids, uuid}));
}

} // namespace active_calls::postgres
