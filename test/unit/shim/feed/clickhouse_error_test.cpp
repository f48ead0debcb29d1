#include "feed/clickhouse_error.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

TEST(ClickHouseError, IsWrittenAsClientsExpect) {
    const std::string text =
        to_text({ClickHouseCode::cannot_parse_input, "line 2: not a JSON object"});
    EXPECT_TRUE(text.starts_with("Code: 27. DB::Exception: line 2: not a JSON object. "
                                 "(CANNOT_PARSE_INPUT_ASSERTION_FAILED) (version 1."))
        << text;
    EXPECT_TRUE(text.ends_with(" (active-calls-shim))\n")) << text;
    EXPECT_EQ(status_of(ClickHouseCode::authentication_failed), 403);
}

TEST(ClickHouseError, OfTheDatabaseHasAStatus) {
    const auto status = [](const char* sqlstate) {
        return status_of(ClickHouseError::of(meaning_of(sqlstate), "").code);
    };
    EXPECT_EQ(status("22P02"), 400);
    EXPECT_EQ(status("23514"), 400);
    EXPECT_EQ(status("54000"), 400);
    EXPECT_EQ(status("42501"), 403);
    EXPECT_EQ(status("XX000"), 500);
    EXPECT_EQ(status("53100"), 503);
    EXPECT_EQ(status("57014"), 504);
}

} // namespace
} // namespace active_calls::shim
