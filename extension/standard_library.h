// Standard headers that many files of the extension include. The Makefile puts this before each of
// them, precompiled, so that the compiler reads them once. The files compile without it as well.

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <memory_resource>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>
