#include "feed_reader.h"

#include "json_text.h"

#include "../error.h"
#include "../interrupts.h"

#include <simdjson.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <new>
#include <utility>

namespace active_calls {

namespace {

namespace ondemand = simdjson::ondemand;

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view between_rows = " \t\r\n,";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

// A row as the switch posts it has two thousand bytes. One that is not complete waits for its next
// piece, up to so many.
constexpr std::size_t max_incomplete_row = std::size_t{1} << 20;

// What is wrong with a text that simdjson does not take, in words that do not change with its
// version.
std::string_view reason_for(simdjson::error_code error) {
    switch (error) {
    case simdjson::UNCLOSED_STRING:
        return "invalid JSON: a string does not end";
    case simdjson::STRING_ERROR:
        return "invalid JSON: a field has no proper name";
    default:
        return "invalid JSON: a brace, bracket, quote, colon or comma is missing, or is one too "
               "many";
    }
}

std::string_view trimmed_at_end(std::string_view text, std::string_view characters) {
    return text.substr(0, text.find_last_not_of(characters) + 1);
}

// Faster where lines are long than a look at each character.
std::uint64_t count_newlines(std::string_view text) {
    std::uint64_t count = 0;
    for (auto at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1)) ++count;
    return count;
}

// JSON into rows. A switch posts eighty fields, 2 kB, for each call, of which sixteen are kept:
// reading JSON would be most of what ingesting takes, but for simdjson, which takes a tenth of the
// time of a parser that goes from byte to byte. It finds where values begin, and looks into those
// alone that are asked for.
class RowParser {
public:
    explicit RowParser(const FieldSet& fields)
        : fields_(fields) {}

    // Reads the one object that `json` is. Text in `row` is borrowed until the next one is read.
    // `readable_end` is where the memory ends that may be looked at. Says what is wrong, if
    // something is.
    std::optional<std::string_view> read(std::string_view json, const char* readable_end,
                                         Row& row) {
        auto error = read_as_it_is(json, readable_end, row);
        if (error == simdjson::UTF8_ERROR || error == simdjson::UNESCAPED_CHARS) {
            mended_.clear();
            append_mended(json, mended_);
            error = read_as_it_is(mended_, mended_.data() + mended_.size(), row);
        }
        if (error == simdjson::MEMALLOC) throw std::bad_alloc();
        if (error) return reason_for(error);
        return std::nullopt;
    }

private:
    // The parser looks further than the object goes, so that it has to be copied where nothing
    // follows.
    simdjson::error_code read_as_it_is(std::string_view json, const char* readable_end, Row& row) {
        if (static_cast<std::size_t>(readable_end - (json.data() + json.size())) <
            simdjson::SIMDJSON_PADDING) {
            padded_.assign(json).append(simdjson::SIMDJSON_PADDING, ' ');
            json = std::string_view(padded_).substr(0, json.size());
        }
        row.clear();
        has_escapes_ = json.find('\\') != json.npos;
        texts_.clear();
        if (has_escapes_) texts_.reserve(3 * json.size()); // Views of it must stay valid.
        ondemand::document document;
        if (const auto error =
                parser_.iterate(json.data(), json.size(), json.size() + simdjson::SIMDJSON_PADDING)
                    .get(document))
            return error;
        ondemand::object object;
        if (const auto error = document.get_object().get(object)) return error;
        for (auto next : object) {
            ondemand::field field;
            if (const auto error = std::move(next).get(field)) return error;
            if (const auto error = take(field, json, row)) return error;
        }
        const bool is_at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
        return is_at_end ? simdjson::SUCCESS : simdjson::TAPE_ERROR;
    }

    simdjson::error_code take(ondemand::field& field, std::string_view json, Row& row) {
        const std::string_view value = field.value().raw_json_token();
        const auto kind = kind_of(value);
        if (!kind) return simdjson::TAPE_ERROR;
        const auto name_begin = static_cast<std::size_t>(field.key().raw() - json.data());
        const auto value_begin = static_cast<std::size_t>(value.data() - json.data());
        const auto known = field_of(name_in(json.substr(name_begin, value_begin - name_begin)));
        if (known && fields_.contains(*known))
            row.set(*known, {*kind, *kind == Value::Kind::text ? string_in(value.substr(1))
                                                               : trimmed_at_end(value, blanks)});
        return simdjson::SUCCESS;
    }

    static std::optional<Value::Kind> kind_of(std::string_view value) {
        switch (value.empty() ? '\0' : value.front()) {
            using enum Value::Kind;
        case '"':
            return text;
        case '{':
            return object;
        case '[':
            return array;
        case 't':
        case 'f':
            return boolean;
        case 'n':
            return trimmed_at_end(value, blanks) == "null" ? none : number;
        case 'N': // NaN and Infinity, which JSON has not, and some writers have
        case 'I':
        case 'i':
        case '-':
            return number;
        default:
            return value >= "0" && value < ":" ? std::optional(number) : std::nullopt;
        }
    }

    // The name of `name":`, which rarely has blanks behind it.
    std::string_view name_in(std::string_view json) {
        if (!has_escapes_ && json.ends_with("\":")) return json.substr(0, json.size() - 2);
        return string_in(json);
    }

    // The string whose opening quote stands before `json`.
    std::string_view string_in(std::string_view json) {
        const auto spelled = json.substr(0, json.find('"'));
        if (!has_escapes_ || spelled.find('\\') == spelled.npos) return spelled;
        std::size_t end = 0;
        while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
        const std::size_t begin = texts_.size();
        append_unescaped(json.substr(0, end), texts_);
        return std::string_view(texts_).substr(begin);
    }

    const FieldSet fields_;
    ondemand::parser parser_;
    std::string padded_;
    std::string mended_;
    std::string texts_;
    bool has_escapes_ = false;
};

BatchDigest to_digest(XXH128_hash_t hash) {
    XXH128_canonical_t bytes;
    XXH128_canonicalFromHash(&bytes, hash);
    return std::to_array(bytes.digest);
}

} // namespace

class FeedReader::Impl {
public:
    Impl(const FieldSet& fields, RowRules rules, AllowedErrors allowed)
        : rules_(std::move(rules))
        , allowed_(allowed)
        , parser_(fields) {
        XXH3_128bits_reset_withSeed(&hash_, fields.bits());
    }

    void add(std::string_view piece, const Accept& accept) {
        XXH3_128bits_update(&hash_, piece.data(), piece.size());
        // The row that was begun is completed first, so that the others need not be copied. Each
        // time so much is added that what is read again is not worth mentioning.
        while (!incomplete_.empty() && !piece.empty()) {
            const auto newline = piece.find('\n', std::min(incomplete_.size(), piece.size()));
            const auto size = newline == piece.npos ? piece.size() : newline + 1;
            incomplete_ += piece.substr(0, size);
            piece.remove_prefix(size);
            incomplete_.erase(0, take_rows(incomplete_, false, accept));
            require_short();
        }
        if (piece.empty()) return;
        incomplete_ = piece.substr(take_rows(piece, false, accept));
        require_short();
    }

    void finish(const Accept& accept) {
        take_rows(incomplete_, true, accept);
        if (array_ == Array::begun) {
            ++counts_.read;
            lose("the array of rows does not end");
        }
        const auto lost = static_cast<double>(counts_.lost);
        if (counts_.lost > allowed_.input_format_allow_errors_num &&
            lost > allowed_.input_format_allow_errors_ratio * static_cast<double>(counts_.read))
            throw Error(ErrorKind::malformed_input,
                        counts_.first_error + "; " + std::to_string(counts_.lost) + " of " +
                            std::to_string(counts_.read) +
                            " rows do not fit, which is more than is allowed");
    }

    const FeedCounts& counts() const { return counts_; }

    std::optional<BatchDigest> digest() const {
        if (counts_.read == 0) return std::nullopt;
        return to_digest(XXH3_128bits_digest(&hash_));
    }

private:
    // Takes rows from the beginning of `text`, up to one that is not complete. Returns how much was
    // taken: all, at the end.
    std::size_t take_rows(std::string_view text, bool is_end, const Accept& accept) {
        std::size_t taken = 0;
        line_is_no_row_until_ = nullptr;
        const auto pass = [&](std::size_t size) {
            const auto passed = text.substr(taken, size);
            line_ += count_newlines(passed);
            taken += passed.size();
        };
        if (!has_begun_) {
            if (!is_end && text.size() < byte_order_mark.size()) return 0;
            if (text.starts_with(byte_order_mark)) pass(byte_order_mark.size());
            has_begun_ = true;
        }
        while (taken < text.size()) {
            const auto rest = text.substr(taken);
            if (passes_line_) {
                const auto newline = rest.find('\n');
                passes_line_ = newline == rest.npos;
                pass(passes_line_ ? rest.size() : newline + 1);
                continue;
            }
            const auto begin = rest.find_first_not_of(between_rows);
            if (begin != 0) {
                pass(begin);
                continue;
            }
            if (take_bracket(rest.front())) {
                pass(1);
                continue;
            }
            const auto size = take_row(rest, is_end, accept);
            if (size == 0) break;
            pass(size);
        }
        return taken;
    }

    // Rows may be in one array.
    bool take_bracket(char c) {
        const bool begins = c == '[' && array_ == Array::none && counts_.read == 0;
        const bool ends = c == ']' && array_ == Array::begun;
        if (begins) array_ = Array::begun;
        if (ends) array_ = Array::ended;
        return begins || ends;
    }

    // Returns how much of `rest` the row is, or what of it can be passed over; 0 where it is not
    // complete.
    std::size_t take_row(std::string_view rest, bool is_end, const Accept& accept) {
        count_steps(1024); // what a row takes, however short
        if (array_ == Array::ended) return lose_line("the array of rows has ended before");
        if (rest.front() != '{') return lose_line("not a JSON object");
        const char* const readable_end = rest.data() + rest.size();
        // Most rows are a line each.
        const auto newline = rest.find('\n');
        if (newline != rest.npos && rest.data() >= line_is_no_row_until_) {
            const auto line = trimmed_at_end(rest.substr(0, newline), between_rows);
            if (line.ends_with('}') && !parser_.read(line, readable_end, row_)) {
                take_call(accept);
                return line.size();
            }
            line_is_no_row_until_ = rest.data() + newline;
        }
        const auto extent = extent_of_object(rest);
        switch (extent.kind) {
        case ObjectExtent::Kind::unfinished:
            return is_end ? lose_line("the row does not end") : 0;
        case ObjectExtent::Kind::broken:
            return lose_line(reason_for(simdjson::TAPE_ERROR));
        case ObjectExtent::Kind::whole:
            break;
        }
        if (const auto reason = parser_.read(rest.substr(0, extent.size), readable_end, row_)) {
            ++counts_.read;
            lose(std::string(*reason));
        } else {
            take_call(accept);
        }
        return extent.size;
    }

    void take_call(const Accept& accept) {
        ++counts_.read;
        std::optional<RowCall> row_call;
        try {
            row_call = call_of(row_, rules_);
        } catch (const Error& error) {
            return lose(error.what(), error.hint());
        }
        if (!row_call) {
            ++counts_.unowned;
            return;
        }
        accept(row_call->call);
        ++counts_.accepted;
        if (row_call->has_doubtful_time) ++counts_.doubtful;
    }

    // Loses the row, and the rest of its line, since the reader cannot tell where the row ends.
    std::size_t lose_line(std::string_view what) {
        ++counts_.read;
        lose(std::string(what));
        passes_line_ = true;
        return 1;
    }

    void lose(const std::string& what, const std::string& hint = {}) {
        const std::string error = "line " + std::to_string(line_) + ": " + what;
        if (allowed_.input_format_allow_errors_num == 0 &&
            allowed_.input_format_allow_errors_ratio <= 0)
            throw Error(ErrorKind::malformed_input, error, hint);
        ++counts_.lost;
        if (counts_.first_error.empty()) counts_.first_error = error;
    }

    void require_short() {
        if (incomplete_.size() <= max_incomplete_row) return;
        lose_line("the row has more than " + std::to_string(max_incomplete_row) + " bytes");
        line_ += count_newlines(incomplete_);
        incomplete_.clear();
    }

    const RowRules rules_;
    const AllowedErrors allowed_;
    RowParser parser_;
    XXH3_state_t hash_;
    Row row_;
    FeedCounts counts_;
    std::uint64_t line_ = 1;
    std::string incomplete_;
    bool has_begun_ = false;
    enum class Array { none, begun, ended } array_ = Array::none;
    // Whether the rest of the line is lost.
    bool passes_line_ = false;
    // Up to here, a line is not one row, which need not be tried again.
    const char* line_is_no_row_until_ = nullptr;
};

std::optional<BatchDigest> digest_of(std::string_view text, const FieldSet& fields) {
    if (text.find_first_not_of(blanks) == text.npos) return std::nullopt;
    return to_digest(XXH3_128bits_withSeed(text.data(), text.size(), fields.bits()));
}

FeedReader::FeedReader(const FieldSet& fields, RowRules rules, AllowedErrors allowed_errors)
    : impl_(std::make_unique<Impl>(fields, std::move(rules), allowed_errors)) {}

FeedReader::~FeedReader() = default;

void FeedReader::add(std::string_view piece, const Accept& accept) { impl_->add(piece, accept); }

void FeedReader::finish(const Accept& accept) { impl_->finish(accept); }

const FeedCounts& FeedReader::counts() const { return impl_->counts(); }

std::optional<BatchDigest> FeedReader::digest() const { return impl_->digest(); }

} // namespace active_calls
