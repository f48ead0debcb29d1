#include "segment_reader.h"

#include "price_vector.h"
#include "run_loops.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

namespace active_calls {

namespace {

// Says which part of a segment is damaged.
template<class Read>
auto reading(const char* part, Read&& read) {
    try {
        return read();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::corrupted_data) throw;
        throw Error(ErrorKind::corrupted_data, std::string(part) + ": " + error.what());
    }
}

const char* name_of(Vector vector) { return vector_names[static_cast<std::size_t>(vector)]; }

template<class Number>
bool can_pass(const RangeFilter<Number>& filter, const std::optional<Bounds<Number>>& bounds) {
    if (!filter.given()) return true;
    return bounds && (!filter.eq || (bounds->min <= *filter.eq && *filter.eq <= bounds->max)) &&
           (!filter.gt || bounds->max > *filter.gt) && (!filter.lt || bounds->min < *filter.lt);
}

bool can_pass(const EqualityFilter<std::int32_t>& filter,
              const std::optional<Bounds<std::int32_t>>& bounds) {
    return !filter.given() || (bounds && bounds->min <= *filter.eq && *filter.eq <= bounds->max);
}

// Longer than PostgreSQL's range of time, and short enough to compute with.
constexpr std::int64_t max_first_duration = std::int64_t{1} << 45;

bool in_range(std::int64_t first_duration) {
    return first_duration >= -max_first_duration && first_duration <= max_first_duration;
}

// Every vector ends with the padding of its arrays.
void expect_padding(ByteReader& reader) {
    reader.bytes(bit_array_padding);
    reader.expect_end();
}

} // namespace

SegmentReader::SegmentReader(ByteSpan header, VectorSource& source,
                             std::pmr::memory_resource* memory)
    : header_(reading("header", [&] { return SegmentHeader(header, memory); }))
    , source_(source)
    , memory_(memory) {}

bool SegmentReader::may_hold(const Window& window, const CallFilter& filter) const {
    const SegmentBounds& bounds = header_.bounds;
    return !range_of(window).empty() && can_pass(filter.src_country_id, bounds.src_country_id) &&
           can_pass(filter.dst_country_id, bounds.dst_country_id) &&
           can_pass(filter.duration, bounds.duration) &&
           can_pass(filter.customer_price, bounds.customer_price);
}

SegmentReader::SnapshotRange SegmentReader::range_of(const Window& window) const {
    const Timeline& timeline = header_.timeline;
    return {timeline.count_before(window.from),
            window.to ? timeline.count_up_to(*window.to) : timeline.size()};
}

ByteReader SegmentReader::open(Vector vector) {
    const ByteSpan bytes = source_.fetch(vector);
    header_.check(vector, bytes);
    return ByteReader(bytes);
}

SegmentReader::Codes SegmentReader::open_codes(ByteReader reader, std::size_t limit) {
    const std::size_t values = reader.count(limit);
    const bool has_null = reader.count(1) != 0;
    if (values + (has_null ? 1 : 0) == 0) damaged("it has no value");
    return {reader, values, has_null};
}

// To be called when `reader` has come through the dictionary.
BitArray SegmentReader::read_codes(ByteReader& reader, std::size_t size, const Codes& codes) const {
    const BitArray read = BitArray::read(reader, size, code_width(codes.size()));
    expect_padding(reader);
    return read;
}

bool SegmentReader::Match::any() const {
    return std::ranges::find(pass, std::uint8_t{1}) != pass.end();
}

template<class Dictionary, class Filter>
SegmentReader::Match SegmentReader::match(ByteReader reader, std::size_t size,
                                          const Filter& filter) {
    Codes codes = open_codes(reader, size);
    // NULL passes no filter, nor does a code that stands for nothing.
    Match match{
        {}, std::pmr::vector<std::uint8_t>(std::size_t{1} << code_width(codes.size()), 0, memory_)};
    Dictionary::match(codes.dictionary, codes.values, filter, match.pass.data());
    match.codes = read_codes(codes.dictionary, size, codes);
    return match;
}

// Consecutive runs: block.first_run and on.
struct SegmentReader::RunBlock {
    std::uint32_t first_run;
    std::uint32_t first_row; // of all rows in the order of runs
    std::uint32_t rows;
    SnapshotRange range; // no run goes beyond it
    PackedIntegers first_snapshots;
    PackedIntegers row_counts;

    std::size_t size() const { return row_counts.size(); }
};

struct SegmentReader::DurationBlock {
    std::int64_t shortest;
    std::int64_t longest;
    PackedIntegers first; // of each run, at its first snapshot; below 0: not connected yet
    BitArray uncut;       // empty: all are cut at zero

    bool cut_at_zero(std::size_t i) const { return uncut.size() == 0 || uncut[i] == 0; }
    // So many seconds after the run's first snapshot.
    std::int32_t at(std::size_t i, std::int64_t seconds) const {
        const std::int64_t duration = uncut_at(i, seconds);
        if (duration < 0 && cut_at_zero(i)) return 0;
        if (duration != static_cast<std::int32_t>(duration))
            damaged("duration: a duration is out of range");
        return static_cast<std::int32_t>(duration);
    }
    // Below 0 while the call is not connected.
    std::int64_t uncut_at(std::size_t i, std::int64_t seconds) const {
        const std::int64_t first_duration =
            reading(name_of(Vector::duration), [&] { return first[i]; });
        if (!in_range(first_duration)) damaged("duration: a duration is out of range");
        return first_duration + seconds;
    }
};

// Runs of a block that are left when filters have looked at them, by their place in it. Once
// located, where in the range they lie: from snapshot begin[i] up to, and without, end[i]; behind
// each other where nothing is left.
struct SegmentReader::Selection {
    using Numbers = std::array<std::uint32_t, runs_per_block>;

    static constexpr Numbers every_place = [] {
        Numbers places{};
        for (std::uint32_t i = 0; i < runs_per_block; ++i) places[i] = i;
        return places;
    }();

    std::size_t size;
    Numbers places;
    Numbers first; // snapshot
    Numbers begin;
    Numbers end;

    explicit Selection(std::size_t all)
        : size(all)
        , places(every_place) {}
    std::span<const std::uint32_t> used_places() const { return std::span(places).first(size); }

    // Those with this code, which then are no longer here.
    Selection take(const Numbers& codes, std::uint32_t code) {
        Selection taken(0);
        const std::size_t all = std::exchange(size, 0);
        for (std::size_t i = 0; i < all; ++i) {
            Selection& to = codes[i] == code ? taken : *this;
            to.places[to.size] = places[i];
            to.first[to.size] = first[i];
            to.begin[to.size] = begin[i];
            to.end[to.size] = end[i];
            ++to.size;
        }
        return taken;
    }
};

std::pmr::vector<SegmentReader::RunBlock> SegmentReader::read_runs() {
    return reading(name_of(Vector::runs), [&] {
        ByteReader reader = open(Vector::runs);
        std::pmr::vector<RunBlock> blocks(memory_);
        blocks.reserve((header_.run_count + runs_per_block - 1) / runs_per_block);
        std::size_t rows = 0;
        for (std::size_t run = 0; run < header_.run_count; run += runs_per_block) {
            const std::size_t size = std::min(runs_per_block, header_.run_count - run);
            RunBlock& block = blocks.emplace_back();
            block.first_run = static_cast<std::uint32_t>(run);
            block.first_row = static_cast<std::uint32_t>(rows);
            block.range.begin = reader.count(header_.snapshot_count);
            block.range.end = reader.count(header_.snapshot_count);
            block.rows = static_cast<std::uint32_t>(reader.count(header_.row_count - rows));
            rows += block.rows;
            block.first_snapshots = PackedIntegers::read(reader, size);
            block.row_counts = PackedIntegers::read(reader, size);
            // So that no 32 bits of a larger number are taken for a run.
            constexpr std::int64_t greatest = std::numeric_limits<std::uint32_t>::max();
            if (block.range.begin > block.range.end || !block.first_snapshots.within(0, greatest) ||
                !block.row_counts.within(0, greatest))
                damaged("a run goes beyond its block");
        }
        expect_padding(reader);
        if (rows != header_.row_count) damaged("the rows of its blocks do not add up");
        return blocks;
    });
}

std::pmr::vector<SegmentReader::DurationBlock> SegmentReader::read_durations() {
    return reading(name_of(Vector::duration), [&] {
        ByteReader reader = open(Vector::duration);
        std::pmr::vector<DurationBlock> blocks(memory_);
        blocks.reserve((header_.run_count + runs_per_block - 1) / runs_per_block);
        for (std::size_t run = 0; run < header_.run_count; run += runs_per_block) {
            const std::size_t size = std::min(runs_per_block, header_.run_count - run);
            DurationBlock& block = blocks.emplace_back();
            block.shortest = reader.signed_varint();
            block.longest = reader.signed_varint();
            block.first = PackedIntegers::read(reader, size);
            if (reader.count(1) != 0) block.uncut = BitArray::read(reader, size, 1);
        }
        expect_padding(reader);
        return blocks;
    });
}

// Leaves the runs that pass.
void SegmentReader::select(const Match& match, const RunBlock& block, Selection& selection) {
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

void SegmentReader::locate(const RunBlock& block, const SnapshotRange& range,
                           Selection& selection) const {
    Selection::Numbers row_counts;
    block.first_snapshots.gather(selection.used_places(), selection.first.data());
    block.row_counts.gather(selection.used_places(), row_counts.data());
    const RunLimits limits{
        static_cast<std::uint32_t>(block.range.begin), static_cast<std::uint32_t>(block.range.end),
        static_cast<std::uint32_t>(range.begin), static_cast<std::uint32_t>(range.end)};
    if (!locate_runs(limits, selection.size, selection.first.data(), row_counts.data(),
                     selection.begin.data(), selection.end.data()))
        damaged("runs: a run goes beyond its block");
}

// How long calls have been connected, or, below 0, how soon they will be: of each run, from its
// first snapshot on, without regard to that durations are cut at 0.
class SegmentReader::RunClock {
public:
    explicit RunClock(SegmentReader& segment)
        : blocks_(segment.read_durations())
        , timeline_(segment.header_.timeline)
        , search_(timeline_, segment.memory_) {}

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
        const std::int64_t first_duration = blocks_[block].first[selection.places[i]];
        if (!in_range(first_duration)) damaged("duration: a duration is out of range");
        return search_(timeline_.second(selection.first[i]) - first_duration + seconds);
    }

private:
    std::pmr::vector<DurationBlock> blocks_;
    const Timeline& timeline_;
    SnapshotSearch search_;
};

// Shortens runs to the snapshots at which their duration passes a filter: durations only grow, so
// what is left is one stretch.
class SegmentReader::DurationCut {
public:
    DurationCut(const RunClock& clock, const RangeFilter<std::int32_t>& filter)
        : clock_(clock) {
        if (filter.gt) at_least_ = std::int64_t{*filter.gt} + 1;
        if (filter.lt) below_ = *filter.lt;
        if (!filter.eq) return;
        const std::int64_t eq = *filter.eq;
        at_least_ = std::max(at_least_.value_or(eq), eq);
        below_ = std::min(below_.value_or(eq + 1), eq + 1);
    }

    // False when no run of a block can pass.
    bool may_pass(std::size_t block) const {
        return (!at_least_ || clock_[block].longest >= *at_least_) &&
               (!below_ || clock_[block].shortest < *below_);
    }

    void apply(std::size_t block, Selection& selection) const {
        const DurationBlock& durations = clock_[block];
        Selection::Numbers reaching;
        if (at_least_ && durations.shortest < *at_least_) {
            find_reaching(*at_least_, block, selection, reaching);
            raise(selection.size, reaching.data(), selection.begin.data());
        }
        if (below_ && durations.longest >= *below_) {
            find_reaching(*below_, block, selection, reaching);
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
    std::optional<std::int64_t> at_least_;
    std::optional<std::int64_t> below_;
};

// Counts runs by snapshot. A run is a step up where it begins and a step down where it ends,
// whatever its length; the sum of the steps up to a snapshot is the count.
class SegmentReader::RunCounter {
public:
    explicit RunCounter(const SegmentReader& segment)
        : steps_(lanes * (segment.header_.snapshot_count + 1), 0, segment.memory_) {}

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
class SegmentReader::PriceMatch {
public:
    PriceMatch(SegmentReader& segment, std::span<const std::uint32_t> first_rows,
               const RangeFilter<double>& filter)
        : memory_(segment.memory_)
        , reader_(segment.open(Vector::customer_price))
        , prices_(PriceVector::read(reader_, segment.header_.has_price_curves,
                                    segment.header_.run_count, first_rows, memory_))
        , curves_{prices_.codes(), std::pmr::vector<std::uint8_t>(memory_)}
        , listed_{{}, std::pmr::vector<std::uint8_t>(memory_)}
        , from_(memory_)
        , before_(memory_) {
        if (prices_.listed_rows() > 0)
            listed_ = segment.match<PriceDictionary>(reader_, prices_.listed_rows(), filter);
        else
            expect_padding(reader_);
        match_curves(filter, segment.header_.bounds.duration);
    }

    bool any() const { return curves_.any() || listed_.any(); }
    bool has_curves() const { return !prices_.curves().empty(); }
    const PriceVector& prices() const { return prices_; }
    // Of all rows that are listed.
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
        for (std::size_t i = 0; i < selection.size; ++i) { // no branch, as in SegmentReader::select
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

    std::pmr::memory_resource* memory_;
    ByteReader reader_;
    PriceVector prices_;
    Match curves_; // of each run
    Match listed_; // of each listed row
    // Of each code, the seconds from which on, and before which, prices pass.
    std::pmr::vector<std::int32_t> from_;
    std::pmr::vector<std::int32_t> before_;
    std::int32_t earliest_ = std::numeric_limits<std::int32_t>::max(); // of from_
    bool has_before_ = false;
    bool within_limit_ = true;
};

// Counts listed rows by snapshot, one by one.
class SegmentReader::RowCounter {
public:
    RowCounter(const SegmentReader& segment, const PriceMatch& match)
        : match_(match)
        , counts_(segment.header_.snapshot_count, 0, segment.memory_) {}

    // Of the runs that are listed.
    void add(std::size_t b, const RunBlock& block, const Selection& selection) {
        if (selection.size == 0) return;
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
        for (std::size_t s = 0; s < counts_.size(); ++s) visit(s, counts_[s]);
    }

private:
    const PriceMatch& match_;
    std::pmr::vector<std::int32_t> counts_;
};

// Of each run of a block whose prices are listed, the place of its first row among all that are.
SegmentReader::Selection::Numbers
SegmentReader::listed_rows_of(const PriceVector& prices, std::size_t b, const RunBlock& block) {
    const Selection all(block.size());
    Selection::Numbers row_counts;
    block.row_counts.gather(all.used_places(), row_counts.data());
    if (!all_within(block.size(), row_counts.data(), block.rows))
        damaged("runs: the rows of a block do not add up");
    Selection::Numbers codes{};
    if (!prices.curves().empty())
        prices.codes().gather(all.used_places(), codes.data(), block.first_run);
    Selection::Numbers first_rows{};
    std::uint32_t row = prices.listed_before(b);
    for (std::size_t i = 0; i < block.size(); ++i) {
        first_rows[i] = row;
        row += codes[i] == prices.listed_code() ? row_counts[i] : 0;
    }
    if (row != prices.listed_before(b + 1))
        damaged(prices.curves().empty()
                    ? "runs: the rows of a block do not add up"
                    : "customer_price: the listed rows of a block do not add up");
    return first_rows;
}

// How many rows stand before each block, and before the end.
std::pmr::vector<std::uint32_t>
SegmentReader::first_rows_of(std::span<const RunBlock> blocks) const {
    std::pmr::vector<std::uint32_t> first_rows(memory_);
    first_rows.reserve(blocks.size() + 1);
    for (const RunBlock& block : blocks) first_rows.push_back(block.first_row);
    first_rows.push_back(static_cast<std::uint32_t>(header_.row_count));
    return first_rows;
}

void SegmentReader::count(const Window& window, const CallFilter& filter, SnapshotCounts& counts) {
    const SnapshotRange range = range_of(window);
    if (range.empty()) return;
    if (filter.columns().empty()) {
        for (std::size_t s = range.begin; s < range.end; ++s)
            counts.add(header_.timeline[s], static_cast<std::int32_t>(header_.rows_at[s]));
        return;
    }

    // What attributes say, until one says that nothing passes; those that are small come first.
    std::pmr::vector<Match> matches(memory_);
    const auto any_passes = [&]<class Dictionary>(Vector vector, const auto& attribute_filter) {
        if (!attribute_filter.given()) return true;
        matches.push_back(reading(name_of(vector), [&] {
            return match<Dictionary>(open(vector), header_.run_count, attribute_filter);
        }));
        return matches.back().any();
    };
    if (!any_passes.template operator()<IntegerDictionary>(Vector::src_country_id,
                                                           filter.src_country_id) ||
        !any_passes.template operator()<IntegerDictionary>(Vector::dst_country_id,
                                                           filter.dst_country_id) ||
        !any_passes.template operator()<InetDictionary>(Vector::auth_orig_ip,
                                                        filter.auth_orig_ip) ||
        !any_passes.template operator()<TextDictionary>(Vector::src_prefix_routing,
                                                        filter.src_prefix_routing) ||
        !any_passes.template operator()<TextDictionary>(Vector::dst_prefix_routing,
                                                        filter.dst_prefix_routing))
        return;

    const std::pmr::vector<RunBlock> blocks = read_runs();
    std::optional<PriceMatch> price_match;
    if (filter.customer_price.given()) {
        reading(name_of(Vector::customer_price),
                [&] { price_match.emplace(*this, first_rows_of(blocks), filter.customer_price); });
        if (!price_match->any()) return;
    }
    const bool follows_curves = price_match && price_match->has_curves();
    std::optional<RunClock> clock;
    if (filter.duration.given() || follows_curves) clock.emplace(*this);
    std::optional<DurationCut> duration_cut;
    if (filter.duration.given()) duration_cut.emplace(*clock, filter.duration);

    RunCounter runs(*this);
    std::optional<RowCounter> rows;
    if (price_match && price_match->listed().any()) rows.emplace(*this, *price_match);
    for (std::size_t b = 0; b < blocks.size(); ++b) {
        const RunBlock& block = blocks[b];
        if (!block.range.overlaps(range) || (duration_cut && !duration_cut->may_pass(b)) ||
            (follows_curves && !price_match->may_pass(b, *clock)))
            continue;
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
        if (calls > 0) counts.add(header_.timeline[snapshot], calls);
    };
    if (!rows) return runs.each_count(add);
    rows->add(runs);
    rows->each_count(add);
}

// An attribute, or the prices, decoded: the value of each code, and the codes.
template<class Value>
class SegmentReader::Values {
public:
    const Value& operator[](std::size_t i) const {
        const std::uint64_t code = codes_[i];
        if (code >= values_.size())
            reading(part_, [] { damaged("a code in it stands for nothing"); });
        return values_[code];
    }

private:
    friend SegmentReader;
    Values(const char* part, std::pmr::memory_resource* memory)
        : part_(part)
        , values_(memory)
        , text_(memory) {}

    // The text of a dial string lives as long as the visit alone.
    std::string_view keep(std::string_view text) {
        auto* kept = static_cast<char*>(text_.allocate(text.size(), 1));
        std::ranges::copy(text, kept);
        return {kept, text.size()};
    }
    template<class Other>
    const Other& keep(const Other& value) {
        return value;
    }

    const char* part_;
    std::pmr::vector<Value> values_;
    BitArray codes_;
    std::pmr::monotonic_buffer_resource text_;
};

template<class Dictionary, class Value>
std::unique_ptr<SegmentReader::Values<Value>>
SegmentReader::read_values(Vector vector, ByteReader reader, std::size_t size) {
    return reading(name_of(vector), [&] {
        Codes codes = open_codes(reader, size);
        std::unique_ptr<Values<Value>> values(new Values<Value>(name_of(vector), memory_));
        values->values_.reserve(codes.size());
        Dictionary::read(codes.dictionary, codes.values, [&](const auto& value) {
            values->values_.push_back(values->keep(value));
        });
        if constexpr (std::is_same_v<Value, double>) {
            if (codes.has_null) damaged("a price in it is null");
        } else if (codes.has_null) {
            values->values_.push_back(std::nullopt);
        }
        values->codes_ = read_codes(codes.dictionary, size, codes);
        return values;
    });
}

// Decodes what the columns need, and then walks over blocks, the runs of a block, and the rows of a
// run.
class SegmentRows::Walk {
public:
    Walk(SegmentReader& segment, const Window& window, ColumnSet columns)
        : segment_(segment)
        , snapshots_(segment.header_.timeline)
        , range_(segment.range_of(window))
        , blocks_(segment.memory_)
        , durations_(segment.memory_)
        , runs_(0) {
        call_.account_id = segment.header_.account_id;
        if (range_.empty()) return;
        read<IntegerDictionary>(columns, Column::src_country_id, Vector::src_country_id,
                                src_country_ids_);
        read<IntegerDictionary>(columns, Column::dst_country_id, Vector::dst_country_id,
                                dst_country_ids_);
        read<TextDictionary>(columns, Column::src_prefix_routing, Vector::src_prefix_routing,
                             src_numbers_);
        read<TextDictionary>(columns, Column::dst_prefix_routing, Vector::dst_prefix_routing,
                             dst_numbers_);
        read<InetDictionary>(columns, Column::auth_orig_ip, Vector::auth_orig_ip, addresses_);
        blocks_ = segment.read_runs();
        if (columns.contains(Column::customer_price)) read_prices();
        gives_durations_ = columns.contains(Column::duration);
        if (gives_durations_ || (prices_ && !prices_->curves().empty()))
            durations_ = segment.read_durations();
    }

    const Call* next() {
        while (snapshot_ >= end_)
            if (!next_run()) return nullptr;
        call_.snapshot = snapshots_[snapshot_];
        const std::uint32_t first = runs_.first[run_];
        const std::int64_t seconds = snapshots_.second(snapshot_) - snapshots_.second(first);
        if (gives_durations_) call_.duration = durations_[block_].at(run_, seconds);
        if (curve_ != nullptr)
            call_.customer_price = curve_->at(durations_[block_].uncut_at(run_, seconds));
        else if (listed_)
            call_.customer_price = (*listed_)[listed_rows_[run_] + (snapshot_ - first)];
        ++snapshot_;
        return &call_;
    }

private:
    template<class Value>
    using ValuesPtr = std::unique_ptr<SegmentReader::Values<std::optional<Value>>>;

    template<class Dictionary>
    void read(ColumnSet columns, Column column, Vector vector,
              ValuesPtr<typename Dictionary::Value>& values) {
        if (columns.contains(column))
            values = segment_.read_values<Dictionary, std::optional<typename Dictionary::Value>>(
                vector, reading(name_of(vector), [&] { return segment_.open(vector); }),
                segment_.header_.run_count);
    }

    void read_prices() {
        ByteReader reader = reading(name_of(Vector::customer_price), [&] {
            ByteReader reader = segment_.open(Vector::customer_price);
            prices_ = PriceVector::read(reader, segment_.header_.has_price_curves,
                                        segment_.header_.run_count, segment_.first_rows_of(blocks_),
                                        segment_.memory_);
            if (prices_->listed_rows() == 0) expect_padding(reader);
            return reader;
        });
        if (prices_->listed_rows() > 0)
            listed_ = segment_.read_values<PriceDictionary, double>(Vector::customer_price, reader,
                                                                    prices_->listed_rows());
    }

    // Of the run, unless its prices are listed.
    const PriceCurve* curve_of(std::size_t run) const {
        if (!prices_ || prices_->curves().empty()) return nullptr;
        const Code code = prices_->code_of(run);
        if (code > prices_->listed_code())
            damaged("customer_price: a code in it stands for nothing");
        return code == prices_->listed_code() ? nullptr : &prices_->curves()[code];
    }

    bool next_run() {
        ++run_;
        while (run_ >= runs_.size)
            if (!next_block()) return false;
        const std::size_t run = blocks_[block_].first_run + run_;
        if (src_country_ids_) call_.src_country_id = (*src_country_ids_)[run];
        if (dst_country_ids_) call_.dst_country_id = (*dst_country_ids_)[run];
        if (src_numbers_) call_.src_prefix_routing = (*src_numbers_)[run];
        if (dst_numbers_) call_.dst_prefix_routing = (*dst_numbers_)[run];
        if (addresses_) call_.auth_orig_ip = (*addresses_)[run];
        curve_ = curve_of(run);
        snapshot_ = runs_.begin[run_];
        end_ = runs_.end[run_];
        return true;
    }

    bool next_block() {
        for (; next_block_ < blocks_.size(); ++next_block_) {
            const SegmentReader::RunBlock& block = blocks_[next_block_];
            if (!block.range.overlaps(range_)) continue;
            runs_ = SegmentReader::Selection(block.size());
            segment_.locate(block, range_, runs_);
            if (prices_) listed_rows_ = SegmentReader::listed_rows_of(*prices_, next_block_, block);
            run_ = 0;
            block_ = next_block_++;
            return true;
        }
        return false;
    }

    SegmentReader& segment_;
    const Timeline& snapshots_;
    SegmentReader::SnapshotRange range_;
    ValuesPtr<std::int32_t> src_country_ids_;
    ValuesPtr<std::int32_t> dst_country_ids_;
    ValuesPtr<std::string_view> src_numbers_;
    ValuesPtr<std::string_view> dst_numbers_;
    ValuesPtr<Inet> addresses_;
    std::optional<PriceVector> prices_;
    std::unique_ptr<SegmentReader::Values<double>> listed_;
    std::pmr::vector<SegmentReader::RunBlock> blocks_;
    std::pmr::vector<SegmentReader::DurationBlock> durations_;
    bool gives_durations_ = false;

    std::size_t next_block_ = 0;
    std::size_t block_ = 0;
    SegmentReader::Selection runs_; // of the block
    SegmentReader::Selection::Numbers listed_rows_{};
    std::size_t run_ = 0; // in the block
    std::size_t snapshot_ = 0;
    std::size_t end_ = 0;               // of the run
    const PriceCurve* curve_ = nullptr; // of the run
    Call call_;
};

SegmentRows::SegmentRows(SegmentReader& segment, const Window& window, ColumnSet columns)
    : walk_(std::make_unique<Walk>(segment, window, columns)) {}

SegmentRows::~SegmentRows() = default;

const Call* SegmentRows::next() { return walk_->next(); }

void SegmentReader::decode(const Window& window, ColumnSet columns,
                           const std::function<void(const Call&)>& visit) {
    SegmentRows rows(*this, window, columns);
    while (const Call* call = rows.next()) visit(*call);
}

} // namespace active_calls
