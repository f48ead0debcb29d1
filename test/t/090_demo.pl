# Does what a newcomer does first: starts the demo, runs the samples of the manual word for word, compares their output
# with what the manual prints, and stops the demo. In a folder of its own, so that a demo that is up stays up.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Harness;
use ActiveCalls::Http;
use File::Basename qw(dirname);
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

time_limit(180);

my $top    = dirname(required_env('ACTIVE_CALLS_SQL'));
my $folder = PostgreSQL::Test::Utils::tempdir('checkout');
my $build  = "$folder/build";
mkdir $build or die "$build: $!";

# PGBIN is there already, and this test runs as the user of the servers.
my %environment = (
    BUILD          => $build,
    SHIM           => required_env('ACTIVE_CALLS_SHIM'),
    SIMULATE       => required_env('ACTIVE_CALLS_SIMULATE'),
    SQL            => required_env('ACTIVE_CALLS_SQL'),
    FEED           => required_env('ACTIVE_CALLS_FEED'),
    AS_SERVER_USER => '',
    no_proxy       => '*',
);
@ENV{ keys %environment } = values %environment;

# Runs a command in the folder; its exit code, and what it printed to its standard output.
sub run_there (@command)
{
    my ($out, $error) = ('', '');
    IPC::Run::run(\@command, '<', '/dev/null', '>', \$out, '2>', \$error, init => sub { chdir $folder or die "$folder: $!" });
    my $exit = $? >> 8;
    note("@command\nexit code $exit\n$out$error");
    return ($exit, $out);
}

sub start_demo () { return run_there("$top/test/tools/demo/start.sh") }
sub stop_demo ()  { return run_there("$top/test/tools/demo/stop.sh") }

# The same with commands that go on where the demo's environment was sourced.
sub run_commands ($commands) { return run_there('bash', '-euo', 'pipefail', '-c', ". build/demo/env\n$commands") }

# Processes of the demo: its folder is in their command line.
sub processes ()
{
    return grep { (eval { slurp_file($_) } // '') =~ m{\Q$build\E/demo/} } glob '/proc/[0-9]*/cmdline';
}

END
{
    my $status = $?;
    stop_demo() if $build && processes();
    $? = $status;
}

# What the manual says: commands, queries, what they print, and the columns of the view that an operator looks at.
my ($readme, $rest, $functions, $operation) =
    map { slurp_file("$top/$_") } qw(README.md shim/customer/README.md sql/README.md sql/operation.md);
my ($try_it) = $readme =~ /^## Try it\n(.*?)^## /ms;
my @commands = $try_it =~ /^```sh\n(.*?)^```$/gms;
my ($ask)    = grep {m{/origination-active-calls}} @commands;
my ($names)  = $ask    =~ m{^\. build/demo/env\s+# (.*)}m;
my ($send)   = grep {/INSERT INTO active_calls/} @commands;
my @samples  = "$readme$rest" =~ /^```sh\n([^`]*"\$URL\/[^`]*)^```\n\n```json\n(.*?)\n```$/gms;    # request, answer, ...
my @queries  = $functions =~ /^```sql\n(.*?)^```$(?:\n\n```\n(.*?)^```$)?/gms;                   # query, output, ...
my ($status) = $operation =~ /^\| column of `status`.*?\n(.*?)\n\n/ms;
my @columns  = map { /`(\w+)`/g } map { (split /\|/)[1] } split /\n/, $status;

my ($exit, $out) = start_demo();
is($exit, 0, 'the demo starts') or die 'no demo';
like($out, qr/^demo: .*sample feed.* 752 rows, \d+ s$/m, 'it plays in the sample feed');
like($out, qr/^demo: .*pg_cron.* 2 jobs, \d+ s$/m,         'and schedules');

($exit) = run_commands(join '', map {": \"\${$_:?}\"\n"} $names =~ /\w+/g);
is($exit, 0, "its environment has $names");

cmp_ok(@samples, '>=', 4, 'the manual has sample requests, each with its answer');
while (my ($request, $answer) = splice @samples, 0, 2) {
    ($exit, $out) = run_commands($request);
    is("$exit $out", "0 $answer", 'the answer is the one that the manual prints');
}

# A superuser runs each query in a transaction of its own, which is rolled back. Queries that create accounts need a
# database without those of the demo, and the macros are Grafana's.
cmp_ok(scalar(grep { defined } @queries), '>', @queries / 2, 'the manual has queries, some with their output');
while (my ($query, $output) = splice @queries, 0, 2) {
    my $before = $query =~ /INSERT INTO active_calls\.account/ ? 'TRUNCATE active_calls.account, active_calls.api_access;' : '';
    my %macro = (From => "now() - interval '1 hour'", To => 'now()');
    $query =~ s/\$__time(From|To)\(\)/$macro{$1}/g;
    ($exit, $out) = run_commands(<<"SH");
PGTZ=UTC psql -XqU postgres -v ON_ERROR_STOP=1 -P footer=off <<'SQL'
BEGIN; $before
$query
ROLLBACK;
SQL
SH
    is($exit, 0, 'a query of the manual') or diag($query);
    is($out =~ s/ +$//gmr, "$output\n", 'it gives what the manual prints') if defined $output;
}

($exit, $out) = run_commands($send);
is($exit, 0, 'a call is sent, and the status asked for');
my ($code, %status) = ($out =~ /\A(\d+)$/m, $out =~ /^(\w+) +\| ?(.*)$/gm);
is($code, 200, 'the call is taken');
is_deeply([ sort keys %status ], [ sort @columns ], 'the status has the columns that the manual names');
is($status{accounts}, 50, 'and all accounts');
cmp_ok($status{sealed_rows}, '>', 100_000, 'and the day');
(undef, $out) = run_commands(<<'SH');
psql -Atc "SELECT count(*) FROM active_calls.inbox WHERE dst_prefix_routing = '380710022617' AND src_prefix_routing IS NULL"
SH
is($out, "1\n", 'the call is there');

(undef, $out) = run_commands('printf "%s\n" "$URL" "$ADMIN_URL" "$FEED_URL" "$PGHOST/.s.PGSQL.$PGPORT"');
my ($socket)   = $out =~ m{^(/.*)$}m;
my @ports      = $out =~ m{^http://127\.0\.0\.1:(\d+)$}gm;
my $open_ports = sub { return scalar grep { eval { connect_to($_, 1) } } @ports };
is($open_ports->(), 3, 'three ports are open');
ok(-S $socket, 'and a socket');

($exit, $out) = stop_demo();
is("$exit $out", "0 demo: stopped the shim\ndemo: stopped PostgreSQL\n", 'the demo stops');
is_deeply([ processes() ], [], 'none of its processes runs');
is($open_ports->(), 0, 'its ports are closed');
ok(!-e $socket,           'its socket is gone');
ok(!-e "$build/demo/env", 'and its environment');

($exit, $out) = stop_demo();
is("$exit $out", "0 demo: nothing is up\n", 'stopped again, it says that there is nothing');
done_testing;
