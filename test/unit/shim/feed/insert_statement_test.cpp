#include "feed/insert_statement.h"

#include "feed/clickhouse_error.h"

#include <gtest/gtest.h>

#include <limits>

namespace active_calls::shim {
namespace {

using Columns = std::vector<std::string>;

std::string rows_of(const std::string& text) { return text.substr(parse_insert(text).rows_at); }

// The code that the text is refused with; 0 if it is not.
int code_of(const std::string& text) {
    try {
        parse_insert(text);
        return 0;
    } catch (const ClickHouseError& error) {
        return static_cast<int>(error.code);
    }
}

std::string message_of(const std::string& text) {
    try {
        parse_insert(text);
        return "";
    } catch (const ClickHouseError& error) {
        return error.what();
    }
}

TEST(InsertStatement, IsFollowedByItsRows) {
    EXPECT_EQ(rows_of("INSERT INTO active_calls FORMAT JSONEachRow\n{}\n{}\n"), "{}\n{}\n");
    EXPECT_EQ(rows_of("INSERT INTO active_calls FORMAT JSONEachRow\r\n{}"), "{}");
    EXPECT_EQ(rows_of("INSERT INTO active_calls FORMAT JSONEachRow {}"), "{}");
    EXPECT_EQ(rows_of("INSERT INTO active_calls FORMAT JSONEachRow \t\n{}"), "{}");
    EXPECT_EQ(rows_of("INSERT INTO active_calls FORMAT JSONEachRow{}"), "{}");
    EXPECT_EQ(rows_of("INSERT INTO active_calls FORMAT JSONEachRow\n\n{}"), "\n{}"); // one newline
    EXPECT_EQ(rows_of("INSERT INTO active_calls FORMAT JSONEachRow"), "");
}

TEST(InsertStatement, MayBeWrittenInManyWays) {
    for (const auto text : {
             "insert into active_calls format JSONEachRow\n{}",
             " \n\tINSERT\r\nINTO\n active_calls\nFORMAT\nJSONEachRow\n{}",
             "INSERT INTO TABLE active_calls FORMAT JSONEachRow\n{}",
             "INSERT INTO yeti.active_calls FORMAT JSONEachRow\n{}",
             "INSERT INTO `yeti` . `active_calls` FORMAT JSONEachRow\n{}",
             "INSERT INTO \"active_calls\"FORMAT JSONEachRow\n{}",
             "INSERT INTO `a``b\\`c`.active_calls FORMAT JSONEachRow\n{}",
             "INSERT INTO active_calls SETTINGS async_insert=1, x = 'it''s', y=-1.5 FORMAT "
             "JSONEachRow\n{}",
             "INSERT INTO active_calls FORMAT jsoneachrow\n{}",
             "-- who calls\nINSERT INTO active_calls FORMAT JSONEachRow\n{}",
             "/* who\n * calls */ INSERT /**/ INTO--\nactive_calls FORMAT/* ; */JSONEachRow\n{}",
         }) {
        EXPECT_EQ(rows_of(text), "{}") << text;
        EXPECT_FALSE(parse_insert(text).columns) << text;
    }
}

TEST(InsertStatement, MayNameColumns) {
    EXPECT_EQ(parse_insert("INSERT INTO active_calls (a, b) FORMAT JSONEachRow {}").columns,
              (Columns{"a", "b"}));
    EXPECT_EQ(parse_insert("INSERT INTO active_calls(`a b`,\"c\"\"d\") FORMAT JSONEachRow").columns,
              (Columns{"a b", "c\"d"}));
}

TEST(InsertStatement, IsTheOnlyOne) {
    for (const auto text : {"SELECT 1", "CREATE TABLE active_calls (a Int8)", "DROP TABLE x",
                            "ALTER TABLE active_calls DELETE WHERE 1", "SHOW TABLES"})
        EXPECT_EQ(code_of(text), 497) << text;
    EXPECT_EQ(code_of("INSERT INTO active_calls VALUES (1)"), 48);
    EXPECT_EQ(code_of("INSERT INTO active_calls (a) values (1)"), 48);
    EXPECT_EQ(code_of("INSERT INTO active_calls SELECT * FROM x"), 48);
    EXPECT_EQ(code_of("INSERT INTO calls FORMAT JSONEachRow\n"), 60);
    EXPECT_EQ(code_of("INSERT INTO active_calls.calls FORMAT JSONEachRow\n"), 60);
    EXPECT_EQ(code_of("INSERT INTO Active_Calls FORMAT JSONEachRow\n"), 60); // as ClickHouse
    EXPECT_EQ(code_of("INSERT INTO active_calls FORMAT CSV\n"), 73);
    EXPECT_EQ(code_of("INSERT INTO active_calls FORMAT JSONEachRowx\n"), 73);
}

TEST(InsertStatement, IsRefusedWhereItEndsTooSoon) {
    for (const auto text : {"", " ", "\n{}", "{}", "INSERT", "INSERT INTO", "INSERT active_calls",
                            "INSERT INTO active_calls", "INSERT INTO active_calls FORMAT",
                            "INSERT INTO active_calls () FORMAT JSONEachRow",
                            "INSERT INTO active_calls (a,) FORMAT JSONEachRow",
                            "INSERT INTO active_calls (a b) FORMAT JSONEachRow",
                            "INSERT INTO active_calls (* EXCEPT (a)) FORMAT JSONEachRow",
                            "INSERT INTO active_calls (a FORMAT JSONEachRow",
                            "INSERT INTO `active_calls FORMAT JSONEachRow",
                            "INSERT INTO active_calls SETTINGS a FORMAT JSONEachRow",
                            "INSERT INTO a.b.active_calls FORMAT JSONEachRow",
                            "INSERT INTO active_calls; FORMAT JSONEachRow",
                            "INSERT INTO active_calls FORMAT JSONEachRow;\n{}"})
        EXPECT_TRUE(code_of(text) == 62 || code_of(text) == 60) << text << ": " << code_of(text);
    EXPECT_NE(message_of("INSERT INTO active_calls VALUE").find("position 26:"), std::string::npos)
        << message_of("INSERT INTO active_calls VALUE");
    EXPECT_NE(message_of("").find("end of query"), std::string::npos);
}

TEST(InsertStatement, MayHaveTenThousandColumnsButNotAnyNumber) {
    const auto insert = [](std::size_t count) {
        std::string text = "INSERT INTO active_calls (c";
        for (std::size_t i = 1; i < count; ++i) text += ", column_" + std::to_string(i);
        return text + ") FORMAT JSONEachRow\n{}";
    };
    EXPECT_EQ(parse_insert(insert(10'000)).columns->size(), 10'000u);
    EXPECT_EQ(rows_of(insert(10'000)), "{}");
    EXPECT_EQ(code_of(insert(100'000)), 62);
    EXPECT_NE(message_of(insert(100'000)).find("Max query size exceeded"), std::string::npos);
    EXPECT_NE(message_of("INSERT INTO `" + std::string(300'000, 'x')).find("Max query size"),
              std::string::npos);
    EXPECT_EQ(code_of(std::string(300'000, ' ')), 62);
}

// Where the statement was lost, what is read in its place is a row.
TEST(InsertStatement, IsNotRepeatedByTheError) {
    for (const std::string text :
         {"380145685835", "{\"src_prefix_routing\":\"380145685835\"}", "INSERT INTO `380145685835`",
          "INSERT INTO active_calls FORMAT \"380145685835",
          "INSERT INTO active_calls FORMAT x380145685835"})
        EXPECT_EQ(message_of(text).find("380145685835"), std::string::npos) << message_of(text);
}

TEST(InsertStatement, LeavesRowsOfAnyLengthAlone) {
    const std::string rows(1'000'000, '{');
    EXPECT_EQ(rows_of("INSERT INTO active_calls FORMAT JSONEachRow\n" + rows), rows);
}

TEST(InsertStatement, ChangesSettingsThatMeanTheSameHere) {
    const InputSettings given{
        .allowed_errors = 3, .allowed_error_ratio = 0.5, .time_zone = "Europe/Kyiv"};
    const auto kept = parse_insert("INSERT INTO active_calls FORMAT JSONEachRow", given).settings;
    EXPECT_EQ(kept.allowed_errors, 3);
    EXPECT_EQ(kept.allowed_error_ratio, 0.5);
    EXPECT_EQ(kept.time_zone, "Europe/Kyiv");
    const auto changed =
        parse_insert(
            "INSERT INTO active_calls SETTINGS async_insert = 1, input_format_allow_errors_num=7, "
            "input_format_allow_errors_ratio = 0.25, session_timezone = 'Asia/Tbilisi' "
            "FORMAT JSONEachRow",
            given)
            .settings;
    EXPECT_EQ(changed.allowed_errors, 7);
    EXPECT_EQ(changed.allowed_error_ratio, 0.25);
    EXPECT_EQ(changed.time_zone, "Asia/Tbilisi");
    EXPECT_EQ(code_of("INSERT INTO active_calls SETTINGS input_format_allow_errors_num = -1 FORMAT "
                      "JSONEachRow"),
              36);
}

TEST(InputSettings, TakeWhatClickHouseTakes) {
    InputSettings settings;
    settings.set("input_format_allow_errors_num", "18446744073709551615");
    EXPECT_EQ(settings.allowed_errors, std::numeric_limits<std::int64_t>::max());
    settings.set("input_format_allow_errors_ratio", "1e3");
    EXPECT_EQ(settings.allowed_error_ratio, 1);
    settings.set("session_timezone", "");
    EXPECT_EQ(settings.time_zone, "");
    settings.set("max_threads", "many");
    for (const auto& [name, value] : {std::pair{"num", "-1"},
                                      {"num", "1.5"},
                                      {"num", ""},
                                      {"num", " 1"},
                                      {"num", "all"},
                                      {"ratio", "-0.1"},
                                      {"ratio", "nan"},
                                      {"ratio", ""},
                                      {"ratio", "1%"}})
        EXPECT_THROW(settings.set(std::string("input_format_allow_errors_") + name, value),
                     ClickHouseError)
            << value;
}

TEST(SelectOne, IsKnownInItsForms) {
    for (const auto* text : {"SELECT 1", "select 1", " SELECT\n1 ;\n",
                             "SELECT 1 FORMAT TabSeparated", "/* well? */ SELECT 1 FORMAT TSV"})
        EXPECT_TRUE(is_select_one(text)) << text;
    for (const auto* text :
         {"", "SELECT", "SELECT 2", "SELECT 11", "SELECT 1, 1", "SELECT 1 FORMAT JSON",
          "SELECT 1; SELECT 1", "INSERT INTO active_calls FORMAT JSONEachRow", "SELECT '1'"})
        EXPECT_FALSE(is_select_one(text)) << text;
}

} // namespace
} // namespace active_calls::shim
