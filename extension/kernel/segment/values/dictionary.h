// The distinct values of an attribute, in a fixed order: the number of a value is its code.
//
// Each dictionary has three functions.
//
// write(writer, values) stores distinct values, and returns the code of each, in the order given.
//
// read(reader, size, visit) calls visit(value) for each of `size` values, in the order of their
// codes.
//
// match(reader, size, filter, pass) sets pass[code] for each value to whether the filter lets it
// pass: a filter is asked once for each distinct value, never for each call.
#pragma once

#include "../format/bytes.h"

#include "../../call_filter.h"

#include <functional>
#include <type_traits>

namespace active_calls {

using Code = std::uint32_t;

// Bits that a code needs, when there are so many.
constexpr unsigned code_width(std::size_t codes) {
    return codes == 0 ? 0 : static_cast<unsigned>(std::bit_width(codes - 1));
}

struct IntegerDictionary {
    using Value = std::int32_t;
    static std::vector<Code> write(ByteWriter& writer, std::span<const Value> values);
    static void read(ByteReader& reader, std::size_t size, const std::function<void(Value)>& visit);
    static void match(ByteReader& reader, std::size_t size,
                      const EqualityFilter<std::int32_t>& filter, std::uint8_t* pass);
};

// In their order, and kept bit by bit: -0, infinities and each NaN stay what they are.
struct PriceDictionary {
    using Value = double;
    static std::vector<Code> write(ByteWriter& writer, std::span<const Value> values);
    static void read(ByteReader& reader, std::size_t size, const std::function<void(Value)>& visit);
    static void match(ByteReader& reader, std::size_t size, const RangeFilter<double>& filter,
                      std::uint8_t* pass);
};

// IPv4 before IPv6. A netmask is kept; a filter does not look at it.
struct InetDictionary {
    using Value = Inet;
    static std::vector<Code> write(ByteWriter& writer, std::span<const Value> values);
    static void read(ByteReader& reader, std::size_t size,
                     const std::function<void(const Value&)>& visit);
    static void match(ByteReader& reader, std::size_t size, const AddressFilter& filter,
                      std::uint8_t* pass);
};

// Dial strings by length, as words; then all other texts as they are. What is visited points into
// what is read, or, for a dial string, lives as long as the visit.
struct TextDictionary {
    using Value = std::string_view;
    static std::vector<Code> write(ByteWriter& writer, std::span<const Value> values);
    static void read(ByteReader& reader, std::size_t size, const std::function<void(Value)>& visit);
    static void match(ByteReader& reader, std::size_t size, const TextFilter& filter,
                      std::uint8_t* pass);
};

template<class Value>
struct DictionaryFor;
template<>
struct DictionaryFor<std::int32_t> : std::type_identity<IntegerDictionary> {};
template<>
struct DictionaryFor<std::string_view> : std::type_identity<TextDictionary> {};
template<>
struct DictionaryFor<Inet> : std::type_identity<InetDictionary> {};
template<>
struct DictionaryFor<double> : std::type_identity<PriceDictionary> {};

// The dictionary of a column whose values are of that type.
template<class Value>
using DictionaryOf = typename DictionaryFor<Value>::type;

} // namespace active_calls
