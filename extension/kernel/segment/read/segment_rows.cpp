#include "segment_rows.h"

#include "../values/dictionary.h"
#include "run_blocks.h"

#include "../../interrupts.h"

#include <algorithm>
#include <string>

namespace active_calls {

namespace {

// An attribute, or the prices, decoded: the value of each code, and the codes.
template<class Value>
class Values {
public:
    // From where the codes of `size` runs or rows begin in the vector.
    template<class Dictionary>
    Values(Dictionary, Vector vector, ByteReader reader, std::size_t size,
           std::pmr::memory_resource* memory)
        : vector_(vector)
        , values_(memory)
        , text_(memory) {
        reading(name_of(vector), [&] {
            Codes codes = open_codes(reader, size);
            values_.reserve(codes.size());
            Dictionary::read(codes.dictionary, codes.values,
                             [&](const auto& value) { values_.push_back(keep(value)); });
            if constexpr (std::is_same_v<Value, double>) {
                if (codes.has_null) damaged("a price in it is null");
            } else if (codes.has_null) {
                values_.push_back(std::nullopt);
            }
            codes_ = read_codes(codes.dictionary, size, codes);
        });
    }

    const Value& operator[](std::size_t i) const {
        const std::uint64_t code = codes_[i];
        if (code >= values_.size())
            reading(name_of(vector_), [] { damaged("a code in it stands for nothing"); });
        return values_[code];
    }

private:
    // The text of a dial string lives as long as the visit alone.
    std::string_view keep(std::string_view text) {
        auto* kept = static_cast<char*>(text_.allocate(text.size(), 1));
        text.copy(kept, text.size());
        return {kept, text.size()};
    }
    template<class Other>
    const Other& keep(const Other& value) {
        return value;
    }

    Vector vector_;
    std::pmr::vector<Value> values_;
    BitArray codes_;
    std::pmr::monotonic_buffer_resource text_;
};

} // namespace

// Decodes what the columns need, and then walks over blocks, the runs of a block, and the rows of a
// run.
class SegmentRows::Walk {
public:
    Walk(const OpenSegment& segment, const Window& window, ColumnSet columns)
        : segment_(segment)
        , snapshots_(segment.header.timeline)
        , range_(range_of(segment.header, window))
        , blocks_(segment.memory)
        , durations_(segment.memory)
        , runs_(0) {
        call_.account_id = segment.header.account_id;
        if (range_.empty()) return;
        for_each_column(
            [&](const auto& column, auto& values) { read_attribute(column, columns, values); },
            attributes_);
        blocks_ = read_runs(segment);
        if (columns.contains(Column::customer_price)) read_price_vector();
        gives_durations_ = columns.contains(Column::duration);
        if (gives_durations_ || (prices_ && !prices_->curves().empty()))
            durations_ = read_durations(segment);
    }

    const Call* next() {
        while (snapshot_ >= end_)
            if (!next_run()) return nullptr;
        call_.snapshot = snapshots_[snapshot_];
        const std::int64_t connected = snapshots_.second(snapshot_) - clock_;
        if (gives_durations_) call_.duration = duration_of(connected);
        if (curve_ != nullptr)
            call_.customer_price = curve_->at(connected);
        else if (listed_)
            call_.customer_price = (*listed_)[listed_rows_[run_] + (snapshot_ - runs_.first[run_])];
        ++snapshot_;
        return &call_;
    }

private:
    template<class CallColumn>
    using ColumnValues =
        std::conditional_t<CallColumn::is_attribute,
                           std::optional<Values<std::optional<typename CallColumn::Value>>>,
                           std::monostate>;

    template<class CallColumn>
    void read_attribute(const CallColumn& column, ColumnSet columns,
                        ColumnValues<CallColumn>& values) {
        if constexpr (CallColumn::is_attribute) {
            if (!columns.contains(column.id)) return;
            const Vector vector = vector_of(column.id);
            const ByteReader opened =
                reading(name_of(vector), [&] { return open_vector(segment_, vector); });
            values.emplace(DictionaryOf<typename CallColumn::Value>{}, vector, opened,
                           segment_.header.run_count, segment_.memory);
        }
    }

    void read_price_vector() {
        const ByteReader opened = reading(name_of(vector_of(Column::customer_price)), [&] {
            ByteReader reader = open_vector(segment_, vector_of(Column::customer_price));
            prices_ = read_prices(reader, segment_, blocks_);
            return reader;
        });
        if (prices_->listed_rows() > 0)
            listed_.emplace(PriceDictionary{}, vector_of(Column::customer_price), opened,
                            prices_->listed_rows(), segment_.memory);
    }

    // The curve that the run follows; null if its prices are listed.
    const PriceCurve* curve_of(std::size_t run) const {
        if (!prices_ || prices_->curves().empty()) return nullptr;
        const Code code = prices_->code_of(run);
        if (code > prices_->listed_code())
            damaged("customer_price: a code in it stands for nothing");
        return code == prices_->listed_code() ? nullptr : &prices_->curves()[code];
    }

    // The duration of a call that has been connected for so many seconds.
    std::int32_t duration_of(std::int64_t connected) const {
        if (connected < 0 && cut_at_zero_) return 0;
        if (connected != static_cast<std::int32_t>(connected))
            damaged("duration: a duration is out of range");
        return static_cast<std::int32_t>(connected);
    }

    bool next_run() {
        ++run_;
        count_steps(16);
        while (run_ >= runs_.size)
            if (!next_block()) return false;
        const std::size_t run = blocks_[block_].first_run + run_;
        for_each_column(
            [&](const auto& column, const auto& values) {
                if constexpr (std::decay_t<decltype(column)>::is_attribute)
                    if (values) call_.*column.member = (*values)[run];
            },
            attributes_);
        if (!durations_.empty()) {
            const DurationBlock& durations = durations_[block_];
            clock_ = snapshots_.second(runs_.first[run_]) - durations.first_of(run_);
            cut_at_zero_ = durations.cut_at_zero(run_);
        }
        curve_ = curve_of(run);
        snapshot_ = runs_.begin[run_];
        end_ = runs_.end[run_];
        return true;
    }

    bool next_block() {
        for (; next_block_ < blocks_.size(); ++next_block_) {
            const RunBlock& block = blocks_[next_block_];
            if (!block.range.overlaps(range_)) continue;
            runs_ = Selection(block.size());
            locate(block, range_, runs_);
            row_counts_of(block); // or few bytes could be any number of rows
            if (prices_) listed_rows_ = listed_rows_of(*prices_, next_block_, block);
            run_ = 0;
            block_ = next_block_++;
            return true;
        }
        return false;
    }

    const OpenSegment& segment_;
    const Timeline& snapshots_;
    SnapshotRange range_;
    PerColumn<ColumnValues> attributes_; // those that are asked for
    std::optional<PriceVector> prices_;
    std::optional<Values<double>> listed_;
    std::pmr::vector<RunBlock> blocks_;
    std::pmr::vector<DurationBlock> durations_;
    bool gives_durations_ = false;

    std::size_t next_block_ = 0;
    std::size_t block_ = 0;
    Selection runs_; // of the block
    Selection::Numbers listed_rows_{};
    std::size_t run_ = 0; // in the block
    std::size_t snapshot_ = 0;
    std::size_t end_ = 0;               // of the run
    std::int64_t clock_ = 0;            // of the run: the second at which it was connected
    bool cut_at_zero_ = true;           // the run's durations
    const PriceCurve* curve_ = nullptr; // of the run
    Call call_;
};

// As much as to put a row into a table, or into a segment, may be.
constexpr std::size_t steps_of_visit = 100;

SegmentRows::SegmentRows(const OpenSegment& segment, const Window& window, ColumnSet columns)
    : walk_(std::make_unique<Walk>(segment, window, columns)) {}

SegmentRows::~SegmentRows() = default;

const Call* SegmentRows::next() { return walk_->next(); }

void for_each_row(const OpenSegment& segment, const Window& window, ColumnSet columns,
                  const std::function<void(const Call&)>& visit) {
    SegmentRows rows(segment, window, columns);
    while (const Call* call = rows.next()) {
        count_steps(steps_of_visit);
        visit(*call);
    }
}

} // namespace active_calls
