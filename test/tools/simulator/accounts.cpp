// Names, customers and uuids of the simulated accounts.
#include "accounts.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <stdexcept>

namespace active_calls::feed {

namespace {

// Account 7 is known to the world by this uuid; the others carry their id in the last group.
std::string uuid_of(int account_id) {
    if (account_id == 7) return "069b073a-e7d9-11f0-932e-0a63caf27539";
    return fmt::format("069b073a-e7d9-11f0-932e-{:012}", account_id);
}

Account make_account(int id, int customer_id) {
    return {id, uuid_of(id), customer_id, fmt::format("Customer {}, account {}", customer_id, id)};
}

} // namespace

std::vector<Account> make_accounts(int count) {
    if (count < min_account_count || count > max_account_count)
        throw std::out_of_range(fmt::format("the number of accounts must be {} to {}, not {}",
                                            min_account_count, max_account_count, count));
    std::vector<Account> accounts{make_account(7, 3), make_account(21, 9), make_account(8, 3)};
    accounts.reserve(static_cast<std::size_t>(count));
    for (int rank = min_account_count + 1; rank <= count; ++rank)
        accounts.push_back(make_account(1000 + rank, 100 + rank / 3));
    return accounts;
}

void write_accounts_sql(std::ostream& output, const std::vector<Account>& accounts) {
    output << "INSERT INTO active_calls.account (id, uuid, customer_id, name) VALUES";
    const char* separator = "\n";
    for (const auto& account : accounts) {
        fmt::print(output, "{}    ({}, '{}', {}, '{}')", separator, account.id, account.uuid,
                   account.customer_id, account.name);
        separator = ",\n";
    }
    output << ";\n";
}

} // namespace active_calls::feed
