#include "feed/batch_digest.h"

#include <gtest/gtest.h>

namespace active_calls::shim {
namespace {

std::optional<std::string> digest_of(std::initializer_list<std::string_view> pieces,
                                     std::string_view columns = "") {
    BatchDigest digest(columns);
    for (const auto piece : pieces) digest.add(piece);
    return digest.value();
}

TEST(BatchDigest, IsTheSameHoweverTheRowsAreCut) {
    const std::string rows(1'000'000, 'x');
    const auto whole = digest_of({rows});
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->size(), 16u);
    for (const std::size_t cut : {0, 1, 240, 256, 512, 500'000, 999'999, 1'000'000})
        EXPECT_EQ(digest_of({rows.substr(0, cut), rows.substr(cut)}), whole) << cut;
    EXPECT_EQ(digest_of({"", rows, ""}), whole);
}

TEST(BatchDigest, IsAnotherOneOfOtherRowsOrColumns) {
    EXPECT_NE(digest_of({"a\n"}), digest_of({"b\n"}));
    EXPECT_NE(digest_of({"a\n"}), digest_of({"a\n", "\n"}));
    EXPECT_NE(digest_of({"a\n", "b\n"}), digest_of({"b\n", "a\n"}));
    EXPECT_NE(digest_of({"a\n"}, "columns"), digest_of({"a\n"}));
    EXPECT_NE(digest_of({"a\n"}, "columns"), digest_of({"a\n"}, "other columns"));
}

TEST(BatchDigest, IsNotThereWithoutRows) {
    EXPECT_FALSE(digest_of({}));
    EXPECT_FALSE(digest_of({"", "\n", " \t\r\n"}, "columns"));
    EXPECT_TRUE(digest_of({"\n", "x", "\n"}));
}

} // namespace
} // namespace active_calls::shim
