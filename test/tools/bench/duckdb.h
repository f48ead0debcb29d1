// DuckDB inside a Node.js process of ours, duckdb.mjs, which takes the time itself.
#pragma once

#include "contender.h"

#include <nlohmann/json.hpp>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace active_calls::bench {

class DuckDb final : public Contender {
public:
    // The helper's command line. It ends when its standard input does.
    explicit DuckDb(const std::vector<std::string>& command);
    ~DuckDb() override;
    void prepare(const Question& question) override;
    Answer ask() override;

private:
    struct Close {
        void operator()(std::FILE* file) const { std::fclose(file); }
    };
    using File = std::unique_ptr<std::FILE, Close>;
    // One line there, one back.
    nlohmann::json request(const nlohmann::json& line);

    int process_ = -1;
    File to_helper_;
    File from_helper_;
};

} // namespace active_calls::bench
