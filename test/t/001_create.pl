# Shows that CREATE EXTENSION runs nobody's code but its own: it refuses a schema that another role owns, and does not
# call a function that lies in the way.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Harness;
use PostgreSQL::Test::Cluster;
use Test::More;

time_limit(120);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE mallory;
GRANT CREATE ON DATABASE postgres TO mallory;
SET ROLE mallory;
CREATE SCHEMA active_calls;
CREATE FUNCTION active_calls.pg_extension_config_dump(text, text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    ALTER ROLE mallory SUPERUSER;
END
$$;
SQL

my ($status, $output, $error) = $node->psql('postgres', 'CREATE EXTENSION active_calls');
isnt($status, 0, 'refused in a schema that is not a superuser\'s');
like($error, qr/schema active_calls exists and belongs to a role that is not a superuser/, 'and it says why');
like($error, qr/HINT:  Drop the schema/, 'with a cure');

$node->safe_psql('postgres', 'ALTER SCHEMA active_calls OWNER TO CURRENT_USER');
$node->safe_psql('postgres', 'CREATE EXTENSION active_calls');
is($node->safe_psql('postgres', "SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'"), 'f', 'the function was not called');
is($node->safe_psql('postgres', "SELECT cardinality(extconfig) FROM pg_extension WHERE extname = 'active_calls'"),
    5, 'four tables and the sequence of one are marked for pg_dump');

if ($node->pg_version >= 18)
{
    is($node->safe_psql('postgres', <<'SQL'), 't', 'the library that a session has loaded says its version');
LOAD 'active_calls';
SELECT version = extversion FROM pg_get_loaded_modules(), pg_extension
WHERE module_name = 'active_calls' AND extname = 'active_calls'
SQL
}

$node->safe_psql('postgres', 'DROP EXTENSION active_calls');
is($node->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relnamespace = 'active_calls'::regnamespace"),
    0, 'DROP EXTENSION leaves nothing');

done_testing();
