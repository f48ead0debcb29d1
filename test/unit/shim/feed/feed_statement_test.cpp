#include "feed/feed_statement.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

TEST(Line, IsThatOfTheBatch) {
    EXPECT_EQ(with_line_of_batch("line 2: duration is not a number", 1000),
              "line 1002: duration is not a number");
    EXPECT_EQ(with_line_of_batch("line 2: x", 0), "line 2: x");
    for (const auto message : {"", "line", "line ", "line x: y", "line 2", "violates line 2: x"})
        EXPECT_EQ(with_line_of_batch(message, 1000), message);
}

} // namespace
} // namespace active_calls::shim
