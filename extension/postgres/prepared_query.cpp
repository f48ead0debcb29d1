#include "prepared_query.h"

namespace active_calls::postgres {

MemoryContext RowMemory::kept = nullptr;
bool RowMemory::is_taken = false;

RowMemory::RowMemory()
    : is_kept_(!is_taken)
    , context_(guarded([this] {
        if (!is_kept_)
            return AllocSetContextCreate(CurrentMemoryContext, "active_calls row",
                                         ALLOCSET_SMALL_SIZES);
        // The kind of context that gives out large pieces of its first block, too, which it keeps.
        constexpr Size kept_bytes = Size{2} << 20, largest_block = Size{8} << 20;
        if (kept == nullptr)
            kept = GenerationContextCreate(TopMemoryContext, "active_calls rows", kept_bytes,
                                           kept_bytes, largest_block);
        return kept;
    })) {
    if (is_kept_) is_taken = true;
}

RowMemory::~RowMemory() {
    if (!is_kept_) return;
    MemoryContextReset(kept); // raises nothing: no callback is registered there
    is_taken = false;
}

SPIPlanPtr PreparedQuery::prepare() const {
    SPIPlanPtr plan = SPI_prepare(text_.c_str(), static_cast<int>(parameter_types_.size()),
                                  const_cast<Oid*>(parameter_types_.data()));
    if (plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
    if (SPI_keepplan(plan) != 0) elog(ERROR, "SPI_keepplan failed");
    return plan;
}

std::uint64_t PreparedQuery::execute(SPIPlanPtr plan, std::span<const NullableDatum> parameters,
                                     DestReceiver* receiver) const {
    ParamListInfo list = makeParamList(static_cast<int>(parameters.size()));
    for (std::size_t i = 0; i < parameters.size(); ++i)
        list->params[i] = {.value = parameters[i].value,
                           .isnull = parameters[i].isnull,
                           .pflags = PARAM_FLAG_CONST,
                           .ptype = parameter_types_[i]};
    SPIExecuteOptions options{};
    options.params = list;
    options.read_only = text_.starts_with("SELECT");
    options.dest = receiver;
    const int result = SPI_execute_plan_extended(plan, &options);
    pfree(list);
    if (result < 0) elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
    return SPI_processed;
}

} // namespace active_calls::postgres
