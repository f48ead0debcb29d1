// JSON as text: where an object ends, and what becomes of characters that are not well formed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace active_calls {

struct ObjectExtent {
    enum class Kind {
        whole,
        unfinished, // goes on behind the text
        broken,     // is no JSON, whatever follows
    } kind;
    std::size_t size; // where it is whole
};

// The extent of the object that `text` begins with, as its brackets and quotes tell. Whether it is
// well formed within is another matter. A string that has a newline, which JSON does not allow, is
// taken for one whose end is missing.
ObjectExtent extent_of_object(std::string_view text);

// Appends JSON, with control characters in strings escaped as they have to be, and U+FFFD in place
// of each byte that belongs to no character of UTF-8.
void append_mended(std::string_view json, std::string& mended);

// Appends what a string stands for that is spelled with JSON's escapes, with U+FFFD in place of
// those that stand for no character, such as half a surrogate pair, and of NUL.
void append_unescaped(std::string_view spelled, std::string& text);

} // namespace active_calls
