// Most callers and callees are dial strings: up to 16 of the symbols that can be dialled. One word
// holds such a string.
//
// A symbol takes four bits, the last one lowest. Symbols are numbered in the order of their bytes,
// so for strings of one length the order of the words is the order of the bytes. A filter compares
// a word with all positions of a needle at once, and the words of a country or a trunk lie close
// together.
#pragma once

#include "../../call_filter.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace active_calls {

inline constexpr std::size_t max_dial_length = 16;

// Returns nothing if `text` is longer or holds another character. The empty string is the word 0.
std::optional<std::uint64_t> to_dial_word(std::string_view text);

// Writes the `length` symbols of `word` to `text`.
void from_dial_word(std::uint64_t word, std::size_t length, char* text);

// A text filter as a test of words of one length.
class DialWordFilter {
public:
    DialWordFilter(const TextFilter& filter, std::size_t length);

    // False when no word of the length can pass.
    bool possible() const { return possible_; }
    // Like TextFilter::passes() on the text: a handful of operations, whatever the length.
    bool passes(std::uint64_t word) const {
        return (word & fixed_mask_) == fixed_ && (contained_length_ == 0 || contains(word));
    }

    // The first and the last word that pass, if exactly the words of a range pass (eq,
    // starts_with).
    struct Range {
        std::uint64_t first;
        std::uint64_t last;
    };
    std::optional<Range> range() const;

private:
    void fix(const std::string& part, std::size_t position);
    bool contains(std::uint64_t word) const;

    bool possible_ = true;
    std::size_t length_;
    // eq, starts_with and ends_with: the places of the given symbols, and the symbols.
    std::uint64_t fixed_mask_ = 0;
    std::uint64_t fixed_ = 0;
    // contains: each symbol of the needle in all 16 places.
    std::size_t contained_length_ = 0;
    std::uint64_t contained_[max_dial_length] = {};
    std::uint64_t contained_places_ = 0; // the high bit of every place where the needle may end
};

} // namespace active_calls
