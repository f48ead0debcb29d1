# Shows the shim as a program that somebody runs: its log, the admin listener, the help texts, every way to configure
# it, and what it says of a wrong configuration.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Harness;
use ActiveCalls::Shim;
use ActiveCalls::Token;
use IO::Socket::INET;
use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep);

time_limit(180);

my $database = ActiveCalls::Database->create;
my $shim     = start_shim(database => $database);

sub ask (%options) { return $shim->request(target => $SAMPLE_TARGET, %options) }

subtest 'one log line for a request' => sub {
    my @requests = (
        [ 'log-200',  200, {} ],
        [ 'log-head', 200, { method  => 'HEAD' } ],
        [ 'log-304',  304, { headers => [ 'If-None-Match' => '*' ] } ],
        [ 'log-400',  400, { target  => $PATH } ],
        [ 'log-401',  401, { token   => token({}, secret => 'forged, forged, forged, forged, forged') } ],
        [ 'log-404',  404, { target  => '/nothing' } ],
        [ 'log-405',  405, { method  => 'POST', body => '' } ],
    );
    for my $case (@requests)
    {
        my ($id, $status, $options) = @$case;
        ask(%$options, headers => [ 'X-Request-Id' => $id, @{ $options->{headers} // [] } ]);
        my $record = $shim->log_of_request($id);
        is($record->{status}, $status, "$id: status");
        my $numbers = encode_json([ $record->{status}, $record->{milliseconds} ]);
        like($numbers, qr/\A\[\d+,\d+(?:\.\d+)?(?:e-\d+)?\]\z/, "$id: status and milliseconds are numbers");
        is($record->{points}, 6, "$id: points") if $status == 200;
    }
    my $forged  = token({}, secret => 'forged, forged, forged, forged, forged');
    my %reasons = (
        'no token'            => [],
        'more than one token' => [ Authorization => token(), Authorization => token() ],
        'malformed'           => [ Authorization => 'malformed' ],
        'bad signature'       => [ Authorization => $forged ],
        'expired'             => [ Authorization => token({ exp => time - 1 }) ],
        'audience'            => [ Authorization => token({ aud => 'admin' }) ],
        'subject'             => [ Authorization => token({ sub => 'x' }) ],
        'unknown API access'  => [ Authorization => token({ sub => 9999 }) ],
    );
    for my $reason (sort keys %reasons)
    {
        my $id = 'reason-' . ($reason =~ tr/ /-/r);
        empty_ok(ask(token => undef, headers => [ 'X-Request-Id' => $id, @{ $reasons{$reason} } ]), 401, $reason);
        is($shim->log_of_request($id)->{reason}, $reason, "the log has the reason: $reason");
    }
    is($shim->log_of_request('log-200')->{reason}, undef, 'and none where nothing was refused');

    sleep 0.2;
    my %lines;
    $lines{ $_->{id} }++ for grep { ($_->{id} // '') =~ /\Alog-/ } $shim->log_records;
    is_deeply(\%lines, { map { $_->[0] => 1 } @requests }, 'one line each');

    my $in_cookie = token({ sub => 38 });
    ask(token => undef, headers => [ Cookie => "_yeti_customer_v1_session=$in_cookie" ]);
    my $log = $shim->log_text;
    unlike($log, qr/\Q$_/, 'no token and no secret in the log')
        for token(), $in_cookie, $forged, (map { (split /\./)[2] } token(), $forged), $SECRET;
    is_deeply([ grep { $_->{not_json} } $shim->log_records ], [], 'every line is JSON');

    my $plain = start_shim(database => $database, args => [ '--log-format', 'text' ]);
    $plain->request(target => $SAMPLE_TARGET, headers => [ 'X-Request-Id' => 'as-text' ]);
    wait_until(5, sub { $plain->log_text =~ /as-text/ });
    is(scalar(() = $plain->log_text =~ /^.*as-text.*$/mg), 1, 'as text: one line');
    like($plain->log_text, qr/^(?!\{)(?=.*as-text).*\b200\b.*$/m, 'as text: with the status');
    unlike($plain->log_text, qr/\Q${\ token()}\E|\Q$SECRET/, 'as text: no token and no secret');
    is($plain->stop, 0, 'ends in good order');
};

subtest 'the admin listener' => sub {
    for my $path (qw(/live /ready))
    {
        status_ok($shim->request(admin => 1, target => $path), 200, $path);
    }
    status_ok($shim->request(admin => 1, target => $_), 404, "$_ is not there")
        for '/', '/nothing', $PATH, $SAMPLE_TARGET;

    my $text = $shim->request(admin => 1, target => '/metrics');
    status_ok($text, 200, '/metrics');
    like($text->{headers}{'content-type'}, qr{\Atext/plain\b}, '/metrics: text');

    my %before = $shim->metrics;
    ask() for 1 .. 3;
    ask(token => undef) for 1 .. 2;
    ask(target => $PATH);
    my %after = $shim->metrics;
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
    my @serve_options =
        qw(listen cors-origin admin-listen trust-proxy database jwt-secret-file require-exp cookie-ttl pool-size pool-timeout statement-timeout
        keep-alive-timeout read-timeout drain-timeout log-format log-level feed-listen feed-database
        feed-user feed-password-file feed-no-password feed-threads feed-max-body feed-read-timeout
        feed-statement-timeout);
    my @token_options   = qw(sub ttl customer-id account-ids jwt-secret-file);
    my @import_options = qw(clickhouse clickhouse-user clickhouse-password-file clickhouse-database clickhouse-table database
        from to only-compare);
    my @compare_options = qw(old old-token-file new new-token-file accounts windows filters-file exact);
    my $named           = sub (@options) {
        map { ("--$_", 'ACTIVE_CALLS_' . uc tr/-/_/r) } @options;
    };
    my @cases = (
        [ ['--help'], [ 'serve', 'token', 'import', 'compare', '--help', '--version', '--config', 'ACTIVE_CALLS_CONFIG' ] ],
        [ [ 'serve', '--help' ], [ $named->(@serve_options), 'ACTIVE_CALLS_JWT_SECRET', 'ACTIVE_CALLS_FEED_PASSWORD' ] ],
        [ [ 'token', '--help' ], [ $named->(@token_options), 'ACTIVE_CALLS_JWT_SECRET' ] ],
        [ [ 'import',  '--help' ], [ $named->(@import_options), 'ACTIVE_CALLS_CLICKHOUSE_PASSWORD' ] ],
        [ [ 'compare', '--help' ], [ $named->(@compare_options), 'ACTIVE_CALLS_OLD_TOKEN', 'ACTIVE_CALLS_NEW_TOKEN' ] ],
    );
    for my $case (@cases)
    {
        my ($arguments, $words) = @$case;
        my $run = run_shim($arguments, secret => undef);
        is($run->{exit},   0,  "@$arguments: exit code");
        is($run->{stderr}, '', "@$arguments: nothing on stderr");
        is_deeply([ grep { index($run->{stdout}, $_) < 0 } @$words ], [], "@$arguments: names everything");
    }
    my $run = run_shim(['--version'], secret => undef);
    is($run->{exit}, 0, '--version: exit code');
    like($run->{stdout}, qr/\A(?:active-calls-shim )?1\.\d+(?:\.\d+)?\n\z/, '--version');
};

subtest 'wrong configuration' => sub {
    my $taken     = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1', Proto => 'tcp') or die "no port: $@";
    my $port      = $taken->sockport;
    my $directory = PostgreSQL::Test::Utils::tempdir('config');
    append_to_file("$directory/bad.ini", "[serve\nlisten\n===\n");
    my $password = 'opensesame';
    my $instead  = qr/PGPASSFILE|PGPASSWORD/;
    my @serve    = ('serve', '--listen', '127.0.0.1:0', '--database', $database->conninfo);

    my @no_durations;
    for my $option (qw(pool-timeout statement-timeout keep-alive-timeout read-timeout drain-timeout))
    {
        push @no_durations, map { [ "$option $_", [ @serve, "--$option=$_" ], qr/$option/ ] } '-1s', 'soon',
            '5parsecs', '';
    }

    my @cases = (
        [ 'no subcommand',           [],                    qr/subcommand|serve/i ],
        [ 'an unknown subcommand',   ['dance'],             qr/dance|subcommand/i ],
        [ 'an unknown option',       [ @serve, '--dance' ], qr/--dance/ ],
        [ 'a word too many',         [ @serve, 'dance' ],   qr/dance/ ],
        [ 'an address that is none', [ 'serve', '--listen', 'nonsense' ],   qr/listen.*nonsense|nonsense.*listen/is ],
        [ 'no port',                 [ 'serve', '--listen', '127.0.0.1' ],  qr/listen/ ],
        [ 'an empty port',           [ 'serve', '--listen', '127.0.0.1:' ], qr/listen/ ],
        [ 'a port that is a word',         [ 'serve', '--listen',       '127.0.0.1:http' ],  qr/listen/ ],
        [ 'a port out of range',           [ 'serve', '--listen',       '127.0.0.1:65536' ], qr/listen/ ],
        [ 'an admin address that is none', [ @serve,  '--admin-listen', 'nonsense' ],        qr/admin-listen/ ],
        [ 'a port in use',                 [ 'serve', '--listen',       "127.0.0.1:$port" ], qr/\b$port\b/ ],
        [ 'an admin port in use',          [ @serve,  '--admin-listen', "127.0.0.1:$port" ], qr/\b$port\b/ ],
        [ 'an address of others',          [ 'serve', '--listen',       '192.0.2.1:8080' ],  qr/192\.0\.2\.1/ ],
        (map { [ "pool-size $_", [ @serve, '--pool-size', $_ ], qr/pool-size/ ] } 0, -1, 'many'),
        @no_durations,
        [ 'an unknown log format',      [ @serve,  '--log-format', 'xml' ],              qr/log-format/ ],
        [ 'an unknown log level',       [ @serve,  '--log-level',  'shout' ],            qr/log-level/ ],
        [ 'a conninfo that is none',    [ 'serve', '--database',   'no such option=1' ], qr/database|conninfo/ ],
        [ 'a password in the conninfo', [ 'serve', '--database', "host=127.0.0.1 password=$password" ],     $instead ],
        [ 'a password in the URI',      [ 'serve', '--database', "postgresql://u:$password\@127.0.0.1/d" ], $instead ],
        [ 'a password in the query',    [ 'serve', '--database', "postgresql:///d?password=$password" ],    $instead ],
        [ 'a config file that is absent', [ @serve, '--config', "$directory/absent.ini" ], qr/absent\.ini/ ],
        [ 'a config file that is none',   [ @serve, '--config', "$directory/bad.ini" ],    qr/./ ],
    );
    for my $case (@cases)
    {
        my ($name, $arguments, $message) = @$case;
        my $run = run_shim($arguments);
        like($run->{exit},   qr/\A[1-9]\d*\z/, "$name: refused with an exit code") or diag($run->{output});
        like($run->{output}, $message,         "$name: the message names it");
        unlike($run->{output}, qr/\Q$password\E|\Q$SECRET/, "$name: the message tells no secret");
    }
    my $run = run_shim([ 'serve', '--listen', 'nonsense' ], env => { ACTIVE_CALLS_DATABASE => "password=$password" });
    like($run->{output}, qr/listen/, 'a password in the environment is no fault');
};

subtest 'other ways to configure' => sub {
    my $directory = PostgreSQL::Test::Utils::tempdir('config');
    my $strict    = sub ($name, %options) {
        my $other = start_shim(database => $database, %options);
        is($other->request(target => $SAMPLE_TARGET)->{status}, 401, "$name: --require-exp is in force");
        my $expiring = token({ exp => time + 60 });
        is(
            $other->request(target => $SAMPLE_TARGET, token => $expiring)->{status}, 200,
            "$name: and all else is usual"
        );
        is($other->stop, 0, "$name: ends in good order");
    };
    append_to_file("$directory/strict.ini",  "require-exp = true\n");
    append_to_file("$directory/lenient.ini", "require-exp = false\n");
    append_to_file("$directory/text.ini",    "log-format = text\n");
    $strict->('environment',                          env  => { ACTIVE_CALLS_REQUIRE_EXP => 'true' });
    $strict->('config file',                          args => [ '--config', "$directory/strict.ini" ]);
    $strict->('config file named in the environment', env  => { ACTIVE_CALLS_CONFIG => "$directory/strict.ini" });
    $strict->(
        'flag over environment and config file',
        args => [ '--require-exp', '--config', "$directory/lenient.ini" ],
        env  => { ACTIVE_CALLS_REQUIRE_EXP => 'false' }
    );

    my @formats = (
        [ 'environment', 'text', env  => { ACTIVE_CALLS_LOG_FORMAT => 'text' } ],
        [ 'config file', 'text', args => [ '--config', "$directory/text.ini" ] ],
        [
            'a flag over the environment', 'json', args => [ '--log-format', 'json' ],
            env => { ACTIVE_CALLS_LOG_FORMAT => 'text' }
        ],
        [
            'a flag over the config file', 'json', args => [ '--log-format', 'json', '--config', "$directory/text.ini" ]
        ],
        [ 'nothing', 'json', env => { ACTIVE_CALLS_REQUIRE_EXP => 'false' } ],
    );
    for my $case (@formats)
    {
        my ($name, $format, %options) = @$case;
        my $other = start_shim(database => $database, %options);
        is($other->request(target => $SAMPLE_TARGET)->{status}, 200,     "$name: served");
        is($other->stop,                                        0,       "$name: ends in good order");
        is($other->log_text =~ /\A\{/ ? 'json' : 'text',        $format, "$name: log format $format");
    }
    my $run = run_shim([ 'serve', '--listen', '127.0.0.1:0' ], env => { ACTIVE_CALLS_POOL_SIZE => 'many' });
    like($run->{exit}, qr/\A[1-9]\d*\z/, 'the environment is checked, too');
};

is($shim->stop, 0, 'the shim ends in good order');
done_testing;
