# What the API's document promises of answers, as checks for Test::More.
package ActiveCalls::Expect;

use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Http;
use ActiveCalls::Shim;
use Exporter 'import';
use Test::More;

our @EXPORT = qw(common_headers_ok status_ok error_ok series_ok empty_ok series_json $MESSAGE
    @SAMPLE_WINDOW $SAMPLE_TARGET $SAMPLE_JSON);

# The window of the sample answer, the request for account 7 in it, and the answer.
our @SAMPLE_WINDOW = ('from-time' => '2026-01-01T12:46:15Z', 'to-time' => '2026-01-01T12:52:00Z');
our $SAMPLE_TARGET = "$PATH?" . query_string('account-id' => $ACCOUNT_7, @SAMPLE_WINDOW);
our $SAMPLE_JSON   = series_json(1767271620, 60, 20, 19, 14, 17, 15, 10);

# The message of an error whose wording the document leaves open.
our $MESSAGE = qr/[^"\\]+/;

my $UUID = qr/[0-9a-f]{8}-[0-9a-f]{4}-[1-9a-f][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/;

my %COMMON_HEADERS = (
    'content-type'                      => qr/\Aapplication\/json; charset=utf-8\z/,
    'x-frame-options'                   => qr/\ASAMEORIGIN\z/,
    'x-xss-protection'                  => qr/\A0\z/,
    'x-content-type-options'            => qr/\Anosniff\z/,
    'x-permitted-cross-domain-policies' => qr/\Anone\z/,
    'referrer-policy'                   => qr/\Astrict-origin-when-cross-origin\z/,
    'vary'                              => qr/\AAccept\z/,
    'cache-control'                     => qr/\Amax-age=0, private, must-revalidate\z/,
    'x-request-id'                      => qr/\A$UUID\z/,
    'x-runtime'                         => qr/\A\d+\.\d{6}\z/,
    'content-length'                    => qr/\A\d+\z/,
);

# Every answer carries these headers, each once and with the documented value. Options: request_id (the id that the
# client gave), except (names not looked at).
sub common_headers_ok ($answer, $name, %options)
{
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my %expected = %COMMON_HEADERS;
    $expected{'x-request-id'} = qr/\A\Q$options{request_id}\E\z/ if defined $options{request_id};
    delete @expected{ @{ $options{except} // [] } };

    my @wrong = map { "$_: " . ($answer->{headers}{$_} // '(absent)') }
        grep { ($answer->{headers}{$_} // '') !~ $expected{$_} } sort keys %expected;
    return is("@wrong", '', "$name: documented headers");
}

sub status_ok ($answer, $status, $name)
{
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is($answer->{status}, $status, "$name: status $status") || diag($answer->{body});
}

# An error answer, byte for byte as the document has it, whose message is $message or, a pattern, matches it.
sub error_ok ($answer, $status, $message, $name)
{
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $pattern = ref $message ? $message : qr/\Q$message\E/;
    return like("$answer->{status} $answer->{body}", qr/\A$status \{"error":"$pattern"\}\z/, $name);
}

# 200 and exactly this text.
sub series_ok ($answer, $json, $name)
{
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is("$answer->{status} $answer->{body}", "200 $json", $name);
}

# An answer of this status without a body.
sub empty_ok ($answer, $status, $name)
{
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    return is("$answer->{status} $answer->{body}", "$status ", $name);
}

# The document's text of a series whose points begin at $first and are $step seconds apart.
sub series_json ($first, $step, @calls)
{
    my $times = join ',', map { $first + $step * $_ } 0 .. $#calls;
    return sprintf '{"data":{"t":[%s],"calls":[%s]},"rows":%d}', $times, join(',', @calls), scalar @calls;
}

1;
