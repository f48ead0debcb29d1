#include "duckdb.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <stdexcept>
#include <system_error>

namespace active_calls::bench {

namespace {

struct Pipe {
    Pipe() {
        std::array<int, 2> ends{};
        if (pipe2(ends.data(), O_CLOEXEC) != 0)
            throw std::system_error(errno, std::generic_category(), "pipe");
        read_end = ends[0];
        write_end = ends[1];
    }
    int read_end;
    int write_end;
};

} // namespace

DuckDb::DuckDb(const std::vector<std::string>& command) {
    const Pipe requests;
    const Pipe answers;
    to_helper_.reset(fdopen(requests.write_end, "w"));
    from_helper_.reset(fdopen(answers.read_end, "r"));

    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, requests.read_end, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, answers.write_end, STDOUT_FILENO);
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string& argument : command)
        arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    const int error =
        posix_spawnp(&process_, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(requests.read_end);
    close(answers.write_end);
    if (error != 0) throw std::system_error(error, std::generic_category(), command.front());
}

DuckDb::~DuckDb() {
    to_helper_.reset();
    waitpid(process_, nullptr, 0);
}

nlohmann::json DuckDb::request(const nlohmann::json& line) {
    const std::string text = line.dump() + "\n";
    std::fputs(text.c_str(), to_helper_.get());
    std::fflush(to_helper_.get());

    char* answer = nullptr;
    std::size_t capacity = 0;
    const ssize_t length = getline(&answer, &capacity, from_helper_.get());
    const std::unique_ptr<char, decltype(&std::free)> owner(answer, &std::free);
    if (length < 0) throw std::runtime_error("the helper process has ended");
    nlohmann::json parsed = nlohmann::json::parse(answer, answer + length);
    if (parsed.contains("error")) throw std::runtime_error(parsed["error"].get<std::string>());
    return parsed;
}

void DuckDb::prepare(const Question& question) {
    const Filters& filters = question.filters;
    constexpr std::int64_t microseconds = 1'000'000;
    std::string query = fmt::format("SELECT snapshot_timestamp, count(*) FROM calls"
                                    " WHERE customer_acc_id = {} AND snapshot_timestamp"
                                    " BETWEEN make_timestamp({}) AND make_timestamp({})",
                                    question.account.id, question.window.from * microseconds,
                                    question.window.to * microseconds);
    if (filters.duration_gt) query += fmt::format(" AND duration > {}", *filters.duration_gt);
    if (filters.dst_country_id)
        query += fmt::format(" AND dst_country_id = {}", *filters.dst_country_id);
    if (filters.src_starts_with)
        query += fmt::format(" AND starts_with(src_prefix_routing, {})",
                             sql_literal(*filters.src_starts_with));
    if (filters.dst_contains) {
        const std::string text = sql_literal(*filters.dst_contains);
        // lower() is the fastest that ignores case, if not that of ASCII alone.
        query += has_letters(*filters.dst_contains)
                     ? fmt::format(" AND contains(lower(dst_prefix_routing), lower({}))", text)
                     : fmt::format(" AND contains(dst_prefix_routing, {})", text);
    }
    if (filters.price_gt)
        query += fmt::format(" AND customer_price > {}::DOUBLE", *filters.price_gt);
    if (filters.address)
        query += fmt::format(" AND auth_orig_ip = {}", sql_literal(*filters.address));
    query += " GROUP BY snapshot_timestamp ORDER BY snapshot_timestamp";
    request({{"prepare", query}});
}

Answer DuckDb::ask() {
    const nlohmann::json answer = request({{"ask", true}});
    Answer result{Milliseconds(answer.at("milliseconds").get<double>()), {}};
    const auto& t = answer.at("t");
    const auto& calls = answer.at("calls");
    for (std::size_t i = 0; i < t.size(); ++i)
        result.series.push_back({t.at(i).get<std::int64_t>(), calls.at(i).get<std::int64_t>()});
    return result;
}

} // namespace active_calls::bench
