#include "insert_statement.h"

#include "clickhouse_error.h"
#include "http/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace active_calls::shim {

namespace {

constexpr std::string_view table_name = "active_calls";
constexpr std::string_view format_name = "JSONEachRow";
constexpr std::string_view wanted = "INSERT INTO active_calls FORMAT JSONEachRow";
constexpr std::string_view white_space = " \t\r\n\f\v";
constexpr std::string_view blanks = " \t\f\v";

bool is_word_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}

class Scanner {
public:
    explicit Scanner(std::string_view text)
        : text_(text.substr(0, max_statement_size))
        , is_cut_(text.size() > max_statement_size) {}

    bool take(char symbol) {
        skip_white_space();
        if (!next_is(symbol)) return false;
        ++at_;
        return true;
    }

    bool take_keyword(std::string_view keyword) {
        const std::size_t start = at_;
        if (equal_ignoring_case(take_word(), keyword)) return true;
        at_ = start;
        return false;
    }

    // Letters, digits and underscores; may be empty.
    std::string_view take_word() {
        skip_white_space();
        const std::size_t start = at_;
        while (at_ < text_.size() && is_word_character(text_[at_])) ++at_;
        return text_.substr(start, at_ - start);
    }

    std::string take_name() {
        skip_white_space();
        if (next_is('`') || next_is('"')) return take_quoted(text_[at_]);
        const auto word = take_word();
        if (word.empty()) fail("a name");
        return std::string(word);
    }

    // A number, a word or a string.
    std::string take_value() {
        skip_white_space();
        if (next_is('\'')) return take_quoted('\'');
        const std::size_t start = at_;
        while (at_ < text_.size() &&
               (is_word_character(text_[at_]) || text_[at_] == '.' || text_[at_] == '-'))
            ++at_;
        if (at_ == start) fail("a value");
        return std::string(text_.substr(start, at_ - start));
    }

    bool is_at_end() {
        skip_white_space();
        return at_ == text_.size() && !is_cut_;
    }

    // What separates the statement from its data: blanks and one newline.
    std::size_t take_separator() {
        if (next_is(';'))
            throw ClickHouseError(ClickHouseCode::syntax_error,
                                  "Syntax error: unexpected \";\" after FORMAT JSONEachRow");
        while (at_ < text_.size() && blanks.find(text_[at_]) != blanks.npos) ++at_;
        if (next_is('\r')) ++at_;
        if (next_is('\n')) ++at_;
        return at_;
    }

    [[noreturn]] void fail(std::string_view expected) {
        skip_white_space();
        if (at_ == text_.size() && is_cut_)
            throw ClickHouseError(ClickHouseCode::syntax_error,
                                  fmt::format("Syntax error: the statement does not end within {} "
                                              "bytes. Max query size exceeded",
                                              max_statement_size));
        // The text itself stays out of it, as it may be a row with telephone numbers.
        throw ClickHouseError(ClickHouseCode::syntax_error,
                              fmt::format("Syntax error: failed at position {}{}: expected {}",
                                          at_ + 1, at_ == text_.size() ? " (end of query)" : "",
                                          expected));
    }

private:
    bool next_is(char symbol) const { return at_ < text_.size() && text_[at_] == symbol; }

    // And comments.
    void skip_white_space() {
        for (;;) {
            at_ = std::min(text_.find_first_not_of(white_space, at_), text_.size());
            const auto rest = text_.substr(at_);
            if (rest.starts_with("--"))
                at_ = std::min(text_.find('\n', at_), text_.size());
            else if (rest.starts_with("/*"))
                at_ = std::min(text_.find("*/", at_ + 2), text_.size() - 2) + 2;
            else
                return;
        }
    }

    // A quote within is doubled, or stands after a backslash.
    std::string take_quoted(char quote) {
        std::string name;
        for (++at_; at_ < text_.size(); ++at_) {
            const bool is_escaped = text_[at_] == '\\' || text_.substr(at_, 2) == doubled(quote);
            if (is_escaped && at_ + 1 < text_.size()) {
                name += text_[++at_];
            } else if (text_[at_] == quote) {
                ++at_;
                return name;
            } else {
                name += text_[at_];
            }
        }
        fail("the end of a quoted name");
    }

    static std::string doubled(char quote) { return {quote, quote}; }

    std::string_view text_;
    std::size_t at_ = 0;
    bool is_cut_;
};

[[noreturn]] void refuse_statement() {
    throw ClickHouseError(ClickHouseCode::access_denied,
                          fmt::format("Only {} is taken here", wanted));
}

void take_insert_into(Scanner& scanner) {
    if (!scanner.take_keyword("INSERT")) {
        if (scanner.take_word().empty()) scanner.fail(wanted);
        refuse_statement();
    }
    if (!scanner.take_keyword("INTO")) scanner.fail("INTO");
    scanner.take_keyword("TABLE");
}

void take_table(Scanner& scanner) {
    std::string table = scanner.take_name();
    if (scanner.take('.')) table = scanner.take_name();
    if (table == table_name) return;
    throw ClickHouseError(ClickHouseCode::unknown_table,
                          fmt::format("Table does not exist here, only {}", table_name));
}

std::vector<std::string> take_columns(Scanner& scanner) {
    std::vector<std::string> columns;
    do columns.push_back(scanner.take_name());
    while (scanner.take(','));
    if (!scanner.take(')')) scanner.fail(")");
    return columns;
}

void take_settings(Scanner& scanner, InputSettings& settings) {
    do {
        const auto name = scanner.take_name();
        if (!scanner.take('=')) scanner.fail("=");
        settings.set(name, scanner.take_value());
    } while (scanner.take(','));
}

void take_format(Scanner& scanner) {
    for (const auto keyword : {"VALUES", "SELECT", "WITH", "FROM"}) {
        if (scanner.take_keyword(keyword))
            throw ClickHouseError(
                ClickHouseCode::not_implemented,
                fmt::format("INSERT ... {} is not taken here, only {}", keyword, wanted));
    }
    if (!scanner.take_keyword("FORMAT")) scanner.fail("FORMAT JSONEachRow");
    const auto format = scanner.take_word();
    if (equal_ignoring_case(format, format_name)) return;
    if (format.empty()) scanner.fail("JSONEachRow");
    throw ClickHouseError(ClickHouseCode::unknown_format,
                          fmt::format("Format is not taken here, only {}", format_name));
}

} // namespace

InsertStatement parse_insert(std::string_view text, InputSettings settings) {
    Scanner scanner(text);
    InsertStatement insert{.columns = std::nullopt, .settings = std::move(settings), .rows_at = 0};
    take_insert_into(scanner);
    take_table(scanner);
    if (scanner.take('(')) insert.columns = take_columns(scanner);
    if (scanner.take_keyword("SETTINGS")) take_settings(scanner, insert.settings);
    take_format(scanner);
    insert.rows_at = scanner.take_separator();
    return insert;
}

bool is_select_one(std::string_view text) {
    Scanner scanner(text);
    if (!scanner.take_keyword("SELECT") || scanner.take_word() != "1") return false;
    if (scanner.take_keyword("FORMAT")) {
        const auto format = scanner.take_word();
        if (format != "TabSeparated" && format != "TSV" && format != "CSV") return false;
    }
    scanner.take(';');
    return scanner.is_at_end();
}

} // namespace active_calls::shim
