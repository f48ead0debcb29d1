// Prices as 64-bit words in the same order. The words are close together if tariffs make the
// prices.
//
// A price is mostly a decimal number, or, since rates are per minute and durations in seconds, a
// sixth of one. Arithmetic with doubles puts it a few units in the last place beside that number.
// So a word says which multiple of, say, 1 / 60000 the price is next to, and how many units it lies
// beside that. Prices that are no such multiples (NaN and the infinities, for example) are words by
// their bits. Either way each double has a word of its own.
#pragma once

#include "../format/bytes.h"

#include <optional>

namespace active_calls {

class PriceWords {
public:
    // Makes words of the bits.
    PriceWords() = default;
    // The coarsest way that has a word for each of `prices`.
    static PriceWords fit(std::span<const double> prices);

    static PriceWords read(ByteReader& reader);
    void write(ByteWriter& writer) const;

    // The word of a price to which fit() has fitted this.
    std::uint64_t word_of(double price) const { return *find_word(price); }
    // Returns some double for any word.
    double price_of(std::uint64_t word) const;

private:
    explicit PriceWords(std::size_t way);
    std::optional<std::uint64_t> find_word(double price) const;

    std::size_t way_ = 0;  // 0: by the bits
    double multiples_ = 0; // in 1
};

} // namespace active_calls
