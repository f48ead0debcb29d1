#include "feed_body.h"

#include "clickhouse_error.h"
#include "query_string.h"
#include "text.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <stdexcept>

namespace active_calls::shim {

namespace {

/// Takes a piece of the body; false if it goes beyond the limit.
using Sink = std::function<void(std::string_view)>;

/// gzip, of one member or several, or zlib's own format. httplib's own decompressor would lose the
/// end of what compresses well, and would take a stream that breaks off for a whole one.
class Inflater {
public:
    Inflater() {
        constexpr int largest_window_and_either_format = 15 + 32;
        if (inflateInit2(&stream_, largest_window_and_either_format) != Z_OK)
            throw std::runtime_error("out of memory for decompression");
    }
    Inflater(const Inflater&) = delete;
    ~Inflater() { inflateEnd(&stream_); }

    void add(std::string_view compressed, const Sink& sink) {
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

/// ClickHouse joins the two with a newline.
std::string statement_in_url(const httplib::Request& request) {
    std::string statement;
    for (const auto& field : split_query(query_of(request.target)))
        if (field.name == "query") statement = field.value.value_or("");
    return statement.empty() ? statement : statement + '\n';
}

[[noreturn]] void refuse_size(std::size_t max_size) {
    throw ClickHouseError(ClickHouseCode::too_many_bytes,
                          fmt::format("the body has more than {} bytes: send smaller batches, or "
                                      "raise --feed-max-body",
                                      max_size));
}

/// Null where the body is not compressed.
std::unique_ptr<Inflater> inflater_for(const httplib::Request& request) {
    const std::string encoding = request.get_header_value("Content-Encoding");
    if (encoding.empty() || equal_ignoring_case(encoding, "identity")) return nullptr;
    if (equal_ignoring_case(encoding, "gzip") || equal_ignoring_case(encoding, "deflate"))
        return std::make_unique<Inflater>();
    throw ClickHouseError(ClickHouseCode::not_implemented,
                          "of Content-Encoding only gzip and deflate are taken");
}

ClickHouseError to_clickhouse_error(const BodyError& error) {
    switch (error.fault) {
    case BodyFault::malformed:
        return {ClickHouseCode::poco_exception, error.what()};
    case BodyFault::cut_off:
        return {ClickHouseCode::cannot_read_all_data, error.what()};
    case BodyFault::too_slow:
        break;
    }
    return {ClickHouseCode::socket_timeout, error.what()};
}

/// Room for so much text, where there is less. A large body is written into memory that was never
/// used before, and half of what taking it costs would be the kernel's handing out of small pages.
void make_room(std::string& text, std::size_t size) {
    constexpr std::size_t large = std::size_t{4} << 20;
    if (size <= text.capacity()) return;
    text.reserve(std::max(size, 2 * text.capacity()));
    if (text.capacity() < large) return;
    static const auto page_size = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    void* first_page = text.data();
    std::size_t left = text.capacity();
    // Only advice: where it is not taken, all goes on as before.
    if (std::align(page_size, 1, first_page, left)) madvise(first_page, left, MADV_HUGEPAGE);
}

void read_body(RequestBody& body, Inflater* inflater, std::size_t max_size, std::string& text) {
    const std::size_t max_text = text.size() + max_size;
    const Sink append = [&](std::string_view piece) {
        if (piece.size() > max_text - text.size()) refuse_size(max_size);
        make_room(text, text.size() + piece.size());
        text.append(piece);
    };
    while (true) {
        const auto piece = body.read();
        if (piece.empty()) break;
        if (body.size() > max_size) refuse_size(max_size);
        if (inflater)
            inflater->add(piece, append);
        else
            append(piece);
    }
    if (inflater && body.size() > 0 && !inflater->is_at_end())
        throw ClickHouseError(ClickHouseCode::inflate_failed, "the compressed body breaks off");
}

} // namespace

std::string read_feed_text(RequestBody& body, const httplib::Request& request,
                           std::size_t max_size) {
    const auto inflater = inflater_for(request);
    if (body.announced_length() > max_size) refuse_size(max_size);
    std::string text = statement_in_url(request);
    if (!inflater) make_room(text, text.size() + body.announced_length());
    try {
        read_body(body, inflater.get(), max_size, text);
    } catch (const BodyError& error) {
        throw to_clickhouse_error(error);
    }
    return text;
}

} // namespace active_calls::shim
