// What becomes of what the stations of a request throw.
#include "operations/exchange.h"

#include <gtest/gtest.h>

#include <functional>

namespace active_calls::shim {
namespace {

// An error as a service has its own.
struct Refused : std::runtime_error {
    using std::runtime_error::runtime_error;

    static Refused of(const ErrorMeaning& meaning, const std::string& message) {
        return Refused(std::to_string(meaning.customer.code) + " " +
                       meaning.customer.text_for(message));
    }
};

class ExchangeTest : public testing::Test {
protected:
    // Returns what the client is told of what `work` throws; nothing if it throws nothing.
    std::string told_of(const std::function<void()>& work) {
        const auto refused = exchange_.attempt<Refused>(work);
        return refused ? refused->what() : "";
    }

    // Answers with this status and returns what the metrics count of that.
    std::string counted_with(int status) {
        Metrics metrics({.pools = {}, .waiting_requests = [] { return 0; }});
        Log log(LogFormat::json, LogLevel::error);
        exchange_.response.status = status;
        Bookkeeper(metrics, log).close(exchange_, Route::feed, "id", {LogLevel::info, "test", {}});
        return metrics.text();
    }

    static std::string errors_of_kind(const std::string& kind, int count) {
        return "active_calls_shim_database_errors_total{kind=\"" + kind + "\",route=\"feed\"} " +
               std::to_string(count);
    }

    const http::Request request_;
    Exchange exchange_{request_};
};

TEST_F(ExchangeTest, TellsNothingWhereNothingIsThrown) {
    EXPECT_EQ(told_of([] {}), "");
    EXPECT_TRUE(exchange_.failure.empty());
}

TEST_F(ExchangeTest, TellsTheServicesOwnErrorAsItIs) {
    EXPECT_EQ(told_of([] { throw Refused("no"); }), "no");
    EXPECT_TRUE(exchange_.failure.empty());
}

TEST_F(ExchangeTest, TellsWhatAnSqlstateMeans) {
    EXPECT_EQ(told_of([] { throw StatementFailed("54000", "too many points"); }),
              "400 too many points");
    EXPECT_FALSE(exchange_.failure.empty());
    EXPECT_NE(counted_with(400).find(errors_of_kind("other", 0)), std::string::npos);
}

TEST_F(ExchangeTest, CountsErrorsOfTheDatabaseByKind) {
    EXPECT_EQ(told_of([] { throw StatementFailed("57014", "canceled"); }),
              "504 query took too long");
    EXPECT_NE(counted_with(504).find(errors_of_kind("timeout", 1)), std::string::npos);
    EXPECT_EQ(told_of([] { throw StatementFailed("XX000", "inner matters"); }), "500 ");
    EXPECT_NE(counted_with(500).find(errors_of_kind("other", 1)), std::string::npos);
    EXPECT_EQ(told_of([] { throw DatabaseAway("could not connect"); }),
              "503 database is not available");
    EXPECT_NE(counted_with(503).find(errors_of_kind("away", 1)), std::string::npos);
}

TEST_F(ExchangeTest, ShowsNothingOfOtherErrors) {
    EXPECT_EQ(told_of([] { throw std::runtime_error("inner matters"); }), "500 ");
    EXPECT_FALSE(exchange_.failure.empty());
    EXPECT_FALSE(exchange_.database_error);
}

} // namespace
} // namespace active_calls::shim
