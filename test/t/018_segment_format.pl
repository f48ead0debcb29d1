# Shows that extension/kernel/segment/FORMAT.md says what a segment holds: a reader in another language, written from that
# page alone (test/segment_reader/), gives the rows that were sealed, prices bit by bit.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Harness;
use ActiveCalls::RandomCalls;
use Cwd qw(abs_path);
use File::Basename qw(dirname);
use PostgreSQL::Test::Utils;
use Test::More;

time_limit(300);

my $READER = abs_path(dirname(__FILE__) . '/../segment_reader/read_segments.py');
my @VECTORS = qw(runs src_country_id dst_country_id src_prefix_routing dst_prefix_routing duration auth_orig_ip customer_price);

my $database = ActiveCalls::Database->create;
my $seed     = random_seed();
$database->sql(random_calls_sql($seed));

# Calls of two accounts whose prices follow a few tariffs, but for those of some calls of one account; most were up before
# the first snapshot or come later, and the durations of some go on below 0.
$database->sql(<<"SQL");
SELECT setseed(($seed % 1000003) / 1000003.0);
INSERT INTO active_calls.inbox
SELECT '2026-01-01 12:00Z'::timestamptz + minute * interval '1 minute', 6000 + call / 3 % 2, call % 3, NULL, '380' || call, 'Alice ' || call % 7,
       age, '10.0.0.1', CASE WHEN is_listed THEN (random() * 1000)::int / 60.0 WHEN clock < 0 THEN 0
                      ELSE active_calls.interval_price(age, fee, 0.06, rate, 30, step) END
FROM generate_series(1, 700) AS call, generate_series(0, 59) AS minute,
     LATERAL (SELECT minute * 60 - call * 37 % 5000 + 3000 AS clock, call / 3 % 2 = 0 AND call % 10 = 0 AS is_listed) AS c,
     LATERAL (SELECT CASE WHEN call % 50 = 1 THEN clock ELSE greatest(clock, 0) END AS age,
                     ('{0.1,0,0.05}'::float8[])[1 + call % 3] AS fee, ('{0.12,0.034,0.9}'::float8[])[1 + call % 3] AS rate,
                     ('{1,6,60}'::int[])[1 + call % 3] AS step) AS tariff
WHERE minute BETWEEN call % 20 AND call % 20 + call % 41;
SQL

# As the reader writes them.
my $values = <<'SQL';
(extract(epoch FROM snapshot_timestamp - '2000-01-01 00:00Z') * 1000000)::bigint AS snapshot, customer_acc_id, src_country_id,
dst_country_id, src_prefix_routing, dst_prefix_routing, duration, auth_orig_ip, encode(float8send(customer_price), 'hex') AS customer_price
SQL
my $sealed = $database->sql(<<"SQL");
BEGIN;
CREATE TABLE written AS SELECT $values FROM active_calls.inbox WHERE snapshot_timestamp < now();
SELECT active_calls.seal('0');
COMMIT;
SQL
cmp_ok($sealed, '>', 20000, 'many rows are sealed');
is($database->sql('SELECT count(*) > 0 FROM active_calls.segment WHERE run_count > 512'), 't', 'in segments of several blocks');

my $folder = PostgreSQL::Test::Utils::tempdir('rows');
my $columns = join ', ', map { "encode($_, 'hex')" } 'header', @VECTORS;
append_to_file("$folder/segments", $database->sql("COPY (SELECT $columns FROM active_calls.segment) TO STDOUT") . "\n");
is(system_log("python3 '$READER' <'$folder/segments' >'$folder/rows'"), 0, 'the reader reads them');

is($database->sql(<<"SQL"), "$sealed|0|0", 'every row is what was written');
CREATE TEMP TABLE read (LIKE written);
\\copy read FROM '$folder/rows'
SELECT (SELECT count(*) FROM read), (SELECT count(*) FROM (TABLE written EXCEPT ALL TABLE read) AS lost),
       (SELECT count(*) FROM (TABLE read EXCEPT ALL TABLE written) AS gained);
SQL

subtest 'the example of the page' => sub {
    my $page = slurp_file(dirname(__FILE__) . '/../../extension/kernel/segment/FORMAT.md');
    my ($statements, $dumps) = $page =~ /^## An example\n.*?^```sql\n(.*?)^```\n(.*)/ms;
    $database->sql("DELETE FROM active_calls.segment; DELETE FROM active_calls.inbox; $statements");
    my $sections = 0;
    while ($dumps =~ /^`(\w+)`[^`]*?^```\n(.*?)^```/msg)
    {
        my ($column, $dump) = ($1, $2);
        my $bytes = join '', $dump =~ /^ *((?:[0-9a-f]{2}(?: |$))*)/mg;
        is($bytes =~ tr/ //dr, $database->sql("SELECT encode($column, 'hex') FROM active_calls.segment"), "$column: each of its bytes");
        ++$sections;
    }
    is($sections, 8, 'the header and seven vectors');
};

done_testing();
