# Shows what clients get when the database fails them: stopped and started under load (503, then service again from the
# same shim), all connections busy, a query over its time, a function that is gone, a permission withdrawn.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Crowd;
use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Harness;
use ActiveCalls::Http;
use ActiveCalls::Shim;
use IO::Socket::INET;
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(sleep time);

time_limit(300);

my $database = ActiveCalls::Database->create;

# The records of requests sent after one time and answered before another.
sub between ($from, $to, @records)
{
    return grep { ($_->{sent_at} // $_->{done_at}) >= $from && $_->{done_at} <= $to } @records;
}

# Returns what became of these requests, each status or outcome once.
sub outcomes (@records) { return join ' ', sort keys %{ ActiveCalls::Crowd->tally(@records) } }

# Sends a request and returns the connection on which the answer will come.
sub send_request ($shim)
{
    my $connection = connect_to($shim->port);
    $connection->send_bytes($shim->bytes(target => $SAMPLE_TARGET));
    return $connection;
}

sub is_ready ($shim) { return $shim->request(admin => 1, target => '/ready')->{status} == 200 }

# /ready has a connection of its own. Those of customers try the database again at their own time.
sub serves ($shim) { return $shim->request(target => $SAMPLE_TARGET)->{status} == 200 }

subtest 'stopped and started under load' => sub {
    my $shim = start_shim(database => $database);
    for my $mode (qw(fast immediate))
    {
        my $crowd = ActiveCalls::Crowd->start(
            port     => $shim->port, clients => 20, pause => 0.02,
            requests => [ $shim->bytes(target => $SAMPLE_TARGET) ]
        );
        sleep 1;
        my $stopping = time;
        $database->stop($mode);
        my $stopped = time;
        ok(!is_ready($shim), "$mode: not ready");
        status_ok($shim->request(admin => 1, target => '/live'),    200, "$mode: but alive");
        status_ok($shim->request(admin => 1, target => '/metrics'), 200, "$mode: and measured");
        sleep 2;
        my $starting = time;
        $database->start;
        ok(wait_until(10, sub { is_ready($shim) }), "$mode: ready again");
        ok(wait_until(10, sub { serves($shim) }),   "$mode: and serves again");
        my $ready = time;
        sleep 2;
        my @records = $crowd->finish;
        note(explain(ActiveCalls::Crowd->tally(@records)));

        is(outcomes(@records), '200 503', "$mode: every request is answered, with 200 or 503");
        is(outcomes(between(0,          $stopping, @records)), '200', "$mode: 200 before");
        is(outcomes(between($stopped,   $starting, @records)), '503', "$mode: 503 meanwhile");
        is(outcomes(between($ready + 1, time,      @records)), '200', "$mode: 200 after, from the same shim");
        my @unavailable = grep { ($_->{status} // '') eq 503 } @records;
        my @mute =
            grep { ($_->{retry} // '') !~ /\A[1-9]\d*\z/ || $_->{body} !~ /\A\{"error":"$MESSAGE"\}\z/ } @unavailable;
        is(scalar @mute, 0, "$mode: 503 says why and when to come again");
        is(
            scalar(grep { $_->{status} == 200 && $_->{body} ne $SAMPLE_JSON } @records), 0,
            "$mode: 200 is the whole answer"
        );
        cmp_ok(max(map { $_->{done_at} - $_->{sent_at} } @records), '<', 5, "$mode: nobody waits long");
        my @meanwhile = map { $_->{done_at} - $_->{sent_at} } between($stopped, $starting, @records);
        cmp_ok((sort { $a <=> $b } @meanwhile)[ @meanwhile / 2 ], '<', 2.5, "$mode: nor meanwhile");
    }
    is($shim->exited, undef, 'it is still the same shim');
    is($shim->stop,   0,     'which ends in good order');
};

subtest 'restarted while nobody asked' => sub {
    my $shim = start_shim(database => $database, args => [ '--pool-size', 4 ]);
    series_ok($shim->request(target => $SAMPLE_TARGET), $SAMPLE_JSON, 'before');
    my @warm = map { send_request($shim) } 1 .. 8;
    $_->read_answer for @warm;
    for my $mode (qw(fast immediate))
    {
        $database->stop($mode);
        $database->start;
        series_ok($shim->request(target => $SAMPLE_TARGET), $SAMPLE_JSON, "$mode: request $_ after it") for 1 .. 6;
    }
    $database->sql(q(SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'active_calls_shim'));
    series_ok($shim->request(target => $SAMPLE_TARGET), $SAMPLE_JSON, "connections cut: request $_ after it")
        for 1 .. 6;
    is($shim->stop, 0, 'ends in good order');
};

subtest 'started before the database' => sub {
    $database->stop('fast');
    my $shim = start_shim(database => $database);
    ok(!is_ready($shim), 'listens, but is not ready');
    error_ok($shim->request(target => $SAMPLE_TARGET), 503, $MESSAGE, 'answers 503');
    empty_ok(
        $shim->request(target => $SAMPLE_TARGET, token => undef), 401,
        'knows without the database what is not let in'
    );
    $database->start;
    ok(wait_until(10, sub { is_ready($shim) }), 'ready when the database is');
    ok(wait_until(10, sub { serves($shim) }),   'soon customers are served');
    series_ok($shim->request(target => $SAMPLE_TARGET), $SAMPLE_JSON, 'and serves');
    is($shim->stop, 0, 'ends in good order');
};

subtest 'no connection comes free' => sub {
    my $shim = start_shim(
        database => $database,
        args     => [ '--pool-size', 2, '--pool-timeout', '300ms', '--statement-timeout', '20s' ]
    );
    my $blocker = $database->block_queries;
    my @waiting = map { send_request($shim) } 1 .. 2;
    ok(wait_until(5, sub { $database->waiting_queries == 2 }), 'all connections wait for a lock');

    my $begun  = time;
    my $answer = $shim->request(target => $SAMPLE_TARGET);
    my $waited = time - $begun;
    error_ok($answer, 503, $MESSAGE, 'the next gets 503');
    common_headers_ok($answer, '503');
    like($answer->{headers}{'retry-after'}, qr/\A[1-9]\d*\z/, 'with retry-after');
    cmp_ok($waited, '>=', 0.25, 'after it has waited for a connection');
    cmp_ok($waited, '<',  2,    'but not longer than told');
    status_ok($shim->request(admin => 1, target => '/live'), 200, 'it is alive');

    my $patient = send_request($shim);
    sleep 0.1;
    $blocker->query_safe('COMMIT');
    series_ok($patient->read_answer, $SAMPLE_JSON, 'who still waits is served when a connection comes free');
    series_ok($_->read_answer,       $SAMPLE_JSON, 'who waited for the lock, too') for @waiting;
    $blocker->quit;
    series_ok($shim->request(target => $SAMPLE_TARGET), $SAMPLE_JSON, 'and who comes after');
    is($shim->stop, 0, 'ends in good order');
};

subtest 'a query over its time' => sub {
    my $shim    = start_shim(database => $database, args => [ '--pool-size', 2, '--statement-timeout', '700ms' ]);
    my $blocker = $database->block_queries;
    my $begun   = time;
    my $answer  = $shim->request(target => $SAMPLE_TARGET, headers => [ 'X-Request-Id' => 'too-slow' ]);
    my $waited  = time - $begun;
    error_ok($answer, 504, $MESSAGE, 'it is answered 504');
    common_headers_ok($answer, '504', request_id => 'too-slow');
    cmp_ok($waited, '>=', 0.6, 'not before its time');
    cmp_ok($waited, '<',  4,   'not long after');
    is($shim->log_of_request('too-slow')->{status}, 504, '504 in the log');
    $blocker->quit;
    series_ok($shim->request(target => $SAMPLE_TARGET), $SAMPLE_JSON, "request $_ after it is served") for 1 .. 4;
    is($shim->stop, 0, 'ends in good order');
};

subtest 'fewer connections than the pool may have' => sub {
    my $limit = sub ($count) { $database->sql("ALTER ROLE active_calls_shim CONNECTION LIMIT $count") };
    $limit->(3);
    my $shim  = start_shim(database => $database);
    my $crowd = ActiveCalls::Crowd->start(
        port     => $shim->port, clients => 20, each => 50,
        requests => [ $shim->bytes(target => $SAMPLE_TARGET) ]
    );
    my $begun = time;
    my $ready = 0;
    my $asked = 0;
    while (time - $begun < 2)
    {
        $asked++;
        $ready++ if is_ready($shim);
        sleep 0.05;
    }
    my @records = $crowd->wait_done(60);
    is_deeply(ActiveCalls::Crowd->tally(@records), { 200 => 1000 }, 'every request waits for one of them');
    is($ready, $asked, 'and it is ready all the time');
    my @warnings = grep { ($_->{event} // '') eq 'no more connections' } $shim->log_records;
    is(scalar @warnings, 1, 'the log says so once');
    like($warnings[0]{error}, qr/too many connections/, 'and why');
    $limit->(-1);
    is($shim->stop, 0, 'ends in good order');
};

# A stopped backend keeps to no time limit.
subtest 'a query that does not end in its time' => sub {
    my $shim    = start_shim(database => $database, args => [ '--pool-size', 2, '--statement-timeout', '300ms' ]);
    my $sessions = q(SELECT count(*) FROM pg_stat_activity WHERE usename = 'active_calls_shim' AND state IS NOT NULL);
    series_ok($shim->request(target => $SAMPLE_TARGET), $SAMPLE_JSON, 'before');
    my @backends = split /\n/, $database->sql(q(SELECT pid FROM pg_stat_activity WHERE usename = 'active_calls_shim'));
    kill 'STOP', @backends;
    error_ok($shim->request(target => $SAMPLE_TARGET), 503, $MESSAGE, 'it is not waited for longer');
    for (1 .. 3)
    {
        series_ok($shim->request(target => $SAMPLE_TARGET), $SAMPLE_JSON, 'on the other connection');
        cmp_ok($database->sql($sessions), '<=', 2, 'and no more of them are there');
    }
    kill 'CONT', @backends;
    ok(wait_until(5, sub { $database->sql($sessions) <= 1 }), 'its session ends by itself');
    my @both = map { send_request($shim) } 1 .. 2;
    series_ok($_->read_answer, $SAMPLE_JSON, 'and its place is free') for @both;
    is($shim->stop, 0, 'ends in good order');
};

subtest 'a database that says nothing' => sub {

    # The kernel makes the connection, and nobody ever reads from it.
    my $mute = IO::Socket::INET->new(Listen => 20, LocalAddr => '127.0.0.1', Proto => 'tcp') or die "no port: $@";
    my $shim = start_shim(args => [ '--database', 'host=127.0.0.1 dbname=d user=u port=' . $mute->sockport ]);
    error_ok(
        $shim->request(target => $SAMPLE_TARGET, seconds => 10), 503, $MESSAGE,
        'from the start: 503 in bounded time'
    );
    status_ok($shim->request(admin => 1, target => '/live', seconds => 2), 200, 'from the start: alive');
    ok(!is_ready($shim), 'from the start: not ready');
    is($shim->stop, 0, 'from the start: ends in good order');

    $shim = start_shim(database => $database, args => [ '--pool-size', 2, '--statement-timeout', '500ms' ]);
    series_ok($shim->request(target => $SAMPLE_TARGET), $SAMPLE_JSON, 'in the middle: before');
    my @backends = split /\n/, $database->sql(q(SELECT pid FROM pg_stat_activity WHERE usename = 'active_calls_shim'));
    kill 'STOP', @backends;
    my $answer = eval { $shim->request(target => $SAMPLE_TARGET, seconds => 10) };
    kill 'CONT', @backends;
    like($answer ? $answer->{status} : $@, qr/\A50[34]\z/, 'in the middle: 503 or 504 in bounded time');
    ok(
        wait_until(10, sub { $shim->request(target => $SAMPLE_TARGET)->{body} eq $SAMPLE_JSON }),
        'in the middle: served again'
    );
    is($shim->stop, 0, 'in the middle: ends in good order');
};

subtest 'what a client cannot know' => sub {
    my $shim      = start_shim(database => $database, args => [ '--pool-size', 2 ]);
    my $signature = $database->sql(<<'SQL');
SELECT oid::regprocedure FROM pg_proc
WHERE pronamespace = 'active_calls'::regnamespace AND proname = 'customer_origination_active_calls_arrays'
SQL
    my $renamed   = $signature =~ s/customer_origination_active_calls_arrays/gone/r;
    my @accidents = (
        [
            'the permission withdrawn', "REVOKE EXECUTE ON FUNCTION $signature FROM active_calls_shim",
            "GRANT EXECUTE ON FUNCTION $signature TO active_calls_shim", qr/permission denied/
        ],
        [
            'the function gone', "ALTER FUNCTION $signature RENAME TO gone",
            "ALTER FUNCTION $renamed RENAME TO customer_origination_active_calls_arrays", qr/does not exist/
        ],
        [
            'a table gone',                                  'ALTER TABLE active_calls.inbox RENAME TO gone',
            'ALTER TABLE active_calls.gone RENAME TO inbox', qr/does not exist/
        ],
    );
    for my $accident (@accidents)
    {
        my ($name, $break, $repair, $reason) = @$accident;
        for my $warm (1, 0)
        {
            my $of = $warm ? $shim : start_shim(database => $database);
            series_ok($of->request(target => $SAMPLE_TARGET), $SAMPLE_JSON, "$name: before") if $warm;
            $database->sql($break);
            my $id     = 'accident-' . ($name =~ tr/ /-/r);
            my $answer = $of->request(target => $SAMPLE_TARGET, headers => [ 'X-Request-Id' => $id ]);
            my $how    = $warm ? 'connected before' : 'connected after';
            empty_ok($answer, 500, "$name, $how: 500 without a word");
            common_headers_ok($answer, "$name, $how", request_id => $id);
            my $told = wait_until(5, sub { $of->log_text =~ /^(?=.*\Q$id\E)(?=.*$reason)/m });
            ok($told, "$name, $how: the log has the reason and the request's id") or diag($of->log_text);
            $database->sql($repair);
            series_ok($of->request(target => $SAMPLE_TARGET), $SAMPLE_JSON, "$name, $how: served again when repaired");
            is($of->stop, 0, "$name, $how: ends in good order") if !$warm;
        }
    }
    is($shim->stop, 0, 'ends in good order');
};

done_testing;
