#include "segment_builder.h"

#include "../read/segment_rows.h"
#include "../values/dial_string.h"
#include "segment_encoder.h"

#include "../../interrupts.h"

#include <algorithm>
#include <utility>

namespace active_calls {

namespace {

constexpr std::uint8_t null_text = 0xFF;
constexpr std::uint8_t plain_text = 0xFE;
constexpr ValuePool::Id null_address = ~ValuePool::Id{0};

} // namespace

void SegmentBuilder::keep(const std::optional<std::string_view>& text, std::uint64_t& value,
                          TextForm& form) {
    value = 0;
    form = null_text;
    if (!text) return;
    if (const auto word = to_dial_word(*text)) {
        value = *word;
        form = static_cast<TextForm>(text->size());
    } else {
        value = values_.intern(*text);
        form = plain_text;
    }
}

std::optional<std::string_view> SegmentBuilder::text(std::uint64_t value, TextForm form,
                                                     char* dialled) const {
    if (form == null_text) return std::nullopt;
    if (form == plain_text) return values_[static_cast<ValuePool::Id>(value)];
    from_dial_word(value, form, dialled);
    return std::string_view(dialled, form);
}

void SegmentBuilder::add(const Call& call) {
    Row& row = rows_.emplace_back();
    row.snapshot = call.snapshot;
    row.customer_price = call.customer_price;
    row.duration = call.duration;
    row.has_src_country_id = call.src_country_id.has_value();
    row.has_dst_country_id = call.dst_country_id.has_value();
    row.src_country_id = call.src_country_id.value_or(0);
    row.dst_country_id = call.dst_country_id.value_or(0);
    keep(call.src_prefix_routing, row.src_prefix_routing, row.src_form);
    keep(call.dst_prefix_routing, row.dst_prefix_routing, row.dst_form);
    row.auth_orig_ip =
        call.auth_orig_ip ? values_.intern(InetBytes(*call.auth_orig_ip).view()) : null_address;
}

void SegmentBuilder::pack() {
    if (rows_.empty()) return;
    sort_rows();
    for (std::size_t first = 0; first < rows_.size(); first += full_segment_rows) {
        packed_.push_back(encode(first, std::min(full_segment_rows, rows_.size() - first),
                                 std::pmr::get_default_resource()));
        packed_bytes_ += packed_.back().bytes();
    }
    packed_calls_ += rows_.size();
    // By swapping: assigning what is empty would keep the memory.
    std::vector<Row> no_rows;
    std::swap(rows_, no_rows);
    ValuePool no_values;
    std::swap(values_, no_values);
}

void SegmentBuilder::unpack() {
    for (const Segment& segment : std::exchange(packed_, {})) {
        SegmentBytes bytes(segment);
        for_each_row(open_segment(segment.header, bytes, std::pmr::get_default_resource()),
                     all_time, ColumnSet::all(), [&](const Call& call) { add(call); });
    }
    packed_calls_ = 0;
    packed_bytes_ = 0;
}

void SegmentBuilder::sort() {
    unpack();
    sort_rows();
}

void SegmentBuilder::sort_rows() {
    if (!std::ranges::is_sorted(rows_, InterruptibleLess{}, &Row::snapshot))
        std::ranges::stable_sort(rows_, InterruptibleLess{}, &Row::snapshot);
}

std::size_t SegmentBuilder::count_before(Instant t) const {
    return static_cast<std::size_t>(std::ranges::lower_bound(rows_, t, {}, &Row::snapshot) -
                                    rows_.begin());
}

Segment SegmentBuilder::encode(std::size_t first, std::size_t count,
                               std::pmr::memory_resource* memory) const {
    SegmentEncoder encoder(account_id_, count);
    std::array<char, max_dial_length> src{};
    std::array<char, max_dial_length> dst{};
    for (const Row& row : std::span(rows_).subspan(first, count)) {
        Call call;
        call.snapshot = row.snapshot;
        call.customer_price = row.customer_price;
        call.duration = row.duration;
        if (row.has_src_country_id) call.src_country_id = row.src_country_id;
        if (row.has_dst_country_id) call.dst_country_id = row.dst_country_id;
        call.src_prefix_routing = text(row.src_prefix_routing, row.src_form, src.data());
        call.dst_prefix_routing = text(row.dst_prefix_routing, row.dst_form, dst.data());
        if (row.auth_orig_ip != null_address)
            call.auth_orig_ip = InetBytes::inet_of(values_[row.auth_orig_ip]);
        encoder.add(call);
    }
    return encoder.encode(memory);
}

} // namespace active_calls
