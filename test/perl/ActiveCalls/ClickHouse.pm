# ClickHouse, in two ages: the server that Debian has, of 2018, and the current engine, as the library chdb. Both speak
# ClickHouse's HTTP interface, know the user "yeti", and live in Kyiv's time.
package ActiveCalls::ClickHouse;

use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Harness;
use Carp;
use Exporter 'import';
use File::Basename qw(dirname);
use HTTP::Tiny;
use IO::Socket::INET;
use POSIX ();
use PostgreSQL::Test::Utils;

our @EXPORT = qw($CLICKHOUSE_PASSWORD $CLICKHOUSE_ZONE);

our $CLICKHOUSE_PASSWORD = 'the password of yeti';
our $CLICKHOUSE_ZONE     = 'Europe/Kyiv';

my @running;

# Debian's server; undef where there is none.
sub server ($class)
{
    return undef if system('command -v clickhouse-server >/dev/null') != 0;
    my $folder = PostgreSQL::Test::Utils::tempdir('clickhouse');
    my $port   = _free_port();
    append_to_file("$folder/config.xml", <<"XML");
<yandex>
    <logger><level>warning</level><log>$folder/server.log</log><errorlog>$folder/server.log</errorlog></logger>
    <listen_host>127.0.0.1</listen_host>
    <http_port>$port</http_port>
    <path>$folder/data/</path>
    <tmp_path>$folder/tmp/</tmp_path>
    <users_config>users.xml</users_config>
    <default_profile>default</default_profile>
    <default_database>default</default_database>
    <timezone>$CLICKHOUSE_ZONE</timezone>
    <mark_cache_size>100000000</mark_cache_size>
</yandex>
XML
    append_to_file("$folder/users.xml", <<"XML");
<yandex>
    <profiles><default></default></profiles>
    <users><yeti>
        <password>$CLICKHOUSE_PASSWORD</password>
        <networks><ip>127.0.0.1</ip></networks>
        <profile>default</profile>
        <quota>default</quota>
    </yeti></users>
    <quotas><default></default></quotas>
</yandex>
XML
    my $self = _start([ 'clickhouse-server', "--config-file=$folder/config.xml" ], "$folder/start.log");
    $self->{port} = $port;
    wait_until(30, sub { HTTP::Tiny->new->get($self->url)->{success} }) or croak "no answer; see $folder";
    return $self;
}

# The current engine; undef where npm has not got it.
sub library ($class)
{
    my $package = $ENV{ACTIVE_CALLS_CHDB} // '';
    return undef if !-d $package;
    my $folder = PostgreSQL::Test::Utils::tempdir('chdb');
    local @ENV{qw(CHDB PASSWORD TZ)} = ($package, $CLICKHOUSE_PASSWORD, $CLICKHOUSE_ZONE);
    my $self = _start([ 'node', dirname($0) . '/chdb_server.mjs', "$folder/data" ], "$folder/start.log");
    wait_until(30, sub { ($self->{port}) = slurp_file("$folder/start.log") =~ /^(\d+)$/m }) or croak "no port; see $folder";
    return $self;
}

sub url ($self) { return "http://127.0.0.1:$self->{port}" }

# Runs a statement, which rows may follow; returns what it prints. Dies of an error.
sub query ($self, $statement)
{
    my $answer = $self->ask($statement);
    croak "$statement: $answer->{content}" if !$answer->{success};
    return $answer->{content};
}

# The same; returns the answer of HTTP::Tiny.
sub ask ($self, $statement)
{
    state $http = HTTP::Tiny->new(timeout => 60);
    return $http->post($self->url . '/',
        { content => $statement, headers => { 'X-ClickHouse-User' => 'yeti', 'X-ClickHouse-Key' => $CLICKHOUSE_PASSWORD } });
}

sub _start ($command, $log)
{
    open my $file, '>', $log or croak "could not write $log: $!";
    defined(my $pid = fork) or croak "could not fork: $!";
    if ($pid == 0)
    {
        open STDIN,  '<',  '/dev/null';
        open STDOUT, '>&', $file;
        open STDERR, '>&', $file;
        exec { $command->[0] } @$command or POSIX::_exit(127);
    }
    push @running, $pid;
    return bless { pid => $pid }, __PACKAGE__;
}

sub _free_port ()
{
    my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or croak "no port: $!";
    return $socket->sockport;
}

END
{
    my $status = $?;
    for my $pid (@running)
    {
        CORE::kill KILL => $pid;
        waitpid $pid, 0;
    }
    $? = $status;
}

1;
