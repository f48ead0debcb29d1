// Distinct values of calls while a segment is being built, each kept once, under a number.
#pragma once

#include "../format/bytes.h"

#include "../../address.h"

#include <string_view>
#include <type_traits>
#include <vector>

namespace active_calls {

// A value is known by its bytes.
class ValuePool {
public:
    using Id = std::uint32_t;

    // The number of a value: the same for the same bytes, counted from 0.
    Id intern(std::string_view bytes);
    // Valid until the next intern().
    std::string_view operator[](Id id) const {
        const std::size_t begin = id == 0 ? 0 : ends_[id - 1];
        return std::string_view(bytes_).substr(begin, ends_[id] - begin);
    }
    std::size_t size() const { return ends_.size(); }
    // What the pool has allocated, about.
    std::size_t memory() const {
        return bytes_.capacity() + ends_.capacity() * sizeof(std::size_t) +
               (hashes_.capacity() + slots_.capacity()) * sizeof(std::uint32_t);
    }

private:
    void grow();

    std::string bytes_; // one value behind the other
    std::vector<std::size_t> ends_;
    std::vector<std::uint32_t> hashes_;
    std::vector<Id> slots_; // open addressing by hash; holds id + 1, 0 where free
};

// Values as the bytes that a pool knows them by, and back.
template<class Number>
ValuePool::Id intern(ValuePool& pool, const Number& number) {
    static_assert(std::is_arithmetic_v<Number>);
    return pool.intern({reinterpret_cast<const char*>(&number), sizeof number});
}
inline ValuePool::Id intern(ValuePool& pool, std::string_view text) { return pool.intern(text); }
ValuePool::Id intern(ValuePool& pool, const Inet& inet);

template<class Number>
Number value_of(std::string_view bytes) {
    static_assert(std::is_arithmetic_v<Number>);
    Number number{};
    std::memcpy(&number, bytes.data(), sizeof number);
    return number;
}
template<>
inline std::string_view value_of<std::string_view>(std::string_view bytes) {
    return bytes;
}
template<>
Inet value_of<Inet>(std::string_view bytes);

} // namespace active_calls
