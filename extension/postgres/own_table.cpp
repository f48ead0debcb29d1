#include "own_table.h"

namespace active_calls::postgres {

OwnTable::OwnTable(const char* name) {
    guarded([&] {
        const Oid oid = get_relname_relid(name, get_namespace_oid("active_calls", false));
        const HeapTuple row = SearchSysCache1(RELOID, ObjectIdGetDatum(oid));
        if (!HeapTupleIsValid(row))
            ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("table active_calls.%s does not exist", name));
        owner_ = reinterpret_cast<Form_pg_class>(GETSTRUCT(row))->relowner;
        ReleaseSysCache(row);
    });
}

std::uint64_t OwnTable::execute(SPIPlanPtr plan, std::initializer_list<Datum> parameters) const {
    Oid caller = InvalidOid;
    int security = 0;
    GetUserIdAndSecContext(&caller, &security);
    // On an error, PostgreSQL itself goes back to the caller.
    SetUserIdAndSecContext(owner_, security | SECURITY_LOCAL_USERID_CHANGE | SECURITY_NOFORCE_RLS);
    const int result = SPI_execute_snapshot(plan, const_cast<Datum*>(parameters.begin()), nullptr,
                                            GetLatestSnapshot(), InvalidSnapshot, false, true, 0);
    SetUserIdAndSecContext(caller, security);
    if (result < 0) elog(ERROR, "SPI_execute_snapshot failed: %s", SPI_result_code_string(result));
    return SPI_processed;
}

} // namespace active_calls::postgres
