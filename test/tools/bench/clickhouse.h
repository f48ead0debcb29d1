// ClickHouse over HTTP, on a connection that is kept, in its RowBinary format.
#pragma once

#include "contender.h"

#include <httplib.h>

#include <string>

namespace active_calls::bench {

class ClickHouse final : public Contender {
public:
    // The server's address, as host:port.
    explicit ClickHouse(const std::string& address);
    void prepare(const Question& question) override;
    Answer ask() override;

private:
    httplib::Client client_;
    std::string query_;
};

} // namespace active_calls::bench
