// Bytes that are not those of a segment: whatever is wrong with a part, reading it is refused.
#include "segment_check.h"

#include "segment/values/price_vector.h"

#include <gtest/gtest.h>

#include <limits>

namespace active_calls {
namespace {

using std::chrono::minutes;

StoredSegment some_segment(std::uint64_t seed) {
    RandomChoices choices(seed);
    return encoded(random_calls(choices, 30).calls());
}

ByteSpan vector_of(const StoredSegment& stored, std::size_t which) {
    return stored.segment().vectors[which];
}

// The message of the error that reading ends with.
template<class Read>
std::string refusal(Read&& read) {
    try {
        read();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::corrupted_data);
        return error.what();
    }
    return "none";
}

// The columns for which decoding reads that vector.
ColumnSet columns_of(Vector vector) {
    ColumnSet columns;
    for_each_filtered_column([&](const auto& column) {
        if (vector_of(column.id) == vector) columns.insert(column.id);
    });
    return columns;
}

void let_pass(EqualityFilter<std::int32_t>& filter) { filter.eq = 1; }
void let_pass(RangeFilter<std::int32_t>& filter) {
    filter.lt = std::numeric_limits<std::int32_t>::max();
}
void let_pass(RangeFilter<double>& filter) { filter.lt = 1; }
void let_pass(AddressFilter& filter) { filter.eq = Address::parse("10.0.0.1"); }
void let_pass(TextFilter& filter) { filter.contains = ""; }

// A filter for which counting reads that vector, and that some call may pass.
CallFilter filter_about(Vector vector) {
    CallFilter filter;
    if (vector == Vector::runs) let_pass(filter.duration);
    for_each_filtered_column([&](const auto& column) {
        if (vector_of(column.id) == vector) let_pass(filter.*column.filter);
    });
    return filter;
}

void expect_refused(StoredSegment& stored, Vector vector, const std::string& reason) {
    const std::string expected = std::string(name_of(vector)) + ": " + reason;
    ASSERT_EQ(refusal([&] { decoded(stored, all_time, columns_of(vector)); }), expected);
    ASSERT_EQ(refusal([&] { counted(stored, all_time, filter_about(vector)); }), expected);
}

constexpr const char* other_size = "its size does not match";
constexpr const char* other_bytes = "its checksum does not match";

TEST(DamagedSegment, IsRefusedForEveryByteOfItsHeader) {
    StoredSegment stored = some_segment(1);
    EXPECT_EQ(refusal([&] { stored.open(); }), "none");
    Bytes& header = stored.segment().header;
    for (std::size_t i = 0; i < header.size(); ++i)
        for (const std::uint8_t damage : {0x01, 0x80, 0xFF}) {
            header[i] ^= damage;
            ASSERT_EQ(refusal([&] { stored.open(); }), "header: its checksum does not match");
            header[i] ^= damage;
        }
}

TEST(DamagedSegment, IsRefusedForAHeaderOfAnotherLength) {
    StoredSegment stored = some_segment(1);
    Bytes& header = stored.segment().header;
    const Bytes whole = header;
    for (std::size_t size = 0; size < whole.size(); ++size) {
        header.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        ASSERT_TRUE(refusal([&] { stored.open(); }).starts_with("header: ")) << size;
    }
    header = whole;
    header.push_back(0);
    EXPECT_EQ(refusal([&] { stored.open(); }), "header: its checksum does not match");
}

TEST(DamagedSegment, IsRefusedForEveryByteOfAVector) {
    StoredSegment stored = some_segment(1);
    for (std::size_t v = 0; v < vector_count; ++v) {
        const auto vector = static_cast<Vector>(v);
        Bytes& bytes = stored.vector(vector);
        for (std::uint8_t& byte : bytes)
            for (const std::uint8_t damage : {0x01, 0x80, 0xFF}) {
                byte ^= damage;
                expect_refused(stored, vector, other_bytes);
                byte ^= damage;
            }
        EXPECT_EQ(refusal([&] { decoded(stored); }), "none");
    }
}

TEST(DamagedSegment, IsRefusedForAVectorOfAnotherLength) {
    StoredSegment stored = some_segment(1);
    for (std::size_t v = 0; v < vector_count; ++v) {
        const auto vector = static_cast<Vector>(v);
        Bytes& bytes = stored.vector(vector);
        const Bytes whole = bytes;
        for (const std::size_t size : {std::size_t{0}, whole.size() / 2, whole.size() - 1}) {
            bytes.resize(size);
            expect_refused(stored, vector, other_size);
            bytes = whole;
        }
        bytes.push_back(0);
        expect_refused(stored, vector, other_size);
        bytes = whole;
    }
}

// Two calls that differ in everything but how many bytes they take.
StoredSegment one_call(int number) {
    Call call;
    call.snapshot = Instant{minutes{number}};
    call.src_country_id = call.dst_country_id = 10 + number;
    call.duration = 20 + number;
    const std::string text = std::to_string(100 + number);
    call.src_prefix_routing = call.dst_prefix_routing = text;
    call.auth_orig_ip = Inet::host(*Address::parse(number == 0 ? "10.0.0.1" : "10.0.0.2"));
    call.customer_price = 1 + number;
    return encoded(std::span(&call, 1));
}

TEST(DamagedSegment, IsRefusedForAVectorOfAnother) {
    StoredSegment stored = one_call(0);
    const StoredSegment other = one_call(1);
    for (std::size_t v = 0; v < vector_count; ++v) {
        const auto vector = static_cast<Vector>(v);
        const Bytes own = stored.vector(vector);
        stored.vector(vector).assign(vector_of(other, v).begin(), vector_of(other, v).end());
        ASSERT_EQ(stored.vector(vector).size(), own.size());
        if (vector != Vector::runs &&
            vector != vector_of(Column::duration)) // of one call these are the same
            expect_refused(stored, vector, other_bytes);
        stored.vector(vector) = own;
    }
    std::swap(stored.vector(vector_of(Column::src_prefix_routing)),
              stored.vector(vector_of(Column::customer_price)));
    expect_refused(stored, vector_of(Column::src_prefix_routing), other_size);
}

TEST(DamagedSegment, IsReadWhereItIsWhole) {
    StoredSegment stored = some_segment(1);
    stored.vector(vector_of(Column::customer_price)).clear();
    EXPECT_EQ(refusal([&] { counted(stored, all_time, {}); }), "none");
    EXPECT_EQ(refusal([&] {
                  counted(stored, all_time, filter_about(vector_of(Column::src_prefix_routing)));
              }),
              "none");
    EXPECT_NE(refusal([&] { decoded(stored); }), "none");
}

// From here on the checksums are right: somebody made the bytes on purpose, or a version of the
// builder had a bug. Only what would lead a reader out of its arrays has to be found then.

// Makes the checksums right again.
void reseal(StoredSegment& stored) {
    const OpenSegment opened = stored.open();
    const SegmentHeader& header = opened.header;
    std::vector<Instant> snapshots(header.snapshot_count);
    std::vector<std::int64_t> rows_at(header.snapshot_count);
    for (std::size_t i = 0; i < header.snapshot_count; ++i) {
        snapshots[i] = header.timeline[i];
        rows_at[i] = header.rows_at[i];
    }
    stored.segment().header = SegmentHeader::write(stored.segment(), snapshots, rows_at,
                                                   header.bounds, std::pmr::get_default_resource());
}

TEST(ResealedSegment, IsRefusedForAVectorOfAnotherLength) {
    for (std::size_t v = 0; v < vector_count; ++v) {
        const auto vector = static_cast<Vector>(v);
        StoredSegment stored = some_segment(1);
        reseal(stored);
        EXPECT_EQ(refusal([&] { decoded(stored); }), "none");
        stored.vector(vector).push_back(0);
        reseal(stored);
        expect_refused(stored, vector, "it is longer than its content");
        stored.vector(vector).resize(stored.vector(vector).size() - 2);
        reseal(stored);
        expect_refused(stored, vector, "it ends too early");
        stored.vector(vector).clear();
        reseal(stored);
        expect_refused(stored, vector, "it ends too early");
    }
}

TEST(ResealedSegment, IsRefusedForAPriceThatIsNull) {
    StoredSegment stored = one_call(0);
    ByteWriter prices(std::pmr::get_default_resource());
    prices.varint(0); // curves
    prices.varint(1);
    prices.u8(1); // and NULL
    PriceDictionary::write(prices, std::vector<double>{0.5});
    BitArray::write<Code>(prices, std::vector<Code>{0}, 1);
    prices.bytes(Bytes(bit_array_padding));
    stored.vector(vector_of(Column::customer_price)) = prices.take();
    reseal(stored);
    EXPECT_EQ(refusal([&] { decoded(stored); }), "customer_price: a price in it is null");
}

// A segment of ten calls of two rows each, with a vector of prices of our own.
class MadeUpPrices {
public:
    std::vector<PriceCurve> curves{{0.5, 0, 0, 1}, {0.25, 0.1, 60, 60}};
    std::vector<std::uint32_t> codes{0, 1, 2, 0, 1, 2, 0, 1, 2, 0}; // 2: listed
    std::uint64_t listed = 6;
    std::uint64_t listed_of_block = 6;

    StoredSegment stored() const {
        CallList calls;
        Call call;
        call.account_id = random_account_id;
        for (const int minute : {0, 1})
            for (int number = 0; number < 10; ++number) {
                call.snapshot = Instant{minutes{minute}};
                call.src_country_id = number;
                call.duration = 30 + 60 * minute;
                calls.add(call);
            }
        StoredSegment stored = encoded(calls.calls());
        ByteWriter writer(std::pmr::get_default_resource());
        writer.varint(curves.size());
        for (const PriceCurve& curve : curves) {
            writer.u64(std::bit_cast<std::uint64_t>(curve.initial));
            writer.u64(std::bit_cast<std::uint64_t>(curve.next_rate));
            writer.varint(static_cast<std::uint32_t>(curve.initial_interval));
            writer.varint(static_cast<std::uint32_t>(curve.next_interval));
        }
        BitArray::write<std::uint32_t>(writer, codes, 2);
        writer.varint(listed);
        if (listed > 0) {
            writer.varint(listed_of_block);
            writer.varint(2); // prices
            writer.u8(0);
            PriceDictionary::write(writer, std::vector<double>{7, 8});
            BitArray::write<Code>(writer, std::vector<Code>{0, 1, 0, 1, 0, 1}, 1);
        }
        writer.bytes(Bytes(bit_array_padding));
        stored.vector(vector_of(Column::customer_price)) = writer.take();
        reseal(stored);
        return stored;
    }
    std::string refusal_of_decoding() const {
        StoredSegment made_up = stored();
        return refusal([&] { decoded(made_up); });
    }
    std::string refusal_of_counting() const {
        StoredSegment made_up = stored();
        CallFilter filter;
        filter.customer_price.gt = 0;
        return refusal([&] { counted(made_up, all_time, filter); });
    }
    void expect_refused(const std::string& reason) const {
        EXPECT_EQ(refusal_of_decoding(), "customer_price: " + reason);
        EXPECT_EQ(refusal_of_counting(), "customer_price: " + reason);
    }
};

TEST(MadeUpPrices, AreReadWhenTheyFit) {
    StoredSegment stored = MadeUpPrices{}.stored();
    CallFilter filter;
    const auto count = [&] {
        std::vector<std::int32_t> counts;
        for (const Point& point : counted(stored, all_time, filter)) counts.push_back(point.calls);
        return counts;
    };
    using Counts = std::vector<std::int32_t>;
    filter.customer_price.gt = 0;
    EXPECT_EQ(count(), (Counts{10, 10}));
    filter.customer_price.gt = 0.3; // the second curve, of three calls, is above it a minute later
    EXPECT_EQ(count(), (Counts{7, 10}));
    filter.customer_price.lt = 7.5; // of the listed ones, each call's first row
    EXPECT_EQ(count(), (Counts{7, 7}));
    EXPECT_EQ(counted(decoded(stored).calls(), all_time, filter),
              counted(stored, all_time, filter));
}

TEST(MadeUpPrices, AreRefusedForACurveThatFalls) {
    MadeUpPrices made_up;
    made_up.curves[1].next_rate = -0.1;
    made_up.expect_refused("a curve in it is none");
    made_up = {};
    made_up.curves[0].next_interval = 0;
    made_up.expect_refused("a curve in it is none");
}

TEST(MadeUpPrices, AreRefusedForACodeThatStandsForNothing) {
    MadeUpPrices made_up;
    made_up.codes[4] = 3;
    EXPECT_EQ(made_up.refusal_of_decoding(), "customer_price: a code in it stands for nothing");
    EXPECT_EQ(made_up.refusal_of_counting(), "none"); // it passes no filter
}

TEST(MadeUpPrices, AreRefusedForListedRowsThatDoNotAddUp) {
    MadeUpPrices made_up;
    made_up.listed_of_block = 5;
    made_up.expect_refused("the listed rows of its blocks do not add up");
    made_up = {};
    made_up.codes[2] = 1;
    made_up.expect_refused("the listed rows of a block do not add up");
    made_up = {};
    made_up.listed = 0; // but runs whose prices are listed
    EXPECT_EQ(made_up.refusal_of_decoding(),
              "customer_price: the listed rows of a block do not add up");
}

// Makes the segment one of that version.
void set_version(StoredSegment& stored, std::uint8_t version) {
    Bytes& header = stored.segment().header;
    ASSERT_EQ(header.front(), 1);
    header.front() = version;
    header.resize(header.size() - sizeof(std::uint64_t));
    ByteWriter writer(std::pmr::get_default_resource());
    writer.u64(checksum(header));
    header.insert(header.end(), writer.written().begin(), writer.written().end());
}

TEST(SegmentOfAVersion, IsRefusedWhereItIsNotKnown) {
    StoredSegment stored = some_segment(1);
    set_version(stored, 0);
    EXPECT_EQ(refusal([&] { stored.open(); }), "header: it is of an unknown version");

    stored = some_segment(1);
    set_version(stored, 2);
    try {
        stored.open();
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::newer_data); // and nobody is told to delete it
    }
}

// A range of snapshots that ends before it begins would hold anything, if lengths were compared.
TEST(ResealedSegment, IsRefusedForABlockThatEndsBeforeItBegins) {
    CallList calls;
    Call call;
    for (int minute = 0; minute < 4; ++minute) {
        call.snapshot = Instant{minutes{minute}};
        calls.add(call);
    }
    StoredSegment stored = encoded(calls.calls());
    ByteWriter runs(std::pmr::get_default_resource());
    runs.varint(2); // from there
    runs.varint(1); // to here
    runs.varint(4);
    PackedIntegers::write(runs, std::vector<std::int64_t>{1000});
    PackedIntegers::write(runs, std::vector<std::int64_t>{4});
    runs.bytes(Bytes(bit_array_padding));
    stored.vector(Vector::runs) = runs.take();
    reseal(stored);
    expect_refused(stored, Vector::runs, "a run goes beyond its block");
}

// The rows of a run that a filter leaves out still count: as 32 bits, these add up.
TEST(ResealedSegment, IsRefusedForRowsThatOverflow) {
    CallList calls;
    Call call;
    for (const int minute : {0, 1})
        for (const int country : {1, 2, 3}) {
            call.snapshot = Instant{minutes{minute}};
            call.src_country_id = country;
            calls.add(call);
        }
    StoredSegment stored = encoded(calls.calls());
    ByteWriter runs(std::pmr::get_default_resource());
    runs.varint(0);
    runs.varint(2);
    runs.varint(6);
    PackedIntegers::write(runs, std::vector<std::int64_t>{0, 0, 0});
    // 2^32 - 1, which stands aside, 2 and 5
    runs.signed_varint(0);
    runs.u8(3);
    runs.varint(1);
    BitArray::write<std::uint64_t>(runs, std::vector<std::uint64_t>{7, 2, 5}, 3);
    runs.u64(0);
    runs.u64(0xFFFF'FFFF);
    runs.bytes(Bytes(bit_array_padding));
    stored.vector(Vector::runs) = runs.take();
    reseal(stored);
    CallFilter filter;
    filter.src_country_id.eq = 2;
    filter.customer_price.lt = 1;
    EXPECT_EQ(refusal([&] { counted(stored, all_time, filter); }),
              "runs: the rows of a block do not add up");
}

// Two calls that were up in two snapshots, as two runs in one block, or what somebody made of it.
struct MadeUpSegment {
    // What vector `runs` holds.
    std::uint64_t block_begin = 0;
    std::uint64_t block_end = 2;
    std::uint64_t block_rows = 4;
    std::vector<std::int64_t> first_snapshots{0, 0};
    std::vector<std::int64_t> row_counts{2, 2};
    // What vector `duration` holds.
    std::vector<std::int64_t> first_durations{60, 60};
    // What vector `src_country_id` holds: 0 is country 1, 1 is country 2 and 2 is NULL.
    std::vector<Code> src_country_ids{0, 1};
    // What the header holds.
    std::vector<std::int64_t> rows_at{2, 2};
    // What stands in place of integers, if anything does.
    std::optional<Bytes> row_counts_bytes;
    std::optional<Bytes> first_durations_bytes;

    StoredSegment stored() const {
        std::pmr::memory_resource* const memory = std::pmr::get_default_resource();
        const auto write = [](ByteWriter& writer, const std::vector<std::int64_t>& integers,
                              const std::optional<Bytes>& bytes) {
            if (bytes)
                writer.bytes(*bytes);
            else
                PackedIntegers::write(writer, integers);
        };
        StoredSegment stored = encoded(calls().calls());
        const auto set = [&](Vector vector, ByteWriter& writer) {
            writer.bytes(Bytes(bit_array_padding));
            stored.vector(vector) = writer.take();
        };
        ByteWriter runs(memory);
        runs.varint(block_begin);
        runs.varint(block_end);
        runs.varint(block_rows);
        PackedIntegers::write(runs, first_snapshots);
        write(runs, row_counts, row_counts_bytes);
        set(Vector::runs, runs);

        ByteWriter durations(memory);
        durations.signed_varint(60); // the shortest
        durations.signed_varint(120);
        write(durations, first_durations, first_durations_bytes);
        durations.u8(0); // none is uncut
        set(vector_of(Column::duration), durations);

        ByteWriter countries(memory);
        countries.varint(2);
        countries.u8(1); // and NULL
        IntegerDictionary::write(countries, std::vector<std::int32_t>{1, 2});
        BitArray::write<Code>(countries, src_country_ids, 2);
        set(vector_of(Column::src_country_id), countries);

        const std::vector<Instant> snapshots{Instant{minutes{0}}, Instant{minutes{1}}};
        stored.segment().header = SegmentHeader::write(stored.segment(), snapshots, rows_at,
                                                       stored.open().header.bounds, memory);
        return stored;
    }

    static CallList calls() {
        CallList calls;
        Call call;
        for (const int minute : {0, 1})
            for (const int country : {1, 2}) {
                call.snapshot = Instant{minutes{minute}};
                call.src_country_id = country;
                call.duration = 60 + 60 * minute;
                calls.add(call);
            }
        return calls;
    }
};

CallFilter of_country(int country) {
    CallFilter filter;
    filter.src_country_id.eq = country;
    return filter;
}

std::string refusal_of(const MadeUpSegment& made_up) {
    StoredSegment stored = made_up.stored();
    return refusal([&] { decoded(stored); });
}

// Asks about the second run: the first one a filter leaves out.
std::string refusal_of_counting(const MadeUpSegment& made_up) {
    StoredSegment stored = made_up.stored();
    CallFilter filter = of_country(2);
    filter.duration.gt = 90;
    filter.customer_price.lt = 1;
    return refusal([&] { counted(stored, all_time, filter); });
}

constexpr std::int64_t huge = std::numeric_limits<std::int64_t>::max();

TEST(MadeUpSegment, IsReadWhenItsNumbersFit) {
    EXPECT_EQ(refusal_of({}), "none");
    EXPECT_EQ(refusal_of_counting({}), "none");
    StoredSegment stored = MadeUpSegment{}.stored();
    EXPECT_EQ(difference(MadeUpSegment::calls().calls(), decoded(stored).calls()), "");
}

TEST(MadeUpSegment, IsRefusedForRunsThatAreNotInTheirBlock) {
    for (const std::int64_t count :
         {-huge, std::int64_t{-1}, std::int64_t{0}, std::int64_t{3}, huge}) {
        MadeUpSegment made_up;
        made_up.row_counts = {2, count};
        EXPECT_EQ(refusal_of(made_up), "runs: a run goes beyond its block") << count;
        EXPECT_EQ(refusal_of_counting(made_up), "runs: a run goes beyond its block") << count;
        // The rows of the second run are behind those of the first, which is not asked about. What
        // cannot be a number of rows at all is seen before that.
        made_up.row_counts = {count, 2};
        EXPECT_EQ(refusal_of(made_up), "runs: a run goes beyond its block") << count;
        EXPECT_EQ(refusal_of_counting(made_up), count == 0 || count == 3
                                                    ? "runs: the rows of a block do not add up"
                                                    : "runs: a run goes beyond its block")
            << count;
    }
    for (const std::int64_t first : {-huge, std::int64_t{-1}, std::int64_t{1}, std::int64_t{2},
                                     std::int64_t{3}, std::int64_t{1} << 32, huge}) {
        MadeUpSegment made_up;
        made_up.first_snapshots = {0, first};
        EXPECT_EQ(refusal_of(made_up), "runs: a run goes beyond its block") << first;
        EXPECT_EQ(refusal_of_counting(made_up), "runs: a run goes beyond its block") << first;
    }
}

TEST(MadeUpSegment, IsRefusedForABlockThatIsNotInTheSegment) {
    MadeUpSegment made_up;
    made_up.block_begin = 1;
    EXPECT_EQ(refusal_of(made_up), "runs: a run goes beyond its block");
    made_up = {};
    made_up.block_end = 3;
    EXPECT_EQ(refusal_of(made_up), "runs: a count in it is larger than it can be");
    made_up = {};
    made_up.block_begin = 3;
    EXPECT_EQ(refusal_of(made_up), "runs: a count in it is larger than it can be");
    made_up = {};
    made_up.block_rows = 5;
    EXPECT_EQ(refusal_of(made_up), "runs: a count in it is larger than it can be");
    made_up.block_rows = 3;
    EXPECT_EQ(refusal_of(made_up), "runs: the rows of its blocks do not add up");
    made_up = {};
    made_up.row_counts = {1, 2};
    EXPECT_EQ(refusal_of(made_up), "runs: the rows of a block do not add up");
}

// Rows of regular snapshots take no bytes: so there is a limit to how many a segment has.
TEST(ResealedSegment, IsRefusedForMoreRowsThanASegmentHas) {
    for (const std::size_t rows : {full_segment_rows, full_segment_rows + 1}) {
        std::vector<Instant> snapshots(rows);
        for (std::size_t i = 0; i < rows; ++i) snapshots[i] = Instant{std::chrono::seconds{i}};
        StoredSegment stored = one_call(0);
        stored.segment().row_count = rows;
        stored.segment().header =
            SegmentHeader::write(stored.segment(), snapshots, std::vector<std::int64_t>(rows, 1),
                                 {}, std::pmr::get_default_resource());
        EXPECT_LT(stored.segment().header.size(), 200U);
        EXPECT_EQ(refusal([&] { stored.open(); }),
                  rows == full_segment_rows ? "none"
                                            : "header: a count in it is larger than it can be");
    }
}

TEST(MadeUpSegment, IsRefusedForADurationThatCannotBe) {
    for (const std::int64_t duration : {huge, -huge, (std::int64_t{1} << 45) + 1}) {
        MadeUpSegment made_up;
        made_up.first_durations = {60, duration};
        EXPECT_EQ(refusal_of(made_up), "duration: a duration is out of range") << duration;
        EXPECT_EQ(refusal_of_counting(made_up), "duration: a duration is out of range") << duration;
    }
    MadeUpSegment made_up; // fits, but not in the second snapshot
    made_up.first_durations = {60, std::numeric_limits<std::int32_t>::max() - 30};
    EXPECT_EQ(refusal_of(made_up), "duration: a duration is out of range");
}

TEST(MadeUpSegment, IsRefusedForACodeOfNothing) {
    MadeUpSegment made_up;
    made_up.src_country_ids = {0, 2};
    EXPECT_EQ(refusal_of(made_up), "none");
    made_up.src_country_ids = {0, 3};
    EXPECT_EQ(refusal_of(made_up), "src_country_id: a code in it stands for nothing");
    // Counting has no use for what it stands for.
    StoredSegment stored = made_up.stored();
    const std::vector<Point> one{{Instant{minutes{0}}, 1}, {Instant{minutes{1}}, 1}};
    EXPECT_EQ(difference(one, counted(stored, all_time, of_country(1))), "");
}

// 2, and an escape that no integer stands aside for.
TEST(MadeUpSegment, IsRefusedForAnIntegerThatIsMissing) {
    ByteWriter writer(std::pmr::get_default_resource());
    writer.signed_varint(2);
    writer.u8(1);
    writer.varint(1);
    BitArray::write<std::uint64_t>(writer, std::vector<std::uint64_t>{0, 1}, 1);
    writer.u64(77); // its position
    writer.u64(2);
    const Bytes missing = writer.take();
    MadeUpSegment made_up;
    made_up.first_durations_bytes = missing;
    EXPECT_EQ(refusal_of(made_up), "duration: an integer that should stand aside does not");
    made_up = {};
    made_up.row_counts_bytes = missing; // where it is read as 3
    EXPECT_EQ(refusal_of(made_up), "runs: a run goes beyond its block");
}

TEST(MadeUpSegment, IsRefusedForRowsOfSnapshotsThatDoNotAddUp) {
    const auto refused = [](std::vector<std::int64_t> rows_at) {
        MadeUpSegment made_up;
        made_up.rows_at = std::move(rows_at);
        return refusal_of(made_up);
    };
    EXPECT_EQ(refused({2, 1}), "header: the rows of its snapshots do not add up");
    EXPECT_EQ(refused({0, 4}), "header: the rows of a snapshot in it are too many or too few");
    EXPECT_EQ(refused({5, -1}), "header: the rows of a snapshot in it are too many or too few");
}

} // namespace
} // namespace active_calls
