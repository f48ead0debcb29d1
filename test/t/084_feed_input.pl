# Shows the feed with what real switches and other clients of ClickHouse send: rows that are not well formed or do not
# fit, rows in every arrangement, settings in the URL, other time zones; and how what is not written is seen.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Feed;
use ActiveCalls::Harness;
use ActiveCalls::Http;
use ActiveCalls::Shim;
use JSON::PP;
use Test::More;

time_limit(120);

my $database = ActiveCalls::Database->create(calls => 0);
my $shim     = start_shim(database => $database, feed => 1);

# Numbers and names of callers, ordered by duration; all calls are taken away.
sub take_callers ()
{
    return $database->sql(<<'SQL');
WITH gone AS (DELETE FROM active_calls.inbox RETURNING *), forgotten AS (DELETE FROM active_calls.ingested_batch)
SELECT string_agg(coalesce(src_prefix_routing, '-'), ',' ORDER BY duration) FROM gone
SQL
}

sub status_is ($answer, $status, $name)
{
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($answer->{status}, $status, $name) || diag(explain($answer));
}

sub summary_of ($answer) { return decode_json($answer->{headers}{'x-clickhouse-summary'}) }

# How much each outcome of rows has moved while $action ran.
sub rows_moved ($action)
{
    my %before = $shim->metrics;
    $action->();
    my %after = $shim->metrics;
    my %moved;
    for my $outcome (qw(written unowned lost repeated refused))
    {
        my $metric = qq(active_calls_shim_feed_rows_total{outcome="$outcome"});
        my $moved  = $after{$metric} - $before{$metric};
        $moved{$outcome} = $moved if $moved;
    }
    return \%moved;
}

# A row with a field spelled as it is.
sub row_with ($spelled) { return '{"snapshot_timestamp":"2026-01-01 12:00:00","customer_acc_id":8,"duration":2,' . "$spelled}\n" }

subtest 'a poisonous field costs nobody anything' => sub {
    my $good = row(duration => 1, src_prefix_routing => '380');
    for my $poison (
        '"src_name_in":"\u0328\udd42\ude2b"', "\"src_name_in\":\"caf\xe9\"", "\"src_name_in\":\"a\tb\"",
        "\"src_name_in\":\"a\0b\"", '"time_limit":1e400', '"id":12345678901234567890', '"src_name_in":"a\ud83d"',
        '"destination_fee":"0.5"', '"destination_initial_rate":"1","destination_next_rate":"1"')
    {
        status_is(post($shim, $INSERT . $good . row_with($poison)), 200, $poison =~ s/[^ -~]/?/gr);
        is(take_callers(), '380,-', 'both are in');
    }
    status_is(post($shim, $INSERT . $good . row_with("\"src_prefix_routing\":\"\\u0328\\udd42caf\xe9\\u0000\"")), 200, 'one that is kept');
    is(take_callers(), "380,\xcc\xa8\xef\xbf\xbdcaf\xef\xbf\xbd\xef\xbf\xbd", 'has U+FFFD where it is not well formed');
    my $unowned = '{"customer_acc_id":null,"auth_orig_ip":"?","destination_next_interval":"x","snapshot_timestamp":7}';
    status_is(post($shim, "$INSERT$good$unowned\n"), 200, 'a row without an owner');
    is(take_callers(), '380', 'is not looked at');
};

subtest 'a row that does not fit loses itself where that is allowed' => sub {
    my $rows = row(duration => 1) . row(duration => 'long') . row(duration => 2) . "no row\n" . join '', map { row(duration => $_) } 3 .. 8;
    my $ratio = 'input_format_allow_errors_ratio';
    my $num   = 'input_format_allow_errors_num';
    is_deeply(rows_moved(sub { refused_ok(post($shim, $INSERT . $rows), 400, 27, 'line 2: duration is not', 'as a rule') }),
        { refused => 10 }, 'all is lost');
    refused_ok(post($shim, $INSERT . $rows, target => "/?$num=1"), 400, 27, 'line 2: .*; 2 of 10 rows do not fit', 'one too many');
    refused_ok(post($shim, $INSERT . $rows, target => "/?$ratio=0.19"), 400, 27, '2 of 10', 'a ratio too high');
    refused_ok(post($shim, $INSERT . $rows, target => "/?$ratio=no"), 400, 36, $ratio, 'no ratio');
    is(take_callers(), '', 'nothing is in');

    my $lose = sub ($to, $target, $insert) {
        my $answer = post($to, $insert . $rows, target => $target);
        status_is($answer, 200, $target);
        is(summary_of($answer)->{read_rows},    10, 'all are read');
        is(summary_of($answer)->{written_rows}, 8,  'some are written');
        is(take_callers(), join(',', ('-') x 8), 'and in');
    };
    is_deeply(rows_moved(sub { $lose->($shim, "/?$num=2&query_id=lossy", $INSERT) }), { written => 8, lost => 2 }, 'what is lost is counted');
    my $logged = $shim->log_of_request('lossy');
    is("@$logged{qw(level rows lost first_lost)}", 'warning 8 2 line 2: duration is not a 32-bit integer', 'and logged, with the first error');
    $lose->($shim, "/?$ratio=0.2", $INSERT);
    $lose->($shim, "/?$ratio=0", "INSERT INTO active_calls SETTINGS $ratio = 0.2 FORMAT JSONEachRow\n");

    my $lenient = start_shim(database => $database, feed => 1, args => [ '--feed-allow-errors-ratio', '0.2' ]);
    $lose->($lenient, '/', $INSERT);
    refused_ok(post($lenient, $INSERT . $rows, target => "/?$ratio=0"), 400, 27, 'line 2', 'the URL counts more');
    is($lenient->stop, 0, 'ends in good order');
};

subtest 'what is skipped is seen' => sub {
    my $rows  = row(customer_acc_id => undef) . row() . "{}\n";
    my $moved = rows_moved(
        sub {
            my $answer = post($shim, $INSERT . $rows, target => '/?query_id=skipping');
            status_is($answer, 200, 'rows that nobody owns');
            is(summary_of($answer)->{read_rows},    3, 'are read');
            is(summary_of($answer)->{written_rows}, 1, 'and not written');
            post($shim, $INSERT . $rows, target => '/?query_id=repeating');
        }
    );
    is_deeply($moved, { written => 1, unowned => 2, repeated => 3 }, 'counted');
    my $logged = $shim->log_of_request('skipping');
    is("@$logged{qw(level rows unowned)}", 'info 1 2', 'and logged');
    is($shim->log_of_request('repeating')->{repeated}, 3, 'as are those that came before');
    refused_ok(
        post($shim, "INSERT INTO active_calls (snapshot_timestamp, customer_accid) FORMAT JSONEachRow\n" . row()),
        400, 16, 'no field "customer_accid"', 'a column that there is not'
    );
    status_is(post($shim, "INSERT INTO active_calls (snapshot_timestamp, customer_acc_id, node_id, lrn) FORMAT JSONEachRow\n" . row()),
        200, 'columns that a switch has');
    is(take_callers(), '-,-', 'both are in');
};

subtest 'rows in any arrangement' => sub {
    chomp(my ($one, $two) = map { row(duration => $_, src_prefix_routing => "$_") } 1, 2);
    my $tall = JSON::PP->new->utf8->pretty->encode(decode_json($two));
    my $filler = ',' . join ',', map { '{"x":"' . 'x' x 1000 . '"}' } 1 .. 2000;
    for my $case (
        [ 'on one line' => "$one$two" ],
        [ 'with a comma' => "$one,$two" ],
        [ 'with commas and lines' => "$one,\n$two\n" ],
        [ 'on several lines' => "$one\n$tall" ],
        [ 'in an array' => "[$one,$two]\n" ],
        [ 'in an array on several lines' => "[\n$one,\n$tall]\n" ],
        [ 'behind a byte order mark' => "\xef\xbb\xbf$one\r\n$two\r\n" ],
        [ 'in an array of several pieces' => "[$one$filler,$two]" ])
    {
        my ($name, $rows) = @$case;
        status_is(post($shim, $INSERT . $rows), 200, $name);
        is(take_callers(), '1,2', 'both are in');
    }
    refused_ok(post($shim, $INSERT . '{"customer_acc_id":7,"customer_acc_id":8}'), 400, 27, 'customer_acc_id is there twice', 'a key that is there twice');
};

subtest 'as sinks ask' => sub {
    my $one = sub ($answer, $name) { is("$answer->{status} $answer->{body}", "200 1\n", $name) };
    $one->(post($shim, undef, method => 'GET', target => '/?' . query_string(query => 'SELECT 1')), 'SELECT 1 by GET');
    $one->(post($shim, 'SELECT 1'), 'by POST');
    $one->(post($shim, '', target => '/?' . query_string(query => 'select 1 FORMAT TabSeparated')), 'in the URL');
    refused_ok(post($shim, 'SELECT 1', key => 'x'), 403, 516, 'Authentication', 'to those alone who may send');
    is(post($shim, undef, method => 'GET', target => '//', key => undef)->{body}, "Ok.\n", 'two slashes are one');
    status_is(post($shim, "-- from node 1\n$INSERT" . row(), target => '//'), 200, 'with a comment, and an empty database in the URL');
    is(take_callers(), '-', 'are in');
    refused_ok(post($shim, "\x82\x00\x01LZ4", target => '/?decompress=1&' . query_string(query => 'INSERT INTO active_calls FORMAT JSONEachRow')),
        400, 27, 'ignored here: decompress', 'what was asked for in vain is named');
};

subtest 'time zones' => sub {
    my $noon = row(snapshot_timestamp => '2026-07-01 12:00:00');
    my $hour = sub { $database->sql(q(SELECT snapshot_timestamp AT TIME ZONE 'UTC' FROM active_calls.inbox)) };
    my $read = sub ($to, $target, $expected, $name) {
        status_is(post($to, $INSERT . $noon, target => $target), 200, $name);
        is($hour->(), "2026-07-01 $expected:00:00", 'is that time');
        take_callers();
    };
    my $kyiv = start_shim(database => $database, feed => 1, args => [ '--feed-time-zone', 'Europe/Kyiv' ]);
    $read->($shim, '/', '12', 'UTC, as a rule');
    $read->($kyiv, '/', '09', 'the zone of the option');
    $read->($shim, '/?session_timezone=America/New_York', '16', 'that of the URL');
    $read->($kyiv, '/?session_timezone=UTC', '12', 'which counts more');
    is($kyiv->stop, 0, 'ends in good order');
    refused_ok(post($shim, $INSERT . $noon, target => '/?session_timezone=Europe/Nowhere'), 400, 36, 'unknown time zone', 'no zone');
    refused_ok(
        post($shim, $INSERT . row(snapshot_timestamp => '2026-03-29 03:30:00'), target => '/?session_timezone=Europe/Kyiv'),
        400, 27, 'line 1: snapshot_timestamp is not a time that there was', 'a time that was skipped'
    );
    status_is(post($shim, $INSERT . row(snapshot_timestamp => '2025-10-26 03:30:00'), target => '/?session_timezone=Europe/Kyiv&query_id=twice'),
        200, 'a time that there was twice');
    my $logged = $shim->log_of_request('twice');
    is("@$logged{qw(level doubtful)}", 'warning 1', 'is told');
    is($hour->(), '2025-10-26 01:30:00', 'is the second');
    take_callers();

    my $lost = start_shim(database => $database, feed => 1, args => [ '--feed-time-zone', 'Europe/Nowhere' ]);
    refused_ok(post($lost, $INSERT . $noon), 503, 210, '--feed-time-zone', 'a zone of the operator that there is not');
    is($lost->stop, 0, 'ends in good order');
};

subtest 'a clock that is ahead' => sub {
    refused_ok(post($shim, $INSERT . row() . row(snapshot_timestamp => '2036-01-01 00:00:00')), 400, 27, 'line 2: snapshot_timestamp is too far ahead', 'of years');
    is(take_callers(), '', 'is refused');

    # As a row that came before the feed refused such.
    $database->sql(q(INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, duration, customer_price) VALUES ('2136-01-01', 7, 0, 0)));
    my %metrics = $shim->metrics;
    ok(!exists $metrics{active_calls_shim_newest_snapshot_age_seconds}, 'one that is there is not the newest');
    $database->sql(q(INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, duration, customer_price) VALUES (now() + '1 min', 7, 0, 0)));
    is({ $shim->metrics }->{active_calls_shim_newest_snapshot_age_seconds}, 0, 'nor is an age negative');
    take_callers();
};

# As a managed service does when the disk is full.
subtest 'a database that is to be read only' => sub {
    my $name = $database->sql('SELECT current_database()');
    $database->sql("ALTER DATABASE $name SET default_transaction_read_only = on");
    my $new = start_shim(database => $database, feed => 1);
    refused_ok(post($new, $INSERT . row()), 503, 210, 'send them again', 'a batch');
    $database->sql("BEGIN READ WRITE; ALTER DATABASE $name RESET default_transaction_read_only; COMMIT");
    status_is(post($new, $INSERT . row()), 200, 'and later');
    is(take_callers(), '-', 'is in');

    $database->sql("ALTER ROLE active_calls_writer SET statement_timeout = '300ms'");
    my $hasty   = start_shim(database => $database, feed => 1);
    my $blocker = $database->block_queries;
    refused_ok(post($hasty, $INSERT . row()), 504, 159, 'too long', 'by the time limit of the role');
    $blocker->quit;
    $database->sql('ALTER ROLE active_calls_writer RESET statement_timeout');
    is($_->stop, 0, 'ends in good order') for $new, $hasty;
};

is($shim->stop, 0, 'ends in good order');
done_testing;
