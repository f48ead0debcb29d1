# Shows that pg_dump and pg_restore carry accounts, API accesses and calls, sealed or not, and that a restored database and
# a streaming replica answer the same series, whatever is sealed or unsealed there.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Harness;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

time_limit(300);

my $database = ActiveCalls::Database->create;
my $node     = $database->{node};

# Calls that a careless copy would change.
$database->sql(<<"SQL", 'active_calls_writer');
INSERT INTO active_calls.calls VALUES
    ('2026-01-01 12:59:59.999999Z', 7, NULL, NULL, E'a\\tb\\nc\\\\', '', -1, '2001:db8::1', 'NaN'),
    ('2026-01-01 12:59:59.999999Z', 7, NULL, NULL, 'ünï', NULL, 2147483647, '10.0.0.0/8', '-Infinity'),
    ('2026-01-01 12:59:59.999999Z', 7, NULL, NULL, repeat('long', 250), NULL, 0, NULL, 0.1);
SQL
$database->sql(<<"SQL");
INSERT INTO active_calls.inbox
SELECT snapshot_timestamp - interval '20 minutes', customer_acc_id, src_country_id, dst_country_id, src_prefix_routing,
       dst_prefix_routing, duration, auth_orig_ip, customer_price
FROM active_calls.inbox WHERE snapshot_timestamp = '2026-01-01 12:59:59.999999Z';
SELECT active_calls.seal(now() - '2026-01-01 12:45Z');
UPDATE active_calls.segment SET is_full = true; -- so that they stay when more is sealed, which needs new ids
SQL

my $folder   = PostgreSQL::Test::Utils::tempdir;
my $contents = <<"SQL";
SET timezone = 'UTC';
SELECT 'account', md5(string_agg(account::text, ';' ORDER BY id)) FROM active_calls.account
UNION ALL SELECT 'api_access', md5(string_agg(api_access::text, ';' ORDER BY id)) FROM active_calls.api_access
UNION ALL SELECT 'calls', count(*) || ' ' || md5(string_agg(calls::text, ';' ORDER BY calls::text COLLATE "C")) FROM active_calls.calls
UNION ALL SELECT 'series', md5(string_agg(series::text, ';')) FROM active_calls.origination_active_calls(
    '$ACCOUNT_7', '2026-01-01 12:00Z', '2026-01-01 13:00Z', src_prefix_routing_contains => 'l') AS series
UNION ALL SELECT 'all series', md5(string_agg(series::text, ';')) FROM active_calls.origination_active_calls(
    '$ACCOUNT_7', '2026-01-01 12:00Z', '2026-01-01 13:00Z', duration_gt => 60, customer_price_lt => 1) AS series
UNION ALL SELECT 'grants', md5(string_agg(relacl::text, ';' ORDER BY oid::regclass::text)) FROM pg_class
    WHERE relnamespace = 'active_calls'::regnamespace AND relkind IN ('r', 'v')
SQL

my $expected = $database->sql($contents);
like($expected, qr/^calls\|758 /m, 'there is something to carry');
my $stores = 'SELECT (SELECT count(*) FROM active_calls.inbox), (SELECT sum(row_count) FROM active_calls.segment)';
my ($waiting, $sealed) = split /\|/, $database->sql($stores);
cmp_ok($_, '>', 300, 'in either store') for $waiting, $sealed;

for my $format (qw(custom plain))
{
    my $file = "$folder/$format.dump";
    $node->command_ok([ 'pg_dump', '-F', $format, '-f', $file, $node->connstr('active_calls_test') ], "pg_dump, $format");
    $node->safe_psql('postgres', "CREATE DATABASE from_$format TEMPLATE template0 ENCODING 'UTF8'");
    my @restore = $format eq 'plain' ? ('psql', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $file) : ('pg_restore', '-e', $file);
    $node->command_ok([ @restore, '-d', $node->connstr("from_$format") ], "restored, $format");
    is($node->safe_psql("from_$format", $contents), $expected, "the same contents, $format");
    is($node->safe_psql("from_$format", "SELECT active_calls.ingest('{\"snapshot_timestamp\":\"2026-01-01 13:01:00\",\"customer_acc_id\":7}')",
            extra_params => [ '-U', 'active_calls_writer' ]), 1, "the writer writes on, $format");
    is($node->safe_psql("from_$format", $stores), $waiting + 1 . "|$sealed", "what was sealed is sealed, $format");
    is($node->safe_psql("from_$format", 'SELECT active_calls.seal()', extra_params => [ '-U', 'active_calls_keeper' ]),
        $waiting + 1, "the keeper seals on, $format");
    is($node->safe_psql("from_$format", "SELECT active_calls.unseal('2026-01-01 13:01Z', 'infinity'); DELETE FROM active_calls.inbox"),
        1, "and unseals, $format");
    is($node->safe_psql("from_$format", $contents), $expected, "still the same contents, $format");
}

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->safe_psql('postgres', "CREATE DATABASE active_calls_test TEMPLATE template0 ENCODING 'UTF8'");
my $dump = "$folder/custom.dump";
$primary->safe_psql('postgres', 'CREATE ROLE active_calls_writer LOGIN; CREATE ROLE active_calls_reader LOGIN; CREATE ROLE active_calls_keeper LOGIN; CREATE ROLE active_calls_shim LOGIN');
$primary->command_ok([ 'pg_restore', '-e', '-d', $primary->connstr('active_calls_test'), $dump ], 'restored into another server');
$primary->backup('backup');
my $replica = PostgreSQL::Test::Cluster->new('replica');
$replica->init_from_backup($primary, 'backup', has_streaming => 1);
$replica->start;
$primary->wait_for_catchup($replica);
is($replica->safe_psql('active_calls_test', $contents), $expected, 'a streaming replica answers the same');

for my $step ([ "SELECT active_calls.seal()", 0, $waiting + $sealed ],
    [ "SELECT active_calls.unseal('2026-01-01 12:35Z', '2026-01-01 12:40Z')", 152, $waiting + $sealed - 152 ],
    [ "SELECT active_calls.unseal('-infinity', 'infinity')",                  $waiting + $sealed, '' ],
    [ "SELECT active_calls.seal(now() - '2026-01-01 12:45Z')",                $waiting, $sealed ])
{
    my ($statement, $now_waiting, $now_sealed) = @$step;
    my $session = $primary->background_psql('active_calls_test');
    $session->query_safe("BEGIN; $statement");
    $primary->safe_psql('active_calls_test', 'CREATE TABLE marker (); DROP TABLE marker');    # what is uncommitted is sent too
    $primary->wait_for_catchup($replica);
    is($replica->safe_psql('active_calls_test', $contents), $expected, "the replica, during $statement");
    $session->query_safe('COMMIT');
    $session->quit;
    $primary->wait_for_catchup($replica);
    is($replica->safe_psql('active_calls_test', $contents), $expected, "the replica, after $statement");
    is($replica->safe_psql('active_calls_test', $stores), "$now_waiting|$now_sealed", "the replica has moved the calls, $statement");
}
for my $statement ('SELECT active_calls.seal()', "SELECT active_calls.unseal('-infinity', 'infinity')", "SELECT active_calls.drop_before('infinity')")
{
    my (undef, undef, $error) = $replica->psql('active_calls_test', "\\set VERBOSITY verbose\n$statement");
    like($error, qr/ERROR:  25006: /, "nothing is moved on a replica, $statement");
}

done_testing();
