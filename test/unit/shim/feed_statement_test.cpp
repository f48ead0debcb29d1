#include "feed_statement.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

std::string joined(const std::vector<std::string_view>& pieces) {
    std::string text;
    for (const auto piece : pieces) text += piece;
    return text;
}

TEST(Rows, AreSplitAtTheEndsOfLines) {
    std::string rows;
    for (int i = 0; i < 100'000; ++i)
        rows += "{\"number\":" + std::to_string(i) + ",\"x\":\"" + std::string(60, 'x') + "\"}\n";
    const auto pieces = split_rows(rows);
    EXPECT_GT(pieces.size(), 2u);
    for (const auto piece : pieces) {
        EXPECT_TRUE(piece.starts_with('{') && piece.ends_with('\n'));
        EXPECT_LT(piece.size(), (2u << 20) + 200);
    }
    EXPECT_TRUE(joined(pieces) == rows);
}

TEST(Rows, OfAnyFormAreKept) {
    for (const auto& rows :
         {std::string(), std::string("\n"), std::string("{}"), std::string("{}\n{}"),
          std::string(5'000'000, 'x'), std::string(5'000'000, '\n'),
          std::string(5'000'000, 'x') + '\n' + std::string(5'000'000, 'y')}) {
        const auto pieces = split_rows(rows);
        EXPECT_FALSE(pieces.empty());
        EXPECT_TRUE(joined(pieces) == rows) << rows.size();
    }
    EXPECT_EQ(split_rows(std::string(5'000'000, 'x')).size(), 1u);
}

TEST(Line, IsThatOfTheBatch) {
    EXPECT_EQ(with_line_of_batch("line 2: duration is not a number", 1000),
              "line 1002: duration is not a number");
    EXPECT_EQ(with_line_of_batch("line 2: x", 0), "line 2: x");
    for (const auto message : {"", "line", "line ", "line x: y", "line 2", "violates line 2: x"})
        EXPECT_EQ(with_line_of_batch(message, 1000), message);
}

} // namespace
} // namespace active_calls::shim
