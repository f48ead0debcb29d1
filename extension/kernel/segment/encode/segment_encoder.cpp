#include "segment_encoder.h"

#include "../values/dictionary.h"
#include "../values/price_vector.h"

#include "../../interrupts.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace active_calls {

namespace {

template<class Number>
void extend(std::optional<Bounds<Number>>& bounds, std::optional<Number> value) {
    if (!value) return;
    if constexpr (std::is_floating_point_v<Number>)
        if (std::isnan(*value)) return;
    if (!bounds)
        bounds = Bounds<Number>{*value, *value};
    else
        *bounds = {std::min(bounds->min, *value), std::max(bounds->max, *value)};
}

constexpr std::int64_t shortest_duration = std::numeric_limits<std::int32_t>::min();

// Calls `visit` with the runs of each block.
template<class Run, class Visit>
void each_block(const std::vector<Run>& runs, Visit&& visit) {
    for (std::size_t begin = 0; begin < runs.size(); begin += runs_per_block) {
        count_steps(runs_per_block);
        visit(std::span(runs).subspan(begin, std::min(runs_per_block, runs.size() - begin)));
    }
}

void pad(ByteWriter& writer) {
    for (std::size_t i = 0; i < bit_array_padding; ++i) writer.u8(0);
}

} // namespace

void SegmentEncoder::add(const Call& call) {
    Row& row = rows_.emplace_back();
    row.snapshot = call.snapshot;
    row.duration = call.duration;
    row.price = intern(prices_, call.customer_price);
    for_each_attribute([&](const auto& column, std::size_t i) {
        const auto& value = call.*column.member;
        row.attributes[i] = value ? intern(pools_[i], *value) : null;
    });
    for_each_column(
        [&](const auto& column, auto& bounds) {
            using Column = std::decay_t<decltype(column)>;
            if constexpr (has_bounds<Column>)
                extend<typename Column::Value>(bounds, call.*column.member);
        },
        bounds_);
}

// The runs of some rows. Where a row's price goes among those of all runs is known when all runs
// are: `run_of` and the order of the rows tell.
struct SegmentEncoder::Runs {
    std::vector<Instant> snapshots;
    std::vector<std::int64_t> rows_at; // of each snapshot
    std::vector<Run> runs;             // in the order of their length, then of their first snapshot
    std::vector<std::uint32_t> run_of; // of each row

    void sort();
    std::int64_t second_of(std::size_t snapshot) const {
        return Timeline::second_of(snapshots[snapshot]);
    }
    std::int64_t clock_of(const Run& run) const;
};

void SegmentEncoder::Runs::sort() {
    std::vector<std::uint32_t> order(runs.size());
    std::iota(order.begin(), order.end(), std::uint32_t{0});
    std::ranges::stable_sort(order, InterruptibleLess{}, [&](std::uint32_t run) {
        return std::pair(runs[run].row_count, runs[run].first_snapshot);
    });
    std::vector<Run> sorted;
    sorted.reserve(runs.size());
    std::vector<std::uint32_t> place(runs.size());
    for (const std::uint32_t run : order) {
        place[run] = static_cast<std::uint32_t>(sorted.size());
        sorted.push_back(runs[run]);
    }
    runs = std::move(sorted);
    for (std::uint32_t& run : run_of) run = place[run];
}

// Runs that have a row in one snapshot, by what a row of the next must be to go on with one.
//
// Calls with equal attributes may be up by thousands at once (callers without a number, a load
// test). So runs of the same key are a chain, of which any will do.
class SegmentEncoder::RunFinder {
public:
    // The second at which the run's clock is 0; `unconnected` while all its durations are 0.
    static constexpr std::int64_t unconnected = std::numeric_limits<std::int64_t>::min();
    static constexpr std::uint32_t none = ~std::uint32_t{0};

    struct Key {
        std::int64_t clock;
        Attributes attributes;
        bool operator==(const Key&) const = default;
    };

    void clear() {
        count_steps(slots_.size() / 16); // which are filled many at once
        std::ranges::fill(slots_, none);
        chains_.clear();
        links_.clear();
    }

    void put(const Key& key, std::uint32_t run) {
        if (2 * chains_.size() >= slots_.size()) grow();
        const std::uint32_t hash = hash_of(key);
        std::uint32_t& slot = slots_[find(key, hash)];
        if (slot == none) {
            slot = static_cast<std::uint32_t>(chains_.size());
            chains_.push_back({key, hash, none});
        }
        links_.push_back({run, chains_[slot].head});
        chains_[slot].head = static_cast<std::uint32_t>(links_.size() - 1);
    }

    // A run of that key, which then is no longer here; `none` when there is none.
    std::uint32_t take(const Key& key) {
        if (slots_.empty()) return none;
        const std::uint32_t slot = slots_[find(key, hash_of(key))];
        if (slot == none || chains_[slot].head == none) return none;
        const Link& link = links_[chains_[slot].head];
        chains_[slot].head = link.next;
        return link.run;
    }

private:
    struct Chain {
        Key key;
        std::uint32_t hash;
        std::uint32_t head; // in links_
    };
    struct Link {
        std::uint32_t run;
        std::uint32_t next;
    };

    static std::uint32_t hash_of(const Key& key) {
        static_assert(std::has_unique_object_representations_v<Key>);
        return static_cast<std::uint32_t>(
            checksum({reinterpret_cast<const std::uint8_t*>(&key), sizeof key}));
    }

    // The slot of the key's chain, or the free one where it belongs.
    std::size_t find(const Key& key, std::uint32_t hash) const {
        std::size_t slot = hash & (slots_.size() - 1);
        while (slots_[slot] != none &&
               !(chains_[slots_[slot]].hash == hash && chains_[slots_[slot]].key == key))
            slot = (slot + 1) & (slots_.size() - 1);
        return slot;
    }

    void grow() {
        slots_.assign(std::max<std::size_t>(64, 2 * slots_.size()), none);
        for (std::uint32_t i = 0; i < chains_.size(); ++i)
            slots_[find(chains_[i].key, chains_[i].hash)] = i;
    }

    std::vector<std::uint32_t> slots_; // open addressing by hash; places in chains_
    std::vector<Chain> chains_;
    std::vector<Link> links_;
};

// The second at which a run's clock is 0. A call that was never connected will be, as far as its
// rows can tell, right after them.
std::int64_t SegmentEncoder::Runs::clock_of(const Run& run) const {
    return run.clock == RunFinder::unconnected ? second_of(run.first_snapshot + run.row_count - 1)
                                               : run.clock;
}

SegmentEncoder::Runs SegmentEncoder::find_runs() const {
    using Finder = RunFinder;
    Runs found;
    Finder previous; // runs with a row in the snapshot before the current one
    Finder current;
    std::int64_t previous_second = 0;
    std::int64_t second = 0;

    for (const Row& row : rows_) {
        if (found.snapshots.empty() || found.snapshots.back() != row.snapshot) {
            std::swap(previous, current);
            current.clear();
            previous_second = second;
            second = Timeline::second_of(row.snapshot);
            found.snapshots.push_back(row.snapshot);
            found.rows_at.push_back(0);
        }
        ++found.rows_at.back();

        const std::int64_t clock = row.duration == 0 ? Finder::unconnected : second - row.duration;
        std::uint32_t run = previous.take({clock, row.attributes});
        // A call that is connected now may go on with one that was not yet a snapshot ago.
        if (run == Finder::none && row.duration > 0 && clock >= previous_second) {
            run = previous.take({Finder::unconnected, row.attributes});
            if (run != Finder::none) found.runs[run].clock = clock;
        }
        if (run == Finder::none) {
            run = static_cast<std::uint32_t>(found.runs.size());
            found.runs.push_back({static_cast<std::uint32_t>(found.snapshots.size() - 1), 0, clock,
                                  row.duration >= 0, row.attributes});
        }
        ++found.runs[run].row_count;
        found.run_of.push_back(run);
        current.put({clock, row.attributes}, run);
    }
    found.sort();
    return found;
}

// Distinct values and, for each of `ids`, the code of its value. NULL has the last code.
template<class Value>
void SegmentEncoder::write_codes(ByteWriter& writer, const ValuePool& pool,
                                 std::span<const Id> ids) {
    constexpr Code unused = ~Code{0};
    std::vector<Code> code_of(pool.size(), unused); // at first: the place in `values`
    std::vector<Value> values;
    bool has_null = false;
    count_steps(ids.size());
    for (const Id id : ids) {
        if (id == null) {
            has_null = true;
        } else if (code_of[id] == unused) {
            code_of[id] = static_cast<Code>(values.size());
            values.push_back(value_of<Value>(pool[id]));
        }
    }

    writer.varint(values.size());
    writer.u8(has_null ? 1 : 0);
    const std::vector<Code> codes_of_values = DictionaryOf<Value>::write(writer, values);
    std::vector<Code> codes;
    codes.reserve(ids.size());
    for (const Id id : ids)
        codes.push_back(id == null ? static_cast<Code>(values.size())
                                   : codes_of_values[code_of[id]]);
    BitArray::write<Code>(writer, codes, code_width(values.size() + (has_null ? 1 : 0)));
}

Segment SegmentEncoder::encode(std::pmr::memory_resource* memory) const {
    const Runs found = find_runs();

    Segment segment{account_id_,
                    found.snapshots.front(),
                    found.snapshots.back(),
                    rows_.size(),
                    found.runs.size(),
                    Bytes(memory),
                    {}};
    const auto vector = [&](Vector which) -> Bytes& {
        return segment.vectors[static_cast<std::size_t>(which)];
    };

    vector(Vector::runs) = encode_runs(found, memory);
    std::vector<Id> ids(found.runs.size());
    for_each_attribute([&](const auto& column, std::size_t i) {
        std::ranges::transform(found.runs, ids.begin(),
                               [&](const Run& run) { return run.attributes[i]; });
        ByteWriter writer(memory);
        write_codes<typename std::decay_t<decltype(column)>::Value>(writer, pools_[i], ids);
        pad(writer);
        vector(vector_of(column.id)) = writer.take();
    });
    vector(vector_of(Column::duration)) = encode_durations(found, memory);
    vector(vector_of(Column::customer_price)) = encode_prices(found, memory);

    segment.header = SegmentHeader::write(segment, found.snapshots, found.rows_at, bounds_, memory);
    return segment;
}

Bytes SegmentEncoder::encode_runs(const Runs& found, std::pmr::memory_resource* memory) {
    ByteWriter writer(memory);
    each_block(found.runs, [&](std::span<const Run> block) {
        std::vector<std::int64_t> first_snapshots;
        std::vector<std::int64_t> row_counts;
        std::uint32_t begin = block.front().first_snapshot;
        std::uint32_t end = 0;
        std::uint64_t rows = 0;
        for (const Run& run : block) {
            first_snapshots.push_back(run.first_snapshot);
            row_counts.push_back(run.row_count);
            begin = std::min(begin, run.first_snapshot);
            end = std::max(end, run.first_snapshot + run.row_count);
            rows += run.row_count;
        }
        writer.varint(begin);
        writer.varint(end);
        writer.varint(rows);
        PackedIntegers::write(writer, first_snapshots);
        PackedIntegers::write(writer, row_counts);
    });
    pad(writer);
    return writer.take();
}

Bytes SegmentEncoder::encode_durations(const Runs& found, std::pmr::memory_resource* memory) {
    ByteWriter writer(memory);
    each_block(found.runs, [&](std::span<const Run> block) {
        std::vector<std::int64_t> first_durations;
        std::vector<std::uint8_t> uncut;
        std::int64_t shortest = std::numeric_limits<std::int64_t>::max();
        std::int64_t longest = std::numeric_limits<std::int64_t>::min();
        for (const Run& run : block) {
            const std::int64_t first = found.second_of(run.first_snapshot);
            const std::int64_t last = found.second_of(run.first_snapshot + run.row_count - 1);
            const std::int64_t clock = found.clock_of(run);
            first_durations.push_back(first - clock);
            uncut.push_back(run.cut_at_zero ? 0 : 1);
            const std::int64_t cut = run.cut_at_zero ? 0 : shortest_duration;
            shortest = std::min(shortest, std::max(cut, first - clock));
            longest = std::max(longest, std::max(cut, last - clock));
        }
        writer.signed_varint(shortest);
        writer.signed_varint(longest);
        PackedIntegers::write(writer, first_durations);
        const bool any_uncut = std::ranges::find(uncut, 1) != uncut.end();
        writer.u8(any_uncut ? 1 : 0);
        if (any_uncut) BitArray::write<std::uint8_t>(writer, uncut, 1);
    });
    pad(writer);
    return writer.take();
}

Bytes SegmentEncoder::encode_prices(const Runs& found, std::pmr::memory_resource* memory) const {
    std::vector<std::uint32_t> row_counts;
    std::vector<std::uint32_t> next_of_run;
    std::uint32_t rows = 0;
    for (const Run& run : found.runs) {
        row_counts.push_back(run.row_count);
        next_of_run.push_back(rows);
        rows += run.row_count;
    }

    // Run by run, and within a run in the order of time.
    count_steps(rows_.size());
    std::vector<Id> ids(rows_.size());
    std::vector<double> prices(rows_.size());
    std::vector<std::int64_t> seconds(rows_.size());
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        const Run& run = found.runs[found.run_of[i]];
        const std::uint32_t at = next_of_run[found.run_of[i]]++;
        ids[at] = rows_[i].price;
        prices[at] = value_of<double>(prices_[rows_[i].price]);
        seconds[at] = Timeline::second_of(rows_[i].snapshot) - found.clock_of(run);
    }
    const FittedCurves fitted = fit_curves(prices, seconds, row_counts);

    ByteWriter writer(memory);
    PriceVector::write_curves(writer, fitted, row_counts);
    std::vector<Id> listed;
    for (std::size_t run = 0, row = 0; run < row_counts.size(); row += row_counts[run++])
        if (!fitted.fits(run))
            listed.insert(listed.end(), ids.begin() + static_cast<std::ptrdiff_t>(row),
                          ids.begin() + static_cast<std::ptrdiff_t>(row + row_counts[run]));
    if (!listed.empty()) write_codes<double>(writer, prices_, listed);
    pad(writer);
    return writer.take();
}

} // namespace active_calls
