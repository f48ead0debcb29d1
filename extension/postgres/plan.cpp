#include "plan.h"

namespace active_calls::postgres {

SPIPlanPtr Plan::prepare(const char* query, std::initializer_list<Oid> parameter_types) {
    SPIPlanPtr plan = SPI_prepare(query, static_cast<int>(parameter_types.size()),
                                  const_cast<Oid*>(parameter_types.begin()));
    if (plan == nullptr) elog(ERROR, "SPI_prepare failed: %s", SPI_result_code_string(SPI_result));
    if (SPI_keepplan(plan) != 0) elog(ERROR, "SPI_keepplan failed");
    return plan;
}

namespace {

int execute(SPIPlanPtr plan, std::initializer_list<NullableDatum> parameters,
            DestReceiver* receiver, bool read_only) {
    ParamListInfo list = makeParamList(static_cast<int>(parameters.size()));
    for (int i = 0; const NullableDatum& parameter : parameters) {
        list->params[i] = {.value = parameter.value,
                           .isnull = parameter.isnull,
                           .pflags = PARAM_FLAG_CONST,
                           .ptype = SPI_getargtypeid(plan, i)};
        ++i;
    }
    SPIExecuteOptions options{};
    options.params = list;
    options.read_only = read_only;
    options.dest = receiver;
    const int result = SPI_execute_plan_extended(plan, &options);
    pfree(list);
    if (result < 0) elog(ERROR, "SPI_execute_plan failed: %s", SPI_result_code_string(result));
    return result;
}

} // namespace

void execute_query(SPIPlanPtr plan, std::initializer_list<NullableDatum> parameters,
                   DestReceiver* receiver) {
    if (execute(plan, parameters, receiver, true) != SPI_OK_SELECT)
        elog(ERROR, "a query that only reads was rewritten to something else");
}

std::uint64_t execute_command(SPIPlanPtr plan, std::initializer_list<NullableDatum> parameters,
                              DestReceiver* receiver) {
    execute(plan, parameters, receiver, false);
    return SPI_processed;
}

} // namespace active_calls::postgres
