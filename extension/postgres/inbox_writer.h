// Writes calls to `inbox`.
#pragma once

#include "boundary.h"
#include "call_columns.h"

#include "../kernel/call.h"

#include <vector>

namespace active_calls::postgres {

// Calls that wait to be written, as an INSERT of the current user would. The caller is connected to
// SPI. Throws PendingError.
class InboxWriter {
public:
    // Text of calls is in `encoding`.
    InboxWriter(MemoryContext memory, int encoding);

    void add(Call call);
    // To be called last. Returns how many rows were written in all: fewer than calls, where a
    // trigger or a rule of the operator's takes some away.
    std::uint64_t finish();

private:
    void flush();
    std::optional<std::string_view> keep(std::optional<std::string_view> text);

    int encoding_;
    MemoryContextResource memory_;
    std::pmr::vector<Call> calls_;
    std::pmr::monotonic_buffer_resource text_;
    std::size_t text_bytes_ = 0;
    std::uint64_t written_ = 0;
};

} // namespace active_calls::postgres
