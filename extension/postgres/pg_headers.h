// PostgreSQL's headers, as C++ must see them. The one place that includes them and that knows how
// the supported versions (15 to 18) differ.
#pragma once

#include <sys/socket.h> // AF_INET, which utils/inet.h uses without including it

extern "C" {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wregister"
#include "postgres.h"

#include "access/stratnum.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/namespace.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/explain.h"
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif
#include "executor/executor.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "foreign/fdwapi.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "nodes/supportnodes.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "pgstat.h"
#include "pgtime.h"
#include "storage/bufmgr.h"
#include "storage/lock.h"
#include "tcop/dest.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/inet.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"
#include "utils/uuid.h"
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#pragma GCC diagnostic pop
}

#if PG_VERSION_NUM < 150000
#error "PostgreSQL 15 or later is needed"
#endif

// Macros of PostgreSQL's that would change the meaning of C++ library headers included after this.
#undef _
#undef gettext
#undef ngettext
#undef dgettext
#undef dngettext

// PG_MODULE_MAGIC, and since 18 also what pg_get_loaded_modules() shows of a library.
// PG_MODULE_MAGIC itself leaves members out there, and g++ warns of that.
#if PG_VERSION_NUM >= 180000
#define MODULE_MAGIC(module_name, module_version)                                                  \
    PG_MODULE_MAGIC_EXT(.name = (module_name), .version = (module_version))
#else
#define MODULE_MAGIC(module_name, module_version) PG_MODULE_MAGIC
#endif

// The role whose rights on the scan's table are checked; if invalid, the current user.
inline Oid user_of_scan(const ForeignScan* plan, EState* executor) {
#if PG_VERSION_NUM >= 160000
    (void)executor;
    return plan->checkAsUser;
#else
    return exec_rt_fetch(plan->scan.scanrelid, executor)->checkAsUser;
#endif
}

inline AclResult permission_to_execute(Oid function) {
#if PG_VERSION_NUM >= 160000
    return object_aclcheck(ProcedureRelationId, function, GetUserId(), ACL_EXECUTE);
#else
    return pg_proc_aclcheck(function, GetUserId(), ACL_EXECUTE);
#endif
}

// A path that scans a foreign table, in no order.
inline ForeignPath* foreign_scan_path(PlannerInfo* root, RelOptInfo* table, double rows,
                                      Cost startup_cost, Cost total_cost, Relids required_outer) {
#if PG_VERSION_NUM >= 180000
    return create_foreignscan_path(root, table, nullptr, rows, 0, startup_cost, total_cost, NIL,
                                   required_outer, nullptr, NIL, NIL);
#elif PG_VERSION_NUM >= 170000
    return create_foreignscan_path(root, table, nullptr, rows, startup_cost, total_cost, NIL,
                                   required_outer, nullptr, NIL, NIL);
#else
    return create_foreignscan_path(root, table, nullptr, rows, startup_cost, total_cost, NIL,
                                   required_outer, nullptr, NIL);
#endif
}

// Enters a row that was just written into the indexes of its table.
inline void insert_index_tuples(ResultRelInfo* table, TupleTableSlot* row, EState* executor) {
#if PG_VERSION_NUM >= 160000
    ExecInsertIndexTuples(table, row, executor, false, false, nullptr, NIL, false);
#else
    ExecInsertIndexTuples(table, row, executor, false, false, nullptr, NIL);
#endif
}
