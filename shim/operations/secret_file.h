// The key of the tokens, and the feed's password, from a file or the environment; never from the
// command line, which every user of the machine can read.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace active_calls::shim {

// The key of the tokens' signatures. Not empty.
struct Secret {
    std::string bytes;
};

// Reads the file, less one newline at its end; if `path` is empty, the environment variable
// ACTIVE_CALLS_JWT_SECRET. Adds to `warnings` what is unwise about the secret. Throws
// std::runtime_error, with the cure, if there is none or it is empty.
Secret load_secret(const std::string& path, std::vector<std::string>& warnings);

// The same for the feed's password and ACTIVE_CALLS_FEED_PASSWORD; none, if there is neither.
std::optional<std::string> load_feed_password(const std::string& path,
                                              std::vector<std::string>& warnings);

// The same for what `import` and `compare` show to other servers, and the variable of that name.
// It may be empty.
std::optional<std::string> load_credential(const std::string& path, const char* variable,
                                           std::vector<std::string>& warnings);

} // namespace active_calls::shim
