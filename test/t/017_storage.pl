# Shows what sealed calls cost: how much disk a day of them takes, which segments and columns a question reads, that VACUUM
# brings space back, that a million waiting rows are sealed in little memory, and that a seal which is interrupted or fails
# leaves nothing behind.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Harness;
use PostgreSQL::Test::BackgroundPsql;
use Test::More;
use Time::HiRes qw(sleep time);

time_limit(300);

my $database = ActiveCalls::Database->create;
my $node     = $database->{node};
$database->sql('DELETE FROM active_calls.inbox; ALTER TABLE active_calls.inbox SET (autovacuum_enabled = off);'
      . ' ALTER TABLE active_calls.segment SET (autovacuum_enabled = off, toast.autovacuum_enabled = off)');

# SQL that writes $minutes snapshots of $calls calls of account 7, whose countries and prices begin at $base.
sub insert_calls ($first, $minutes, $calls, $base = 0)
{
    return <<"SQL";
INSERT INTO active_calls.inbox
SELECT '$first'::timestamptz + minute * interval '1 minute', 7, $base + call % 10, NULL, '380' || call * 7919, 'name ' || call,
       minute * 60, '10.0.0.1', $base + call % 8 / 8.0
FROM generate_series(0, $minutes - 1) AS minute, generate_series(1, $calls) AS call;
SQL
}

# The cost of a question, as active_calls.log_scan logs it, by name.
sub cost_of ($arguments)
{
    my ($result, $output, $error) = $node->psql('active_calls_test', <<"SQL");
SET client_min_messages = log;
SET active_calls.log_scan = on;
SELECT sum(calls) FROM active_calls.origination_active_calls('$ACCOUNT_7', $arguments);
SQL
    my @lines = $error =~ /LOG:  (.*)/g;
    is(@lines, 1, "one line in the log: $arguments");
    like($lines[0], qr/^active calls: \d+ segments \(\d+ skipped, \d+ read\), \d+ bytes detoasted, \d+ inbox rows, \d+\.\d{3} ms$/,
        'in its form');
    my %cost = (calls => $output);
    @cost{qw(segments skipped read bytes inbox)} = $lines[0] =~ /(\d+) (?=segments|skipped|read|bytes|inbox)/g;
    return \%cost;
}

# This is the first test, since what others leave in the files would count too.
subtest 'a day of calls' => sub {
    my $simulate = required_env('ACTIVE_CALLS_SIMULATE') . ' --accounts 20 --until 2026-01-02T00:00:00Z --format copy';
    $database->sql($_) for "COPY active_calls.inbox FROM PROGRAM '$simulate'", 'SELECT active_calls.seal()',
        'VACUUM active_calls.inbox, active_calls.segment';
    my ($rows, $per_row) = split /\|/, $database->sql('SELECT sealed_rows, bytes_per_row FROM active_calls.status');
    my $largest = $database->sql('SELECT bytes_per_row FROM active_calls.account_status ORDER BY sealed_rows DESC LIMIT 1');
    note("$rows rows: $per_row bytes a row in the whole store, $largest of the largest account");
    cmp_ok($rows,    '>', 100_000, 'is sealed');
    cmp_ok($per_row, '<', 9,       'takes less than 9 bytes a row, with indexes');
    cmp_ok($largest, '<', 5,       'and of the largest account less than 5');
    $database->sql("SELECT active_calls.drop_before('infinity')");
    $database->sql("VACUUM active_calls.$_") for qw(inbox segment);
};

subtest 'what a question reads' => sub {
    my @hours = (0, 20, 40);    # where countries and prices begin
    for my $hour (0 .. 2)
    {
        $database->sql(insert_calls("2026-01-01 0$hour:00Z", 60, 800, $hours[$hour]));
        $database->sql('SELECT active_calls.seal(); UPDATE active_calls.segment SET is_full = true');
    }
    $database->sql(insert_calls('2026-01-01 03:00Z', 1, 10));
    my $day = "'2026-01-01 00:00Z', '2026-01-01 23:59Z'";

    my $cost = sub ($arguments, $segments, $skipped, $inbox, $calls) {
        my $cost = cost_of($arguments);
        is("@$cost{qw(segments skipped read inbox calls)}", join(' ', $segments, $skipped, $segments - $skipped, $inbox, $calls), "cost: $arguments");
        return $cost->{bytes};
    };
    is($cost->($day, 3, 0, 10, 3 * 60 * 800 + 10), 0, 'without a filter, nothing is fetched');
    $cost->("'2026-01-01 00:30Z', '2026-01-01 01:29Z'", 2, 0, 0,  60 * 800);
    $cost->("'2026-01-01 03:00Z', '2026-01-01 03:00Z'", 0, 0, 10, 10);
    $cost->("'2025-01-01 00:00Z', '2025-01-01 01:00Z'", 0, 0, 0,  0);
    $cost->("'2026-01-01 01:30:01Z', '2026-01-01 01:30:59Z'", 1, 1, 0, '');
    $cost->("'2200-01-01 00:00Z'", 0, 0, 0, '');

    # Bounds of countries, durations and prices
    $cost->("$day, src_country_id => 23",        3, 2, 10, 60 * 80);
    $cost->("$day, src_country_id => 15",        3, 3, 10, 0);
    $cost->("$day, dst_country_id => 1",         3, 3, 10, 0);
    $cost->("$day, duration_gt => 3540",         3, 3, 10, 0);
    $cost->("$day, duration_gt => 3539",         3, 0, 10, 3 * 800);
    $cost->("$day, duration_lt => 0",            3, 3, 10, 0);
    $cost->("$day, customer_price_gt => 21",     3, 2, 10, 60 * 800);
    $cost->("$day, customer_price_lt => 20",     3, 2, 10, 60 * 800 + 10);
    $cost->("$day, customer_price_eq => 40.125", 3, 2, 10, 60 * 100);

    # Only the columns that a filter is about
    my $size = sub ($columns) { $database->sql("SELECT sum($columns) FROM active_calls.segment") };
    my $runs = $size->('octet_length(runs)');
    for my $filter ([ src_prefix_routing => "src_prefix_routing_contains => '9'" ],
        [ dst_prefix_routing => "dst_prefix_routing_ends_with => '7'" ])
    {
        my ($column, $argument) = @$filter;
        my $bytes = cost_of("$day, $argument")->{bytes};
        cmp_ok($bytes, '>',  0, "$column is fetched");
        cmp_ok($bytes, '<=', $runs + $size->("octet_length($column)"), 'and nothing but that and where runs lie');
    }

    my (undef, undef, $error) = $node->psql('active_calls_test',
        "SET client_min_messages = log; SELECT FROM active_calls.origination_active_calls('$ACCOUNT_7', $day)");
    is($error, '', 'nothing is logged unless asked for');
    $database->sql("SELECT active_calls.drop_before('infinity')");
};

# Bytes of a relation's main fork, of its TOAST table and of its indexes.
sub sizes ($relation)
{
    my %size;
    @size{qw(heap toast indexes)} = split /\|/, $database->sql(<<"SQL");
SELECT pg_relation_size(oid), coalesce(pg_relation_size(NULLIF(reltoastrelid, 0)), 0), pg_indexes_size(oid)
FROM pg_class WHERE oid = 'active_calls.$relation'::regclass
SQL
    return \%size;
}

subtest 'VACUUM brings space back' => sub {
    # 1,000 characters that do not compress, of which each number has a part in either column
    my $random = "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 60) AS n)";
    my $long = "UPDATE active_calls.inbox SET src_prefix_routing = left($random, 1000), dst_prefix_routing = right($random, 1000) WHERE src_country_id = 1";
    my $vacuum = sub { $database->sql("VACUUM active_calls.$_") for qw(inbox segment) };

    # All that waits is sealed: the files of the inbox shrink to nothing.
    $database->sql($_) for insert_calls('2026-01-01 00:00Z', 50, 400), $long;
    my $full = sizes('inbox');
    cmp_ok($full->{$_}, '>', 1_000_000, "the inbox takes space: $_") for qw(heap toast);
    $database->sql('SELECT active_calls.seal()');
    $vacuum->();
    is(sizes('inbox')->{heap},  0, 'of an inbox that is all sealed, the heap shrinks to nothing');
    is(sizes('inbox')->{toast}, 0, 'and the TOAST table');

    # Some rows always wait: the space of the others is used again, also that of the indexes.
    my @of_round;
    for my $round (1 .. 5)
    {
        $database->sql(insert_calls("2026-01-0$round 12:00Z", 50, 400));
        push @of_round, sizes('inbox');
        $database->sql("SELECT active_calls.seal(now() - '2026-01-0$round 12:48Z')");
        $vacuum->();
    }
    note(join ', ', map { "heap $_->{heap}, indexes $_->{indexes}" } @of_round);
    cmp_ok($of_round[-1]{$_}, '<', 1.5 * $of_round[1]{$_}, "the inbox does not grow from round to round: $_") for qw(heap indexes);

    # Segments that grow are written anew, and what they were is used again.
    $database->sql("SELECT active_calls.drop_before('infinity')");
    $vacuum->();
    for my $minute (0 .. 119)
    {
        $database->sql(insert_calls(sprintf('2026-02-01 %02d:%02dZ', $minute / 60, $minute % 60), 1, 300) . 'SELECT active_calls.seal()');
        $vacuum->() if $minute % 10 == 9;
    }
    my $live = $database->sql(<<'SQL');
SELECT sum(pg_column_size(header) + pg_column_size(runs) + pg_column_size(duration) + pg_column_size(src_country_id) + pg_column_size(dst_country_id)
    + pg_column_size(src_prefix_routing) + pg_column_size(dst_prefix_routing) + pg_column_size(auth_orig_ip) + pg_column_size(customer_price))
FROM active_calls.segment
SQL
    my $grown = sizes('segment');
    note("live $live, heap $grown->{heap}, toast $grown->{toast}");
    cmp_ok($grown->{heap} + $grown->{toast}, '<', 5 * $live, 'segments that grew take little more than what they hold');

    # Dropped calls make room for new ones. When all are dropped, the files shrink to nothing.
    my @after_round;
    for my $day (1 .. 5)
    {
        $database->sql(insert_calls("2026-03-0$day 00:00Z", 60, 400) . 'SELECT active_calls.seal(); UPDATE active_calls.segment SET is_full = true');
        push @after_round, sizes('segment');
        $database->sql("SELECT active_calls.drop_before('2026-03-0$day 00:00Z')");
        $vacuum->();
    }
    note(join ', ', map { "heap $_->{heap}, toast $_->{toast}, indexes $_->{indexes}" } @after_round);
    cmp_ok($after_round[-1]{$_}, '<=', 1.5 * $after_round[1]{$_}, "with retention, segments do not grow: $_") for qw(heap toast indexes);
    $database->sql("SELECT active_calls.drop_before('infinity')");
    $vacuum->();
    is(sizes('segment')->{heap},  0, 'when all is dropped, the heap shrinks to nothing');
    is(sizes('segment')->{toast}, 0, 'and the TOAST table');
};

# Bytes of private memory of a process.
sub private_memory ($pid)
{
    open my $status, '<', "/proc/$pid/status" or return 0;
    my ($kilobytes) = join('', <$status>) =~ /^RssAnon:\s*(\d+) kB/m;
    return 1024 * ($kilobytes // 0);
}

# The backend that runs such a statement, as soon as there is one.
sub backend_of ($statement)
{
    return wait_until(30, sub { $database->sql("SELECT pid FROM pg_stat_activity WHERE query LIKE '$statement%' AND state = 'active'") })
      || die "nobody runs $statement";
}

# The most private memory of a backend until the process $pid, its client, has ended; and how often that was looked at.
sub watch_memory ($pid, $backend)
{
    my ($most, $samples) = (0, 0);
    while (waitpid($pid, POSIX::WNOHANG()) == 0)
    {
        my $memory = private_memory($backend);
        $most = $memory if $memory > $most;
        ++$samples;
        sleep 0.01;
    }
    return ($most, $samples);
}

subtest 'a million rows' => sub {
    # A few large accounts and many small ones; half of the rows have long names that are all different.
    $database->sql(<<'SQL');
INSERT INTO active_calls.inbox
SELECT '2026-01-01 00:00Z'::timestamptz + n / 5000 * interval '1 minute', (3000 * (n * 7919 % 5000 / 5000.0) ^ 3)::int, n % 200, n % 100,
       '380' || n * 104729 % 1000000000, CASE WHEN n % 2 = 0 THEN repeat(md5(n::text), 20) ELSE '49' || n END, n % 5000, '10.0.0.1'::inet + n % 5000, n / 7.0
FROM generate_series(0::bigint, 999999) AS n;
SQL
    my $stores = 'SELECT (SELECT count(*) FROM active_calls.inbox), (SELECT count(*) FROM active_calls.segment)';
    is($database->sql($stores), '1000000|0', 'wait');

    my $seal = sub ($settings = '') {
        return in_background(
            sub {
                my ($status, undef, $error) = $node->psql('active_calls_test', "$settings SELECT active_calls.seal()", on_error_stop => 1);
                die $error if $status;
            }
        );
    };
    my $pid = $seal->();
    my $backend = backend_of('SELECT active_calls.seal');
    sleep 0.3;
    my $cancelled = time;
    $database->sql("SELECT pg_cancel_backend($backend)");
    waitpid $pid, 0;
    isnt($?, 0, 'a seal is cancelled');
    cmp_ok(time - $cancelled, '<', 2, 'at once');
    is($database->sql($stores), '1000000|0', 'and has moved nothing');
    my (undef, undef, $error) = $node->psql('active_calls_test', 'SET statement_timeout = 200; SELECT active_calls.seal()');
    like($error, qr/canceling statement due to statement timeout/, 'a seal runs into its time limit');
    is($database->sql($stores), '1000000|0', 'and has moved nothing');

    $pid = $seal->();
    my ($most, $samples) = watch_memory($pid, backend_of('SELECT active_calls.seal'));
    is($?, 0, 'a seal that is left alone succeeds');
    note(sprintf '%d samples, at most %.0f MB', $samples, $most / 2**20);
    cmp_ok($samples, '>', 20, 'it was watched');
    cmp_ok($most, '<', memory_limit(88 * 2**20), 'and needs not much more than maintenance_work_mem');
    is($database->sql('SELECT count(*), (SELECT count(*) FROM active_calls.inbox) FROM active_calls.calls'), '1000000|0', 'it has moved all');
    $database->sql("SELECT active_calls.drop_before('infinity')");
    $database->sql("VACUUM active_calls.$_") for qw(inbox segment);    # else every later seal reads what is dead
};

subtest 'the longest numbers' => sub {
    # 400 MB, all different, of a few accounts and of many; and what is beyond the bound
    $database->sql(<<'SQL');
CREATE FUNCTION pg_temp.number(n bigint) RETURNS text LANGUAGE sql AS
    $$ SELECT translate(repeat(md5(n::text), 31), '0123456789abcdef', '😀😁😂😃😄😅😆😇😈😉😊😋😌😍😎😏') || n $$;
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, src_prefix_routing, dst_prefix_routing, duration, customer_price)
SELECT '2026-01-01 00:00Z'::timestamptz + n / 5000 * interval '1 minute', CASE WHEN n % 2 = 0 THEN n % 5 ELSE n % 3000 END,
       pg_temp.number(n), pg_temp.number(-n), n, 0
FROM generate_series(1::bigint, 50000) AS n;
ALTER TABLE active_calls.inbox DROP CONSTRAINT inbox_src_prefix_routing_check;
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, src_prefix_routing, duration, customer_price)
SELECT '2026-01-01 00:00Z', 7, repeat(md5(n::text), 32768), n, 0 FROM generate_series(1, 360) AS n;
ALTER TABLE active_calls.inbox ADD CONSTRAINT inbox_src_prefix_routing_check CHECK (char_length(src_prefix_routing) <= 1000) NOT VALID;
SQL
    my $pid = in_background(sub { $database->sql('SELECT active_calls.seal()') });
    my ($most, $samples) = watch_memory($pid, backend_of('SELECT active_calls.seal'));
    is($?, 0, 'are sealed');
    note(sprintf '%d samples, at most %.0f MB', $samples, $most / 2**20);
    cmp_ok($samples, '>', 20, 'it was watched');
    cmp_ok($most, '<', memory_limit(88 * 2**20), 'in as little memory');
    is($database->sql('SELECT count(*), (SELECT sum(row_count) FROM active_calls.segment) FROM active_calls.inbox'), '360|50000',
        'all but those that are longer than they may be');
    $database->sql("SELECT active_calls.drop_before('infinity')");
    $database->sql("VACUUM active_calls.$_") for qw(inbox segment);
};

# Each round seals all that waits, so that only the next calls are left.
subtest 'one account' => sub {
    my $made = 'SELECT last_value FROM active_calls.segment_id_seq';
    my $before = $database->sql($made);
    $database->sql(insert_calls('2026-01-01 00:00Z', 300, 6000));
    $database->sql('BEGIN; DECLARE half CURSOR FOR SELECT FROM active_calls.inbox; MOVE 900000 FROM half; ROLLBACK');    # seal does not go on there
    is($database->sql('SELECT active_calls.seal()'), 1_800_000, 'is sealed');
    is($database->sql($made) - $before, 28, 'each of its segments is written once, when it is full or the last one');
    $database->sql("SELECT active_calls.drop_before('infinity')");
    $database->sql("VACUUM active_calls.$_") for qw(inbox segment);
};

subtest 'long texts' => sub {
    # 200 MB in the rows, but few texts in segments
    $database->sql(<<'SQL');
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, src_prefix_routing, duration, customer_price)
SELECT '2026-01-01 00:00Z', 7, repeat('😀', 1000), n, 0 FROM generate_series(1, 50000) AS n;
SELECT active_calls.seal();
SQL
    my $pid = in_background(sub { $database->sql("SELECT active_calls.unseal('-infinity', 'infinity')") });
    my ($most, $samples) = watch_memory($pid, backend_of('SELECT active_calls.unseal'));
    is($?, 0, 'are unsealed');
    note(sprintf '%d samples, at most %.0f MB', $samples, $most / 2**20);
    cmp_ok($samples, '>', 5, 'it was watched');
    cmp_ok($most, '<', memory_limit(100 * 2**20), 'in less memory than they take together');
    is($database->sql('SELECT count(*), min(length(src_prefix_routing)) FROM active_calls.inbox'), '50000|1000', 'all of them');
    $database->sql('DELETE FROM active_calls.inbox');
    $database->sql('VACUUM active_calls.inbox');
};

subtest 'a thousand failing seals in one session' => sub {
    my $session = $database->session;
    $session->query_safe("\\set ON_ERROR_STOP 0\n\\set VERBOSITY sqlstate");
    $session->query_safe('SET jit = off');    # LLVM keeps memory of its own
    # A segment that grows, one that is damaged, and an account whose segments are refused
    $database->sql(insert_calls('2026-01-01 00:00Z', 10, 20) . <<'SQL');
SELECT active_calls.seal();
UPDATE active_calls.segment SET runs = '\x00', is_full = true;
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, src_prefix_routing, duration, customer_price)
SELECT '2026-01-01 00:00Z', account, repeat('name ', 10) || n, n, n FROM generate_series(1, 10) AS account, generate_series(1, 50) AS n;
SELECT active_calls.seal();
ALTER TABLE active_calls.segment ADD CONSTRAINT not_13 CHECK (customer_acc_id <> 13);
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, src_prefix_routing, duration, customer_price)
SELECT '2026-01-01 00:10Z', account, repeat('name ', 10) || n, n, n FROM generate_series(1, 13) AS account, generate_series(1, 50) AS n;
SQL
    my @failing = (
        'SELECT active_calls.seal();',
        "SELECT active_calls.unseal('-infinity', 'infinity');",
        "SELECT active_calls.seal('-1 minute');",
        'SELECT count(duration) FROM active_calls.calls;',
        "SELECT * FROM active_calls.origination_active_calls('$ACCOUNT_7', '2026-01-01 00:00Z', '2026-01-01 00:10Z', duration_gt => 1);",
    );
    my $memory = sub {
        return ($session->query_safe('SELECT sum(total_bytes) FROM pg_backend_memory_contexts'),
            private_memory($session->query_safe('SELECT pg_backend_pid()')));
    };
    my $stores = 'SELECT (SELECT count(*) FROM active_calls.inbox), (SELECT count(*) FROM active_calls.segment)';
    my $before = $database->sql($stores);
    my $fail   = sub ($rounds) {
        $session->query(join "\n", (@failing) x $rounds);
        my $errors = () = $session->{stderr} =~ /ERROR: /g;
        $session->{stderr} = '';
        is($errors, $rounds * @failing, "$errors statements failed");
    };
    $fail->(100);    # what a session keeps: plans, caches
    my ($contexts, $private) = $memory->();
    $fail->(100) for 1 .. 10;
    my ($contexts_after, $private_after) = $memory->();
    note("memory contexts $contexts -> $contexts_after bytes, private $private -> $private_after bytes");
    cmp_ok($contexts_after - $contexts, '<', 100_000,   'memory contexts have not grown');
    cmp_ok($private_after - $private, '<', memory_limit(2_000_000), 'the process has not grown');
    is($database->sql($stores), $before, 'and nothing has moved');

    $database->sql('ALTER TABLE active_calls.segment DROP CONSTRAINT not_13');
    is($session->query_safe('SELECT active_calls.seal()'), 650, 'then a seal works, in that session too');
    $session->quit;
};

done_testing();
