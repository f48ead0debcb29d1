// The accounts whose calls are simulated. Who they are depends on their number alone, not on a
// seed.
#pragma once

#include <ostream>
#include <string>
#include <vector>

namespace active_calls::feed {

// As in active_calls.account.
struct Account {
    int id;
    std::string uuid;
    int customer_id;
    std::string name;
};

// The accounts of snapshots.jsonl (7, 21, 8), then 1004, 1005, ...
inline constexpr int min_account_count = 3;
// Ids stay within 16 bits: source addresses are made of them.
inline constexpr int max_account_count = 60'000;

// Accounts in the order of their size, largest first. The nth from the fourth on has the id 1000 +
// n and shares its customer with two others. Throws std::out_of_range for a count outside
// [min_account_count, max_account_count].
[[nodiscard]] std::vector<Account> make_accounts(int count);

// One INSERT INTO active_calls.account with a row for each account.
void write_accounts_sql(std::ostream& output, const std::vector<Account>& accounts);

} // namespace active_calls::feed
