// The switch's feed: what a line becomes, and how one that does not fit is refused.
#include "feed.h"

#include "error.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace active_calls {
namespace {

using std::chrono::seconds;

constexpr auto unset = std::nullopt;

// A call that owns its text.
struct ReadCall {
    Call call;
    std::optional<std::string> src_prefix_routing, dst_prefix_routing;

    explicit ReadCall(const Call& read)
        : call(read)
        , src_prefix_routing(read.src_prefix_routing)
        , dst_prefix_routing(read.dst_prefix_routing) {}
};

struct Read {
    FeedCounts counts;
    std::vector<ReadCall> calls;
};

Read read(std::string_view text, const FieldSet& fields = FieldSet::all()) {
    Read result;
    result.counts =
        read_feed(text, fields, [&](const Call& call) { result.calls.emplace_back(call); });
    EXPECT_EQ(result.counts.accepted, result.calls.size());
    return result;
}

// A line with an account and a snapshot at 2020-03-01 00:00, and these fields.
std::string line(const std::string& fields) {
    return R"({"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":7)" +
           (fields.empty() ? "" : "," + fields) + "}";
}

constexpr Instant midnight =
    from_sys_time(std::chrono::sys_days{std::chrono::year{2020} / std::chrono::March / 1});

ReadCall call_of(const std::string& fields) {
    const Read result = read(line(fields));
    EXPECT_EQ(result.calls.size(), 1U) << fields;
    return result.calls.at(0);
}

std::string refusal(std::string_view text) {
    try {
        read(text);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::malformed_input);
        return error.what();
    }
    return "none";
}

TEST(Feed, ReadsEveryField) {
    const ReadCall read = call_of(
        R"("src_country_id":1,"dst_country_id":-2,"src_prefix_routing":"380","dst_prefix_routing":"Bob",)"
        R"("duration":65,"auth_orig_ip":"2001:db8:7:0:0:0:0:5","customer_price":0.25)");
    EXPECT_EQ(read.call.snapshot, midnight);
    EXPECT_EQ(read.call.account_id, 7);
    EXPECT_EQ(read.call.src_country_id, 1);
    EXPECT_EQ(read.call.dst_country_id, -2);
    EXPECT_EQ(read.src_prefix_routing, "380");
    EXPECT_EQ(read.dst_prefix_routing, "Bob");
    EXPECT_EQ(read.call.duration, 65);
    EXPECT_EQ(read.call.auth_orig_ip, Inet::host(*Address::parse("2001:db8:7::5")));
    EXPECT_EQ(read.call.customer_price, 0.25);
}

TEST(Feed, NeedsATimeAndAnAccountAlone) {
    for (const auto* fields :
         {"", R"("src_country_id":null,"dst_country_id":null,"src_prefix_routing":null,)"
              R"("dst_prefix_routing":null,"duration":null,"auth_orig_ip":null,)"
              R"("customer_price":null,"connect_time":null,"end_time":null)"}) {
        const ReadCall read = call_of(fields);
        EXPECT_EQ(read.call.src_country_id, unset);
        EXPECT_EQ(read.call.dst_country_id, unset);
        EXPECT_EQ(read.src_prefix_routing, unset);
        EXPECT_EQ(read.dst_prefix_routing, unset);
        EXPECT_EQ(read.call.duration, 0);
        EXPECT_EQ(read.call.auth_orig_ip, unset);
        EXPECT_EQ(read.call.customer_price, 0);
    }
}

TEST(Feed, KeepsNothingOfTheLineBefore) {
    const Read result =
        read(line(R"("src_country_id":1,"duration":5,"customer_price":1)") + "\n" + line(""));
    ASSERT_EQ(result.calls.size(), 2U);
    EXPECT_EQ(result.calls[1].call.src_country_id, unset);
    EXPECT_EQ(result.calls[1].call.duration, 0);
    EXPECT_EQ(result.calls[1].call.customer_price, 0);
}

TEST(Feed, IgnoresOtherFieldsWhateverIsInThem) {
    const ReadCall read = call_of(
        R"("id":18446744073709551615,"true":true,"list":[1,[{"duration":9}],null],)"
        R"("object":{"customer_acc_id":5,"duration":{"duration":9},"src_country_id":[1]},"nul":"\u0000",)"
        R"("src_country_id":3,"Duration":9,"duration ":9)");
    EXPECT_EQ(read.call.account_id, 7);
    EXPECT_EQ(read.call.duration, 0);
    EXPECT_EQ(read.call.src_country_id, 3);
}

TEST(Feed, TakesTheLastOfRepeatedFields) {
    const ReadCall read = call_of(
        R"("customer_price":0,"duration":1,"duration":2,"src_country_id":1,"src_country_id":null)");
    EXPECT_EQ(read.call.duration, 2);
    EXPECT_EQ(read.call.src_country_id, unset);
}

TEST(Feed, TakesNumbersInQuotesAndAtTheirLimits) {
    using Int = std::numeric_limits<std::int32_t>;
    const auto duration = [](const std::string& value) {
        return call_of("\"customer_price\":0,\"duration\":" + value).call.duration;
    };
    EXPECT_EQ(duration("2147483647"), Int::max());
    EXPECT_EQ(duration("\"-2147483648\""), Int::min());
    EXPECT_EQ(duration("-0"), 0);
    EXPECT_EQ(call_of(R"("src_country_id":"007")").call.src_country_id, 7);

    const auto price = [](const std::string& value) {
        return call_of("\"customer_price\":" + value).call.customer_price;
    };
    EXPECT_EQ(price("3"), 3);
    EXPECT_EQ(price("-0.5"), -0.5);
    EXPECT_EQ(price("1e3"), 1000);
    EXPECT_EQ(price(R"("1.5E-3")"), 0.0015);
    EXPECT_EQ(price(R"("0.0")"), 0);
    EXPECT_TRUE(std::signbit(price("-0.0")));
    EXPECT_EQ(price("0.1"), 0.1);
    EXPECT_EQ(price("1.7976931348623157e308"), std::numeric_limits<double>::max());
    EXPECT_EQ(price("9223372036854775807"), 9223372036854775807.0);
    EXPECT_EQ(price("18446744073709551615"), 18446744073709551615.0);
    EXPECT_EQ(price("1e20"), 1e20);
}

TEST(Feed, TakesTextAsJsonSpellsIt) {
    const auto text = [](const std::string& value) {
        return call_of("\"src_prefix_routing\":" + value).src_prefix_routing;
    };
    EXPECT_EQ(text(R"("")"), "");
    EXPECT_EQ(text(R"("Zoë 😀")"), "Zoë 😀");
    EXPECT_EQ(text(R"("\u0041\"\\\/\b\f\n\r\t\u00eb\ud83d\ude00")"), "A\"\\/\b\f\n\r\të😀");
    const std::string longest(1000, '1');
    EXPECT_EQ(text('"' + longest + '"'), longest);
}

TEST(Feed, GivesTheDurationOrComputesIt) {
    const auto duration = [](const std::string& fields) {
        return call_of(fields + R"(,"customer_price":0)").call.duration;
    };
    EXPECT_EQ(duration(R"("connect_time":"2020-02-29 23:57:59")"), 121);
    EXPECT_EQ(duration(R"("connect_time":"2020-02-29 23:58:00","end_time":null)"), 120);
    EXPECT_EQ(duration(R"("connect_time":"2020-02-29 23:58:00","end_time":"2020-02-29 23:59:30")"),
              90);
    EXPECT_EQ(duration(R"("connect_time":"2020-02-29 23:58:00","duration":null)"), 120);
    EXPECT_EQ(duration(R"("connect_time":"2020-02-29 23:58:00","duration":7)"), 7);
    EXPECT_EQ(duration(R"("connect_time":"2020-02-29 23:58:00","duration":0)"), 0);
    EXPECT_EQ(duration(R"("connect_time":"2020-03-01 00:00:00")"), 0);
    EXPECT_EQ(duration(R"("connect_time":"2020-03-01 00:00:01")"), 0);
    EXPECT_EQ(duration(R"("connect_time":"2020-02-29 23:58:00","end_time":"2020-02-29 23:57:00")"),
              0);
    EXPECT_EQ(duration(R"("connect_time":null,"end_time":"2020-02-29 23:58:00")"), 0);
    EXPECT_EQ(duration(R"("connect_time":"1952-02-11 20:45:53")"), 2147483647);
    EXPECT_EQ(refusal(line(R"("connect_time":"1952-02-11 20:45:52")")),
              "line 1: the time since connect_time does not fit duration");
}

TEST(Feed, GivesThePriceOrComputesIt) {
    const std::string tariff = R"("destination_fee":"0.5","destination_initial_rate":"0.7500",)"
                               R"("destination_next_rate":1.5,"destination_initial_interval":60,)"
                               R"("destination_next_interval":"30")";
    const auto price = [&](const std::string& fields) {
        return call_of(fields + "," + tariff).call.customer_price;
    };
    EXPECT_EQ(price(R"("connect_time":"2020-02-29 23:57:55")"), 0.5 + 0.75 + 3 * 0.75);
    EXPECT_EQ(price(R"("connect_time":"2020-02-29 23:57:55","customer_price":null)"), 3.5);
    EXPECT_EQ(price(R"("connect_time":"2020-02-29 23:57:55","customer_price":0)"), 0);
    EXPECT_EQ(price(R"("connect_time":"2020-02-29 23:57:55","customer_price":"9.5")"), 9.5);
    EXPECT_EQ(price(R"("connect_time":"2020-03-01 00:00:00")"), 1.25);
    EXPECT_EQ(price(R"("connect_time":null)"), 0);
    EXPECT_EQ(price(R"("connect_time":null,"end_time":"2020-03-01 00:00:00")"), 0);
    EXPECT_EQ(price(R"("duration":0)"), 0);
    EXPECT_EQ(price(R"("duration":61)"), 2);
}

TEST(Feed, KnowsTheCalendar) {
    const auto time = [](const std::string& text) {
        return read(R"({"snapshot_timestamp":")" + text + R"(","customer_acc_id":7})")
            .calls.at(0)
            .call.snapshot;
    };
    EXPECT_EQ(time("2020-02-29 23:59:59"), midnight - seconds{1});
    EXPECT_EQ(time("1970-01-01 00:00:00"), unix_epoch);
    EXPECT_EQ(time("1969-12-31 23:59:59"), unix_epoch - seconds{1});
    EXPECT_EQ(time("9999-12-31 23:59:59") - unix_epoch, seconds{253'402'300'799});
    for (const auto* text : {"",
                             "now",
                             "2020-03-01",
                             "2020-03-01T00:00:00",
                             "2020-03-01 00:00:00Z",
                             "2020-03-01 00:00:00.0",
                             "2020-3-1 0:0:0",
                             " 2020-03-01 00:00:00",
                             "2020-03-01 00:00:00 ",
                             "2020-02-30 00:00:00",
                             "2019-02-29 00:00:00",
                             "1900-02-29 00:00:00",
                             "2020-00-01 00:00:00",
                             "2020-13-01 00:00:00",
                             "2020-01-00 00:00:00",
                             "2020-01-32 00:00:00",
                             "2020-03-01 24:00:00",
                             "2020-03-01 00:60:00",
                             "2020-03-01 00:00:60",
                             "-020-03-01 00:00:00",
                             "+020-03-01 00:00:00",
                             "2020/03/01 00:00:00",
                             "0000-00-00 00:00:00"})
        EXPECT_EQ(
            refusal(R"({"snapshot_timestamp":")" + std::string(text) + R"(","customer_acc_id":7})"),
            "line 1: snapshot_timestamp is not a time of the form YYYY-MM-DD hh:mm:ss")
            << text;
}

TEST(Feed, CountsCallsWithoutAnOwner) {
    const Read result =
        read(line("") + "\n" + R"({"snapshot_timestamp":"2020-03-01 00:00:00"})" + "\n" +
             R"({"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":null})" + "\n");
    EXPECT_EQ(result.counts.accepted, 1U);
    EXPECT_EQ(result.counts.unowned, 2U);
}

TEST(Feed, PassesOverBlankLinesInAnyForm) {
    EXPECT_EQ(read("").counts.accepted, 0U);
    EXPECT_EQ(read("\n \r\n\t\n").counts.accepted, 0U);
    EXPECT_EQ(
        read("\r\n\n" + line("") + "\r\n \t\r\n  " + line("") + " \n" + line("")).counts.accepted,
        3U);
}

TEST(Feed, KeepsTheOrderOfTheLines) {
    std::string text;
    for (int i = 0; i < 1000; ++i)
        text += line("\"duration\":" + std::to_string(i) + ",\"customer_price\":0") + "\n";
    const Read result = read(text);
    ASSERT_EQ(result.calls.size(), 1000U);
    for (int i = 0; i < 1000; ++i)
        EXPECT_EQ(result.calls[static_cast<std::size_t>(i)].call.duration, i);
}

TEST(Feed, NamesTheLineCountingBlankOnes) {
    EXPECT_TRUE(refusal("{").starts_with("line 1: invalid JSON: ")) << refusal("{");
    EXPECT_TRUE(refusal("\n\n{").starts_with("line 3: invalid JSON: "));
    EXPECT_EQ(refusal(line("") + "\r\n\r\n" + line("") + "\n7"), "line 4: not a JSON object");
    EXPECT_EQ(refusal(line("") + "\n" + line(R"("duration":"x")") + "\n{"),
              "line 2: duration is not a 32-bit integer");
}

TEST(Feed, RefusesWhatIsNoJsonObject) {
    for (const auto* text :
         {"7", "\"text\"", "null", "true", "-1.5", "[]", "[{}]", "99999999999999999999.0"})
        EXPECT_EQ(refusal(text), "line 1: not a JSON object") << text;
    for (const auto* text : {"INSERT INTO active_calls FORMAT JSONEachRow",
                             "{",
                             "}",
                             "{}}",
                             "{} {}",
                             "{},{}",
                             "{\"a\"}",
                             "{\"a\":}",
                             "{\"a\":1,}",
                             "{a:1}",
                             "{'a':1}",
                             "{\"a\":01}",
                             "{\"a\":+1}",
                             "{\"a\":.5}",
                             "{\"a\":NaN}",
                             "{\"a\":\"\\x\"}",
                             "{\"a\":\"\\ud800\"}",
                             "{\"a\":\"\\u12\"}",
                             "{\"a\":[1}",
                             "{\"a\":\"",
                             "{} // comment",
                             "{\"a\":\"\xff\"}",
                             "{\"a\":\"\xc3\"}",
                             "{\"a\":\"\xed\xa0\x80\"}",
                             "{\"a\":\"\t\"}"})
        EXPECT_TRUE(refusal(text).starts_with("line 1: invalid JSON: ")) << refusal(text);
    // Which mistake a parser finds first, it may say otherwise in another version, but not of
    // these.
    EXPECT_EQ(refusal(R"({"a":"\ud800"})"),
              "line 1: invalid JSON: a string has an escape that does "
              "not exist, or half a surrogate pair");
    EXPECT_EQ(refusal("{\"a\":\"\xff\"}"), "line 1: invalid JSON: it is not UTF-8");
    EXPECT_EQ(refusal("{\"a\":\"\t\"}"),
              "line 1: invalid JSON: a string has a control character that is not escaped");
    EXPECT_EQ(refusal("{\"a\":\""), "line 1: invalid JSON: a string does not end");
    EXPECT_EQ(refusal("{\"a\":1,}"),
              "line 1: invalid JSON: a brace, bracket, quote, colon or comma "
              "is missing, or is one too many");
    EXPECT_TRUE(
        refusal(std::string_view("{\"a\":\"\0\"}", 9)).starts_with("line 1: invalid JSON: "));
    EXPECT_EQ(refusal("{}"), "line 1: snapshot_timestamp is missing");
    EXPECT_EQ(refusal(R"({"snapshot_timestamp":null,"customer_acc_id":7})"),
              "line 1: snapshot_timestamp is missing");
}

TEST(Feed, RefusesIntegersThatDoNotFit) {
    for (const auto* field : {"customer_acc_id", "src_country_id", "dst_country_id", "duration"})
        for (const auto* value :
             {"2147483648", "-2147483649", "9223372036854775808", "18446744073709551615", "1.0",
              "1e2", "\"\"", "\" 7\"", "\"7 \"", "\"+7\"", "\"0x7\"", "\"7.0\"", "\"seven\"",
              "\"99999999999999999999\""})
            EXPECT_EQ(refusal(line('"' + std::string(field) + "\":" + value)),
                      "line 1: " + std::string(field) + " is not a 32-bit integer")
                << value;
}

TEST(Feed, RefusesNumbersAndNamesOfMoreThanAThousandCharacters) {
    const auto repeat = [](std::string_view character, std::size_t count) {
        std::string text;
        while (count-- > 0) text += character;
        return text;
    };
    for (const std::string field : {"src_prefix_routing", "dst_prefix_routing"})
        for (const auto* character : {"1", "ë", "😀"}) {
            const auto refusal_of = [&](std::size_t count) {
                return refusal(line('"' + field + "\":\"" + repeat(character, count) + '"'));
            };
            EXPECT_EQ(refusal_of(1000), "none") << field << character;
            EXPECT_EQ(refusal_of(1001),
                      "line 1: " + field + " is not text of at most 1000 characters")
                << character;
        }
}

TEST(Feed, RefusesNumbersThatAreNone) {
    for (const auto* value :
         {"\"\"", "\"free\"", "\" 1\"", "\"1 \"", "\"+1\"", "\"1,5\"", "\"0x1p3\"", "\"1e999\""})
        EXPECT_EQ(refusal(line("\"customer_price\":" + std::string(value))),
                  "line 1: customer_price is not a number")
            << value;
    for (const auto* value : {"\"nan\"", "\"NaN\"", "\"inf\"", "\"-Infinity\""})
        EXPECT_EQ(refusal(line("\"customer_price\":" + std::string(value))),
                  "line 1: customer_price is not a finite number")
            << value;
    for (const auto* field :
         {"destination_fee", "destination_initial_rate", "destination_next_rate"})
        EXPECT_EQ(refusal(line("\"duration\":1,\"" + std::string(field) + "\":\"x\"")),
                  "line 1: " + std::string(field) + " is not a number");
    for (const auto* field : {"destination_initial_interval", "destination_next_interval"})
        EXPECT_EQ(refusal(line("\"duration\":1,\"" + std::string(field) + "\":0.5")),
                  "line 1: " + std::string(field) + " is not a 32-bit integer");
}

TEST(Feed, RefusesATariffThatCannotBe) {
    EXPECT_EQ(refusal(line(R"("duration":1,"destination_initial_interval":-1)")),
              "line 1: a charging interval must not be negative");
    EXPECT_EQ(
        refusal(
            "\n" +
            line(
                R"("duration":61,"destination_initial_interval":60,"destination_next_interval":0)")),
        "line 2: the next charging interval must be positive for a call that has outlasted the "
        "initial one");
}

TEST(Feed, RefusesTextThatDoesNotFit) {
    for (const auto* field :
         {"src_prefix_routing", "dst_prefix_routing", "auth_orig_ip", "connect_time"})
        for (const auto* value : {"7", "0.5"})
            EXPECT_EQ(refusal(line('"' + std::string(field) + "\":" + value)),
                      "line 1: " + std::string(field) + " is not a string");
    EXPECT_EQ(refusal(line(R"("src_prefix_routing":"a\u0000b")")),
              "line 1: src_prefix_routing is not text: it holds a NUL");
    for (const auto* value :
         {"", "localhost", "10.0.0", "10.0.0.256", "10.0.0.1/32", "fe80::1%eth0"})
        EXPECT_EQ(refusal(line("\"auth_orig_ip\":\"" + std::string(value) + '"')),
                  "line 1: auth_orig_ip is not an IPv4 or IPv6 address")
            << value;
    EXPECT_EQ(refusal(line(R"("connect_time":"")")),
              "line 1: connect_time is not a time of the form YYYY-MM-DD hh:mm:ss");
    EXPECT_EQ(refusal(line(R"("connect_time":"2020-03-01 00:00:00","end_time":"x")")),
              "line 1: end_time is not a time of the form YYYY-MM-DD hh:mm:ss");
}

TEST(Feed, RefusesValuesThatNoFieldTakes) {
    for (const auto* field :
         {"snapshot_timestamp", "customer_acc_id", "duration", "src_prefix_routing", "auth_orig_ip",
          "customer_price", "destination_fee"}) {
        const std::string name(field);
        EXPECT_EQ(refusal(line('"' + name + "\":true")),
                  "line 1: " + name + " must not be a boolean");
        EXPECT_EQ(refusal(line('"' + name + "\":{}")),
                  "line 1: " + name + " must not be an object");
        EXPECT_EQ(refusal(line('"' + name + "\":[1]")),
                  "line 1: " + name + " must not be an array");
    }
}

TEST(Feed, ChecksCallsWithoutAnOwnerToo) {
    EXPECT_EQ(refusal(R"({"snapshot_timestamp":"2020-03-01 00:00:00","duration":"x"})"),
              "line 1: duration is not a 32-bit integer");
    EXPECT_EQ(refusal(R"({"duration":1})"), "line 1: snapshot_timestamp is missing");
}

TEST(Feed, NestsWithinReason) {
    const auto nested = [](std::size_t depth) {
        return line("\"x\":" + std::string(depth, '[') + std::string(depth, ']'));
    };
    EXPECT_EQ(read(nested(1023)).counts.accepted, 1U);
    EXPECT_EQ(refusal(nested(1024)), "line 1: JSON nested deeper than 1024");
    EXPECT_EQ(refusal(nested(2'000'000)), "line 1: JSON nested deeper than 1024");
    EXPECT_TRUE(
        refusal(line("\"x\":" + std::string(1000, '['))).starts_with("line 1: invalid JSON: "));
}

TEST(Feed, RefusesNumbersThatNothingHoldsInAnyField) {
    for (const auto* field : {"x", "id", "customer_price", "duration"})
        for (const auto* number : {"1e999", "18446744073709551616", "-9223372036854775809",
                                   "123456789012345678901234567890"})
            EXPECT_EQ(refusal(line('"' + std::string(field) + "\":" + number)),
                      "line 1: invalid JSON: a number is malformed or out of range")
                << field << ' ' << number;
}

TEST(Feed, CountsLinesFromTheFirstOn) {
    const auto accept = [](const Call&) {};
    try {
        read_feed(
            line("") + "\n\n7", FieldSet::all(), accept, [] {}, 1000);
        FAIL();
    } catch (const Error& error) {
        EXPECT_STREQ(error.what(), "line 1002: not a JSON object");
    }
}

TEST(Feed, LeavesErrorsOfTheCallerAlone) {
    const auto accept = [](const Call&) { throw std::bad_alloc(); };
    EXPECT_THROW(read_feed(line(""), FieldSet::all(), accept), std::bad_alloc);
}

FieldSet set_of(std::initializer_list<const char*> names) {
    FieldSet fields;
    for (const auto* name : names) fields.insert(name);
    return fields;
}

TEST(BatchDigest, IsTheSameForTheSameTextAndFields) {
    const std::string text = line("") + "\n" + line(R"("duration":1)");
    EXPECT_EQ(digest_of(text, FieldSet::all()), digest_of(std::string(text), FieldSet::all()));
    EXPECT_EQ(digest_of(text, set_of({"duration", "customer_acc_id", "no field"})),
              digest_of(text, set_of({"customer_acc_id", "duration"})));
}

TEST(BatchDigest, IsAnotherOneForAnythingElse) {
    std::vector<std::optional<BatchDigest>> digests;
    for (const auto& text : {line(""), line("") + "\n", line("") + "\n" + line(""),
                             line("") + "\n" + line(R"("duration":1)"),
                             line(R"("duration":1)") + "\n" + line(""), line(R"("id":1)")})
        for (const FieldSet& fields :
             {FieldSet::all(), FieldSet{}, set_of({"duration"}), set_of({"end_time"})})
            digests.push_back(digest_of(text, fields));
    std::ranges::sort(digests);
    EXPECT_EQ(std::ranges::adjacent_find(digests), digests.end());
    EXPECT_EQ(digests.size(), 24U);
}

TEST(BatchDigest, IsNotThereWithoutRows) {
    for (const auto* text : {"", "\n", " \t\r\n \n"})
        EXPECT_EQ(digest_of(text, FieldSet::all()), std::nullopt) << text;
    EXPECT_NE(digest_of("x", FieldSet::all()), std::nullopt);
}

TEST(Feed, ReadsTheFieldsOfASetAlone) {
    FieldSet fields =
        set_of({"snapshot_timestamp", "customer_acc_id", "src_country_id", "node_id"});
    // What is not read is not looked at either.
    const std::string row = line(R"("src_country_id":1,"dst_country_id":[],"duration":"long",)"
                                 R"("src_prefix_routing":380)");
    const Read result = read(row, fields);
    ASSERT_EQ(result.calls.size(), 1U);
    EXPECT_EQ(result.calls[0].call.src_country_id, 1);
    EXPECT_EQ(result.calls[0].call.dst_country_id, unset);
    EXPECT_EQ(result.calls[0].call.duration, 0);
    EXPECT_EQ(result.calls[0].src_prefix_routing, unset);

    EXPECT_THROW(read(row, FieldSet{}), Error); // no time
    fields = FieldSet{};
    fields.insert("snapshot_timestamp");
    EXPECT_EQ(read(row, fields).counts.unowned, 1U);
}

} // namespace
} // namespace active_calls
