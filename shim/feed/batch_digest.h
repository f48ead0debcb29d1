// What a batch is known by when it is sent again.
#pragma once

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <optional>
#include <string>
#include <string_view>

namespace active_calls::shim {

// XXH3, 128 bits, of a batch's rows, into whatever pieces they are cut.
class BatchDigest {
public:
    // `columns` are those of the INSERT, as PostgreSQL's binary array: it begins with a byte that
    // is 0, which rows have none of, so that the end of one is never taken for the other's
    // beginning.
    explicit BatchDigest(std::string_view columns);

    void add(std::string_view rows);

    // As a uuid in binary format; none for a batch without rows.
    std::optional<std::string> value() const;

private:
    XXH3_state_t state_;
    bool has_rows_ = false;
};

} // namespace active_calls::shim
