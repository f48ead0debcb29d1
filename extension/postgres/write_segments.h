// Table `segment`: who may change it, and how segments come into it and grow.
#pragma once

#include "prepared_query.h"
#include "stored_segment.h"

#include "../kernel/segment/encode/segment_builder.h"

namespace active_calls::postgres {

// One transaction at a time changes segments (seal, unseal, drop_before), until it ends.
// `command` is the SQL function, which a replica refuses by name. Both throw PendingError.
bool try_lock_segments();
void lock_segments(const char* command);

// Calls of one account that are to become segments. A segment is bounded in rows and in text, so
// that it takes little memory to make it and to read it.
class AccountBuilder : public SegmentBuilder {
public:
    using SegmentBuilder::SegmentBuilder;

    void add(const Call& call) {
        SegmentBuilder::add(call);
        for_each_attribute([&](const auto& column, std::size_t) {
            if constexpr (is_text<typename std::decay_t<decltype(column)>::Value>)
                text_bytes_ += (call.*column.member).value_or("").size();
        });
    }
    bool has_much_text() const { return text_bytes_ >= full_segment_text; }
    bool fills_segment() const { return size() >= full_segment_rows || has_much_text(); }

private:
    // A segment is full when the texts of its rows have so many bytes. A text that several rows
    // share counts once for each of them, since reading the rows repeats it.
    static constexpr std::size_t full_segment_text = std::size_t{4} << 20;

    std::size_t text_bytes_ = 0;
};

// Writes rows `first` to `first + count` of a sorted builder as segments. If the last one is not
// full, later seals may add to it.
void store_segments(const AccountBuilder& builder, std::size_t first, std::size_t count);

// Writes all rows of the builder, together with those of the account's segments that are to grow.
//
// Segments that are not full grow in geometric steps: rows take in a segment that is at most twice
// as many. So an account has few segments that are not full, each at most half of the one before,
// and a row is rewritten a few times until its segment is full, not once with each seal.
//
// Late rows, from before the end of the account's last full segment, grow segments among
// themselves, so that they do not stretch the time that all others cover.
void grow_segments(AccountBuilder& builder);

} // namespace active_calls::postgres
