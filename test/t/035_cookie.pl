# Shows that a session lives on whose token comes in the cookie: every answer to it but a 401 has the cookie anew, as
# Yeti's own answers have it, with a token that grants the same for --cookie-ttl.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Harness;
use ActiveCalls::Shim;
use ActiveCalls::Token;
use Test::More;
use Time::Piece ();

time_limit(120);

my $COOKIE   = '_yeti_customer_v1_session';
my $database = ActiveCalls::Database->create;
my $shim     = start_shim(database => $database);
my $target   = $SAMPLE_TARGET;
my $future   = time + 3600;

# Answer to a request that has no token but the one in the cookie.
sub ask ($token, %options)
{
    my @headers = (Cookie => "theme=dark; $COOKIE=$token", @{ delete $options{headers} // [] });
    my $of      = delete $options{of} // $shim;
    return $of->request(target => $target, %options, headers => \@headers, token => undef);
}

# The token of an answer's cookie. It must end with the cookie, $ttl seconds after the answer was made.
sub renewed_ok ($name, $token, $ttl = 600, %options)
{
    my $begun  = int time;
    my $answer = ask($token, %options);
    my $ended  = int time;
    my $line   = $answer->{headers}{'set-cookie'} // '';
    my $shape  = qr/\A$COOKIE=([\w-]+\.[\w-]+\.[\w-]+); path=\/; expires=(\w{3}, .* GMT); HttpOnly; SameSite=Lax\z/;
    my ($renewed, $expires) = $line =~ $shape;
    ok($renewed, "$name: the cookie is renewed") or do { diag("set-cookie: $line"); return };
    my $exp = token_claims($renewed)->{exp};
    is(Time::Piece->strptime($expires, '%a, %d %b %Y %H:%M:%S GMT')->epoch, $exp, "$name: it ends when the token ends");
    ok($begun + $ttl <= $exp && $exp <= $ended + $ttl, "$name: which is in $ttl seconds") or diag("$begun $exp $ended");
    return ($answer, $renewed);
}

sub not_renewed_ok ($name, $answer, $status)
{
    status_ok($answer, $status, $name);
    is($answer->{headers}{'set-cookie'}, undef, "$name: no cookie");
    return;
}

subtest 'every answer but 401' => sub {
    my $token = token({ exp => $future });
    my ($answer, $renewed) = renewed_ok('a series', $token);
    series_ok($answer, $SAMPLE_JSON, 'a series');
    common_headers_ok($answer, 'a series');
    is_deeply(
        { %{ token_claims($renewed) }, exp => 0 },
        { aud => ['customer-v1'], sub => 37, exp => 0 },
        'the token is one that Yeti makes'
    );
    series_ok(ask($renewed), $SAMPLE_JSON, 'the renewed token is as good');
    series_ok($shim->request(target => $target, token => $renewed), $SAMPLE_JSON, 'also in the header');

    ($answer) = renewed_ok('HEAD', $token, 600, method => 'HEAD');
    status_ok($answer, 200, 'HEAD');
    ($answer) = renewed_ok('nothing new', $token, 600, headers => [ 'If-None-Match' => '*' ]);
    status_ok($answer, 304, '304');
    ($answer) = renewed_ok('a bad parameter', $token, 600, target => $PATH);
    status_ok($answer, 400, 'a bad parameter');
    ($answer) = renewed_ok('an account of others', token({ sub => 39, exp => $future }));
    status_ok($answer, 400, 'an account of others');
    $database->sql('ALTER TABLE active_calls.inbox RENAME TO gone');
    ($answer) = renewed_ok('a broken database', $token);
    $database->sql('ALTER TABLE active_calls.gone RENAME TO inbox');
    status_ok($answer, 500, '500');
    renewed_ok('a token that never ends', token());
};

subtest 'a dynamic token keeps its configuration' => sub {
    my $config = {
        customer_id => 3, account_ids => [7], allowed_ips => [ '0.0.0.0/0', '::/0' ],
        customer_portal_access_profile_id => 1, provision_gateway_id => undef, other => { deep => [ 1.5, 'é' ] },
    };
    my ($answer, $renewed) = renewed_ok('dynamic', token({ sub => 'D', cfg => $config, exp => $future }));
    series_ok($answer, $SAMPLE_JSON, 'dynamic');
    is_deeply(
        { %{ token_claims($renewed) }, exp => 0 },
        { aud => ['customer-v1'], sub => 'D', cfg => $config, exp => 0 },
        'all of it'
    );
    ($answer) = renewed_ok('dynamic, renewed', $renewed);
    series_ok($answer, $SAMPLE_JSON, 'dynamic, renewed');
    error_ok(
        $shim->request(parameters => [ 'account-id' => $ACCOUNT_8, @SAMPLE_WINDOW ], token => $renewed),
        400, 'invalid value account-id', 'its scope is still its limit'
    );
};

subtest 'what is not renewed' => sub {
    not_renewed_ok('a token in the header', $shim->request(target => $target), 200);
    not_renewed_ok('a header beside the cookie', ask(token(), headers => [ Authorization => token() ]), 200);
    not_renewed_ok('an expired token',     ask(token({ exp => time - 1 })),                   401);
    not_renewed_ok('a forged token',       ask(token({}, secret => 'another secret' x 3)),    401);
    not_renewed_ok('an unknown access',    ask(token({ sub => 9999, exp => $future })),       401);
    not_renewed_ok('a path without token', ask(token(), target => '/nothing'),                404);
    not_renewed_ok('the description', ask(token(), target => '/api/rest/customer/v1/openapi.json'), 200);
};

subtest '--cookie-ttl' => sub {
    my $other = start_shim(database => $database, args => [ '--cookie-ttl', '30d', '--require-exp' ]);
    my ($answer, $renewed) = renewed_ok('for 30 days', token({ exp => $future }), 30 * 86_400, of => $other);
    series_ok(ask($renewed, of => $other), $SAMPLE_JSON, 'the renewed token has an end, which --require-exp wants');
    is($other->stop, 0, 'ends in good order');
    my $never = start_shim(database => $database, args => [ '--cookie-ttl', '0' ]);
    not_renewed_ok('0', ask(token({ exp => $future }), of => $never), 200);
    is($never->stop, 0, 'ends in good order');
};

is($shim->stop, 0, 'the shim ends in good order');
done_testing;
