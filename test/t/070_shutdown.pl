# Shows that a shim which is told to end loses no request. This means:
#  - a request that was sent in full before the signal gets a whole answer, whatever its connection did before;
#  - one that is sent later gets a whole answer, or finds the connection closed in good order before the first byte of
#    an answer, or cannot connect; it never gets half an answer. A connection that is older than the signal is never
#    reset; a new one may be, in the moment in which the listening socket closes, which is another way not to connect;
#  - the exit code is 0, and comes within the time that is configured, whatever clients do;
#  - only where a query outlasts that time, or a second signal comes, are requests given up: then the exit code is 1.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Crowd;
use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Harness;
use ActiveCalls::Http;
use ActiveCalls::Shim;
use Test::More;
use Time::HiRes qw(sleep time);

time_limit(240);

my $database = ActiveCalls::Database->create;

sub send_request ($shim)
{
    my $connection = connect_to($shim->port);
    $connection->send_bytes($shim->bytes(target => $SAMPLE_TARGET));
    return $connection;
}

sub can_connect ($shim)
{
    return defined eval { connect_to($shim->port, 1) }
}

# A shim that has this many queries waiting for a lock, the session that holds the lock, and the connections.
sub with_waiting_queries ($count, @args)
{
    my $shim        = start_shim(database => $database, args => [ '--pool-size', $count, @args ]);
    my $blocker     = $database->block_queries;
    my @connections = map { send_request($shim) } 1 .. $count;
    wait_until(10, sub { $database->waiting_queries == $count }) or die 'queries do not wait for the lock';
    return ($shim, $blocker, @connections);
}

# A request that was given up gets no half answer.
sub unanswered_ok ($connection, $name)
{
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    isnt($connection->wait_closed(5), 'open', "$name: the connection has ended");
    return is($connection->received, '', "$name: without a byte of an answer");
}

subtest 'under load' => sub {
    for my $signal (qw(TERM INT TERM))
    {
        my $shim     = start_shim(database => $database);
        my @requests = $shim->bytes(target => $SAMPLE_TARGET);
        my $crowd    = ActiveCalls::Crowd->start(port => $shim->port, clients => 50, requests => \@requests);
        wait_until(20, sub { (my @records = $crowd->records) > 500 }) or die 'there is no load';
        my $signalled = time;
        $shim->signal($signal);
        my $exit = $shim->wait_exit(15);
        my $took = time - $signalled;
        sleep 0.3;
        my @records = $crowd->finish;

        is($exit, 0, "$signal: exit code 0");
        cmp_ok($took, '<', 8, sprintf "$signal: ended in time (%.2f s)", $took);
        my @before = grep { ($_->{sent_at} // $signalled) < $signalled } @records;
        my @later  = grep { ($_->{sent_at} // $signalled) >= $signalled } @records;
        my @beyond = grep { $_->{done_at} >= $signalled } @before;
        note("$signal, sent before: ", explain(ActiveCalls::Crowd->tally(@before)));
        note("$signal, sent later: ",  explain(ActiveCalls::Crowd->tally(@later)));
        cmp_ok(scalar @beyond, '>', 0, "$signal: requests were in flight");
        is_deeply(
            ActiveCalls::Crowd->tally(@before), { 200 => scalar @before },
            "$signal: each of them and all before are answered with 200"
        );
        my @torn =
            grep { $_->{outcome} =~ /\A(?:partial|waiting)\z/ || $_->{outcome} eq 'reset' && $_->{reused} } @later;
        is_deeply(\@torn, [], "$signal: nothing sent later is torn");
        my @wrong = grep { $_->{outcome} eq 'answer' && "$_->{status} $_->{body}" ne "200 $SAMPLE_JSON" } @records;
        is_deeply(\@wrong, [], "$signal: every answer is whole and right");
    }
};

subtest 'what came while nobody looked' => sub {
    for my $round (1 .. 3)
    {
        my $shim = start_shim(database => $database);
        my @old  = map { send_request($shim) } 1 .. 20;
        $_->read_answer for @old;

        # A stopped process can see nothing before the signal; the kernel takes connections and bytes for it.
        $shim->signal('STOP');
        $_->send_bytes($shim->bytes(target => $SAMPLE_TARGET)) for @old;
        my @new = map { send_request($shim) } 1 .. 150;
        $shim->signal('TERM');
        $shim->signal('CONT');
        for my $case ([ old => @old ], [ new => @new ])
        {
            my ($age, @connections) = @$case;
            my @lost = grep {
                (eval { $_->read_answer->{body} } // $@) ne $SAMPLE_JSON
            } @connections;
            is(scalar @lost, 0, "round $round: requests on $age connections are answered");
        }
        is($shim->wait_exit(10), 0, "round $round: exit code 0");
    }
};

subtest 'queries in flight' => sub {
    my ($shim, $blocker, @connections) = with_waiting_queries(4);
    $shim->signal('TERM');
    ok(wait_until(5, sub { !can_connect($shim) }), 'no new connection is taken');
    sleep 1;
    is($shim->exited, undef, 'it waits for them');
    $blocker->quit;
    for my $connection (@connections)
    {
        my $answer = $connection->read_answer;
        series_ok($answer, $SAMPLE_JSON, 'answered');
        is($connection->wait_closed(5), 'closed', 'and the connection closed');
    }
    is($shim->wait_exit(5), 0, 'exit code 0');
};

subtest 'requests that wait for a connection of the pool' => sub {
    my ($shim, $blocker, @connections) = with_waiting_queries(1, '--pool-timeout', '10s');
    push @connections, map { send_request($shim) } 1 .. 5;
    sleep 0.5;
    $shim->signal('TERM');
    sleep 0.5;
    $blocker->quit;
    series_ok($_->read_answer, $SAMPLE_JSON, 'answered') for @connections;
    is($shim->wait_exit(5), 0, 'exit code 0');
};

subtest 'a request that is still being sent' => sub {
    my $shim       = start_shim(database => $database);
    my $connection = connect_to($shim->port);
    my ($begin, $end) = $shim->bytes(target => $SAMPLE_TARGET) =~ /\A(.{100})(.*)\z/s;
    $connection->send_bytes($begin);
    sleep 0.3;
    $shim->signal('TERM');
    sleep 0.3;
    my $sent   = $connection->send_bytes($end);
    my $answer = eval { $connection->read_answer };

    if ($answer)
    {
        series_ok($answer, $SAMPLE_JSON, 'answered as a whole');
    }
    else
    {
        is($connection->wait_closed(5), 'closed', 'or closed in good order');
        is($connection->received,       '',       'without a byte of an answer');
    }
    is($shim->wait_exit(10), 0, 'exit code 0');
};

subtest 'silent and idle clients hold nothing up' => sub {
    my @patience = ('--keep-alive-timeout', '60s', '--read-timeout', '60s', '--drain-timeout', '20s');
    my $shim     = start_shim(database => $database, args => \@patience);
    my @silent   = map { connect_to($shim->port) } 1 .. 5;
    my @half     = map { connect_to($shim->port) } 1 .. 5;
    $_->send_bytes('GET /api') for @half;
    my @idle = map { send_request($shim) } 1 .. 5;
    series_ok($_->read_answer, $SAMPLE_JSON, 'one that will be idle') for @idle;
    my $begun = time;
    $shim->signal('TERM');
    is($_->wait_closed(25), 'closed', 'an idle connection is closed in good order') for @idle, @silent;
    is($shim->wait_exit(25), 0, 'exit code 0');
    cmp_ok(time - $begun, '<', 24, 'within the drain timeout');
};

subtest 'a query that does not end' => sub {
    my ($shim, $blocker, @connections) = with_waiting_queries(2, '--drain-timeout', '1s', '--statement-timeout', '60s');
    my $begun = time;
    $shim->signal('TERM');
    my $exit = $shim->wait_exit(15);
    my $took = time - $begun;
    is($exit, 1, 'it is given up: exit code 1');
    cmp_ok($took, '>=', 1, 'not before the drain timeout');
    cmp_ok($took, '<',  3, 'and not long after');
    unanswered_ok($_, 'a request in flight') for @connections;
    $blocker->quit;
};

subtest 'a second signal' => sub {
    for my $case ([ TERM => 'TERM' ], [ INT => 'INT' ], [ TERM => 'INT' ])
    {
        my ($shim, $blocker, @connections) =
            with_waiting_queries(1, '--drain-timeout', '60s', '--statement-timeout', '60s');
        $shim->signal($case->[0]);
        ok(wait_until(5, sub { !can_connect($shim) }), "@$case: ending");
        is($shim->exited, undef, "@$case: the first signal waits for the query");
        my $begun = time;
        $shim->signal($case->[1]);
        my $exit = $shim->wait_exit(15);
        my $took = time - $begun;
        is($exit, 1, "@$case: the second one ends it: exit code 1");
        cmp_ok($took, '<', 2, "@$case: at once");
        unanswered_ok($_, "@$case") for @connections;
        $blocker->quit;
    }
};

subtest 'at once after the start, and idle' => sub {
    for my $pause (0, 0.5)
    {
        my $shim = start_shim(database => $database);
        sleep $pause;
        my $begun = time;
        is($shim->stop, 0, "after $pause s: exit code 0");
        cmp_ok(time - $begun, '<', 3, "after $pause s: at once");
        ok(!can_connect($shim), "after $pause s: nobody listens any more");
    }
    is(
        $database->sql(q(SELECT count(*) FROM pg_stat_activity WHERE usename = 'active_calls_shim')), 0,
        'no connection to the database is left'
    );
};

done_testing;
