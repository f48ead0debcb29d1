# The shim as a process: started, asked, read (its log) and ended by the tests.
package ActiveCalls::Shim;

use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Harness;
use ActiveCalls::Http;
use ActiveCalls::Token;
use Carp;
use Exporter 'import';
use IPC::Run;
use JSON::PP;
use POSIX ();
use PostgreSQL::Test::Utils;
use Time::HiRes qw(time);

our @EXPORT = qw($PATH $FEED_PASSWORD start_shim run_shim);

our $PATH          = '/api/rest/customer/v1/origination-active-calls';
our $FEED_PASSWORD = 'the password of the tests';

my @running;

# Starts `active-calls-shim serve` on free ports and waits until it listens. Options: database (an
# ActiveCalls::Database), args (list of further arguments), env (hash), secret (undef = none in the environment),
# feed (true: it takes the feed, too), open_files (soft limit of descriptors).
sub start_shim (%options)
{
    state $count = 0;
    my $name = ($0 =~ m{([^/]+)\.pl\z}) ? $1 : 'shim';
    my $log  = sprintf '%s/%s_shim_%d.log', $PostgreSQL::Test::Utils::log_path, $name, ++$count;

    my @command = (
        ($options{open_files} ? ('prlimit', "--nofile=$options{open_files}:") : ()),
        required_env('ACTIVE_CALLS_SHIM'),
        'serve', '--listen', '127.0.0.1:0', '--admin-listen', '127.0.0.1:0',
        ($options{database} ? ('--database', $options{database}->conninfo) : ()),
        ($options{feed}     ? _feed_arguments($options{database})          : ()),
        @{ $options{args} // [] }
    );
    my %environment = _environment(%options);

    open my $log_file, '>', $log or croak "could not write $log: $!";
    defined(my $pid = fork) or croak "could not fork: $!";
    if ($pid == 0)
    {
        %ENV = %environment;
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>&', $log_file;
        open STDERR, '>&', $log_file;
        exec { $command[0] } @command or POSIX::_exit(127);
    }
    my $self = bless { pid => $pid, log => $log, command => \@command, has_feed => $options{feed} }, __PACKAGE__;
    push @running, $self;

    wait_until(15, sub { $self->_find_ports || $self->exited }) && $self->{port}
        or croak "shim did not start:\n" . $self->log_text;
    return $self;
}

# Runs `active-calls-shim @$arguments` to its end, which must come within ten seconds. Options as of start_shim.
# Returns a hash of exit (exit code, or "signal N"), stdout, stderr, output (both).
sub run_shim ($arguments, %options)
{
    my @command = (required_env('ACTIVE_CALLS_SHIM'), @$arguments);
    local %ENV = _environment(%options);
    my ($stdout, $stderr) = ('', '');
    my $run  = IPC::Run::start(\@command, '<', '/dev/null', '>', \$stdout, '2>', \$stderr, IPC::Run::timeout(10));
    my $exit = eval { $run->finish; _exit_text($?) };
    if (!defined $exit)
    {
        $run->kill_kill(grace => 1);
        $exit = 'still running after 10 seconds';
    }
    return { exit => $exit, stdout => $stdout, stderr => $stderr, output => "$stdout$stderr" };
}

sub _feed_arguments ($database)
{
    return ('--feed-listen', '127.0.0.1:0', '--feed-database', $database->conninfo('active_calls_writer'));
}

# The tests' environment without anything that would configure the shim, plus the secret and what the options name.
sub _environment (%options)
{
    my %environment = map { $_ => $ENV{$_} } grep { !/\A(?:ACTIVE_CALLS_|PG)/ } keys %ENV;
    my $secret      = exists $options{secret} ? $options{secret} : $SECRET;
    $environment{ACTIVE_CALLS_JWT_SECRET} = $secret if defined $secret;
    $environment{ACTIVE_CALLS_FEED_PASSWORD} = $FEED_PASSWORD if $options{feed};
    return (%environment, %{ $options{env} // {} });
}

sub _exit_text ($status)
{
    return $status & 127 ? 'signal ' . ($status & 127) : $status >> 8;
}

sub pid        ($self) { return $self->{pid} }
sub port       ($self) { return $self->{port} }
sub admin_port ($self) { return $self->{admin_port} }
sub feed_port  ($self) { return $self->{feed_port} }
sub command    ($self) { return @{ $self->{command} } }

# Sends a request on a connection of its own and returns the answer. Options as of request_bytes, and:
# parameters (list for the query of the API's path, instead of target), token (put into Authorization; undef = none),
# admin (true: ask the admin listener), seconds (patience).
sub request ($self, %options)
{
    my $connection = connect_to($options{admin} ? $self->{admin_port} : $self->{port});
    $connection->send_bytes($self->bytes(%options)) or croak 'the shim closed before the request was sent';
    my $answer = $connection->read_answer($options{method} // 'GET', $options{seconds} // 15);
    $connection->close;
    return $answer;
}

# The bytes of such a request.
sub bytes ($self, %options)
{
    my $token   = exists $options{token} ? $options{token} : token();
    my $target  = $options{target} // "$PATH?" . query_string(@{ $options{parameters} // [] });
    my @headers = (@{ $options{headers} // [] }, defined $token && !$options{admin} ? (Authorization => $token) : ());
    return request_bytes(%options, target => $target, headers => \@headers);
}

sub log_text ($self) { return slurp_file($self->{log}) }

# The log's lines, decoded; a line that is not JSON comes as { not_json => line }.
sub log_records ($self)
{
    return map {
        my $line = $_;
        eval { decode_json($line) } // { not_json => $line }
    } split /\n/, $self->log_text;
}

# The one log record of the request with this id, waited for a moment, as the line may follow the answer.
sub log_of_request ($self, $id)
{
    my $is_it = sub ($record) { ($record->{id} // '') eq $id && defined $record->{status} };
    return wait_until(
        5,
        sub {
            (grep { $is_it->($_) } $self->log_records)[0];
        }
    );
}

# Samples of /metrics in Prometheus' text format, by name and labels; dies of a line that is none.
sub metrics ($self)
{
    my %samples;
    for my $line (split /\n/, $self->request(admin => 1, target => '/metrics')->{body})
    {
        next if $line =~ /\A(?:# (?:HELP|TYPE) [a-zA-Z_:][\w:]*(?: .*)?)?\z/;
        my ($name, $value) = $line =~ /\A([a-zA-Z_:][\w:]*(?:\{(?:[a-zA-Z_]\w*="(?:[^"\\]|\\.)*",?)*\})?) (\S+)\z/
            or croak "not a line of Prometheus: $line";
        $value =~ /\A(?:[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?|[-+]?Inf|NaN)\z/i
            or croak "not a value of Prometheus: $line";
        $samples{$name} = $value;
    }
    return %samples;
}

# Resident memory of the process in KiB: VmRSS (now) or VmHWM (the most so far).
sub memory ($self, $what)
{
    my $status = slurp_file("/proc/$self->{pid}/status");
    return $status =~ /^\Q$what\E:\s+(\d+) kB/m ? $1 : croak "no $what in $status";
}

sub signal ($self, $signal) { return kill $signal, $self->{pid} }

# Exit code ("signal N" when ended by one) of a shim that has ended, else undef.
sub exited ($self)
{
    if (!defined $self->{exit} && waitpid($self->{pid}, POSIX::WNOHANG()) == $self->{pid})
    {
        $self->{exit} = _exit_text($?);
    }
    return $self->{exit};
}

# Waits for the shim to end; its exit code, or undef if it still runs after $seconds.
sub wait_exit ($self, $seconds)
{
    wait_until($seconds, sub { defined $self->exited });
    return $self->{exit};
}

# Asks the shim to end and returns its exit code; one that does not end is killed and has none.
sub stop ($self)
{
    return $self->{exit} if defined $self->exited;
    $self->signal('TERM');
    my $exit = $self->wait_exit(15);
    $self->_kill if !defined $exit;
    return $exit;
}

# The ports are free ones that the shim found; it logs them when it listens.
sub _find_ports ($self)
{
    my $text = $self->log_text;
    my %ports = (listen => 'port', admin_listen => 'admin_port', $self->{has_feed} ? (feed_listen => 'feed_port') : ());
    for my $field (keys %ports)
    {
        return 0 if $text !~ /(?<![a-z_])$field"?[=:]\s*"?[^\s"]*:(\d+)/;
        $self->{ $ports{$field} } = $1;
    }
    return 1;
}

sub _kill ($self)
{
    return if defined $self->exited;
    $self->signal('KILL');
    $self->wait_exit(5);
    return;
}

END
{
    my $status = $?;
    $_->_kill for @running;
    $? = $status;
}

1;
