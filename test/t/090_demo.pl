# Does what a newcomer does first: starts the demo, runs what README.md says under "Try it", word for word, compares with
# what it prints there, and stops the demo. In a folder of its own, so that a demo that is up stays up.
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

# PGBIN is there already; and the user of the servers is who runs this.
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

sub start_demo () { return run_there("$top/test/demo/start.sh") }
sub stop_demo ()  { return run_there("$top/test/demo/stop.sh") }

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

# What README.md says: commands, what they print, and the columns of the view that an operator looks at.
my $readme   = slurp_file("$top/README.md");
my ($try_it) = $readme =~ /^## Try it\n(.*?)^## /ms;
my @commands = $try_it =~ /^```sh\n(.*?)^```$/gms;
my ($ask)    = grep {m{/origination-active-calls}} @commands;
my ($names)  = $ask    =~ m{^\. build/demo/env\s+# (.*)}m;
my ($send)   = grep {/INSERT INTO active_calls/} @commands;
my @samples  = $readme =~ /^```sh\n([^`]*"\$URL\/[^`]*)^```\n\n```json\n(.*?)\n```$/gms;    # request, answer, ...
my ($status) = $readme =~ /^\| of `status`, one row \|.*?\n(.*?)\n\n/ms;
my @columns  = map { /`(\w+)`/g } map { (split /\|/)[1] } split /\n/, $status;

my ($exit, $out) = start_demo();
is($exit, 0, 'the demo starts') or die 'no demo';
like($out, qr/^demo: .*sample feed.* 752 rows, \d+ s$/m, 'it plays in the sample feed');
like($out, qr/^demo: .*pg_cron.* 2 jobs, \d+ s$/m,         'and schedules');

($exit) = run_commands(join '', map {": \"\${$_:?}\"\n"} $names =~ /\w+/g);
is($exit, 0, "its environment has $names");

cmp_ok(@samples, '>=', 4, 'README.md has sample requests, each with its answer');
while (my ($request, $answer) = splice @samples, 0, 2) {
    ($exit, $out) = run_commands($request);
    is("$exit $out", "0 $answer", 'the answer is the one that README.md prints');
}

($exit, $out) = run_commands($send);
is($exit, 0, 'a call is sent, and the status asked for');
my ($code, %status) = ($out =~ /\A(\d+)$/m, $out =~ /^(\w+) +\| ?(.*)$/gm);
is($code, 200, 'the call is taken');
is_deeply([ sort keys %status ], [ sort @columns ], 'the status has the columns that README.md names');
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
