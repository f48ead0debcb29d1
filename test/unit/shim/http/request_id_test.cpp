#include "http/request_id.h"

#include <gtest/gtest.h>

#include <regex>

namespace active_calls::shim {
namespace {

TEST(RequestId, IsTheClientsIfSane) {
    for (const std::string& id : {std::string("a"), std::string("Az-09_.x"), std::string(128, 'x')})
        EXPECT_EQ(request_id(id), id);
}

TEST(RequestId, IsElseANewRandomUuid) {
    const std::regex uuid_v4("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
    for (const std::string& id :
         {std::string(), std::string("a b"), std::string("a\r\nb"), std::string("\xc3\xa9"),
          std::string("a/b"), std::string(129, 'x'), std::string("a\0b", 3),
          std::string("{\"a\":1}")})
        EXPECT_TRUE(std::regex_match(request_id(id), uuid_v4)) << id;
    EXPECT_NE(request_id(""), request_id(""));
}

} // namespace
} // namespace active_calls::shim
