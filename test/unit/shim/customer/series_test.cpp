#include "customer/series.h"

#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

namespace active_calls::shim {
namespace {

using namespace std::string_literals;

// A row of these values, as PostgreSQL would have sent it in binary format.
ResultPtr row(std::string times, std::string calls) {
    ResultPtr result(PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK));
    char t_name[] = "t";
    char calls_name[] = "calls";
    std::array<PGresAttDesc, 2> columns{
        {{t_name, 0, 0, 1, 1016, -1, -1}, {calls_name, 0, 0, 1, 1007, -1, -1}}};
    PQsetResultAttrs(result.get(), 2, columns.data());
    PQsetvalue(result.get(), 0, 0, times.data(), static_cast<int>(times.size()));
    PQsetvalue(result.get(), 0, 1, calls.data(), static_cast<int>(calls.size()));
    return result;
}

template<typename Integer>
std::string array_of(const std::vector<Integer>& numbers) {
    std::string bytes = "\0\0\0\1\0\0\0\0\0\0\0\x14"s +
                        to_big_endian(static_cast<std::int32_t>(numbers.size())) + "\0\0\0\1"s;
    for (const Integer number : numbers)
        bytes += to_big_endian(static_cast<std::int32_t>(sizeof number)) + to_big_endian(number);
    return bytes;
}

Series series_of(const std::vector<std::int64_t>& times, const std::vector<std::int32_t>& calls) {
    return Series(row(array_of(times), array_of(calls)));
}

const std::string no_elements = "\0\0\0\0\0\0\0\0\0\0\0\x14"s;

TEST(Series, IsReadFromArrays) {
    const Series series = series_of({946684800, -1}, {256, 2147483647});
    ASSERT_EQ(series.size(), 2U);
    EXPECT_EQ(series.time(0), 946684800);
    EXPECT_EQ(series.time(1), -1);
    EXPECT_EQ(series.calls(0), 256);
    EXPECT_EQ(series.calls(1), 2147483647);
    EXPECT_EQ(Series(row(no_elements, no_elements)).size(), 0U);
}

TEST(Series, IsNotReadFromAnythingElse) {
    const std::string good = array_of<std::int32_t>({1});
    for (const std::string& bad :
         {""s, "\0\0\0\1"s, no_elements.substr(1), good.substr(1), good + "x", good.substr(0, 19),
          array_of<std::int32_t>({1}).replace(15, 1, "\x7f")})
        EXPECT_THROW(Series(row(array_of<std::int64_t>({1}), bad)), std::runtime_error)
            << bad.size();
}

TEST(Series, IsWrittenInTheDocumentedOrder) {
    EXPECT_EQ(to_json(Series(row(no_elements, no_elements))),
              R"({"data":{"t":[],"calls":[]},"rows":0})");
    EXPECT_EQ(to_json(series_of({1767271620, -60}, {12, 0})),
              R"({"data":{"t":[1767271620,-60],"calls":[12,0]},"rows":2})");
    EXPECT_EQ(to_json(series_of({std::numeric_limits<std::int64_t>::min()}, {2147483647})),
              R"({"data":{"t":[-9223372036854775808],"calls":[2147483647]},"rows":1})");
}

} // namespace
} // namespace active_calls::shim
