// Calls and questions about them, made up of choices: of chance in a test, of a fuzzer's bytes in a
// fuzzer. They favour what a codec could get wrong: the ends of every range, values that are nearly
// equal, calls that jump, stop, and go on.
#pragma once

#include "call_list.h"

#include "call_filter.h"

#include <random>

namespace active_calls {

class Choices {
public:
    // A number below `limit`, which is at least 1.
    virtual std::uint64_t below(std::uint64_t limit) = 0;

    bool one_in(std::uint64_t n) { return below(n) == n - 1; }
    template<class Value>
    Value any_of(std::initializer_list<Value> values) {
        return values.begin()[below(values.size())];
    }

protected:
    ~Choices() = default;
};

class RandomChoices final : public Choices {
public:
    explicit RandomChoices(std::uint64_t seed)
        : engine_(seed) {}
    std::uint64_t below(std::uint64_t limit) override {
        return std::uniform_int_distribution<std::uint64_t>(0, limit - 1)(engine_);
    }

private:
    std::mt19937_64 engine_;
};

// The first bytes choose first; when they are used up, everything is 0.
class BytesAsChoices final : public Choices {
public:
    explicit BytesAsChoices(std::span<const std::uint8_t> bytes)
        : bytes_(bytes) {}
    std::uint64_t below(std::uint64_t limit) override;
    bool used_up() const { return bytes_.empty(); }

private:
    std::span<const std::uint8_t> bytes_;
};

// PostgreSQL's range of timestamptz: 4713 BC to 294276 AD.
inline constexpr Instant first_instant{std::chrono::microseconds{-211'813'488'000'000'000}};
inline constexpr Instant last_instant{std::chrono::microseconds{9'223'371'331'199'999'999}};

inline constexpr std::int32_t random_account_id = 7;

// At least one call and about as many as `rows`, all of random_account_id, in any order.
CallList random_calls(Choices& choices, std::size_t rows);

// Mostly a filter that some of the calls pass.
CallFilter random_filter(Choices& choices, std::span<const Call> calls);

// Mostly one that cuts through the calls.
Window random_window(Choices& choices, std::span<const Call> calls);

} // namespace active_calls
