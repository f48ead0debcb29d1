// Segments as a whole: whatever goes in comes out, and is counted as if each call were looked at.
#include "segment_check.h"

#include <gtest/gtest.h>

namespace active_calls {
namespace {

struct Sample {
    std::size_t rows;
    std::uint64_t seeds;
};

class RandomSegment : public testing::TestWithParam<Sample> {};

TEST_P(RandomSegment, AnswersAsTheCallsThemselves) {
    for (std::uint64_t seed = 0; seed < GetParam().seeds; ++seed) {
        RandomChoices choices(seed);
        ASSERT_EQ(first_wrong_answer(choices, GetParam().rows, 20), "") << "seed " << seed;
    }
}

INSTANTIATE_TEST_SUITE_P(OfRows, RandomSegment,
                         testing::Values(Sample{1, 400}, Sample{10, 800}, Sample{100, 800},
                                         Sample{3000, 50}),
                         [](const auto& info) { return std::to_string(info.param.rows); });

} // namespace
} // namespace active_calls
