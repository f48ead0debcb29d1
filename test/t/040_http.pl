# Shows the shim as an HTTP server and as a program: the headers of every answer, entity tags, HEAD, methods, paths,
# lengths, versions of HTTP, pipelining, request ids, the log, the admin listener, the help texts and wrong configuration.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Harness;
use ActiveCalls::Http;
use ActiveCalls::Shim;
use ActiveCalls::Token;
use IO::Socket::INET;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

time_limit(240);

my $MESSAGE = qr/[^"\\]+/;
my $UUID    = qr/\A[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/;

my $database = ActiveCalls::Database->create;
my $shim     = start_shim(database => $database);

my @SAMPLE = ('account-id' => $ACCOUNT_7, @SAMPLE_WINDOW);
my $SAMPLE_TARGET = "$PATH?" . query_string(@SAMPLE);

sub ask (%options) { return $shim->request(target => $SAMPLE_TARGET, %options) }

sub etag { return ask()->{headers}{etag} }

subtest 'every answer carries the documented headers' => sub {
    my @answers = (
        [ 200, 'a series',            {} ],
        [ 200, 'an empty future',     { target => "$PATH?account-id=$ACCOUNT_7&from-time=2999-01-01" } ],
        [ 304, 'nothing new',         { headers => [ 'If-None-Match' => etag() ] }, 'content-length' ],
        [ 400, 'a missing parameter', { target => $PATH } ],
        [ 400, 'a bad value',         { target => "$SAMPLE_TARGET&duration-gt=x" } ],
        [ 401, 'no token',            { token => undef } ],
        [ 404, 'another path',        { target => '/' } ],
        [ 405, 'another method',      { method => 'DELETE' } ],
        [ 414, 'a long URI',          { target => "$SAMPLE_TARGET&x=" . 'x' x 20_000 } ],
        [ 431, 'a long header',       { headers => [ 'X-Long' => 'x' x 20_000 ] } ],
    );
    for my $case (@answers)
    {
        my ($status, $name, $options, @except) = @$case;
        my $answer = ask(%$options);
        status_ok($answer, $status, $name);
        common_headers_ok($answer, "$status, $name", except => \@except);
        is($answer->{headers}{'content-length'}, length $answer->{body}, "$status, $name: content-length is the body's length")
          if !@except;
        my $is_error = $status =~ /\A(?:400|404|405|414|431)\z/;
        like($answer->{body}, qr/\A\{"error":"$MESSAGE"\}\z/, "$status, $name: the error as JSON") if $is_error;
        is($answer->{body}, '', "$status, $name: no body") if $status =~ /\A(?:304|401)\z/;
        is(exists $answer->{headers}{etag} ? 1 : 0, $status =~ /\A(?:200|304)\z/ ? 1 : 0, "$status, $name: etag only with what it tags")
          if $answer->{body} ne '[]';
    }
};

subtest 'HEAD answers as GET, without the body' => sub {
    for my $case ([ 200, {} ], [ 400, { target => $PATH } ], [ 401, { token => undef } ], [ 404, { target => '/nothing' } ])
    {
        my ($status, $options) = @$case;
        my ($get, $head) = map { ask(%$options, method => $_) } qw(GET HEAD);
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
    $connection->send_bytes($shim->bytes(target => $SAMPLE_TARGET, method => 'HEAD') . $shim->bytes(target => $SAMPLE_TARGET));
    status_ok($connection->read_answer('HEAD'), 200, 'HEAD first');
    series_ok($connection->read_answer('GET'), $SAMPLE_JSON, 'GET next on the same connection: no body of HEAD came between');
};

subtest 'entity tags' => sub {
    my $etag = etag();
    like($etag, qr{\AW/"[!#-~]+"\z}, 'a weak one');
    is(etag(), $etag, 'the same for the same answer');
    isnt(ask(target => "$SAMPLE_TARGET&duration-gt=5")->{headers}{etag}, $etag, 'another for another answer');
    my $opaque = $etag =~ s{\AW/}{}r;

    my @unchanged = (
        [ 'the tag',                 $etag ],
        [ 'compared weakly',         $opaque ],
        [ 'any',                     '*' ],
        [ 'first of a list',         qq($etag, "x") ],
        [ 'last of a list',          qq("x", W/"y",$etag) ],
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
        [ 'another tag',         '"x"' ],
        [ 'a tag within a tag',  $opaque =~ s/"\z/x"/r ],
        [ 'the tag unquoted',    $opaque =~ tr/"//dr ],
        [ 'in another case',     $etag =~ s{(?<=W/)(.*)}{uc($1) eq $1 ? lc $1 : uc $1}er ],
        [ 'nothing',             '' ],
        [ 'a star within quotes', '"*"' ],
        [ 'garbage',             'W/' ],
    );
    series_ok(ask(headers => [ 'If-None-Match' => $_->[1] ]), $SAMPLE_JSON, $_->[0]) for @changed;
    status_ok(ask(headers => [ 'If-None-Match' => '*' ], token => undef), 401, 'no tag opens without a token');
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
        [ 'POST with a length',          'POST', $inner, 'Content-Length' => length $inner ],
        [ 'POST in chunks',              'POST', $chunked, 'Transfer-Encoding' => 'chunked' ],
        [ 'POST with a length of 0 and chunks', 'POST', $chunked, 'Content-Length' => 0, 'Transfer-Encoding' => 'chunked' ],
        [ 'POST with two lengths',       'POST', $inner, 'Content-Length' => 0, 'Content-Length' => length $inner ],
        [ 'POST with a length too long', 'POST', $inner, 'Content-Length' => 9 x 30 ],
        [ 'POST with a negative length', 'POST', $inner, 'Content-Length' => -1 ],
        [ 'GET with a length',           'GET',  $inner, 'Content-Length' => length $inner ],
        [ 'GET in chunks',               'GET',  $chunked, 'Transfer-Encoding' => 'chunked' ],
    );
    for my $case (@bodies)
    {
        my ($name, $method, $body, @headers) = @$case;
        my $connection = connect_to($shim->port);
        $connection->send_bytes($shim->bytes(target => $SAMPLE_TARGET, method => $method, headers => \@headers) . $body);
        my $answer = $connection->read_answer;
        isnt($answer->{headers}{'x-request-id'}, 'smuggled', "$name: the request itself is answered");
        $connection->wait_closed(1);
        unlike($connection->received, qr/smuggled|rows/, "$name: its body is not");
    }
};

subtest 'paths' => sub {
    my @others = (
        '/', '/api', '/api/rest/customer/v1', '/api/rest/customer/v1/', '/api/rest/customer/v2/origination-active-calls', "${PATH}x", "x$PATH" =~ s/\Ax//r . '/7',
        uc $PATH, '/live', '/ready', '/metrics', '/favicon.ico', '/?query=INSERT', '/..', '/../../etc/passwd', '/%2e%2e/', '//', "/$PATH",
    );
    for my $path (@others)
    {
        error_ok(ask(target => $path), 404, $MESSAGE, $path);
    }
    error_ok(ask(target => '/', token => undef), 404, $MESSAGE, 'without a token, too');
    error_ok(ask(target => '/', method => 'POST', body => "INSERT INTO active_calls FORMAT JSONEachRow\n{}\n"),
        404, $MESSAGE, 'the customer\'s port takes no feed');
};

subtest 'lengths' => sub {
    status_ok(ask(target => "$SAMPLE_TARGET&x=" . 'x' x 4000), 200, 'a URI of 4000 bytes');
    status_ok(ask(headers => [ 'X-Long' => 'x' x 4000 ]), 200, 'a header of 4000 bytes');
    for my $size (10_000, 20_000, 60_000)
    {
        for my $round (1 .. 5)
        {
            error_ok(ask(target => "$SAMPLE_TARGET&x=" . 'x' x $size), 414, $MESSAGE, "a URI of $size bytes, round $round");
            error_ok(ask(headers => [ 'X-Long' => 'x' x $size ]), 431, $MESSAGE, "a header of $size bytes, round $round");
        }
    }
    status_ok(ask(headers => [ Authorization => 'x' x 20_000 ], token => undef), 431, 'a token of 20000 bytes');
    series_ok(ask(), $SAMPLE_JSON, 'and the next is served');
};

subtest 'what is not HTTP' => sub {
    for my $garbage ("GARBAGE\r\n\r\n", "\r\n\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\0\0\0\0\r\n\r\n", "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", "GET $PATH\r\n\r\n")
    {
        my $connection = connect_to($shim->port);
        $connection->send_bytes($garbage);
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
    my @filters = map { "duration-gt=$_" } 0, 30, 60, 120, 240, 480;
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
    my @ends = (
        [ 'nothing said',         '' ],
        [ 'half a request line',  'GET /api' ],
        [ 'no end of the headers', "GET $SAMPLE_TARGET HTTP/1.1\r\nHost: x\r\n" ],
        [ 'idle after an answer', $impatient->bytes(target => $SAMPLE_TARGET) ],
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
        [ 'empty',                 '' ],
        [ 'with a space',          'a b' ],
        [ 'very long',             'a' x 2000 ],
        [ 'markup',                '<script>alert(1)</script>' ],
        [ 'quotes',                '","status":200,"x":"' ],
        [ 'not ASCII',             "\xc3\xa9" ],
        [ 'broken UTF-8',          "a\xff" ],
        [ 'a control character',   "a\x01b" ],
        [ 'a tab',                 "a\tb" ],
        [ 'an escape sequence',    "a\e[31mb" ],
        [ 'a line feed',           "a\nSet-Cookie: evil=1" ],
        [ 'a carriage return',     "a\rSet-Cookie: evil=1" ],
        [ 'an encoded line',       'a%0d%0aSet-Cookie:%20evil=1' ],
        [ 'a header of its own',   "a\r\n Set-Cookie: evil=1" ],
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
        like($answer->{headers}{'x-request-id'}, $name =~ /line feed|carriage|own/ ? qr/\A[\w.-]+\z/ : $UUID, "an id $name: replaced");
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

subtest 'one log line for a request' => sub {
    my @requests = (
        [ 'log-200',  200, {} ],
        [ 'log-head', 200, { method => 'HEAD' } ],
        [ 'log-304',  304, { headers => [ 'If-None-Match' => '*' ] } ],
        [ 'log-400',  400, { target => $PATH } ],
        [ 'log-401',  401, { token => token({}, secret => 'forged, forged, forged, forged, forged') } ],
        [ 'log-404',  404, { target => '/nothing' } ],
        [ 'log-405',  405, { method => 'POST', body => '' } ],
    );
    for my $case (@requests)
    {
        my ($id, $status, $options) = @$case;
        ask(%$options, headers => [ 'X-Request-Id' => $id, @{ $options->{headers} // [] } ]);
        my $record = $shim->log_of_request($id);
        is($record->{status}, $status, "$id: status");
        ok(JSON::PP->new->encode([ $record->{status}, $record->{milliseconds} ]) =~ /\A\[\d+,\d+(?:\.\d+)?(?:e-\d+)?\]\z/, "$id: status and milliseconds are numbers");
        is($record->{points}, 6, "$id: points") if $status == 200;
    }
    sleep 0.2;
    my %lines;
    $lines{ $_->{id} }++ for grep { ($_->{id} // '') =~ /\Alog-/ } $shim->log_records;
    is_deeply(\%lines, { map { $_->[0] => 1 } @requests }, 'one line each');

    my $in_cookie = token({ sub => 38 });
    ask(token => undef, headers => [ Cookie => "_yeti_customer_v1_session=$in_cookie" ]);
    my $log = $shim->log_text;
    unlike($log, qr/\Q$_/, 'no token and no secret in the log') for token(), $in_cookie, (split /\./, token())[2], $SECRET;
    is_deeply([ grep { $_->{not_json} } $shim->log_records ], [], 'every line is JSON');

    my $plain = start_shim(database => $database, args => [ '--log-format', 'text' ]);
    $plain->request(target => $SAMPLE_TARGET, headers => [ 'X-Request-Id' => 'as-text' ]);
    wait_until(5, sub { $plain->log_text =~ /as-text/ });
    is(scalar(() = $plain->log_text =~ /^.*as-text.*$/mg), 1, 'as text: one line');
    like($plain->log_text, qr/^(?!\{)(?=.*as-text).*\b200\b.*$/m, 'as text: with the status');
    unlike($plain->log_text, qr/\Q${\ token()}\E|\Q$SECRET/, 'as text: no token and no secret');
    is($plain->stop, 0, 'ends in good order');
};

# Samples of the Prometheus text format, by name and labels; dies of a line that is none.
sub metrics ()
{
    my $answer = $shim->request(admin => 1, target => '/metrics');
    status_ok($answer, 200, '/metrics');
    like($answer->{headers}{'content-type'}, qr{\Atext/plain\b}, '/metrics: text');
    my %samples;
    for my $line (split /\n/, $answer->{body})
    {
        next if $line =~ /\A(?:# (?:HELP|TYPE) [a-zA-Z_:][\w:]*(?: .*)?)?\z/;
        my ($name, $value) = $line =~ /\A([a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*\})?) (\S+)\z/
          or die "not a line of Prometheus: $line";
        $value =~ /\A(?:[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|[-+]?Inf|NaN)\z/i or die "not a value of Prometheus: $line";
        $samples{$name} = $value;
    }
    return %samples;
}

subtest 'the admin listener' => sub {
    for my $path (qw(/live /ready))
    {
        status_ok($shim->request(admin => 1, target => $path), 200, $path);
    }
    status_ok($shim->request(admin => 1, target => $_), 404, "$_ is not there") for '/', '/nothing', $PATH, $SAMPLE_TARGET;

    my %before = metrics();
    ask()                  for 1 .. 3;
    ask(token => undef)    for 1 .. 2;
    ask(target => $PATH);
    my %after = metrics();
    my %moved = map { $_ => $after{$_} - ($before{$_} // 0) } grep { /request/ && /_total\b/ } keys %after;
    my %by_status;
    for my $name (keys %moved)
    {
        $by_status{$1} += $moved{$name} if $name =~ /="(\d{3})"/;
    }
    is_deeply([ map { $by_status{$_} } 200, 401, 400 ], [ 3, 2, 1 ], 'requests are counted by status')
      or diag(explain(\%moved));
    my @durations = grep { /_seconds_(?:count|bucket)/ && $after{$_} > ($before{$_} // 0) } keys %after;
    ok(scalar @durations, 'and their durations are measured');
    unlike(join("\n", keys %after), qr/\Q$ACCOUNT_7/, 'metrics name no account');

    my $private = start_shim(database => $database);
    isnt($private->port, $private->admin_port, 'it has a port of its own');
    is($private->stop, 0, 'ends in good order');
};

subtest 'help and version' => sub {
    my @serve_options = qw(listen admin-listen database jwt-secret-file require-exp pool-size pool-timeout statement-timeout
      http-threads keep-alive-timeout read-timeout drain-timeout log-format log-level);
    my @token_options = qw(sub ttl customer-id account-ids jwt-secret-file);
    my $named         = sub (@options) { map { ("--$_", 'ACTIVE_CALLS_' . uc tr/-/_/r) } @options };
    my @cases         = (
        [ ['--help'], [ 'serve', 'token', '--help', '--version', '--config', 'ACTIVE_CALLS_CONFIG' ] ],
        [ [ 'serve', '--help' ], [ $named->(@serve_options), 'ACTIVE_CALLS_JWT_SECRET' ] ],
        [ [ 'token', '--help' ], [ $named->(@token_options), 'ACTIVE_CALLS_JWT_SECRET' ] ],
    );
    for my $case (@cases)
    {
        my ($arguments, $words) = @$case;
        my $run = run_shim($arguments, secret => undef);
        is($run->{exit}, 0, "@$arguments: exit code");
        is($run->{stderr}, '', "@$arguments: nothing on stderr");
        is_deeply([ grep { index($run->{stdout}, $_) < 0 } @$words ], [], "@$arguments: names everything");
    }
    my $run = run_shim(['--version'], secret => undef);
    is($run->{exit}, 0, '--version: exit code');
    like($run->{stdout}, qr/\A(?:active-calls-shim )?1\.0(?:\.\d+)?\n\z/, '--version');
};

subtest 'wrong configuration' => sub {
    my $taken     = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', Proto => 'tcp') or die "no port: $@";
    my $port      = $taken->sockport;
    my $directory = PostgreSQL::Test::Utils::tempdir('config');
    append_to_file("$directory/bad.ini", "[serve\nlisten\n===\n");
    my $password  = 'opensesame';
    my @serve     = ('serve', '--listen', '127.0.0.1:0', '--database', $database->conninfo);

    my @cases = (
        [ 'no subcommand',              [],                                          qr/subcommand|serve/i ],
        [ 'an unknown subcommand',      ['dance'],                                   qr/dance|subcommand/i ],
        [ 'an unknown option',          [ @serve, '--dance' ],                       qr/--dance/ ],
        [ 'a word too many',            [ @serve, 'dance' ],                         qr/dance/ ],
        [ 'an address that is none',    [ 'serve', '--listen', 'nonsense' ],         qr/listen.*nonsense|nonsense.*listen/is ],
        [ 'no port',                    [ 'serve', '--listen', '127.0.0.1' ],        qr/listen/ ],
        [ 'an empty port',              [ 'serve', '--listen', '127.0.0.1:' ],       qr/listen/ ],
        [ 'a port that is a word',      [ 'serve', '--listen', '127.0.0.1:http' ],   qr/listen/ ],
        [ 'a port out of range',        [ 'serve', '--listen', '127.0.0.1:65536' ],  qr/listen/ ],
        [ 'an admin address that is none', [ @serve, '--admin-listen', 'nonsense' ], qr/admin-listen/ ],
        [ 'a port in use',              [ 'serve', '--listen', "127.0.0.1:$port" ],  qr/\b$port\b/ ],
        [ 'an admin port in use',       [ @serve, '--admin-listen', "127.0.0.1:$port" ], qr/\b$port\b/ ],
        [ 'an address of others',       [ 'serve', '--listen', '192.0.2.1:8080' ],   qr/192\.0\.2\.1/ ],
        (map { [ "$_ zero", [ @serve, "--$_", 0 ], qr/$_/ ] } qw(pool-size http-threads)),
        (map { [ "$_ negative", [ @serve, "--$_", -1 ], qr/$_/ ] } qw(pool-size http-threads)),
        (map { [ "$_ a word", [ @serve, "--$_", 'many' ], qr/$_/ ] } qw(pool-size http-threads)),
        (map { my $option = $_; map { [ "$option $_", [ @serve, "--$option=$_" ], qr/$option/ ] } '-1s', 'soon', '5parsecs', '' }
              qw(pool-timeout statement-timeout keep-alive-timeout read-timeout drain-timeout)),
        [ 'an unknown log format',      [ @serve, '--log-format', 'xml' ],           qr/log-format/ ],
        [ 'an unknown log level',       [ @serve, '--log-level', 'shout' ],          qr/log-level/ ],
        [ 'a conninfo that is none',    [ 'serve', '--database', 'no such option=1' ], qr/database|conninfo/ ],
        [ 'a password in the conninfo', [ 'serve', '--database', "host=127.0.0.1 password=$password" ], qr/PGPASSFILE|PGPASSWORD/ ],
        [ 'a password in the URI',      [ 'serve', '--database', "postgresql://u:$password\@127.0.0.1/d" ], qr/PGPASSFILE|PGPASSWORD/ ],
        [ 'a password in the URI\'s query', [ 'serve', '--database', "postgresql://127.0.0.1/d?password=$password" ], qr/PGPASSFILE|PGPASSWORD/ ],
        [ 'a config file that is absent', [ @serve, '--config', "$directory/absent.ini" ], qr/absent\.ini/ ],
        [ 'a config file that is none', [ @serve, '--config', "$directory/bad.ini" ], qr/./ ],
    );
    for my $case (@cases)
    {
        my ($name, $arguments, $message) = @$case;
        my $run = run_shim($arguments);
        like($run->{exit}, qr/\A[1-9]\d*\z/, "$name: refused with an exit code") or diag($run->{output});
        like($run->{output}, $message, "$name: the message names it");
        unlike($run->{output}, qr/\Q$password\E|\Q$SECRET/, "$name: the message tells no secret");
    }
    like(run_shim([ 'serve', '--listen', 'nonsense' ], env => { ACTIVE_CALLS_DATABASE => "password=$password" })->{output},
        qr/listen/, 'a password in the environment is no fault');
};

subtest 'other ways to configure' => sub {
    my $directory = PostgreSQL::Test::Utils::tempdir('config');
    my $strict    = sub ($name, %options) {
        my $other = start_shim(database => $database, %options);
        is($other->request(target => $SAMPLE_TARGET)->{status}, 401, "$name: --require-exp is in force");
        is($other->request(target => $SAMPLE_TARGET, token => token({ exp => int(time) + 60 }))->{status}, 200, "$name: and all else is usual");
        is($other->stop, 0, "$name: ends in good order");
    };
    append_to_file("$directory/strict.ini", "require-exp = true\n");
    append_to_file("$directory/lenient.ini", "require-exp = false\n");
    append_to_file("$directory/text.ini", "log-format = text\n");
    $strict->('environment', env => { ACTIVE_CALLS_REQUIRE_EXP => 'true' });
    $strict->('config file', args => [ '--config', "$directory/strict.ini" ]);
    $strict->('config file named in the environment', env => { ACTIVE_CALLS_CONFIG => "$directory/strict.ini" });
    $strict->('flag over environment and config file',
        args => [ '--require-exp', '--config', "$directory/lenient.ini" ], env => { ACTIVE_CALLS_REQUIRE_EXP => 'false' });

    my @formats = (
        [ 'environment',                   'text', env => { ACTIVE_CALLS_LOG_FORMAT => 'text' } ],
        [ 'config file',                   'text', args => [ '--config', "$directory/text.ini" ] ],
        [ 'a flag over the environment',   'json', args => [ '--log-format', 'json' ], env => { ACTIVE_CALLS_LOG_FORMAT => 'text' } ],
        [ 'a flag over the config file',   'json', args => [ '--log-format', 'json', '--config', "$directory/text.ini" ] ],
        [ 'nothing',                       'json', env => { ACTIVE_CALLS_REQUIRE_EXP => 'false' } ],
    );
    for my $case (@formats)
    {
        my ($name, $format, %options) = @$case;
        my $other = start_shim(database => $database, %options);
        is($other->request(target => $SAMPLE_TARGET)->{status}, 200, "$name: served");
        is($other->stop, 0, "$name: ends in good order");
        is($other->log_text =~ /\A\{/ ? 'json' : 'text', $format, "$name: log format $format");
    }
    my $run = run_shim([ 'serve', '--listen', '127.0.0.1:0' ], env => { ACTIVE_CALLS_POOL_SIZE => 'many' });
    like($run->{exit}, qr/\A[1-9]\d*\z/, 'the environment is checked, too');
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
