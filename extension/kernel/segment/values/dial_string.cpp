#include "dial_string.h"

#include <array>

namespace active_calls {

namespace {

// The symbols in the order of their bytes: digits, and what stands beside them on a keypad or in a
// written number.
constexpr std::string_view symbols = "#*+,-.0123456789";
static_assert(symbols.size() == 16);

constexpr std::uint8_t no_symbol = 0xFF;

constexpr auto symbol_of_byte = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(no_symbol);
    for (std::size_t i = 0; i < symbols.size(); ++i)
        table[static_cast<unsigned char>(symbols[i])] = static_cast<std::uint8_t>(i);
    return table;
}();

constexpr std::uint64_t everywhere =
    0x1111111111111111; // times a symbol: that symbol in all places
constexpr std::uint64_t high_bits = 8 * everywhere;

constexpr std::uint64_t lowest_places(std::size_t count) {
    return count >= max_dial_length ? ~std::uint64_t{0} : (std::uint64_t{1} << (4 * count)) - 1;
}

} // namespace

std::optional<std::uint64_t> to_dial_word(std::string_view text) {
    if (text.size() > max_dial_length) return std::nullopt;
    std::uint64_t word = 0;
    for (const char c : text) {
        const std::uint8_t symbol = symbol_of_byte[static_cast<unsigned char>(c)];
        if (symbol == no_symbol) return std::nullopt;
        word = (word << 4) | symbol;
    }
    return word;
}

void from_dial_word(std::uint64_t word, std::size_t length, char* text) {
    for (std::size_t i = length; i-- > 0; word >>= 4) text[i] = symbols[word & 0xF];
}

DialWordFilter::DialWordFilter(const TextFilter& filter, std::size_t length)
    : length_(length) {
    if (filter.eq) {
        possible_ = filter.eq->size() == length;
        fix(*filter.eq, 0);
    }
    if (filter.starts_with) fix(*filter.starts_with, length - filter.starts_with->size());
    if (filter.ends_with) fix(*filter.ends_with, 0);
    if (!filter.contains) return;

    // The case of letters does not matter here: no symbol is one.
    const std::string_view needle = filter.contains->lower();
    const auto word = to_dial_word(needle);
    if (!word || needle.size() > length) {
        possible_ = false;
        return;
    }
    contained_length_ = needle.size();
    for (std::size_t i = 0; i < contained_length_; ++i)
        contained_[i] = ((*word >> (4 * i)) & 0xF) * everywhere;
    contained_places_ = high_bits & lowest_places(length - contained_length_ + 1);
}

// Demands that `part` stands in the word, its last symbol at `position` from the end.
void DialWordFilter::fix(const std::string& part, std::size_t position) {
    const auto word = to_dial_word(part);
    if (!word || part.size() > length_) {
        possible_ = false;
        return;
    }
    if (part.empty()) return;
    const std::uint64_t mask = lowest_places(part.size()) << (4 * position);
    const std::uint64_t value = *word << (4 * position);
    if (((fixed_ ^ value) & fixed_mask_ & mask) != 0) possible_ = false; // contradicts another part
    fixed_mask_ |= mask;
    fixed_ |= value;
}

std::optional<DialWordFilter::Range> DialWordFilter::range() const {
    // There is a range only if the given symbols are exactly the first ones.
    const std::uint64_t all = lowest_places(length_);
    const std::uint64_t open = all & ~fixed_mask_;
    if (contained_length_ != 0 || (open & (open + 1)) != 0) return std::nullopt;
    return Range{fixed_, fixed_ | open};
}

bool DialWordFilter::contains(std::uint64_t word) const {
    // Place p of `different` is 0 when the needle stands in the word with its last symbol at p.
    std::uint64_t different = 0;
    for (std::size_t i = 0; i < contained_length_; ++i)
        different |= (word >> (4 * i)) ^ contained_[i];
    const std::uint64_t seven = 7 * everywhere;
    const std::uint64_t equal = ~(((different & seven) + seven) | different);
    return (equal & contained_places_) != 0;
}

} // namespace active_calls
