#include "stored_segment.h"

namespace active_calls::postgres {

const std::string& segment_columns() {
    static const std::string list = [] {
        std::string names = "customer_acc_id, first_snapshot, last_snapshot, row_count, run_count,"
                            " is_full, header";
        for (std::size_t i = 0; i < vector_count; ++i)
            names.append(", ").append(name_of(static_cast<Vector>(i)));
        return names;
    }();
    return list;
}

StoredSegment::StoredSegment(const Datum* values, const bool* nulls, MemoryContext memory)
    : values_(values)
    , nulls_(nulls)
    , context_(memory)
    , memory_(memory)
    , id_(DatumGetInt64(values[segment_id]))
    , account_id_(DatumGetInt32(values[segment_customer_acc_id])) {
    named([&] {
        open_.emplace(open_segment(plain_bytes(segment_header), *this, &memory_));
        check_columns();
    });
}

ByteSpan StoredSegment::plain_bytes(int column) {
    if (nulls_[column]) damaged("it is null");
    const auto* stored = reinterpret_cast<const varlena*>(DatumGetPointer(values_[column]));
    const varlena* plain = plain_varlena(values_[column], context_);
    const auto size = static_cast<std::size_t>(VARSIZE_ANY_EXHDR(plain));
    if (VARATT_IS_EXTERNAL(stored)) bytes_detoasted_ += size;
    return {reinterpret_cast<const std::uint8_t*>(VARDATA_ANY(plain)), size};
}

ByteSpan StoredSegment::fetch(Vector vector) {
    return plain_bytes(segment_first_vector + static_cast<int>(vector));
}

// The plain columns repeat what the header says, so that SQL can find segments.
void StoredSegment::check_columns() const {
    const Timeline& timeline = header().timeline;
    const auto count = [&](int column) {
        return static_cast<std::size_t>(DatumGetInt32(values_[column]));
    };
    if (header().account_id != account_id_ ||
        timeline[0] != to_instant(DatumGetTimestampTz(values_[segment_first_snapshot])) ||
        timeline[timeline.size() - 1] !=
            to_instant(DatumGetTimestampTz(values_[segment_last_snapshot])) ||
        header().row_count != count(segment_row_count) ||
        header().run_count != count(segment_run_count))
        damaged("header: it is not that of the row's other columns");
}

Error StoredSegment::damaged_segment(const std::string& how) const {
    return {
        ErrorKind::corrupted_data,
        "segment " + std::to_string(id_) + " of account " + std::to_string(account_id_) +
            " is damaged: " + how,
        "Look again from a new session: this one may be older than an upgrade of the extension. If "
        "the segment is damaged there too, restore table active_calls.segment from a backup, or "
        "give up the segment's calls: delete its row."};
}

} // namespace active_calls::postgres
