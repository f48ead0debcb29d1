#include "batch_digest.h"

namespace active_calls::shim {

BatchDigest::BatchDigest(std::string_view columns) {
    XXH3_128bits_reset(&state_);
    XXH3_128bits_update(&state_, columns.data(), columns.size());
}

void BatchDigest::add(std::string_view rows) {
    XXH3_128bits_update(&state_, rows.data(), rows.size());
    has_rows_ = has_rows_ || rows.find_first_not_of(" \t\r\n") != rows.npos;
}

std::optional<std::string> BatchDigest::value() const {
    if (!has_rows_) return std::nullopt;
    XXH128_canonical_t bytes;
    XXH128_canonicalFromHash(&bytes, XXH3_128bits_digest(&state_));
    return std::string(reinterpret_cast<const char*>(bytes.digest), sizeof bytes.digest);
}

} // namespace active_calls::shim
