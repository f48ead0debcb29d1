# Shows that a database of version 1.0, with calls in both stores and its operator's grants, works with the library of 1.1
# before ALTER EXTENSION and after it, answers the same, and keeps what was granted; and that dumps of either restore.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Harness;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

time_limit(300);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "timezone = 'Asia/Tokyo'");
$node->start;
$node->safe_psql('postgres', "CREATE DATABASE old TEMPLATE template0 ENCODING 'UTF8'");

sub sql ($statement, $role = undef, $database = 'old')
{
    return $node->safe_psql($database, $statement, extra_params => $role ? [ '-U', $role ] : []);
}

sub ingest ($rows, $role = 'active_calls_writer')
{
    return sql("SELECT active_calls.ingest(\$feed\$$rows\$feed\$)", $role);
}

# As the operator of a 1.0 has done it
sql(<<"SQL");
CREATE EXTENSION active_calls VERSION '1.0';
CREATE ROLE active_calls_writer LOGIN; CREATE ROLE active_calls_reader LOGIN; CREATE ROLE active_calls_keeper LOGIN;
CREATE ROLE active_calls_shim LOGIN; CREATE ROLE report LOGIN;
GRANT USAGE ON SCHEMA active_calls TO active_calls_writer, active_calls_reader, active_calls_keeper, active_calls_shim, report;
GRANT INSERT ON active_calls.inbox, active_calls.calls TO active_calls_writer;
GRANT EXECUTE ON FUNCTION active_calls.ingest TO active_calls_writer;
GRANT SELECT ON active_calls.account, active_calls.calls, active_calls.inbox, active_calls.segment, active_calls.sealed_calls
    TO active_calls_reader, report;
GRANT EXECUTE ON FUNCTION active_calls.origination_active_calls, active_calls.interval_price TO active_calls_reader, report;
GRANT SELECT, INSERT, DELETE ON active_calls.inbox, active_calls.segment TO active_calls_keeper;
GRANT EXECUTE ON FUNCTION active_calls.seal, active_calls.unseal, active_calls.drop_before TO active_calls_keeper;
GRANT EXECUTE ON FUNCTION active_calls.customer_origination_active_calls, active_calls.scoped_origination_active_calls TO active_calls_shim;
INSERT INTO active_calls.account (id, uuid, customer_id, name) VALUES (7, '$ACCOUNT_7', 3, 'seven'), (8, '$ACCOUNT_8', 3, 'eight');
INSERT INTO active_calls.api_access (id, customer_id) VALUES (37, 3);
CREATE VIEW report AS SELECT customer_acc_id, count(*) FROM active_calls.calls WHERE customer_acc_id <> 9 GROUP BY 1;
SQL

# A database that was made by PostgreSQL 14
sql('ALTER VIEW active_calls.calls RESET (security_invoker)') if $node->pg_version >= 15;

# What must be the same before and after
my $contents = <<"SQL";
SET timezone = 'UTC';
SELECT 'calls', count(*) || ' ' || md5(string_agg(calls::text, ';' ORDER BY calls::text COLLATE "C")) FROM active_calls.calls
    WHERE customer_acc_id <> 9
UNION ALL SELECT 'series', md5(string_agg(series::text, ';')) FROM active_calls.origination_active_calls(
    '$ACCOUNT_7', '2026-01-01 12:00Z', '2026-01-01 13:00Z', duration_gt => 60, customer_price_lt => 1) AS series
UNION ALL SELECT 'customer', md5(string_agg(series::text, ';')) FROM active_calls.customer_origination_active_calls(
    37, '$ACCOUNT_8', '2026-01-01 12:00Z', '2026-01-01 13:00Z', dst_prefix_routing_contains => '7') AS series
UNION ALL SELECT 'report', md5(string_agg(report::text, ';' ORDER BY report::text)) FROM report
SQL
my $grants = <<'SQL';
SELECT 'relation', relname, oid, relacl FROM pg_class WHERE relnamespace = 'active_calls'::regnamespace AND relacl IS NOT NULL
    AND relname NOT IN ('ingested', 'last_seal', 'status', 'account_status')
UNION ALL SELECT 'function', proname, oid, proacl FROM pg_proc WHERE pronamespace = 'active_calls'::regnamespace
    AND proname NOT IN ('ingest_fields', 'newest_snapshot', 'origination_peak_calls', 'schedule', 'series_support', 'unschedule')
ORDER BY 1, 2
SQL
my $retried = '{"snapshot_timestamp":"2026-01-01 13:30:00","customer_acc_id":7,"id":1}';

subtest 'the library of 1.1 with the objects of 1.0' => sub {
    is(ingest(slurp_file(required_env('ACTIVE_CALLS_FEED') . '/snapshots.jsonl')), 752, 'the writer writes');
    is(sql("SELECT active_calls.seal(now() - '2026-01-01 12:45Z')", 'active_calls_keeper') > 300, 1, 'the keeper seals');
    is(sql("SELECT active_calls.unseal('2026-01-01 12:40Z', 'infinity') > 10", 'active_calls_keeper'), 't', 'and unseals');
    is(sql("SELECT active_calls.drop_before('2026-01-01 12:31Z') >= 0", 'active_calls_keeper'), 't', 'and drops');
    is(ingest($retried), 1, 'a row with an id');
    is(ingest($retried), 1, 'is taken as it comes, as it was by 1.0');
    is(sql("DELETE FROM active_calls.inbox WHERE snapshot_timestamp = '2026-01-01 13:30Z' RETURNING 1"), "1\n1", 'each time');
};

my $before        = sql($contents);
my $grants_before = sql($grants);
like($before, qr/^calls\|7\d\d /, 'there is something to keep');
is(sql('SELECT count(*) > 100 FROM active_calls.inbox') . sql('SELECT sum(row_count) > 100 FROM active_calls.segment'), 'tt', 'in either store');

my $folder = PostgreSQL::Test::Utils::tempdir;
$node->command_ok([ 'pg_dump', '-F', 'custom', '-f', "$folder/1.0.dump", $node->connstr('old') ], 'pg_dump of 1.0');

# A number that is longer than what 1.1 takes
sql(<<'SQL');
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, src_prefix_routing, duration, customer_price)
VALUES ('2026-01-01 12:50Z', 9, repeat('x', 100000), 0, 0)
SQL
$node->command_ok([ 'pg_dump', '-F', 'custom', '-f', "$folder/long.dump", $node->connstr('old') ], 'pg_dump of 1.0 with a number that is too long');

# Sessions that go on over the upgrade
my %session = map { $_ => $node->background_psql('old', extra_params => [ '-U', $_ ]) } qw(active_calls_writer active_calls_keeper);
$session{active_calls_writer}->query_safe("BEGIN; SELECT active_calls.ingest('$retried'); ROLLBACK");
$session{active_calls_keeper}->query_safe("SELECT active_calls.seal('1000 years')");

sql('ALTER EXTENSION active_calls UPDATE');

subtest 'after the upgrade' => sub {
    is(sql("SELECT extversion FROM pg_extension WHERE extname = 'active_calls'"), '1.1', 'it is 1.1');
    is(sql($contents), $before, 'the same answers');
    is(sql($grants),   $grants_before, 'the same objects, with the same grants');
    is(sql("SELECT count(*) > 0 FROM active_calls.origination_active_calls('$ACCOUNT_7', '2026-01-01 12:00Z', '2026-01-01 13:00Z')", 'report'), 't',
        'a role of the operator\'s own');

    is(sql("SELECT count(*) FROM pg_class WHERE relnamespace = 'active_calls'::regnamespace AND 'security_invoker=true' = ANY (reloptions)"),
        $node->pg_version >= 15 ? 3 : 0, 'views with the rights of who asks');

    is($session{active_calls_keeper}->query_safe("SELECT active_calls.seal('1000 years')"), 0, 'the keeper\'s session seals on');
    is(sql('SELECT length(src_prefix_routing) FROM active_calls.inbox WHERE customer_acc_id = 9'), 100_000, 'a number that is too long is still there');
    my (undef, undef, $error) = $node->psql('old', 'UPDATE active_calls.inbox SET duration = 1 WHERE customer_acc_id = 9');
    like($error, qr/violates check constraint "inbox_src_prefix_routing_check"/, 'another one would be refused');
    is(sql('SELECT rows FROM active_calls.last_seal'), 0, 'and is noted');
    is($session{active_calls_writer}->query_safe("SELECT active_calls.ingest('$retried')"), 1, 'the writer\'s session writes on');
    $session{active_calls_writer}->{stderr} = '';
    is($session{active_calls_writer}->query_safe("SET client_min_messages = warning; SELECT active_calls.ingest('$retried')"), 0,
        'and what is sent again is skipped, without a new grant');
    is(ingest($retried), 0, 'also from another session');
    is(sql('SELECT sum(length(ids)) FROM active_calls.ingested'), 16, 'it is remembered');
    $_->quit for values %session;
    sql("DELETE FROM active_calls.inbox WHERE snapshot_timestamp = '2026-01-01 13:30Z'");

    for my $new ("active_calls.origination_peak_calls('$ACCOUNT_7', '2026-01-01 12:00Z', '2026-01-01 13:00Z', '1 hour')", 'active_calls.status')
    {
        my (undef, undef, $error) = $node->psql('old', "SELECT * FROM $new", extra_params => [ '-U', 'active_calls_reader' ]);
        like($error, qr/permission denied/, "$new is granted to nobody yet");
    }
    sql(slurp_file(required_env('ACTIVE_CALLS_SQL') . '/roles.sql'));
    is(sql("SELECT peak, peak_at FROM active_calls.origination_peak_calls('$ACCOUNT_7', '2026-01-01 12:00Z', '2026-01-01 12:59Z', '1 hour')", 'active_calls_reader'),
        sql("SELECT calls, t FROM active_calls.origination_active_calls('$ACCOUNT_7', '2026-01-01 12:00Z', '2026-01-01 12:59Z') ORDER BY 1 DESC, 2 LIMIT 1"),
        'and to the reader by roles.sql: peaks');
    is(sql('SELECT inbox_rows + sealed_rows FROM active_calls.status', 'active_calls_reader'), sql('SELECT count(*) FROM active_calls.calls'), 'status');
    is(sql("SELECT active_calls.ingest_fields('$retried', '{snapshot_timestamp,customer_acc_id,id}')", 'active_calls_writer'), 0, 'ingest_fields');
};

$node->command_ok([ 'pg_dump', '-F', 'custom', '-f', "$folder/1.1.dump", $node->connstr('old') ], 'pg_dump of 1.1');
for my $version ('1.0', '1.1')
{
    my $database = "from_$version";
    $node->safe_psql('postgres', "CREATE DATABASE \"$database\" TEMPLATE template0 ENCODING 'UTF8'");
    $node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr($database), "$folder/$version.dump" ], "$version: restored");
    is(sql("SELECT extversion FROM pg_extension WHERE extname = 'active_calls'", undef, $database), '1.1', "$version: as 1.1");
    is(sql($contents, undef, $database), $before, "$version: the same answers");
    is(sql('SELECT (SELECT count(*) FROM active_calls.ingested), (SELECT count(*) FROM active_calls.last_seal)', undef, $database),
        '0|0', "$version: nothing of what passes");
    is(sql("SELECT active_calls.ingest('$retried')", 'active_calls_writer', $database), 1, "$version: the writer writes on");
    is(sql('SELECT active_calls.seal() > 0', 'active_calls_keeper', $database), 't', "$version: the keeper seals on");
}

subtest 'a dump of 1.0 with a number that is too long' => sub {
    $node->safe_psql('postgres', "CREATE DATABASE long TEMPLATE template0 ENCODING 'UTF8'");
    $node->safe_psql('long', "CREATE EXTENSION active_calls VERSION '1.0'");
    $node->command_checks_all([ 'pg_restore', '-d', $node->connstr('long'), "$folder/long.dump" ],
        1, [], [qr/schema "active_calls" already exists.*warning: errors ignored on restore: 1$/s], 'is restored to 1.0');
    sql('ALTER EXTENSION active_calls UPDATE', undef, 'long');
    is(sql($contents, undef, 'long'), $before, 'and updated: the same answers');
    is(sql('SELECT length(src_prefix_routing) FROM active_calls.inbox WHERE customer_acc_id = 9', undef, 'long'), 100_000, 'and it is there');
};

is(sql('SELECT count(*) FROM active_calls.status', 'active_calls_reader', 'from_1.1'), 1, '1.1: the grants on what is new are restored');

done_testing();
