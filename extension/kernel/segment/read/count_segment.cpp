// From filters to calls by snapshot, without a look at rows but those whose prices are listed.
#include "count_segment.h"

#include "../values/dictionary.h"
#include "run_blocks.h"
#include "run_loops.h"
#include "snapshot_search.h"

#include "../../interrupts.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace active_calls {

namespace {

// Which codes pass a filter, and the codes.
struct Match {
    BitArray codes;
    std::pmr::vector<std::uint8_t> pass; // of every number that fits a code's width

    bool any() const { return std::ranges::find(pass, std::uint8_t{1}) != pass.end(); }
};

template<class Dictionary, class Filter>
Match match_codes(ByteReader reader, std::size_t size, const Filter& filter,
                  std::pmr::memory_resource* memory) {
    Codes codes = open_codes(reader, size);
    // NULL passes no filter, nor does a code that stands for nothing.
    Match match{
        {}, std::pmr::vector<std::uint8_t>(std::size_t{1} << code_width(codes.size()), 0, memory)};
    Dictionary::match(codes.dictionary, codes.values, filter, match.pass.data());
    match.codes = read_codes(codes.dictionary, size, codes);
    return match;
}

// Leaves the runs that pass.
void select(const Match& match, const RunBlock& block, Selection& selection) {
    std::array<Code, runs_per_block> codes;
    match.codes.gather(selection.used_places(), codes.data(), block.first_run);
    const std::uint8_t* const pass = match.pass.data();
    std::size_t left = 0;
    for (std::size_t i = 0; i < selection.size; ++i) { // no branch: what passes is unpredictable
        selection.places[left] = selection.places[i];
        left += pass[codes[i]];
    }
    selection.size = left;
}

// How long calls have been connected, or, below 0, how soon they will be: of each run, from its
// first snapshot on, without regard to that durations are cut at 0.
class RunClock {
public:
    explicit RunClock(const OpenSegment& segment)
        : blocks_(read_durations(segment))
        , timeline_(segment.header.timeline)
        , search_(timeline_, segment.memory) {}

    using Seconds = std::array<std::int32_t, runs_per_block>;
    // Up to here, on either side of 0, a table of slots finds seconds.
    static constexpr std::int32_t slot_limit = max_slot_seconds / 2;

    const DurationBlock& operator[](std::size_t block) const { return blocks_[block]; }

    // For each run, the first snapshot at which it has been connected for so many seconds, all of
    // which are within the limit, or not.
    void find_reaching(const Seconds& seconds, bool within_limit, std::size_t block,
                       const Selection& selection, Selection::Numbers& reaching) const {
        const DurationBlock& durations = blocks_[block];
        if (!within_limit || search_.slots().empty() ||
            !durations.first.within(-slot_limit, slot_limit)) {
            for (std::size_t i = 0; i < selection.size; ++i)
                reaching[i] = reaching_one(seconds[i], block, selection, i);
            return;
        }
        Selection::Numbers first_durations;
        durations.first.gather(selection.used_places(), first_durations.data());
        slots_reaching({search_.span(), search_.slot_seconds()}, selection.size, seconds.data(),
                       selection.first.data(), search_.seconds_after_first().data(),
                       reinterpret_cast<const std::int32_t*>(first_durations.data()),
                       reaching.data());
        const std::uint32_t* const slots = search_.slots().data();
        for (std::size_t i = 0; i < selection.size; ++i) reaching[i] = slots[reaching[i]];
    }

    std::uint32_t reaching_one(std::int64_t seconds, std::size_t block, const Selection& selection,
                               std::size_t i) const {
        count_steps(16); // of a binary search
        const std::int64_t first_duration = blocks_[block].first_of(selection.places[i]);
        return search_(timeline_.second(selection.first[i]) - first_duration + seconds);
    }

private:
    std::pmr::vector<DurationBlock> blocks_;
    const Timeline& timeline_;
    SnapshotSearch search_;
};

// Shortens runs to the snapshots at which their duration passes a filter: durations only grow, so
// what is left is one stretch.
class DurationCut {
public:
    DurationCut(const RunClock& clock, const RangeFilter<std::int32_t>& filter)
        : clock_(clock) {
        if (filter.gt) at_least_ = std::int64_t{*filter.gt} + 1;
        if (filter.lt) at_most_ = std::int64_t{*filter.lt} - 1;
        if (!filter.eq) return;
        at_least_ = std::max<std::int64_t>(at_least_, *filter.eq);
        at_most_ = std::min<std::int64_t>(at_most_, *filter.eq);
    }

    // False when no run of a block can pass.
    bool may_pass(std::size_t block) const {
        return clock_[block].longest >= at_least_ && clock_[block].shortest <= at_most_;
    }

    void apply(std::size_t block, Selection& selection) const {
        const DurationBlock& durations = clock_[block];
        Selection::Numbers reaching;
        if (durations.shortest < at_least_) {
            find_reaching(at_least_, block, selection, reaching);
            raise(selection.size, reaching.data(), selection.begin.data());
        }
        if (durations.longest > at_most_) {
            find_reaching(at_most_ + 1, block, selection, reaching);
            lower(selection.size, reaching.data(), selection.end.data());
        }
    }

private:
    // For each run, the first snapshot at which it has at least that duration.
    void find_reaching(std::int64_t duration, std::size_t block, const Selection& selection,
                       Selection::Numbers& reaching) const {
        if (duration > 0 && duration < RunClock::slot_limit) {
            RunClock::Seconds seconds;
            std::fill_n(seconds.begin(), selection.size, static_cast<std::int32_t>(duration));
            clock_.find_reaching(seconds, true, block, selection, reaching);
            return;
        }
        for (std::size_t i = 0; i < selection.size; ++i) {
            // 0 and less it has from the beginning, unless it is not cut at zero.
            const bool from_beginning =
                duration <= 0 && clock_[block].cut_at_zero(selection.places[i]);
            reaching[i] = from_beginning ? 0 : clock_.reaching_one(duration, block, selection, i);
        }
    }

    const RunClock& clock_;
    // Where the filter has no such bound, one that nothing is beyond.
    std::int64_t at_least_ = std::numeric_limits<std::int64_t>::min();
    std::int64_t at_most_ = std::numeric_limits<std::int64_t>::max();
};

// Counts runs by snapshot. A run is a step up where it begins and a step down where it ends,
// whatever its length; the sum of the steps up to a snapshot is the count.
class RunCounter {
public:
    explicit RunCounter(const OpenSegment& segment)
        : steps_(lanes * (segment.header.snapshot_count + 1), 0, segment.memory) {}

    void add(const Selection& selection) {
        std::int32_t* const steps = steps_.data();
        for (std::size_t i = 0; i < selection.size; ++i) {
            const std::size_t lane = i % lanes;
            const std::size_t begin = selection.begin[i];
            const std::size_t end = selection.end[i];
            // Where nothing is left, both steps are at one place. A branch would be slower: how
            // many runs a filter leaves nothing of is unpredictable.
            ++steps[lanes * begin + lane];
            --steps[lanes * std::max(begin, end) + lane];
        }
    }

    template<class Visit>
    void each_count(Visit&& visit) const {
        std::int32_t count = 0;
        count_steps(steps_.size() / lanes);
        // The last step is behind the last snapshot.
        for (std::size_t step = 0; step + lanes < steps_.size(); step += lanes) {
            for (std::size_t lane = 0; lane < lanes; ++lane) count += steps_[step + lane];
            visit(step / lanes, count);
        }
    }

private:
    // Runs that begin together stand together, and adding to a place in memory that was just added
    // to has to wait; so the odd and the even ones have places of their own.
    static constexpr std::size_t lanes = 2;

    std::pmr::vector<std::int32_t> steps_;
};

// Which prices pass a filter. Prices that follow a curve only grow, so they are a stretch of
// seconds since the call was connected; listed prices, some of the dictionary.
class PriceMatch {
public:
    PriceMatch(const OpenSegment& segment, std::span<const RunBlock> blocks,
               const RangeFilter<double>& filter)
        : reader_(open_vector(segment, vector_of(Column::customer_price)))
        , prices_(read_prices(reader_, segment, blocks))
        , curves_{prices_.codes(), std::pmr::vector<std::uint8_t>(segment.memory)}
        , listed_{{}, std::pmr::vector<std::uint8_t>(segment.memory)}
        , from_(segment.memory)
        , before_(segment.memory) {
        if (prices_.listed_rows() > 0)
            listed_ = match_codes<PriceDictionary>(reader_, prices_.listed_rows(), filter,
                                                   segment.memory);
        match_curves(filter, at<Column::duration>(segment.header.bounds));
    }

    bool any() const { return curves_.any() || listed_.any(); }
    bool has_curves() const { return !prices_.curves().empty(); }
    const PriceVector& prices() const { return prices_; }
    // Which of the listed rows pass.
    const Match& listed() const { return listed_; }

    // False when no run of a block can pass.
    bool may_pass(std::size_t block, const RunClock& clock) const {
        return earliest_ <= clock[block].longest ||
               (listed_.any() && prices_.listed_before(block) < prices_.listed_before(block + 1));
    }

    // Leaves the runs some of whose rows may pass, and sets the code of each.
    void select(const RunBlock& block, Selection& selection, Selection::Numbers& codes) const {
        curves_.codes.gather(selection.used_places(), codes.data(), block.first_run);
        const std::uint8_t* const pass = curves_.pass.data();
        std::size_t left = 0;
        for (std::size_t i = 0; i < selection.size; ++i) { // no branch, as above
            const Code code = codes[i];
            selection.places[left] = selection.places[i];
            codes[left] = code;
            left += pass[code];
        }
        selection.size = left;
    }

    // Shortens runs that follow a curve to the snapshots at which their price passes.
    void cut(std::size_t block, const RunClock& clock, const Selection::Numbers& codes,
             Selection& selection) const {
        const auto find_reaching = [&](const std::pmr::vector<std::int32_t>& bounds,
                                       std::uint32_t unbounded, Selection::Numbers& reaching) {
            RunClock::Seconds seconds;
            for (std::size_t i = 0; i < selection.size; ++i) seconds[i] = bounds[codes[i]];
            clock.find_reaching(seconds, within_limit_, block, selection, reaching);
            for (std::size_t i = 0; i < selection.size; ++i)
                reaching[i] = seconds[i] == no_bound ? unbounded : reaching[i];
        };
        Selection::Numbers reaching;
        find_reaching(from_, 0, reaching);
        raise(selection.size, reaching.data(), selection.begin.data());
        if (!has_before_) return;
        find_reaching(before_, std::numeric_limits<std::uint32_t>::max(), reaching);
        lower(selection.size, reaching.data(), selection.end.data());
    }

private:
    // Seconds that stand for no bound; those of one are never below 0.
    static constexpr std::int32_t no_bound = PriceCurve::always;

    void match_curves(const RangeFilter<double>& filter,
                      const std::optional<Bounds<std::int32_t>>& durations) {
        if (!has_curves()) return;
        const std::size_t codes = std::size_t{1} << curves_.codes.width();
        curves_.pass.assign(codes, 0);
        from_.assign(codes, no_bound);
        before_.assign(codes, no_bound);
        // A code that stands for nothing passes nothing.
        curves_.pass[prices_.listed_code()] = listed_.any() ? 1 : 0;
        for (const auto& bound : {filter.eq, filter.gt, filter.lt})
            if (bound && std::isnan(*bound)) return;
        for (std::size_t code = 0; code < prices_.curves().size(); ++code)
            match_curve(code, filter, durations ? durations->max : 0);
    }

    // `longest` is that of all durations: no call goes further along its curve.
    void match_curve(std::size_t code, const RangeFilter<double>& filter, std::int32_t longest) {
        const PriceCurve& curve = prices_.curves()[code];
        std::int32_t from = PriceCurve::always;
        const auto begin_at = [&](auto&& reaches) {
            const auto second = curve.first_second(longest, reaches);
            from = std::max(from, second.value_or(from));
            return second.has_value();
        };
        std::optional<std::int32_t> before;
        const auto end_at = [&](auto&& reaches) {
            const auto second = curve.first_second(longest, reaches);
            if (second) before = std::min(before.value_or(*second), *second);
        };
        if (filter.gt && !begin_at([&](double price) { return price > *filter.gt; })) return;
        if (filter.eq && !begin_at([&](double price) { return price >= *filter.eq; })) return;
        if (filter.lt) end_at([&](double price) { return price >= *filter.lt; });
        if (filter.eq) end_at([&](double price) { return price > *filter.eq; });
        if (before && *before <= from) return;

        curves_.pass[code] = 1;
        if (from == PriceCurve::always)
            earliest_ = std::numeric_limits<std::int32_t>::min(); // also below 0
        else
            earliest_ = std::min(earliest_, from);
        from_[code] = from;
        before_[code] = before.value_or(no_bound);
        has_before_ = has_before_ || before;
        within_limit_ =
            within_limit_ && std::max(from_[code], before_[code]) <= RunClock::slot_limit;
    }

    ByteReader reader_;
    PriceVector prices_;
    Match curves_; // of each run
    Match listed_; // of each listed row
    // For each code, prices pass from this second on, and before that one.
    std::pmr::vector<std::int32_t> from_;
    std::pmr::vector<std::int32_t> before_;
    std::int32_t earliest_ = std::numeric_limits<std::int32_t>::max(); // of from_
    bool has_before_ = false;
    bool within_limit_ = true;
};

// Counts listed rows by snapshot, one by one.
class RowCounter {
public:
    RowCounter(const OpenSegment& segment, const PriceMatch& match)
        : match_(match)
        , counts_(segment.header.snapshot_count, 0, segment.memory) {}

    // Counts the selected runs of the block whose prices are listed.
    void add(std::size_t b, const RunBlock& block, const Selection& selection) {
        if (selection.size == 0) return;
        count_steps(block.rows);
        const Selection::Numbers first_rows = listed_rows_of(match_.prices(), b, block);
        const std::uint8_t* const pass = match_.listed().pass.data();
        const BitArray codes = match_.listed().codes;
        std::int32_t* const counts = counts_.data();
        for (std::size_t i = 0; i < selection.size; ++i) {
            // Below 0 where the run's first row comes before its first snapshot's number: it wraps
            // back.
            const std::size_t row =
                std::size_t{first_rows[selection.places[i]]} - selection.first[i];
            for (std::size_t s = selection.begin[i]; s < selection.end[i]; ++s)
                counts[s] += pass[codes[row + s]];
        }
    }

    void add(const RunCounter& runs) {
        runs.each_count([&](std::size_t s, std::int32_t calls) { counts_[s] += calls; });
    }

    template<class Visit>
    void each_count(Visit&& visit) const {
        count_steps(counts_.size());
        for (std::size_t s = 0; s < counts_.size(); ++s) visit(s, counts_[s]);
    }

private:
    const PriceMatch& match_;
    std::pmr::vector<std::int32_t> counts_;
};

} // namespace

void count_segment(const OpenSegment& segment, const Window& window, const CallFilter& filter,
                   SnapshotCounts& counts) {
    const SegmentHeader& header = segment.header;
    const SnapshotRange range = range_of(header, window);
    if (range.empty()) return;
    counts.reserve(range.end - range.begin);
    if (filter.columns().empty()) {
        count_steps(range.end - range.begin);
        for (std::size_t s = range.begin; s < range.end; ++s)
            counts.add(header.timeline[s], static_cast<std::int32_t>(header.rows_at[s]));
        return;
    }

    // What attributes say, until one says that nothing passes; texts, which are large, come last.
    std::pmr::vector<Match> matches(segment.memory);
    bool may_pass = true;
    const auto match_attributes = [&](bool texts) {
        for_each_attribute([&](const auto& column, std::size_t) {
            using Value = typename std::decay_t<decltype(column)>::Value;
            const auto& attribute_filter = filter.*column.filter;
            if (is_text<Value> != texts || !may_pass || !attribute_filter.given()) return;
            const Vector vector = vector_of(column.id);
            matches.push_back(reading(name_of(vector), [&] {
                return match_codes<DictionaryOf<Value>>(open_vector(segment, vector),
                                                        header.run_count, attribute_filter,
                                                        segment.memory);
            }));
            may_pass = matches.back().any();
        });
    };
    match_attributes(false);
    match_attributes(true);
    if (!may_pass) return;

    const std::pmr::vector<RunBlock> blocks = read_runs(segment);
    std::optional<PriceMatch> price_match;
    if (filter.customer_price.given()) {
        reading(name_of(vector_of(Column::customer_price)),
                [&] { price_match.emplace(segment, blocks, filter.customer_price); });
        if (!price_match->any()) return;
    }
    const bool follows_curves = price_match && price_match->has_curves();
    std::optional<RunClock> clock;
    if (filter.duration.given() || follows_curves) clock.emplace(segment);
    std::optional<DurationCut> duration_cut;
    if (filter.duration.given()) duration_cut.emplace(*clock, filter.duration);

    RunCounter runs(segment);
    std::optional<RowCounter> rows;
    if (price_match && price_match->listed().any()) rows.emplace(segment, *price_match);
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        const RunBlock& block = blocks[b];
        if (!block.range.overlaps(range) || (duration_cut && !duration_cut->may_pass(b)) ||
            (follows_curves && !price_match->may_pass(b, *clock)))
            continue;
        count_steps(block.size());
        Selection selection(block.size());
        for (const Match& match : matches) select(match, block, selection);
        Selection::Numbers codes{}; // of prices
        if (follows_curves) price_match->select(block, selection, codes);
        locate(block, range, selection);
        if (duration_cut) duration_cut->apply(b, selection);
        if (follows_curves) price_match->cut(b, *clock, codes, selection);
        if (rows) {
            const Code listed = price_match->prices().listed_code();
            rows->add(b, block, selection.take(codes, listed));
        }
        runs.add(selection);
    }
    const auto add = [&](std::size_t snapshot, std::int32_t calls) {
        if (calls > 0) counts.add(header.timeline[snapshot], calls);
    };
    if (!rows) return runs.each_count(add);
    rows->add(runs);
    rows->each_count(add);
}

} // namespace active_calls
