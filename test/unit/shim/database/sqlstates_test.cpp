#include "database/sqlstates.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

std::string customer_is_told(const std::string& sqlstate, const std::string& message) {
    const Told& told = meaning_of(sqlstate).customer;
    return std::to_string(told.code) + " " + told.text_for(message);
}

std::string switch_is_told(const std::string& sqlstate, const std::string& message) {
    const Told& told = meaning_of(sqlstate).feed;
    return std::to_string(told.code) + " " + told.text_for(message);
}

TEST(Customer, IsToldWhatToMend) {
    EXPECT_EQ(customer_is_told("AC001", "unknown account_id"), "400 invalid value account-id");
    EXPECT_EQ(customer_is_told("54000", "more than 100000 points"), "400 more than 100000 points");
    EXPECT_EQ(customer_is_told("28000", "unknown API access"), "401 ");
    EXPECT_EQ(customer_is_told("57014", "canceling statement"), "504 query took too long");
    for (const auto sqlstate : {"40001", "40P01", "53100", "53300", "55P03", "08006", "57P01"})
        EXPECT_EQ(customer_is_told(sqlstate, "inner matters"), "503 database is not available")
            << sqlstate;
}

TEST(Customer, IsShownNothingElse) {
    for (const auto sqlstate :
         {"22023", "42501", "42883", "XX000", "P0001", "28P01", "AC002", "AC003", "AC004", ""})
        EXPECT_EQ(customer_is_told(sqlstate, "inner matters"), "500 ") << sqlstate;
}

TEST(Switch, IsToldWhatIsWrongWithTheRows) {
    EXPECT_EQ(switch_is_told("22P02", "line 2: x"), "27 line 2: x");
    EXPECT_EQ(switch_is_told("22021", "invalid byte"), "27 invalid byte");
    EXPECT_EQ(switch_is_told("23514", "violates check"), "469 violates check");
    EXPECT_EQ(switch_is_told("P0001", "no calls today"), "469 no calls today");
    EXPECT_EQ(switch_is_told("54000", "too many"), "36 too many");
    EXPECT_EQ(switch_is_told("AC003", "unknown"), "36 unknown time zone");
    EXPECT_EQ(switch_is_told("AC004", "no field x"), "16 no field x");
}

TEST(Switch, IsToldWhatAnotherTryMayMend) {
    for (const auto sqlstate : {"53100", "53300", "25006", "40001", "40P01", "55P03", "08006"})
        EXPECT_TRUE(switch_is_told(sqlstate, "inner matters").starts_with("210 ")) << sqlstate;
    EXPECT_TRUE(switch_is_told("57014", "canceling").starts_with("159 "));
}

TEST(Switch, IsShownNothingElse) {
    for (const auto sqlstate :
         {"42883", "42703", "42501", "XX000", "0A000", "08006", "57014", "AC001", ""})
        EXPECT_EQ(switch_is_told(sqlstate, "inner matters").find("inner"), std::string::npos);
    EXPECT_TRUE(switch_is_told("42501", "").starts_with("497 "));
    EXPECT_TRUE(switch_is_told("XX000", "").starts_with("1002 "));
}

TEST(Session, EndsWithTheServer) {
    for (const auto sqlstate : {"08006", "57P01", "57P02", "57P03"})
        EXPECT_EQ(meaning_of(sqlstate).session, Session::ended) << sqlstate;
}

TEST(Session, IsSoundAfterWhatIsTheClientsFault) {
    for (const auto sqlstate :
         {"AC001", "AC002", "22P02", "22021", "22023", "23514", "54000", "28000", "57014"})
        EXPECT_EQ(meaning_of(sqlstate).session, Session::sound) << sqlstate;
    for (const auto sqlstate : {"42883", "26000", "0A000", "25006", "53100", "XX000", ""})
        EXPECT_EQ(meaning_of(sqlstate).session, Session::doubtful) << sqlstate;
}

} // namespace
} // namespace active_calls::shim
