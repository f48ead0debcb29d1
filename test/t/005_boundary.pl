# Shows that errors cross the border between C++ and PostgreSQL cleanly: a C++ exception becomes an SQL error, an
# error of PostgreSQL's runs every C++ destructor, the session stays usable, and 10,000 failing calls grow nothing.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Harness;
use PostgreSQL::Test::BackgroundPsql;
use Test::More;
use Time::HiRes qw(sleep time);

time_limit(300);

my $LIBRARY = required_env('ACTIVE_CALLS_BOUNDARY_TEST');

my $database = ActiveCalls::Database->create;
$database->sql(<<"SQL");
CREATE FUNCTION boundary_throw(text) RETURNS boolean LANGUAGE C STRICT AS '$LIBRARY';
CREATE FUNCTION boundary_throw_in_query(text) RETURNS boolean LANGUAGE C STRICT AS '$LIBRARY';
CREATE FUNCTION boundary_throw_guarded(text) RETURNS boolean LANGUAGE C STRICT AS '$LIBRARY';
CREATE FUNCTION boundary_raise_guarded(text) RETURNS boolean LANGUAGE C STRICT AS '$LIBRARY';
CREATE FUNCTION boundary_restored() RETURNS boolean LANGUAGE C AS '$LIBRARY';
CREATE FUNCTION boundary_run(text) RETURNS boolean LANGUAGE C STRICT AS '$LIBRARY';
CREATE FUNCTION boundary_live_objects() RETURNS int LANGUAGE C AS '$LIBRARY';
CREATE FUNCTION boundary_overaligned() RETURNS boolean LANGUAGE C AS '$LIBRARY';
GRANT USAGE ON SCHEMA active_calls TO PUBLIC;
SQL

my $session = $database->session;
$session->query_safe('\\set ON_ERROR_STOP 0');
my $series  = "SELECT count(*) FROM active_calls.origination_active_calls('$ACCOUNT_7', '2026-01-01 12:30Z', '2026-01-01 13:00Z')";

# The error of a statement in the one session, as SQLSTATE: message.
sub error_of ($statement)
{
    my ($output) = $session->query("\\set VERBOSITY verbose\n$statement");
    my $error = $session->{stderr};
    $session->{stderr} = '';
    return $error =~ /ERROR:  (\w{5}: [^\n]*)/ ? $1 : "no error: $error";
}

# Everything still works, and no destructor was skipped.
sub is_intact ($name)
{
    is($session->query_safe('SELECT boundary_live_objects()'), 0, "$name: every destructor ran");
    is($session->query_safe($series), 31, "$name: the session answers");
}

subtest 'exceptions thrown by C++' => sub {
    my %error_of_kind = (
        'error'           => '54000: thrown: error',
        'standard'        => 'XX000: thrown: standard',
        'out of memory'   => '53200: out of memory',
        'too much memory' => '53200: out of memory',
        'unknown'         => 'XX000: unknown C++ exception',
    );
    for my $kind (sort keys %error_of_kind)
    {
        is(error_of("SELECT boundary_throw('$kind');"), $error_of_kind{$kind}, "$kind, in C++");
        is(error_of("SELECT boundary_throw_in_query('$kind');"), $error_of_kind{$kind}, "$kind, below the executor");
        is(error_of("SELECT boundary_throw_guarded('$kind');"), $error_of_kind{$kind}, "$kind, out of a guarded body");
    }
    like(error_of("SELECT boundary_throw('long');"), qr/^XX000: x{1023}$/, 'a message that is too long is cut');
    is($session->query_safe('SELECT boundary_restored()'), 't', 'an exception out of a guarded body leaves everything as it was');
    is_intact('after exceptions');
};

subtest 'errors raised by PostgreSQL' => sub {
    is(error_of("SELECT boundary_run('SELECT 1/0');"), '22012: division by zero', 'raised by a query');
    like(error_of("SELECT boundary_run('SELECT * FROM missing');"), qr/^42P01: /, 'raised by planning');
    is(error_of("SELECT boundary_raise_guarded('SELECT 1/0');"), '22012: division by zero', 'raised by a query in two guarded bodies');
    is(error_of("SET statement_timeout = 50; SELECT boundary_run('SELECT pg_sleep(60)');"),
        '57014: canceling statement due to statement timeout', 'statement timeout');
    $session->query_safe('SET statement_timeout = 0');
    is($session->query_safe('SELECT boundary_overaligned()'), 't', 'memory aligned beyond what PostgreSQL gives');
    is_intact('after errors');
};

# Runs the statement in the session while $meanwhile happens to it; returns the error.
sub error_while ($statement, $meanwhile)
{
    my $pid = $session->query_safe('SELECT pg_backend_pid()');
    my $blocker = $database->block_queries;
    my $child = fork // die "fork: $!";
    if (!$child)
    {
        my $waits = "SELECT count(*) FROM pg_stat_activity WHERE pid = $pid AND wait_event_type = 'Lock'";
        wait_until(30, sub { $database->sql($waits) eq '1' });
        $database->sql($meanwhile->($pid));
        POSIX::_exit(0);
    }
    my $error = error_of($statement);
    waitpid($child, 0);
    $blocker->quit;
    return $error;
}

subtest 'a series that is interrupted while it counts' => sub {
    is(error_while("$series;", sub ($pid) { "SELECT pg_cancel_backend($pid)" }),
        '57014: canceling statement due to user request', 'cancelled');
    is_intact('after a cancel');

    my $blocker = $database->block_queries;
    is(error_of("SET statement_timeout = 50; $series;"), '57014: canceling statement due to statement timeout', 'timed out');
    $blocker->quit;
    $session->query_safe('SET statement_timeout = 0');
    is_intact('after a timeout');

    # The plan that the session keeps is of a table that is gone, and then of one that is back.
    $database->sql('ALTER TABLE active_calls.inbox RENAME TO elsewhere');
    is(error_of("$series;"), '42P01: relation "active_calls.inbox" does not exist', 'a dropped table');
    $database->sql('ALTER TABLE active_calls.elsewhere RENAME TO inbox');
    is_intact('after the table is back');

    my $many = "SELECT count(*) FROM generate_series(1, 100000) n, LATERAL (SELECT * FROM"
      . " active_calls.origination_active_calls('$ACCOUNT_7', '2026-01-01 12:30Z', '2026-01-01 13:00Z', duration_gt => n::int)) s";
    is(error_of("SET statement_timeout = 300; $many;"), '57014: canceling statement due to statement timeout',
        'timed out at any moment');
    $session->query_safe('SET statement_timeout = 0');
    is_intact('after a timeout at any moment');
};

subtest 'a feed that is interrupted while it is read' => sub {
    my $unowned = q({"snapshot_timestamp":"2026-01-01 12:30:00"});
    is( error_of("SET statement_timeout = 50; SELECT active_calls.ingest(repeat(E'$unowned\\n', 2000000));"),
        '57014: canceling statement due to statement timeout',
        'timed out, though not a row was to be written');
    $session->query_safe('SET statement_timeout = 0');
    is_intact('after a timeout in a feed');
};

subtest '10,000 failing calls in one session' => sub {
    my $bad_feed = q({"snapshot_timestamp":"2026-01-01 12:30:00","customer_acc_id":7}) . '\n' . '{"customer_acc_id":7}';
    my @failing = (
        "SELECT boundary_throw_in_query('error');",
        "SELECT boundary_throw_guarded('unknown');",
        "SELECT boundary_throw('too much memory');",
        "SELECT boundary_run('SELECT 1/0');",
        "SELECT * FROM active_calls.origination_active_calls('$ACCOUNT_7', 'infinity');",
        "SELECT * FROM active_calls.origination_active_calls('$ACCOUNT_8', '1990-01-01Z', src_prefix_routing_eq => repeat('x', 10000));",
        "SELECT * FROM active_calls.customer_origination_active_calls(99, '$ACCOUNT_7', '2026-01-01Z');",
        "SELECT active_calls.ingest(E'$bad_feed');",
        "SELECT active_calls.ingest('[');",
        "SET LOCAL statement_timeout = '1ms'; SELECT boundary_run('SELECT pg_sleep(1)'); ROLLBACK;",
    );
    my $memory = "SELECT sum(total_bytes) FROM pg_backend_memory_contexts";
    my $resident = sub {
        my $pid = $session->query_safe('SELECT pg_backend_pid()');
        open(my $statm, '<', "/proc/$pid/statm") or die "statm: $!";
        return (split ' ', <$statm>)[1] * 4096;
    };
    # Ten calls a round, each a statement of its own.
    my $fail = sub ($rounds) {
        for (1 .. $rounds / 100)
        {
            $session->query(join("\n", map { /SET LOCAL/ ? "BEGIN; $_" : $_ } (@failing) x 100));
            my $errors = () = $session->{stderr} =~ /ERROR: /g;
            $session->{stderr} = '';
            is($errors, 1000, '1,000 calls failed');
        }
    };

    $session->query_safe('\set VERBOSITY default');
    $fail->(100);    # what a session keeps: plans, caches
    my ($contexts, $pages) = ($session->query_safe($memory), $resident->());
    $fail->(1000);
    my ($contexts_after, $pages_after) = ($session->query_safe($memory), $resident->());
    note("memory contexts $contexts -> $contexts_after bytes, resident $pages -> $pages_after bytes");
    cmp_ok($contexts_after - $contexts, '<', 100_000, 'memory contexts have not grown');
    cmp_ok($pages_after - $pages, '<', memory_limit(2_000_000), 'the process has not grown');
    is_intact('after 11,000 failures');
    is($session->query_safe("SELECT count(*) FROM active_calls.inbox"), 752, 'and nothing was written');
};

$session->quit;
done_testing();
