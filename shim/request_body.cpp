#include "request_body.h"

#include "text.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

namespace active_calls::shim {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::string_view line_end = "\r\n";
constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";

/// A client that sends less than this on average holds a thread for nothing, ...
constexpr std::uint64_t min_bytes_per_second = 16384;
/// ... beyond a moment in which it may be silent.
constexpr std::chrono::seconds grace{5};

/// More than a socket's buffer holds (Linux: 6 MiB, tcp_rmem).
constexpr std::uint64_t most_held_back = std::uint64_t{8} << 20;

/// The line of a chunk's size, or of the trailer.
constexpr std::size_t max_line_length = 1024;
constexpr int max_trailer_lines = 64;

template<int base>
std::optional<std::uint64_t> parse_digits(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped_at, error] = std::from_chars(text.data(), end, number, base);
    if (error != std::errc{} || stopped_at != end) return std::nullopt;
    return number;
}

} // namespace

/// RFC 9112, 6.3. Two ways to say where a body ends are one too many, whoever stands between the
/// client and us may believe the other one.
RequestBody::RequestBody(Connection& connection, const httplib::Request& request,
                         const BodyLimits& limits)
    : connection_(connection)
    , longest_wait_(limits.timeout)
    , expects_continue_(equal_ignoring_case(request.get_header_value("Expect"), "100-continue")) {
    const auto length_count = request.get_header_value_count("Content-Length");
    is_chunked_ = request.has_header("Transfer-Encoding");
    if (is_chunked_) {
        is_well_framed_ =
            request.version == "HTTP/1.1" && length_count == 0 &&
            request.get_header_value_count("Transfer-Encoding") == 1 &&
            equal_ignoring_case(request.get_header_value("Transfer-Encoding"), "chunked");
        return;
    }
    if (length_count > 0) {
        const auto length = parse_digits<10>(request.get_header_value("Content-Length"));
        is_well_framed_ = length_count == 1 && length.has_value();
        announced_length_ = length.value_or(0);
    }
    left_ = announced_length_;
    is_at_end_ = is_well_framed_ && left_ == 0;
}

std::string_view RequestBody::read() {
    begin();
    connection_.take(std::exchange(handed_out_, 0));
    if (left_ == 0 && is_chunked_ && !is_at_end_) begin_chunk();
    if (left_ == 0) {
        is_at_end_ = true;
        return {};
    }
    while (connection_.received().empty()) receive();
    const auto received = connection_.received();
    handed_out_ = static_cast<std::size_t>(std::min<std::uint64_t>(left_, received.size()));
    left_ -= handed_out_;
    size_ += handed_out_;
    return received.substr(0, handed_out_);
}

void RequestBody::begin() {
    if (std::exchange(has_begun_, true)) return;
    if (!is_well_framed_)
        throw BodyError(BodyFault::malformed,
                        "the length of the body is unclear: either one Content-Length or "
                        "Transfer-Encoding: chunked is needed");
    started_ = Clock::now();
    received_size_ = connection_.received().size();
    if (!expects_continue_ || is_at_end_ || !connection_.received().empty()) return;
    connection_.write(go_on.data(), go_on.size());
    if (!connection_.flush()) throw BodyError(BodyFault::cut_off, "the client closed");
}

void RequestBody::begin_chunk() {
    if (!std::exchange(is_first_chunk_, false) && !line().empty())
        throw BodyError(BodyFault::malformed, "a chunk does not end where it said");
    const auto size_and_extensions = line();
    const auto digits = size_and_extensions.substr(0, size_and_extensions.find(';'));
    const auto size = parse_digits<16>(trimmed(digits));
    if (!size) throw BodyError(BodyFault::malformed, "the size of a chunk is no number");
    left_ = *size;
    if (left_ == 0) skip_trailer();
}

void RequestBody::skip_trailer() {
    for (int count = 0; !line().empty(); ++count) {
        if (count == max_trailer_lines)
            throw BodyError(BodyFault::malformed, "the trailer is too long");
    }
}

/// Takes a line, without its end; valid until more is received.
std::string_view RequestBody::line() {
    std::size_t end = 0;
    while ((end = connection_.received().find(line_end)) == std::string_view::npos) {
        if (connection_.received().size() > max_line_length) break;
        receive();
    }
    if (end > max_line_length) throw BodyError(BodyFault::malformed, "a chunk has no size");
    const auto text = connection_.received().substr(0, end);
    // Who takes a bare line feed for the end would see other chunks.
    if (text.find_first_of(line_end) != std::string_view::npos)
        throw BodyError(BodyFault::malformed, "a line among the chunks does not end as it should");
    connection_.take(end + line_end.size());
    return text;
}

std::chrono::duration<double> RequestBody::time_to_reach(std::uint64_t size) const {
    using Seconds = std::chrono::duration<double>;
    if (size <= received_size_) return Seconds{0};
    if (received_size_ <= most_held_back) return Seconds::max();
    const auto missing = static_cast<double>(size - received_size_);
    return Seconds(Clock::now() - started_) *
           (missing / static_cast<double>(received_size_ - most_held_back));
}

void RequestBody::hurry(std::chrono::nanoseconds longest_wait) {
    longest_wait_ = std::min(longest_wait_, waited_ + longest_wait);
    longest_silence_ = std::min<std::chrono::nanoseconds>(grace, longest_wait);
    heard_at_ = waited_;
}

/// The time that is left grows with what has come, up to the whole of it.
void RequestBody::receive() {
    const std::chrono::milliseconds earned{received_size_ * 1000 / min_bytes_per_second};
    if (waited_ >= std::min<std::chrono::nanoseconds>(longest_wait_, grace + earned) ||
        waited_ - heard_at_ >= longest_silence_)
        throw BodyError(BodyFault::too_slow, "the body does not come fast enough: " +
                                                 std::to_string(received_size_) + " bytes so far");
    const auto size_before = connection_.received().size();
    const auto started = Clock::now();
    const bool is_open = connection_.receive();
    waited_ += Clock::now() - started;
    if (!is_open)
        throw BodyError(BodyFault::cut_off, "the body ended after " +
                                                std::to_string(received_size_) +
                                                " bytes, before its end");
    const auto size = connection_.received().size() - size_before;
    received_size_ += size;
    if (size > 0) heard_at_ = waited_;
}

} // namespace active_calls::shim
