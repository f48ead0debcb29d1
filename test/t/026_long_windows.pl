# Shows long windows through REST: a year of minutes is one answer, of bounded memory in both processes, and two hours of
# long ago are one with the grid of Yeti, whose zeros go on up to now.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Harness;
use ActiveCalls::Shim;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

time_limit(120);

my $database = ActiveCalls::Database->create(calls => 0);
# Calls that are up all the time, one more each day.
$database->sql(<<'SQL');
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, duration, customer_price)
SELECT '2025-01-01 00:00Z'::timestamptz + minute * interval '1 minute', 7, 0, 0
FROM generate_series(0, 365 * 1440 - 1) AS minute, generate_series(1, 1 + minute / 1440 / 100)
SQL
$database->sql('SELECT active_calls.seal()');
my $shim = start_shim(database => $database);

sub ask ($from, $to)
{
    return $shim->request(target => "/api/rest/customer/v1/origination-active-calls?account-id=$ACCOUNT_7&from-time=$from&to-time=$to");
}

sub session_memory ()
{
    my $pid = $database->sql(q(SELECT pid FROM pg_stat_activity WHERE usename = 'active_calls_shim' AND query LIKE '%origination%'));
    my ($private) = slurp_file("/proc/$pid/status") =~ /^RssAnon:\s+(\d+) kB/m;
    return $private;
}

subtest 'a year of minutes' => sub {
    my $quarter = ask('2025-01-01T00:00:00Z', '2025-03-31T23:59:00Z');
    like($quarter->{body}, qr/"rows":129600\}\z/, 'a quarter');
    my $before = $shim->memory('VmHWM');
    my $answer = ask('2025-01-01T00:00:00Z', '2025-12-31T23:59:00Z');
    is($answer->{status}, 200, 'a year is answered');
    my $series = decode_json($answer->{body});
    is($series->{rows}, 525_600, 'with all of its minutes');
    is_deeply([ @{ $series->{data}{t} }[ 0, 1, -1 ] ], [ 1735689600, 1735689660, 1767225540 ], 'from the first to the last');
    is_deeply([ @{ $series->{data}{calls} }[ 0, 144_000, -1 ] ], [ 1, 2, 4 ], 'and the calls at each');
    cmp_ok($answer->{seconds}, '<', 5, "within a moment ($answer->{seconds} s)");
    my $needed = $shim->memory('VmHWM') - $before;
    cmp_ok($needed, '<', memory_limit(64 * 1024), "within 64 MiB of the shim's memory ($needed KiB)");
    my $session = session_memory();
    cmp_ok($session, '<', memory_limit(64 * 1024), "and of the session's ($session KiB, after it)");
    is(ask('2025-01-01T00:00:00Z', '2025-12-31T23:59:00Z')->{body}, $answer->{body}, 'and again');
};

subtest 'two hours of long ago, with the grid of Yeti' => sub {
    $database->sql(q(ALTER ROLE active_calls_shim SET active_calls.gap_fill = 'yeti'));
    my $faithful = start_shim(database => $database);
    my $begin = time - 92 * 86_400;
    my $answer = $faithful->request(target => "/api/rest/customer/v1/origination-active-calls?account-id=$ACCOUNT_7&from-time=$begin&to-time=" . ($begin + 7200));
    is($answer->{status}, 200, 'are answered');
    cmp_ok(decode_json($answer->{body})->{rows}, '>', 130_000, 'up to now');
    is($faithful->stop, 0, 'ends in good order');
    $database->sql('ALTER ROLE active_calls_shim RESET active_calls.gap_fill');
};

is($shim->stop, 0, 'ends in good order');
done_testing;
