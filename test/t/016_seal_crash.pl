# Kills the server with all of its processes while calls are written, sealed and unsealed, again and again, and counts
# after each recovery: every call that was acknowledged is there, exactly once, in one store or the other.
# ACTIVE_CALLS_SEED=N kills at other moments.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Harness;
use IPC::Open2;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

time_limit(300);

my $ROUNDS = 20;
my $BATCH  = 20;       # rows of an INSERT
my $FIRST  = 20_000;   # rows at the beginning: so many that it takes a while to seal them

srand($ENV{ACTIVE_CALLS_SEED} // 20260101);

my $database = ActiveCalls::Database->create;
my $node     = $database->{node};
my $folder   = PostgreSQL::Test::Utils::tempdir;
my @psql     = ($node->installed_command('psql'), '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', $node->connstr('active_calls_test'));

# Everything about a row follows from its number, which stands in `duration`.
sub insert_rows ($from, $to)
{
    return <<"SQL" =~ s/\s+/ /gr;
INSERT INTO active_calls.inbox
SELECT '2026-01-01 00:00Z'::timestamptz + n / 200 * interval '1 minute', (ARRAY[7, 8, 21])[1 + n % 3], n % 5, NULL, '380' || n,
       repeat('x', n % 40), n, NULL, n / 4.0
FROM generate_series($from, $to - 1) AS n
SQL
}

# Writes batch after batch from row $row on, until the server is gone, and notes in $file the end of each that was acknowledged.
sub write_calls ($row, $file)
{
    open my $noted, '>>', $file or die "$file: $!";
    $noted->autoflush(1);
    my $pid = open2(my $from_psql, my $to_psql, @psql);
    $to_psql->autoflush(1);
    local $SIG{PIPE} = 'IGNORE';
    while (1)
    {
        my $end = $row + $BATCH;
        print $to_psql insert_rows($row, $end) . ";\nSELECT $end;\n" or last;
        last if ($from_psql->getline // '') ne "$end\n";
        print $noted "$end\n";
        $row = $end;
        sleep 0.005;
    }
    waitpid $pid, 0;
    return;
}

# Moves everything from one store to the other and back, small steps between, until the server is gone.
sub keep_calls ()
{
    my $file = "$folder/keeper.sql";
    append_to_file($file, ("SELECT active_calls.seal('0');\n" x 5 . "SELECT active_calls.unseal('-infinity', 'infinity');\n"
              . "SELECT active_calls.seal('0');\nSELECT active_calls.unseal('2026-01-01 00:30Z', '2026-01-01 01:00Z');\n") x 1000)
      if !-e $file;
    system @psql, '-o', '/dev/null', '-f', $file;
    return;
}

$database->sql('DELETE FROM active_calls.inbox');
$database->sql(insert_rows(0, $FIRST));
my $written = $FIRST;
my ($waited, $sealed) = (0, 0);

for my $round (1 .. $ROUNDS)
{
    my $acknowledged_file = "$folder/acknowledged.$round";
    my $writer = in_background(sub { write_calls($written, $acknowledged_file) });
    my $keeper = in_background(sub { keep_calls() });
    wait_until(30, sub { -s $acknowledged_file }) or die 'nothing was written';
    sleep rand(0.5);
    $database->kill;
    waitpid $_, 0 for $writer, $keeper;
    $database->start;

    my ($acknowledged) = reverse split /\n/, slurp_file($acknowledged_file);
    my ($rows, $distinct, $last, $changed, $waiting) = split /\|/, $database->sql(<<'SQL');
SELECT count(*), count(DISTINCT duration), max(duration), count(*) FILTER (WHERE
           snapshot_timestamp <> '2026-01-01 00:00Z'::timestamptz + duration / 200 * interval '1 minute'
           OR customer_acc_id <> (ARRAY[7, 8, 21])[1 + duration % 3] OR src_country_id <> duration % 5
           OR dst_country_id IS NOT NULL OR src_prefix_routing <> '380' || duration
           OR dst_prefix_routing <> repeat('x', duration % 40) OR auth_orig_ip IS NOT NULL OR customer_price <> duration / 4.0),
       (SELECT count(*) FROM active_calls.inbox)
FROM active_calls.calls
SQL
    my $counted = $database->sql(<<'SQL');
SELECT sum(series.calls) FROM active_calls.account, LATERAL active_calls.origination_active_calls(uuid, '2026-01-01 00:00Z', '2026-01-08 00:00Z') AS series
SQL

    # The last batch may have been committed and not acknowledged.
    my $end = $last + 1;
    ok($end == $acknowledged || $end == $acknowledged + $BATCH, "round $round: all that was acknowledged is there")
      or diag("acknowledged up to $acknowledged, there up to $end");
    is("$rows $distinct $changed $counted", "$end $end 0 $end", "round $round: every call is there once, unchanged, and counted");
    $written = $end;
    note("round $round: $waiting of $rows calls are in the inbox");
    $waited += $waiting;
    $sealed += $rows - $waiting;
}
cmp_ok($waited, '>', 0, 'calls have waited');
cmp_ok($sealed, '>', 0, 'calls were sealed');

cmp_ok($database->sql("SELECT active_calls.seal('0')"), '>=', 0, 'seal works');
is($database->sql('SELECT count(*) FROM active_calls.inbox'), 0, 'and seals all');
is($database->sql('SELECT sum(row_count) FROM active_calls.segment'), $written, 'to where it belongs');
is($database->sql("SELECT active_calls.unseal('-infinity', 'infinity')"), $written, 'unseal works');

done_testing();
