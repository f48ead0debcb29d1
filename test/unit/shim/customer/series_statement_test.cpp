#include "customer/series_statement.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

using namespace std::string_literals;

const Scope access = ApiAccess{37};
const Scope customer = CustomerScope{3, {7, 8}};

TEST(Statement, NamesEveryArgument) {
    const auto& statement = statement_for(access);
    EXPECT_TRUE(statement.text.starts_with(
        "SELECT t, calls FROM active_calls.customer_origination_active_calls_arrays(api_access_id "
        "=> $1, "
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

TEST(ScopeArguments, AreTheIdOfAnAccess) {
    EXPECT_EQ(scope_arguments(access), std::vector{"\0\0\0\x25"s});
}

TEST(ScopeArguments, AreACustomerAndAnArrayOfAccounts) {
    EXPECT_EQ(scope_arguments(customer),
              (std::vector{"\0\0\0\x03"s, "\0\0\0\x01\0\0\0\0\0\0\0\x17\0\0\0\x02\0\0\0\x01"
                                          "\0\0\0\x04\0\0\0\x07\0\0\0\x04\0\0\0\x08"s}));
    EXPECT_EQ(scope_arguments(CustomerScope{3, {}}).at(1), "\0\0\0\0\0\0\0\0\0\0\0\x17"s);
}

} // namespace
} // namespace active_calls::shim
