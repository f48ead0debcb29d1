# Batches of rows, and what the feed's listener answers to them.
package ActiveCalls::Feed;

use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Http;
use ActiveCalls::Shim;
use Exporter 'import';
use JSON::PP;
use Test::More;

our @EXPORT = qw($INSERT post feed_bytes row batch refused_ok);

our $INSERT = "INSERT INTO active_calls FORMAT JSONEachRow\n";

# Sends a request to the feed's listener on a connection of its own and returns the answer. Options as of
# ActiveCalls::Http's request_bytes, POST / being usual, and: key (password; undef = none), seconds (patience).
sub post ($shim, $body, %options)
{
    my $connection = connect_to($shim->feed_port);
    $connection->send_bytes(feed_bytes($body, %options));
    my $answer = $connection->read_answer($options{method} // 'POST', $options{seconds} // 60);
    $connection->close;
    return $answer;
}

# The bytes of such a request.
sub feed_bytes ($body, %options)
{
    my $key  = exists $options{key} ? $options{key} : $FEED_PASSWORD;
    my @auth = defined $key         ? ('X-ClickHouse-Key' => $key) : ();
    return request_bytes(
        method => 'POST',
        target => '/',
        %options,
        body    => $body,
        headers => [ @{ $options{headers} // [] }, @auth ]
    );
}

# A row for account 7 in JSONEachRow, of these fields and those that it needs.
sub row (%fields)
{
    state $json = JSON::PP->new->utf8->canonical;    # the same text each time
    return $json->encode({ snapshot_timestamp => '2026-01-01 12:00:00', customer_acc_id => 7, %fields }) . "\n";
}

# A batch of $count calls of one snapshot, the $number-th minute of a month.
sub batch ($number, $count)
{
    my $time = sprintf '2026-02-%02d %02d:%02d:00', 1 + int($number / 1440), int($number / 60) % 24, $number % 60;
    return join '', map { row(snapshot_timestamp => $time, duration => $_) } 1 .. $count;
}

# A refusal as ClickHouse words them, with this code, and a message that matches $message.
sub refused_ok ($answer, $status, $code, $message, $name)
{
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $pattern = qr/\ACode: $code\. DB::Exception: .*$message.*\. \([A-Z_]+\) \(version [^\n]+\)\n\z/s;
    my $good    = $answer->{status} == $status && $answer->{body} =~ $pattern;
    $good &&= $answer->{headers}{'x-clickhouse-exception-code'} eq $code;
    return ok($good, "$name: refused") || diag(explain($answer));
}

1;
