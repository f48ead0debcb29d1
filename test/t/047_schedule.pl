# Shows the schedule with a server that loads pg_cron: what schedule() sets up, that the jobs run, what they drop and what
# they keep, what it says where pg_cron is not there, and that uninstalling as the manual says leaves pg_cron in order.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Harness;
use ActiveCalls::Manual;
use PostgreSQL::Test::Utils;
use Test::More;

time_limit(400);

my $database = ActiveCalls::Database->create;
my $node     = $database->{node};

# The error of a statement of the keeper's, as SQLSTATE: message, and its hint.
sub error_of ($statement)
{
    my (undef, undef, $error) = $node->psql('active_calls_test', "\\set VERBOSITY verbose\n$statement",
        extra_params => [ '-U', 'active_calls_keeper' ]);
    my ($message) = $error =~ /ERROR:  (\w{5}: [^\n]*)/;
    my ($hint)    = $error =~ /HINT:  ([^\n]*)/;
    return join ' | ', grep { defined } $message, $hint;
}

sub jobs ()
{
    return $database->sql('SELECT jobname, schedule, command, username, database FROM cron.job ORDER BY jobname COLLATE "C"');
}

for my $function (qw(schedule unschedule))
{
    is(error_of("SELECT active_calls.$function()"),
        '0A000: pg_cron is not installed in this database | Install its package, set shared_preload_libraries = \'pg_cron\''
          . ' and cron.database_name = \'active_calls_test\' in postgresql.conf, restart the server, and CREATE EXTENSION'
          . ' pg_cron; or call seal() from another scheduler.',
        "$function() without pg_cron says what to do");
}

$node->append_conf('postgresql.conf', <<'CONF');
shared_preload_libraries = 'pg_cron'
cron.database_name = 'active_calls_test'
cron.use_background_workers = on
CONF
$node->restart;
$database->sql('CREATE EXTENSION pg_cron');
like(error_of('SELECT active_calls.schedule()'), qr/^42501: permission denied for schema cron/, 'the keeper needs pg_cron\'s schema');
$database->sql('GRANT USAGE ON SCHEMA cron TO active_calls_keeper');

my $seal = 'active_calls seal|* * * * *|SELECT active_calls.seal()|active_calls_keeper|active_calls_test';

subtest 'what is set up' => sub {
    my $drop = sub ($interval, $at = '30 3 * * *') {
        return "active_calls drop_before|$at|SELECT active_calls.drop_before((pg_catalog.now() AT TIME ZONE 'UTC'"
          . " OPERATOR(pg_catalog.-) '$interval'::pg_catalog.interval) AT TIME ZONE 'UTC')|active_calls_keeper|active_calls_test";
    };
    my @steps = (
        [ 'schedule()', 1, $seal ],
        [ "schedule(retain => '90 days')", 2, $drop->('90 days'), $seal ],
        [ "schedule('*/5 * * * *', '1 year 2 mons 3 days 04:05:06.7', '0 1 * * 0')", 2,
            $drop->('1 year 2 mons 3 days 04:05:06.7', '0 1 * * 0'), $seal =~ s/\* /*\/5 /r ],
        [ "schedule(retain => '0.000001 s')", 2, $drop->('00:00:00.000001'), $seal ],
        [ 'schedule()',   1, $seal ],
        [ 'unschedule()', 1 ],
        [ 'unschedule()', 0 ],
        [ "schedule(retain => '1 day')", 2, $drop->('1 day'), $seal ]);
    for my $step (@steps)
    {
        my ($call, $count, @jobs) = @$step;
        is($database->sql("SET intervalstyle = iso_8601; SELECT active_calls.$call", 'active_calls_keeper'), $count, $call);
        is(jobs(), join("\n", @jobs), "$call: the jobs");
    }

    # Jobs of other roles, and other jobs, stay as they are, unless the caller may see all.
    $database->sql("SELECT cron.schedule('another', '0 0 * * *', 'SELECT 1')");
    $database->sql("CREATE ROLE second_keeper LOGIN; GRANT active_calls_keeper TO second_keeper");
    is($database->sql('SELECT active_calls.unschedule()', 'second_keeper'), 0, 'a keeper sees no jobs of another');
    is($database->sql('SELECT active_calls.schedule()', 'second_keeper'), 1, 'and sets up its own');
    is($database->sql('SELECT count(*) FROM cron.job'), 4, 'beside them');
    is($database->sql('SELECT active_calls.unschedule()'), 3, 'a superuser takes all away');
    is($database->sql('SELECT jobname FROM cron.job'), 'another', 'and no other job');
};

subtest 'jobs of other roles' => sub {
    my $warning_of = sub ($role, $call) {
        my (undef, undef, $said) = $node->psql('active_calls_test', "\\set VERBOSITY verbose\nSELECT active_calls.$call",
            extra_params => [ '-U', $role ]);
        return join ' | ', $said =~ /(?:WARNING|DETAIL|HINT):  ([^\n]*)/g;
    };
    my $warning = sub ($roles) {
        return "01000: there are jobs of schedule() of other roles too: $roles"
          . ' | Calls are dropped as soon as one of the jobs does so: the shortest retention is in force.'
          . ' | Let a superuser call active_calls.unschedule(), which removes the jobs of all roles. Then call schedule() as one role only.';
    };
    is($warning_of->('postgres', "schedule(retain => '30 days')"), '', 'the first');
    is($warning_of->('postgres', "schedule(retain => '31 days')"), '', 'the same role again');
    is($warning_of->('active_calls_keeper', "schedule(retain => '400 days')"), $warning->('postgres'), 'another role, which cannot see the first');
    $database->sql("CREATE ROLE \"Third; keeper\" LOGIN; GRANT active_calls_keeper TO \"Third; keeper\"");
    is($warning_of->('Third; keeper', 'schedule()'), $warning->('active_calls_keeper, postgres'), 'a third');
    is($warning_of->('active_calls_keeper', 'schedule()'), $warning->('"Third; keeper", postgres'), 'and one of them again');
    $database->sql("SELECT cron.unschedule(jobid) FROM cron.job WHERE username <> 'active_calls_keeper' AND jobname <> 'another'");
    is($warning_of->('active_calls_keeper', 'schedule()'), '', 'when the others have none any more');
    is($database->sql('SELECT * FROM active_calls.scheduling_roles()', 'active_calls_keeper'), 'active_calls_keeper', 'who has jobs');
    is($warning_of->('postgres', 'unschedule()'), '', 'and then nobody');
    is($database->sql('SELECT count(*) FROM active_calls.scheduling_roles()', 'active_calls_keeper'), 0, 'has any');
};

subtest 'what is refused' => sub {
    my $retain = '22023: invalid value retain | It is a positive, finite length of time, such as 90 days; null to keep calls for ever.';
    my %error_of = (
        "retain => '0'"                => $retain,
        "retain => '-1 day'"           => $retain,
        "retain => '1 month -30 days'" => $retain,
        "retain => '1 month -29 days'" => $retain,
        "retain => '1 day -1 second'"  => $retain,
        "retain => '-1 month 90 days'" => $retain,
        "retain => '300000 years'"     => '22008: timestamp out of range',
        'seal => NULL'                 => '22004: seal must not be null',
        'retain_at => NULL'            => '22004: retain_at must not be null');
    is(error_of("SELECT active_calls.schedule($_)"), $error_of{$_}, $_) for sort keys %error_of;
    like(error_of("SELECT active_calls.schedule($_)"), qr/^\w{5}: invalid schedule/, "$_: pg_cron's own error")
        for "'every minute'", "retain => '1 day', retain_at => '99 3 * * *'";
    is(jobs() =~ s/\n.*//sr =~ s/\|.*//r, 'another', 'nothing was set up');
};

# The command that the schedule has for this retention.
sub drop_as_scheduled ($retain)
{
    $database->sql("SELECT active_calls.schedule(retain => '$retain')", 'active_calls_keeper');
    my $command = $database->sql("SELECT command FROM cron.job WHERE jobname = 'active_calls drop_before'");
    $database->sql('SELECT active_calls.unschedule()', 'active_calls_keeper');
    return $command;
}

subtest 'what is dropped, to the microsecond' => sub {
    for my $zone ('UTC', 'America/New_York', 'Pacific/Auckland')
    {
        for my $retain ('1 microsecond', '90 days', '200 days', '1 day 1 second')
        {
            my $command = drop_as_scheduled($retain);
            my $rows    = $database->sql(<<"SQL");
SET timezone = '$zone';
DELETE FROM active_calls.inbox; DELETE FROM active_calls.segment;
BEGIN;
-- Ages in seconds: a day has 86400 of them, whether clocks are put forward or back in between.
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, duration, customer_price)
SELECT now() - make_interval(secs => extract(epoch FROM interval '$retain')::float8) + microseconds * interval '1 microsecond', 7, microseconds, 0
FROM unnest(ARRAY[-1, 0, 1]) AS microseconds;
SET LOCAL ROLE active_calls_keeper;
$command;
RESET ROLE;
SELECT duration FROM active_calls.inbox ORDER BY duration;
ROLLBACK;
SQL
            is($rows, "1\n0\n1", "$retain in $zone: only what is older");
        }
    }
};

subtest 'the jobs run' => sub {
    $database->sql(<<'SQL');
DELETE FROM active_calls.inbox; DELETE FROM active_calls.segment; DELETE FROM active_calls.last_seal;
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, duration, customer_price)
SELECT now() - age, account, 0, 0
FROM (VALUES (7, interval '3 hours'), (7, '2 hours 1 minute'), (8, '1 hour'), (8, '10 minutes')) AS v (account, age);
SQL
    # One job after the other: a drop_before at the same moment would keep `seal` from its turn until the next minute.
    $database->sql('SELECT active_calls.schedule()', 'active_calls_keeper');
    ok(wait_until(150, sub { $database->sql('SELECT count(*) FROM active_calls.inbox') eq '0' }), 'the keeper\'s job seals');
    $database->sql("SELECT active_calls.schedule(retain => '2 hours', retain_at => '* * * * *')", 'active_calls_keeper');
    ok(wait_until(150, sub { $database->sql('SELECT count(*) FROM active_calls.calls WHERE customer_acc_id = 7') eq '0' }),
        'and its other job drops');
    is($database->sql('SELECT count(*) FROM active_calls.calls WHERE customer_acc_id = 8'), 2, 'what is younger is there');
    is($database->sql('SELECT DISTINCT username || \' \' || status FROM cron.job_run_details'), 'active_calls_keeper succeeded', 'both as the keeper');
    ok($database->sql('SELECT last_seal > now() - interval \'3 minutes\' FROM active_calls.status', 'active_calls_reader') eq 't', 'status shows it');
    is($database->sql('SELECT active_calls.unschedule()', 'active_calls_keeper'), 2, 'taken away');
    is($database->sql("DELETE FROM cron.job_run_details WHERE end_time < now() - interval '7 days'; SELECT 1", 'active_calls_keeper'), 1,
        'the keeper may delete the log of its jobs');
};

subtest 'dumped' => sub {
    $database->sql('SELECT active_calls.schedule()', 'active_calls_keeper');
    my $folder = PostgreSQL::Test::Utils::tempdir;
    my $source = $node->connstr('active_calls_test');
    $node->command_like([ 'pg_dump', $source ], qr/^COPY cron\.job .*?\tactive_calls seal$/ms, 'a dump carries the jobs');
    $node->command_ok([ 'pg_dump', '-e', 'active_calls', '-Fc', '-f', "$folder/dump", $source ], 'dumped without pg_cron');
    $node->safe_psql('postgres', 'CREATE DATABASE beside TEMPLATE template0');
    $node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('beside'), "$folder/dump" ], 'restored beside');
    my ($renamed) = slurp_file(required_env('ACTIVE_CALLS_SQL') . '/operation.md') =~ /`(UPDATE cron\.job [^`]*)`/;
    $database->sql("UPDATE cron.job SET database = 'old', nodeport = 1; $renamed");
    is($database->sql("SELECT DISTINCT database, nodeport FROM cron.job"), 'active_calls_test|' . $node->port, 'jobs made those of this server');
    $node->safe_psql('postgres', 'DROP DATABASE beside');
};

# A job of a role that is no more ends pg_cron's launcher, again and again.
subtest 'uninstalled as the manual says' => sub {
    my ($schedule)  = grep { /active_calls\.schedule/ } code_below('sql/operation.md', 'Schedule');
    my ($uninstall) = grep { /DROP EXTENSION/ } code_below('sql/operation.md', 'Uninstalling');
    $database->sql("SELECT cron.unschedule(jobid) FROM cron.job; DROP ROLE second_keeper, \"Third; keeper\"; TRUNCATE cron.job_run_details");
    $database->sql($schedule =~ s/CREATE EXTENSION pg_cron;//r);
    is($database->sql("SELECT string_agg(jobname, ', ' ORDER BY jobname) FROM cron.job WHERE username = 'active_calls_keeper'"),
        'active_calls drop_before, active_calls seal, cron log', 'three jobs are set up');
    $database->sql("SELECT active_calls.schedule(retain => '30 days')");
    $database->sql("SELECT cron.schedule('witness', '* * * * *', 'SELECT 1')");

    my $log = -s $node->logfile;
    is($node->psql('active_calls_test', $uninstall, on_error_stop => 1), 0, 'uninstalled');
    is($database->sql("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'active\\_calls\\_%'"), 0, 'no role is left');
    is($database->sql("SELECT string_agg(jobname, ', ') FROM cron.job"), 'witness', 'nor a job, but that of somebody else');
    ok(wait_until(150, sub { $database->sql("SELECT count(*) FROM cron.job_run_details WHERE status = 'succeeded'") > 0 }), 'which runs');
    unlike(substr(slurp_file($node->logfile), $log), qr/pg_cron launcher/, 'as the launcher lives');

    $database->sql("SELECT cron.unschedule('witness'); DROP EXTENSION pg_cron");
    $database->sql('CREATE EXTENSION active_calls');
    $database->sql(slurp_file(required_env('ACTIVE_CALLS_SQL') . '/roles.sql'));
    is($node->psql('active_calls_test', $uninstall, on_error_stop => 1), 0, 'and without pg_cron');
};

$node->stop('fast');
done_testing();
