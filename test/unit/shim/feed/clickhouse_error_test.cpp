#include "feed/clickhouse_error.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

std::string answer_to(const std::string& sqlstate, const std::string& message) {
    const ClickHouseError error = clickhouse_error_for(StatementFailed(sqlstate, message));
    return std::to_string(static_cast<int>(error.code)) + " " +
           std::to_string(status_of(error.code)) + " " + error.what();
}

TEST(ClickHouseError, IsWrittenAsClientsExpect) {
    const std::string text =
        to_text({ClickHouseCode::cannot_parse_input, "line 2: not a JSON object"});
    EXPECT_TRUE(text.starts_with("Code: 27. DB::Exception: line 2: not a JSON object. "
                                 "(CANNOT_PARSE_INPUT_ASSERTION_FAILED) (version 1."))
        << text;
    EXPECT_TRUE(text.ends_with(" (active-calls-shim))\n")) << text;
    EXPECT_EQ(status_of(ClickHouseCode::authentication_failed), 403);
}

TEST(ClickHouseError, TellsWhatIsWrongWithTheRows) {
    EXPECT_EQ(answer_to("22P02", "line 2: x"), "27 400 line 2: x");
    EXPECT_EQ(answer_to("22021", "invalid byte"), "27 400 invalid byte");
    EXPECT_EQ(answer_to("23514", "violates check"), "469 400 violates check");
    EXPECT_EQ(answer_to("P0001", "no calls today"), "469 400 no calls today");
    EXPECT_EQ(answer_to("54000", "too many"), "36 400 too many");
}

TEST(ClickHouseError, TellsWhatAnotherTryMayMend) {
    for (const auto sqlstate : {"53100", "53300", "25006", "40001", "40P01", "55P03"})
        EXPECT_TRUE(answer_to(sqlstate, "inner matters").starts_with("210 503 ")) << sqlstate;
    EXPECT_TRUE(answer_to("57014", "canceling").starts_with("159 504 "));
}

TEST(ClickHouseError, ShowsNothingElse) {
    for (const auto sqlstate : {"42883", "42501", "XX000", "0A000", ""})
        EXPECT_EQ(answer_to(sqlstate, "inner matters").find("inner"), std::string::npos);
    EXPECT_TRUE(answer_to("42501", "").starts_with("497 403 "));
    EXPECT_TRUE(answer_to("XX000", "").starts_with("1002 500 "));
}

} // namespace
} // namespace active_calls::shim
