# What every test against running servers needs: its environment, a limit on its own time, a process beside its own,
# and a way to wait for something.
package ActiveCalls::Harness;

use v5.20;
use warnings;
use experimental 'signatures';

use Carp;
use Exporter 'import';
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

our @EXPORT = qw(required_env time_limit memory_limit wait_until in_background);

BAIL_OUT('PostgreSQL refuses to run as root; run the tests as another user') if $> == 0;

# A test that is killed from outside still ends its servers: exit runs the END blocks, a signal's default does not.
$SIG{$_} = sub { exit 1 }
    for qw(INT TERM HUP);

# PostgreSQL::Test sends standard error to a file, but the reason why a test dies has to be seen.
$SIG{__DIE__} = sub { diag($_[0]) if defined $^S && !$^S };

# Returns the value of a variable that names a file or a folder. Without the variable nothing runs: a test that cannot run
# must not look like one that passed.
sub required_env ($name)
{
    BAIL_OUT("environment variable $name is not set; run the tests through make") if !length($ENV{$name} // '');
    BAIL_OUT("$name names $ENV{$name}, which does not exist") if !-e $ENV{$name};
    return $ENV{$name};
}

# Ends this test as failed, its processes included, if it is still running after $seconds; or after a multiple of that
# where what it tests is built with sanitizers.
sub time_limit ($seconds)
{
    $seconds *= 5 if $ENV{SANITIZE};
    $SIG{ALRM} = sub {
        diag("still running after $seconds seconds: given up");
        exit 1;
    };
    alarm $seconds;
    return;
}

# How much memory a process may take for what is written for $amount, in whatever unit: sanitizers keep notes beside
# it, and what was freed for a while.
sub memory_limit ($amount)
{
    return $amount * (($ENV{SANITIZE} // '') =~ /thread|address/ ? 16 : 1);
}

my @children;

# Runs $code in a process of its own, which ends with this test at the latest; returns its process id.
sub in_background ($code)
{
    defined(my $pid = fork) or croak "could not fork: $!";
    if ($pid == 0)
    {
        # The child must not do what this test does at its end.
        $SIG{$_} = 'DEFAULT' for qw(INT TERM HUP ALRM __DIE__);
        eval { $code->() };
        POSIX::_exit($@ ? 1 : 0);
    }
    push @children, $pid;
    return $pid;
}

END
{
    my $status = $?;
    kill 'KILL', grep { waitpid($_, POSIX::WNOHANG()) == 0 } @children;
    $? = $status;
}

# Calls $condition until it returns something true, which is returned; undef after $seconds.
sub wait_until ($seconds, $condition)
{
    my $deadline = time + $seconds;
    while (1)
    {
        my $result = $condition->();
        return $result if $result;
        return if time > $deadline;
        sleep 0.02;
    }
}

1;
