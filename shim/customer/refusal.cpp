#include "refusal.h"

#include <nlohmann/json.hpp>

namespace active_calls::shim {

std::string Refusal::body() const {
    const std::string error = what();
    return error.empty() ? "" : nlohmann::json{{"error", error}}.dump();
}

} // namespace active_calls::shim
