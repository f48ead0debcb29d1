// The vector customer_price: which curve the prices of each run follow, and the prices of the rows
// whose run follows none, which are listed.
//
//   - how many curves, and each; if none, all rows are listed, and the dictionary follows
//   - of each run, a code: the number of its curve, or, behind the last one, that it has none
//   - how many rows are listed, and, if any, how many of each block; then
//   - the dictionary of listed prices (dictionary.h)
//   - of each listed row, in the order of runs, its code
#pragma once

#include "../format/bit_array.h"
#include "dictionary.h"
#include "price_curve.h"

namespace active_calls {

class PriceVector {
public:
    // Writes what stands before the dictionary, or before the end where no row is listed.
    // `row_counts` are those of all runs.
    static void write_curves(ByteWriter& writer, const FittedCurves& fitted,
                             std::span<const std::uint32_t> row_counts);

    // Reads that. `first_rows` says of each block, and of the end, how many rows stand before it.
    static PriceVector read(ByteReader& reader, std::size_t run_count,
                            std::span<const std::uint32_t> first_rows,
                            std::pmr::memory_resource* memory);

    std::span<const PriceCurve> curves() const { return curves_; }
    // Of each run, where there are curves. What is above listed_code() stands for nothing.
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
