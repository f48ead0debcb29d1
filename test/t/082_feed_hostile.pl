# Shows what the feed's listener does with those who mean no good, or have a bad line: each gets its error, memory stays
# within bounds, nothing is written, and neither customers nor other switches notice.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Crowd;
use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Feed;
use ActiveCalls::Harness;
use ActiveCalls::Http;
use ActiveCalls::Shim;
use Compress::Zlib qw(memGzip);
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

time_limit(300);

my $MEBI     = 1024 * 1024;
my $MAX_BODY = 8 * $MEBI;
my $THREADS  = 2;
my @LIMITS   = ('--feed-max-body', '8MiB', '--feed-threads', $THREADS, '--feed-read-timeout', '3s');

my $database = ActiveCalls::Database->create;
my $shim     = start_shim(database => $database, feed => 1, args => \@LIMITS);

my $memory_before = $shim->memory('VmHWM');
my $calls_before  = $database->sql('SELECT count(*) FROM active_calls.inbox');

# During the whole test, a customer asks, and a switch sends rows that change nothing.
my $customers =
    ActiveCalls::Crowd->start(port => $shim->port, clients => 4, requests => [ $shim->bytes(target => $SAMPLE_TARGET) ],
        pause => 0.02);

# Headers and body by hand, for what a decent client does not send; the answer, or undef where there is none.
sub raw ($bytes, $seconds = 15, $to = $shim)
{
    my $connection = connect_to($to->feed_port);
    $connection->send_bytes($bytes);
    my $answer = eval { $connection->read_answer('POST', $seconds) };
    $connection->close;
    return $answer;
}

sub head (@lines)
{
    return join("\r\n", 'POST / HTTP/1.1', 'Host: x', "X-ClickHouse-Key: $FEED_PASSWORD", @lines) . "\r\n\r\n";
}

sub chunk ($text) { return sprintf "%x\r\n%s\r\n", length $text, $text }

my $LAST_CHUNK = "0\r\n\r\n";
my $GZIP       = [ 'Content-Encoding' => 'gzip' ];
my $PLAIN      = [ 'Content-Encoding' => 'identity' ];

subtest 'bodies that are too large' => sub {
    my $rows = $INSERT . row() x ($MAX_BODY / length(row()) + 1);
    refused_ok(post($shim, $rows), 413, 307, '--feed-max-body', 'a body of more than the limit');
    refused_ok(raw(head('Content-Length: 99999999999')), 413, 307, '8388608', 'one that says so');
    my $chunks = head('Transfer-Encoding: chunked') . chunk($INSERT) . chunk("\n" x $MEBI) x 8;
    refused_ok(raw($chunks), 413, 307, '8388608', 'in chunks');

    # A bomb within a body that is small: 200 MiB of blanks in 200 KB.
    my $bomb = memGzip($INSERT . ' ' x (200 * $MEBI));
    cmp_ok(length $bomb, '<', 300_000, 'a bomb that is small');
    refused_ok(post($shim, $bomb, headers => $GZIP), 413, 307, '8388608', 'it');
    my $largest = $INSERT . "\n" x ($MAX_BODY - length $INSERT);
    status_ok(post($shim, $largest), 200, 'a body of the limit');
    status_ok(post($shim, memGzip($largest), headers => $GZIP), 200, 'decompressed, too');
};

subtest 'bodies that break off' => sub {
    my $length = sub ($body, $given) { return head("Content-Length: $given") . $body };
    my $batch  = $INSERT . batch(1, 100);
    for my $case (
        [ 'before the length that was said', $length->($batch, 2 * length $batch) ],
        [ 'amid the chunks',                 head('Transfer-Encoding: chunked') . chunk($batch) ],
        )
    {
        my ($name, $bytes) = @$case;
        my $connection = connect_to($shim->feed_port);
        $connection->send_bytes($bytes);
        $connection->finish_sending;
        refused_ok($connection->read_answer('POST'), 400, 33, 'before its end', $name);

        my $vanishing = connect_to($shim->feed_port);
        $vanishing->send_bytes($bytes);
        $vanishing->close;
    }
    my $half = substr memGzip($batch), 0, -10;
    refused_ok(post($shim, $half, headers => $GZIP), 400, 354, 'breaks off', 'amid gzip');
    refused_ok(post($shim, $batch, headers => $GZIP), 400, 354, 'not compressed', 'gzip that is none');
    refused_ok(post($shim, $batch, headers => [ 'Content-Encoding' => 'zstd' ]), 501, 48, 'gzip', 'zstd');
};

subtest 'bodies whose end is unclear' => sub {
    my $smuggled = "GET /ping HTTP/1.1\r\nHost: x\r\n\r\n";
    for my $case (
        [ 'two lengths',       'Content-Length: 3', 'Content-Length: 4' ],
        [ 'a length below 0',  'Content-Length: -1' ],
        [ 'length and chunks', 'Content-Length: 5', 'Transfer-Encoding: chunked' ],
        [ 'another coding',    'Transfer-Encoding: gzip, chunked' ],
        )
    {
        my ($name, @lines) = @$case;
        my $connection = connect_to($shim->feed_port);
        $connection->send_bytes(head(@lines) . $LAST_CHUNK . $smuggled);
        refused_ok($connection->read_answer('POST'), 400, 1000, 'unclear', $name);
        is($connection->wait_closed(5), 'closed', "$name: closed");
        is($connection->received, '', "$name: what followed is no request");
    }

    # Each of these is a line that one reader ignores and another one obeys.
    my $length = length $smuggled;
    for my $line ("Content-Length : $length", "X-A: b\r\n Content-Length: $length", "Content-Length: $length\nX: y", 'Content-Length:',
        'Transfer-Encoding : chunked', "Content-Length: $length\0")
    {
        my $name       = $line =~ s/[^ -~]+/ /gr;
        my $connection = connect_to($shim->feed_port);
        $connection->send_bytes(head($line) . $smuggled);
        refused_ok($connection->read_answer('POST'), 400, 1000, 'malformed', $name);
        is($connection->wait_closed(5), 'closed', "$name: closed");
        is($connection->received, '', "$name: what followed is no request");
    }
    refused_ok(raw(head('Content-Length: %30')), 400, 1000, 'unclear', 'a length that is encoded');
    for my $chunk ("zz\r\n", "-5\r\nabcde\r\n", "0x5\r\nabcde\r\n", "5\r\nabcdef\r\n", "ffffffffffffffffff\r\n", 'x' x 9000,
        "5;a\nb\r\nabcde\r\n", "5;a\rb\r\nabcde\r\n")
    {
        my $answer = raw(head('Transfer-Encoding: chunked') . $chunk . $LAST_CHUNK);
        refused_ok($answer, 400, 1000, 'chunk', 'a chunk ' . substr $chunk =~ s/\s+/ /gr, 0, 20);
    }
};

subtest 'statements and rows out of proportion' => sub {
    my $columns = sub ($count) { return join ', ', 'snapshot_timestamp', 'customer_acc_id', ("lrn") x ($count - 2) };
    my $insert  = sub ($count) { return 'INSERT INTO active_calls (' . $columns->($count) . ") FORMAT JSONEachRow\n" };
    status_ok(post($shim, $insert->(10_000)), 200, '10,000 columns, without rows');
    refused_ok(post($shim, $insert->(10_000) . "x\n"), 400, 27, 'line 1', 'and with a bad one');
    refused_ok(post($shim, $insert->(100_000)), 400, 62, 'Max query size exceeded', '100,000 columns');
    refused_ok(post($shim, 'INSERT INTO `' . 'x' x 5_000_000), 400, 62, 'Max query size exceeded', 'an endless name');
    refused_ok(post($shim, ' ' x 5_000_000), 400, 62, 'Max query size exceeded', 'blanks');

    for my $case ([ arrays => '[' ], [ objects => '{"a":' ])
    {
        my ($name, $open) = @$case;
        my $deep = $open x 1_000_000;
        refused_ok(post($shim, $INSERT . $deep), 400, 27, 'line 1', "a million $name");
        refused_ok(post($shim, $INSERT . '{"x":' . $deep), 400, 27, 'line 1', "a million $name within a row");
    }
    my $wide = sub ($count) { return '{' . join(',', map {"\"field_$_\":1"} 1 .. $count) . '}' };
    is(post($shim, $INSERT . $wide->(50_000))->{status}, 200, '50,000 fields that nobody reads');
    refused_ok(post($shim, $INSERT . $wide->(200_000)), 400, 27, 'line 1: the row has more than', '200,000 fields');
    refused_ok(post($shim, $INSERT . "\0" x 1_000_000), 400, 27, 'line 1', 'a million NULs');
    my $uri = post($shim, '', target => '/?query=' . 'x' x 9_000);
    is($uri->{status}, 414, 'a long URI');
    like($uri->{body}, qr/\ACode: 1000\. DB::Exception: /, 'in ClickHouse\'s words');
};

subtest 'slow clients' => sub {
    my $batch   = $INSERT . batch(2, 100);
    my $started = time;
    my @slow    = map { connect_to($shim->feed_port) } 1 .. $THREADS;
    $_->send_bytes(head('Content-Length: 100000') . 'INSERT') for @slow;

    # All threads are with those; a switch waits for its turn, and gets it.
    my $switch = connect_to($shim->feed_port);
    $switch->send_bytes(feed_bytes($INSERT));
    for my $connection (@slow)
    {
        refused_ok($connection->read_answer('POST', 10), 408, 209, 'fast enough', 'one that is silent');
    }
    status_ok($switch->read_answer('POST', 10), 200, 'one that waits for a turn');
    cmp_ok(time - $started, '<', 8, 'not for long');

    my $dripping = connect_to($shim->feed_port);
    $dripping->send_bytes(head('Content-Length: 100000') . 'INSERT');
    $started = time;
    while (time - $started < 6 && $dripping->send_bytes(' '))
    {
        last if $dripping->wait_closed(0.2) ne 'open' || length $dripping->received;
    }
    refused_ok($dripping->read_answer('POST', 5), 408, 209, 'fast enough', 'one that drips');
};

# More connections than a process usually may have open, when the shim has not yet one to the database.
subtest 'many that are silent' => sub {
    my $small  = start_shim(database => $database, feed => 1, open_files => 64, args => [ '--feed-threads', 1 ]);
    my @silent = map { connect_to($small->feed_port) } 1 .. 200;
    for my $round (1 .. 10)
    {
        my $connection = connect_to($small->port);
        $connection->send_bytes($small->bytes(target => $SAMPLE_TARGET));
        series_ok($connection->read_answer, $SAMPLE_JSON, "a customer among them, round $round");
    }
    $_->close for @silent;
    is($small->stop, 0, 'ends in good order');
};

# Eight clients that send such a body five times each: more than there are threads, so they take turns. How many answers
# there were, by status.
sub answers_to_many ($to, $body)
{
    my $request = feed_bytes($body, headers => $PLAIN);    # made before: who connects and is silent is sent away
    my $folder  = PostgreSQL::Test::Utils::tempdir('answers');
    my @clients = map {
        my $file = "$folder/$_";
        in_background(sub {
            append_to_file($file, (raw($request, 60, $to) // { status => 'none' })->{status} . "\n") for 1 .. 5;
        })
    } 1 .. 8;
    waitpid $_, 0 for @clients;
    my %count;
    $count{$_}++ for map { split /\n/, slurp_file($_) } glob "$folder/*";
    return \%count;
}

# A shim that began with $before KiB has needed no more for each thread than so many of the largest bodies, and the few
# MiB in which bodies are read, decompressed and sent.
sub memory_ok ($which, $before, $bodies)
{
    local $Test::Builder::Level = $Test::Builder::Level + 1;
    my $most  = $which->memory('VmHWM');
    my $bound = $before + memory_limit($THREADS * ($bodies * $MAX_BODY + 4 * $MEBI) / 1024);
    return cmp_ok($most, '<', $bound, "memory stayed within bounds ($most of $bound KiB)");
}

subtest 'many that send the largest bodies' => sub {
    my $fresh        = start_shim(database => $database, feed => 1, args => \@LIMITS);
    my $before       = $fresh->memory('VmHWM');
    my $nobodys_call = row(customer_acc_id => undef, x => 'x' x 1_900);
    my $rows         = $INSERT . $nobodys_call x (($MAX_BODY - length $INSERT) / length $nobodys_call);
    is_deeply(answers_to_many($fresh, $rows), { 200 => 40 }, 'each is answered');
    memory_ok($fresh, $before, 3);    # the text, and twice as much when it grows
    is($fresh->stop, 0, 'ends in good order');

    my $line = $INSERT . '{' . ' ' x ($MAX_BODY - 1 - length $INSERT);
    is_deeply(answers_to_many($shim, $line), { 400 => 40 }, 'each of a single line is refused');
};

# All of the above: more than a body after the other needs, as what is freed is of many sizes.
memory_ok($shim, $memory_before, 5);

my @records = $customers->finish;
my @wrong   = grep { $_->{outcome} ne 'answer' || "$_->{status} $_->{body}" ne "200 $SAMPLE_JSON" } @records;
cmp_ok(scalar @records, '>', 1000, 'customers asked all the time: ' . @records);
is_deeply(\@wrong, [], 'and each had its answer');
my ($slowest) = sort { $b <=> $a } map { $_->{done_at} - $_->{sent_at} } @records;
cmp_ok($slowest, '<', 3, "and soon (the slowest after $slowest s)");

is($database->sql('SELECT count(*) FROM active_calls.inbox'), $calls_before, 'nothing was written');
status_ok(post($shim, $INSERT . batch(3, 100)), 200, 'and a decent batch is taken');
is($shim->stop, 0, 'the shim ends in good order');
unlike($shim->log_text, qr/"level":"error"/, 'no internal error in the log');
done_testing;
