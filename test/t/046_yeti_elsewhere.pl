# Follows the manual where Yeti's database is another one: its foreign data wrapper, and the copy that a scheduler repeats.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Harness;
use ActiveCalls::Manual;
use Test::More;

time_limit(120);

my $database = ActiveCalls::Database->create(calls => 0);
my $node     = $database->{node};

# Yeti's own tables, as far as they matter here.
$node->safe_psql('postgres', 'CREATE DATABASE yeti');
$node->safe_psql('yeti', <<'SQL');
CREATE ROLE active_calls LOGIN;
CREATE SCHEMA billing;
CREATE SCHEMA sys;
CREATE TABLE billing.accounts (id int PRIMARY KEY, uuid uuid NOT NULL, contractor_id int NOT NULL);
CREATE TABLE sys.api_access (id int PRIMARY KEY, customer_id int NOT NULL, account_ids int[], login text);
INSERT INTO billing.accounts VALUES
    (1, '00000000-0000-0000-0000-000000000001', 3), (2, '00000000-0000-0000-0000-000000000002', 9);
INSERT INTO sys.api_access VALUES (37, 3, '{}', 'three'), (38, 9, NULL, 'nine');
GRANT USAGE ON SCHEMA billing, sys TO active_calls;
GRANT SELECT ON billing.accounts, sys.api_access TO active_calls;
SQL

my ($server) = grep { /CREATE SERVER/ } code_below('sql/operation.md', 'Using it with Yeti');
my ($copy)   = grep { /DELETE FROM/ } code_below('sql/operation.md', 'Using it with Yeti');
my ($host, $port) = ($node->host, $node->port);
ok($server =~ s/host 'yeti-db'/host '$host', port '$port'/, 'the manual has the server');

sub copies ()
{
    return $database->sql('SELECT id, right(uuid::text, 1), customer_id, name FROM active_calls.account ORDER BY id')
      . "\n" . $database->sql('SELECT id, customer_id, account_ids, login FROM active_calls.api_access ORDER BY id');
}

$database->sql('DELETE FROM active_calls.account; DELETE FROM active_calls.api_access');
$database->sql($server);
$database->sql($copy);
is(copies(), "1|1|3|\n2|2|9|\n37|3|{}|three\n38|9|{}|nine", 'copied');

$database->sql("UPDATE active_calls.account SET name = 'number ' || id");
$node->safe_psql('yeti', <<'SQL');
UPDATE billing.accounts SET uuid = overlay(uuid::text PLACING (3 - id)::text FROM 36)::uuid;
INSERT INTO billing.accounts VALUES (3, '00000000-0000-0000-0000-000000000003', 9);
UPDATE sys.api_access SET login = CASE id WHEN 37 THEN 'nine' ELSE 'three' END;
SQL
$database->sql($copy);
is(copies(), "1|2|3|number 1\n2|1|9|number 2\n3|3|9|\n37|3|{}|nine\n38|9|{}|three", 'copied again when uuids and logins have moved');

$node->safe_psql('yeti', "DELETE FROM billing.accounts WHERE id = 1; UPDATE billing.accounts SET uuid = '00000000-0000-0000-0000-000000000002' WHERE id = 3");
$database->sql($copy);
is(copies(), "2|1|9|number 2\n3|2|9|\n37|3|{}|nine\n38|9|{}|three", 'and when an account is no more');

done_testing();
