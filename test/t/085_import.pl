# Shows `active-calls-shim import`: the history of two ClickHouses, of 2018 and of today, is brought into the database, as
# it would be there if the feed had written it; no call is there twice, however the import is stopped; and what differs is
# told.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::ClickHouse;
use ActiveCalls::Database;
use ActiveCalls::Feed;
use ActiveCalls::Harness;
use ActiveCalls::Manual;
use ActiveCalls::Shim;
use IPC::Run;
use JSON::PP;
use POSIX qw(strftime);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

time_limit(300);

my $database = ActiveCalls::Database->create(calls => 0);
$database->sql(<<'SQL');
CREATE ROLE active_calls_import LOGIN IN ROLE active_calls_writer, active_calls_reader, active_calls_keeper
SQL
my $clickhouse;

# The columns that Yeti's queries name, and a few more. A call that is not connected has 1970.
my $yeti_table = <<"SQL";
CREATE TABLE active_calls (
    snapshot_timestamp DateTime, customer_acc_id UInt32, src_country_id UInt32, dst_country_id UInt32,
    src_prefix_routing String, dst_prefix_routing String, duration Int32, auth_orig_ip String, customer_price Float64,
    connect_time DateTime, orig_call_id String
) ENGINE = MergeTree PARTITION BY toYYYYMM(snapshot_timestamp) ORDER BY (customer_acc_id, snapshot_timestamp)
SQL

# A table of just what the switch sends.
my $switch_table = <<"SQL";
CREATE TABLE switch_calls (
    snapshot_timestamp DateTime('UTC'), customer_acc_id Nullable(Int32), src_country_id Nullable(Int32),
    dst_country_id Nullable(Int32), src_prefix_routing Nullable(String), dst_prefix_routing Nullable(String),
    auth_orig_ip Nullable(String), connect_time Nullable(DateTime('UTC')), end_time Nullable(DateTime('UTC')),
    destination_fee Nullable(String), destination_initial_rate Nullable(String), destination_next_rate Nullable(String),
    destination_initial_interval Nullable(Int32), destination_next_interval Nullable(Int32), local_tag Nullable(String)
) ENGINE = MergeTree ORDER BY snapshot_timestamp
SQL

# Runs the import to its end; options as of run_shim.
sub import_calls (@arguments)
{
    return run_shim([ import_command(@arguments) ], env => { ACTIVE_CALLS_CLICKHOUSE_PASSWORD => $CLICKHOUSE_PASSWORD });
}

# What @arguments give takes the place of the usual.
sub import_command (@arguments)
{
    my %usual = (
        '--clickhouse'      => $clickhouse->url,
        '--clickhouse-user' => 'yeti',
        '--database'        => $database->conninfo('active_calls_import'),
    );
    delete @usual{@arguments};
    return ('import', %usual, @arguments);
}

sub all_calls () { return $database->sql('SELECT * FROM active_calls.calls AS c ORDER BY c::text') }

sub count_calls () { return $database->sql('SELECT count(*) FROM active_calls.calls') }

sub remove_calls () { return $database->sql('TRUNCATE active_calls.inbox, active_calls.segment, active_calls.ingested_batch') }

# $count calls of account 7 in each $step-th minute from $from on, $minutes long.
sub fill ($from, $minutes, $step, $count)
{
    $clickhouse->query(<<"SQL");
INSERT INTO active_calls (snapshot_timestamp, customer_acc_id, duration, auth_orig_ip, customer_price)
SELECT toDateTime('$from', 'UTC') + intDiv(number, $count) * $step * 60, 7, 60 + number % $count, '10.0.0.1', 0.25
FROM system.numbers LIMIT ${\($minutes / $step * $count)}
SQL
    return $minutes / $step * $count;
}

# Hands requests on to ClickHouse, but spoils the answers that hold rows: $spoil gets such a body and returns what the
# client gets in its place, and the length that it is told. Returns the address.
sub spoiled_clickhouse ($spoil)
{
    my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die "no port: $!";
    in_background(
        sub {
            while (my $client = $listener->accept)
            {
                my ($head, $body) = ('', '');
                while (defined(my $line = <$client>)) { $head .= $line; last if $line eq "\r\n" }
                read $client, $body, $head =~ /^Content-Length: (\d+)/mi ? $1 : 0;
                my $answer = $clickhouse->ask($body)->{content};
                my $length = length $answer;
                ($answer, $length) = $spoil->($answer) if $body =~ /FORMAT JSONEachRow$/;
                print $client "HTTP/1.1 200 OK\r\nContent-Length: $length\r\nConnection: close\r\n\r\n$answer";
                close $client;
            }
        }
    );
    return 'http://127.0.0.1:' . $listener->sockport;
}

sub test_clickhouse ()
{
    diag('ClickHouse ' . $clickhouse->query('SELECT version()') =~ s/\n//r);
    $clickhouse->query($_) for $yeti_table, $switch_table;

    subtest 'what the switch sends' => sub {
        remove_calls();
        $database->ingest(sample_rows());
        my $expected = all_calls();
        remove_calls();
        my @rows = map { decode_json($_) } split /\n/, sample_rows();
        my $json = JSON::PP->new->utf8->canonical;
        my @columns = $switch_table =~ /(\w+) (?:Nullable|DateTime)/g;
        $clickhouse->query('INSERT INTO switch_calls FORMAT JSONEachRow '
            . join "\n", map { my $row = $_; $json->encode({ map { defined $row->{$_} ? ($_ => $row->{$_}) : () } @columns }) } @rows);
        $clickhouse->query(q(INSERT INTO switch_calls (snapshot_timestamp) VALUES ('2026-01-01 12:30:00')));

        my $run = import_calls('--clickhouse-table', 'switch_calls', '--only-compare');
        is($run->{exit}, 1, '--only-compare sees that all is absent');
        like($run->{stdout}, qr/^2026-01-01 +752 +0 +31 snapshots differ$/m, 'and says so');
        is(count_calls(), 0, 'and imports nothing');

        $run = import_calls('--clickhouse-table', 'switch_calls');
        is($run->{exit}, 0, 'imported') or diag($run->{output});
        is(all_calls(), $expected, 'duration and price are computed as the feed computes them');
        is($database->sql('SELECT count(*) FROM active_calls.inbox'), 0, 'all is sealed');
        like($run->{stdout}, qr/^import: 1 days, 752 rows; reads snapshot_timestamp, customer_acc_id, .*connect_time/, 'the begin');
        like($run->{stdout}, qr/^import: 2026-01-01: 752 rows imported; day 1 of 1, [\d,]+ rows\/s, 0s left$/m, 'the progress');
        like($run->{stdout}, qr/^2026-01-01 +752 +752$/m, 'the comparison');
        like($run->{stdout}, qr/^import: 1 days, all the same on both sides\n\z/m,  'the end');

        $run = import_calls('--clickhouse-table', 'switch_calls');
        is($run->{exit}, 0, 'again');
        like($run->{stdout}, qr/^import: 2026-01-01: was there; day 1 of 1$/m, 'nothing is imported');
        is(all_calls(), $expected, 'and nothing is there twice');

        # As the manual says; the database still knows the batches.
        my ($anew) = grep { /unseal/ } code_below('shim/moving/README.md', '3. Import the history');
        $database->sql($anew =~ s/2026-06-30/2026-01-01/gr);
        is(count_calls(), 0, 'a day that was removed');
        $run = import_calls('--clickhouse-table', 'switch_calls');
        is($run->{exit}, 0, 'is imported anew') or diag($run->{output});
        is(all_calls(), $expected, 'as it was');
    };

    subtest 'what Yeti asks for' => sub {
        remove_calls();
        # Half past midnight of March 29 is in the hour before clocks are put forward.
        $clickhouse->query(<<'SQL');
INSERT INTO active_calls (snapshot_timestamp, customer_acc_id, src_country_id, src_prefix_routing, auth_orig_ip,
    dst_prefix_routing, duration, customer_price, connect_time)
SELECT toDateTime('2026-03-29 00:59:00', 'UTC'), 7, 222, 'Alice', '2001:db8::1', '380710022617', 90, 0.135,
       toDateTime('2026-03-29 00:57:30', 'UTC')
UNION ALL SELECT toDateTime('2026-03-29 01:00:00', 'UTC'), 8, 0, unhex('61fe'), '', '', 0, 0, toDateTime(0)
UNION ALL SELECT toDateTime('2026-03-29 01:00:00', 'UTC'), 0, 0, '', '', '', 0, 0, toDateTime(0)
SQL
        my $run = import_calls();
        is($run->{exit}, 0, 'imported') or diag($run->{output});
        is($database->sql(<<'SQL'), <<"ROWS" =~ s/\n\z//r, 'with the price and the duration that were given, and times in UTC');
SET timezone = 'UTC'; SELECT * FROM active_calls.calls ORDER BY 1
SQL
2026-03-29 00:59:00+00|7|222|0|Alice|380710022617|90|2001:db8::1|0.135
2026-03-29 01:00:00+00|8|0|0|a\x{ef}\x{bf}\x{bd}||0||0
ROWS

        $clickhouse->query(<<'SQL');
INSERT INTO active_calls (snapshot_timestamp, customer_acc_id, auth_orig_ip)
SELECT toDateTime('2026-03-29 01:01:00', 'UTC'), 8, if(number = 1, 'nowhere', '10.0.0.1') FROM system.numbers LIMIT 3
SQL
        $run = import_calls();
        is($run->{exit}, 1, 'a row that does not fit');
        like($run->{stdout}, qr/^import: lost 1 rows of the hour from 2026-03-29 01:00 UTC, which do not fit; the first: line 2: auth_orig_ip/m, 'is told');
        like($run->{stdout}, qr/^2026-03-29 +5 +4  1 snapshots differ$/m, 'also as a difference');
        is(count_calls(), 4, 'and costs none of the others');
    };

    subtest 'nodes with clocks of their own' => sub {
        remove_calls();
        $clickhouse->query('DROP TABLE active_calls');
        $clickhouse->query($yeti_table);
        fill("2026-05-01 00:00:$_", 60, 1, 2) for '00', '03', '30';
        my $name = $database->sql('SELECT current_database()');
        $database->sql("ALTER DATABASE $name SET active_calls.snapshot_period = '1min'");
        for my $what (qw(imported again))
        {
            is(import_calls()->{exit}, 0, $what);
            is($database->sql('SELECT count(*), count(DISTINCT snapshot_timestamp) FROM active_calls.calls'), '360|60',
                'active_calls.snapshot_period counts');
        }
        $database->sql("ALTER DATABASE $name SET active_calls.snapshot_period = '7min'");
        like(import_calls()->{stderr}, qr/snapshot_period has to divide an hour/, 'one that does not divide an hour is refused');
        $database->sql("ALTER DATABASE $name RESET active_calls.snapshot_period");
    };

    subtest 'beside a feed' => sub {
        remove_calls();
        $clickhouse->query('DROP TABLE active_calls');
        $clickhouse->query($yeti_table);
        my $rows = fill('2026-05-01 23:00:00', 120, 1, 3);
        my $feed = sub ($from, $to, $name = 'active_calls_writer') {
            $database->sql(<<"SQL");
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, duration, customer_price)
SELECT t, 7, 60, 0.25 FROM generate_series('$from'::timestamptz, '$to', '1 minute') AS t, generate_series(1, 3)
SQL
        };
        $feed->('2026-05-02 00:20:00Z', '2026-05-02 00:29:00Z');
        $feed->('2026-05-02 00:45:00Z', '2026-05-02 00:59:00Z');
        my $run = import_calls();
        is($run->{exit}, 0, 'the feed has begun, and was away for a while') or diag($run->{output});
        is(count_calls(), $rows, 'what it did not bring is imported, and nothing twice');
        is(
            $database->sql('SELECT min(n), max(n) FROM (SELECT count(*) n FROM active_calls.calls GROUP BY snapshot_timestamp) s'),
            '3|3', 'in each snapshot'
        );

        remove_calls();
        $run = import_calls('--from', '2026-05-01T23:30:00Z', '--to', '2026-05-02T00:10:00Z');
        is($run->{exit}, 0, 'a window') or diag($run->{output});
        is($database->sql(q(SET timezone = 'UTC'; SELECT min(snapshot_timestamp), max(snapshot_timestamp), count(*) FROM active_calls.calls)),
            '2026-05-01 23:30:00+00|2026-05-02 00:09:00+00|120', 'its begin is in it, its end is not');

        $database->sql(q(DELETE FROM active_calls.segment));
        $feed->('2026-05-01 23:05:00Z', '2026-05-01 23:05:00Z');
        $database->sql(q(DELETE FROM active_calls.inbox WHERE ctid = (SELECT min(ctid) FROM active_calls.inbox)));
        $run = import_calls();
        is($run->{exit}, 1, 'a snapshot of which the feed has brought a part');
        like($run->{stdout}, qr/^2026-05-01 +180 +179  1 snapshots differ\nimport: 1 of 2 days differ\n\z/m, 'is told');
        is(count_calls(), $rows - 1, 'and left as it is');

        my $now = time;
        fill(strftime('%F %T', gmtime($now - 1800)), 2, 1, 1);
        import_calls();
        is($database->sql(q(SELECT count(*) FROM active_calls.calls WHERE snapshot_timestamp > now() - interval '2 hours')),
            0, 'what is of the last hour is left to the feed');
    };

    subtest 'stopped' => sub {
        remove_calls();
        $clickhouse->query('DROP TABLE active_calls');
        $clickhouse->query($yeti_table);
        my $rows = fill('2026-05-01 00:00:00', 3 * 1440, 10, 50);
        # The import comes as far as this.
        $database->sql(<<'SQL');
CREATE FUNCTION wait_there() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(42);
    RETURN NEW;
END $$;
CREATE TRIGGER wait_there BEFORE INSERT ON active_calls.inbox FOR EACH ROW
WHEN (NEW.snapshot_timestamp = '2026-05-02 12:40:00Z') EXECUTE FUNCTION wait_there();
SQL
        my $written = $rows / 3 + $rows / 3 / 2; # a day, and half of the one before
        for my $signal (qw(KILL INT))
        {
            remove_calls();
            my $keeper = $database->session;
            $keeper->query_safe('SELECT pg_advisory_lock(42)');
            my $waiting = sub ($count) {
                return $database->sql(q(SELECT count(*) FROM pg_stat_activity WHERE usename = 'active_calls_import'
                    AND wait_event_type = 'Lock')) == $count;
            };
            my $output = '';
            my $start  = sub {
                local $ENV{ACTIVE_CALLS_CLICKHOUSE_PASSWORD} = $CLICKHOUSE_PASSWORD;
                return IPC::Run::start([ $ENV{ACTIVE_CALLS_SHIM}, import_command() ], '<', '/dev/null', '>&', \$output);
            };
            my $first = $start->();
            ok(wait_until(60, sub { $waiting->(1) }), "SIG$signal: the import is in the middle of a day");
            $first->signal($signal);
            $first->finish;
            is($? & 127, { KILL => 9, INT => 2 }->{$signal}, 'it ends at once');
            is(count_calls(), $written, 'what it had committed is there');
            my $second = $start->();
            ok(wait_until(60, sub { $waiting->(2) }), 'another one waits, as the session of the first does not know yet');
            $keeper->quit;
            ok($second->finish, 'and then goes on, to the end') or diag($output);
            like($output, qr/^import: waits for another import to end$/m, 'of which it has told');
            is(count_calls(), $rows, 'with all calls, once');
        }
        $database->sql('DROP TRIGGER wait_there ON active_calls.inbox; DROP FUNCTION wait_there');
    };

    subtest 'ClickHouse breaks off' => sub {
        my $whole = count_calls();
        my %spoiled = (
            'a row less' => [ sub ($body) { my $less = $body =~ s/[^\n]+\n\z//r; ($less, length $less) },
                qr/ClickHouse counted 300 rows in the hour from 2026-05-03 00:00 UTC, but gave 299; nothing of this hour/ ],
            'an exception at its end' => [ sub ($body) { my $less = $body =~ s/[^\n]+\n\z/{"exception": "Code: 241."}\n/r; $less =~ s/^[^\n]+\n//;
                    ($less, length $less) }, qr/nothing of this hour was written/ ],
            'the connection' => [ sub ($body) { (substr($body, 0, 1000), length $body) }, qr/the answer broke off/ ],
        );
        for my $name (sort keys %spoiled)
        {
            remove_calls();
            my ($spoil, $message) = @{ $spoiled{$name} };
            my $url = spoiled_clickhouse($spoil);
            my $run = import_calls('--clickhouse', $url);
            is($run->{exit}, 1, "$name: a failure");
            like($run->{stderr}, $message, 'that is told');
            is(count_calls(), 0, 'and nothing is written');
        }
        is(import_calls()->{exit}, 0, 'once it is mended');
        is(count_calls(), $whole, 'all comes');
    };

    subtest 'refused' => sub {
        my @cases = (
            [ [ '--clickhouse-table', 'nothing' ], 1, qr/Code: 60/,  'another table' ],
            [ [ '--clickhouse-user',  'nobody' ],  1, qr/HTTP [45]\d\d: .*(?i:nobody|authentication|user)/, 'another user' ],
            [ [ '--clickhouse', 'http://127.0.0.1:1' ], 1, qr{http://127.0.0.1:1: no answer}, 'another port' ],
            [ [ '--database', $database->conninfo('active_calls_reader') ], 1, qr/permission denied/, 'a role that may not write' ],
            [ [ '--clickhouse', 'clickhouse:8123' ], 2, qr{must be http://HOST}, 'no URL' ],
            [ [ '--clickhouse-table', 'a; DROP TABLE b' ], 2, qr/must be a name/, 'no table' ],
            [ [ '--from', '2026-05-02', '--to', '2026-05-01' ], 2, qr/must be before --to/, 'no window' ],
            [ [ '--from', 'yesterday' ], 2, qr/must be a time/, 'no time' ],
            [ [ '--database', 'password=x' ], 2, qr/holds a password/, 'a password that all can see' ],
        );
        remove_calls();
        for my $case (@cases)
        {
            my ($arguments, $exit, $message, $name) = @$case;
            my $run = import_calls(@$arguments);
            is($run->{exit}, $exit, "$name: exit status");
            like($run->{stderr}, $message, "$name: message");
        }
        $clickhouse->query('CREATE TABLE no_owners (snapshot_timestamp DateTime) ENGINE = MergeTree ORDER BY snapshot_timestamp');
        like(import_calls('--clickhouse-table', 'no_owners')->{stderr}, qr/no_owners has no column customer_acc_id/, 'a column is absent');
    };
}

for my $kind (qw(server library))
{
    $clickhouse = ActiveCalls::ClickHouse->$kind;
    subtest "ClickHouse, the $kind" => $clickhouse ? \&test_clickhouse : sub { plan skip_all => 'NOT TESTED: it is not installed' };
}
done_testing;
