#include "series_scan.h"

#include "value.h"

#include <algorithm>
#include <cinttypes>
#include <cstring>

namespace active_calls::postgres {

extern "C" {
PG_FUNCTION_INFO_V1(series_support);
}

namespace {

constexpr const char* sink_name = "active_calls.PointSink";

// All that is below is called by PostgreSQL's own C, and calls it: nothing here owns anything.

// ---- Planning

set_rel_pathlist_hook_type next_pathlist_hook = nullptr;

bool is_series_function(Oid function) {
    const Oid support = get_func_support(function);
    if (!OidIsValid(support)) return false;
    FmgrInfo info;
    fmgr_info(support, &info);
    return info.fn_addr == series_support;
}

// The call of a series function that the relation consists of, or null.
FuncExpr* series_call(const RelOptInfo* rel, const RangeTblEntry* entry) {
    if (rel->reloptkind != RELOPT_BASEREL || entry->rtekind != RTE_FUNCTION ||
        entry->funcordinality || list_length(entry->functions) != 1)
        return nullptr;
    Node* call = linitial_node(RangeTblFunction, entry->functions)->funcexpr;
    if (call == nullptr || !IsA(call, FuncExpr)) return nullptr;
    auto* function = reinterpret_cast<FuncExpr*>(call);
    return is_series_function(function->funcid) ? function : nullptr;
}

// Whether the query uses a row of the relation as one value, which the scan does not have.
bool uses_whole_row(const RelOptInfo* rel, const ParamPathInfo* parameters) {
    Bitmapset* used = nullptr;
    pull_varattnos(reinterpret_cast<Node*>(rel->reltarget->exprs), rel->relid, &used);
    pull_varattnos(reinterpret_cast<Node*>(extract_actual_clauses(rel->baserestrictinfo, false)),
                   rel->relid, &used);
    if (parameters != nullptr)
        pull_varattnos(
            reinterpret_cast<Node*>(extract_actual_clauses(parameters->ppi_clauses, false)),
            rel->relid, &used);
    return bms_is_member(0 - FirstLowInvalidHeapAttributeNumber, used);
}

Plan* plan_scan(PlannerInfo* root, RelOptInfo* rel, CustomPath* path, List* target, List* clauses,
                List* children);
Node* create_state(CustomScan* plan);
void begin_scan(CustomScanState* node, EState* estate, int flags);
TupleTableSlot* execute_scan(CustomScanState* node);
void end_scan(CustomScanState* node);
void rescan(CustomScanState* node);
void explain_scan(CustomScanState* node, List* ancestors, ExplainState* explain);

constexpr const char* scan_name = "Active Calls Series";

constexpr CustomPathMethods path_methods = [] {
    CustomPathMethods methods{};
    methods.CustomName = scan_name;
    methods.PlanCustomPath = plan_scan;
    return methods;
}();
constexpr CustomScanMethods scan_methods{scan_name, create_state};
constexpr CustomExecMethods execution_methods = [] {
    CustomExecMethods methods{};
    methods.CustomName = scan_name;
    methods.BeginCustomScan = begin_scan;
    methods.ExecCustomScan = execute_scan;
    methods.EndCustomScan = end_scan;
    methods.ReScanCustomScan = rescan;
    methods.ExplainCustomScan = explain_scan;
    return methods;
}();

// Replaces the relation's one path, which is PostgreSQL's own, by ours. Only the place where the
// rows are kept is another.
void use_series_scan(PlannerInfo* root, RelOptInfo* rel, Index index, RangeTblEntry* entry) {
    if (next_pathlist_hook != nullptr) next_pathlist_hook(root, rel, index, entry);
    if (list_length(rel->pathlist) != 1) return;
    const auto* replaced = static_cast<Path*>(linitial(rel->pathlist));
    if (replaced->pathtype != T_FunctionScan || series_call(rel, entry) == nullptr ||
        uses_whole_row(rel, replaced->param_info))
        return;

    CustomPath* path = makeNode(CustomPath);
    path->path = *replaced;
    path->path.type = T_CustomPath;
    path->path.pathtype = T_CustomScan;
    path->flags = CUSTOMPATH_SUPPORT_BACKWARD_SCAN | CUSTOMPATH_SUPPORT_PROJECTION;
    path->methods = &path_methods;
    rel->pathlist = list_make1(path);
}

// The plan's one expression is the whole call, so that PostgreSQL plans anew when the function is
// replaced.
Plan* plan_scan(PlannerInfo* root, RelOptInfo* rel, CustomPath* path, List* target, List* clauses,
                List* children) {
    (void)children;
    FuncExpr* call = series_call(rel, planner_rt_fetch(rel->relid, root));
    CustomScan* plan = makeNode(CustomScan);
    plan->scan.plan.targetlist = target;
    plan->scan.plan.qual = extract_actual_clauses(clauses, false);
    plan->flags = path->flags;
    plan->custom_exprs = list_make1(copyObjectImpl(call));
    const auto column = [&](AttrNumber number, Oid type) {
        Var* var = makeVar(static_cast<int>(rel->relid), number, type, -1, InvalidOid, 0);
        return makeTargetEntry(reinterpret_cast<Expr*>(var), number, nullptr, false);
    };
    plan->custom_scan_tlist = list_make2(column(1, TIMESTAMPTZOID), column(2, INT4OID));
    plan->methods = &scan_methods;
    return &plan->scan.plan;
}

// ---- Execution

struct SeriesScan {
    CustomScanState node;      // first: PostgreSQL knows this part alone
    List* arguments;           // as expressions to evaluate
    Bitmapset* parameters;     // that they depend on
    bool may_depend_on_others; // on parameters that are not known
    const char* function_name; // at the beginning: auto_explain asks when it may be dropped
    FmgrInfo function;
    FunctionCallInfo call;
    PointSink sink; // its memory holds the arguments too
    bool is_counted;
    // The number of the point that was handed out last, from 1 on. It is 0 before the first point,
    // and one more than the number of points after the last one.
    std::size_t position;
};

Node* create_state(CustomScan* plan) {
    (void)plan;
    auto* scan = static_cast<SeriesScan*>(palloc0(sizeof(SeriesScan)));
    scan->node.ss.ps.type = T_CustomScanState;
    scan->node.methods = &execution_methods;
    return reinterpret_cast<Node*>(scan);
}

void require_permission(Oid function) {
    const AclResult result = permission_to_execute(function);
    if (result != ACLCHECK_OK) aclcheck_error(result, OBJECT_FUNCTION, get_func_name(function));
    InvokeFunctionExecuteHook(function);
}

void begin_scan(CustomScanState* node, EState* estate, int flags) {
    (void)flags;
    auto& scan = *reinterpret_cast<SeriesScan*>(node);
    auto* plan = reinterpret_cast<CustomScan*>(node->ss.ps.plan);
    auto* call = linitial_node(FuncExpr, plan->custom_exprs);
    require_permission(call->funcid);

    const int argument_count = list_length(call->args);
    scan.arguments = ExecInitExprList(call->args, &node->ss.ps);
    scan.parameters = pull_paramids(&call->xpr);
    scan.may_depend_on_others = contain_subplans(reinterpret_cast<Node*>(call));
    scan.function_name = get_func_name(call->funcid);
    fmgr_info_cxt(call->funcid, &scan.function, estate->es_query_cxt);
    scan.call = static_cast<FunctionCallInfo>(
        palloc0(SizeForFunctionCallInfo(static_cast<std::size_t>(argument_count))));
    scan.sink.node = {T_ExtensibleNode, sink_name};
    scan.sink.memory =
        AllocSetContextCreate(CurrentMemoryContext, "active_calls series", ALLOCSET_DEFAULT_SIZES);
    InitFunctionCallInfoData(*scan.call, &scan.function, static_cast<short>(argument_count),
                             call->inputcollid, nullptr, reinterpret_cast<fmNodePtr>(&scan.sink));
}

void count_series(SeriesScan& scan) {
    MemoryContextReset(scan.sink.memory);
    const MemoryContext caller_context = MemoryContextSwitchTo(scan.sink.memory);
    ListCell* cell = nullptr;
    foreach (cell, scan.arguments) {
        NullableDatum& argument = scan.call->args[foreach_current_index(cell)];
        argument.value = ExecEvalExpr(static_cast<ExprState*>(lfirst(cell)),
                                      scan.node.ss.ps.ps_ExprContext, &argument.isnull);
    }
    PgStat_FunctionCallUsage usage;
    pgstat_init_function_usage(scan.call, &usage);
    scan.call->isnull = false;
    FunctionCallInvoke(scan.call);
    pgstat_end_function_usage(&usage, true);
    MemoryContextSwitchTo(caller_context);
    scan.is_counted = true;
}

TupleTableSlot* next_point(ScanState* node) {
    auto& scan = *reinterpret_cast<SeriesScan*>(node);
    if (!scan.is_counted) count_series(scan);
    TupleTableSlot* slot = node->ss_ScanTupleSlot;
    ExecClearTuple(slot);
    if (ScanDirectionIsForward(node->ps.state->es_direction)) {
        if (scan.position <= scan.sink.size) ++scan.position;
    } else if (scan.position > 0) {
        --scan.position;
    }
    if (scan.position == 0 || scan.position > scan.sink.size) return slot;
    const Point& point = scan.sink.points[scan.position - 1];
    slot->tts_values[0] = TimestampTzGetDatum(to_timestamptz(point.t));
    slot->tts_values[1] = Int32GetDatum(point.calls);
    slot->tts_isnull[0] = slot->tts_isnull[1] = false;
    return ExecStoreVirtualTuple(slot);
}

// No query locks rows of a series. When a query checks a locked row again, as another transaction
// has left it, the series stands there like a subquery, and its points are fetched as usual. Older
// minor releases of PostgreSQL fetch them through this function.
bool recheck(ScanState* node, TupleTableSlot* slot) {
    (void)slot; // it is the node's own
    return !TupIsNull(next_point(node));
}

TupleTableSlot* execute_scan(CustomScanState* node) {
    return ExecScan(&node->ss, next_point, recheck);
}

// Within a query the same arguments give the same series. So a rescan counts again only if a
// parameter on which the arguments depend has changed.
void rescan(CustomScanState* node) {
    auto& scan = *reinterpret_cast<SeriesScan*>(node);
    ExecScanReScan(&node->ss);
    scan.position = 0;
    const Bitmapset* changed = node->ss.ps.chgParam;
    if (bms_overlap(changed, scan.parameters) || (scan.may_depend_on_others && changed != nullptr))
        scan.is_counted = false;
}

void end_scan(CustomScanState* node) {
    MemoryContextDelete(reinterpret_cast<SeriesScan*>(node)->sink.memory);
}

void explain_scan(CustomScanState* node, List* ancestors, ExplainState* explain) {
    (void)ancestors;
    const auto& scan = *reinterpret_cast<SeriesScan*>(node);
    ExplainPropertyText("Function", scan.function_name, explain);
    if (!explain->analyze) return;
    const auto show = [&](const char* name, const char* unit, std::uint64_t number) {
        ExplainPropertyUInteger(name, unit, number, explain);
    };
    const ScanCost& cost = scan.sink.cost;
    show("Segments Read", nullptr, cost.segments - cost.segments_skipped);
    show("Segments Skipped", nullptr, cost.segments_skipped);
    show("Detoasted", "bytes", cost.bytes_detoasted);
    show("Inbox Rows", nullptr, cost.inbox_rows);
}

// Estimates how many points a call's series has: one for each minute of a window that is known.
double estimate_points(PlannerInfo* root, const FuncExpr* call) {
    constexpr double default_points = 1000;
    TimestampTz bounds[2];
    int found = 0;
    ListCell* cell = nullptr;
    foreach (cell, call->args) { // from_time and to_time are the first two times
        if (exprType(static_cast<Node*>(lfirst(cell))) != TIMESTAMPTZOID) continue;
        Node* known = estimate_expression_value(root, static_cast<Node*>(lfirst(cell)));
        if (!IsA(known, Const)) return default_points;
        const auto* value = reinterpret_cast<Const*>(known);
        bounds[found++] =
            value->constisnull ? GetCurrentTimestamp() : DatumGetTimestampTz(value->constvalue);
        if (found == 2) break;
    }
    if (found < 2 || TIMESTAMP_NOT_FINITE(bounds[0]) || TIMESTAMP_NOT_FINITE(bounds[1]))
        return default_points;
    const double minutes = (static_cast<double>(bounds[1]) - static_cast<double>(bounds[0])) /
                           static_cast<double>(USECS_PER_MINUTE);
    return std::max(1.0, minutes + 1);
}

} // namespace

void PointSink::fill(std::span<const Point> counted, const Grid& grid) {
    const std::size_t most = std::max<std::size_t>(1, counted.size() + grid.size);
    points = guarded([&, context = memory] {
        return static_cast<Point*>(MemoryContextAllocHuge(context, most * sizeof(Point)));
    });
    size = 0;
    merge_with_grid(counted, grid, [&](Point point) { points[size++] = point; });
}

PointSink* point_sink(FunctionCallInfo fcinfo) {
    auto* node = reinterpret_cast<Node*>(fcinfo->resultinfo);
    if (node == nullptr || !IsA(node, ExtensibleNode) ||
        std::strcmp(reinterpret_cast<ExtensibleNode*>(node)->extnodename, sink_name) != 0)
        return nullptr;
    return reinterpret_cast<PointSink*>(node);
}

void install_series_scan() {
    RegisterCustomScanMethods(&scan_methods);
    next_pathlist_hook = set_rel_pathlist_hook;
    set_rel_pathlist_hook = use_series_scan;
}

extern "C" {

// series_support(internal) returns internal: tells the planner about how many points a series has.
// When the planner asks, PostgreSQL loads this library, and with it the scan, in time.
Datum series_support(PG_FUNCTION_ARGS) {
    require_arguments(fcinfo, 1);
    auto* request = reinterpret_cast<Node*>(PG_GETARG_POINTER(0));
    if (!IsA(request, SupportRequestRows)) PG_RETURN_POINTER(nullptr);
    auto* asked = reinterpret_cast<SupportRequestRows*>(request);
    if (asked->node == nullptr || !IsA(asked->node, FuncExpr)) PG_RETURN_POINTER(nullptr);
    asked->rows = estimate_points(asked->root, reinterpret_cast<FuncExpr*>(asked->node));
    PG_RETURN_POINTER(request);
}

} // extern "C"

} // namespace active_calls::postgres
