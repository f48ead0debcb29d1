# Shows that only customers themselves learn of their refusals: the server's log, which they could fill, has not a byte
# of them, unless a superuser wants it there. All other errors are logged as ever.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Harness;
use PostgreSQL::Test::BackgroundPsql;
use PostgreSQL::Test::Utils;
use Test::More;

time_limit(120);

my $database = ActiveCalls::Database->create;
my $node     = $database->{node};
my $unknown  = '00000000-0000-4000-8000-000000000000';
my $window   = "'2026-01-01 12:30Z', '2026-01-01 13:00Z'";
$database->sql(<<"SQL");
-- What others build upon the functions
CREATE FUNCTION wrapped(access int, account uuid) RETURNS bigint LANGUAGE plpgsql AS \$\$
BEGIN
    RETURN (SELECT count(*) FROM active_calls.customer_origination_active_calls(access, account, $window));
END \$\$;
CREATE FUNCTION caught(access int, account uuid) RETURNS text LANGUAGE plpgsql AS \$\$
BEGIN
    RETURN wrapped(access, account);
EXCEPTION WHEN SQLSTATE 'AC001' THEN
    RETURN SQLERRM;
END \$\$;
CREATE FUNCTION raised_again(access int, account uuid) RETURNS text LANGUAGE plpgsql AS \$\$
BEGIN
    RETURN wrapped(access, account);
EXCEPTION WHEN SQLSTATE 'AC001' THEN
    PERFORM 1 / 0;
END \$\$;
SQL

my $session = $database->session;
$session->query_safe("\\set ON_ERROR_STOP 0\n\\set VERBOSITY verbose");

# The error of a statement, as SQLSTATE: message, and what it has added to the server's log.
sub outcome ($statement)
{
    my $logged = -s $node->logfile;
    $session->query($statement);
    my ($error) = $session->{stderr} =~ /ERROR:  (\w{5}: [^\n]*)/;
    $session->{stderr} = '';
    return ($error // 'no error', slurp_file($node->logfile, $logged));
}

my @refusals = (
    [ 'an unknown account',     'AC001: unknown account_id',       "customer_origination_active_calls(37, '$unknown', $window)" ],
    [ 'somebody else\'s',       'AC001: unknown account_id',       "customer_origination_active_calls(37, '$ACCOUNT_21', $window)" ],
    [ 'an unknown access',      '28000: unknown API access',       "customer_origination_active_calls(99, '$ACCOUNT_7', $window)" ],
    [ 'no account',             'AC001: unknown account_id',       "customer_origination_active_calls(37, NULL, $window)" ],
    [ 'no begin',               '22004: from_time must not be null', "customer_origination_active_calls(37, '$ACCOUNT_7', NULL)" ],
    [ 'no end of time',         '22023: from_time must be finite', "customer_origination_active_calls(37, '$ACCOUNT_7', '-infinity')" ],
    [ 'a step that is none',    '22023: invalid value step',       "customer_origination_active_calls(37, '$ACCOUNT_7', $window, step => '-1')" ],
    [ 'too many points', '54000: the window has 1052641 points, more than the limit of 1000000',
        "customer_origination_active_calls(37, '$ACCOUNT_7', '2020-01-01Z', '2022-01-01Z')" ],
    [ 'beyond a scope',         'AC001: unknown account_id',       "scoped_origination_active_calls(3, '{8}', '$ACCOUNT_7', $window)" ],
    [ 'an address with a mask', '22023: auth_orig_ip must be one address',
        "scoped_origination_active_calls(3, NULL, '$ACCOUNT_7', $window, auth_orig_ip => '10.0.0.0/8')" ],
);

subtest 'refusals' => sub {
    for my $refusal (@refusals)
    {
        my ($what, $message, $call) = @$refusal;
        for my $statement ("SELECT * FROM active_calls.$call;", "SELECT active_calls.$call;")
        {
            my ($error, $logged) = outcome($statement);
            is($error,  $message, "$what: is refused");
            is($logged, '',       "$what: not a byte is logged");
        }
    }
};

subtest 'by way of other functions' => sub {
    is_deeply([ outcome("SELECT wrapped(37, '$unknown');") ], [ 'AC001: unknown account_id', '' ], 'one that lets it pass');
    is_deeply([ outcome("SELECT caught(37, '$unknown');") ],  [ 'no error',                        '' ], 'one that catches it');
    my ($error, $logged) = outcome("SELECT raised_again(37, '$unknown');");
    is($error, '22012: division by zero', 'one that fails when it has caught it');
    like($logged, qr/ERROR:  division by zero/, 'is logged');
    is_deeply([ outcome("BEGIN; SAVEPOINT here; SELECT wrapped(37, '$unknown'); ROLLBACK TO here; COMMIT;") ],
        [ 'AC001: unknown account_id', '' ], 'in a subtransaction');
};

subtest 'what is logged as ever' => sub {
    my @others = (
        [ 'the DBA\'s function', 'AC001: unknown account_id', "SELECT * FROM active_calls.origination_active_calls('$unknown', $window);" ],
        [ 'peaks',               'AC001: unknown account_id', "SELECT * FROM active_calls.origination_peak_calls('$unknown', $window, '1 hour');" ],
        [ 'a statement that fails', '22012: division by zero',      "SELECT 1 / 0;" ],
        [ 'a timeout', '57014: canceling statement due to statement timeout', "SET statement_timeout = 50; SELECT pg_sleep(60); RESET statement_timeout;" ],
        [ 'a right that is missing', '42501: permission denied for function customer_origination_active_calls',
            "SET ROLE active_calls_writer; SELECT * FROM active_calls.$refusals[0][2]; RESET ROLE;" ],
        [ 'a feed', '22P02: line 1: not a JSON object', "SELECT active_calls.ingest('7');" ],
    );
    for my $other (@others)
    {
        my ($what, $message, $statement) = @$other;
        my ($error, $logged) = outcome($statement);
        is($error, $message, "$what: fails");
        my ($text) = $message =~ /: (.*)/;
        like($logged, qr/ERROR:  \Q$text\E\n.*STATEMENT:  /s, "$what: is logged with its statement");
    }
};

subtest 'a segment that is damaged' => sub {
    $database->sql('SELECT active_calls.seal(); UPDATE active_calls.segment SET header = decode(repeat(\'00\', length(header)), \'hex\')');
    my ($error, $logged) = outcome("SELECT * FROM active_calls.customer_origination_active_calls(37, '$ACCOUNT_7', $window);");
    like($error,  qr/^XX001: segment \d+ of account 7 is damaged/, 'fails');
    like($logged, qr/ERROR:  segment \d+ of account 7 is damaged/, 'and is logged, as the operator has to know');
};

subtest 'where a superuser wants them' => sub {
    $session->query_safe('SET active_calls.log_refusals = on');
    for my $refusal (@refusals)
    {
        my ($what, $message, $call) = @$refusal;
        my ($error, $logged) = outcome("SELECT * FROM active_calls.$call;");
        is($error, $message, "$what: is refused");
        my ($text) = $message =~ /: (.*)/;
        like($logged, qr/ERROR:  \Q$text\E\n/, "$what: is logged");
    }
    $session->query_safe('RESET active_calls.log_refusals');
    is_deeply([ outcome("SELECT * FROM active_calls.$refusals[0][2];") ], [ $refusals[0][1], '' ], 'no longer');
};

$session->quit;
done_testing();
