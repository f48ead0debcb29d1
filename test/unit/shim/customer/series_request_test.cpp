#include "customer/series_request.h"

#include "customer/refusal.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace active_calls::shim {
namespace {

using namespace std::string_literals;

const std::string required = "account-id=069b073a-e7d9-11f0-932e-0a63caf27539&from-time=0";

// What is said of a query that is refused; empty if it is not.
std::string error_of(const std::string& query) {
    try {
        (void)parse_series_request(query);
        return "";
    } catch (const Refusal& refusal) {
        EXPECT_EQ(refusal.status, 400);
        return refusal.what();
    }
}

const std::optional<std::string>& value_of(const SeriesRequest& request, std::size_t index) {
    return request.values[index];
}

TEST(SeriesRequest, HoldsWhatWasGiven) {
    const auto request =
        parse_series_request(required + "&src-prefix-routing-contains=a+b&duration-gt=120");
    EXPECT_EQ(request.from_time(), Timestamp{});
    EXPECT_EQ(value_of(request, parameter_index("src-prefix-routing-contains")), "a b");
    EXPECT_EQ(value_of(request, parameter_index("duration-gt")), "\0\0\0\x78"s);
    EXPECT_FALSE(value_of(request, parameter_index("duration-lt")));
}

TEST(SeriesRequest, LeavesOutWhatIsNotGiven) {
    const auto request = parse_series_request(required);
    EXPECT_TRUE(value_of(request, parameter_index("account-id")));
    EXPECT_EQ(std::count(request.values.begin(), request.values.end(), std::nullopt),
              parameters.size() - 2);
}

TEST(SeriesRequest, NamesAllAbsentRequiredParameters) {
    EXPECT_EQ(error_of(""), "missing required param(s) account-id, from-time");
    EXPECT_EQ(error_of("from-time=0"), "missing required param(s) account-id");
    EXPECT_EQ(error_of("account-id=x&duration-gt[]=1"), "missing required param(s) from-time");
}

TEST(SeriesRequest, CountsAnArrayAsPresent) {
    EXPECT_EQ(error_of("account-id[]=1&from-time[]=2"), "param account-id can't be an array");
}

TEST(SeriesRequest, TakesArraysInEveryForm) {
    for (const auto form :
         {"duration-gt[]=1", "duration-gt[a]=1", "duration-gt%5B%5D=1", "duration-gt[][b]=1",
          "duration-gt[]", "duration-gt[]=1&duration-gt=1", "duration-gt=1&duration-gt[]=1"})
        EXPECT_EQ(error_of(required + "&" + form), "param duration-gt can't be an array") << form;
}

TEST(SeriesRequest, NamesTheFirstWrongParameterInTheOrderOfTheApi) {
    EXPECT_EQ(error_of("from-time=x&account-id=y"), "invalid value account-id");
    EXPECT_EQ(error_of(required + "&duration-lt=x&duration-eq=y"), "invalid value duration-eq");
    EXPECT_EQ(error_of(required + "&duration-lt=x&duration-eq[]=y"),
              "param duration-eq can't be an array");
    EXPECT_EQ(error_of(required + "&duration-lt[]=x&duration-eq=y"), "invalid value duration-eq");
}

TEST(SeriesRequest, TakesTheLastOfARepeatedParameter) {
    const auto request = parse_series_request(required + "&duration-gt=x&duration-gt=2");
    EXPECT_EQ(value_of(request, parameter_index("duration-gt")), "\0\0\0\x02"s);
    EXPECT_EQ(error_of(required + "&duration-gt=2&duration-gt="), "invalid value duration-gt");
}

TEST(SeriesRequest, IgnoresUnknownParameters) {
    EXPECT_EQ(error_of(required + "&page[size]=1&%zz=1&Duration-gt=x&duration_gt=x&x[]=%zz&[]"),
              "");
}

TEST(SeriesRequest, RefusesMalformedEncoding) {
    EXPECT_EQ(error_of(required + "&dst-prefix-routing-eq=%zz"),
              "invalid value dst-prefix-routing-eq");
    EXPECT_EQ(error_of(required + "&dst-prefix-routing-eq=%ff"),
              "invalid value dst-prefix-routing-eq");
}

TEST(SeriesRequest, DoesNotGuessAPlusThatBecameASpace) {
    const std::string account = "account-id=069b073a-e7d9-11f0-932e-0a63caf27539";
    EXPECT_EQ(error_of(account + "&from-time=2026-01-01T12:46:15+02:00"),
              "invalid value from-time");
    EXPECT_EQ(error_of(account + "&from-time=2026-01-01T12:46:15%2B02:00"), "");
}

// One value that is wrong for each parameter, so that no line of the table has a wrong type.
TEST(SeriesRequest, ChecksEveryParameter) {
    for (const auto& parameter : parameters) {
        const std::string name(parameter.name);
        const std::string wrong = parameter.type.oid == text_oid ? "%00" : "x";
        EXPECT_EQ(error_of(required + "&" + name + "=" + wrong), "invalid value " + name);
    }
}

} // namespace
} // namespace active_calls::shim
