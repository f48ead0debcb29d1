#include "secret_file.h"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace active_calls::shim {

namespace {

constexpr const char* secret_variable = "ACTIVE_CALLS_JWT_SECRET";

/// RFC 7518, 3.2: a key as long as the hash.
constexpr std::size_t advisable_length = 32;

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file) throw std::runtime_error("cannot read " + path);
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

bool is_readable_by_all(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

std::string read_environment() {
    const char* const value = std::getenv(secret_variable);
    if (!value)
        throw std::runtime_error(std::string("give the key of the tokens: a file's name, or the "
                                             "key itself in the environment variable ") +
                                 secret_variable);
    return value;
}

} // namespace

Secret load_secret(const std::string& path, std::vector<std::string>& warnings) {
    Secret secret{path.empty() ? read_environment() : read_file(path)};
    if (secret.bytes.empty())
        throw std::runtime_error((path.empty() ? secret_variable : path) +
                                 " is empty: anybody could make tokens");
    if (secret.bytes.size() < advisable_length)
        warnings.push_back("the JWT secret is shorter than 32 bytes, so it may be guessed");
    if (!path.empty() && is_readable_by_all(path))
        warnings.push_back("every user of this machine can read " + path + ": chmod o-r it");
    return secret;
}

} // namespace active_calls::shim
