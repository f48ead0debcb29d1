#include "log/log.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace active_calls::shim {
namespace {

std::string logged(LogFormat format, const Log::Fields& fields) {
    Log log(format, LogLevel::info);
    testing::internal::CaptureStderr();
    log.info("request", fields);
    return testing::internal::GetCapturedStderr();
}

TEST(JsonLog, IsOneValidLineWhateverItHolds) {
    for (const std::string& hostile :
         {std::string("plain"), std::string("\"}\n{\"level\":\"error"), std::string("\xff\xfe"),
          std::string("a\0b", 3), std::string("%v {} %s")}) {
        const std::string line = logged(LogFormat::json, {{"id", hostile}, {"status", 200}});
        EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
        const auto record = nlohmann::json::parse(line);
        EXPECT_EQ(record.at("event"), "request");
        EXPECT_EQ(record.at("level"), "info");
        EXPECT_EQ(record.at("status"), 200);
        if (hostile != "\xff\xfe") {
            EXPECT_EQ(record.at("id"), hostile);
        }
    }
}

TEST(JsonLog, TakesAnEventWithoutFields) {
    EXPECT_EQ(nlohmann::json::parse(logged(LogFormat::json, {})).at("event"), "request");
}

TEST(Log, LeavesOutWhatIsLessSevere) {
    Log log(LogFormat::text, LogLevel::warning);
    testing::internal::CaptureStderr();
    log.info("request");
    EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(TextLog, QuotesWhatIsNotOneWord) {
    const std::string line = logged(
        LogFormat::text, {{"id", "a-1"}, {"status", 200}, {"path", "/a b\n"}, {"remote", ""}});
    EXPECT_NE(line.find("info    request id=a-1 status=200 path=\"/a b\\n\" remote=\"\"\n"),
              std::string::npos)
        << line;
}

} // namespace
} // namespace active_calls::shim
