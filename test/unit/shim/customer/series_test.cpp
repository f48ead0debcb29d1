#include "customer/series.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

using namespace std::string_literals;

// A result as PostgreSQL would have sent it in binary format.
ResultPtr rows(const std::vector<std::pair<std::string, std::string>>& values) {
    ResultPtr result(PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK));
    char t[] = "t";
    char calls[] = "calls";
    std::array<PGresAttDesc, 2> columns{{{t, 0, 0, 1, 1184, 8, -1}, {calls, 0, 0, 1, 23, 4, -1}}};
    PQsetResultAttrs(result.get(), 2, columns.data());
    int row = 0;
    for (auto [time, count] : values) {
        PQsetvalue(result.get(), row, 0, time.data(), 8);
        PQsetvalue(result.get(), row, 1, count.data(), 4);
        ++row;
    }
    return result;
}

TEST(Series, IsReadFromBinaryRows) {
    const auto result = rows({{"\0\0\0\0\0\0\0\0"s, "\0\0\0\x0c"s},
                              {"\0\0\0\0\0\x0f\x42\x3f"s, "\0\0\x01\0"s},
                              {std::string(8, '\xff'), "\x7f\xff\xff\xff"s}});
    const Series series = series_of(result.get());
    // A fraction of a second is cut off, also before 2000.
    EXPECT_EQ(series.times, (std::vector<std::int64_t>{946684800, 946684800, 946684799}));
    EXPECT_EQ(series.calls, (std::vector<std::int32_t>{12, 256, 2147483647}));
}

TEST(Series, IsWrittenInTheDocumentedOrder) {
    EXPECT_EQ(to_json(Series{}), R"({"data":{"t":[],"calls":[]},"rows":0})");
    EXPECT_EQ(to_json(Series{{1767271620, -60}, {12, 0}}),
              R"({"data":{"t":[1767271620,-60],"calls":[12,0]},"rows":2})");
    EXPECT_EQ(to_json(Series{{std::numeric_limits<std::int64_t>::min()}, {2147483647}}),
              R"({"data":{"t":[-9223372036854775808],"calls":[2147483647]},"rows":1})");
}

} // namespace
} // namespace active_calls::shim
