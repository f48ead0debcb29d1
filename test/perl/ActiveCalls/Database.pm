# A PostgreSQL server of the test's own, with the extension, its roles, a few accounts and the sample feed.
package ActiveCalls::Database;

use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Harness;
use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw($ACCOUNT_7 $ACCOUNT_8 $ACCOUNT_21 sample_rows);

our $ACCOUNT_7  = '069b073a-e7d9-11f0-932e-0a63caf27539';    # customer 3
our $ACCOUNT_8  = '1c5c2f2e-e7d9-11f0-932e-0a63caf27539';    # customer 3
our $ACCOUNT_21 = '2ab5fb94-e7d9-11f0-932e-0a63caf27539';    # customer 9

my $DATABASE = 'active_calls_test';

# API access 37 sees the whole customer 3, 38 only its account 8, and 39 the whole customer 9. 40 belongs to customer 3
# and names an account of customer 9 beside its own.
my $ACCOUNTS_AND_ACCESSES = <<"SQL";
INSERT INTO active_calls.account (id, uuid, customer_id, name) VALUES
    (7, '$ACCOUNT_7', 3, 'seven'), (8, '$ACCOUNT_8', 3, 'eight'), (21, '$ACCOUNT_21', 9, 'twenty-one');
INSERT INTO active_calls.api_access (id, customer_id, account_ids, login) VALUES
    (37, 3, '{}', 'whole-of-3'), (38, 3, '{8}', 'only-8'), (39, 9, '{}', 'whole-of-9'), (40, 3, '{8,21}', 'beyond-3');
SQL

# A started server with everything in it; it ends with the test. Options: calls (0: without the sample feed).
sub create ($class, %options)
{
    my $node = PostgreSQL::Test::Cluster->new('main');
    $node->init;
    $node->append_conf('postgresql.conf', "log_statement = none\nmax_connections = 60\ntimezone = 'Asia/Tokyo'");
    $node->start;
    my $self = bless { node => $node }, $class;

    $node->safe_psql('postgres', "CREATE DATABASE $DATABASE TEMPLATE template0 ENCODING 'UTF8'");
    $self->sql('CREATE EXTENSION active_calls');
    $self->sql(slurp_file(required_env('ACTIVE_CALLS_SQL') . '/roles.sql'));
    $self->sql($ACCOUNTS_AND_ACCESSES);
    $self->ingest(sample_rows()) if $options{calls} // 1;
    return $self;
}

# The sample feed: rows in JSONEachRow.
sub sample_rows ()
{
    return slurp_file(required_env('ACTIVE_CALLS_FEED') . '/snapshots.jsonl');
}

# Runs SQL as a superuser, or as $role, and returns what it prints; dies of an error.
sub sql ($self, $statement, $role = undef)
{
    return $self->{node}->safe_psql($DATABASE, $statement, extra_params => $role ? [ '-U', $role ] : []);
}

# Loads rows of the feed's format as the writer's role; returns how many were taken.
sub ingest ($self, $rows)
{
    return $self->sql("SELECT active_calls.ingest(\$feed\$$rows\$feed\$)", 'active_calls_writer');
}

# libpq conninfo with which a shim connects, or its feed, as $role.
sub conninfo ($self, $role = 'active_calls_shim')
{
    return $self->{node}->connstr($DATABASE) . " user=$role";
}

# A superuser's session that stays open; BackgroundPsql's methods.
sub session ($self)
{
    return $self->{node}->background_psql($DATABASE);
}

# Keeps every series waiting until the returned session says COMMIT or quits.
sub block_queries ($self)
{
    my $session = $self->session;
    $session->query_safe('BEGIN; LOCK TABLE active_calls.inbox IN ACCESS EXCLUSIVE MODE');
    return $session;
}

# Number of the shim's queries that wait for a lock at this moment.
sub waiting_queries ($self)
{
    return $self->sql(<<'SQL');
SELECT count(*) FROM pg_stat_activity WHERE usename = 'active_calls_shim' AND wait_event_type = 'Lock'
SQL
}

sub stop ($self, $mode) { return $self->{node}->stop($mode) }

sub start ($self) { return $self->{node}->start }

# Ends every process of the server at one moment, as `kill -9` does: a session that outlives its postmaster would go on.
sub kill ($self)
{
    my ($postmaster) = slurp_file($self->{node}->data_dir . '/postmaster.pid') =~ /^(\d+)/;
    CORE::kill STOP => $postmaster;
    my @children = _children_of($postmaster);
    CORE::kill KILL => @children;
    $self->{node}->kill9;

    # Until init has waited for it, too: the next postmaster would take it for one that runs.
    wait_until(60, sub { !grep { -e "/proc/$_" } $postmaster, @children }) or die 'the server does not end';
    return;
}

sub _children_of ($pid)
{
    return grep {
        my $status = -e "/proc/$_/stat" ? eval { slurp_file("/proc/$_/stat") } // '' : '';
        $status =~ /\) \S $pid /
    } map { m{(\d+)$} } glob '/proc/[0-9]*';
}

1;
