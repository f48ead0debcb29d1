// Distinct values of calls while a segment is being built, each kept once, under a number.
#pragma once

#include "../format/bytes.h"

#include "../../address.h"

#include <array>
#include <string_view>
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

// An address as bytes that a pool can know it by.
class InetBytes {
public:
    explicit InetBytes(const Inet& inet) {
        bytes_[0] = static_cast<char>(inet.address.family());
        bytes_[1] = static_cast<char>(inet.netmask);
        std::memcpy(bytes_.data() + 2, inet.address.bytes().data(), inet.address.bytes().size());
    }
    std::string_view view() const { return {bytes_.data(), bytes_.size()}; }

    static Inet inet_of(std::string_view bytes) {
        const auto* address = reinterpret_cast<const std::uint8_t*>(bytes.data()) + 2;
        return {Address(static_cast<Address::Family>(bytes[0]), {address, 16}),
                static_cast<std::uint8_t>(bytes[1])};
    }

private:
    std::array<char, 18> bytes_{}; // family, netmask, address
};

} // namespace active_calls
