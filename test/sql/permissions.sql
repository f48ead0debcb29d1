-- What each of the four roles may do, and that no one else may do anything.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

\set account '''f0000000-0000-4000-8000-000000001008'''
\set window '''2020-03-01 00:00Z'', ''2020-03-01 00:01Z'''
INSERT INTO active_calls.account VALUES (1008, :account, 120, 'permissions');
INSERT INTO active_calls.api_access VALUES (1201, 120, DEFAULT, 'permissions'), (1202, 121, DEFAULT, 'another');
INSERT INTO active_calls.inbox VALUES
    ('2020-03-01 00:00Z', 1008, NULL, 1, NULL, NULL, 0, NULL, 0),
    ('2020-03-01 00:00Z', 1008, NULL, 2, NULL, NULL, 0, NULL, 0);

-- Nothing is granted to PUBLIC, and roles.sql run again changes nothing
\set ECHO none
\i :roles
\set ECHO all
SELECT 'schema' AS kind, nspname AS name, privilege_type
FROM pg_namespace, aclexplode(nspacl) WHERE nspname = 'active_calls' AND grantee = 0
UNION ALL
SELECT 'relation', relname, privilege_type
FROM pg_class, aclexplode(relacl) WHERE relnamespace = 'active_calls'::regnamespace AND grantee = 0
UNION ALL
SELECT 'function', proname, privilege_type
FROM pg_proc, aclexplode(coalesce(proacl, acldefault('f', proowner)))
WHERE pronamespace = 'active_calls'::regnamespace AND grantee = 0;

-- All that the roles have
SELECT grantee::regrole::text COLLATE "C" AS role, kind, name, string_agg(privilege_type, ' ' ORDER BY privilege_type) AS privileges
FROM (
    SELECT 'schema' AS kind, nspname::text COLLATE "C" AS name, acl.* FROM pg_namespace, aclexplode(nspacl) AS acl
    WHERE nspname = 'active_calls'
    UNION ALL
    SELECT 'relation', relname, acl.* FROM pg_class, aclexplode(relacl) AS acl
    WHERE relnamespace = 'active_calls'::regnamespace
    UNION ALL
    SELECT 'column', relname || '.' || attname, acl.*
    FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid, aclexplode(attacl) AS acl
    WHERE relnamespace = 'active_calls'::regnamespace
    UNION ALL
    SELECT 'function', proname, acl.* FROM pg_proc, aclexplode(proacl) AS acl
    WHERE pronamespace = 'active_calls'::regnamespace) AS granted
WHERE grantee::regrole::text LIKE 'active\_calls\_%'
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;
SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls
FROM pg_roles WHERE rolname LIKE 'active\_calls\_%' AND rolname <> 'active_calls_nobody' ORDER BY rolname;

-- Tries them all
CREATE FUNCTION pg_temp.attempt(statement text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN 'allowed';
EXCEPTION
    WHEN insufficient_privilege THEN RETURN SQLERRM;
    WHEN feature_not_supported THEN RETURN 'allowed: ' || SQLERRM;
END
$$;
CREATE TEMP TABLE attempt (n serial, what text, statement text);
INSERT INTO attempt (what, statement)
SELECT what, replace(replace(statement, ':account', :'account'), ':window', :'window') FROM (VALUES
    ('read account', 'SELECT FROM active_calls.account'),
    ('write account', 'INSERT INTO active_calls.account VALUES (1, NULL, 1, NULL)'),
    ('read api_access', 'SELECT FROM active_calls.api_access'),
    ('write api_access', 'UPDATE active_calls.api_access SET account_ids = ''{}'''),
    ('read inbox', 'SELECT FROM active_calls.inbox'),
    ('write inbox', 'INSERT INTO active_calls.inbox SELECT now(), 1, NULL, NULL, NULL, NULL, 0, NULL, 0 WHERE false'),
    ('update inbox', 'UPDATE active_calls.inbox SET duration = 0 WHERE false'),
    ('delete inbox', 'DELETE FROM active_calls.inbox WHERE false'),
    ('read segment', 'SELECT FROM active_calls.segment'),
    ('write segment', 'INSERT INTO active_calls.segment SELECT FROM generate_series(1, 0)'),
    ('update segment', 'UPDATE active_calls.segment SET is_full = true WHERE false'),
    ('delete segment', 'DELETE FROM active_calls.segment WHERE false'),
    ('read calls', 'SELECT FROM active_calls.calls'),
    ('write calls', 'INSERT INTO active_calls.calls SELECT now(), 1, NULL, NULL, NULL, NULL, 0, NULL, 0 WHERE false'),
    ('origination', 'SELECT FROM active_calls.origination_active_calls(:account, :window)'),
    ('peaks', 'SELECT FROM active_calls.origination_peak_calls(:account, :window, ''1 hour'')'),
    ('customer', 'SELECT FROM active_calls.customer_origination_active_calls(1201, :account, :window)'),
    ('scoped', 'SELECT FROM active_calls.scoped_origination_active_calls(120, NULL, :account, :window)'),
    ('ingest', 'SELECT active_calls.ingest('''')'),
    ('seal', 'SELECT active_calls.seal(''1000 years'')'),
    ('unseal', 'SELECT active_calls.unseal(''2020-03-02'', ''2020-03-02'')'),
    ('drop_before', 'SELECT active_calls.drop_before(''-infinity'')'),
    ('schedule', 'SELECT active_calls.schedule()'),
    ('unschedule', 'SELECT active_calls.unschedule()'),
    ('scheduling_roles', 'SELECT * FROM active_calls.scheduling_roles()'),
    ('interval_price', 'SELECT active_calls.interval_price(0, 0, 0, 0, 0, 0)'),
    ('create in schema', 'CREATE TABLE active_calls.mine (id int)')) AS v (what, statement);
GRANT SELECT ON attempt TO PUBLIC;
SET client_min_messages = warning;
DROP ROLE IF EXISTS active_calls_nobody;
RESET client_min_messages;
CREATE ROLE active_calls_nobody;
SET ROLE active_calls_writer;
SELECT what, pg_temp.attempt(statement) AS writer FROM attempt ORDER BY n;
SET ROLE active_calls_reader;
SELECT what, pg_temp.attempt(statement) AS reader FROM attempt ORDER BY n;
SET ROLE active_calls_keeper;
SELECT what, pg_temp.attempt(statement) AS keeper FROM attempt ORDER BY n;
SET ROLE active_calls_shim;
SELECT what, pg_temp.attempt(statement) AS shim FROM attempt ORDER BY n;
SET ROLE active_calls_nobody;
SELECT what, pg_temp.attempt(statement) AS nobody FROM attempt ORDER BY n;
-- Also with the schema open to it
RESET ROLE;
GRANT USAGE ON SCHEMA active_calls TO active_calls_nobody;
SET ROLE active_calls_nobody;
SELECT what, pg_temp.attempt(statement) AS nobody FROM attempt ORDER BY n;
-- The function has the rights of its caller: may be called, may not read
\set SHOW_CONTEXT never
RESET ROLE;
GRANT EXECUTE ON FUNCTION active_calls.origination_active_calls, active_calls.ingest TO active_calls_nobody;
SET ROLE active_calls_nobody;
SELECT * FROM active_calls.origination_active_calls(:account, :window);
SELECT active_calls.ingest('{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":1008}');
RESET ROLE;
GRANT SELECT ON active_calls.account TO active_calls_nobody;
SET ROLE active_calls_nobody;
SELECT * FROM active_calls.origination_active_calls(:account, :window);
RESET ROLE;
DROP OWNED BY active_calls_nobody;
DROP ROLE active_calls_nobody;

-- Row security of inbox holds for who asks with rights of its own, in a session that asked before
SET ROLE active_calls_reader;
SELECT * FROM active_calls.origination_active_calls(:account, :window);
RESET ROLE;
ALTER TABLE active_calls.inbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY country_1 ON active_calls.inbox TO active_calls_reader USING (dst_country_id = 1);
SET ROLE active_calls_reader;
SELECT * FROM active_calls.origination_active_calls(:account, :window);
SELECT * FROM active_calls.origination_active_calls(:account, :window, dst_country_id => 2);
SELECT * FROM active_calls.origination_active_calls(:account, :window, duration_eq => 0);
SELECT dst_country_id FROM active_calls.calls WHERE customer_acc_id = 1008;
-- and not for the forms that have the rights of the owner
SET ROLE active_calls_shim;
SELECT * FROM active_calls.customer_origination_active_calls(1201, :account, :window);
RESET ROLE;
DROP POLICY country_1 ON active_calls.inbox;
SET ROLE active_calls_reader;
SELECT * FROM active_calls.origination_active_calls(:account, :window);
RESET ROLE;
ALTER TABLE active_calls.inbox DISABLE ROW LEVEL SECURITY;
SET ROLE active_calls_reader;
SELECT * FROM active_calls.origination_active_calls(:account, :window);
RESET ROLE;

-- A view of somebody's own shows of segments what that one may see, to those who may see the view
CREATE ROLE active_calls_guest;
GRANT CREATE, USAGE ON SCHEMA public TO active_calls_reader, active_calls_guest;
INSERT INTO active_calls.inbox VALUES (now(), 1008, NULL, 3, NULL, NULL, 0, NULL, 0);
SELECT active_calls.seal();
SET ROLE active_calls_reader;
CREATE VIEW public.shown AS SELECT dst_country_id FROM active_calls.sealed_calls WHERE customer_acc_id = 1008;
GRANT SELECT ON public.shown TO active_calls_guest;
SET ROLE active_calls_guest;
SELECT * FROM public.shown ORDER BY 1;
RESET ROLE;
CREATE POLICY nothing ON active_calls.segment TO active_calls_reader USING (false);
ALTER TABLE active_calls.segment ENABLE ROW LEVEL SECURITY;
SET ROLE active_calls_guest;
SELECT * FROM public.shown ORDER BY 1;
RESET ROLE;
SELECT * FROM public.shown ORDER BY 1;
SELECT count(*) FROM active_calls.sealed_calls WHERE customer_acc_id = 1008;
ALTER TABLE active_calls.segment DISABLE ROW LEVEL SECURITY;
DROP POLICY nothing ON active_calls.segment;
-- also where a cursor is opened with one's rights and read with another's
CREATE FUNCTION public.cursor_of_reader(name refcursor) RETURNS refcursor LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    OPEN name FOR SELECT dst_country_id FROM active_calls.calls WHERE customer_acc_id = 1008 ORDER BY 1;
    RETURN name;
END
$$;
ALTER FUNCTION public.cursor_of_reader OWNER TO active_calls_reader;
SET ROLE active_calls_guest;
BEGIN;
SELECT public.cursor_of_reader('shown_later');
FETCH ALL FROM shown_later;
COMMIT;
RESET ROLE;
DROP VIEW public.shown;
DROP FUNCTION public.cursor_of_reader;
REVOKE CREATE, USAGE ON SCHEMA public FROM active_calls_reader, active_calls_guest;
DROP ROLE active_calls_guest;
SELECT active_calls.unseal('2020-01-01', '2021-01-01');
DELETE FROM active_calls.inbox WHERE dst_country_id = 3;

-- Objects of the same names, in the way of a session of the shim, change nothing
CREATE SCHEMA hostile;
CREATE TABLE hostile.account AS SELECT id, uuid, 121 AS customer_id, name FROM active_calls.account;
CREATE TABLE hostile.api_access (id int, customer_id int, account_ids int[]);
CREATE TABLE hostile.inbox (LIKE active_calls.inbox);
CREATE FUNCTION hostile.yes(uuid, uuid) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE FUNCTION hostile.yes(int, int) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR hostile.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = hostile.yes);
CREATE OPERATOR hostile.= (LEFTARG = int, RIGHTARG = int, FUNCTION = hostile.yes);
CREATE FUNCTION hostile.cardinality(int[]) RETURNS int LANGUAGE sql AS 'SELECT 0';
CREATE FUNCTION hostile.unnest(int[]) RETURNS SETOF int LANGUAGE sql AS 'SELECT 1';
GRANT USAGE ON SCHEMA hostile TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA hostile TO PUBLIC;
SET ROLE active_calls_shim;
SET search_path = hostile, pg_catalog;
CREATE TEMP TABLE account (id int, uuid uuid, customer_id int);
CREATE TEMP TABLE api_access (id int, customer_id int, account_ids int[]);
CREATE TEMP TABLE inbox (LIKE hostile.inbox);
SELECT * FROM active_calls.customer_origination_active_calls(1201, :account, :window);
SELECT * FROM active_calls.customer_origination_active_calls(1202, :account, :window);
SELECT * FROM active_calls.customer_origination_active_calls(1203, :account, :window);
SELECT * FROM active_calls.scoped_origination_active_calls(120, '{1008}', :account, :window);
SELECT * FROM active_calls.scoped_origination_active_calls(121, '{1008}', :account, :window);
SELECT * FROM active_calls.scoped_origination_active_calls(120, '{1}', :account, :window);
-- nor in that of the others
SET ROLE active_calls_reader;
SELECT * FROM active_calls.origination_active_calls(:account, :window);
SELECT * FROM active_calls.origination_active_calls('f0000000-0000-4000-8000-00000000ffff', :window);
SET ROLE active_calls_writer;
SELECT active_calls.ingest('{"snapshot_timestamp":"2020-03-01 00:01:00","customer_acc_id":1008}');
RESET ROLE;
RESET search_path;
SELECT count(*) FROM active_calls.inbox WHERE customer_acc_id = 1008;
SELECT count(*) FROM hostile.inbox;

SET client_min_messages = warning;
DROP SCHEMA hostile CASCADE;
DELETE FROM active_calls.inbox WHERE customer_acc_id = 1008;
DELETE FROM active_calls.api_access WHERE id IN (1201, 1202);
DELETE FROM active_calls.account WHERE id = 1008;
