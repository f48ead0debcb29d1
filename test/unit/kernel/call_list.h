// Calls that a test holds, and what tells two of them apart.
#pragma once

#include "call.h"

#include <compare>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

namespace active_calls {

// Calls that own their text.
class CallList {
public:
    CallList() = default;
    CallList(CallList&&) = default;
    CallList& operator=(CallList&&) = default;
    CallList(const CallList&) = delete; // the text of a copy would be that of the original
    CallList& operator=(const CallList&) = delete;
    ~CallList() = default;

    void add(Call call);

    std::span<const Call> calls() const { return calls_; }
    std::size_t size() const { return calls_.size(); }
    bool empty() const { return calls_.empty(); }
    const Call& operator[](std::size_t i) const { return calls_[i]; }

private:
    std::unordered_set<std::string> texts_; // whose elements stay where they are
    std::vector<Call> calls_;
};

// An order of all that calls can hold. Equal means the same: a price bit for bit, an address with
// its netmask.
std::strong_ordering compare(const Call& a, const Call& b);

std::string describe(const Call& call);

// Nothing when both are the same multiset; else words on a call that only one of them has.
std::string difference(std::span<const Call> expected, std::span<const Call> actual);

} // namespace active_calls
