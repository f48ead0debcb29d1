// Distinct values and their codes: in an order, back again, and asked once each.
#include "segment/values/dictionary.h"

#include "segment/format/sorted_words.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace active_calls {
namespace {

using Double = std::numeric_limits<double>;
using Int = std::numeric_limits<std::int32_t>;

template<class Dictionary>
class Stored {
public:
    using Value = typename Dictionary::Value;

    explicit Stored(const std::vector<Value>& values)
        : size_(values.size()) {
        ByteWriter writer(std::pmr::get_default_resource());
        codes = Dictionary::write(writer, values);
        size_of_values = writer.written().size();
        writer.bytes(Bytes(bit_array_padding));
        bytes_ = writer.take();
    }

    // In the order of codes, as `own` makes them values that last.
    template<class Own>
    auto read(Own&& own) const {
        std::vector<std::invoke_result_t<Own, const Value&>> values;
        ByteReader reader(bytes_);
        Dictionary::read(reader, size_, [&](const Value& value) { values.push_back(own(value)); });
        EXPECT_EQ(reader.rest().size(), bit_array_padding);
        return values;
    }
    template<class Filter>
    std::vector<bool> match(const Filter& filter) const {
        std::vector<std::uint8_t> pass(size_ + 1);
        pass.back() = 0xAA;
        ByteReader reader(bytes_);
        Dictionary::match(reader, size_, filter, pass.data());
        EXPECT_EQ(reader.rest().size(), bit_array_padding);
        EXPECT_EQ(pass.back(), 0xAA);
        return {pass.begin(), pass.end() - 1};
    }

    std::vector<Code> codes;
    std::size_t size_of_values;

private:
    std::size_t size_;
    Bytes bytes_;
};

// Values in the order of codes, from the order that they were given in.
template<class Value>
std::vector<Value> by_code(const std::vector<Value>& values, const std::vector<Code>& codes) {
    std::vector<Value> ordered(values.size());
    for (std::size_t i = 0; i < values.size(); ++i) ordered.at(codes.at(i)) = values[i];
    return ordered;
}

TEST(IntegerDictionary, KeepsValuesInTheirOrder) {
    const std::vector<std::int32_t> values{7, Int::max(), -1, 0, Int::min(), 1, 804, -2};
    const Stored<IntegerDictionary> stored(values);
    const auto read = stored.read([](std::int32_t value) { return value; });
    EXPECT_EQ(read, by_code(values, stored.codes));
    EXPECT_TRUE(std::ranges::is_sorted(read));
    for (const std::int32_t asked : {7, 8, Int::min(), Int::max(), 0}) {
        const EqualityFilter<std::int32_t> filter{asked};
        const auto pass = stored.match(filter);
        for (std::size_t code = 0; code < read.size(); ++code)
            EXPECT_EQ(pass[code], filter.passes(read[code])) << asked << ' ' << read[code];
    }
}

TEST(IntegerDictionary, RefusesWhatIsNoInteger) {
    ByteWriter writer(std::pmr::get_default_resource());
    SortedWords::write(writer, std::vector<std::uint64_t>{std::uint64_t{1} << 32});
    writer.bytes(Bytes(bit_array_padding));
    ByteReader reader(writer.written());
    EXPECT_THROW(IntegerDictionary::read(reader, 1, [](std::int32_t) {}), Error);
}

TEST(PriceDictionary, KeepsEveryBit) {
    const std::vector<double> values{0.0,
                                     -0.0,
                                     1.5,
                                     -1.5,
                                     Double::infinity(),
                                     -Double::infinity(),
                                     Double::denorm_min(),
                                     -Double::denorm_min(),
                                     Double::max(),
                                     Double::lowest(),
                                     std::bit_cast<double>(0x7FF8'0000'0000'0000),
                                     std::bit_cast<double>(0xFFF8'0000'0000'0000),
                                     std::bit_cast<double>(0x7FF0'0000'0000'0001),
                                     std::bit_cast<double>(0xFFFF'FFFF'FFFF'FFFF)};
    const Stored<PriceDictionary> stored(values);
    const auto bits = [](double value) { return std::bit_cast<std::uint64_t>(value); };
    const auto expected = by_code(values, stored.codes);
    const auto read = stored.read([](double value) { return value; });
    ASSERT_EQ(read.size(), expected.size());
    for (std::size_t code = 0; code < read.size(); ++code)
        EXPECT_EQ(bits(read[code]), bits(expected[code])) << code;

    std::vector<double> numbers = read;
    std::erase_if(numbers, [](double value) { return std::isnan(value); });
    EXPECT_TRUE(std::ranges::is_sorted(numbers));

    for (const double asked : {0.0, -0.0, 1.5, Double::infinity(), Double::quiet_NaN()})
        for (const auto& filter : {RangeFilter<double>{.eq = asked, .gt = {}, .lt = {}},
                                   RangeFilter<double>{.eq = {}, .gt = asked, .lt = {}},
                                   RangeFilter<double>{.eq = {}, .gt = {}, .lt = asked}}) {
            const auto pass = stored.match(filter);
            for (std::size_t code = 0; code < read.size(); ++code)
                EXPECT_EQ(pass[code], filter.passes(read[code])) << asked << ' ' << read[code];
        }
}

Inet inet(const char* address, std::uint8_t netmask) {
    return {Address::parse(address).value(), netmask};
}

TEST(InetDictionary, KeepsAddressesAndNetmasks) {
    const std::vector<Inet> values{
        inet("::ffff:10.0.0.1", 128), inet("10.0.0.1", 32),    inet("255.255.255.255", 32),
        inet("10.0.0.1", 24),         inet("2001:db8::5", 64), inet("0.0.0.0", 0),
        inet("2001:db8::5", 128),     inet("10.0.1.0", 0),     inet("::", 0),
        inet("9.255.255.255", 32),    inet("a00:1::", 128)};
    const Stored<InetDictionary> stored(values);
    const auto read = stored.read([](const Inet& value) { return value; });
    ASSERT_EQ(read.size(), values.size());
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(read[stored.codes[i]], values[i]);
    for (const char* address :
         {"10.0.0.1", "::ffff:10.0.0.1", "2001:db8::5", "::", "0.0.0.0", "10.0.0.2"}) {
        const AddressFilter filter{Address::parse(address)};
        const auto pass = stored.match(filter);
        for (std::size_t code = 0; code < read.size(); ++code)
            EXPECT_EQ(pass[code], read[code].address == filter.eq) << address << ' ' << code;
    }
}

TEST(InetDictionary, RefusesWhatIsNoAddress) {
    const auto read = [](const Bytes& bytes, std::size_t size) {
        ByteReader reader(bytes);
        InetDictionary::read(reader, size, [](const Inet&) {});
    };
    const auto v4 = [](std::uint64_t word) {
        ByteWriter writer(std::pmr::get_default_resource());
        writer.varint(1); // of IPv4
        SortedWords::write(writer, std::vector<std::uint64_t>{word});
        writer.bytes(Bytes(bit_array_padding));
        return writer.take();
    };
    EXPECT_NO_THROW(read(v4(0x0A00'0001'20), 1)); // 10.0.0.1/32
    EXPECT_THROW(read(v4(0x0A00'0001'20), 0), Error);
    EXPECT_THROW(read(v4(0x0A00'0001'21), 1), Error); // the netmask
    EXPECT_THROW(read(v4(0x01'0A00'0001'20), 1), Error);

    Bytes v6(1 + 16 + 1);
    v6.back() = 128;
    EXPECT_NO_THROW(read(v6, 1));
    v6.back() = 129;
    EXPECT_THROW(read(v6, 1), Error);
}

std::string to_string(std::string_view text) { return std::string(text); }

void expect_back(const std::vector<std::string>& values) {
    const Stored<TextDictionary> stored({values.begin(), values.end()});
    EXPECT_EQ(stored.read(to_string), by_code(values, stored.codes));
}

TEST(TextDictionary, KeepsTextsOfEveryKind) {
    expect_back({});
    expect_back({""});
    expect_back({"380441234567"});
    expect_back({"",
                 "#",
                 "##",
                 "0",
                 "00",
                 "000",
                 "380",
                 "0380",
                 "anonymous",
                 "Zo\xC3\xAB",
                 "\xFF",
                 std::string("\0", 1),
                 std::string("1\0", 2),
                 "1234567890123456",
                 "12345678901234567",
                 "################",
                 "9999999999999999",
                 "380 44",
                 std::string(100'000, '1'),
                 std::string(100'000, 'x')});
}

TEST(TextDictionary, PassesWhatTheFilterPasses) {
    const std::vector<std::string> values{"",
                                          "#",
                                          "380",
                                          "0380",
                                          "3800",
                                          "380a",
                                          "Anonymous",
                                          "anonymous",
                                          "38044",
                                          "00380",
                                          "12345678901234567",
                                          "1234567890123456"};
    const Stored<TextDictionary> stored({values.begin(), values.end()});
    const auto ordered = stored.read(to_string);
    for (const char* asked : {"", "#", "380", "0", "ANON", "anonymous", "1234567890123456",
                              "12345678901234567", "567", "a", "nothing"})
        for (const auto& filter :
             {TextFilter{.eq = asked, .starts_with = {}, .ends_with = {}, .contains = {}},
              TextFilter{.eq = {}, .starts_with = asked, .ends_with = {}, .contains = {}},
              TextFilter{.eq = {}, .starts_with = {}, .ends_with = asked, .contains = {}},
              TextFilter{.eq = {}, .starts_with = {}, .ends_with = {}, .contains = asked}}) {
            const auto pass = stored.match(filter);
            for (std::size_t code = 0; code < ordered.size(); ++code)
                EXPECT_EQ(pass[code], filter.passes(ordered[code]))
                    << asked << ' ' << ordered[code];
        }
}

// A number of twelve digits that shares its country and more with others takes about two bytes.
TEST(TextDictionary, TakesFewBytesForANumber) {
    std::vector<std::string> values(10'000);
    int subscriber = 40'000'000;
    for (std::string& value : values) value = "3804" + std::to_string(subscriber += 97);
    const Stored<TextDictionary> stored({values.begin(), values.end()});
    EXPECT_LE(stored.size_of_values, values.size() * 2);
}

TEST(TextDictionary, RefusesMoreNumbersThanThereAre) {
    Bytes bytes(16 + bit_array_padding);
    bytes[3] = 2; // dial strings of four symbols
    ByteReader reader(bytes);
    EXPECT_THROW(TextDictionary::read(reader, 1, [](std::string_view) {}), Error);
}

TEST(CodeWidth, HoldsEveryCode) {
    EXPECT_EQ(code_width(0), 0U);
    EXPECT_EQ(code_width(1), 0U);
    EXPECT_EQ(code_width(2), 1U);
    EXPECT_EQ(code_width(3), 2U);
    EXPECT_EQ(code_width(4), 2U);
    EXPECT_EQ(code_width(5), 3U);
    EXPECT_EQ(code_width(65'536), 16U);
    EXPECT_EQ(code_width(65'537), 17U);
}

} // namespace
} // namespace active_calls
