// A session with PostgreSQL, and the two contenders that live there: the extension's function, and
// plain SQL over the table that plain.sql makes.
#pragma once

#include "contender.h"

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <vector>

namespace active_calls::bench {

class Session {
public:
    struct Clear {
        void operator()(PGresult* result) const { PQclear(result); }
    };
    using Result = std::unique_ptr<PGresult, Clear>;
    using Parameters = std::vector<std::string>;

    // A conninfo of libpq; what it leaves out is libpq's environment's.
    explicit Session(const std::string& conninfo);

    void run(const std::string& commands);
    // The first column of the first row, as text.
    std::string value(const std::string& query);
    void prepare(const std::string& query);
    // Runs what was prepared last. Columns come in binary format.
    Result execute(const Parameters& parameters);
    // The process that serves this session.
    int backend() const { return PQbackendPID(connection_.get()); }

private:
    struct Close {
        void operator()(PGconn* connection) const { PQfinish(connection); }
    };
    Result check(PGresult* result);

    std::unique_ptr<PGconn, Close> connection_;
};

// origination_active_calls()
class Function final : public Contender {
public:
    explicit Function(const std::string& conninfo)
        : session_(conninfo) {}
    void prepare(const Question& question) override;
    Answer ask() override;

private:
    Session session_;
    Session::Parameters parameters_;
};

// count(*) ... GROUP BY
class PlainSql final : public Contender {
public:
    explicit PlainSql(const std::string& conninfo);
    void prepare(const Question& question) override;
    Answer ask() override;

private:
    Session session_;
};

} // namespace active_calls::bench
