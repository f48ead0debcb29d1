# Shows which tokens are let in and what they may see: every place and form of a token, every way in which one is wrong,
# the scope of API accesses and of dynamic tokens, the `token` subcommand, and where the secret comes from.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Harness;
use ActiveCalls::Shim;
use ActiveCalls::Token;
use MIME::Base64 qw(encode_base64url);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

time_limit(180);

my $COOKIE   = '_yeti_customer_v1_session';
my $database = ActiveCalls::Database->create;
my $shim     = start_shim(database => $database);

# Answer to the sample question about $account (7), asked with these headers and no other token.
sub ask_with_headers ($headers, $account = $ACCOUNT_7, $of = $shim)
{
    return $of->request(
        parameters => [ 'account-id' => $account, @SAMPLE_WINDOW ], headers => $headers,
        token      => undef
    );
}

sub ask ($token, $account = $ACCOUNT_7, $of = $shim)
{
    return ask_with_headers([ Authorization => $token ], $account, $of);
}

sub let_in ($answer, $name)
{
    series_ok($answer, $SAMPLE_JSON, $name);
    return;
}

sub turned_away ($answer, $name)
{
    empty_ok($answer, 401, $name);
    common_headers_ok($answer, $name);
    return;
}

subtest 'where a token is looked for' => sub {
    my ($good, $bad) = (token(), token({}, secret => 'another secret, as long as HS256 wants'));
    my @let_in = (
        [ 'bare',                            [ Authorization => $good ] ],
        [ 'after Bearer',                    [ Authorization => "Bearer $good" ] ],
        [ 'after another scheme',            [ Authorization => "Token $good" ] ],
        [ 'after two words',                 [ Authorization => "Bearer $bad $good" ] ],
        [ 'header name in other case',       [ AUTHORIZATION => "Bearer $good" ] ],
        [ 'in the cookie',                   [ Cookie        => "$COOKIE=$good" ] ],
        [ 'in the first of some cookies',    [ Cookie        => "$COOKIE=$good; theme=dark" ] ],
        [ 'in the last of some cookies',     [ Cookie        => "theme=dark; lang=uk; $COOKIE=$good" ] ],
        [ 'in the middle of some cookies',   [ Cookie        => "theme=dark; $COOKIE=$good; lang=uk" ] ],
        [ 'a like-named cookie is another',  [ Cookie        => "x$COOKIE=$bad; ${COOKIE}2=$bad; $COOKIE=$good" ] ],
        [ 'the header wins over the cookie', [ Authorization => $good, Cookie => "$COOKIE=$bad" ] ],
        [ 'a blank header does not',         [ Authorization => ' ',   Cookie => "$COOKIE=$good" ] ],
    );
    let_in(ask_with_headers($_->[1]), $_->[0]) for @let_in;
    my @turned_away = (
        [ 'nowhere',                                     [] ],
        [ 'the header wins over the cookie, also a bad', [ Authorization => $bad,         Cookie => "$COOKIE=$good" ] ],
        [ 'garbage in the header wins, too',             [ Authorization => 'Basic dTpw', Cookie => "$COOKIE=$good" ] ],
        [ 'an empty header',                             [ Authorization     => '' ] ],
        [ 'Bearer and nothing',                          [ Authorization     => 'Bearer' ] ],
        [ 'the scheme wins, too',                        [ Authorization     => 'Bearer', Cookie => "$COOKIE=$good" ] ],
        [ 'a word after the token',                      [ Authorization     => "Bearer $good x" ] ],
        [ 'a cookie of another name',                    [ Cookie            => "session=$good" ] ],
        [ 'a cookie whose name ends alike',              [ Cookie            => "x$COOKIE=$good" ] ],
        [ 'a cookie whose name begins alike',            [ Cookie            => "${COOKIE}2=$good" ] ],
        [ 'a cookie value that holds the name',          [ Cookie            => "theme=$COOKIE=$good" ] ],
        [ 'an empty cookie',                             [ Cookie            => "$COOKIE=" ] ],
        [ 'another header',                              [ 'X-Authorization' => $good ] ],
    );
    turned_away(ask_with_headers($_->[1]), $_->[0]) for @turned_away;
    turned_away(
        $shim->request(target => "$PATH?account-id=$ACCOUNT_7&from-time=2999-01-01&token=$good", token => undef),
        'the query is no place for a token'
    );
    turned_away($shim->request(target => $PATH, token => undef), 'no token comes before missing parameters');
};

subtest 'audience' => sub {
    my @let_in = (
        [ 'customer-v1',                       'as a string' ],
        [ ['customer-v1'],                     'as a list of one' ],
        [ [ 'admin', 'customer-v1', 'other' ], 'among others' ],
    );
    let_in(ask(token({ aud => $_->[0] })), "aud $_->[1]") for @let_in;
    my @turned_away = (
        [ undef,                  'absent' ],
        [ '',                     'empty' ],
        [ 'customer-v2',          'another' ],
        [ 'Customer-V1',          'in another case' ],
        [ 'xcustomer-v1',         'with more before' ],
        [ 'customer-v1x',         'with more after' ],
        [ [],                     'an empty list' ],
        [ [ 'admin', 'other' ],   'a list of others' ],
        [ [ ['customer-v1'] ],    'a list in a list' ],
        [ { 'customer-v1' => 1 }, 'an object' ],
        [ 1,                      'a number' ],
        [ [1],                    'a list of numbers' ],
        [ JSON::PP::true,         'a boolean' ],
    );
    turned_away(ask(token({ aud => $_->[0] })), "aud $_->[1]") for @turned_away;
};

subtest 'subject' => sub {
    let_in(ask(token({ sub => 37 })),                              'a number');
    let_in(ask(token({ sub => '37' })),                            'a numeric string');
    let_in(ask(token({ sub => 37, cfg => { customer_id => 9 } })), 'a number, where cfg has no say');
    my @turned_away = (
        [ undef,                               'absent' ],
        [ 9999,                                'of an unknown access' ],
        [ '9999',                              'of an unknown access, as a string' ],
        [ 0,                                   'zero' ],
        [ -37,                                 'negative' ],
        [ 37.5,                                'a fraction' ],
        [ 2147483648,                          'beyond an int' ],
        [ 4294967333,                          'that is 37 modulo 2^32' ],
        [ '4294967333',                        'that is 37 modulo 2^32, as a string' ],
        [ '18446744073709551653',              'that is 37 modulo 2^64, as a string' ],
        [ '9' x 300,                           'of many digits' ],
        [ '',                                  'empty' ],
        [ ' 37',                               'with a space before' ],
        [ '37 ',                               'with a space after' ],
        [ '37x',                               'with a letter after' ],
        [ '0x25',                              'in hex' ],
        [ "37\0",                              'with a NUL' ],
        [ "\x{663}\x{667}",                    'in Arabic digits' ],
        [ [37],                                'a list' ],
        [ { id => 37 },                        'an object' ],
        [ JSON::PP::true,                      'true' ],
        [ 'd',                                 'a small d' ],
        [ 'D37',                               'D with a number' ],
        [ '37; DROP TABLE active_calls.inbox', 'SQL' ],
    );
    turned_away(ask(token({ sub => $_->[0] })), "sub $_->[1]") for @turned_away;
    turned_away(ask(sign_token('{"alg":"HS256"}', qq({"aud":["customer-v1"],"sub":$_}))), "sub $_ in the JSON")
        for qw(null 99999999999999999999 37e400 -37 37.5);
};

subtest 'expiry' => sub {
    my $now = time;
    let_in(ask(token({ exp => $now + 3600 })), 'not yet');
    let_in(ask(token()),                       'absent, which is good unless configured otherwise');
    my @turned_away = (
        [ $now - 3600,     'past' ],
        [ 0,               'zero' ],
        [ -1,              'negative' ],
        [ 'tomorrow',      'a word' ],
        [ [ $now + 3600 ], 'a list' ],
        [ { at => 1 },     'an object' ],
        [ JSON::PP::true,  'true' ],
    );
    turned_away(ask(token({ exp => $_->[0] })), "exp $_->[1]") for @turned_away;

    my $strict = start_shim(database => $database, args => ['--require-exp']);
    let_in(ask(token({ exp => $now + 3600 }), $ACCOUNT_7, $strict), 'with --require-exp: present');
    turned_away(ask(token(),                       $ACCOUNT_7, $strict), 'with --require-exp: absent');
    turned_away(ask(token({ exp => $now - 3600 }), $ACCOUNT_7, $strict), 'with --require-exp: past');
    is($strict->stop, 0, 'ends in good order');
};

subtest 'algorithm' => sub {
    let_in(ask(token({}, header => { alg => 'HS256', typ => 'JWT', kid => 'a' })), 'HS256, with other header fields');
    turned_away(ask(token({}, header => { alg => $_ })), "alg $_ over an HS256 signature")
        for qw(none None NONE HS384 HS512 RS256 ES256 PS256 EdDSA HS1), '';
    turned_away(ask(token({}, header => $_->[1])), "alg $_->[0]")
        for [ 'absent', { typ => 'JWT' } ], [ 'null', { alg => undef } ], [ 'a number', { alg => 256 } ],
        [ 'a list', { alg => ['HS256'] } ];
    turned_away(ask(token({}, header => { alg => $_ }, hmac => $_)), "$_, signed with the right secret")
        for qw(HS384 HS512);

    my ($head, $claims) = (encode_base64url('{"alg":"none"}'), (split /\./, token())[1]);
    turned_away(ask("$head.$claims$_"), "alg none and the signature '$_'") for '.', '', '.AAAA', '.e30';
};

subtest 'signature' => sub {
    my ($header, $claims, $signature) = split /\./, token();
    my $others      = token({ sub => 39 });
    my $flipped     = ($signature =~ /\AA/ ? 'B' : 'A') . substr $signature, 1;
    my @turned_away = (
        [ 'of another secret',           token({}, secret => 'not the secret of this shim at all') ],
        [ 'of the empty secret',         token({}, secret => '') ],
        [ 'of the secret less a byte',   token({}, secret => substr $SECRET, 0, -1) ],
        [ 'of the secret and a newline', token({}, secret => "$SECRET\n") ],
        [ 'of another token',            join '.', $header, $claims, (split /\./, $others)[2] ],
        [ 'over another claim',          join '.', $header, (split /\./, $others)[1], $signature ],
        [ 'a bit changed',               "$header.$claims.$flipped" ],
        [ 'cut short',                   substr token(), 0, -5 ],
        [ 'empty',                       "$header.$claims." ],
        [ 'absent',                      "$header.$claims" ],
        [ 'longer',                      token() . 'AAAA' ],
        [ 'of the right length, zero',   "$header.$claims." . 'A' x 43 ],
    );
    turned_away(ask($_->[1]), $_->[0]) for @turned_away;
};

subtest 'form' => sub {
    my $good = token();
    my ($header, $claims, $signature) = split /\./, $good;
    my $alg         = '{"alg":"HS256"}';
    my @turned_away = (
        [ 'one word',                   'garbage' ],
        [ 'dots',                       '..' ],
        [ 'one dot',                    '.' ],
        [ 'the header alone',           $header ],
        [ 'no header',                  ".$claims.$signature" ],
        [ 'no claims',                  "$header..$signature" ],
        [ 'four parts',                 "$good.AAAA" ],
        [ 'a dot after',                "$good." ],
        [ 'a space within',             $good =~ s/\./. /r ],
        [ 'a character outside base64', $good =~ s/\A./!/r ],
        [ 'a byte that is not ASCII',   "\xff$good" ],
        [ 'huge',                       'A' x 6000 ],
        [ 'huge, with dots',            join '.', ('A' x 2000) x 3 ],
        [ 'many dots',                  '.' x 2000 ],
        [ 'a header that is no JSON',   sign_token('HS256',          '{"aud":["customer-v1"],"sub":37}') ],
        [ 'a header that is a list',    sign_token('["HS256"]',      '{"aud":["customer-v1"],"sub":37}') ],
        [ 'a header that is cut',       sign_token('{"alg":"HS256"', '{"aud":["customer-v1"],"sub":37}') ],
        [ 'claims that are no JSON',    sign_token($alg,             'customer-v1') ],
        [ 'claims that are cut',        sign_token($alg,             '{"aud":["customer-v1"],"sub":37') ],
        [ 'claims that are a list',     sign_token($alg,             '["customer-v1",37]') ],
        [ 'claims that are a string',   sign_token($alg,             '"customer-v1"') ],
        [ 'claims that are null',       sign_token($alg,             'null') ],
        [ 'claims that are empty',      sign_token($alg,             '{}') ],
        [ 'claims that are no text',    sign_token($alg,             '') ],
        [ 'claims in broken UTF-8',     sign_token($alg,             qq({"aud":["customer-v1"],"sub":"37\xff"})) ],
        [ 'claims nested very deep',    sign_token($alg,             '[' x 3000) ],
    );
    turned_away(ask($_->[1]), $_->[0]) for @turned_away;
    let_in(
        ask(sign_token('{ "alg" : "HS256" }', qq({ "aud" : [ "customer-v1" ],\n "sub" : 37 }))),
        'white space in the JSON'
    );
};

subtest 'what an API access may see' => sub {
    my @accounts = ([ 7, $ACCOUNT_7 ], [ 8, $ACCOUNT_8 ], [ 21, $ACCOUNT_21 ]);
    my $dynamic  = sub ($customer, @account_ids) {
        return { sub => 'D', cfg => { customer_id => $customer, @account_ids ? (account_ids => \@account_ids) : () } };
    };
    my @scopes = (
        [ 'access 37, all of customer 3',                 { sub => 37 }, 7, 8 ],
        [ 'access 38, of account 8 only',                 { sub => 38 }, 8 ],
        [ 'access 39, all of customer 9',                 { sub => 39 }, 21 ],
        [ 'access 40, which names a stranger\'s account', { sub => 40 }, 8 ],
        [ 'dynamic, all of customer 3', $dynamic->(3),                                                  7, 8 ],
        [ 'dynamic, no account named',  { sub => 'D', cfg => { customer_id => 3, account_ids => [] } }, 7, 8 ],
        [ 'dynamic, account 7 only',    $dynamic->(3, 7), 7 ],
        [ 'dynamic, accounts 7 and 8',  $dynamic->(3, 7, 8), 7, 8 ],
        [ 'dynamic, a stranger\'s account beside', $dynamic->(3, 8, 21), 8 ],
        [ 'dynamic, a stranger\'s account only',   $dynamic->(9, 7) ],
        [ 'dynamic, an account that is not there', $dynamic->(3, 99) ],
        [ 'dynamic, a customer that is not there', $dynamic->(99) ],
        [ 'dynamic, other keys in cfg', { sub => 'D', cfg => { customer_id => 3, x => [ {} ], y => 'z' } }, 7, 8 ],
    );
    for my $scope (@scopes)
    {
        my ($name, $claims, @seen) = @$scope;
        for my $account (@accounts)
        {
            my ($id, $uuid) = @$account;
            my $answer = ask(token($claims), $uuid);
            if (grep { $_ == $id } @seen)
            {
                status_ok($answer, 200, "$name: account $id is seen");
            }
            else
            {
                error_ok($answer, 400, 'invalid value account-id', "$name: account $id is not");
            }
        }
    }
    error_ok(
        ask(token(), '11111111-1111-4111-8111-111111111111'), 400, 'invalid value account-id',
        'an account that is not there reads the same'
    );
};

subtest 'cfg of a dynamic token' => sub {
    my @bad = (
        [ 'absent',                      undef ],
        [ 'a list',                      [3] ],
        [ 'a string',                    'customer 3' ],
        [ 'a number',                    3 ],
        [ 'empty',                       {} ],
        [ 'without customer_id',         { account_ids => [7] } ],
        [ 'customer_id null',            { customer_id => undef } ],
        [ 'customer_id a word',          { customer_id => 'three' } ],
        [ 'customer_id a fraction',      { customer_id => 3.5 } ],
        [ 'customer_id a list',          { customer_id => [3] } ],
        [ 'customer_id true',            { customer_id => JSON::PP::true } ],
        [ 'customer_id beyond an int',   { customer_id => 4294967299 } ],
        [ 'account_ids a number',        { customer_id => 3, account_ids => 7 } ],
        [ 'account_ids a string',        { customer_id => 3, account_ids => '7' } ],
        [ 'account_ids an object',       { customer_id => 3, account_ids => { 7 => 1 } } ],
        [ 'account_ids with a word',     { customer_id => 3, account_ids => [ 7, 'eight' ] } ],
        [ 'account_ids with null',       { customer_id => 3, account_ids => [ 7, undef ] } ],
        [ 'account_ids with a fraction', { customer_id => 3, account_ids => [7.5] } ],
        [ 'account_ids with a list',     { customer_id => 3, account_ids => [ [7] ] } ],
        [ 'account_ids beyond an int',   { customer_id => 3, account_ids => [4294967303] } ],
    );
    turned_away(ask(token({ sub => 'D', cfg => $_->[1] })),                                         $_->[0]) for @bad;
    turned_away(ask(sign_token('{"alg":"HS256"}', '{"aud":["customer-v1"],"sub":"D","cfg":null}')), 'null');
};

subtest 'the token command' => sub {
    my $begun = time;
    my @cases = (
        [ 'an access',                 [ '--sub', 37 ], { sub => 37 } ],
        [ 'with a time to live',       [ '--sub', 37,  '--ttl',         '10m' ], { sub => 37 }, 600 ],
        [ 'in seconds',                [ '--sub', 37,  '--ttl',         '90s' ], { sub => 37 }, 90 ],
        [ 'in hours',                  [ '--sub', 37,  '--ttl',         '2h' ],  { sub => 37 }, 7200 ],
        [ 'dynamic',                   [ '--sub', 'D', '--customer-id', 3 ],     { sub => 'D' } ],
        [ 'dynamic, of some accounts', [ '--sub', 'D', '--customer-id', 3, '--account-ids', '7,8' ], { sub => 'D' } ],
    );
    for my $case (@cases)
    {
        my ($name, $arguments, $claims, $ttl) = @$case;
        my $run = run_shim([ 'token', @$arguments ]);
        is($run->{exit}, 0, "$name: made") or diag($run->{output});
        my ($token) = $run->{stdout} =~ /\A([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{43})\n\z/;
        ok($token, "$name: prints the token and a newline, nothing else") or next;
        let_in(ask($token), "$name: accepted");
        is(token_header($token)->{alg}, 'HS256', "$name: HS256");

        my $made     = token_claims($token);
        my $expected = JSON::PP->new->allow_nonref->encode($claims->{sub});
        is(JSON::PP->new->allow_nonref->encode($made->{sub}), $expected, "$name: sub is $expected");
        if ($ttl)
        {
            cmp_ok($made->{exp}, '>=', $begun + $ttl,   "$name: exp not before");
            cmp_ok($made->{exp}, '<=', time + $ttl + 1, "$name: exp not a whole second after");
        }
        else
        {
            ok(!exists $made->{exp}, "$name: no exp");
        }
    }

    my $narrow = run_shim([ 'token', '--sub', 'D', '--customer-id', 3, '--account-ids', '8' ])->{stdout} =~ s/\n//r;
    error_ok(ask($narrow), 400, 'invalid value account-id', 'the accounts given are the limit');

    my $short = run_shim([ 'token', '--sub', 37, '--ttl', '2s' ])->{stdout} =~ s/\n//r;
    let_in(ask($short), 'a short life has begun');
    sleep 3.1;
    turned_away(ask($short), 'and ended');

    my @wrong = (
        [ 'no sub',                      [],                                                         qr/sub/ ],
        [ 'sub a word',                  [ '--sub', 'me' ],                                          qr/sub/ ],
        [ 'a time to live that is none', [ '--sub', 37, '--ttl', 'soon' ],                           qr/ttl/ ],
        [ 'a time to live below zero',   [ '--sub', 37, '--ttl', '-5m' ],                            qr/ttl/ ],
        [ 'dynamic without customer',    [ '--sub', 'D' ],                                           qr/customer-id/ ],
        [ 'a customer that is a word',   [ '--sub', 'D', '--customer-id', 'three' ],                 qr/customer-id/ ],
        [ 'accounts that are words',     [ '--sub', 'D', '--customer-id', 3, '--account-ids', 'x' ], qr/account-ids/ ],
    );
    for my $case (@wrong)
    {
        my ($name, $arguments, $message) = @$case;
        my $run = run_shim([ 'token', @$arguments ]);
        like($run->{exit}, qr/\A[1-9]\d*\z/, "$name: refused") or diag($run->{output});
        is($run->{stdout}, '', "$name: no token");
        like($run->{stderr}, $message, "$name: the message says what");
    }
};

subtest 'where the secret comes from' => sub {
    my $directory = PostgreSQL::Test::Utils::tempdir('secret');
    my $case      = sub ($name, $content, $secret) {
        my $file = "$directory/" . ($name =~ tr/ /_/r);
        append_to_file($file, $content);
        my $of = start_shim(database => $database, secret => undef, args => [ '--jwt-secret-file', $file ]);
        let_in(ask(token({}, secret => $secret), $ACCOUNT_7, $of), "$name: a token signed with it");
        turned_away(
            ask(token({}, secret => 'something else, long enough, I think'), $ACCOUNT_7, $of),
            "$name: a token signed with another"
        );
        unlike(join(' ', $of->command), qr/\Q$secret/, "$name: the secret is not in the command line");
        my $made =
            run_shim([ 'token', '--sub', 37, '--jwt-secret-file', $file ], secret => undef)->{stdout} =~ s/\n\z//r;
        let_in(ask($made, $ACCOUNT_7, $of), "$name: the token command reads the same file");
        unlike($of->log_text, qr/\Q$secret/, "$name: the secret is not logged");
        my $warns = $secret =~ /\A\s|\s\z/ ? 1 : 0;
        my @warnings = grep { ($_->{warning} // '') =~ /\A\Q$file\E begins or ends with white space/ } $of->log_records;
        is(scalar @warnings, $warns, "$name: the log " . ($warns ? 'warns' : 'does not warn') . ' of white space');
        is($of->stop, 0, "$name: ends in good order");
    };
    $case->('without a newline', 'the secret in a file, without a newline', 'the secret in a file, without a newline');
    $case->(
        'with a newline', "the secret in a file, with a newline after\n",
        'the secret in a file, with a newline after'
    );
    $case->(
        'with two newlines', "the secret in a file, and two newlines\n\n",
        "the secret in a file, and two newlines\n"
    );
    $case->('of Windows', "the secret in a file of Windows\r\n", "the secret in a file of Windows\r");
    $case->('with spaces', "  the secret in a file, between spaces  \n", '  the secret in a file, between spaces  ');
    $case->('with bytes beyond text', join('', map {chr} 1 .. 9, 11 .. 255), join('', map {chr} 1 .. 9, 11 .. 255));

    my @wrong = (
        [ 'no secret at all',      [],                                           undef, qr/ACTIVE_CALLS_JWT_SECRET/ ],
        [ 'a file that is absent', [ '--jwt-secret-file', "$directory/absent" ], undef, qr/absent/ ],
        [ 'a directory',           [ '--jwt-secret-file', $directory ],  undef, qr/jwt-secret-file.*directory/is ],
        [ 'an empty file',         [ '--jwt-secret-file', '/dev/null' ], undef, qr/empty/i ],
        [ 'an empty variable',     [],                                   '',    qr/secret/i ],
        [ 'the secret as a flag',  [ '--jwt-secret', 'a secret in the open, very long' ], undef, qr/--jwt-secret/ ],
    );
    for my $subcommand ([ 'serve', '--listen', '127.0.0.1:0' ], [ 'token', '--sub', 37 ])
    {
        for my $case (@wrong)
        {
            my ($name, $arguments, $secret, $message) = @$case;
            my $run = run_shim([ @$subcommand, @$arguments ], secret => $secret);
            like($run->{exit},   qr/\A[1-9]\d*\z/, "$subcommand->[0], $name: refused") or diag($run->{output});
            like($run->{output}, $message,         "$subcommand->[0], $name: the message says what");
        }
    }
};

unlike($shim->log_text, qr/\Q$SECRET/,                'the secret is not in the log');
unlike($shim->log_text, qr/eyJ[\w-]{10}|\.[\w-]{43}/, 'nor is a token');
is($shim->stop, 0, 'the shim ends in good order');
done_testing;
