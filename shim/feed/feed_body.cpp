#include "feed_body.h"

#include "clickhouse_error.h"
#include "http/query_string.h"
#include "http/text.h"
#include "insert_statement.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <functional>
#include <stdexcept>
#include <utility>

namespace active_calls::shim {

// gzip, of one member or several, or zlib's own format. A stream that breaks off is not taken for
// a whole one.
class Inflater {
public:
    Inflater() {
        constexpr int largest_window_and_either_format = 15 + 32;
        if (inflateInit2(&stream_, largest_window_and_either_format) != Z_OK)
            throw std::runtime_error("out of memory for decompression");
    }
    Inflater(const Inflater&) = delete;
    ~Inflater() { inflateEnd(&stream_); }

    void add(std::string_view compressed, const std::function<void(std::string_view)>& sink) {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));
        stream_.avail_in = static_cast<uInt>(compressed.size());
        do {
            if (is_at_end_ && stream_.avail_in > 0) inflateReset(&stream_);
            stream_.next_out = buffer_.data();
            stream_.avail_out = static_cast<uInt>(buffer_.size());
            const int result = inflate(&stream_, Z_NO_FLUSH);
            // There is nothing to do where the last call filled the buffer to the brim.
            if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
                throw ClickHouseError(ClickHouseCode::inflate_failed,
                                      "the body is not compressed as Content-Encoding says");
            is_at_end_ = result == Z_STREAM_END;
            const auto size = buffer_.size() - stream_.avail_out;
            sink({reinterpret_cast<const char*>(buffer_.data()), size});
        } while (stream_.avail_in > 0 || (stream_.avail_out == 0 && !is_at_end_));
    }

    bool is_at_end() const { return is_at_end_; }

private:
    z_stream stream_{};
    bool is_at_end_ = false;
    std::array<Bytef, 65536> buffer_;
};

namespace {

// What PostgreSQL is given at once: so much that what each piece costs beyond its rows is little,
// and so little that nobody needs memory that it has not used before.
constexpr std::size_t piece_size = std::size_t{512} << 10;

static_assert(piece_size >= max_statement_size); // What is read first holds the statement.

// ClickHouse joins the two with a newline. One that the statement ends with is none of the rows',
// which are then the same as below a statement in the body.
std::string statement_in_url(const http::Request& request) {
    std::string statement = last_value(request.target, "query").value_or("");
    statement.erase(statement.find_last_not_of(" \t\r\n") + 1);
    return statement.empty() ? statement : statement + '\n';
}

[[noreturn]] void refuse_size(std::size_t max_size) {
    throw ClickHouseError(ClickHouseCode::too_many_bytes,
                          fmt::format("the body has more than {} bytes: send smaller batches, or "
                                      "raise --feed-max-body",
                                      max_size));
}

// Null where the body is not compressed.
std::unique_ptr<Inflater> inflater_for(const http::Request& request) {
    const auto encoding = request.fields.get("Content-Encoding");
    if (encoding.empty() || equal_ignoring_case(encoding, "identity")) return nullptr;
    if (equal_ignoring_case(encoding, "gzip") || equal_ignoring_case(encoding, "deflate"))
        return std::make_unique<Inflater>();
    throw ClickHouseError(ClickHouseCode::not_implemented,
                          "of Content-Encoding only gzip and deflate are taken");
}

ClickHouseError to_clickhouse_error(const http::BodyError& error) {
    switch (error.fault) {
    case http::BodyFault::malformed:
        return {ClickHouseCode::poco_exception, error.what()};
    case http::BodyFault::cut_off:
        return {ClickHouseCode::cannot_read_all_data, error.what()};
    case http::BodyFault::too_slow:
        break;
    }
    return {ClickHouseCode::socket_timeout, error.what()};
}

// Faster where lines are long than a look at each character.
std::size_t count_newlines(std::string_view text) {
    std::size_t count = 0;
    for (auto at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) ++count;
    return count;
}

} // namespace

FeedBody::FeedBody(http::RequestBody& body, const http::Request& request, std::size_t max_size)
    : body_(body)
    , inflater_(inflater_for(request))
    , max_size_(max_size)
    , text_(statement_in_url(request))
    , size_(text_.size()) {
    max_text_ = size_ + max_size;
    if (body.announced_length() > max_size) refuse_size(max_size);
}

FeedBody::~FeedBody() = default;

void FeedBody::read_first() {
    while (!is_complete_ && text().size() < piece_size) read();
}

std::optional<FeedPiece> FeedBody::next_piece() {
    if (has_given_last_) return std::nullopt;
    read_first();
    const auto piece = text().substr(0, piece_size);
    has_given_last_ = is_complete_ && piece.size() == text().size();
    lines_taken_ += count_newlines(piece);
    if (!piece.empty()) is_within_line_ = !piece.ends_with('\n');
    taken_ += piece.size();
    return FeedPiece{piece, has_given_last_};
}

std::size_t FeedBody::line_count() const {
    const auto begun = text();
    const bool is_within_line = begun.empty() ? is_within_line_ : !begun.ends_with('\n');
    return lines_taken_ + count_newlines(begun) + (is_within_line ? 1 : 0);
}

// The next of the body, whatever its size.
void FeedBody::read() {
    text_.erase(0, std::exchange(taken_, 0));
    try {
        const auto piece = body_.read();
        if (body_.size() > max_size_) refuse_size(max_size_);
        is_complete_ = piece.empty();
        if (!inflater_)
            append(piece);
        else if (!is_complete_)
            inflater_->add(piece, [this](std::string_view inflated) { append(inflated); });
        else if (body_.size() > 0 && !inflater_->is_at_end())
            throw ClickHouseError(ClickHouseCode::inflate_failed, "the compressed body breaks off");
    } catch (const http::BodyError& error) {
        throw to_clickhouse_error(error);
    }
}

void FeedBody::append(std::string_view piece) {
    size_ += piece.size();
    if (size_ > max_text_) refuse_size(max_size_);
    text_.append(piece);
}

} // namespace active_calls::shim
