// The switch's feed: JSONEachRow text, one call of one snapshot a line, read into calls.
#pragma once

#include "call.h"

#include <cstddef>
#include <functional>
#include <string_view>

namespace active_calls {

struct FeedCounts {
    std::size_t accepted = 0;
    std::size_t unowned = 0; // rows without customer_acc_id: calls that no customer owns
};

// Reads UTF-8 text, a JSON object a line, blank lines ignored, and hands every owned call to
// `accept`; its text is borrowed until `accept` returns.
//
// Fields read: snapshot_timestamp, connect_time, end_time (`YYYY-MM-DD hh:mm:ss`, UTC),
// customer_acc_id, src_country_id, dst_country_id, src_prefix_routing, dst_prefix_routing,
// duration, auth_orig_ip, customer_price, destination_fee, destination_initial_rate,
// destination_next_rate, destination_initial_interval, destination_next_interval. Numbers may be
// quoted. Other fields are ignored. A duration or price that is absent is computed: a call is
// connected when it has a connect_time, or a duration above 0.
//
// `before_line` is called for every line, owned or not, so that its caller can stop a long batch by
// throwing. Throws Error (malformed_input) that names the line, counted from 1, and the field.
FeedCounts read_feed(
    std::string_view text, const std::function<void(const Call&)>& accept,
    const std::function<void()>& before_line = [] {});

} // namespace active_calls
