# Shows which pages of other origins may read the answers: none by default; with --cors-origin every one, or those that
# are named, whatever the status of the answer is; and what a browser is told that asks beforehand.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Harness;
use ActiveCalls::Shim;
use Test::More;

time_limit(120);

my $PORTAL   = 'https://portal.example.com';
my $OTHER    = 'https://evil.example.com';
my $database = ActiveCalls::Database->create;

my @STATUSES = (
    [ 200, 'a series',             {} ],
    [ 200, 'HEAD',                 { method  => 'HEAD' } ],
    [ 200, 'the description',      { target  => '/api/rest/customer/v1/openapi.json', token => undef } ],
    [ 304, 'nothing new',          { headers => [ 'If-None-Match' => '*' ] } ],
    [ 400, 'a missing parameter',  { target  => $PATH } ],
    [ 401, 'no token',             { token   => undef } ],
    [ 404, 'another path',         { target  => '/' } ],
    [ 405, 'another method',       { method  => 'DELETE' } ],
    [ 414, 'a long URI',           { target  => "$SAMPLE_TARGET&x=" . 'x' x 20_000 } ],
);

# Answer to a request that a page of $origin makes.
sub ask ($shim, $origin, %options)
{
    my @origin = defined $origin ? (Origin => $origin) : ();
    return $shim->request(
        target => $SAMPLE_TARGET, %options, headers => [ @origin, @{ $options{headers} // [] } ]
    );
}

# What a browser sends before a request with a token.
sub ask_beforehand ($shim, $origin, %options)
{
    return ask(
        $shim, $origin, method => 'OPTIONS', token => undef, %options,
        headers => [ 'Access-Control-Request-Method' => 'GET', 'Access-Control-Request-Headers' => 'authorization' ]
    );
}

# The headers of CORS in an answer, without what all their names begin with.
sub told ($answer)
{
    my %headers = %{ $answer->{headers} };
    return { map { s/\Aaccess-control-//r => $headers{$_} } grep { /\Aaccess-control-/ } keys %headers };
}

my %BEFOREHAND = (
    'allow-methods' => 'GET, HEAD, OPTIONS',
    'allow-headers' => 'Origin, X-Requested-With, Content-Type, Accept, api_key, Authorization',
    'max-age'       => 1728000,
);

subtest 'none by default' => sub {
    my $shim = start_shim(database => $database);
    is_deeply(told(ask($shim, $PORTAL)), {}, 'a series');
    is(ask($shim, $PORTAL)->{headers}{vary}, 'Accept', 'which does not depend on the origin');
    my $answer = ask_beforehand($shim, $PORTAL);
    error_ok($answer, 405, $MESSAGE, 'OPTIONS is no method');
    is($answer->{headers}{allow}, 'GET, HEAD', 'it is not among those that there are');
    is_deeply(told($answer), {}, 'and is told nothing');
    is($shim->stop, 0, 'ends in good order');
};

subtest 'every origin' => sub {
    my $shim = start_shim(database => $database, args => [ '--cors-origin', '*' ]);
    for my $case (@STATUSES)
    {
        my ($status, $name, $options) = @$case;
        my $answer = ask($shim, $PORTAL, %$options);
        status_ok($answer, $status, $name);
        is_deeply(told($answer), { 'allow-origin' => '*' }, "$name: may be read");
        common_headers_ok($answer, $name, except => ['content-length']);
    }
    for my $target ($SAMPLE_TARGET, $PATH, '/api/rest/customer/v1/openapi.json')
    {
        my $answer = ask_beforehand($shim, $PORTAL, target => $target);
        empty_ok($answer, 204, "OPTIONS $target");
        is($answer->{headers}{'content-length'}, undef, "OPTIONS $target: what has no content has no length");
        is_deeply(told($answer), { 'allow-origin' => '*', %BEFOREHAND }, "OPTIONS $target: the four headers");
    }
    status_ok(ask_beforehand($shim, $PORTAL, target => '/nothing'), 404, 'OPTIONS of another path');
    my $refused = ask($shim, $PORTAL, method => 'POST', body => '{}');
    is($refused->{headers}{allow}, 'GET, HEAD, OPTIONS', '405 names OPTIONS, too');
    is($shim->stop, 0, 'ends in good order');
};

subtest 'the origins that are named' => sub {
    my $shim = start_shim(database => $database, args => [ '--cors-origin', "http://localhost:3000,$PORTAL" ]);
    my %allowed = ('allow-origin' => $PORTAL, 'allow-credentials' => 'true');
    # What is behind too long a URI is not read, so that the origin is not known.
    for my $case (grep { $_->[0] != 414 } @STATUSES)
    {
        my ($status, $name, $options) = @$case;
        my ($one, $another, $none) = map { ask($shim, $_, %$options) } $PORTAL, $OTHER, undef;
        status_ok($_, $status, $name) for $one, $another, $none;
        is_deeply(told($one), \%allowed, "$name: one of them may read it, also with the cookie");
        is_deeply(told($_), {}, "$name: no other may") for $another, $none;
        is($_->{headers}{vary}, 'Accept, Origin', "$name: caches tell them apart") for $one, $another, $none;
    }
    is_deeply(told(ask_beforehand($shim, $PORTAL)), { %allowed, %BEFOREHAND }, 'beforehand: one of them');
    empty_ok(ask_beforehand($shim, $OTHER), 204, 'beforehand: another');
    is_deeply(told(ask_beforehand($shim, $OTHER)), {}, 'beforehand: another is told nothing');
    is($shim->stop, 0, 'ends in good order');
};

done_testing;
