#include "database/database_error.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

std::string answer_to(const std::string& sqlstate, const std::string& message) {
    const Refusal refusal = refusal_for(StatementFailed(sqlstate, message));
    return std::to_string(refusal.status) + " " + refusal.what();
}

TEST(StatementFailed, IsAnsweredByItsSqlstate) {
    EXPECT_EQ(answer_to("22023", "invalid value account-id"), "400 invalid value account-id");
    EXPECT_EQ(answer_to("54000", "more than 100000 points"), "400 more than 100000 points");
    EXPECT_EQ(answer_to("28000", "unknown API access"), "401 ");
    EXPECT_EQ(answer_to("57014", "canceling statement"), "504 query took too long");
    for (const auto sqlstate : {"40001", "40P01", "53100", "53300", "55P03"})
        EXPECT_EQ(answer_to(sqlstate, "inner matters"), "503 database is not available")
            << sqlstate;
}

TEST(StatementFailed, IsNotShownOtherwise) {
    for (const auto sqlstate : {"22023", "42501", "42883", "XX000", "P0001", "28P01", ""})
        EXPECT_EQ(answer_to(sqlstate, "inner matters"), "500 ") << sqlstate;
}

TEST(Session, EndsWithTheServer) {
    for (const auto sqlstate : {"08006", "57P01", "57P02", "57P03"})
        EXPECT_TRUE(ends_session(sqlstate)) << sqlstate;
    for (const auto sqlstate : {"57014", "22023", "28000", ""})
        EXPECT_FALSE(ends_session(sqlstate)) << sqlstate;
}

TEST(Session, IsSoundAfterWhatIsTheClientsFault) {
    for (const auto sqlstate : {"22P02", "22021", "22023", "23514", "54000", "28000", "57014"})
        EXPECT_TRUE(leaves_session_sound(sqlstate)) << sqlstate;
    for (const auto sqlstate : {"42883", "26000", "0A000", "25006", "53100", "XX000", ""})
        EXPECT_FALSE(leaves_session_sound(sqlstate)) << sqlstate;
}

} // namespace
} // namespace active_calls::shim
