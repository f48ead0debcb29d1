// The vector customer_price: which curve the prices of each run follow, and the prices of the rows
// whose run follows none, which are listed.
//
//   - how many curves there are, and each curve; if none, all rows are listed, and the dictionary
//     follows
//   - a code for each run: the number of its curve, or the number of curves if it has none
//   - how many rows are listed, and, if any, how many of each block; then
//   - the dictionary of listed prices (dictionary.h)
//   - the code of each listed row, in the order of runs
#pragma once

#include "../format/bit_array.h"
#include "dictionary.h"
#include "price_curve.h"

namespace active_calls {

class PriceVector {
public:
    // Writes the part before the dictionary, which is all if no row is listed. `row_counts` has the
    // number of rows of each run.
    static void write_curves(ByteWriter& writer, const FittedCurves& fitted,
                             std::span<const std::uint32_t> row_counts);

    // Reads that part. `first_rows` is how many rows stand before each block, and before the end.
    static PriceVector read(ByteReader& reader, std::size_t run_count,
                            std::span<const std::uint32_t> first_rows,
                            std::pmr::memory_resource* memory);

    std::span<const PriceCurve> curves() const { return curves_; }
    // The code of a run, if there are curves. Codes above listed_code() stand for nothing.
    Code code_of(std::size_t run) const { return static_cast<Code>(codes_[run]); }
    const BitArray& codes() const { return codes_; }
    Code listed_code() const { return static_cast<Code>(curves_.size()); }
    // How many rows before a block, or before the end, are listed.
    std::uint32_t listed_before(std::size_t block) const { return listed_before_[block]; }
    std::uint32_t listed_rows() const { return listed_before_.back(); }

private:
    explicit PriceVector(std::pmr::memory_resource* memory)
        : curves_(memory)
        , listed_before_(memory) {}

    std::pmr::vector<PriceCurve> curves_;
    BitArray codes_;
    std::pmr::vector<std::uint32_t> listed_before_;
};

} // namespace active_calls
