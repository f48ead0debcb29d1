#include "body.h"

#include "text.h"

#include <algorithm>
#include <utility>

namespace active_calls::shim::http {

namespace {

constexpr std::string_view line_end = "\r\n";

// A line with a chunk's size, or of the trailer, has no more bytes than this.
constexpr std::size_t max_line_length = 1024;
constexpr int max_trailer_lines = 64;

constexpr std::size_t block_size = std::size_t{256} << 10;

// The server reads so many bytes ahead of a reader that is slower than its client.
constexpr std::size_t read_ahead = std::size_t{4} << 20;

} // namespace

BodyDecoder::BodyDecoder(const Framing& framing)
    : is_chunked_(framing.is_chunked)
    , part_(framing.is_chunked    ? Part::size
            : framing.length == 0 ? Part::end
                                  : Part::content)
    , left_(framing.length) {}

std::size_t BodyDecoder::decode(std::string_view bytes,
                                const std::function<void(std::string_view)>& sink) {
    std::size_t taken = 0;
    while (part_ != Part::end) {
        const auto rest = bytes.substr(taken);
        if (part_ == Part::content) {
            if (rest.empty()) break;
            const auto content = rest.substr(0, std::min<std::uint64_t>(left_, rest.size()));
            sink(content);
            taken += content.size();
            left_ -= content.size();
            if (left_ == 0) part_ = is_chunked_ ? Part::end_of_chunk : Part::end;
            continue;
        }
        const auto end = rest.find(line_end);
        const auto line = rest.substr(0, end);
        if (line.size() > max_line_length)
            throw BodyError(BodyFault::malformed, "a chunk has no size");
        if (end == std::string_view::npos) break;
        // A reader that takes a bare line feed for the end would see other chunks.
        if (line.find_first_of(line_end) != std::string_view::npos)
            throw BodyError(BodyFault::malformed,
                            "a line among the chunks does not end as it should");
        take_line(line);
        taken += end + line_end.size();
    }
    return taken;
}

void BodyDecoder::take_line(std::string_view line) {
    switch (part_) {
    case Part::end_of_chunk:
        if (!line.empty())
            throw BodyError(BodyFault::malformed, "a chunk does not end where it said");
        part_ = Part::size;
        break;
    case Part::trailer:
        if (line.empty())
            part_ = Part::end;
        else if (++trailer_lines_ > max_trailer_lines)
            throw BodyError(BodyFault::malformed, "the trailer is too long");
        break;
    default:
        begin_chunk(line);
        break;
    }
}

void BodyDecoder::begin_chunk(std::string_view size_and_extensions) {
    const auto digits = size_and_extensions.substr(0, size_and_extensions.find(';'));
    const auto size = parse_digits(trimmed(digits), 16);
    if (!size) throw BodyError(BodyFault::malformed, "the size of a chunk is no number");
    left_ = *size;
    part_ = left_ == 0 ? Part::trailer : Part::content;
}

std::string_view RequestBody::read() {
    bool has_room_again = false;
    {
        std::unique_lock lock(mutex_);
        has_news_.wait(lock, [&] { return !unread_.empty() || is_complete_ || error_; });
        if (unread_.empty() && error_) throw BodyError(*error_);
        if (unread_.empty()) return {};
        piece_ = std::move(unread_.front());
        unread_.pop_front();
        has_room_again = unread_size_ >= read_ahead && unread_size_ - piece_.size() < read_ahead;
        unread_size_ -= piece_.size();
    }
    read_size_ += piece_.size();
    if (has_room_again) on_room_();
    return piece_;
}

void RequestBody::add(std::string_view content) {
    const std::lock_guard lock(mutex_);
    unread_size_ += content.size();
    while (!content.empty()) {
        if (unread_.empty() || unread_.back().size() == block_size)
            unread_.emplace_back().reserve(std::min(block_size, content.size()));
        auto& block = unread_.back();
        const auto part = content.substr(0, block_size - block.size());
        block.append(part);
        content.remove_prefix(part.size());
    }
    has_news_.notify_one();
}

void RequestBody::finish() {
    const std::lock_guard lock(mutex_);
    is_complete_ = true;
    has_news_.notify_one();
}

void RequestBody::fail(const BodyError& error) {
    const std::lock_guard lock(mutex_);
    error_ = error;
    has_news_.notify_one();
}

bool RequestBody::is_full() const {
    const std::lock_guard lock(mutex_);
    return unread_size_ >= read_ahead;
}

bool RequestBody::is_complete() const {
    const std::lock_guard lock(mutex_);
    return is_complete_;
}

} // namespace active_calls::shim::http
