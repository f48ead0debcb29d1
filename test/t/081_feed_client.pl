# Shows that ClickHouse's own client for Node.js, which nobody here wrote, can insert: rows at once, rows as a stream,
# compressed, with a list of columns, many at a time; and that it understands our errors.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Feed;
use ActiveCalls::Harness;
use ActiveCalls::Shim;
use File::Basename;
use IPC::Run;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

time_limit(300);

my $client_package = required_env('ACTIVE_CALLS_CLICKHOUSE_CLIENT');

my $database = ActiveCalls::Database->create(calls => 0);
my $shim     = start_shim(database => $database, feed => 1);

# Runs one of the ways to insert that feed_client.mjs knows; returns what it prints, decoded from JSON.
sub client ($what, %environment)
{
    my ($out, $error) = ('', '');
    my @variables = map { "$_=$environment{$_}" } keys %environment;
    IPC::Run::run(
        [
            'env', 'URL=http://127.0.0.1:' . $shim->feed_port, "PASSWORD=$FEED_PASSWORD",
            'FEED=' . required_env('ACTIVE_CALLS_FEED') . '/snapshots.jsonl', "CLIENT=$client_package", @variables,
            'node', dirname($0) . '/feed_client.mjs', $what
        ],
        '>', \$out, '2>', \$error,
        IPC::Run::timeout(60)
    );
    return eval { decode_json($out) } // { failed => "$out$error" };
}

sub take_calls ()
{
    return $database->sql(<<'SQL');
WITH gone AS (DELETE FROM active_calls.inbox RETURNING 1), forgotten AS (DELETE FROM active_calls.ingested_batch)
SELECT count(*) FROM gone
SQL
}

is_deeply(client('ping'), { success => JSON::PP::true }, 'ping');

for my $what (qw(values stream columns))
{
    for my $compression (0, 1)
    {
        my $name   = $what . ($compression ? ', compressed' : '');
        my $result = client($what, COMPRESSION => $compression);
        is($result->{summary}{written_rows}, '752', "$name: the client sees how many rows are in")
            or diag(explain($result));
        is($result->{query_id}, "q-$what", "$name: and its own query id");
        series_ok($shim->request(target => $SAMPLE_TARGET), $SAMPLE_JSON, "$name: the series is the known one");
        my $again = client($what, COMPRESSION => $compression);
        is($again->{summary}{written_rows}, '0', "$name: sent again, none is written twice");
        is(take_calls(), 752, "$name: all rows are in");
    }
}

is_deeply(client('many'), { ok => 50 }, 'fifty at the same time');
is(take_calls(), 500, 'are in');

my %errors = (
    'bad-row'      => [ '27',  'CANNOT_PARSE_INPUT_ASSERTION_FAILED', qr/line 2: / ],
    'bad-table'    => [ '60',  'UNKNOWN_TABLE',                       qr/active_calls/ ],
    'bad-password' => [ '516', 'AUTHENTICATION_FAILED',               qr/password/ ],
    'select'       => [ '497', 'ACCESS_DENIED',                       qr/INSERT INTO active_calls/ ],
);
for my $what (sort keys %errors)
{
    my ($code, $type, $message) = @{ $errors{$what} };
    my $error = client($what);
    is_deeply([ @$error{qw(code type)} ], [ $code, $type ], "$what: code and type") or diag(explain($error));
    like($error->{message}, $message, "$what: message");
}
is(take_calls(), 0, 'of which nothing is in');

is($shim->stop, 0, 'the shim ends in good order');
done_testing;
