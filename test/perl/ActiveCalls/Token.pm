# Makes JSON Web Tokens, good ones and every kind of bad one, without the library that the shim checks them with.
package ActiveCalls::Token;

use v5.20;
use warnings;
use experimental 'signatures';

use Digest::SHA qw(hmac_sha256 hmac_sha384 hmac_sha512);
use Exporter 'import';
use JSON::PP;
use MIME::Base64 qw(encode_base64url decode_base64url);

our @EXPORT = qw($SECRET token sign_token token_claims token_header);

our $SECRET = 'a secret of the tests, as long as HS256 wants it';

my %HMAC = (HS256 => \&hmac_sha256, HS384 => \&hmac_sha384, HS512 => \&hmac_sha512);

# A token for API access 37, with $claims put over the usual ones; a claim given as undef is left out.
# Options: secret, header (hash of header fields), hmac (HS256, HS384 or HS512: what really signs).
sub token ($claims = {}, %options)
{
    my %claims = (aud => ['customer-v1'], sub => 37, %$claims);
    delete @claims{ grep { !defined $claims{$_} } keys %claims };
    my $header = $options{header} // { alg => 'HS256' };
    return sign_token(_json($header), _json(\%claims), %options);
}

# Signs two texts as they are, be they JSON or not. Options: secret, hmac.
sub sign_token ($header_text, $claims_text, %options)
{
    my $signed = join '.', map { encode_base64url($_) } $header_text, $claims_text;
    my $hmac   = $HMAC{ $options{hmac} // 'HS256' };
    return join '.', $signed, encode_base64url($hmac->($signed, $options{secret} // $SECRET));
}

# The decoded parts of a token.
sub token_header ($token) { return decode_json(decode_base64url((split /\./, $token)[0])) }
sub token_claims ($token) { return decode_json(decode_base64url((split /\./, $token)[1])) }

sub _json ($value)
{
    return JSON::PP->new->utf8->canonical->allow_nonref->encode($value);
}

1;
