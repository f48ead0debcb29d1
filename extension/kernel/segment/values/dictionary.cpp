#include "dictionary.h"

#include "../format/sorted_words.h"
#include "dial_string.h"
#include "price_words.h"

#include "../../interrupts.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace active_calls {

namespace {

// The positions of `values`, sorted by what `key` makes of them.
template<class Value, class Key>
std::vector<Code> order_by(std::span<const Value> values, Key&& key) {
    std::vector<Code> order(values.size());
    std::iota(order.begin(), order.end(), Code{0});
    std::ranges::sort(order, InterruptibleLess{},
                      [&](Code position) { return key(values[position]); });
    return order;
}

// From the positions in the order of codes to the codes in the order of positions.
std::vector<Code> codes_of(std::span<const Code> order) {
    std::vector<Code> codes(order.size());
    for (Code code = 0; code < order.size(); ++code) codes[order[code]] = code;
    return codes;
}

template<class Value, class ToWord>
std::vector<Code> write_words(ByteWriter& writer, std::span<const Value> values, ToWord&& to_word) {
    std::vector<std::pair<std::uint64_t, Code>> entries(values.size());
    for (Code i = 0; i < values.size(); ++i) entries[i] = {to_word(values[i]), i};
    std::ranges::sort(entries, InterruptibleLess{});
    std::vector<std::uint64_t> words;
    std::vector<Code> codes(values.size());
    for (const auto& [word, position] : entries) {
        codes[position] = static_cast<Code>(words.size());
        words.push_back(word);
    }
    SortedWords::write(writer, words);
    return codes;
}

// A bijection that keeps the order: the sign bit goes first.
std::uint64_t word_of(std::int32_t value) {
    return static_cast<std::uint32_t>(value) ^ 0x8000'0000U;
}
std::int32_t integer_of(std::uint64_t word) {
    if (word > 0xFFFF'FFFFU) damaged("an integer in it is out of range");
    return static_cast<std::int32_t>(static_cast<std::uint32_t>(word) ^ 0x8000'0000U);
}

// Lets the words from `first` to `last` pass.
void mark(const SortedWords& words, std::uint64_t first, std::uint64_t last, std::uint8_t* pass) {
    if (first > last) return;
    const std::size_t begin = words.count_before(first);
    const std::size_t end = last == ~std::uint64_t{0} ? words.size() : words.count_before(last + 1);
    std::fill(pass + begin, pass + end, std::uint8_t{1});
}

constexpr unsigned max_netmask(Address::Family family) {
    return static_cast<unsigned>(8 * Address::size(family));
}

std::uint64_t word_of_v4(const Inet& inet) {
    std::uint64_t word = 0;
    for (const std::uint8_t byte : inet.address.bytes()) word = word << 8 | byte;
    return word << 8 | inet.netmask;
}

Inet inet_of(Address::Family family, ByteSpan address, std::uint8_t netmask) {
    if (netmask > max_netmask(family)) damaged("an address in it has an impossible netmask");
    return {Address(family, address), netmask};
}

Inet v4_of_word(std::uint64_t word) {
    if (word >> 40 != 0) damaged("an address in it is out of range");
    const std::array<std::uint8_t, 4> bytes{
        static_cast<std::uint8_t>(word >> 32), static_cast<std::uint8_t>(word >> 24),
        static_cast<std::uint8_t>(word >> 16), static_cast<std::uint8_t>(word >> 8)};
    return inet_of(Address::Family::v4, bytes, static_cast<std::uint8_t>(word));
}

} // namespace

std::vector<Code> IntegerDictionary::write(ByteWriter& writer, std::span<const Value> values) {
    return write_words(writer, values, [](Value value) { return word_of(value); });
}

void IntegerDictionary::read(ByteReader& reader, std::size_t size,
                             const std::function<void(Value)>& visit) {
    SortedWords::read(reader, size).each([&](std::uint64_t word) { visit(integer_of(word)); });
}

void IntegerDictionary::match(ByteReader& reader, std::size_t size,
                              const EqualityFilter<std::int32_t>& filter, std::uint8_t* pass) {
    const SortedWords words = SortedWords::read(reader, size);
    if (!filter.eq) {
        std::fill_n(pass, size, std::uint8_t{1});
        return;
    }
    mark(words, word_of(*filter.eq), word_of(*filter.eq), pass);
}

std::vector<Code> PriceDictionary::write(ByteWriter& writer, std::span<const Value> values) {
    const PriceWords words = PriceWords::fit(values);
    words.write(writer);
    return write_words(writer, values, [&](Value value) { return words.word_of(value); });
}

void PriceDictionary::read(ByteReader& reader, std::size_t size,
                           const std::function<void(Value)>& visit) {
    const PriceWords words = PriceWords::read(reader);
    SortedWords::read(reader, size).each([&](std::uint64_t word) { visit(words.price_of(word)); });
}

void PriceDictionary::match(ByteReader& reader, std::size_t size, const RangeFilter<double>& filter,
                            std::uint8_t* pass) {
    const PriceWords words = PriceWords::read(reader);
    const SortedWords prices = SortedWords::read(reader, size);
    for (const auto& bound : {filter.eq, filter.gt, filter.lt})
        if (bound && std::isnan(*bound)) return;
    if (!filter.given()) {
        std::fill_n(pass, size, std::uint8_t{1});
        return;
    }
    // Prices are in order: those that are too low come first, those that are too high last. NaN is
    // at either end, by its sign.
    const std::size_t begin = prices.count_leading([&](std::uint64_t word) {
        const double price = words.price_of(word);
        if (std::isnan(price)) return std::signbit(price);
        return (filter.eq && price < *filter.eq) || (filter.gt && price <= *filter.gt);
    });
    const std::size_t end = prices.count_leading([&](std::uint64_t word) {
        const double price = words.price_of(word);
        if (std::isnan(price)) return std::signbit(price);
        return !((filter.eq && price > *filter.eq) || (filter.lt && price >= *filter.lt));
    });
    if (begin < end) std::fill(pass + begin, pass + end, std::uint8_t{1});
}

std::vector<Code> InetDictionary::write(ByteWriter& writer, std::span<const Value> values) {
    const std::vector<Code> order = order_by(values, [](const Inet& inet) {
        std::array<std::uint8_t, 18> key{}; // family, address, netmask
        count_steps(key.size());
        key[0] = static_cast<std::uint8_t>(inet.address.family());
        std::ranges::copy(inet.address.bytes(), key.begin() + 1);
        key[17] = inet.netmask;
        return key;
    });
    std::vector<std::uint64_t> v4;
    for (const Code position : order)
        if (values[position].address.family() == Address::Family::v4)
            v4.push_back(word_of_v4(values[position]));
    writer.varint(v4.size());
    SortedWords::write(writer, v4);
    for (const Code position : std::span(order).subspan(v4.size())) {
        writer.bytes(values[position].address.bytes());
        writer.u8(values[position].netmask);
    }
    return codes_of(order);
}

void InetDictionary::read(ByteReader& reader, std::size_t size,
                          const std::function<void(const Value&)>& visit) {
    const std::size_t v4_size = reader.count(size);
    SortedWords::read(reader, v4_size).each([&](std::uint64_t word) { visit(v4_of_word(word)); });
    for (std::size_t i = v4_size; i < size; ++i) {
        count_steps(Address::size(Address::Family::v6));
        const ByteSpan address = reader.bytes(Address::size(Address::Family::v6));
        visit(inet_of(Address::Family::v6, address, reader.u8()));
    }
}

void InetDictionary::match(ByteReader& reader, std::size_t size, const AddressFilter& filter,
                           std::uint8_t* pass) {
    read(reader, size, [&](const Inet& inet) { *pass++ = filter.passes(inet); });
}

namespace {

using LengthCounts = std::array<std::size_t, max_dial_length + 1>;

// How many dial strings there are of each length from 1; the empty string is no dial string here.
LengthCounts read_length_counts(ByteReader& reader, std::size_t size) {
    LengthCounts counts{};
    for (std::size_t length = 1; length <= max_dial_length; ++length) {
        counts[length] = reader.count(size);
        size -= counts[length];
    }
    counts[0] = size; // those that are kept as they are
    return counts;
}

std::string_view read_plain(ByteReader& reader) {
    count_steps(16);
    return reader.text(reader.count(std::numeric_limits<std::size_t>::max()));
}

} // namespace

std::vector<Code> TextDictionary::write(ByteWriter& writer, std::span<const Value> values) {
    struct Entry {
        std::size_t length; // of a dial string; max_dial_length + 1 for other texts
        std::uint64_t word;
        Code position;
    };
    std::vector<Entry> entries;
    entries.reserve(values.size());
    LengthCounts counts{};
    for (Code i = 0; i < values.size(); ++i) {
        count_steps(max_dial_length);
        const auto word = values[i].empty() ? std::nullopt : to_dial_word(values[i]);
        entries.push_back({word ? values[i].size() : max_dial_length + 1, word.value_or(0), i});
        if (word) ++counts[values[i].size()];
    }
    std::ranges::sort(entries, [&](const Entry& a, const Entry& b) {
        count_steps(1);
        if (a.length != b.length) return a.length < b.length;
        if (a.word != b.word) return a.word < b.word;
        return interruptible_less(values[a.position], values[b.position]);
    });

    for (std::size_t length = 1; length <= max_dial_length; ++length) writer.varint(counts[length]);
    auto entry = entries.begin();
    std::vector<std::uint64_t> words;
    for (std::size_t length = 1; length <= max_dial_length; ++length) {
        words.clear();
        for (; entry != entries.end() && entry->length == length; ++entry)
            words.push_back(entry->word);
        SortedWords::write(writer, words);
    }
    for (; entry != entries.end(); ++entry) {
        writer.varint(values[entry->position].size());
        writer.text(values[entry->position]);
    }

    std::vector<Code> codes(values.size());
    for (Code code = 0; code < entries.size(); ++code) codes[entries[code].position] = code;
    return codes;
}

void TextDictionary::read(ByteReader& reader, std::size_t size,
                          const std::function<void(Value)>& visit) {
    const LengthCounts counts = read_length_counts(reader, size);
    for (std::size_t length = 1; length <= max_dial_length; ++length) {
        std::array<char, max_dial_length> text{};
        SortedWords::read(reader, counts[length]).each([&](std::uint64_t word) {
            count_steps(length);
            from_dial_word(word, length, text.data());
            visit({text.data(), length});
        });
    }
    for (std::size_t i = 0; i < counts[0]; ++i) visit(read_plain(reader));
}

void TextDictionary::match(ByteReader& reader, std::size_t size, const TextFilter& filter,
                           std::uint8_t* pass) {
    const LengthCounts counts = read_length_counts(reader, size);
    for (std::size_t length = 1; length <= max_dial_length; ++length) {
        const SortedWords words = SortedWords::read(reader, counts[length]);
        const DialWordFilter word_filter(filter, length);
        if (word_filter.possible()) {
            if (const auto range = word_filter.range()) {
                mark(words, range->first, range->last, pass);
            } else {
                std::uint8_t* next = pass;
                words.each([&](std::uint64_t word) { *next++ = word_filter.passes(word) ? 1 : 0; });
            }
        }
        pass += counts[length];
    }
    for (std::size_t i = 0; i < counts[0]; ++i) *pass++ = filter.passes(read_plain(reader));
}

} // namespace active_calls
