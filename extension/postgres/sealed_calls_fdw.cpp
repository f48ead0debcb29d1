// The foreign data wrapper behind the foreign table sealed_calls: the calls in segments, as rows.
//
// It is a wrapper, and not a set-returning function, because the planner tells a wrapper what a
// query asks for. So it reads only segments of the accounts and the time that the query names,
// decodes only the columns that the query uses, and keeps one segment at a time, whatever the size
// of the answer. PostgreSQL checks the conditions themselves, row by row, as on any table.
#include "boundary.h"

#include "call_columns.h"
#include "prepared_query.h"
#include "stored_segment.h"
#include "value.h"

#include <array>
#include <string>

namespace active_calls::postgres {

namespace {

// A condition that tells which segments to read: a column compared with an expression that is known
// before the first row is read.
enum class Narrowing {
    account,  // customer_acc_id = int4
    accounts, // customer_acc_id = ANY (int4[])
    from,     // snapshot_timestamp >= or > timestamptz
    to,       // snapshot_timestamp <= or < timestamptz
    at,       // snapshot_timestamp = timestamptz
};

// The plan of a scan hands these lists of integers to its execution, and to EXPLAIN.
enum PlanPart {
    plan_narrowings, // a Narrowing for each of the plan's expressions
    plan_columns,    // attribute numbers of the columns that are used
};

constexpr AttrNumber attribute_of(Column column) {
    return static_cast<AttrNumber>(static_cast<int>(column) + 1);
}

// ---- Planning. PostgreSQL's own C calls all of it, so nothing here owns anything.

// Estimates how many rows the segments hold, from the size of their table.
double estimate_rows(Oid sealed_calls) {
    constexpr double bytes_per_row = 7;
    const Oid segment_table = get_relname_relid("segment", get_rel_namespace(sealed_calls));
    if (!OidIsValid(segment_table))
        ereport(ERROR, errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
                errmsg("foreign table \"%s\" has no table \"segment\" beside it",
                       get_rel_name(sealed_calls)),
                errhint("The wrapper serves active_calls.sealed_calls alone."));
    const Relation segments = table_open(segment_table, AccessShareLock);
    double bytes = static_cast<double>(RelationGetNumberOfBlocks(segments)) * BLCKSZ;
    if (OidIsValid(segments->rd_rel->reltoastrelid)) {
        const Relation toast = table_open(segments->rd_rel->reltoastrelid, AccessShareLock);
        bytes += static_cast<double>(RelationGetNumberOfBlocks(toast)) * BLCKSZ;
        table_close(toast, AccessShareLock);
    }
    table_close(segments, AccessShareLock);
    return bytes / bytes_per_row;
}

// A column of the scanned table, looked at through casts that change nothing.
bool is_column(const Expr* expression, Index table, Column column) {
    if (IsA(expression, RelabelType))
        expression = reinterpret_cast<const RelabelType*>(expression)->arg;
    if (!IsA(expression, Var)) return false;
    const auto* var = reinterpret_cast<const Var*>(expression);
    return static_cast<Index>(var->varno) == table && var->varlevelsup == 0 &&
           var->varattno == attribute_of(column);
}

// Whether the expression's value is known before a row is read.
bool is_known(PlannerInfo* root, Expr* expression, const RelOptInfo* table) {
    return !bms_is_member(static_cast<int>(table->relid),
                          pull_varnos(root, reinterpret_cast<Node*>(expression))) &&
           !contain_volatile_functions(reinterpret_cast<Node*>(expression));
}

// Returns which comparison of its type an operator is (BTEqualStrategyNumber and so on), 0 if none.
int comparison(Oid operator_id, Oid type) {
    const TypeCacheEntry* entry = lookup_type_cache(type, TYPECACHE_BTREE_OPFAMILY);
    return get_op_opfamily_strategy(operator_id, entry->btree_opf);
}

// Finds what a condition narrows, and by which expression. Returns false if it narrows nothing.
bool find_narrowing(PlannerInfo* root, const RelOptInfo* table, const Expr* condition,
                    Narrowing& narrowing, Expr*& by) {
    if (IsA(condition, ScalarArrayOpExpr)) {
        const auto* any = reinterpret_cast<const ScalarArrayOpExpr*>(condition);
        by = static_cast<Expr*>(lsecond(any->args));
        narrowing = Narrowing::accounts;
        return any->useOr &&
               is_column(static_cast<Expr*>(linitial(any->args)), table->relid,
                         Column::customer_acc_id) &&
               exprType(reinterpret_cast<Node*>(by)) == INT4ARRAYOID &&
               comparison(any->opno, INT4OID) == BTEqualStrategyNumber && is_known(root, by, table);
    }
    if (!IsA(condition, OpExpr)) return false;
    const auto* operation = reinterpret_cast<const OpExpr*>(condition);
    if (list_length(operation->args) != 2) return false;
    auto* column = static_cast<Expr*>(linitial(operation->args));
    by = static_cast<Expr*>(lsecond(operation->args));
    Oid operator_id = operation->opno;
    if (!is_column(column, table->relid, Column::customer_acc_id) &&
        !is_column(column, table->relid, Column::snapshot_timestamp)) {
        std::swap(column, by);
        operator_id = get_commutator(operator_id);
    }
    const bool of_account = is_column(column, table->relid, Column::customer_acc_id);
    if (!of_account && !is_column(column, table->relid, Column::snapshot_timestamp)) return false;
    const Oid type = of_account ? INT4OID : TIMESTAMPTZOID;
    if (!OidIsValid(operator_id) || exprType(reinterpret_cast<Node*>(by)) != type ||
        !is_known(root, by, table))
        return false;
    switch (comparison(operator_id, type)) {
    case BTEqualStrategyNumber:
        narrowing = of_account ? Narrowing::account : Narrowing::at;
        return true;
    case BTGreaterStrategyNumber:
    case BTGreaterEqualStrategyNumber:
        narrowing = Narrowing::from;
        return !of_account;
    case BTLessStrategyNumber:
    case BTLessEqualStrategyNumber:
        narrowing = Narrowing::to;
        return !of_account;
    default:
        return false;
    }
}

void get_rel_size(PlannerInfo* root, RelOptInfo* table, Oid table_id) {
    table->tuples = estimate_rows(table_id);
    table->rows =
        clamp_row_est(table->tuples * clauselist_selectivity(root, table->baserestrictinfo, 0,
                                                             JOIN_INNER, nullptr));
}

// The cost is about that of the rows returned: a scan reads no segments that it is not narrowed to.
void add_scan_path(PlannerInfo* root, RelOptInfo* table, double rows, Relids required_outer) {
    constexpr Cost startup_cost = 100; // reads a list of segments, and the first segment
    const Cost total_cost = startup_cost + rows * 5 * cpu_tuple_cost;
    ForeignPath* path =
        foreign_scan_path(root, table, rows, startup_cost, total_cost, required_outer);
    add_path(table, &path->path);
}

bool is_account_column(PlannerInfo*, RelOptInfo* table, EquivalenceClass*,
                       EquivalenceMember* member, void*) {
    return is_column(member->em_expr, table->relid, Column::customer_acc_id);
}

// Adds a path that reads all that the query asks for. For each join on the account, also adds one
// that reads only the segments of the account that the other side of the join gives.
void get_paths(PlannerInfo* root, RelOptInfo* table, Oid) {
    add_scan_path(root, table, table->rows, table->lateral_relids);
    if (!table->has_eclass_joins) return;
    List* joins = generate_implied_equalities_for_column(root, table, is_account_column, nullptr,
                                                         table->lateral_referencers);
    ListCell* cell = nullptr;
    foreach (cell, joins) {
        const auto* join = static_cast<RestrictInfo*>(lfirst(cell));
        if (!join_clause_is_movable_to(const_cast<RestrictInfo*>(join), table)) continue;
        Relids required_outer = bms_union(join->clause_relids, table->lateral_relids);
        required_outer = bms_del_member(required_outer, static_cast<int>(table->relid));
        if (bms_is_empty(required_outer)) continue;
        const ParamPathInfo* parameters = get_baserel_parampathinfo(root, table, required_outer);
        add_scan_path(root, table, parameters->ppi_rows, required_outer);
    }
}

ForeignScan* get_plan(PlannerInfo* root, RelOptInfo* table, Oid, ForeignPath*, List* target,
                      List* scan_clauses, Plan* outer_plan) {
    scan_clauses = extract_actual_clauses(scan_clauses, false);
    List* expressions = NIL;
    List* narrowings = NIL;
    ListCell* cell = nullptr;
    foreach (cell, scan_clauses) {
        Narrowing narrowing{};
        Expr* by = nullptr;
        if (!find_narrowing(root, table, static_cast<Expr*>(lfirst(cell)), narrowing, by)) continue;
        expressions = lappend(expressions, by);
        narrowings = lappend_int(narrowings, static_cast<int>(narrowing));
    }

    Bitmapset* used = nullptr;
    pull_varattnos(reinterpret_cast<Node*>(table->reltarget->exprs), table->relid, &used);
    pull_varattnos(reinterpret_cast<Node*>(scan_clauses), table->relid, &used);
    const bool whole_row = bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used);
    List* columns = NIL;
    for (int attribute = 1; attribute <= static_cast<int>(column_count); ++attribute)
        if (whole_row || bms_is_member(attribute - FirstLowInvalidHeapAttributeNumber, used))
            columns = lappend_int(columns, attribute);

    return make_foreignscan(target, scan_clauses, table->relid, expressions,
                            list_make2(narrowings, columns), NIL, NIL, outer_plan);
}

// ---- Execution

// What the columns of a row of `segment` hold.
struct SegmentRow {
    std::array<Datum, segment_column_count> values;
    std::array<bool, segment_column_count> nulls;
};

// A segment that is being read. Destroyed with the memory context it lives in.
class ScannedSegment {
public:
    ScannedSegment(const SegmentRow& row, const Window& window, ColumnSet columns,
                   MemoryContext memory)
        : row_(row)
        , segment_(row_.values.data(), row_.nulls.data(), memory) {
        segment_.named([&] { rows_.emplace(segment_.open(), window, columns); });
    }

    const Call* next() {
        return segment_.named([&] { return rows_->next(); });
    }

private:
    SegmentRow row_;
    StoredSegment segment_;
    std::optional<SegmentRows> rows_;
};

// A scan keeps this from row to row. It is plain data, since it lives in the query's memory
// context.
struct Scan {
    List* conditions; // ExprStates, one for each narrowing
    List* narrowings;
    ColumnSet used;
    Oid user;                     // with whose rights segments are read
    MemoryContext memory;         // of the list of segments
    MemoryContext segment_memory; // of the segment that is read
    bool started;
    TimestampTz from;
    TimestampTz to;
    std::int64_t* segment_ids; // those to read
    std::size_t segment_count;
    std::size_t next_segment;
    ScannedSegment* segment; // null: the next one is to be opened
    std::int64_t segments_read;
};

PreparedQuery find_segments(const char* accounts) {
    return {{"SELECT id FROM active_calls.segment"
             " WHERE last_snapshot OPERATOR(pg_catalog.>=) $1"
             " AND first_snapshot OPERATOR(pg_catalog.<=) $2 AND ",
             accounts, " ORDER BY customer_acc_id, last_snapshot"},
            {TIMESTAMPTZOID, TIMESTAMPTZOID, INT4ARRAYOID}};
}

// Runs `body` connected to SPI with the rights of the scan's user: the role that asks, or the owner
// of the view that it asks. On an error PostgreSQL itself goes back to the caller's rights.
template<class Body>
void with_rights_of_scan(const Scan& scan, Body&& body) {
    Oid caller = InvalidOid;
    int security = 0;
    GetUserIdAndSecContext(&caller, &security);
    SetUserIdAndSecContext(scan.user, security | SECURITY_LOCAL_USERID_CHANGE);
    with_spi(body);
    SetUserIdAndSecContext(caller, security);
}

// The plan's conditions narrow the scan to this.
struct Bounds {
    TimestampTz from = DT_NOBEGIN;
    TimestampTz to = DT_NOEND;
    NullableDatum accounts = null_datum;
    bool none = false; // a condition compares with null: no row passes
};

// Raises: call it in a guarded body.
Bounds evaluate(const Scan& scan, ExprContext* context) {
    Bounds bounds;
    ListCell* condition = nullptr;
    ListCell* narrowing = nullptr;
    forboth(condition, scan.conditions, narrowing, scan.narrowings) {
        bool is_null = false;
        const Datum value = ExecEvalExprSwitchContext(static_cast<ExprState*>(lfirst(condition)),
                                                      context, &is_null);
        if (is_null) {
            bounds.none = true;
            continue;
        }
        switch (static_cast<Narrowing>(lfirst_int(narrowing))) {
        case Narrowing::account: {
            Datum account[] = {value};
            bounds.accounts = not_null(
                PointerGetDatum(construct_array(account, 1, INT4OID, sizeof(int32), true, 'i')));
            break;
        }
        case Narrowing::accounts:
            bounds.accounts = not_null(value);
            break;
        case Narrowing::from:
            bounds.from = std::max(bounds.from, DatumGetTimestampTz(value));
            break;
        case Narrowing::to:
            bounds.to = std::min(bounds.to, DatumGetTimestampTz(value));
            break;
        case Narrowing::at:
            bounds.from = std::max(bounds.from, DatumGetTimestampTz(value));
            bounds.to = std::min(bounds.to, DatumGetTimestampTz(value));
            break;
        }
    }
    return bounds;
}

void start(Scan& scan, ExprContext* context) {
    const Bounds bounds = guarded([&] {
        const MemoryContext caller_context = MemoryContextSwitchTo(scan.memory);
        const Bounds evaluated = evaluate(scan, context);
        MemoryContextSwitchTo(caller_context);
        return evaluated;
    });
    scan.started = true;
    scan.from = bounds.from;
    scan.to = bounds.to;
    if (bounds.none) return;

    static PreparedQuery of_all_accounts = find_segments("$3 IS NULL");
    static PreparedQuery of_accounts =
        find_segments("customer_acc_id OPERATOR(pg_catalog.=) ANY ($3)");
    MemoryContextResource memory(scan.memory);
    std::pmr::vector<std::int64_t> ids(&memory);
    with_rights_of_scan(scan, [&] {
        (bounds.accounts.isnull ? of_all_accounts : of_accounts)
            .for_each_row({not_null(TimestampTzGetDatum(scan.from)),
                           not_null(TimestampTzGetDatum(scan.to)), bounds.accounts},
                          [&](const TupleTableSlot& slot, MemoryContext) {
                              ids.push_back(DatumGetInt64(slot.tts_values[0]));
                          });
    });
    scan.segment_ids = guarded([&] {
        return static_cast<std::int64_t*>(MemoryContextAllocHuge(
            scan.memory, std::max<std::size_t>(1, ids.size()) * sizeof(std::int64_t)));
    });
    std::ranges::copy(ids, scan.segment_ids);
    scan.segment_count = ids.size();
}

// Copies the row of a segment into that memory context.
SegmentRow copy_segment(std::int64_t id, MemoryContext memory) {
    static PreparedQuery query({"SELECT id, ", segment_columns(),
                                " FROM active_calls.segment WHERE id OPERATOR(pg_catalog.=) $1"},
                               {INT8OID});
    SegmentRow copy{};
    const auto take = [&](const TupleTableSlot& slot, MemoryContext) {
        guarded([&] {
            const MemoryContext caller_context = MemoryContextSwitchTo(memory);
            for (int i = 0; i < static_cast<int>(segment_column_count); ++i) {
                copy.nulls[i] = slot.tts_isnull[i];
                const auto* const column = TupleDescAttr(slot.tts_tupleDescriptor, i);
                if (!copy.nulls[i])
                    copy.values[i] =
                        datumCopy(slot.tts_values[i], column->attbyval, column->attlen);
            }
            MemoryContextSwitchTo(caller_context);
        });
    };
    if (query.for_each_row({not_null(Int64GetDatum(id))}, take) != 1)
        guarded([&] { elog(ERROR, "segment " INT64_FORMAT " no longer exists", id); });
    return copy;
}

void open_next_segment(Scan& scan) {
    guarded([&] { MemoryContextReset(scan.segment_memory); });
    SegmentRow row{};
    with_rights_of_scan(scan, [&] {
        row = copy_segment(scan.segment_ids[scan.next_segment], scan.segment_memory);
    });
    const Window window{to_instant(scan.from), to_instant(scan.to)};
    scan.segment = &make_in_context<ScannedSegment>(scan.segment_memory, row, window, scan.used,
                                                    scan.segment_memory);
    ++scan.next_segment;
    ++scan.segments_read;
}

// Returns the next call, null after the last one.
const Call* next_call(Scan& scan, ExprContext* context) {
    if (!scan.started) start(scan, context);
    while (true) {
        if (scan.segment != nullptr)
            if (const Call* call = scan.segment->next()) return call;
        scan.segment = nullptr;
        if (scan.next_segment >= scan.segment_count) return nullptr;
        open_next_segment(scan);
    }
}

void begin_scan(ForeignScanState* node, int flags) {
    const TupleDesc row_type = RelationGetDescr(node->ss.ss_currentRelation);
    for (std::size_t i = 0; i < column_count; ++i)
        if (row_type->natts != static_cast<int>(column_count) ||
            TupleDescAttr(row_type, i)->atttypid != call_column_types[i])
            ereport(ERROR, errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
                    errmsg("foreign table \"%s\" does not have the columns of sealed calls",
                           RelationGetRelationName(node->ss.ss_currentRelation)));

    auto* plan = reinterpret_cast<ForeignScan*>(node->ss.ps.plan);
    auto* scan = static_cast<Scan*>(palloc0(sizeof(Scan)));
    node->fdw_state = scan;
    scan->narrowings = static_cast<List*>(list_nth(plan->fdw_private, plan_narrowings));
    ListCell* cell = nullptr;
    foreach (cell, static_cast<List*>(list_nth(plan->fdw_private, plan_columns)))
        scan->used.insert(static_cast<Column>(lfirst_int(cell) - 1));
    if ((flags & EXEC_FLAG_EXPLAIN_ONLY) != 0) return;
    const Oid user = user_of_scan(plan, node->ss.ps.state);
    scan->user = OidIsValid(user) ? user : GetUserId();
    scan->conditions = ExecInitExprList(plan->fdw_exprs, &node->ss.ps);
    scan->memory = AllocSetContextCreate(CurrentMemoryContext, "active_calls sealed calls",
                                         ALLOCSET_SMALL_SIZES);
    scan->segment_memory =
        AllocSetContextCreate(CurrentMemoryContext, "active_calls segment", ALLOCSET_DEFAULT_SIZES);
}

TupleTableSlot* iterate_scan(ForeignScanState* node) {
    auto& scan = *static_cast<Scan*>(node->fdw_state);
    TupleTableSlot* slot = node->ss.ss_ScanTupleSlot;
    ExecClearTuple(slot);
    const Call* call = boundary([&] { return next_call(scan, node->ss.ps.ps_ExprContext); });
    if (call != nullptr) store(*call, scan.used, GetDatabaseEncoding(), slot);
    return slot;
}

void rescan(ForeignScanState* node) {
    auto& scan = *static_cast<Scan*>(node->fdw_state);
    MemoryContextReset(scan.segment_memory);
    MemoryContextReset(scan.memory);
    scan.started = false;
    scan.segment = nullptr;
    scan.segment_ids = nullptr;
    scan.segment_count = 0;
    scan.next_segment = 0;
}

void end_scan(ForeignScanState* node) {
    const auto& scan = *static_cast<Scan*>(node->fdw_state);
    if (scan.segment_memory != nullptr) MemoryContextDelete(scan.segment_memory);
    if (scan.memory != nullptr) MemoryContextDelete(scan.memory);
}

void explain_scan(ForeignScanState* node, ExplainState* explain) {
    const auto& scan = *static_cast<Scan*>(node->fdw_state);
    bool by_account = false;
    bool by_time = false;
    ListCell* cell = nullptr;
    foreach (cell, scan.narrowings) {
        const auto narrowing = static_cast<Narrowing>(lfirst_int(cell));
        const bool of_account = narrowing == Narrowing::account || narrowing == Narrowing::accounts;
        by_account |= of_account;
        by_time |= !of_account;
    }
    List* columns = NIL;
    if (by_account) columns = lappend(columns, pstrdup("customer_acc_id"));
    if (by_time) columns = lappend(columns, pstrdup("snapshot_timestamp"));
    if (columns != NIL) ExplainPropertyList("Segments By", columns, explain);
    if (explain->analyze)
        ExplainPropertyInteger("Segments Read", nullptr, scan.segments_read, explain);
}

} // namespace

extern "C" {

PG_FUNCTION_INFO_V1(sealed_calls_handler);

// sealed_calls_handler() returns fdw_handler
Datum sealed_calls_handler(PG_FUNCTION_ARGS) {
    require_arguments(fcinfo, 0);
    FdwRoutine* routine = makeNode(FdwRoutine);
    routine->GetForeignRelSize = get_rel_size;
    routine->GetForeignPaths = get_paths;
    routine->GetForeignPlan = get_plan;
    routine->BeginForeignScan = begin_scan;
    routine->IterateForeignScan = iterate_scan;
    routine->ReScanForeignScan = rescan;
    routine->EndForeignScan = end_scan;
    routine->ExplainForeignScan = explain_scan;
    PG_RETURN_POINTER(routine);
}

} // extern "C"

} // namespace active_calls::postgres
