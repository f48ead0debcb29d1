# Shows the feed's listener as a switch meets it: every way to write an INSERT, to send it and to say who one is; what
# is answered, and what is in the database then.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Feed;
use ActiveCalls::Harness;
use ActiveCalls::Http;
use ActiveCalls::Shim;
use Compress::Zlib qw(memGzip);
use IPC::Run;
use JSON::PP;
use MIME::Base64 qw(encode_base64);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

time_limit(240);

my $database = ActiveCalls::Database->create(calls => 0);
my $shim     = start_shim(database => $database, feed => 1);
my $URL      = 'http://127.0.0.1:' . $shim->feed_port;
my $folder   = PostgreSQL::Test::Utils::tempdir('feed');

# Number of calls, all of which are taken away again.
sub take_calls ()
{
    return $database->sql(<<'SQL');
WITH gone AS (DELETE FROM active_calls.inbox RETURNING 1), forgotten AS (DELETE FROM active_calls.ingested_batch)
SELECT count(*) FROM gone
SQL
}

# Runs curl with the password and returns what it prints.
sub curl (@arguments)
{
    my ($out, $error) = ('', '');
    IPC::Run::run([ 'curl', '-sS', '-H', "X-ClickHouse-Key: $FEED_PASSWORD", @arguments ], '>', \$out, '2>', \$error);
    return $out . $error;
}

sub written_rows ($answer)
{
    return decode_json($answer->{headers}{'x-clickhouse-summary'})->{written_rows};
}

sub insert_query ($query) { return '/?' . query_string(query => $query) }

subtest 'the sample feed, as the switch posts it' => sub {
    my $answer = post($shim, $INSERT . sample_rows());
    status_ok($answer, 200, 'the batch');
    is($answer->{body}, '', 'without a body');
    is(written_rows($answer), '752', 'and how many rows there were');
    like($answer->{headers}{'x-clickhouse-query-id'}, qr/\A[0-9a-f-]{36}\z/, 'and a query id');
    series_ok($shim->request(target => $SAMPLE_TARGET), $SAMPLE_JSON, 'the series is the known one');

    my $again = post($shim, $INSERT . sample_rows());
    status_ok($again, 200, 'the same batch again');
    is(written_rows($again), '0', 'of which nothing is written');
    is_deeply([ map { $_->{repeated} } grep { $_->{event} eq 'feed' } $shim->log_records ], [ undef, 752 ], 'as the log says');
    series_ok($shim->request(target => $SAMPLE_TARGET), $SAMPLE_JSON, 'and no call counts twice');
    is(take_calls(), 752, 'in the database, too');
};

subtest 'ways to send it' => sub {
    my $rows = "$folder/rows";
    append_to_file($rows,        sample_rows());
    append_to_file("$rows.sent", $INSERT . sample_rows());
    append_to_file("$rows.rest", "FORMAT JSONEachRow\n" . sample_rows());
    system('gzip', '-k', $rows, "$rows.sent") == 0 or die 'no gzip';
    my $query = "$URL/?" . query_string(query => 'INSERT INTO active_calls FORMAT JSONEachRow', database => 'yeti');
    my @gzip  = ('-H', 'Content-Encoding: gzip');
    my @chunk = ('-H', 'Transfer-Encoding: chunked');
    my @cases = (
        [ 'in one body',           '--data-binary', "\@$rows.sent",    "$URL/" ],
        [ 'without Expect',        '--data-binary', "\@$rows.sent",    "$URL/", '-H', 'Expect:' ],
        [ 'INSERT in the URL',     '--data-binary', "\@$rows",         $query ],
        [ 'gzip',                  '--data-binary', "\@$rows.sent.gz", "$URL/", @gzip ],
        [ 'gzip, from the URL on', '--data-binary', "\@$rows.gz",      $query,  @gzip ],
        [ 'chunks',                '--data-binary', "\@$rows.sent",    "$URL/", @chunk ],
        [ 'chunks of gzip',        '--data-binary', "\@$rows.gz",      $query,  @chunk, @gzip ],
        [ 'HTTP/1.0',              '--data-binary', "\@$rows.sent",    "$URL/", '--http1.0' ],
        [ 'without a type',        '--data-binary', "\@$rows.sent",    "$URL/", '-H', 'Content-Type:' ],
        [ 'INSERT in two parts',   '--data-binary', "\@$rows.rest",    "$URL/?query=INSERT+INTO+active_calls" ],
    );
    for my $case (@cases)
    {
        my ($name, @arguments) = @$case;
        is(curl(@arguments), '', "$name: no error");
        is(take_calls(), 752, "$name: all rows");
    }
    is(curl(@$_[ 1 .. $#$_ ]), '', "$_->[0]: no error, though it is sent again") for @cases;
    is(take_calls(), 752, 'in whichever way the batch comes again, it is written once');

    my $connection = connect_to($shim->feed_port);
    for my $number (1 .. 5)
    {
        $connection->send_bytes(feed_bytes($INSERT . batch($number, 10)));
        my $answer = $connection->read_answer('POST');
        is($answer->{status}, 200, "batch $number on one connection");
    }
    is(take_calls(), 50, 'five batches on one connection');
};

subtest 'ways to write it' => sub {
    my $row   = row(src_country_id => 5, duration => 60);
    my @cases = (
        'insert into active_calls format JSONEachRow ',
        "INSERT INTO\n\tyeti.active_calls\nFORMAT JSONEachRow\r\n",
        'INSERT INTO TABLE `default`.`active_calls` FORMAT JSONEachRow ',
        'INSERT INTO "active_calls" SETTINGS async_insert = 1, wait_for_async_insert = 0 FORMAT JSONEachRow ',
        'INSERT INTO active_calls (snapshot_timestamp, customer_acc_id, src_country_id, duration) FORMAT JSONEachRow ',
    );
    for my $insert (@cases)
    {
        status_ok(post($shim, $insert . $row), 200, $insert);
        is($database->sql('SELECT src_country_id, duration FROM active_calls.inbox'), '5|60', 'as it was sent');
        take_calls();
    }
    status_ok(
        post($shim, "INSERT INTO active_calls (`snapshot_timestamp`, customer_acc_id) FORMAT JSONEachRow\n$row"),
        200, 'a list of columns'
    );
    is($database->sql('SELECT src_country_id, duration FROM active_calls.inbox'), '|0', 'and those alone are read');
    my $answer = post($shim, "INSERT INTO active_calls FORMAT JSONEachRow\n$row");
    is(written_rows($answer), '1', 'the same row with all its columns is another batch');
    take_calls();

    $answer = post($shim, $INSERT . "\n \n" . row() . "\n" . row(customer_acc_id => undef) . row());
    is(written_rows($answer), '2', 'blank lines, and nobody\'s calls');
    is(take_calls(), 2, 'are no calls');
    status_ok(post($shim, $INSERT), 200, 'no rows at all');
    is(take_calls(), 0, 'are no calls');
};

subtest 'whether it is there' => sub {
    for my $method (qw(GET HEAD))
    {
        for my $target (qw(/ /ping /?x=y))
        {
            my $answer = post($shim, undef, method => $method, target => $target, key => undef);
            is("$answer->{status} $answer->{body}", $method eq 'GET' ? "200 Ok.\n" : '200 ', "$method $target");
        }
    }
    status_ok(post($shim, '', target => '/nothing'), 404, 'another path');
    status_ok(post($shim, '', target => $PATH),      404, 'the path of the customers');
    my $answer = post($shim, '', method => 'DELETE');
    status_ok($answer, 405, 'another method');
    is($answer->{headers}{allow}, 'GET, HEAD, POST', 'with those that are there');
    status_ok($shim->request(method => 'POST', target => '/', body => $INSERT . row()), 404, 'not for customers');
};

subtest 'who sends' => sub {
    my $good  = sub () { state $number = 0; return row(duration => ++$number) };
    my $basic = sub ($user, $password) {
        return [ Authorization => 'Basic ' . encode_base64("$user:$password", '') ];
    };
    my $in_url = sub (@parameters) { return '/?' . query_string(@parameters) };
    my @right  = (
        [ 'by headers',                 headers => [ 'X-ClickHouse-User' => 'default' ], key => $FEED_PASSWORD ],
        [ 'by the password alone',      key     => $FEED_PASSWORD ],
        [ 'by Basic',                   headers => $basic->('default', $FEED_PASSWORD) ],
        [ 'by the URL',                 target  => $in_url->(user     => 'default', password => $FEED_PASSWORD) ],
        [ 'by the password in the URL', target  => $in_url->(password => $FEED_PASSWORD) ],
    );
    for my $case (@right)
    {
        my ($name, %options) = @$case;
        status_ok(post($shim, $INSERT . $good->(), key => undef, %options), 200, $name);
    }
    is(take_calls(), scalar @right, 'all are in');

    my $unread = $INSERT . "no row\n";    # whose error would tell that it was read
    my @wrong  = (
        [ 'a wrong key', key     => 'x' ],
        [ 'a key too long', key     => "${FEED_PASSWORD}x" ],
        [ 'another user', headers => [ 'X-ClickHouse-User' => 'root' ], key => $FEED_PASSWORD ],
        [ 'a wrong Basic', headers => $basic->('default', 'x') ],
        [ 'no Basic', headers => [ Authorization => 'Basic' ] ],
        [ 'a wrong URL', target  => $in_url->(password => 'x') ],
        [ 'two ways at a time', target  => $in_url->(password => $FEED_PASSWORD), key => $FEED_PASSWORD ],
    );
    for my $case (@wrong)
    {
        my ($name, %options) = @$case;
        my $answer = post($shim, $unread, key => undef, %options);
        refused_ok($answer, 403, 516, 'Authentication failed', $name);
    }
    my $nobody = post($shim, $unread, key => undef);
    refused_ok($nobody, 401, 194, 'Authentication failed', 'nobody');
    like($nobody->{headers}{'www-authenticate'}, qr/\ABasic realm=/, 'nobody: is told how');
    refused_ok(post($shim, undef, method => 'GET', target => insert_query('SELECT 1'), key => undef),
        401, 194, 'Authentication failed', 'a query of nobody');

    my $connection = connect_to($shim->feed_port);
    $connection->send_bytes("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nX-ClickHouse-Key: x\r\n\r\n");
    refused_ok($connection->read_answer('POST', 5), 403, 516, 'Authentication failed', 'before the body has come');
    is($connection->wait_closed(5), 'closed', 'which is not waited for');
    is(take_calls(), 0, 'nothing is in');
};

subtest 'what is refused' => sub {
    my $good  = row();
    my @cases = (
        [ 'no statement',         400, 62,  'end of query',             '' ],
        [ 'rows without one',     400, 62,  'position 1',               $good ],
        [ 'half of one',          400, 62,  'FORMAT JSONEachRow',       'INSERT INTO active_calls' ],
        [ 'SELECT',               403, 497, 'Only INSERT INTO',         'SELECT * FROM active_calls' ],
        [ 'DROP',                 403, 497, 'Only INSERT INTO',         'DROP TABLE active_calls' ],
        [ 'CREATE',               403, 497, 'Only INSERT INTO',         'CREATE TABLE x (a Int8) ENGINE = Memory' ],
        [ 'INSERT ... VALUES',    501, 48,  'VALUES',                   'INSERT INTO active_calls VALUES (1)' ],
        [ 'INSERT ... SELECT',    501, 48,  'SELECT',                   'INSERT INTO active_calls SELECT 1' ],
        [ 'another table',        404, 60,  'only active_calls',        "INSERT INTO active_calls.inbox FORMAT JSONEachRow\n" ],
        [ 'another format',       404, 73,  'only JSONEachRow',         "INSERT INTO active_calls FORMAT CSV\n1,2\n" ],
        [ 'a ; before the rows',  400, 62,  ';',                        "INSERT INTO active_calls FORMAT JSONEachRow;\n$good" ],
        [ 'a second statement',   400, 27,  'line 2: ',                 "$INSERT${good}DROP TABLE active_calls" ],
        [ 'a row that is none',   400, 27,  'line 3: ',                 "$INSERT$good${good}nonsense\n" ],
        [ 'half a row',           400, 27,  'line 2: ',                 $INSERT . $good . substr $good, 0, 20 ],
        [ 'a value that is none', 400, 27,  'line 2: duration is not ', $INSERT . $good . row(duration => 'long') ],
        [ 'no time',              400, 27,  'line 1: snapshot_timest',  $INSERT . row(snapshot_timestamp => undef) ],
        [ 'an array of none',     400, 27,  'line 1: ',                 "${INSERT}[1]" ],
        [ 'a NUL',                400, 27,  'line 2: not a JSON',       "$INSERT$good\0\n" ],
        [ 'a long row',           400, 27,  'line 2: the row has more', $INSERT . $good . row(x => 'x' x 2_000_000) ],
        [ 'bad UTF-8 in a column', 400, 27, 'invalid byte sequence',
            "INSERT INTO active_calls (`\xff`) FORMAT JSONEachRow\n$good" ],
    );
    for my $case (@cases)
    {
        my ($name, $status, $code, $message, $body) = @$case;
        refused_ok(post($shim, $body), $status, $code, $message, $name);
    }
    for my $query ('SELECT 2', 'INSERT INTO active_calls FORMAT JSONEachRow ' . row())
    {
        my $answer = post($shim, undef, method => 'GET', target => insert_query($query));
        refused_ok($answer, 403, 164, 'POST', 'a query by GET');
    }
    my $answer = post($shim, $good, target => insert_query('DROP TABLE active_calls; '));
    refused_ok($answer, 403, 497, 'Only INSERT', 'DROP in the URL');

    $database->sql('ALTER TABLE active_calls.inbox ADD CONSTRAINT positive CHECK (customer_acc_id > 0)');
    refused_ok(post($shim, $INSERT . row(customer_acc_id => -1)), 400, 469, 'positive', 'a constraint of the operator');
    $database->sql('ALTER TABLE active_calls.inbox DROP CONSTRAINT positive');
    $database->sql('REVOKE EXECUTE ON FUNCTION active_calls.ingest_piece FROM active_calls_writer');
    refused_ok(post($shim, $INSERT . $good), 403, 497, 'database role', 'a role without its right');
    $database->sql('GRANT EXECUTE ON FUNCTION active_calls.ingest_piece TO active_calls_writer');
    status_ok(post($shim, $INSERT . $good), 200, 'and with it');
    is(take_calls(), 1, 'nothing else is in');
};

# Rows go to the database in pieces of half a MiB, as soon as 8 MiB have come and the rest is near.
subtest 'a batch that is written while it comes' => sub {
    my $part     = join '', map { row(duration => $_, x => 'x' x 1_000) } 1 .. 11_000;
    my $bytes    = feed_bytes($INSERT . $part x 2);
    my $is_begun = sub {
        return $database->sql(q(SELECT count(*) FROM pg_stat_activity WHERE usename = 'active_calls_writer' AND backend_xid IS NOT NULL));
    };
    my $begin    = sub ($to, $size) {
        my $connection = connect_to($to->feed_port);
        $connection->send_bytes(substr $bytes, 0, $size);
        return $connection;
    };
    my $most = int(length($bytes) * 0.9);

    refused_ok(post($shim, $INSERT . $part . "no row\n" . $part), 400, 27, 'line 11001: ', 'a bad row in the middle');
    refused_ok(post($shim, $INSERT . $part . "{\"x\":\n" . $part),
        400, 27, 'line 11001: invalid JSON', 'bad JSON in the middle');
    my $cut = $begin->($shim, $most);
    $cut->finish_sending;
    refused_ok($cut->read_answer('POST'), 400, 33, 'before its end', 'most of one');
    my $chunked = connect_to($shim->feed_port);
    $chunked->send_bytes("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nX-ClickHouse-Key: $FEED_PASSWORD\r\n\r\n"
            . sprintf("%x\r\n%s\r\nnonsense\r\n", length $INSERT . $part x 2, $INSERT . $part x 2));
    refused_ok($chunked->read_answer('POST'), 400, 1000, 'size of a chunk', 'chunks that become none');
    is(take_calls(), 0, 'nothing of them is in');

    my $stalled = $begin->($shim, $most);
    ok(wait_until(5, $is_begun), 'one that stops in the middle has begun to be written');
    my $started = time;
    status_ok(post($shim, $INSERT . batch(1, 100)), 200, 'another switch');
    cmp_ok(time - $started, '<', 2, 'does not wait for it');
    refused_ok($stalled->read_answer('POST'), 408, 209, 'fast enough', 'which is given up');
    is(take_calls(), 100, 'and not in');

    # What the client takes is not the database's time.
    my $hasty = start_shim(database => $database, feed => 1, args => [ '--feed-statement-timeout', '6s' ]);
    my $pausing = $begin->($hasty, $most);
    ok(wait_until(5, $is_begun), 'one that pauses has begun');
    sleep 0.7;
    $pausing->send_bytes(substr $bytes, $most);
    status_ok($pausing->read_answer('POST'), 200, 'it is written');
    is(take_calls(), 22_000, 'and in');
    $stalled = $begin->($hasty, $most);
    ok(wait_until(5, $is_begun), 'one that stops has begun');
    refused_ok($stalled->read_answer('POST'), 408, 209, 'fast enough', 'is given up');
    is(take_calls(), 0, 'and not in');
    is($hasty->stop, 0, 'ends in good order');

    my $slow = $begin->($shim, 3_000_000);
    my $sent = 3_000_000;
    while ($sent < 9_000_000)
    {
        $slow->send_bytes(substr $bytes, $sent, 500_000);
        $sent += 500_000;
        sleep 0.1;
    }
    is($is_begun->(), 0, 'one that comes slowly does not begin before the rest is near');
    $slow->send_bytes(substr $bytes, $sent);
    status_ok($slow->read_answer('POST'), 200, 'it is written');
    is(written_rows(post($shim, $INSERT . $part x 2)), 0, 'and not again when it comes again, at once');
    is(written_rows(post($shim, memGzip($INSERT . $part x 2), headers => [ 'Content-Encoding' => 'gzip' ])), 0, 'or compressed');
    is(written_rows(post($shim, $INSERT . $part)), 11_000, 'half of it is another batch');
    is(take_calls(), 33_000, 'all rows are in');
};

subtest 'a batch that comes again while it is written' => sub {
    my $busy    = start_shim(database => $database, feed => 1);
    my $blocker = $database->block_queries;
    my @both    = map { connect_to($busy->feed_port) } 1 .. 2;
    $_->send_bytes(feed_bytes($INSERT . batch(1, 100))) for @both;
    my $waiting = sub {
        return $database->sql(q(SELECT count(*) FROM pg_stat_activity WHERE usename = 'active_calls_writer' AND wait_event_type = 'Lock')) == 2;
    };
    ok(wait_until(5, $waiting), 'both are at work');
    $blocker->quit;
    my @answers = map { $_->read_answer('POST') } @both;
    status_ok($_, 200, 'one of them') for @answers;
    is_deeply([ sort { $a <=> $b } map { written_rows($_) } @answers ], [ 0, 100 ], 'one of them has written the rows');
    is(take_calls(), 100, 'which are in, once');
    is($busy->stop, 0, 'ends in good order');
};

# What such a constraint refuses is known when all rows are written.
subtest 'a constraint that is checked at COMMIT' => sub {
    $database->sql(<<'SQL');
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$BEGIN RAISE 'there is no account %', NEW.customer_acc_id USING ERRCODE = 'check_violation'; END$$;
CREATE CONSTRAINT TRIGGER account_exists AFTER INSERT ON active_calls.inbox DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.customer_acc_id < 0) EXECUTE FUNCTION refuse();
SQL
    my $sessions = sub {
        return $database->sql(q(SELECT array_agg(pid ORDER BY pid) FROM pg_stat_activity WHERE usename = 'active_calls_writer'));
    };
    my $small      = row(id => 1, customer_acc_id => -1) . row(id => 2);
    my $large      = $small . row(x => 'x' x 1_000) x 11_000;
    my $connection = connect_to($shim->feed_port);
    my $answer_to  = sub ($rows) {
        $connection->send_bytes(feed_bytes($INSERT . $rows));
        return $connection->read_answer('POST');
    };
    is($answer_to->(row())->{status}, 200, 'a batch before');
    is(take_calls(), 1, 'is in');
    my $sessions_before = $sessions->();
    for my $case ([ 'a small batch' => $small ], [ 'one in pieces' => $large ])
    {
        my ($name, $rows) = @$case;
        refused_ok($answer_to->($rows), 400, 469, 'there is no account -1', $name);
        is(take_calls(), 0, "$name: nothing is in");
        is($answer_to->(batch(1, 10))->{status}, 200, "$name: the next one on the same connection is taken");
        is(take_calls(), 10, "$name: and in");
    }
    is($sessions->(), $sessions_before, 'in the same session of the database');
    my %after = $shim->metrics;
    is($after{qq(active_calls_shim_pool_connections{pool="feed",state="$_->[0]"})}, $_->[1], "connections $_->[0]")
        for [ idle => 1 ], [ in_use => 0 ];
    is($after{'active_calls_shim_pool_waiting_requests{pool="feed"}'}, 0, 'and nobody waits for one');

    $database->sql('DROP FUNCTION refuse CASCADE');
    is($answer_to->($large)->{status}, 200, 'without it, the same batch is taken');
    is(take_calls(), 11_002, 'and in');
};

subtest 'the database takes too long, or is away' => sub {
    my $hasty   = start_shim(database => $database, feed => 1, args => [ '--feed-statement-timeout', '300ms' ]);
    my $blocker = $database->block_queries;
    refused_ok(post($hasty, $INSERT . row()), 504, 159, 'too long', 'waiting for a lock');
    $blocker->quit;
    status_ok(post($hasty, $INSERT . row()), 200, 'and when it is gone');

    # Each piece of the batch takes half a second, none of them too long.
    my $slow = start_shim(database => $database, feed => 1, args => [ '--feed-statement-timeout', '1s' ]);
    $database->sql('CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN PERFORM pg_sleep(0.5); RETURN NULL; END$$');
    $database->sql('CREATE TRIGGER dawdle BEFORE INSERT ON active_calls.inbox EXECUTE FUNCTION dawdle()');
    my $long = row(x => 'x' x 10_000);
    refused_ok(post($slow, $INSERT . $long x 500), 504, 159, 'too long', 'ten pieces');
    is({ $slow->metrics }->{'active_calls_shim_database_errors_total{kind="timeout",route="feed"}'}, 1, 'which is counted as such');
    status_ok(post($slow, $INSERT . $long x 100), 200, 'two pieces');
    $database->sql('DROP FUNCTION dawdle CASCADE');
    is(take_calls(),  101, 'the ten are not in');
    is($slow->stop, 0, 'ends in good order');

    # All sessions end; no batch may be lost to one that was idle then.
    $database->sql(q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'active_calls_writer'));
    status_ok(post($hasty, $INSERT . row()), 200, 'on a connection that died idle');
    $database->stop('fast');
    my $answer = post($hasty, $INSERT . row());
    refused_ok($answer, 503, 210, 'send the rows again', 'away');
    my %counted = $hasty->metrics;
    is($counted{'active_calls_shim_feed_rows_total{outcome="refused"}'}, 2, 'its row is counted, and the one before that came too late');
    is($answer->{headers}{'retry-after'}, 1, 'for how long');
    unlike(join("\n", keys %{ { $hasty->metrics } }), qr/newest_snapshot/, 'no age of a snapshot then');
    $database->start;
    ok(wait_until(10, sub { post($hasty, $INSERT . row(duration => 1))->{status} == 200 }), 'and back');
    is(take_calls(), 2, 'what was taken is in, once');
    is($hasty->stop, 0, 'ends in good order');
};

subtest 'log and metrics' => sub {
    my %before = $shim->metrics;
    post($shim, $INSERT . row(), target => '/?query_id=mine-1');
    post($shim, $INSERT . row() x 3 . "no row\n", headers => [ 'X-Request-Id' => 'mine-2' ]);
    post($shim, 'never gzip', headers => [ 'Content-Encoding' => 'gzip' ], target => '/?query_id=mine-4');
    post($shim, '', key => 'x', target => '/?query_id=mine-3&password_hint=sesame');
    my $taken = $shim->log_of_request('mine-1');
    is("@$taken{qw(level event status rows)}", 'info feed 200 1', 'one that was taken');
    is($taken->{bytes}, length $INSERT . row(), 'its size');
    my $refused = $shim->log_of_request('mine-2');
    is("@$refused{qw(level event status rows code)}", 'warning feed 400 0 27', 'one that was refused');
    like($refused->{error}, qr/\Aline 4: /, 'and why');
    is($shim->log_of_request('mine-3')->{code}, 516, 'a stranger');
    is($shim->log_of_request('mine-4')->{bytes}, length 'never gzip', 'the size of one that could not be read');
    unlike($shim->log_text, qr/\Q$FEED_PASSWORD\E|sesame/, 'no password, and no query of a URL');
    my $answer = post($shim, $INSERT . row(duration => 1), target => '/?query_id=not%20sane');
    like($answer->{headers}{'x-clickhouse-query-id'}, qr/\A[0-9a-f-]{36}\z/, 'an id that is not sane is not taken');

    my %after = $shim->metrics;
    my $moved = sub ($name) { return $after{"active_calls_shim_$name"} - ($before{"active_calls_shim_$name"} // 0) };
    is($moved->('requests_total{route="feed",status="200"}'), 2, 'requests by status');
    is($moved->('requests_total{route="feed",status="403"}'), 1, 'those of strangers, too');
    is($moved->('request_duration_seconds_count{route="feed"}'), 5, 'and their durations');
    is($moved->('feed_rows_total{outcome="written"}'), 2, 'rows written');
    is($moved->('feed_rows_total{outcome="refused"}'),  4, 'rows refused');
    is($moved->('feed_bytes_total'), length($INSERT . row() . $INSERT . row(duration => 1)) + length($INSERT . row() x 3 . "no row\n") + length('never gzip'), 'bytes');
    is($after{'active_calls_shim_pool_connections{pool="feed",state="idle"}'},     1, 'connections of the feed');
    is($after{'active_calls_shim_pool_connections{pool="customer",state="idle"}'}, 1, 'and of customers');
    my $age = time - 1767268800;    # of 2026-01-01 12:00 UTC
    my $given = $after{active_calls_shim_newest_snapshot_age_seconds};
    ok(abs($given - $age) < 10, "age of the newest snapshot ($given)");
    take_calls();
    my %empty = $shim->metrics;
    ok(!exists $empty{active_calls_shim_newest_snapshot_age_seconds}, 'which is absent where there is none');

    my $deaf = start_shim(database => $database);
    unlike(join("\n", keys %{ { $deaf->metrics } }), qr/newest_snapshot|pool="feed"/, 'and where there is no feed');
    is($deaf->stop, 0, 'ends in good order');
};

subtest 'the end, while a batch is written and another is still coming' => sub {
    my $ending  = start_shim(database => $database, feed => 1);
    my $blocker = $database->block_queries;
    my ($writing, $coming) = map { connect_to($ending->feed_port) } 1 .. 2;
    $writing->send_bytes(feed_bytes($INSERT . batch(1, 100)));
    my ($begin, $end) = feed_bytes($INSERT . batch(2, 100)) =~ /\A(.{500})(.*)\z/s;
    $coming->send_bytes($begin);
    sleep 0.5;
    $ending->signal('TERM');
    sleep 0.5;
    is($ending->exited, undef, 'both are waited for');
    $coming->send_bytes($end);
    $blocker->quit;
    status_ok($_->read_answer('POST'), 200, 'and answered') for $writing, $coming;
    is($ending->wait_exit(10), 0, 'exit code 0');
    is(take_calls(), 200, 'and their rows are in');
};

subtest 'an open door' => sub {
    my $open = start_shim(
        database => $database,
        args => [ '--feed-listen', '127.0.0.1:0', '--feed-database', $database->conninfo('active_calls_writer'),
            '--feed-no-password' ]
    );
    like($open->log_text, qr/"warning":"--feed-no-password/, 'is warned of');
    my ($port) = $open->log_text =~ /"feed_listen":"127\.0\.0\.1:(\d+)"/;
    my $connection = connect_to($port);
    $connection->send_bytes(feed_bytes($INSERT . row(), key => undef));
    status_ok($connection->read_answer('POST'), 200, 'is open');
    is(take_calls(), 1, 'and rows are in');
    is($open->stop, 0, 'ends in good order');

    my $run = run_shim([ 'serve', '--listen', '127.0.0.1:0', '--feed-listen', '127.0.0.1:0' ]);
    like($run->{output}, qr/--feed-password-file.*ACTIVE_CALLS_FEED_PASSWORD.*--feed-no-password/s,
        'no door without a lock, unless it is said to have none');
    is($run->{exit}, 2, 'which is no way to start');
};

is($shim->stop, 0, 'the shim ends in good order');
done_testing;
