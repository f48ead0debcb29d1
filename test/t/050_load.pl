# Shows that clients do not stand in each other's way: a hundred that keep their connections alive are all served, with
# the right answers, beside silent and slow ones, and also when there are more silent ones than threads.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Crowd;
use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Harness;
use ActiveCalls::Http;
use ActiveCalls::Shim;
use List::Util qw(max);
use Test::More;
use Time::HiRes qw(sleep time);

time_limit(240);

my $CLIENTS     = 100;
my $EACH        = 20;
my $TIME_FOR_IT = 60;    # seconds, on the slowest of machines

my $database = ActiveCalls::Database->create;

# Questions with different answers, so that one that went to the wrong client would show.
my @TARGETS = map { "$PATH?" . query_string('account-id' => $ACCOUNT_7, @SAMPLE_WINDOW, @$_) } [],
    map { [ 'duration-gt' => $_ ] } 0, 30, 60, 120, 240, 480;

# Connections that send these bytes and then nothing. They last as long as the returned value.
sub silent_clients ($shim, $count, $bytes = '')
{
    return map {
        my $connection = connect_to($shim->port);
        $connection->send_bytes($bytes);
        $connection
    } 1 .. $count;
}

sub open_files ($shim)
{
    my $open = () = glob '/proc/' . $shim->pid . '/fd/*';
    return $open;
}

# Connections that send a request one byte at a time and never come to its end, for as long as this test runs.
sub start_dripping ($shim, $count)
{
    my $bytes = $shim->bytes(target => $TARGETS[0]) =~ s/\r\n\r\n\z/\r\nX-Endless: /r;
    in_background(sub {
        my @connections = map { connect_to($shim->port) } 1 .. $count;
        for my $byte (split(//, $bytes), ('x') x 10_000)
        {
            $_->send_bytes($byte) for @connections;
            sleep 0.05;
        }
    });
    return;
}

subtest 'a hundred clients beside silent and slow ones' => sub {
    my $shim    = start_shim(database => $database);
    my @answers = map { $shim->request(target => $_)->{body} } @TARGETS;
    my %seen    = map { $_ => 1 } @answers;
    is(scalar keys %seen, scalar @TARGETS, 'the questions have different answers');

    my @silent = (
        silent_clients($shim, 10),
        silent_clients($shim, 5, 'GET /api/rest/cust'),
        silent_clients($shim, 5, "GET $TARGETS[0] HTTP/1.1\r\nHost: x\r\nX-Half: ")
    );
    start_dripping($shim, 10);

    my $begun = time;
    my $crowd = ActiveCalls::Crowd->start(
        port     => $shim->port,
        clients  => $CLIENTS,
        each     => $EACH,
        requests => [ map { $shim->bytes(target => $_) } @TARGETS ]
    );
    my @records = $crowd->wait_done($TIME_FOR_IT);
    note(
        sprintf 'took %.2f s, slowest answer %.3f s', time - $begun,
        max(map { $_->{done_at} - $_->{sent_at} } @records)
    );

    is_deeply(ActiveCalls::Crowd->tally(@records), { 200 => $CLIENTS * $EACH }, 'every request is answered with 200');
    my @wrong = grep { $_->{body} ne $answers[ ($_->{client} + $_->{number}) % @answers ] } @records;
    is(scalar @wrong, 0, 'and with its own answer');
    my %per_client;
    $per_client{ $_->{client} }++ for @records;
    is(scalar(grep { $_ == $EACH } values %per_client), $CLIENTS, 'no client is left out');
    cmp_ok(max(map { $_->{done_at} - $_->{sent_at} } @records), '<', 15,         'no answer takes long');
    cmp_ok(scalar(grep { $_->{reused} } @records), '>=', $CLIENTS * $EACH * 0.9, 'connections are kept alive');

    is($shim->stop, 0, 'the shim ends in good order, slow clients or not');
};

subtest 'more silent clients than threads' => sub {
    my $shim = start_shim(
        database => $database,
        args     => [ '--pool-size', 4, '--keep-alive-timeout', '1s', '--read-timeout', '1s' ]
    );
    for my $bytes ('', 'GET /api/rest/cust', "GET $TARGETS[0] HTTP/1.1\r\n")
    {
        my $begun  = time;
        my @silent = silent_clients($shim, 40, $bytes);
        my $answer = $shim->request(target => $TARGETS[0], seconds => 20);
        series_ok($answer, $SAMPLE_JSON, "served beside 40 that say '" . substr($bytes, 0, 9) . "'");
        cmp_ok(time - $begun, '<', 15, 'within a bounded time');
    }
    status_ok($shim->request(admin => 1, target => '/live'), 200, 'the admin listener is not touched by it');
    is($shim->stop, 0, 'the shim ends in good order');
};

# Each listener gets 670. They live in a process for each listener, for which the usual limit of open files, 1024, is enough.
subtest 'two thousand silent clients' => sub {
    my $shim  = start_shim(database => $database, feed => 1, args => [ '--read-timeout', '60s' ]);
    my %ports = (customers => $shim->port, operations => $shim->admin_port, feed => $shim->feed_port);
    for my $port (values %ports)
    {
        in_background(sub {
            my @silent = map { connect_to($port) } 1 .. 670;
            $silent[$_]->send_bytes('GET / HTTP/1.1') for 1 .. 300;
            sleep 120;
        });
    }
    ok(wait_until(30, sub { open_files($shim) > 2000 }), 'they have connected');

    my %targets = (customers => $TARGETS[0], operations => '/live', feed => '/ping');
    for my $whom (sort keys %ports)
    {
        my @took;
        for (1 .. 10)
        {
            my $begun      = time;
            my $connection = connect_to($ports{$whom});
            $connection->send_bytes($shim->bytes(target => $targets{$whom}));
            status_ok($connection->read_answer('GET', 20), 200, "another one is served: $whom");
            push @took, time - $begun;
        }
        cmp_ok(max(@took), '<', 1, sprintf 'at once (after %.3f s at most)', max(@took));
    }
    my $begun = time;
    is($shim->stop, 0, 'the shim ends in good order');
    cmp_ok(time - $begun, '<', 5, 'and soon');
};

subtest 'connections without end do not wear it out' => sub {
    my $shim = start_shim(database => $database);
    for my $round (1 .. 300)
    {
        my $connection = connect_to($shim->port);
        $connection->send_bytes($shim->bytes(target => $TARGETS[0])) if $round % 3;
        $connection->close;    # without reading the answer
    }
    series_ok($shim->request(target => $TARGETS[0]), $SAMPLE_JSON, 'after 300 that left without their answer');
    ok(wait_until(15, sub { open_files($shim) < 60 }), 'their files are closed');
    is($shim->stop, 0, 'the shim ends in good order');
};

done_testing;
