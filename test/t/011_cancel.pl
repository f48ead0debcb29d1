# Shows that a query ends soon after it is told to, whatever it is about: texts that are long, needles that repeat themselves;
# and that a series of too many points, and segments that say they hold very many, take little memory.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Harness;
use PostgreSQL::Test::BackgroundPsql;
use PostgreSQL::Test::Utils qw(slurp_file);
use Test::More;
use Time::HiRes qw(time);

time_limit(300);

my $database = ActiveCalls::Database->create;
my $node     = $database->{node};
my $day      = '2026-01-01 00:00Z';
$database->sql('DELETE FROM active_calls.inbox');

# Runs it with that time limit. Returns the SQLSTATE of its error, empty if there is none, and how long it took.
sub run ($statement, $limit_ms)
{
    my $begin = time;
    my (undef, undef, $error) = $node->psql('active_calls_test', <<"SQL", on_error_stop => 1);
\\set VERBOSITY verbose
SET statement_timeout = $limit_ms;
$statement;
SQL
    return ($error =~ /ERROR: +(\w{5}):/ ? $1 : '', time - $begin);
}

sub is_cancelled ($statement, $name)
{
    my ($state, $took) = run($statement, 10);
    is($state, '57014', "$name: is cancelled");
    cmp_ok($took, '<', 5, 'soon');
}

sub series ($filter = '') { return "SELECT count(*) FROM active_calls.origination_active_calls('$ACCOUNT_7', '$day', '$day'$filter)" }

# The extension itself cancels in the midst of its work, and not the executor around it: the server's log says so.
# Chance decides where a time limit ends, so this tries several.
sub is_cancelled_within ($statement, $name)
{
    my $is_within = 0;
    for my $limit_ms (10, 15, 20, 30, 40, 60, 80)
    {
        my $seen = -s $node->logfile;
        my ($state) = run("SET backtrace_functions = 'ProcessInterrupts'; $statement", $limit_ms);
        my $log = slurp_file($node->logfile, $seen);
        $is_within ||= $state eq '57014' && $log =~ /BACKTRACE:\s*\n(?:[^\n]*errfinish[^\n]*\n)?[^\n]*\n[^\n]*active_calls\.so/;
        last if $is_within;
    }
    ok($is_within, "$name: is cancelled within its work");
    return;
}

# These names are longer than the table takes with its bound.
$database->sql(<<'SQL');
ALTER TABLE active_calls.inbox DROP CONSTRAINT inbox_src_prefix_routing_check, DROP CONSTRAINT inbox_dst_prefix_routing_check
SQL

# Inserts so many names of so many letters.
sub insert_names ($count, $length)
{
    $database->sql(<<"SQL");
INSERT INTO active_calls.inbox
SELECT '$day', 7, NULL, NULL, repeat('a', $length) || n, NULL, 60, NULL, 0 FROM generate_series(1, $count) AS n;
SQL
    return;
}

# A search that goes back to the next letter of the text each time would take half a minute. The longest that is sealed has
# 4,000 bytes.
subtest 'a needle that nearly is everywhere' => sub {
    insert_names(60, 60_000);
    my $question = sub ($length) { series(", src_prefix_routing_contains => repeat('a', $length) || 'b'") };
    is((run($question->(7000), 10_000))[0], '', 'is looked for in inbox in time');
    $database->sql("SELECT active_calls.drop_before('infinity')");

    insert_names(20_000, 3_990);
    is($database->sql('SELECT active_calls.seal()'), 20_000, 'all is sealed');
    is((run($question->(2000), 10_000))[0], '', 'and looked for in segments in time');
};

# The 20,000 names of before have 80 MB.
subtest 'long names in segments' => sub {
    my $contains = ", src_prefix_routing_contains => repeat('a', 2000) || 'b'";
    is_cancelled_within(series($contains), 'looked for');
    my (undef, $kept) = $node->psql('active_calls_test', <<"SQL", on_error_stop => 0);
SET statement_timeout = 60;
@{[series($contains)]};
SET statement_timeout = 0;
SELECT total_bytes FROM pg_backend_memory_contexts WHERE name = 'active_calls rows';
SQL
    is($kept, 2 * 2**20, 'the session keeps its block, and nothing of what it read');
    is_cancelled("SELECT active_calls.unseal('$day', '$day')", 'unsealed');
    is_cancelled('SELECT sum(length(src_prefix_routing)) FROM active_calls.calls', 'read');
    is($database->sql("SELECT active_calls.unseal('$day', '$day')"), 20_000, 'they are there when all is done');
    is_cancelled('SELECT active_calls.seal()', 'sealed');
    $database->sql("SELECT active_calls.drop_before('infinity')");
};

# A single value, so that all of the work is within one row.
subtest 'a name of 100 MB' => sub {
    insert_names(1, 100_000_000);
    is_cancelled(series(", src_prefix_routing_contains => repeat('a', 50000) || 'b'"), 'looked for in inbox');
    for my $kind (qw(eq starts_with ends_with)) {
        my (undef, $took) = run(series(", src_prefix_routing_$kind => repeat('a', 50000)"), 10);
        cmp_ok($took, '<', 5, "$kind ends soon");
    }
    $database->sql("SELECT active_calls.drop_before('infinity')");
};

# Runs it in a session that may allocate so many MB more than it has. Returns its error's SQLSTATE, or else its rows.
sub run_within ($megabytes, $query)
{
    my $session = $database->session;
    $session->query_safe("\\set ON_ERROR_STOP 0\n\\set VERBOSITY sqlstate\nSELECT count(*) FROM active_calls.calls WHERE false");
    my $pid = $session->query_safe('SELECT pg_backend_pid()');
    my ($data) = slurp_file("/proc/$pid/status") =~ /^VmData:\s+(\d+) kB/m;
    system('prlimit', "--pid=$pid", '--data=' . ($data * 1024 + memory_limit($megabytes * 2**20))) == 0 or die 'prlimit failed';
    my ($answer) = $session->query($query);
    $answer = $1 if $session->{stderr} =~ /ERROR:  (\w+)/;
    $session->{stderr} = '';
    $session->quit;
    return $answer;
}

# A second apart, in segments of next to no bytes, and the last ones in inbox.
subtest 'very many snapshots' => sub {
    my ($snapshots, $waiting) = (2_000_000, 150_000);
    $database->sql('ALTER ROLE CURRENT_USER SET active_calls.max_points = 100000');
    my $insert = "INSERT INTO active_calls.inbox SELECT timestamptz '$day' + n * interval '1 second', 7, NULL, NULL, NULL, NULL, 0, NULL, 0"
      . ' FROM generate_series(%d, %d) AS n';
    my $from = sub ($n) { "timestamptz '$day' + $n * interval '1 second'" };
    my $end = $from->($snapshots);
    $database->sql(sprintf($insert, 1, $snapshots - $waiting));
    $database->sql('SELECT active_calls.seal()');
    cmp_ok($database->sql('SELECT sum(pg_column_size(segment)) FROM active_calls.segment'), '<', 200_000, 'take few bytes');
    $database->sql(sprintf($insert, $snapshots - $waiting + 1, $snapshots));

    my $series = sub ($first) { "SELECT count(*) FROM active_calls.origination_active_calls('$ACCOUNT_7', " . $from->($first) . ", $end)" };
    my $peaks = "SELECT sum(peak) > 0 FROM active_calls.origination_peak_calls('$ACCOUNT_7', '$day', $end, '1 day')";
    is(run_within(32, $series->(1)), '54000', 'a series in segments is refused');
    is(run_within(32, $series->($snapshots - $waiting + 1)), '54000', 'one in inbox as well');
    is(run_within(32, $series->($snapshots - 99_999)), '100000', 'the limit itself is allowed');
    is(run_within(128, $peaks), 't', 'peaks take them all');
    $database->sql(sprintf($insert, 0, 0));
    is(run_within(128, $peaks), '54000', 'but not one more');
    $database->sql('ALTER ROLE CURRENT_USER RESET active_calls.max_points');
    is(run_within(32, 'SELECT count(*) FROM active_calls.calls'), $snapshots + 1, 'rows are read one segment at a time');
};

done_testing;
