// The course of an attack beside a good client.
#pragma once

#include "good_client.h"
#include "target.h"

#include <functional>

namespace active_calls::hostile {

struct Bound;

struct Course {
    Latencies quiet, under, after;
    double memory_before = 0, memory_peak = 0, memory_after = 0; // the shim's, in MiB
};

// The good clients of the three listeners.
GoodRequests good_customer(const Target& target);
GoodRequests good_batches(const Target& target);
GoodRequests good_probes(const Target& target);

// Three quiet seconds, the attack, two seconds in which the service may recover, and two more, in
// which it must have recovered.
Course watch(const Target& target, GoodRequests good, const std::function<void()>& attack);

// How much another customer may notice: p99 is at most five times the quiet one. If a quiet answer
// takes a millisecond, five are within the noise of a machine with two cores, so twenty are always
// allowed.
double five_times_quiet(const Course& course);

} // namespace active_calls::hostile
