// The population: which numbers and names call through an account, and from which addresses.
#pragma once

#include "call.h"
#include "call_life.h"

#include <vector>

namespace active_calls::feed {

// Each account's share of the calls by Zipf's law: 1 / rank^exponent, made to add up to 1.
[[nodiscard]] std::vector<double> zipf_shares(std::size_t count, double exponent);

// A number that somebody in `country` could have.
[[nodiscard]] std::string random_number(const Country& country, Engine& engine);

// A trunk for each of `account_count` accounts, largest first, with callers in proportion to
// `shares`. Most callers are from the account's home country, some from abroad, a few tell no
// number. Throws std::out_of_range as make_accounts() does.
[[nodiscard]] std::vector<Trunk> make_trunks(int account_count, const std::vector<double>& shares,
                                             double caller_count, Engine& engine);

} // namespace active_calls::feed
