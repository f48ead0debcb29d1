#include "secret_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>

namespace active_calls::shim {

namespace {

constexpr const char* secret_variable = "ACTIVE_CALLS_JWT_SECRET";
constexpr const char* password_variable = "ACTIVE_CALLS_FEED_PASSWORD";

// RFC 7518, 3.2: a key as long as the hash.
constexpr std::size_t advisable_length = 32;

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file.is_open())
        throw std::runtime_error("cannot read " + path + ": " +
                                 std::generic_category().message(errno));
    std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file) throw std::runtime_error("cannot read " + path);
    if (text.ends_with('\n')) text.pop_back();
    return text;
}

bool is_readable_by_all(const std::string& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0;
}

// Returns what the file holds, if one is named, else the variable; none if that is not set.
std::optional<std::string> read(const std::string& path, const char* variable) {
    if (!path.empty()) return read_file(path);
    const char* const value = std::getenv(variable);
    return value ? std::optional<std::string>(value) : std::nullopt;
}

void warn_if_readable_by_all(const std::string& path, std::vector<std::string>& warnings) {
    if (!path.empty() && is_readable_by_all(path))
        warnings.push_back("every user of this machine can read " + path + ": chmod o-r it");
}

// Editors and shells leave white space behind, which nobody sees. It may be meant, so it counts.
void warn_of_white_space(const std::string& source, const std::string& secret,
                         std::vector<std::string>& warnings) {
    constexpr std::string_view white_space = " \t\r\n\v\f";
    constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
    const bool is_white = white_space.find(secret.front()) != std::string_view::npos ||
                          white_space.find(secret.back()) != std::string_view::npos;
    if (is_white || secret.starts_with(byte_order_mark))
        warnings.push_back(source +
                           " begins or ends with white space (a blank, a carriage return, a second "
                           "newline, a byte order mark), which counts as a part of the secret: "
                           "nothing matches that was made without it");
}

} // namespace

Secret load_secret(const std::string& path, std::vector<std::string>& warnings) {
    auto key = read(path, secret_variable);
    if (!key)
        throw std::runtime_error(std::string("give the key of the tokens: a file's name, or the "
                                             "key itself in the environment variable ") +
                                 secret_variable);
    Secret secret{*std::move(key)};
    if (secret.bytes.empty())
        throw std::runtime_error(
            (path.empty() ? secret_variable : path) +
            " is empty: it has to hold the key of the tokens, or anybody could make them");
    if (secret.bytes.size() < advisable_length)
        warnings.push_back("the JWT secret is shorter than 32 bytes, so it may be guessed");
    warn_of_white_space(path.empty() ? secret_variable : path, secret.bytes, warnings);
    warn_if_readable_by_all(path, warnings);
    return secret;
}

std::optional<std::string> load_feed_password(const std::string& path,
                                              std::vector<std::string>& warnings) {
    auto password = read(path, password_variable);
    if (password && password->empty())
        throw std::runtime_error(
            (path.empty() ? password_variable : path) +
            " is empty: it has to hold the switch's password, or anybody could send rows");
    if (password) warn_of_white_space(path.empty() ? password_variable : path, *password, warnings);
    warn_if_readable_by_all(path, warnings);
    return password;
}

std::optional<std::string> load_credential(const std::string& path, const char* variable,
                                           std::vector<std::string>& warnings) {
    warn_if_readable_by_all(path, warnings);
    return read(path, variable);
}

} // namespace active_calls::shim
