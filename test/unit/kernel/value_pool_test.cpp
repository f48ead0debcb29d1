// Each distinct value once.
#include "segment/encode/value_pool.h"

#include <gtest/gtest.h>

namespace active_calls {
namespace {

TEST(ValuePool, NumbersDistinctValues) {
    ValuePool pool;
    EXPECT_EQ(pool.size(), 0U);
    EXPECT_EQ(pool.intern("380"), 0U);
    EXPECT_EQ(pool.intern(""), 1U);
    EXPECT_EQ(pool.intern(std::string_view("\0", 1)), 2U);
    EXPECT_EQ(pool.intern("380"), 0U);
    EXPECT_EQ(pool.intern(""), 1U);
    EXPECT_EQ(pool.size(), 3U);
    EXPECT_EQ(pool[0], "380");
    EXPECT_EQ(pool[1], "");
    EXPECT_EQ(pool[2], std::string_view("\0", 1));
}

TEST(ValuePool, KeepsManyApart) {
    constexpr ValuePool::Id size = 400'000; // so many that some have the same hash
    ValuePool pool;
    for (ValuePool::Id id = 0; id < size; ++id) ASSERT_EQ(pool.intern(std::to_string(id)), id);
    for (ValuePool::Id id = 0; id < size; ++id) {
        ASSERT_EQ(pool.intern(std::to_string(id)), id);
        ASSERT_EQ(pool[id], std::to_string(id));
    }
    EXPECT_EQ(pool.size(), size);
    EXPECT_GE(pool.memory(), size * (5 + sizeof(std::size_t)));
}

} // namespace
} // namespace active_calls
