# Shows the shim as an HTTP server: the headers of every answer, entity tags, HEAD, methods, paths, lengths, versions of
# HTTP, pipelining, timeouts, request ids and run times.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Harness;
use ActiveCalls::Http;
use ActiveCalls::Shim;
use Test::More;
use Time::HiRes qw(sleep time);

time_limit(240);

my $UUID = qr/\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/;

my $database = ActiveCalls::Database->create;
my $shim     = start_shim(database => $database);

sub ask (%options) { return $shim->request(target => $SAMPLE_TARGET, %options) }

sub etag { return ask()->{headers}{etag} }

subtest 'every answer carries the documented headers' => sub {
    my @answers = (
        [ 200, 'a series',            {} ],
        [ 200, 'an empty future',     { target  => "$PATH?account-id=$ACCOUNT_7&from-time=2999-01-01" } ],
        [ 304, 'nothing new',         { headers => [ 'If-None-Match' => etag() ] }, 'content-length' ],
        [ 400, 'a missing parameter', { target  => $PATH } ],
        [ 400, 'a bad value',         { target  => "$SAMPLE_TARGET&duration-gt=x" } ],
        [ 401, 'no token',            { token   => undef } ],
        [ 404, 'another path',        { target  => '/' } ],
        [ 405, 'another method',      { method  => 'DELETE' } ],
        [ 414, 'a long URI',          { target  => "$SAMPLE_TARGET&x=" . 'x' x 20_000 } ],
        [ 431, 'a long header',       { headers => [ 'X-Long' => 'x' x 20_000 ] } ],
    );
    for my $case (@answers)
    {
        my ($status, $name, $options, @except) = @$case;
        my $answer = ask(%$options);
        status_ok($answer, $status, $name);
        common_headers_ok($answer, "$status, $name", except => \@except);
        is(
            $answer->{headers}{'content-length'}, length $answer->{body},
            "$status, $name: content-length is the body's length"
        ) if !@except;
        my $is_error = $status =~ /\A(?:400|404|405|414|431)\z/;
        like($answer->{body}, qr/\A\{"error":"$MESSAGE"\}\z/, "$status, $name: the error as JSON") if $is_error;
        is($answer->{body}, '', "$status, $name: no body") if $status =~ /\A(?:304|401)\z/;
        is(
            exists $answer->{headers}{etag} ? 1 : 0, $status =~ /\A(?:200|304)\z/ ? 1 : 0,
            "$status, $name: etag only with what it tags"
        ) if $answer->{body} ne '[]';
    }
};

subtest 'HEAD answers as GET, without the body' => sub {
    for my $case (
        [ 200, {} ], [ 400, { target => $PATH } ], [ 401, { token => undef } ],
        [ 404, { target => '/nothing' } ]
        )
    {
        my ($status, $options) = @$case;
        my ($get,    $head)    = map { ask(%$options, method => $_) } qw(GET HEAD);
        status_ok($head, $status, 'HEAD');
        common_headers_ok($head, "HEAD $status");
        my $headers = sub ($answer) {
            my %same = %{ $answer->{headers} };
            delete @same{qw(x-request-id x-runtime date)};
            return \%same;
        };
        is_deeply($headers->($head), $headers->($get), "HEAD $status: headers of GET");
    }
    my $connection = connect_to($shim->port);
    $connection->send_bytes(
        $shim->bytes(target => $SAMPLE_TARGET, method => 'HEAD') . $shim->bytes(target => $SAMPLE_TARGET));
    status_ok($connection->read_answer('HEAD'), 200, 'HEAD first');
    series_ok(
        $connection->read_answer('GET'), $SAMPLE_JSON,
        'GET next on the same connection: no body of HEAD came between'
    );
};

subtest 'entity tags' => sub {
    my $etag = etag();
    like($etag, qr{\AW/"[!#-~]+"\z}, 'a weak one');
    is(etag(), $etag, 'the same for the same answer');
    isnt(ask(target => "$SAMPLE_TARGET&duration-gt=5")->{headers}{etag}, $etag, 'another for another answer');
    my $opaque = $etag =~ s{\AW/}{}r;

    my @unchanged = (
        [ 'the tag',                               $etag ],
        [ 'compared weakly',                       $opaque ],
        [ 'any',                                   '*' ],
        [ 'first of a list',                       qq($etag, "x") ],
        [ 'last of a list',                        qq("x", W/"y",$etag) ],
        [ 'in a list, with commas in another tag', qq("x,y" , $opaque) ],
    );
    for my $case (@unchanged)
    {
        my ($name, $value) = @$case;
        for my $method (qw(GET HEAD))
        {
            my $answer = ask(method => $method, headers => [ 'If-None-Match' => $value ]);
            empty_ok($answer, 304, "$method, $name");
            is($answer->{headers}{etag}, $etag, "$method, $name: the tag is repeated");
        }
    }
    my $length = ask(headers => [ 'If-None-Match' => $etag ])->{headers}{'content-length'} // length $SAMPLE_JSON;
    is($length, length $SAMPLE_JSON, 'a content-length of 304, if there is one, is that of 200');

    my @changed = (
        [ 'another tag',          '"x"' ],
        [ 'a tag within a tag',   $opaque =~ s/"\z/x"/r ],
        [ 'the tag unquoted',     $opaque =~ tr/"//dr ],
        [ 'in another case',      $etag   =~ s{(?<=W/)(.*)}{uc($1) eq $1 ? lc $1 : uc $1}er ],
        [ 'nothing',              '' ],
        [ 'a star within quotes', '"*"' ],
        [ 'garbage',              'W/' ],
    );
    series_ok(ask(headers => [ 'If-None-Match' => $_->[1] ]), $SAMPLE_JSON, $_->[0]) for @changed;
    status_ok(ask(headers => [ 'If-None-Match' => '*' ], token  => undef), 401, 'no tag opens without a token');
    status_ok(ask(headers => [ 'If-None-Match' => '*' ], target => $PATH), 400, 'no tag hides an error');
};

subtest 'methods' => sub {
    for my $method (qw(POST PUT PATCH DELETE OPTIONS))
    {
        my $answer = ask(method => $method, $method =~ /P[OUA]/ ? (body => '{}') : ());
        error_ok($answer, 405, $MESSAGE, $method);
        is(join(',', sort split /\s*,\s*/, $answer->{headers}{allow} // ''), 'GET,HEAD', "$method: allow");
    }
    isnt(ask(method => $_)->{status}, 200, "$_ is no GET") for qw(get FETCH TRACE);
    is(ask()->{headers}{allow}, undef, 'allow only with 405');

    # A body that looks like a request must never be answered as one.
    my $inner   = $shim->bytes(target => $SAMPLE_TARGET, headers => [ 'X-Request-Id' => 'smuggled' ]);
    my $chunked = sprintf "%x\r\n%s\r\n0\r\n\r\n", length $inner, $inner;
    my @bodies  = (
        [ 'POST with a length', 'POST', $inner,   'Content-Length'    => length $inner ],
        [ 'POST in chunks',     'POST', $chunked, 'Transfer-Encoding' => 'chunked' ],
        [
            'POST with a length of 0 and chunks', 'POST', $chunked, 'Content-Length' => 0,
            'Transfer-Encoding' => 'chunked'
        ],
        [ 'POST with two lengths',       'POST', $inner,   'Content-Length' => 0, 'Content-Length' => length $inner ],
        [ 'POST with a length too long', 'POST', $inner,   'Content-Length'    => 9 x 30 ],
        [ 'POST with a negative length', 'POST', $inner,   'Content-Length'    => -1 ],
        [ 'GET with a length',           'GET',  $inner,   'Content-Length'    => length $inner ],
        [ 'GET in chunks',               'GET',  $chunked, 'Transfer-Encoding' => 'chunked' ],
        [ 'GET with a space too many',   'GET',  $inner,   'Content-Length '   => length $inner ],
        [ 'GET with a folded length',    'GET',  $inner,   'X-A'               => "b\r\n Content-Length: " . length $inner ],
        [ 'GET with a bare line feed',   'GET',  $inner,   'Content-Length'    => length($inner) . "\nX: y" ],
    );
    for my $case (@bodies)
    {
        my ($name, $method, $body, @headers) = @$case;
        my $connection = connect_to($shim->port);
        $connection->send_bytes(
            $shim->bytes(target => $SAMPLE_TARGET, method => $method, headers => \@headers) . $body);
        my $answer = $connection->read_answer;
        isnt($answer->{headers}{'x-request-id'}, 'smuggled', "$name: the request itself is answered");
        $connection->wait_closed(1);
        unlike($connection->received, qr/smuggled|rows/, "$name: its body is not");
    }
};

subtest 'paths' => sub {
    my @others = (
        '/', '/api', '/api/rest/customer/v1', '/api/rest/customer/v1/', $PATH =~ s/v1/v2/r, "${PATH}x", "$PATH/7", "$PATH//", "$PATH.json7", "$PATH.xml", "$PATH/.json",
        uc $PATH,
        '/live', '/ready', '/metrics', '/favicon.ico', '/?query=INSERT', '/..', '/../../etc/passwd', '/%2e%2e/', '//',
        "/$PATH",
    );
    for my $path (@others)
    {
        error_ok(ask(target => $path), 404, $MESSAGE, $path);
    }
    for my $end ('.json', '/', '.json/')
    {
        series_ok(ask(target => $SAMPLE_TARGET =~ s/\?/$end?/r), $SAMPLE_JSON, "the path may end in $end");
    }
    error_ok(ask(target => '/', token => undef), 404, $MESSAGE, 'without a token, too');
    error_ok(
        ask(target => '/', method => 'POST', body => "INSERT INTO active_calls FORMAT JSONEachRow\n{}\n"),
        404, $MESSAGE, 'the customer\'s port takes no feed'
    );
};

subtest 'lengths' => sub {
    status_ok(ask(target  => "$SAMPLE_TARGET&x=" . 'x' x 4000), 200, 'a URI of 4000 bytes');
    status_ok(ask(headers => [ 'X-Long' => 'x' x 4000 ]),       200, 'a header of 4000 bytes');
    for my $size (10_000, 20_000, 60_000)
    {
        for my $round (1 .. 5)
        {
            error_ok(
                ask(target => "$SAMPLE_TARGET&x=" . 'x' x $size), 414, $MESSAGE,
                "a URI of $size bytes, round $round"
            );
            error_ok(
                ask(headers => [ 'X-Long' => 'x' x $size ]), 431, $MESSAGE,
                "a header of $size bytes, round $round"
            );
        }
    }
    status_ok(ask(headers => [ Authorization => 'x' x 20_000 ], token => undef), 431, 'a token of 20000 bytes');
    series_ok(ask(), $SAMPLE_JSON, 'and the next is served');
};

subtest 'what is not HTTP' => sub {
    my @garbage = ('GARBAGE', "\r\n", 'GET', 'GET / HTTP/9.9', "GET $PATH", "\0\0\0\0", "\x16\x03\x01\x02\x00\x01\x00");
    for my $garbage (@garbage)
    {
        my $connection = connect_to($shim->port);
        $connection->send_bytes("$garbage\r\n\r\n");
        $connection->finish_sending;
        isnt($connection->wait_closed(8), 'open', 'the connection ends');
        my $answer = $connection->received;
        unlike($answer, qr{\AHTTP/1.1 2}, 'garbage is not served: ' . ($garbage =~ s/[^ -~]+/ /gr));
    }
    series_ok(ask(), $SAMPLE_JSON, 'and the next is served');
};

subtest 'versions of HTTP and connections' => sub {
    my $connection = connect_to($shim->port);
    $connection->send_bytes($shim->bytes(target => $SAMPLE_TARGET, version => '1.0'));
    series_ok($connection->read_answer, $SAMPLE_JSON, 'HTTP/1.0');
    is($connection->wait_closed(5), 'closed', 'HTTP/1.0 ends with the answer');

    $connection = connect_to($shim->port);
    $connection->send_bytes($shim->bytes(target => $SAMPLE_TARGET, headers => [ Connection => 'close' ]));
    my $answer = $connection->read_answer;
    series_ok($answer, $SAMPLE_JSON, 'Connection: close');
    like($answer->{headers}{connection}, qr/\bclose\b/i, 'Connection: close is confirmed');
    is($connection->wait_closed(5), 'closed', 'Connection: close closes');

    $connection = connect_to($shim->port);
    for my $round (1 .. 50)
    {
        $connection->send_bytes($shim->bytes(target => $SAMPLE_TARGET));
        $answer = $connection->read_answer;
        last if $answer->{body} ne $SAMPLE_JSON || ($answer->{headers}{connection} // '') =~ /close/i;
    }
    series_ok($answer, $SAMPLE_JSON, 'fifty requests on one connection');
    unlike($answer->{headers}{connection} // '', qr/close/i, 'which may go on');

    # Different questions, so that an answer out of its place would show.
    $connection = connect_to($shim->port);
    my @filters = map {"duration-gt=$_"} 0, 30, 60, 120, 240, 480;
    my @alone   = map { ask(target => "$SAMPLE_TARGET&$_")->{body} } @filters;
    $connection->send_bytes(join '', map { $shim->bytes(target => "$SAMPLE_TARGET&$_") } @filters);
    is($connection->read_answer->{body}, $alone[$_], "pipelined: $filters[$_]") for 0 .. $#filters;

    my $patient = connect_to($shim->port);
    for my $part ($shim->bytes(target => $SAMPLE_TARGET) =~ /(.{1,100})/gs)
    {
        $patient->send_bytes($part);
        sleep 0.05;
    }
    series_ok($patient->read_answer, $SAMPLE_JSON, 'a request in small parts');

    my $impatient = start_shim(database => $database, args => [ '--keep-alive-timeout', '1s', '--read-timeout', '1s' ]);
    my @ends      = (
        [ 'nothing said',          '' ],
        [ 'half a request line',   'GET /api' ],
        [ 'no end of the headers', "GET $SAMPLE_TARGET HTTP/1.1\r\nHost: x\r\n" ],
        [ 'idle after an answer',  $impatient->bytes(target => $SAMPLE_TARGET) ],
    );
    for my $case (@ends)
    {
        my ($name, $bytes) = @$case;
        my $silent = connect_to($impatient->port);
        my $begun  = time;
        $silent->send_bytes($bytes);
        is($silent->wait_closed(8), 'closed', "$name: closed by the shim");
        cmp_ok(time - $begun, '>=', 0.8, "$name: not before its time");
        cmp_ok(time - $begun, '<=', 5,   "$name: not long after");
    }
    is($impatient->stop, 0, 'ends in good order');
};

subtest 'request ids and run times' => sub {
    for my $id ('7f3c1f0e-3ac1-4c1c-9a59-64f0d6f7a2b1', 'abc', 'A-b_c.9', '0')
    {
        my $answer = ask(headers => [ 'X-Request-Id' => $id ]);
        common_headers_ok($answer, "the client's id $id", request_id => $id);
    }
    my $refused = ask(headers => [ 'X-Request-Id' => 'mine' ], token => undef);
    common_headers_ok($refused, 'also of a refusal', request_id => 'mine');

    my @insane = (
        [ 'empty',               '' ],
        [ 'with a space',        'a b' ],
        [ 'very long',           'a' x 2000 ],
        [ 'markup',              '<script>alert(1)</script>' ],
        [ 'quotes',              '","status":200,"x":"' ],
        [ 'not ASCII',           "\xc3\xa9" ],
        [ 'broken UTF-8',        "a\xff" ],
        [ 'a control character', "a\x01b" ],
        [ 'a tab',               "a\tb" ],
        [ 'an escape sequence',  "a\e[31mb" ],
        [ 'a line feed',         "a\nSet-Cookie: evil=1" ],
        [ 'a carriage return',   "a\rSet-Cookie: evil=1" ],
        [ 'an encoded line',     'a%0d%0aSet-Cookie:%20evil=1' ],
        [ 'a header of its own', "a\r\n Set-Cookie: evil=1" ],
    );
    for my $case (@insane)
    {
        my ($name, $id) = @$case;
        my $connection = connect_to($shim->port);
        $connection->send_bytes($shim->bytes(target => $SAMPLE_TARGET, headers => [ 'X-Request-Id' => $id ]));
        my $answer = $connection->read_answer;
        is($answer->{headers}{'set-cookie'}, undef, "an id $name: injects no header");
        next if $answer->{status} == 400 && $id =~ /[\r\n\0-\x1f]/;
        status_ok($answer, 200, "an id $name");
        isnt($answer->{headers}{'x-request-id'}, $id, "an id $name: not repeated");
        my $sane = $id =~ /[\r\n]/ ? qr/\A[\w.-]+\z/ : $UUID;    # what stands before a line end may count as the id
        like($answer->{headers}{'x-request-id'}, $sane, "an id $name: replaced");
    }
    my %ids = map { ask()->{headers}{'x-request-id'} => 1 } 1 .. 20;
    is(scalar keys %ids, 20, 'each request has an id of its own');

    my $blocker    = $database->block_queries;
    my $connection = connect_to($shim->port);
    $connection->send_bytes($shim->bytes(target => $SAMPLE_TARGET));
    wait_until(5, sub { $database->waiting_queries > 0 });
    sleep 0.5;
    $blocker->quit;
    my $runtime = $connection->read_answer->{headers}{'x-runtime'};
    cmp_ok($runtime, '>=', 0.5, 'x-runtime counts the wait for the database');
    cmp_ok($runtime, '<',  10,  'in seconds');
};

subtest 'headers of 503' => sub {
    $database->stop('fast');
    my $answer = ask();
    error_ok($answer, 503, $MESSAGE, 'the database is away');
    common_headers_ok($answer, '503');
    like($answer->{headers}{'retry-after'}, qr/\A[1-9]\d*\z/, '503: retry-after');
};

is($shim->stop, 0, 'the shim ends in good order');
done_testing;
