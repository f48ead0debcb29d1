// Reads a segment whose every byte may be damaged although its checksums are right. It is either
// read or refused, as corrupted data or as that of a later version; nothing else may happen.
#include "segment_check.h"
#include "segment_parts.h"

#include <algorithm>
#include <cstdlib>
#include <limits>

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size);

namespace {

using namespace active_calls;

// More rows make a run slow and reach no other code.
constexpr std::size_t max_rows = 10'000;

template<class Read>
void read_or_refuse(Read&& read) {
    try {
        read();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::corrupted_data && error.kind() != ErrorKind::newer_data)
            std::abort();
    }
}

TextFilter any_text(const char* part) {
    return {.eq = {}, .starts_with = part, .ends_with = part, .contains = part};
}

// One for each column, and each kind of filter at least once.
std::vector<CallFilter> filters() {
    std::vector<CallFilter> filters(9);
    filters[1].src_country_id.eq = 1;
    filters[2].dst_country_id.eq = 1;
    filters[3].src_prefix_routing = any_text("1");
    filters[4].dst_prefix_routing = any_text("");
    filters[5].auth_orig_ip.eq = Address::parse("10.0.0.1");
    filters[6].duration.gt = 60;
    filters[7].duration.lt = 0;
    filters[7].customer_price.gt = 0;
    filters[8].src_country_id.eq = 1;
    filters[8].customer_price.lt = 1;
    return filters;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const SegmentParts parts = SegmentParts::from_bytes({data, size});
    StoredSegment stored(parts.to_segment());
    read_or_refuse([&] {
        const OpenSegment opened = stored.open();
        if (opened.header.row_count > max_rows) return;

        CallList calls;
        read_or_refuse([&] { calls = decoded(stored); });
        BytesAsChoices choices(parts.question);
        const Window window = random_window(choices, calls.calls());
        const CallFilter filter = random_filter(choices, calls.calls());
        read_or_refuse([&] { decoded(stored, window); });
        const auto count = [&](const Window& window, const CallFilter& filter) {
            SnapshotCounts counts;
            static_cast<void>(may_hold(opened.header, window, filter));
            read_or_refuse([&] { count_segment(opened, window, filter, counts); });
        };
        count(window, filter);
        static const std::vector<CallFilter> fixed_filters = filters();
        for (const CallFilter& fixed : fixed_filters) count(all_time, fixed);
    });
    return 0;
}

// Puts, in place of a byte, a varint that chance does not come upon.
static void replace_by_large_number(std::vector<std::uint8_t>& part, Choices& choices) {
    constexpr auto min = std::numeric_limits<std::int64_t>::min();
    constexpr auto max = std::numeric_limits<std::int64_t>::max();
    ByteWriter number(std::pmr::get_default_resource());
    number.signed_varint(choices.any_of<std::int64_t>({min, max, max / 2, -1, full_segment_rows}));
    const auto place =
        part.erase(part.begin() + static_cast<std::ptrdiff_t>(choices.below(part.size())));
    part.insert(place, number.written().begin(), number.written().end());
}

// Changes one part and leaves the others as they are: else a byte more in one would shift all that
// follow.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
    SegmentParts parts = SegmentParts::from_bytes({data, size});
    RandomChoices choices(seed);
    std::vector<std::uint8_t>& part = *parts.all()[choices.below(SegmentParts::count)];
    if (!part.empty() && choices.one_in(8)) {
        replace_by_large_number(part, choices);
    } else {
        const std::size_t old_size = part.size();
        part.resize(old_size + 16);
        part.resize(LLVMFuzzerMutate(part.data(), old_size, part.size()));
    }
    const std::vector<std::uint8_t> bytes = parts.to_bytes();
    const std::size_t new_size = std::min(bytes.size(), max_size);
    std::copy_n(bytes.begin(), new_size, data);
    return new_size;
}
