# Shows that pg_dump and pg_restore carry accounts, API accesses and calls, sealed or not, and that a restored database and
# a streaming replica answer the same series, whatever is sealed or unsealed there. And that the manual's way to dump and
# restore, while the feed goes on in both databases, also carries what was done to the tables.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Feed;
use ActiveCalls::Harness;
use ActiveCalls::Manual;
use ActiveCalls::Shim;
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

# Runs the manual's shell commands, with this database in the place of `calls`.
sub follow ($commands, $name)
{
    my $script = $commands =~ s/runuser -u postgres -- //gr =~ s/ calls(?=[ \n])/ $name/gr;
    open my $file, '>', "$folder/commands.sh" or die $!;
    print $file "set -e\ncd $folder\nexport PGHOST=@{[$node->host]} PGPORT=@{[$node->port]} PGUSER=postgres\n$script";
    close $file;
    return system_log('bash', "$folder/commands.sh") == 0;
}

# Posts a batch of 20 calls a time, each until it is answered 200, as long as the file $running is there; in a process
# of its own. Returns how to end it: that returns how many there were.
sub feed_on ($shim, $number, $running)
{
    append_to_file($running, '');
    my $pid = in_background(sub {
        my $count = 0;
        while (-e $running)
        {
            my $batch = $INSERT . batch($number + $count, 20);
            my $status = eval { post($shim, $batch)->{status} } // 0;
            append_to_file("$running.statuses", "$status\n");
            ++$count if $status == 200;
        }
    });
    return sub { unlink $running; waitpid $pid, 0; return scalar(() = slurp_file("$running.statuses") =~ /^200$/gm) };
}

subtest 'dumped and restored as the manual says, while calls are written' => sub {
    $database->sql(<<'SQL');
CREATE ROLE tenant LOGIN IN ROLE active_calls_reader;
ALTER TABLE active_calls.account ADD country text NOT NULL DEFAULT 'UA';
UPDATE active_calls.account SET country = 'PL' WHERE id = 8;
ALTER TABLE active_calls.inbox ENABLE ROW LEVEL SECURITY, REPLICA IDENTITY FULL, ADD CONSTRAINT no_future CHECK (duration < 2147483648);
ALTER TABLE active_calls.segment ENABLE ROW LEVEL SECURITY;
CREATE POLICY one_account ON active_calls.inbox FOR SELECT TO tenant USING (customer_acc_id = 7);
CREATE POLICY one_account ON active_calls.segment FOR SELECT TO tenant USING (customer_acc_id = 7);
CREATE POLICY feed ON active_calls.inbox FOR INSERT TO active_calls_writer WITH CHECK (true);
CREATE POLICY storage ON active_calls.inbox TO active_calls_keeper USING (true);
CREATE POLICY storage ON active_calls.segment TO active_calls_keeper USING (true);
CREATE TABLE written (snapshot_timestamp timestamptz);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
    $$ BEGIN INSERT INTO public.written VALUES (NEW.snapshot_timestamp); RETURN NEW; END $$;
CREATE TRIGGER note AFTER INSERT ON active_calls.inbox FOR EACH ROW EXECUTE FUNCTION note();
SQL
    my ($dump, $restore) = code_below('sql/operation.md', 'Backup and restore');
    ok($restore =~ s/^for role in .*\n//, 'the roles are there already');

    my $per_batch = 'SELECT snapshot_timestamp, count(*) FROM active_calls.calls'
      . " WHERE snapshot_timestamp >= '2026-02-01Z' AND duration > 0 GROUP BY 1 HAVING count(*) <> 20";
    my $old_shim = start_shim(database => $database, feed => 1);
    my $end_old  = feed_on($old_shim, 0, "$folder/old");
    ok(wait_until(60, sub { $database->sql('SELECT count(*) >= 100 FROM written') eq 't' }), 'calls are being written');
    ok(follow($dump, 'active_calls_test'), 'dumped');
    my $written = $database->sql('SELECT count(*) FROM written');
    ok(wait_until(60, sub { $database->sql("SELECT count(*) > $written FROM written") eq 't' }), 'and they still are');
    my $old_batches = $end_old->();
    $database->sql('SELECT active_calls.seal()', 'active_calls_keeper');

    # The feed of the new database begins before that is there.
    my $new      = bless { node => $node, name => 'restored' }, 'RestoredDatabase';
    my $new_shim = start_shim(database => $new, feed => 1, args => [ '--pool-timeout', '200ms' ]);
    my $end_new  = feed_on($new_shim, 20_000, "$folder/new");
    ok(follow($restore, 'restored'), 'restored');
    ok(wait_until(60, sub { -e "$folder/new.statuses" && slurp_file("$folder/new.statuses") =~ /^200$/m }), 'and the feed goes on there');
    my $new_batches = $end_new->();
    like(slurp_file("$folder/new.statuses"), qr/\A(?:503\n)+(?:200\n)+\z/, 'with 503 until all was there');

    my $sql = sub ($statement, $role = 'postgres') { return $node->safe_psql('restored', $statement, extra_params => [ '-U', $role ]) };
    is($sql->($contents =~ s/FROM active_calls.calls\n/FROM active_calls.calls WHERE snapshot_timestamp < '2026-02-01Z'\n/r) =~ s/^(?:account|grants)\|.*\n?//gmr,
        $expected =~ s/^(?:account|grants)\|.*\n?//gmr, 'all that was there');
    is($sql->('SELECT active_calls.seal()', 'active_calls_keeper') > 0, 1, 'the keeper seals');
    is($sql->($per_batch), '', 'each batch is there as a whole, and once');
    my $batches = "SELECT count(DISTINCT snapshot_timestamp) FROM active_calls.calls WHERE snapshot_timestamp >= '%s' AND snapshot_timestamp < '%s'";
    is($sql->(sprintf $batches, '2026-02-14 21:20Z', 'infinity'), $new_batches, 'all that the new feed has had confirmed');
    my $carried = $sql->(sprintf $batches, '2026-02-01Z', '2026-02-14 21:20Z');
    ok($carried >= 5 && $carried <= $old_batches, "and a beginning of the old one's: $carried of $old_batches");

    my $accounts = 'SELECT string_agg(DISTINCT customer_acc_id::text, \',\') FROM active_calls.calls';
    is($sql->($accounts, 'tenant'), 7, 'row security is in force');
    isnt($sql->($accounts), 7, 'and hides something');
    is($sql->("SELECT country FROM active_calls.account WHERE id = 8"), 'PL', 'a column is carried');
    is($sql->('SELECT count(*) FROM written'), 20 * ($carried + $new_batches), 'the trigger has seen each call once');
    is($sql->('SELECT string_agg(statement, chr(10)) FROM active_calls.table_changes()'),
        $database->sql('SELECT string_agg(statement, chr(10)) FROM active_calls.table_changes()'), 'and so is all the rest');
    is($sql->("SELECT datconnlimit FROM pg_database WHERE datname = 'restored'"), -1, 'all may connect again');
};

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

# The restored database, as a shim connects to it.
package RestoredDatabase;

sub conninfo ($self, $role = 'active_calls_shim') { return $self->{node}->connstr($self->{name}) . " user=$role" }
