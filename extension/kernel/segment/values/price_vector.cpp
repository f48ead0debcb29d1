#include "price_vector.h"

#include "../format/segment.h"

#include <algorithm>
#include <numeric>

namespace active_calls {

void PriceVector::write_curves(ByteWriter& writer, const FittedCurves& fitted,
                               std::span<const std::uint32_t> row_counts) {
    writer.varint(fitted.curves.size());
    if (fitted.curves.empty()) return;
    for (const PriceCurve& curve : fitted.curves) {
        writer.u64(std::bit_cast<std::uint64_t>(curve.initial));
        writer.u64(std::bit_cast<std::uint64_t>(curve.next_rate));
        writer.varint(static_cast<std::uint64_t>(curve.initial_interval));
        writer.varint(static_cast<std::uint64_t>(curve.next_interval));
    }
    BitArray::write<std::uint32_t>(writer, fitted.curve_of, code_width(fitted.curves.size() + 1));

    std::vector<std::uint64_t> listed_in((row_counts.size() + runs_per_block - 1) / runs_per_block);
    for (std::size_t run = 0; run < row_counts.size(); ++run)
        if (!fitted.fits(run)) listed_in[run / runs_per_block] += row_counts[run];
    const std::uint64_t listed = std::reduce(listed_in.begin(), listed_in.end());
    writer.varint(listed);
    if (listed == 0) return;
    for (const std::uint64_t rows : listed_in) writer.varint(rows);
}

PriceVector PriceVector::read(ByteReader& reader, std::size_t run_count,
                              std::span<const std::uint32_t> first_rows,
                              std::pmr::memory_resource* memory) {
    PriceVector prices(memory);
    const std::size_t curve_count = reader.count(FittedCurves::max_curves);
    if (curve_count == 0) {
        prices.listed_before_.assign(first_rows.begin(), first_rows.end());
        return prices;
    }
    prices.curves_.reserve(curve_count);
    for (std::size_t i = 0; i < curve_count; ++i) {
        constexpr std::size_t longest = std::numeric_limits<std::int32_t>::max();
        PriceCurve& curve = prices.curves_.emplace_back();
        curve.initial = std::bit_cast<double>(reader.u64());
        curve.next_rate = std::bit_cast<double>(reader.u64());
        curve.initial_interval = static_cast<std::int32_t>(reader.count(longest));
        curve.next_interval = static_cast<std::int32_t>(reader.count(longest));
        if (!curve.is_rising()) damaged("a curve in it is none");
    }
    prices.codes_ = BitArray::read(reader, run_count, code_width(curve_count + 1));

    const std::size_t listed = reader.count(first_rows.back());
    prices.listed_before_.reserve(first_rows.size());
    std::uint32_t before = 0;
    for (std::size_t block = 0; block + 1 < first_rows.size(); ++block) {
        prices.listed_before_.push_back(before);
        if (listed > 0)
            before +=
                static_cast<std::uint32_t>(reader.count(first_rows[block + 1] - first_rows[block]));
    }
    prices.listed_before_.push_back(before);
    if (before != listed) damaged("the listed rows of its blocks do not add up");
    return prices;
}

} // namespace active_calls
