# An HTTP client that hides nothing: it sends the bytes it is given and shows the answer as it came.
package ActiveCalls::Http;

use v5.20;
use warnings;
use experimental 'signatures';

use Carp;
use Exporter 'import';
use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

our @EXPORT = qw(connect_to request_bytes query_string percent_encode take_answer);

# Bytes of a request. Options: method, target, version, headers (list of name, value), body. Host is added unless given.
sub request_bytes (%options)
{
    my @headers = @{ $options{headers} // [] };
    my %given   = map { lc $headers[ 2 * $_ ] => 1 } 0 .. @headers / 2 - 1;
    unshift @headers, Host => '127.0.0.1' if !$given{host};
    push @headers, 'Content-Length' => length $options{body} if defined $options{body};

    my $bytes = sprintf "%s %s HTTP/%s\r\n", $options{method} // 'GET', $options{target}, $options{version} // '1.1';
    while (my ($name, $value) = splice @headers, 0, 2)
    {
        $bytes .= "$name: $value\r\n";
    }
    return $bytes . "\r\n" . ($options{body} // '');
}

# Query string of a list of name, value. A value that is a reference to a string is taken as it is, already encoded.
sub query_string (@parameters)
{
    my @pairs;
    while (my ($name, $value) = splice @parameters, 0, 2)
    {
        push @pairs, "$name=" . (ref $value ? $$value : percent_encode($value));
    }
    return join '&', @pairs;
}

# Percent-encoded UTF-8 of a text of characters.
sub percent_encode ($text)
{
    utf8::encode($text);
    return $text =~ s/([^A-Za-z0-9._~-])/sprintf '%%%02X', ord $1/ger;
}

# Takes one whole answer off the front of $$buffer; nothing if it is not whole yet. An answer is a hash of
# version, status, reason, headers (names in lower case; a repeated header's values joined by a newline), body.
sub take_answer ($buffer, $method = 'GET')
{
    return if $$buffer !~ /\A(.*?)\r\n\r\n/s;
    my $head = $1;
    my ($status_line, @lines) = split /\r\n/, $head;
    my ($version, $status, $reason) = $status_line =~ m{\AHTTP/(1\.[01]) (\d{3}) ?(.*)\z}
        or croak "not an HTTP answer: $status_line";

    my %headers;
    for my $line (@lines)
    {
        my ($name, $value) = $line =~ /\A([!-9;-~]+):[ \t]*(.*?)[ \t]*\z/s or croak "not a header line: $line";
        $name = lc $name;
        $headers{$name} = exists $headers{$name} ? "$headers{$name}\n$value" : $value;
    }

    my $has_body = $method ne 'HEAD' && $status !~ /\A(?:1\d\d|204|304)\z/;
    my $length   = $has_body ? $headers{'content-length'} // croak "answer $status without content-length" : 0;
    return if length($$buffer) < length($head) + 4 + $length;

    substr $$buffer, 0, length($head) + 4, '';
    my $body = substr $$buffer, 0, $length, '';
    return { version => $version, status => $status, reason => $reason, headers => \%headers, body => $body };
}

# A connection to a port of the loopback interface; dies if none is made within $seconds.
sub connect_to ($port, $seconds = 10)
{
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port, Proto => 'tcp', Timeout => $seconds)
        or croak "could not connect to port $port: $@";
    $socket->blocking(0);
    return bless { socket => $socket, received => '', state => 'open' }, 'ActiveCalls::Http::Connection';
}

package ActiveCalls::Http::Connection;

use Carp;
use Time::HiRes qw(time);

my $PATIENCE = 15;    # seconds for an answer, when the test gives no limit

# Sends all of $bytes; false if the other side closed first.
sub send_bytes ($self, $bytes)
{
    my $deadline = time + $PATIENCE;
    while (length $bytes)
    {
        my $written = syswrite $self->{socket}, $bytes;
        if (defined $written)
        {
            substr $bytes, 0, $written, '';
            next;
        }
        return 0 if !$!{EAGAIN};
        croak "could not send within $PATIENCE seconds" if time > $deadline;
        IO::Select->new($self->{socket})->can_write(0.1);
    }
    return 1;
}

# Reads one answer to a request of method $method; dies if none comes within $seconds or only a part of one.
sub read_answer ($self, $method = 'GET', $seconds = $PATIENCE)
{
    my $started = time;
    while (1)
    {
        my $answer = ActiveCalls::Http::take_answer(\$self->{received}, $method);
        return { %$answer, seconds => time - $started } if $answer;
        croak "connection $self->{state} after " . length($self->{received}) . ' bytes of an answer'
            if $self->{state} ne 'open';
        croak "no answer within $seconds seconds" if !$self->_receive($started + $seconds - time);
    }
}

# Waits up to $seconds for the other side to end the connection. Returns 'closed', 'reset' or 'open';
# bytes that came meanwhile are in $connection->received.
sub wait_closed ($self, $seconds)
{
    my $deadline = time + $seconds;
    while ($self->{state} eq 'open')
    {
        last if !$self->_receive($deadline - time);
    }
    return $self->{state};
}

# What came and was not yet taken as an answer.
sub received ($self) { return $self->{received} }

sub finish_sending ($self) { return shutdown $self->{socket}, 1 }
sub close          ($self) { return close $self->{socket} }

# Receives what is there or comes within $seconds; false if nothing happened.
sub _receive ($self, $seconds)
{
    return 0 if $seconds <= 0 || !IO::Select->new($self->{socket})->can_read($seconds);
    my $count = sysread $self->{socket}, $self->{received}, 65536, length $self->{received};
    return 1 if !defined $count && $!{EAGAIN};
    $self->{state} = defined $count ? 'closed' : 'reset' if !$count;
    return 1;
}

1;
