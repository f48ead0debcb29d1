#include "value_pool.h"

#include "../format/segment.h"

#include <array>

namespace active_calls {

ValuePool::Id ValuePool::intern(std::string_view bytes) {
    if (2 * size() >= slots_.size()) grow();
    const auto hash = static_cast<std::uint32_t>(
        checksum({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}));
    std::size_t slot = hash & (slots_.size() - 1);
    for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
        const Id id = slots_[slot] - 1;
        if (hashes_[id] == hash && (*this)[id] == bytes) return id;
    }
    const auto id = static_cast<Id>(size());
    bytes_.append(bytes);
    ends_.push_back(bytes_.size());
    hashes_.push_back(hash);
    slots_[slot] = id + 1;
    return id;
}

void ValuePool::grow() {
    slots_.assign(std::max<std::size_t>(16, 2 * slots_.size()), 0);
    for (Id id = 0; id < size(); ++id) {
        std::size_t slot = hashes_[id] & (slots_.size() - 1);
        while (slots_[slot] != 0) slot = (slot + 1) & (slots_.size() - 1);
        slots_[slot] = id + 1;
    }
}

ValuePool::Id intern(ValuePool& pool, const Inet& inet) {
    std::array<char, 18> bytes{}; // family, netmask, address
    bytes[0] = static_cast<char>(inet.address.family());
    bytes[1] = static_cast<char>(inet.netmask);
    std::memcpy(bytes.data() + 2, inet.address.bytes().data(), inet.address.bytes().size());
    return pool.intern({bytes.data(), bytes.size()});
}

template<>
Inet value_of<Inet>(std::string_view bytes) {
    const auto* address = reinterpret_cast<const std::uint8_t*>(bytes.data()) + 2;
    return {Address(static_cast<Address::Family>(bytes[0]), {address, 16}),
            static_cast<std::uint8_t>(bytes[1])};
}

} // namespace active_calls
