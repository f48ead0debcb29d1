// The shim that is attacked, and requests to it.
#pragma once

#include <netinet/in.h>
#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace active_calls::hostile {

struct Target {
    sockaddr_in customers{};
    sockaddr_in feed{};
    sockaddr_in admin{};
    pid_t pid = 0; // of the shim
    int pool_size = 0;
    std::chrono::milliseconds statement_timeout{};
    std::string feed_password;
    // The tokens of tenants 1, 2, …. A tenant's customer and account have the same number.
    std::vector<std::string> tokens;
};

// The tenants that attack, and the good client's.
constexpr int hostile_tenant = 1;
constexpr int good_tenant = 2;
// Accounts of the hostile tenant's customer, which run.sh fills.
constexpr int account_of_long_numbers = 1001;
constexpr int account_of_many_points = 1002;
// An account of the good tenant's customer, and one that does not exist.
constexpr int foreign_account = good_tenant;
constexpr int no_account = 999'999;

// Whole requests, to be sent as they are.
std::string get(std::string_view path);
// `query` is what follows account-id.
std::string series_request(const Target& target, int tenant, int account, std::string_view query);
// Half an hour of the tenant's account, and the one right answer: account N has N calls and one to
// five more in each minute, so that no two have the same.
std::string tenant_request(const Target& target, int tenant);
std::string tenant_answer(int tenant);
// Two weeks of the hostile tenant's account, a point a minute: a large answer.
std::string large_request(const Target& target);
// Head and body of a batch of the feed.
std::string batch_request(std::string_view password, int rows);
// The head of a request whose body is announced to be of this size.
std::string batch_head(std::string_view password, std::size_t body_size);

} // namespace active_calls::hostile
