// From segments to counts, and back to rows.
#pragma once

#include "../format/segment.h"
#include "../values/dictionary.h"

#include "../../call_filter.h"
#include "../../series.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace active_calls {

// Where the bytes of a segment's vectors come from, one at a time and only when they are needed.
class VectorSource {
public:
    // The bytes stay valid as long as the source.
    virtual ByteSpan fetch(Vector vector) = 0;

protected:
    ~VectorSource() = default;
};

// A segment in memory.
class SegmentBytes final : public VectorSource {
public:
    explicit SegmentBytes(const Segment& segment)
        : segment_(segment) {}
    ByteSpan fetch(Vector vector) override {
        return segment_.vectors[static_cast<std::size_t>(vector)];
    }

private:
    const Segment& segment_;
};

class PriceVector;

// Reads one segment. Everything throws Error (corrupted_data) where the bytes are not those of a
// segment, and the constructor (newer_data) where they are those of a later version.
class SegmentReader {
public:
    // `header` and `source` must outlive the reader.
    SegmentReader(ByteSpan header, VectorSource& source, std::pmr::memory_resource* memory);

    const SegmentHeader& header() const { return header_; }

    // False when the header alone tells that no call of the segment is asked for.
    bool may_hold(const Window& window, const CallFilter& filter) const;

    // Adds to `counts` the calls within the window that pass the filter. Reads the vectors that the
    // filter is about, and, where one passes nothing, not those after it. Visits runs, not rows: a
    // filter on a price alone looks at rows, of the runs that pass the others and whose prices are
    // listed.
    void count(const Window& window, const CallFilter& filter, SnapshotCounts& counts);

    // Calls `visit(const Call&)` for each row of SegmentRows.
    void decode(const Window& window, ColumnSet columns,
                const std::function<void(const Call&)>& visit);

private:
    friend class SegmentRows;

    struct SnapshotRange {
        std::size_t begin;
        std::size_t end;
        bool empty() const { return begin >= end; }
        bool overlaps(const SnapshotRange& other) const {
            return begin < other.end && other.begin < end;
        }
    };

    // The codes of an attribute or of prices. `dictionary` stands before the dictionary of `values`
    // distinct values; the codes stand behind it.
    struct Codes {
        ByteReader dictionary;
        std::size_t values;
        bool has_null;

        std::size_t size() const { return values + (has_null ? 1 : 0); }
    };

    // Which codes pass a filter, and the codes.
    struct Match {
        BitArray codes;
        std::pmr::vector<std::uint8_t> pass; // of every number that fits a code's width

        bool any() const;
    };

    struct RunBlock;
    struct DurationBlock;
    struct Selection;
    class RunClock;
    class DurationCut;
    class RunCounter;
    class PriceMatch;
    class RowCounter;
    template<class Value>
    class Values;

    SnapshotRange range_of(const Window& window) const;
    ByteReader open(Vector vector);
    static Codes open_codes(ByteReader reader, std::size_t limit);
    BitArray read_codes(ByteReader& reader, std::size_t size, const Codes& codes) const;
    template<class Dictionary, class Filter>
    Match match(ByteReader reader, std::size_t size, const Filter& filter);
    template<class Dictionary, class Value>
    std::unique_ptr<Values<Value>> read_values(Vector vector, ByteReader reader, std::size_t size);
    std::pmr::vector<RunBlock> read_runs();
    std::pmr::vector<DurationBlock> read_durations();
    static std::array<std::uint32_t, runs_per_block> row_counts_of(const RunBlock& block);
    static std::array<std::uint32_t, runs_per_block>
    listed_rows_of(const PriceVector& prices, std::size_t b, const RunBlock& block);
    std::pmr::vector<std::uint32_t> first_rows_of(std::span<const RunBlock> blocks) const;
    static void select(const Match& match, const RunBlock& block, Selection& selection);
    void locate(const RunBlock& block, const SnapshotRange& range, Selection& selection) const;

    SegmentHeader header_;
    VectorSource& source_;
    std::pmr::memory_resource* memory_;
};

// The rows of a segment within a window, one after the other, in no order that is promised. Columns
// that are not asked for are left empty, and their vectors unread.
class SegmentRows {
public:
    // `segment` must outlive the rows.
    SegmentRows(SegmentReader& segment, const Window& window, ColumnSet columns);
    ~SegmentRows();

    // The next row, null behind the last one. It stays until the next one is asked for; its text,
    // as long as this.
    const Call* next();

private:
    class Walk;
    std::unique_ptr<Walk> walk_;
};

} // namespace active_calls
