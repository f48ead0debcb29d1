#include "segment_builder.h"

#include "../read/segment_rows.h"
#include "../values/dial_string.h"
#include "segment_encoder.h"

#include "../../interrupts.h"

#include <algorithm>
#include <utility>

namespace active_calls {

namespace {

constexpr std::uint8_t null_value = 0xFF;
constexpr std::uint8_t in_pool = 0xFE;
constexpr std::uint8_t number_itself = 0xFD;

} // namespace

SegmentBuilder::Form SegmentBuilder::keep(std::string_view text, std::uint64_t& number) {
    if (const auto word = to_dial_word(text)) {
        number = *word;
        return static_cast<Form>(text.size());
    }
    number = intern(values_, text);
    return in_pool;
}

SegmentBuilder::Form SegmentBuilder::keep(std::int32_t value, std::uint32_t& number) {
    number = static_cast<std::uint32_t>(value);
    return number_itself;
}

SegmentBuilder::Form SegmentBuilder::keep(const Inet& inet, std::uint32_t& number) {
    number = intern(values_, inet);
    return in_pool;
}

void SegmentBuilder::add(const Call& call) {
    Row& row = rows_.emplace_back();
    row.snapshot = call.snapshot;
    row.customer_price = call.customer_price;
    row.duration = call.duration;
    for_each_number(row, [&](const auto& column, auto& number, Form& form) {
        const auto& value = call.*column.member;
        form = value ? keep(*value, number) : null_value;
    });
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
    std::array<std::array<char, max_dial_length>, text_count> dialled{};
    for (const Row& row : std::span(rows_).subspan(first, count)) {
        Call call;
        call.snapshot = row.snapshot;
        call.customer_price = row.customer_price;
        call.duration = row.duration;
        auto text = dialled.begin();
        for_each_number(row, [&](const auto& column, const auto& number, Form form) {
            using Value = typename std::decay_t<decltype(column)>::Value;
            if (form == null_value) return;
            auto& value = call.*column.member;
            if constexpr (std::is_integral_v<Value>)
                value = static_cast<Value>(number);
            else if (form == in_pool)
                value = value_of<Value>(values_[static_cast<ValuePool::Id>(number)]);
            if constexpr (is_text<Value>) {
                if (form == in_pool) return;
                from_dial_word(number, form, text->data());
                value = std::string_view(text->data(), form);
                ++text;
            }
        });
        encoder.add(call);
    }
    return encoder.encode(memory);
}

} // namespace active_calls
