// The switch's feed: what a line becomes, and how one that does not fit is refused.
#include "feed/feed_reader.h"

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

struct Settings {
    FieldSet fields = FieldSet::all();
    RowRules rules = {};
    AllowedErrors allowed = {};
    // The size of pieces; 0: all in one.
    std::size_t piece = 0;
};

Read read(std::string_view text, const Settings& settings = {}) {
    Read result;
    const auto accept = [&](const Call& call) { result.calls.emplace_back(call); };
    FeedReader reader(settings.fields, settings.rules, settings.allowed);
    const std::size_t piece = settings.piece > 0 ? settings.piece : text.size();
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
        // A copy of its own, so that a look behind its end is seen.
        reader.add(std::string(text.substr(0, piece)), accept);
    reader.finish(accept);
    result.counts = reader.counts();
    EXPECT_EQ(result.counts.accepted, result.calls.size());
    EXPECT_EQ(result.counts.read,
              result.counts.accepted + result.counts.unowned + result.counts.lost);
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

std::string refusal(std::string_view text, const Settings& settings = {}) {
    try {
        read(text, settings);
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

TEST(Feed, RefusesAFieldThatIsThereTwice) {
    EXPECT_EQ(refusal(line(R"("duration":1,"x":1,"x":2,"duration":1)")),
              "line 1: duration is there twice");
    EXPECT_EQ(refusal(line(R"("customer_acc_id":null)")), "line 1: customer_acc_id is there twice");
    EXPECT_EQ(refusal(line(R"("end_time":null,"end_time":null)")),
              "line 1: end_time is there twice");
    EXPECT_EQ(read(R"({"duration":1,"duration":2})").counts.unowned, 1U);
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
    EXPECT_EQ(duration(R"("connect_time":"2020-02-29 23:58:00","end_time":"2020-03-01 00:09:00")"),
              120)
        << "a call of a snapshot has not ended behind it";
    EXPECT_EQ(refusal(R"({"snapshot_timestamp":"2068-01-19 03:14:08","customer_acc_id":7,)"
                      R"("connect_time":"2000-01-01 00:00:00"})"),
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

TEST(Feed, ChargesWhatOfATariffCanBeCharged) {
    const auto price = [&](const std::string& fields) {
        return call_of(R"("duration":90,)" + fields).call.customer_price;
    };
    EXPECT_EQ(price(R"("destination_fee":"0.5")"), 0.5);
    EXPECT_EQ(price(R"("destination_initial_rate":"0.6","destination_next_rate":"0.6")"), 0.9);
    EXPECT_EQ(price(R"("destination_next_rate":"0.6","destination_initial_interval":0,)"
                    R"("destination_next_interval":0)"),
              0.9);
    EXPECT_EQ(price(R"("destination_initial_rate":6,"destination_initial_interval":60)"), 6);
    EXPECT_EQ(price(R"("destination_initial_rate":6,"destination_next_rate":0.6,)"
                    R"("destination_initial_interval":60)"),
              6.3);
    EXPECT_EQ(price(R"("destination_initial_interval":60,"destination_next_interval":60)"), 0);
}

TEST(Feed, TakesACallForNotConnectedThatWasSoBefore2000) {
    const std::string tariff =
        R"(,"destination_initial_rate":1,"destination_initial_interval":1,"destination_fee":1)";
    for (const auto* connect_time : {"1970-01-01 00:00:00", "1999-12-31 23:59:59"}) {
        const ReadCall read =
            call_of("\"connect_time\":\"" + std::string(connect_time) + '"' + tariff);
        EXPECT_EQ(read.call.duration, 0);
        EXPECT_EQ(read.call.customer_price, 0);
    }
    EXPECT_EQ(call_of(R"("connect_time":"1970-01-01 00:00:00","duration":60)" + tariff)
                  .call.customer_price,
              1 + 1.0 / 60)
        << "its duration says otherwise";
    EXPECT_EQ(call_of(R"("connect_time":"2000-01-01 00:00:00")").call.duration, 636'336'000);
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
    EXPECT_EQ(refusal("{"), "line 1: the row does not end");
    EXPECT_EQ(refusal("\n\n{"), "line 3: the row does not end");
    EXPECT_EQ(refusal(line("") + "\r\n\r\n" + line("") + "\n7"), "line 4: not a JSON object");
    EXPECT_EQ(refusal(line("") + "\n" + line(R"("duration":"x")") + "\n{"),
              "line 2: duration is not a 32-bit integer");
    EXPECT_EQ(refusal("{\n\n}\n{\n\n}{}\n7"), "line 7: not a JSON object");
}

const std::string no_brace = "line 1: invalid JSON: a brace, bracket, quote, colon or comma is "
                             "missing, or is one too many";

TEST(Feed, RefusesWhatIsNoJsonObject) {
    for (const auto* text :
         {"7", "\"text\"", "null", "true", "-1.5", "[1]", "[{},7]", "99999999999999999999.0",
          "INSERT INTO active_calls FORMAT JSONEachRow", "}", "{}}", "{} // comment", "{}\"",
          "\xff{}"})
        EXPECT_EQ(refusal(text), "line 1: not a JSON object") << text;
    for (const auto* text : {R"({"a"})",       R"({"a":})",
                             R"({"a":1,})",    "{a:1}",
                             "{'a':1}",        "{[]}",
                             "{{}}",           R"({"a":+1})",
                             R"({"a":.5})",    R"({"a":'1'})",
                             R"({"a":[1})",    R"({"a" 1})",
                             R"({"a":1 2})",   R"({"a":1 "b":2})",
                             R"({"a":"1"2})",  R"({"a":1,,"b":2})",
                             R"({,"a":1})",    R"({"a":b})",
                             "{\"a\":\"\n\"}", "{\"a\":1\n{\"b\":2}"})
        EXPECT_EQ(refusal(text), no_brace) << text;
    for (const auto* text : {"{", R"({"a":)", R"({"a":")", R"({"a":"\")", R"({"a":"}\"})"})
        EXPECT_EQ(refusal(text), "line 1: the row does not end") << text;
    EXPECT_EQ(refusal(R"({"customer_acc_id":7})"), "line 1: snapshot_timestamp is missing");
    EXPECT_EQ(refusal(R"({"snapshot_timestamp":null,"customer_acc_id":7})"),
              "line 1: snapshot_timestamp is missing");
}

// What nobody reads is looked at for its structure alone.
TEST(Feed, TakesAnythingInAFieldThatIsNotRead) {
    for (const auto& value :
         {std::string("1e400"), std::string("-12345678901234567890123"), std::string("01"),
          std::string("NaN"), std::string(R"("a\ud83d")"), std::string(R"("\u0328\udd42\ude2b")"),
          std::string(R"("\x")"), std::string(R"("\u12")"), std::string("\"caf\xe9\""),
          std::string("\"\xc3\""), std::string("\"\xed\xa0\x80\""), std::string("\"\t\x01\x1f\""),
          std::string("\"\0\"", 3), std::string("{\"\xff\t\":[\"\t\"]}"),
          std::string(100'000, '[') + std::string(100'000, ']'),
          '"' + std::string(1'000'000, 'x') + '"'}) {
        EXPECT_EQ(read(line("\"x\":" + value + ",\"duration\":5")).calls.at(0).call.duration, 5)
            << value.substr(0, 20);
        EXPECT_EQ(read(R"({"duration":)" + value + "}").counts.unowned, 1U) << value.substr(0, 20);
    }
    EXPECT_EQ(read(line("\"\xe9\t\\ud800\":1")).counts.accepted, 1U) << "a name";
}

TEST(Feed, PutsAReplacementWhereTextIsNotWellFormed) {
    const auto text = [](const std::string& value) {
        return call_of("\"src_prefix_routing\":\"" + value + "\",\"x\":1").src_prefix_routing;
    };
    EXPECT_EQ(text(R"(\u0328\udd42\ude2b)"), "\u0328\uFFFD\uFFFD");
    EXPECT_EQ(text(R"(a\ud83d)"), "a\uFFFD");
    EXPECT_EQ(text(R"(\ud83d\ud83d\ude00)"), "\uFFFD😀");
    EXPECT_EQ(text(R"(\ud83d\u0041)"), "\uFFFDA");
    EXPECT_EQ(text(R"(a\u0000b)"), "a\uFFFDb");
    EXPECT_EQ(text(R"(\x41\u12)"), "\uFFFDx41\uFFFDu12");
    EXPECT_EQ(text("caf\xe9"), "caf\uFFFD");
    EXPECT_EQ(text("\xc3("), "\uFFFD(");
    EXPECT_EQ(text("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD") << "a surrogate in UTF-8";
    EXPECT_EQ(text("ë\xff😀"), "ë\uFFFD😀");
    EXPECT_EQ(text(std::string("a\0b", 3)), "a\uFFFDb");
    EXPECT_EQ(text("a\tb\x01"), "a\tb\x01") << "which JSON wants escaped, and nobody else";
    EXPECT_EQ(text("\xe9\\\"\\\\"), "\uFFFD\"\\");
    EXPECT_EQ(text("\\\xe9\\\t"), "\uFFFD\uFFFD\uFFFD\t");
}

TEST(Feed, TakesRowsHoweverTheyAreSeparated) {
    const std::string one = line(R"("duration":1,"x":["}{",{"y":"],"},[[]]])"),
                      two = line(R"("duration":2)");
    const std::string broken =
        "{\n \"snapshot_timestamp\" : \"2020-03-01 00:00:00\" ,\r\n\"x\":{}\n,"
        "\"customer_acc_id\" :\n7,\"y\":[1\n,{}]\n,\"duration\":3\n}";
    std::vector<std::string> texts;
    for (const std::string between : {"\n", "", " ", ",", ", ", ",\n", "\n,\n", "\r\n\r\n"})
        for (const std::string around : {"", "[", "[\n"})
            for (const std::string before : {"", "\xef\xbb\xbf"}) {
                const std::string after = around.empty() ? "" : around == "[" ? "]" : "\n]\n";
                texts.push_back(before + around + one + between + two + between + broken + between +
                                one + between + two + after);
            }
    for (const auto& text : texts)
        for (const std::size_t piece : {0, 1, 2, 3, 7, 64, 100, 150, 1000}) {
            const Read result = read(text, {.piece = piece});
            std::vector<int> durations;
            for (const auto& read : result.calls) durations.push_back(read.call.duration);
            EXPECT_EQ(durations, (std::vector{1, 2, 3, 1, 2})) << piece << ": " << text;
        }
    EXPECT_EQ(read(" [\n] ").counts.read, 0U);
    EXPECT_EQ(refusal("["), "line 1: the array of rows does not end");
    EXPECT_EQ(refusal("[{}\n"), "line 2: the array of rows does not end");
    EXPECT_EQ(refusal("[{}]\n{}"), "line 2: the array of rows has ended before");
    EXPECT_EQ(refusal("[{}]\n]"), "line 2: the array of rows has ended before");
    for (const auto* text : {"[[{}]]", "{}\n[{}]", "{}]", "]"})
        EXPECT_TRUE(refusal(text).ends_with("not a JSON object")) << text;
    EXPECT_EQ(read("\xef\xbb\xbf").counts.read, 0U);
}

TEST(Feed, IsTheSameHoweverItIsCut) {
    const std::string text = line("") + "\n{\"a\":\n" + line("") + "\n\n" +
                             line(R"("duration":"x","y":")" + std::string(300, ' ') + '"') +
                             "\n\xff\xff" + line("") + "\n" + line("") + "{\"b\"}" + line("") +
                             "\n{} 7 8 " + line("") + "\n{\"c\":\"";
    const AllowedErrors any{0, 1};
    const Read whole = read(text, {.allowed = any});
    EXPECT_EQ(whole.counts.accepted, 4U);
    EXPECT_EQ(whole.counts.unowned, 1U);
    EXPECT_EQ(whole.counts.lost, 6U);
    EXPECT_EQ(whole.counts.first_error, "line 2" + no_brace.substr(6));
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        const Read cut = read(text, {.allowed = any, .piece = piece});
        EXPECT_EQ(cut.counts.accepted, whole.counts.accepted) << piece;
        EXPECT_EQ(cut.counts.lost, whole.counts.lost) << piece;
        EXPECT_EQ(cut.counts.first_error, whole.counts.first_error) << piece;
        const auto strict = refusal(text, {.piece = piece});
        EXPECT_EQ(strict, whole.counts.first_error) << piece;
    }
}

TEST(Feed, LosesRowsThatDoNotFitWhereThatIsAllowed) {
    const std::string good = line("") + "\n", bad = line(R"("duration":"x")") + "\n";
    const std::string text = bad + good + bad + good + good + "7\n" + good + good + good + good;
    const auto outcome = [&](std::uint64_t number, double ratio) {
        return refusal(text, {.allowed = {number, ratio}});
    };
    const std::string first = "line 1: duration is not a 32-bit integer";
    const std::string too_many = first + "; 3 of 10 rows do not fit, which is more than is allowed";
    EXPECT_EQ(outcome(0, 0), first);
    EXPECT_EQ(outcome(2, 0), too_many);
    EXPECT_EQ(outcome(3, 0), "none");
    EXPECT_EQ(outcome(0, 0.29), too_many);
    EXPECT_EQ(outcome(0, 0.3), "none") << "wherever in the batch they are";
    EXPECT_EQ(outcome(2, 0.2), too_many);
    EXPECT_EQ(outcome(3, 0.2), "none");
    EXPECT_EQ(outcome(2, 0.3), "none");
    const Read result = read(text, {.allowed = {3, 0}});
    EXPECT_EQ(result.counts.accepted, 7U);
    EXPECT_EQ(result.counts.lost, 3U);
    EXPECT_EQ(result.counts.first_error, first);
}

TEST(Feed, KeepsNoMoreThanAMebibyteOfARowThatDoesNotEnd) {
    constexpr std::size_t mebi = std::size_t{1} << 20;
    const std::string text =
        line("") + "\n{\"x\":\"" + std::string(3 * mebi, 'x') + "\n" + line("");
    EXPECT_EQ(refusal(text, {.piece = mebi / 2}), "line 2: the row has more than 1048576 bytes");
    const Read result = read(text, {.allowed = {1, 0}, .piece = mebi / 2});
    EXPECT_EQ(result.counts.accepted, 2U);
    EXPECT_EQ(result.counts.lost, 1U);
    EXPECT_EQ(read(line("\"x\":\"" + std::string(mebi - 100, 'x') + '"'), {.piece = 4096})
                  .counts.accepted,
              1U);
}

TEST(Feed, RefusesASnapshotThatIsAheadOfTheClock) {
    const RowRules rules{.latest = midnight};
    EXPECT_EQ(read(line(""), {.rules = rules}).counts.accepted, 1U);
    EXPECT_EQ(refusal(R"({"snapshot_timestamp":"2020-03-01 00:00:01","customer_acc_id":7})",
                      {.rules = rules}),
              "line 1: snapshot_timestamp is too far ahead of the server's clock");
    EXPECT_EQ(
        read(R"({"snapshot_timestamp":"2036-03-01 00:00:01"})", {.rules = rules}).counts.unowned,
        1U);
}

TEST(Feed, RoundsSnapshotsDown) {
    const auto rounded = [](const std::string& time, seconds period) {
        const Read result = read(
            R"({"snapshot_timestamp":")" + time +
                R"(","customer_acc_id":7,"customer_price":0,"connect_time":"2020-02-29 23:59:00"})",
            {.rules = {.snapshot_period = period}});
        return std::pair<std::chrono::microseconds, int>{
            result.calls.at(0).call.snapshot - midnight, result.calls.at(0).call.duration};
    };
    EXPECT_EQ(rounded("2020-03-01 00:00:59", seconds{60}),
              (std::pair<std::chrono::microseconds, int>(seconds{0}, 119)))
        << "the duration is exact";
    EXPECT_EQ(rounded("2020-03-01 00:01:00", seconds{60}),
              (std::pair<std::chrono::microseconds, int>(seconds{60}, 120)));
    EXPECT_EQ(rounded("2020-03-01 00:01:31", seconds{0}),
              (std::pair<std::chrono::microseconds, int>(seconds{91}, 151)));
    EXPECT_EQ(rounded("1969-12-31 23:59:59", seconds{60}).first,
              unix_epoch - seconds{60} - midnight);
}

// A clock two hours ahead of UTC, and three in summer, which is from midnight to midnight + 30
// days.
LocalClock eastern_clock() {
    return {"Europe/Nowhere", [](Instant moment) {
                const bool is_summer =
                    moment >= midnight && moment < midnight + std::chrono::days{30};
                return seconds{is_summer ? 10800 : 7200};
            }};
}

TEST(Feed, ReadsTheTimesOfAnotherZone) {
    const auto snapshot = [](const std::string& time, const RowRules& rules) {
        const Read result = read(R"({"snapshot_timestamp":")" + time + R"(","customer_acc_id":7})",
                                 {.rules = rules});
        EXPECT_EQ(result.counts.doubtful,
                  result.calls.at(0).call.snapshot - midnight > std::chrono::hours{700} ? 1U : 0U)
            << time;
        return result.calls.at(0).call.snapshot - midnight;
    };
    const RowRules rules{.clock = eastern_clock()};
    EXPECT_EQ(snapshot("2020-03-01 01:59:59", rules), seconds{-1});
    EXPECT_EQ(snapshot("2020-03-01 03:00:00", rules), seconds{0});
    EXPECT_EQ(refusal(R"({"snapshot_timestamp":"2020-03-01 02:30:00","customer_acc_id":7})",
                      {.rules = rules}),
              "line 1: snapshot_timestamp is not a time that there was in Europe/Nowhere, where "
              "clocks were set forward over it");
    // Until 03:00 on the 31st it is summer, and then 02:00 once more.
    constexpr std::chrono::hours last_of_summer{30 * 24 - 1};
    const std::string twice = "2020-03-31 02:30:00";
    EXPECT_EQ(snapshot(twice, rules), last_of_summer + std::chrono::minutes{90});
    EXPECT_EQ(snapshot(twice, {.clock = eastern_clock(),
                               .latest = midnight + last_of_summer + std::chrono::minutes{40}}),
              last_of_summer + std::chrono::minutes{30})
        << "the second time has not come yet";
    const auto duration = [&](const std::string& connected, const std::string& at) {
        return read(R"({"snapshot_timestamp":")" + at +
                        R"(","customer_acc_id":7,"connect_time":")" + connected + "\"}",
                    {.rules = rules})
            .calls.at(0)
            .call.duration;
    };
    EXPECT_EQ(duration("2020-03-01 01:59:00", "2020-03-01 03:01:00"), 120);
    EXPECT_EQ(duration("2020-03-31 02:59:00", twice), 1860) << "no call begins behind its snapshot";
    EXPECT_EQ(duration("2020-03-31 02:29:00", twice), 60);
    EXPECT_EQ(duration("2020-03-31 02:10:00", "2020-03-31 03:10:00"), 3600)
        << "of both beginnings, the last";
}

TEST(Feed, RefusesIntegersThatDoNotFit) {
    const std::string row = R"({"snapshot_timestamp":"2020-03-01 00:00:00",)";
    for (const std::string field :
         {"customer_acc_id", "src_country_id", "dst_country_id", "duration"})
        for (const auto* value :
             {"2147483648", "-2147483649", "9223372036854775808", "18446744073709551615", "1.0",
              "1e2", "\"\"", "\" 7\"", "\"7 \"", "\"+7\"", "\"0x7\"", "\"7.0\"", "\"seven\"",
              "\"99999999999999999999\""}) {
            const std::string account = field == "customer_acc_id" ? "" : R"("customer_acc_id":7,)";
            EXPECT_EQ(refusal(row + account + '"' + field + "\":" + value + "}"),
                      "line 1: " + field + " is not a 32-bit integer")
                << value;
        }
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
    for (const auto* field : {"destination_initial_interval", "destination_next_interval"})
        EXPECT_EQ(refusal("\n" + line("\"duration\":1,\"" + std::string(field) + "\":-1")),
                  "line 2: a charging interval must not be negative");
}

TEST(Feed, RefusesTextThatDoesNotFit) {
    for (const auto* field :
         {"src_prefix_routing", "dst_prefix_routing", "auth_orig_ip", "connect_time"})
        for (const auto* value : {"7", "0.5"})
            EXPECT_EQ(refusal(line('"' + std::string(field) + "\":" + value)),
                      "line 1: " + std::string(field) + " is not a string");
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
    for (const auto* field : {"connect_time", "src_country_id", "duration", "src_prefix_routing",
                              "auth_orig_ip", "customer_price", "destination_fee"}) {
        const std::string name(field);
        const auto refused = [&](const std::string& value) {
            const std::string connected = name == "destination_fee" ? R"("duration":1,)" : "";
            return refusal(line(connected + '"' + name + "\":" + value));
        };
        EXPECT_EQ(refused("true"), "line 1: " + name + " must not be a boolean");
        EXPECT_EQ(refused("{}"), "line 1: " + name + " must not be an object");
        EXPECT_EQ(refused("[1]"), "line 1: " + name + " must not be an array");
    }
}

TEST(Feed, LooksNoFurtherAtACallWithoutAnOwner) {
    for (
        const auto* row :
        {R"({"snapshot_timestamp":"2020-03-01 00:00:00","duration":"x"})", R"({"duration":1})",
         "{}",
         R"({"customer_acc_id":null,"auth_orig_ip":"x","src_prefix_routing":7,"destination_next_interval":-1})"})
        EXPECT_EQ(read(row).counts.unowned, 1U) << row;
    EXPECT_EQ(refusal(R"({"customer_acc_id":"x"})"),
              "line 1: customer_acc_id is not a 32-bit integer");
}

TEST(Feed, RefusesNumbersThatNothingHolds) {
    for (const auto* number :
         {"1e999", "18446744073709551616", "123456789012345678901234567890", "01", "1.", "NaN"})
        EXPECT_EQ(refusal(line("\"duration\":" + std::string(number))),
                  "line 1: duration is not a 32-bit integer")
            << number;
    for (const auto* number : {"1e999", "01", "1.", "-", "1e", "1.5e+", "NaN", "nullx", "1x"})
        EXPECT_EQ(refusal(line("\"customer_price\":" + std::string(number))),
                  "line 1: customer_price is not a number")
            << number;
}

TEST(Feed, LeavesErrorsOfTheCallerAlone) {
    const auto accept = [](const Call&) { throw std::bad_alloc(); };
    FeedReader reader(FieldSet::all(), {}, {1, 0});
    EXPECT_THROW(reader.add(line("") + "\n", accept), std::bad_alloc);
}

FieldSet set_of(std::initializer_list<const char*> names) {
    FieldSet fields;
    for (const auto* name : names) fields.insert(name);
    return fields;
}

TEST(BatchDigest, IsTheSameForTheSameTextAndFields) {
    const std::string text = line("") + "\n" + line(R"("duration":1)");
    EXPECT_EQ(digest_of(text, FieldSet::all()), digest_of(std::string(text), FieldSet::all()));
    EXPECT_EQ(digest_of(text, set_of({"duration", "customer_acc_id", "node_id"})),
              digest_of(text, set_of({"customer_acc_id", "duration"})));
}

TEST(BatchDigest, IsTheSameHoweverTheTextIsCut) {
    const std::string text = line("") + "\n" + line(R"("duration":1)") + "\n";
    const FieldSet fields = set_of({"duration", "snapshot_timestamp", "customer_acc_id"});
    for (std::size_t piece = 1; piece <= text.size(); ++piece) {
        FeedReader reader(fields, {}, {});
        for (std::size_t at = 0; at < text.size(); at += piece)
            reader.add(text.substr(at, piece), [](const Call&) {});
        reader.finish([](const Call&) {});
        EXPECT_EQ(reader.digest(), digest_of(text, fields)) << piece;
    }
    EXPECT_EQ(FeedReader(fields, {}, {}).digest(), std::nullopt);
}

TEST(FieldSet, KnowsWhatASwitchSends) {
    FieldSet fields;
    fields.insert("node_id");
    EXPECT_EQ(fields.bits(), 0U);
    try {
        fields.insert("customer_accid");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::unknown_column);
        EXPECT_STREQ(error.what(), "a row of the feed has no field \"customer_accid\"");
    }
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
    const Read result = read(row, {.fields = fields});
    ASSERT_EQ(result.calls.size(), 1U);
    EXPECT_EQ(result.calls[0].call.src_country_id, 1);
    EXPECT_EQ(result.calls[0].call.dst_country_id, unset);
    EXPECT_EQ(result.calls[0].call.duration, 0);
    EXPECT_EQ(result.calls[0].src_prefix_routing, unset);

    EXPECT_THROW(read(row, {.fields = set_of({"customer_acc_id"})}), Error); // no time
    EXPECT_EQ(read(row, {.fields = set_of({"snapshot_timestamp"})}).counts.unowned, 1U);
}

} // namespace
} // namespace active_calls
