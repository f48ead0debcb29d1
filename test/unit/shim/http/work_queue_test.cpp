// The line before the threads: whose request is next.
#include "http/work_queue.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

namespace active_calls::shim::http {
namespace {

void add(WorkQueue& queue, Flow flow, ConnectionId connection) {
    queue.add({connection, {}, flow, nullptr, nullptr, false});
}

// The connections of the next requests, which are in work afterwards.
std::vector<ConnectionId> take(WorkQueue& queue, int count) {
    std::vector<ConnectionId> taken;
    for (int i = 0; i < count; ++i) taken.push_back(queue.next()->connection);
    return taken;
}

using Connections = std::vector<ConnectionId>;

TEST(WorkQueue, KeepsTheOrderOfAFlow) {
    WorkQueue queue(100);
    for (ConnectionId i = 1; i <= 4; ++i) add(queue, 7, i);
    EXPECT_EQ(queue.waiting(), 4u);
    EXPECT_EQ(take(queue, 4), Connections({1, 2, 3, 4}));
    EXPECT_EQ(queue.waiting(), 0u);
}

TEST(WorkQueue, LetsFlowsTakeTurns) {
    WorkQueue queue(100);
    for (ConnectionId i = 1; i <= 5; ++i) add(queue, 1, i);
    add(queue, 2, 20);
    add(queue, 2, 21);
    add(queue, 3, 30);
    EXPECT_EQ(take(queue, 5), Connections({1, 20, 30, 2, 21}));
    add(queue, 4, 40); // behind the one whose turn is next
    EXPECT_EQ(take(queue, 4), Connections({3, 40, 4, 5}));
}

// Two of sixteen threads are kept for flows that have none.
TEST(WorkQueue, KeepsThreadsForNewcomers) {
    WorkQueue queue(16);
    for (ConnectionId i = 0; i < 16; ++i) add(queue, 1, 10 + i);
    EXPECT_EQ(take(queue, 14).back(), 23u);
    for (ConnectionId i = 0; i < 8; ++i) add(queue, 2, 30 + i);
    EXPECT_EQ(take(queue, 1), Connections({30}));
    add(queue, 3, 40);
    EXPECT_EQ(take(queue, 1), Connections({40}));

    queue.finish(1); // One thread is free, which is kept for a fourth flow.
    add(queue, 4, 50);
    EXPECT_EQ(take(queue, 1), Connections({50}));
    queue.finish(4);
    queue.finish(1);
    queue.finish(1);
    // The first flow still has more than a quarter.
    EXPECT_EQ(take(queue, 1), Connections({31}));
}

TEST(WorkQueue, GivesAFlowAQuarterWhereThereAreOthers) {
    WorkQueue queue(8);
    add(queue, 2, 20);
    EXPECT_EQ(take(queue, 1), Connections({20}));
    for (ConnectionId i = 0; i < 4; ++i) add(queue, 1, 10 + i);
    EXPECT_EQ(take(queue, 2), Connections({10, 11}));
    add(queue, 2, 21);
    add(queue, 2, 22);
    EXPECT_EQ(take(queue, 1), Connections({21}));
    add(queue, 3, 30);
    EXPECT_EQ(take(queue, 1), Connections({30})); // before what waited longer
    queue.finish(2);
    EXPECT_EQ(take(queue, 1), Connections({22}));
    queue.finish(1);
    EXPECT_EQ(take(queue, 1), Connections({12}));
}

TEST(WorkQueue, HasOneThreadForEverybody) {
    WorkQueue queue(1);
    add(queue, 1, 10);
    add(queue, 1, 11);
    EXPECT_EQ(take(queue, 1), Connections({10}));
    queue.finish(1);
    EXPECT_EQ(take(queue, 1), Connections({11}));
}

TEST(WorkQueue, IsBoundedForEachFlow) {
    WorkQueue queue(1);
    for (ConnectionId i = 0; i < WorkQueue::max_waiting_of_flow; ++i) {
        EXPECT_TRUE(queue.has_room(1));
        add(queue, 1, i);
    }
    EXPECT_FALSE(queue.has_room(1));
    EXPECT_TRUE(queue.has_room(2));
    EXPECT_TRUE(queue.withdraw(17));
    EXPECT_TRUE(queue.has_room(1));
}

TEST(WorkQueue, ForgetsWhatIsWithdrawn) {
    WorkQueue queue(4);
    add(queue, 1, 10);
    add(queue, 1, 11);
    add(queue, 2, 20);
    EXPECT_EQ(queue.withdraw(10)->connection, 10u);
    EXPECT_FALSE(queue.withdraw(10));
    EXPECT_TRUE(queue.withdraw(20)); // all that its flow had
    EXPECT_EQ(take(queue, 1), Connections({11}));
    EXPECT_FALSE(queue.withdraw(11)); // A thread has it.
    EXPECT_EQ(queue.waiting(), 0u);
}

TEST(WorkQueue, EndsWhenAllIsDone) {
    WorkQueue queue(4);
    std::vector<std::future<int>> threads;
    for (int i = 0; i < 4; ++i)
        threads.push_back(std::async(std::launch::async, [&] {
            int count = 0;
            while (const auto work = queue.next()) {
                ++count;
                queue.finish(work->flow);
            }
            return count;
        }));
    for (ConnectionId i = 0; i < 1'000; ++i) add(queue, i % 3, i);
    queue.close();
    int sum = 0;
    for (auto& thread : threads) sum += thread.get();
    EXPECT_EQ(sum, 1'000);
}

} // namespace
} // namespace active_calls::shim::http
