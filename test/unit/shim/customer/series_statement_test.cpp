#include "customer/series_statement.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace active_calls::shim {
namespace {

using namespace std::string_literals;

const std::string required = "account-id=069b073a-e7d9-11f0-932e-0a63caf27539&from-time=0";
const Scope access = ApiAccess{37};
const Scope customer = CustomerScope{3, {7, 8}};

std::optional<std::string> bound(const std::string& query, std::string_view name) {
    const auto all = bind_parameters(access, parse_series_request(required + "&" + query));
    const auto parameter = std::ranges::find(parameters, name, &Parameter::http_name);
    return all.at(static_cast<std::size_t>(parameter - parameters.begin()) + 1);
}

TEST(Statement, NamesEveryArgument) {
    const auto& statement = statement_for(access);
    EXPECT_TRUE(statement.text.starts_with(
        "SELECT t, calls FROM active_calls.customer_origination_active_calls(api_access_id => $1, "
        "account_id => $2, from_time => $3, "))
        << statement.text;
    EXPECT_TRUE(statement.text.ends_with("customer_price_lt => $21)")) << statement.text;
    EXPECT_EQ(statement.parameter_types.size(), parameters.size() + 1);
}

TEST(Statement, OfADynamicTokenTakesItsScope) {
    const auto& statement = statement_for(customer);
    EXPECT_NE(statement.text.find("(customer_id => $1, account_ids => $2, account_id => $3, "),
              std::string::npos)
        << statement.text;
    EXPECT_EQ(statement.parameter_types.size(), parameters.size() + 2);
}

TEST(Binding, LeavesOutWhatIsNotGiven) {
    const auto all = bind_parameters(access, parse_series_request(required));
    ASSERT_EQ(all.size(), parameters.size() + 1);
    EXPECT_EQ(all[0], "\0\0\0\x25"s);
    EXPECT_EQ(all[1], "\x06\x9b\x07\x3a\xe7\xd9\x11\xf0\x93\x2e\x0a\x63\xca\xf2\x75\x39"s);
    for (std::size_t i = 3; i < all.size(); ++i) EXPECT_FALSE(all[i]) << i;
}

TEST(Binding, IsPostgresqlsBinaryFormat) {
    EXPECT_EQ(bound("to-time=2000-01-01T00:00:01Z", "to-time"), "\0\0\0\0\0\x0f\x42\x40"s);
    EXPECT_EQ(bound("to-time=1999-12-31T23:59:59.999999Z", "to-time"), std::string(8, '\xff'));
    EXPECT_EQ(bound("duration-gt=-2", "duration-gt"), "\xff\xff\xff\xfe"s);
    EXPECT_EQ(bound("customer-price-eq=1", "customer-price-eq"), "\x3f\xf0\0\0\0\0\0\0"s);
    EXPECT_EQ(bound("src-prefix-routing-eq=", "src-prefix-routing-eq"), ""s);
    EXPECT_EQ(bound("auth-orig-ip=10.0.0.1", "auth-orig-ip"), "\x02\x20\0\x04\x0a\0\0\x01"s);
    EXPECT_EQ(bound("auth-orig-ip=::5", "auth-orig-ip"),
              "\x03\x80\0\x10"s + std::string(15, '\0') + "\x05"s);
}

TEST(Binding, WritesAccountsAsAnArray) {
    const auto request = parse_series_request(required);
    EXPECT_EQ(bind_parameters(customer, request).at(1),
              "\0\0\0\x01\0\0\0\0\0\0\0\x17\0\0\0\x02\0\0\0\x01"
              "\0\0\0\x04\0\0\0\x07\0\0\0\x04\0\0\0\x08"s);
    EXPECT_EQ(bind_parameters(CustomerScope{3, {}}, request).at(1), "\0\0\0\0\0\0\0\0\0\0\0\x17"s);
}

} // namespace
} // namespace active_calls::shim
