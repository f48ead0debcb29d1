// Measures sealing.
#pragma once

#include <string>

namespace active_calls::bench {

// Seals all that is in the inbox, and prints how many rows, how fast, and how much memory it took.
void measure_seal(const std::string& conninfo);

} // namespace active_calls::bench
