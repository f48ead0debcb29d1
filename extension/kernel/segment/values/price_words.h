// Prices as 64-bit words in the same order, close together where prices are what tariffs make of
// them.
//
// A price is mostly a decimal number, or, since rates are by the minute and durations in seconds, a
// sixth of one; and what arithmetic with doubles has made of it, a few units in the last place
// beside it. So a word is which multiple of, say, 1 / 60000 it is next to, and how many units
// beside that. Prices that are no such multiples (NaN and the infinities, to begin with) are words
// by their bits. Either way each double has a word of its own.
#pragma once

#include "../format/bytes.h"

#include <optional>

namespace active_calls {

class PriceWords {
public:
    // By the bits.
    PriceWords() = default;
    // The coarsest way that has a word for each of `prices`.
    static PriceWords fit(std::span<const double> prices);

    static PriceWords read(ByteReader& reader);
    void write(ByteWriter& writer) const;

    // Of a price that the way was fit to.
    std::uint64_t word_of(double price) const { return *find_word(price); }
    // Whatever the word, some double.
    double price_of(std::uint64_t word) const;

private:
    explicit PriceWords(std::size_t way);
    std::optional<std::uint64_t> find_word(double price) const;

    std::size_t way_ = 0;  // 0: by the bits
    double multiples_ = 0; // in 1
};

} // namespace active_calls
