#include "inbox_writer.h"

#include <algorithm>
#include <span>
#include <string>

namespace active_calls::postgres {

namespace {

// One INSERT takes at most so many rows, and about so many bytes of text. This bounds the memory,
// whatever the number of calls and the length of their numbers.
constexpr std::size_t rows_per_insert = 10'000;
constexpr std::size_t text_per_insert = std::size_t{8} << 20;

// Arrays of the same length are unnested side by side in a list of targets; in FROM, each would
// become a table of its own first.
const std::string& insert_rows() {
    static const std::string statement = [] {
        std::string arrays;
        for (std::size_t i = 1; i <= column_count; ++i)
            arrays += (i == 1 ? "pg_catalog.unnest($" : ", pg_catalog.unnest($") +
                      std::to_string(i) + ")";
        return "INSERT INTO active_calls.inbox (" + call_column_list() + ") SELECT " + arrays;
    }();
    return statement;
}

// One column of the rows as an array. Raises, as all of these do: call it in a guarded body.
Datum array_of(std::span<const Call> calls, Column column, int encoding) {
    auto* values = static_cast<Datum*>(palloc(calls.size() * sizeof(Datum)));
    auto* nulls = static_cast<bool*>(palloc(calls.size() * sizeof(bool)));
    for (std::size_t i = 0; i < calls.size(); ++i) {
        const NullableDatum value = to_datum(calls[i], column, encoding);
        values[i] = value.value;
        nulls[i] = value.isnull;
    }
    const Oid type = call_column_types[static_cast<std::size_t>(column)];
    std::int16_t length = 0;
    bool by_value = false;
    char alignment = 0;
    get_typlenbyvalalign(type, &length, &by_value, &alignment);
    int size[] = {static_cast<int>(calls.size())};
    int lower_bound[] = {1};
    return PointerGetDatum(
        construct_md_array(values, nulls, 1, size, lower_bound, type, length, by_value, alignment));
}

// The statement is prepared each time. A rule may leave nothing of its plan. PostgreSQL would then
// not know that the plan depends on `inbox`, and would keep it when the rule is gone.
std::uint64_t insert_by_statement(std::span<const Call> calls, int encoding) {
    Oid types[column_count];
    Datum values[column_count];
    for (std::size_t i = 0; i < column_count; ++i) {
        types[i] = get_array_type(call_column_types[i]);
        values[i] = array_of(calls, static_cast<Column>(i), encoding);
    }
    const int result = SPI_execute_with_args(insert_rows().c_str(), column_count, types, values,
                                             nullptr, false, 0);
    if (result != SPI_OK_INSERT && result != SPI_OK_REWRITTEN) // by a rule
        elog(ERROR, "SPI_execute_with_args failed: %s", SPI_result_code_string(result));
    return result == SPI_OK_INSERT ? SPI_processed : 0;
}

// Whether an INSERT of the current user would only check the rows and write them. That is so if the
// user may insert, and the table is as this extension made it, apart from constraints and indexes.
bool needs_no_statement(Relation inbox) {
    const TupleDesc columns = RelationGetDescr(inbox);
    if (inbox->rd_rel->relkind != RELKIND_RELATION || inbox->rd_rel->relispartition ||
        inbox->rd_rel->relrowsecurity || inbox->rd_rules != nullptr || inbox->trigdesc != nullptr ||
        columns->natts != static_cast<int>(column_count) ||
        (columns->constr && columns->constr->num_defval > 0))
        return false;
    for (std::size_t i = 0; i < column_count; ++i) {
        const auto* const column = TupleDescAttr(columns, i);
        if (column->atttypid != call_column_types[i] || column->attidentity != '\0') return false;
    }
    return !XactReadOnly &&
           pg_class_aclcheck(RelationGetRelid(inbox), GetUserId(), ACL_INSERT) == ACLCHECK_OK;
}

// Fills a page at a time, as COPY does. INSERT goes row by row through a plan, and takes twice as
// long.
std::uint64_t insert_by_page(Relation inbox, std::span<const Call> calls, int encoding) {
    constexpr std::size_t most_slots = 128; // two pages of rows; making a slot is not cheap
    EState* const executor = CreateExecutorState();
    auto* const target = makeNode(ResultRelInfo);
    InitResultRelInfo(target, inbox, 0, nullptr, 0);
    ExecOpenIndices(target, false);
    const bool is_constrained = RelationGetDescr(inbox)->constr != nullptr;
    const std::size_t slot_count = std::min(most_slots, calls.size());
    auto** const slots =
        static_cast<TupleTableSlot**>(palloc(slot_count * sizeof(TupleTableSlot*)));
    for (std::size_t i = 0; i < slot_count; ++i) slots[i] = table_slot_create(inbox, nullptr);

    for (std::size_t first = 0; first < calls.size(); first += slot_count) {
        CHECK_FOR_INTERRUPTS();
        const std::span<const Call> next =
            calls.subspan(first, std::min(slot_count, calls.size() - first));
        for (std::size_t i = 0; i < next.size(); ++i) {
            store(next[i], ColumnSet::all(), encoding, slots[i]);
            if (is_constrained) ExecConstraints(target, slots[i], executor);
            ResetPerTupleExprContext(executor);
        }
        table_multi_insert(inbox, slots, static_cast<int>(next.size()), GetCurrentCommandId(true),
                           0, nullptr);
        for (std::size_t i = 0; i < next.size(); ++i) {
            insert_index_tuples(target, slots[i], executor);
            ResetPerTupleExprContext(executor);
        }
    }

    for (std::size_t i = 0; i < slot_count; ++i) ExecDropSingleTupleTableSlot(slots[i]);
    ExecCloseIndices(target);
    FreeExecutorState(executor);
    CommandCounterIncrement();
    return calls.size();
}

// Returns how many rows were written.
std::uint64_t insert(std::span<const Call> calls, int encoding) {
    CHECK_FOR_INTERRUPTS();
    const MemoryContext rows =
        AllocSetContextCreate(CurrentMemoryContext, "active_calls insert", ALLOCSET_DEFAULT_SIZES);
    const MemoryContext caller_context = MemoryContextSwitchTo(rows);
    const RangeVar* name = makeRangeVar(pstrdup("active_calls"), pstrdup("inbox"), -1);
    const Relation inbox = table_openrv(name, RowExclusiveLock);
    const std::uint64_t written = needs_no_statement(inbox) ? insert_by_page(inbox, calls, encoding)
                                                            : insert_by_statement(calls, encoding);
    table_close(inbox, NoLock);
    MemoryContextSwitchTo(caller_context);
    MemoryContextDelete(rows);
    return written;
}

} // namespace

InboxWriter::InboxWriter(MemoryContext memory, int encoding)
    : encoding_(encoding)
    , memory_(memory)
    , calls_(&memory_)
    , text_(&memory_) {
    calls_.reserve(rows_per_insert);
}

void InboxWriter::add(Call call) {
    for_each_column([&](const auto& column) {
        if constexpr (is_text<typename std::decay_t<decltype(column)>::Value>)
            call.*column.member = keep(call.*column.member);
    });
    calls_.push_back(call);
    if (calls_.size() == rows_per_insert || text_bytes_ >= text_per_insert) flush();
}

std::uint64_t InboxWriter::finish() {
    flush();
    return written_;
}

void InboxWriter::flush() {
    if (calls_.empty()) return;
    // So that neighbours go to the same page of the index, and an account's calls lie together.
    std::ranges::stable_sort(calls_, {}, &Call::account_id);
    const std::span<const Call> calls = calls_;
    written_ += guarded([&, encoding = encoding_] { return insert(calls, encoding); });
    calls_.clear();
    text_.release();
    text_bytes_ = 0;
}

std::optional<std::string_view> InboxWriter::keep(std::optional<std::string_view> text) {
    if (!text) return text;
    auto* kept = static_cast<char*>(text_.allocate(text->size(), 1));
    std::memcpy(kept, text->data(), text->size());
    text_bytes_ += text->size();
    return std::string_view(kept, text->size());
}

} // namespace active_calls::postgres
