-- sql/yeti.sql: account and api_access follow the tables of a Yeti database, in every transaction.
\set QUIET on
SET client_min_messages = warning;
\getenv srcdir PG_ABS_SRCDIR
\set script :srcdir '/../sql/yeti.sql'

-- Yeti's own tables, as far as they matter here.
CREATE SCHEMA billing;
CREATE SCHEMA sys;
CREATE TABLE billing.accounts (id int PRIMARY KEY, uuid uuid NOT NULL, contractor_id int NOT NULL);
CREATE TABLE sys.api_access (id int PRIMARY KEY, customer_id int NOT NULL, account_ids int[], login text);
INSERT INTO billing.accounts VALUES
    (1, '00000000-0000-0000-0000-000000000001', 3), (2, '00000000-0000-0000-0000-000000000002', 9);
INSERT INTO sys.api_access VALUES (37, 3, '{}', 'three'), (38, 9, NULL, 'nine');

-- Yeti's rows replace what was there before.
CREATE TEMP TABLE account_before AS TABLE active_calls.account;
CREATE TEMP TABLE api_access_before AS TABLE active_calls.api_access;
INSERT INTO active_calls.account VALUES (999, '00000000-0000-0000-0000-000000000999', 1, 'old');
\set ECHO none
\i :script
\set ECHO all
SELECT id, uuid, customer_id FROM active_calls.account ORDER BY id;
SELECT * FROM active_calls.api_access ORDER BY id;

-- A name that was given here stays
UPDATE active_calls.account SET name = 'two' WHERE id = 2;

-- Somebody without rights in active_calls changes Yeti's tables.
CREATE ROLE yeti_admin;
GRANT USAGE ON SCHEMA billing, sys TO yeti_admin;
GRANT ALL ON billing.accounts, sys.api_access TO yeti_admin;
SET ROLE yeti_admin;
INSERT INTO billing.accounts VALUES (3, '00000000-0000-0000-0000-000000000003', 9);
UPDATE billing.accounts SET contractor_id = 4 WHERE id = 2;
UPDATE billing.accounts SET id = 10 WHERE id = 1;
DELETE FROM sys.api_access WHERE id = 38;
UPDATE sys.api_access SET account_ids = '{10}' WHERE id = 37;
RESET ROLE;
SELECT id, uuid, customer_id, name FROM active_calls.account ORDER BY id;
SELECT * FROM active_calls.api_access ORDER BY id;

-- After changes that fired no triggers, as a replication worker's do, later ones succeed, and mend what they touch.
SET session_replication_role = replica;
INSERT INTO billing.accounts VALUES (4, '00000000-0000-0000-0000-000000000004', 9);
INSERT INTO sys.api_access VALUES (39, 9, NULL, 'lost');
DELETE FROM sys.api_access WHERE id = 37;
DELETE FROM billing.accounts WHERE id = 3;
RESET session_replication_role;
INSERT INTO active_calls.account VALUES (5, '00000000-0000-0000-0000-000000000555', 1, 'by hand');
SET ROLE yeti_admin;
INSERT INTO sys.api_access VALUES (40, 3, NULL, 'three');
UPDATE sys.api_access SET login = 'found' WHERE id = 39;
INSERT INTO billing.accounts VALUES (5, '00000000-0000-0000-0000-000000000003', 9);
UPDATE billing.accounts SET contractor_id = 8 WHERE id = 4;
RESET ROLE;
SELECT id, uuid, customer_id, name FROM active_calls.account ORDER BY id;
SELECT * FROM active_calls.api_access ORDER BY id;

-- What is rolled back there is rolled back here.
BEGIN;
DELETE FROM billing.accounts;
SELECT count(*) FROM active_calls.account;
ROLLBACK;
SELECT count(*) FROM active_calls.account;

BEGIN;
TRUNCATE billing.accounts, sys.api_access;
SELECT count(*) FROM active_calls.account;
SELECT count(*) FROM active_calls.api_access;
ROLLBACK;

-- Running it again changes nothing.
\set ECHO none
\i :script
\set ECHO all
SELECT id, uuid, customer_id, name FROM active_calls.account ORDER BY id;

-- Nor does a uuid that has moved to another id meanwhile stop it, or a login that has. Names stay.
SET session_replication_role = replica;
UPDATE billing.accounts SET uuid = CASE id WHEN 2 THEN '00000000-0000-0000-0000-000000000001'
                                           WHEN 10 THEN '00000000-0000-0000-0000-000000000002' ELSE uuid END::uuid;
DELETE FROM billing.accounts WHERE id = 4;
INSERT INTO billing.accounts VALUES (1, '00000000-0000-0000-0000-000000000004', 8);
UPDATE sys.api_access SET login = CASE id WHEN 39 THEN 'three' ELSE 'found' END;
RESET session_replication_role;
\set ECHO none
\i :script
\set ECHO all
SELECT id, uuid, customer_id, name FROM active_calls.account ORDER BY id;
SELECT * FROM active_calls.api_access ORDER BY id;

DROP SCHEMA active_calls_yeti CASCADE;
INSERT INTO billing.accounts VALUES (11, '00000000-0000-0000-0000-000000000011', 3);
SELECT count(*) FROM active_calls.account;

DROP SCHEMA billing, sys CASCADE;
DROP ROLE yeti_admin;
DELETE FROM active_calls.account;
DELETE FROM active_calls.api_access;
INSERT INTO active_calls.account TABLE account_before;
INSERT INTO active_calls.api_access TABLE api_access_before;
