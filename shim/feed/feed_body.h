// The text that a feed request carries: read off the connection, decompressed, never beyond a
// limit, and handed out in pieces while it comes.
#pragma once

#include "http/body.h"
#include "http/message.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace active_calls::shim {

class Inflater;

// Cut anywhere.
struct FeedPiece {
    std::string_view text;
    // Whether all of the text has been taken with it.
    bool is_last;
};

// The statement that the URL holds, if any, on a line of its own; then the body, decompressed.
// What it refers to must outlive it. Its functions throw ClickHouseError.
class FeedBody {
public:
    // `max_size` is that of the body, as it comes and decompressed.
    FeedBody(http::RequestBody& body, const http::Request& request, std::size_t max_size);
    FeedBody(const FeedBody&) = delete;
    ~FeedBody();

    // Reads a piece, or all there is: what holds the statement.
    void read_first();

    // What was read and is not taken; valid until more is read.
    std::string_view text() const { return std::string_view(text_).substr(taken_); }
    void skip(std::size_t size) { taken_ += size; }

    // Takes the next piece, of about half a MiB; valid until more is read. None after the last
    // one, which alone may be empty.
    std::optional<FeedPiece> next_piece();

    // How many lines were read so far, without the statement. Most rows are a line each.
    std::size_t line_count() const;
    // How many bytes of text were read so far.
    std::size_t size() const { return size_; }

private:
    void read();
    void append(std::string_view piece);

    http::RequestBody& body_;
    // Null where the body is not compressed.
    std::unique_ptr<Inflater> inflater_;
    std::size_t max_size_;
    std::size_t max_text_;
    std::string text_;
    std::size_t taken_ = 0;
    std::size_t size_ = 0;
    // How many lines have ended in the pieces that were taken so far, and whether one more has
    // begun.
    std::size_t lines_taken_ = 0;
    bool is_within_line_ = false;
    bool is_complete_ = false;
    bool has_given_last_ = false;
};

} // namespace active_calls::shim
