// The attacks. Each prints its rows of the table and returns whether all of its bounds held. Each
// is bounded in time, whatever the shim does. They throw std::runtime_error if an attack could not
// be made.
#pragma once

#include "target.h"

#include <string>

namespace active_calls::hostile {

// storms.cpp: one customer attacks, and another one notices or not.
// 8,600 requests in two seconds, each from a connection that is reset: at once, and soon after.
bool resets(const Target& target);
// 200 connections that ask again as soon as they are answered, for ten seconds.
bool greedy(const Target& target);
// Memory after storms of all kinds is near what it was before.
bool memory(const Target& target);

// strangers.cpp: 5,000 connections of each kind on each listener. One kind or listener, or "" for
// all.
struct Choice {
    std::string kind;
    std::string listener;
};
bool strangers(const Target& target, const Choice& choice);

// drain.cpp: SIGTERM while strangers are there, of one kind or, with "", of all.
bool drain(const Target& target, const std::string& kind);

// long_filter.cpp: two connections that ask for what takes longest to find.
bool long_filter(const Target& target);

// points.cpp: a series of 2,000,000 points, once and eight times at once.
bool points(const Target& target);

// connection_limit.cpp: PostgreSQL lets the shim have fewer connections than --pool-size. run.sh
// sets it.
bool connection_limit(const Target& target);

// oracle.cpp: whether x-runtime tells an account of somebody else from one that does not exist.
bool oracle(const Target& target);

// refusals.cpp: what refused requests leave in PostgreSQL's log.
bool refusals(const Target& target, const std::string& postgres_log);

// tenants.cpp: whether anybody gets another's answer.
bool tenants(const Target& target);

// guess.cpp: how fast the feed's password can be guessed at, and what the switch notices.
bool guess(const Target& target);

} // namespace active_calls::hostile
