# Shows what an answer of the feed's listener is worth. A switch sends 1,000 batches while the shim and PostgreSQL are
# killed again and again, each in the middle of a batch.
#  - Sent once: a batch that was answered 200 is there once; one that was not is there once or not at all, as a whole.
#  - Sent again until it is answered 200: each is there once.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Expect;
use ActiveCalls::Feed;
use ActiveCalls::Harness;
use ActiveCalls::Http;
use ActiveCalls::Shim;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(sleep time);

time_limit(400);
srand 20260101;

my $BATCHES    = 1000;
my $ROWS       = 300;
my $KILL_EVERY = 40;    # batches

my $database = ActiveCalls::Database->create(calls => 0);
my @options  = (database => $database, feed => 1, args => [ '--pool-timeout', '500ms' ]);
my $shim     = start_shim(@options);
my $connection;
my $usual_time = 0.01;    # seconds from sending a batch to its answer, as batches are answered

# Sends a batch, kills whom $victim names meanwhile, and returns the answer's status; undef if there was no answer.
sub send_batch ($bytes, $victim = undef)
{
    $connection //= eval { connect_to($shim->feed_port, 5) } or return;
    my $started = time;
    my $sent    = eval { $connection->send_bytes($bytes) };
    if ($victim)
    {
        sleep rand 0.5 * $usual_time;
        $victim eq 'shim' ? $shim->signal('KILL') : $database->kill;
    }
    my $answer = $sent ? eval { $connection->read_answer('POST', 30) } : undef;
    # The median: an answer that took long, beside other work, is no measure for the others.
    $usual_time *= time - $started > $usual_time ? 1.05 : 1 / 1.05 if !$victim && $answer && $answer->{status} == 200;
    undef $connection if !$answer || ($answer->{headers}{connection} // '') eq 'close';
    return $answer ? $answer->{status} : undef;
}

sub revive ($victim)
{
    return $database->start if $victim ne 'shim';
    $shim->wait_exit(5);
    $shim = start_shim(@options);
    undef $connection;
    return;
}

# Sends all batches, each up to $tries times; returns the last status of each, and how many were not answered at once.
sub send_all ($tries)
{
    my ($kills, $failures, @status) = (0, 0);
    for my $number (0 .. $BATCHES - 1)
    {
        my $bytes  = feed_bytes($INSERT . batch($number, $ROWS));
        my $victim = $number % $KILL_EVERY == $KILL_EVERY / 2 ? qw(shim database) [ $kills++ % 2 ] : undef;
        $status[$number] = send_batch($bytes, $victim);
        revive($victim) if $victim;
        next            if ($status[$number] // 0) == 200;
        $failures++;
        for (2 .. $tries)
        {
            $status[$number] = send_batch($bytes);
            last if ($status[$number] // 0) == 200;
            sleep 0.05;
        }
    }
    note("$kills kills, $failures batches that were not answered with 200 at once");
    return (\@status, $failures);
}

# How many rows of each batch are there, and how many of them differ; by the batch's number.
sub batches_there ()
{
    my %there;
    for my $line (split /\n/, $database->sql(<<'SQL'))
SELECT extract(epoch FROM snapshot_timestamp - '2026-02-01 00:00Z')::int / 60, count(*), count(DISTINCT duration)
FROM active_calls.inbox GROUP BY 1
SQL
    {
        my ($number, $rows, $different) = split /\|/, $line;
        $there{$number} = "$rows rows, $different different";
    }
    return \%there;
}

my $WHOLE = "$ROWS rows, $ROWS different";

for my $case ([ 'sent once', 1 ], [ 'sent until answered', 100 ])
{
    my ($name, $tries) = @$case;
    $database->sql('TRUNCATE active_calls.inbox, active_calls.ingested_batch');
    my ($status, $failures) = send_all($tries);
    my $there = batches_there();

    my @answered  = grep { ($status->[$_] // 0) == 200 } 0 .. $BATCHES - 1;
    my @uncertain = grep { ($status->[$_] // 0) != 200 } 0 .. $BATCHES - 1;
    my @lost      = grep { ($there->{$_} // '') ne $WHOLE } @answered;
    my @torn      = grep { ($there->{$_} // $WHOLE) ne $WHOLE } @uncertain;
    cmp_ok($failures, '>', 3, "$name: there were batches in the middle of which something was killed");
    is_deeply([ map {"$_: " . ($there->{$_} // 'nothing')} @lost ], [], "$name: what was answered 200 is there once");
    is_deeply([ map {"$_: $there->{$_}"} @torn ], [], "$name: what was not, is there once or not at all");
    note(scalar(grep { $there->{$_} } @uncertain) . ' of ' . @uncertain . ' batches without an answer are there');
    is(scalar @answered, $BATCHES, "$name: all were answered in the end") if $tries > 1;
}

is($shim->stop, 0, 'the shim ends in good order');
done_testing;
