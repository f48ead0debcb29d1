# Many keep-alive clients at once, in a process of their own, so that a test can do something to the server meanwhile.
# Each client sends a request, waits for the whole answer and sends the next. What became of every request is recorded.
package ActiveCalls::Crowd;

use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Harness;
use ActiveCalls::Http;
use Carp;
use IO::Select;
use IO::Socket::INET;
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Utils;
use Socket      qw(SOL_SOCKET SO_ERROR);
use Time::HiRes qw(sleep time);

# Starts the clients. Options: port; requests (list of request bytes, which each client sends in turn, the first
# client beginning with the first, the second with the second and so on); clients (how many); each (requests per
# client; without it they go on until told to finish); pause (seconds between an answer and the next request).
sub start ($class, %options)
{
    my $path = PostgreSQL::Test::Utils::tempdir('crowd') . '/records';
    open my $records, '>', $path or croak "could not write $path: $!";
    $records->autoflush(1);

    my $pid = in_background(sub {
        eval { _be_the_crowd($records, %options); 1 }
            or print {$records} encode_json({ outcome => "crowd died: $@" }), "\n";
    });
    return bless { pid => $pid, path => $path }, $class;
}

# What is recorded so far, a list of hashes: client, number (of the request), outcome, status and body (of an answer),
# reused (the connection had answered before), closing (the answer announced the end of the connection), sent_at and
# done_at (seconds since 1970).
# outcome is one of
#   answer   a whole answer came
#   closed   the connection was closed in good order before the first byte of an answer
#   partial  the connection ended amid an answer
#   reset    the connection was reset
#   refused  no connection could be made, so nothing was sent
#   waiting  the crowd was ended before an answer came
sub records ($self)
{
    return map { decode_json($_) } grep {/\}\z/} split /\n/, slurp_file($self->{path});
}

# Lets each client end the request it is at, for up to $seconds, ends the crowd and returns all records.
sub finish ($self, $seconds = 20)
{
    kill 'TERM', $self->{pid};
    return $self->wait_done($seconds);
}

# Waits up to $seconds for clients that have a limited number of requests, then does as finish.
sub wait_done ($self, $seconds)
{
    if (!wait_until($seconds, sub { waitpid($self->{pid}, POSIX::WNOHANG()) != 0 }))
    {
        kill 'INT', $self->{pid};
        waitpid $self->{pid}, 0;
    }
    return $self->records;
}

# Number of records by what became of the request: an answer's status, or the outcome where there is none.
sub tally ($class, @records)
{
    my %count;
    $count{ $_->{status} // $_->{outcome} }++ for @records;
    return \%count;
}

# The process of the crowd. TERM: end each client after its request; INT: end now.
sub _be_the_crowd ($records, %options)
{
    my $crowd = { %options, records => $records };
    my $ended = 0;
    local $SIG{TERM} = sub { $crowd->{finishing} = 1 };
    local $SIG{INT}  = sub { $ended              = 1 };

    my @clients = map { { client => $_, number => 0, due => 0 } } 0 .. $options{clients} - 1;
    while (!$ended && @clients)
    {
        my ($read, $write) = (IO::Select->new, IO::Select->new);
        my %by_socket;
        for my $client (@clients)
        {
            _connect($crowd, $client) if !$client->{socket} && $client->{due} <= time;
            my $socket = $client->{socket} // next;
            $by_socket{$socket} = $client;
            $read->add($socket);
            $write->add($socket) if _wants_to_send($crowd, $client);
        }
        my ($readable, $writable) = IO::Select->select($read, $write, undef, 0.01);
        sleep 0.005 if !$read->count;

        _receive($crowd, $by_socket{$_}) for @{ $readable // [] };
        _send($crowd, $by_socket{$_}) for grep { _wants_to_send($crowd, $by_socket{$_}) } @{ $writable // [] };
        @clients = grep { defined $_->{sent_at} || !_is_done($crowd, $_) } @clients;
    }
    _record($crowd, $_, 'waiting') for grep { defined $_->{sent_at} } @clients;
    return;
}

sub _is_done ($crowd, $client)
{
    return $crowd->{finishing} || $crowd->{each} && $client->{number} >= $crowd->{each};
}

sub _wants_to_send ($crowd, $client)
{
    return $client->{socket} && !defined $client->{sent_at} && $client->{due} <= time && !_is_done($crowd, $client);
}

# Notes what became of the client's request, and prepares it for the next.
sub _record ($crowd, $client, $outcome, %more)
{
    my %about = map { $_ => $client->{$_} } qw(client number reused sent_at);
    print { $crowd->{records} } encode_json({ %about, outcome => $outcome, done_at => time, %more }), "\n";
    $client->{number}++;
    $client->{due} = time + ($crowd->{pause} // ($outcome eq 'answer' ? 0 : 0.05));
    delete $client->{sent_at};
    _disconnect($client) if $outcome ne 'answer' || $more{closing};
    return;
}

sub _connect ($crowd, $client)
{
    my $socket =
        IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $crowd->{port}, Proto => 'tcp', Blocking => 0);
    return _record($crowd, $client, 'refused') if !$socket;
    @$client{qw(socket buffer reused)} = ($socket, '', 0);
    return;
}

sub _disconnect ($client)
{
    close delete $client->{socket};
    return;
}

sub _send ($crowd, $client)
{
    my $error = unpack 'i', getsockopt($client->{socket}, SOL_SOCKET, SO_ERROR);
    return _record($crowd, $client, 'refused') if $error && !$client->{reused};

    my $requests = $crowd->{requests};
    my $request  = $requests->[ ($client->{client} + $client->{number}) % @$requests ];
    my $written  = syswrite $client->{socket}, $request;
    return _record($crowd, $client, $client->{reused} ? 'closed' : 'reset') if !defined $written;
    croak 'a request was sent in part only' if $written < length $request;
    $client->{sent_at} = time;
    return;
}

sub _receive ($crowd, $client)
{
    my $count = sysread $client->{socket}, $client->{buffer}, 65536, length $client->{buffer};
    if (!$count)
    {
        # The other side may end an idle connection whenever it likes: nothing to record, a new one is made when due.
        return _disconnect($client) if !defined $client->{sent_at} && $client->{reused};
        return _record($crowd, $client, defined $client->{sent_at} ? 'reset'   : 'refused') if !defined $count;
        return _record($crowd, $client, length $client->{buffer}   ? 'partial' : 'closed');
    }

    my $answer = take_answer(\$client->{buffer}) or return;
    my $closes = ($answer->{headers}{connection} // '') =~ /\bclose\b/i;
    _record(
        $crowd, $client, 'answer',
        status  => $answer->{status},
        body    => $answer->{body},
        retry   => $answer->{headers}{'retry-after'},
        closing => $closes ? JSON::PP::true : JSON::PP::false
    );

    # At once, so that some request is in flight at any moment.
    $client->{reused} = 1;
    _send($crowd, $client) if _wants_to_send($crowd, $client);
    return;
}

1;
