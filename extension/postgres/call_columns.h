// A call as the columns of `inbox`, and of `calls`: what kernel/columns.h says, in PostgreSQL's
// terms.
#pragma once

#include "boundary.h"
#include "value.h"

#include "../kernel/columns.h"

#include <string>

namespace active_calls::postgres {

// The SQL type of a column, by the type of its values.
template<class Value>
inline constexpr Oid type_of = InvalidOid;
template<>
inline constexpr Oid type_of<Instant> = TIMESTAMPTZOID;
template<>
inline constexpr Oid type_of<std::int32_t> = INT4OID;
template<>
inline constexpr Oid type_of<std::string_view> = TEXTOID;
template<>
inline constexpr Oid type_of<Inet> = INETOID;
template<>
inline constexpr Oid type_of<double> = FLOAT8OID;

// In the order of Column.
inline constexpr auto call_column_types = [] {
    std::array<Oid, column_count> types{};
    for_each_column([&](const auto& column) {
        types[static_cast<std::size_t>(column.id)] =
            type_of<typename std::decay_t<decltype(column)>::Value>;
    });
    return types;
}();

// The names of the columns, for a list in SQL.
const std::string& call_column_list();

// Values of the type of a member of Call, from what PostgreSQL has stored. Text is detoasted into
// `memory` if need be. Throws PendingError.
template<class Value>
Value from_datum(Datum value, MemoryContext memory) = delete;
template<>
inline Instant from_datum(Datum value, MemoryContext) {
    return to_instant(DatumGetTimestampTz(value));
}
template<>
inline std::int32_t from_datum(Datum value, MemoryContext) {
    return DatumGetInt32(value);
}
template<>
inline std::string_view from_datum(Datum value, MemoryContext memory) {
    return plain_text(value, memory);
}
template<>
inline Inet from_datum(Datum value, MemoryContext) {
    return to_inet(reinterpret_cast<inet*>(DatumGetPointer(value)));
}
template<>
inline double from_datum(Datum value, MemoryContext) {
    return DatumGetFloat8(value);
}

// The same, of attribute `i` of a row.
template<class Member>
Member member_of(const TupleTableSlot& slot, std::size_t i, MemoryContext memory) {
    using Value = typename MemberType<Member>::Value;
    if constexpr (MemberType<Member>::is_nullable)
        if (slot.tts_isnull[i]) return std::nullopt;
    return from_datum<Value>(slot.tts_values[i], memory);
}

// A row of call_column_list(). Throws PendingError.
Call to_call(const TupleTableSlot& slot, MemoryContext memory);

// One column of a call, allocated in the current memory context where it is of variable length.
// Text is in `encoding`, and checked. Raises, as the next one does: call them in a guarded body.
NullableDatum to_datum(const Call& call, Column column, int encoding);

// Stores these columns of a call in a slot of a row like those of `inbox`; the others are null.
void store(const Call& call, ColumnSet columns, int encoding, TupleTableSlot* slot);

} // namespace active_calls::postgres
