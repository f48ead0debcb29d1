#include "questions.h"

#include <fmt/core.h>

#include <string>

namespace active_calls::bench {

std::vector<Question> six_questions(Session& session, int account_id, const Window& window) {
    const auto most_frequent = [&](const char* expression) {
        return session.value(fmt::format("SELECT {0} FROM calls WHERE customer_acc_id = {1}"
                                         " AND {0} IS NOT NULL"
                                         " GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1",
                                         expression, account_id));
    };
    const Account account{
        account_id, session.value(fmt::format("SELECT uuid FROM active_calls.account WHERE id = {}",
                                              account_id))};
    const int country = std::stoi(most_frequent("dst_country_id"));
    const auto question = [&](const char* name, Filters filters) {
        return Question{name, account, window, std::move(filters)};
    };
    return {
        question("none", {}),
        question("duration_gt 120", {.duration_gt = 120}),
        question("country and duration_gt 60", {.duration_gt = 60, .dst_country_id = country}),
        question("src starts_with", {.src_starts_with = most_frequent(
                                         "substring(src_prefix_routing from '^\\d{5}')")}),
        question("dst contains", {.dst_contains = "12"}),
        question("price and address",
                 {.price_gt = 0.05, .address = most_frequent("host(auth_orig_ip)")}),
    };
}

} // namespace active_calls::bench
