#include "refusal.h"

#include "operations/exchange.h"

#include <nlohmann/json.hpp>

namespace active_calls::shim {

void Refusal::write(http::Response& response) const {
    const std::string error = what();
    response.status = status;
    response.body = error.empty() ? "" : nlohmann::json{{"error", error}}.dump();
    if (status == 401) response.fields.set("www-authenticate", "Bearer");
    if (status == 405) response.fields.set("allow", "GET, HEAD");
    if (status == 503) response.fields.set("retry-after", retry_after);
}

} // namespace active_calls::shim
