#include "call_filter.h"

#include "columns.h"
#include "interrupts.h"

#include <algorithm>
#include <array>

namespace active_calls {

namespace {

// Maps each byte to itself, and capital ASCII letters to small ones. Looking a byte up is faster
// than comparing it, as the processor cannot predict how the comparison ends.
constexpr auto ascii_lower = [] {
    std::array<char, 256> lower{};
    for (std::size_t c = 0; c < lower.size(); ++c)
        lower[c] = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    return lower;
}();

char lower_of(char c) { return ascii_lower[static_cast<unsigned char>(c)]; }

} // namespace

Needle::Needle(std::string_view text, int)
    : lower_(text)
    , shorter_(text.size() + 1) {
    std::uint32_t matched = 0;
    in_pieces(lower_.size(), [&](std::size_t begin, std::size_t size) {
        for (std::size_t i = begin; i < begin + size; ++i) {
            lower_[i] = lower_of(lower_[i]);
            if (i == 0) continue;
            while (matched > 0 && lower_[i] != lower_[matched]) matched = shorter_[matched];
            if (lower_[i] == lower_[matched]) ++matched;
            shorter_[i + 1] = matched;
        }
    });
}

bool Needle::is_in(std::string_view text) const {
    if (lower_.empty()) return true;
    if (text.size() < lower_.size()) return false;
    const char* const needle = lower_.data();
    std::size_t matched = 0; // bytes of the needle, which those of the text so far end with
    while (!text.empty()) {
        const std::string_view piece = text.substr(0, steps_between_interrupts);
        count_steps(piece.size());
        for (const char c : piece) {
            const char lower = lower_of(c);
            while (matched > 0 && lower != needle[matched]) matched = shorter_[matched];
            if (lower == needle[matched] && ++matched == lower_.size()) return true;
        }
        text.remove_prefix(piece.size());
    }
    return false;
}

bool TextFilter::passes(std::optional<std::string_view> value) const {
    if (!value) return !given();
    return (!eq || *value == *eq) && (!starts_with || value->starts_with(*starts_with)) &&
           (!ends_with || value->ends_with(*ends_with)) && (!contains || contains->is_in(*value));
}

ColumnSet CallFilter::columns() const {
    ColumnSet columns;
    for_each_filtered_column([&](const auto& column) {
        if ((this->*column.filter).given()) columns.insert(column.id);
    });
    return columns;
}

} // namespace active_calls
