# Shows `active-calls-shim compare`: it asks two servers of the customers' API the same questions, and tells where their
# answers differ, and which questions failed.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Feed;
use ActiveCalls::Harness;
use ActiveCalls::Shim;
use ActiveCalls::Token;
use IO::Socket::INET;
use POSIX qw(strftime);
use PostgreSQL::Test::Utils;
use Test::More;

time_limit(120);

my $database = ActiveCalls::Database->create;
$database->ingest(
    join '',
    map { row(snapshot_timestamp => strftime('%F %H:%M:00', gmtime(time - 60 * $_)), duration => 90) } 5, 7, 7
);
my $shim = start_shim(database => $database);

# The same calls, but for one.
my $name = $database->sql('SELECT current_database()');
$database->sql(q(SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'active_calls_shim'));
$database->{node}->safe_psql('postgres', "CREATE DATABASE other TEMPLATE $name");
$database->{node}->safe_psql('other', <<'SQL');
DELETE FROM active_calls.inbox WHERE ctid = (SELECT min(ctid) FROM active_calls.inbox
    WHERE snapshot_timestamp = '2026-01-01 12:40Z' AND customer_acc_id = 7 AND duration > 60)
SQL
my $other = start_shim(args => [ '--database', $database->conninfo =~ s/\b\Q$name\E\b/other/r ]);
my $yeti  = start_shim(args => [ '--database', $database->conninfo . " options='-c active_calls.gap_fill=yeti'" ]);
my $folder = PostgreSQL::Test::Utils::tempdir('compare');

sub url ($shim, $port = $shim->port) { return "http://127.0.0.1:$port" }

# Compares $shim with the server at $new.
sub compare ($new, @arguments)
{
    my %usual = (
        '--old'      => url($shim),
        '--new'      => $new,
        '--accounts' => $ACCOUNT_7,
        '--windows'  => '2026-01-01T12:30:00Z/2026-01-01T13:00:00Z',
    );
    delete @usual{@arguments};
    return run_shim([ 'compare', %usual, @arguments ], env => { ACTIVE_CALLS_OLD_TOKEN => token() });
}

# A server that gives everybody this answer.
sub strange_server ($body)
{
    my $listener = IO::Socket::INET->new(Listen => 5, LocalAddr => '127.0.0.1') or die "no port: $!";
    in_background(
        sub {
            while (my $client = $listener->accept)
            {
                while (defined(my $line = <$client>)) { last if $line eq "\r\n" }
                print $client "HTTP/1.1 200 OK\r\nContent-Length: ${\ length $body}\r\nConnection: close\r\n\r\n$body";
                close $client;
            }
        }
    );
    return 'http://127.0.0.1:' . $listener->sockport;
}

my $run = compare(url($shim));
is($run->{exit}, 0, 'a server and itself') or diag($run->{output});
like($run->{stdout}, qr/\Acompare: 11 questions, 341 points; 0 differ, 0 failed; old took [\d.]+ s, new [\d.]+ s\n\z/, 'do not differ');

$run = compare(url($other));
is($run->{exit}, 1, 'a call less');
like(
    $run->{stdout},
    qr/^compare: account-id=$ACCOUNT_7&from-time=2026-01-01T12%3A30%3A00Z&to-time=\S+: 1 points differ: 2026-01-01T12:40:00Z old (\d+), new (\d+)\.$/m,
    'the question and the point'
);
like($run->{stdout}, qr/old (\d+), new (\d+)\.(?(?{$1 == $2 + 1})|(?!))/, 'with both numbers');
like($run->{stdout}, qr/&duration-gt=60: 1 points differ/, 'also of a filter');
unlike($run->{stdout}, qr/&duration-eq=0: /, 'but of no filter that the call does not pass');
like($run->{stdout}, qr/; [1-9] differ, 0 failed;/, 'counted');

append_to_file("$folder/filters", "duration-gt=60\n\nduration-eq=0&src-country-id=1\n");
append_to_file("$folder/token",   token() . "\n");
chmod 0600, "$folder/token";
$run = compare(
    url($shim),         '--filters-file', "$folder/filters", '--new-token-file', "$folder/token",
    '--accounts',       "$ACCOUNT_7,$ACCOUNT_8", '--windows', '2026-01-01T14:30:00+02:00/2026-01-01T13:00:00Z,2026-01-01/2026-01-02'
);
is($run->{exit}, 0, 'accounts, windows and filters of one\'s own') or diag($run->{output});
like($run->{stdout}, qr/^compare: 12 questions, /, 'all are asked');

my $recent = join '/', map { strftime('%FT%H:%M:00Z', gmtime(time - 60 * $_)) } 8, 4;
$run = compare(url($yeti), '--windows', $recent);
is($run->{exit}, 0, 'points of 0 beyond the window') or diag($run->{output});
$run = compare(url($yeti), '--windows', $recent, '--exact');
is($run->{exit}, 1, 'differ when asked exactly');
like($run->{stdout}, qr/old no point, new 0[;.]/, 'and are told');

my %failures = (
    'another key' => [ [ url($shim), '--new-token-file', "$folder/forged" ], qr/: http:\S+: HTTP 401/ ],
    'another server'   => [ [ url($shim, $shim->admin_port) ],                    qr/: HTTP 404/ ],
    'nobody'           => [ ['http://127.0.0.1:1'],                               qr{: http://127.0.0.1:1: no answer: } ],
    'no JSON'          => [ [ strange_server('hello') ],                          qr/no series: / ],
    'another JSON'     => [ [ strange_server('{"data":{"t":[1],"calls":["x"]}}') ], qr/no series: / ],
    'half a series'    => [ [ strange_server('{"data":{"t":[1],"calls":[]}}') ],  qr/no series: / ],
);
append_to_file("$folder/forged", token() . 'x');
for my $failure (sort keys %failures)
{
    my ($arguments, $message) = @{ $failures{$failure} };
    $run = compare(@$arguments);
    is($run->{exit}, 1, "$failure: exit status");
    like($run->{stdout}, $message, "$failure: message");
    like($run->{stdout}, qr/; 0 differ, 11 failed;/, "$failure: counted");
}

my @wrong = (
    [ [ '--windows',      '2026-01-01' ],         qr/--windows: must be two times with a slash/ ],
    [ [ '--old',          'yeti.example.com' ],   qr{--old: must be http://} ],
    [ [ '--filters-file', "$folder/nothing" ],    qr/cannot read/ ],
    [ [ '--old-token-file', "$folder/nothing" ],  qr/cannot read/ ],
);
for my $case (@wrong)
{
    my ($arguments, $message) = @$case;
    $run = compare(url($shim), @$arguments);
    is($run->{exit}, 2, "@$arguments: exit status");
    like($run->{stderr}, $message, "@$arguments: message");
}
$run = run_shim([ 'compare', '--old', url($shim), '--new', url($shim), '--accounts', $ACCOUNT_7, '--windows', '2026-01-01/2026-01-02' ]);
like($run->{stderr}, qr/ACTIVE_CALLS_OLD_TOKEN/, 'without a token, how to give one');
is($run->{exit}, 2, 'and exit status 2');
done_testing;
