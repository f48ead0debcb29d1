// One draw for each attribute of a call.
#include "call_source.h"

namespace active_calls::feed {

namespace {

template<typename T>
const T* any_of(const std::vector<T>& choices, Engine& engine) {
    return &choices[std::uniform_int_distribution<std::size_t>(0, choices.size() - 1)(engine)];
}

} // namespace

CallSource::CallSource(int account_count, double zipf_exponent, double caller_count,
                       Engine& engine) {
    const auto shares = zipf_shares(static_cast<std::size_t>(account_count), zipf_exponent);
    trunks_ = make_trunks(account_count, shares, caller_count, engine);
    trunk_ = {shares.begin(), shares.end()};
}

Call CallSource::call_at(Instant start, Engine& engine) {
    const Trunk& trunk = trunks_[trunk_(engine)];
    const Country& destination =
        is_domestic_(engine) ? *trunk.home : countries()[destination_(engine)];
    const CallLife life = life_(engine);
    return {
        .number = ++calls_made_,
        .trunk = &trunk,
        .caller = any_of(trunk.callers, engine),
        .destination = &destination,
        .address = any_of(trunk.addresses, engine),
        .called_number = random_number(destination, engine),
        .start = start,
        .connect = life.talk ? std::optional(start + life.ring) : std::nullopt,
        .end = start + life.total(),
    };
}

} // namespace active_calls::feed
