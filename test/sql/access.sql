-- Who may ask about which account: an API access, and a token that carries its own scope.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

\set account_a '''f0000000-0000-4000-8000-000000001009'''
\set account_b '''f0000000-0000-4000-8000-000000001010'''
\set account_c '''f0000000-0000-4000-8000-000000001011'''
\set no_account '''f0000000-0000-4000-8000-000000001012'''
\set window '''2020-03-01 00:00Z'', ''2020-03-01 00:01Z'''
-- Accounts a and b belong to customer 110, c to customer 111
INSERT INTO active_calls.account VALUES
    (1009, :account_a, 110, 'a'), (1010, :account_b, 110, 'b'), (1011, :account_c, 111, 'c');
INSERT INTO active_calls.api_access VALUES
    (1101, 110, DEFAULT, 'all of 110'), (1102, 110, '{1010}', 'only b'), (1103, 110, '{1010,1011}', 'too far'),
    (1104, 110, '{NULL}', 'null'), (1105, 112, DEFAULT, 'customer without accounts');
-- a has one call at 00:00, b two, c three
INSERT INTO active_calls.inbox
SELECT '2020-03-01 00:00Z', account_id, NULL, NULL, NULL, NULL, 10 * n, NULL, 0
FROM unnest('{1009,1010,1010,1011,1011,1011}'::int[]) WITH ORDINALITY AS v (account_id, n);

SET ROLE active_calls_shim;

-- The plain case: a customer's account, with and without filters
SELECT * FROM active_calls.customer_origination_active_calls(1101, :account_b, :window);
SELECT * FROM active_calls.customer_origination_active_calls(1101, :account_b, :window, duration_gt => 20);
SELECT * FROM active_calls.scoped_origination_active_calls(110, '{}', :account_b, :window);
SELECT * FROM active_calls.scoped_origination_active_calls(110, '{}', :account_b, :window, duration_gt => 20);

-- The calls that every API access sees of every account, or the error
CREATE FUNCTION pg_temp.seen_by_access(api_access_id int, account_id uuid) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT sum(calls) FROM active_calls.customer_origination_active_calls(
                api_access_id, account_id, '2020-03-01 00:00Z', '2020-03-01 00:01Z'));
EXCEPTION WHEN others THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT api_access_id,
       pg_temp.seen_by_access(api_access_id, :account_a) AS a,
       pg_temp.seen_by_access(api_access_id, :account_b) AS b,
       pg_temp.seen_by_access(api_access_id, :account_c) AS c,
       pg_temp.seen_by_access(api_access_id, :no_account) AS unknown,
       pg_temp.seen_by_access(api_access_id, NULL) AS "null"
FROM unnest('{1101,1102,1103,1104,1105,1106,-1,NULL}'::int[]) AS api_access_id;

-- and every scope
CREATE FUNCTION pg_temp.seen_by_scope(customer_id int, account_ids int[], account_id uuid) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT sum(calls) FROM active_calls.scoped_origination_active_calls(
                customer_id, account_ids, account_id, '2020-03-01 00:00Z', '2020-03-01 00:01Z'));
EXCEPTION WHEN others THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT customer_id, account_ids,
       pg_temp.seen_by_scope(customer_id, account_ids, :account_a) AS a,
       pg_temp.seen_by_scope(customer_id, account_ids, :account_b) AS b,
       pg_temp.seen_by_scope(customer_id, account_ids, :account_c) AS c,
       pg_temp.seen_by_scope(customer_id, account_ids, :no_account) AS unknown,
       pg_temp.seen_by_scope(customer_id, account_ids, NULL) AS "null"
FROM (VALUES (110, NULL::int[]), (110, '{}'), (110, '{1010}'), (110, '{1010,1011}'), (110, '{NULL}'),
             (110, '{NULL,1009}'), (110, '{{1009},{1010}}'), (111, '{}'), (112, '{}'), (112, '{1009}'),
             (NULL, '{}'), (NULL, '{1009}')) AS v (customer_id, account_ids);

-- A caller who may not see an account learns no more about the question either
SELECT * FROM active_calls.customer_origination_active_calls(1101, :account_c, now() + interval '1 hour');
SELECT * FROM active_calls.customer_origination_active_calls(1101, :account_c, '1970-01-01 00:00Z');
SELECT * FROM active_calls.scoped_origination_active_calls(110, NULL, :account_c, '1970-01-01 00:00Z');
SELECT * FROM active_calls.customer_origination_active_calls(1106, :account_c, '1970-01-01 00:00Z');
SELECT * FROM active_calls.customer_origination_active_calls(1101, :account_a, '1970-01-01 00:00Z', '1972-03-12 00:00Z');

-- nor in how long that takes: of an account that is not theirs no more is read than of one that does not exist
CREATE FUNCTION pg_temp.read_of_accounts() RETURNS bigint[] LANGUAGE sql VOLATILE AS $$
    SELECT ARRAY[seq_scan, seq_tup_read, idx_scan, idx_tup_fetch]
           || (SELECT array_agg(pg_stat_get_xact_numscans(indexrelid) ORDER BY indexrelid) FROM pg_index WHERE indrelid = relid)
    FROM pg_stat_xact_user_tables WHERE relid = 'active_calls.account'::regclass
$$;
CREATE FUNCTION pg_temp.what_it_takes(function text, arguments text, account_id uuid) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    before bigint[] = pg_temp.read_of_accounts();
BEGIN
    BEGIN
        EXECUTE format('SELECT FROM active_calls.%s_origination_active_calls(%s, %L, ''2020-03-01Z'')', function, arguments, account_id);
    EXCEPTION WHEN SQLSTATE 'AC001' THEN
        NULL;
    END;
    RETURN (SELECT string_agg((b - a)::text, ' ' ORDER BY n)
            FROM unnest(before, pg_temp.read_of_accounts()) WITH ORDINALITY AS v (a, b, n));
END
$$;
SELECT function, arguments, others, pg_temp.what_it_takes(function, arguments, others) ~ '[1-9]' AS something,
       pg_temp.what_it_takes(function, arguments, others) = pg_temp.what_it_takes(function, arguments, :no_account) AS same
FROM (VALUES ('customer', '1101', :account_c::uuid), ('customer', '1102', :account_a), ('customer', '1102', :account_c),
             ('customer', '1103', :account_c), ('scoped', '110, NULL', :account_c), ('scoped', '110, ''{}''', :account_c),
             ('scoped', '110, ''{1010}''', :account_a), ('scoped', '110, ''{1010}''', :account_c)) AS v (function, arguments, others);

-- The form without a check, for those who may read the account's relation
SET ROLE active_calls_reader;
SELECT * FROM active_calls.origination_active_calls(:account_c, :window);
SELECT * FROM active_calls.origination_active_calls(:no_account, :window);
SELECT * FROM active_calls.origination_active_calls(NULL, :window);
SELECT * FROM active_calls.origination_active_calls('seven', :window);
\set VERBOSITY sqlstate
SELECT * FROM active_calls.origination_active_calls(:no_account, :window);
SELECT * FROM active_calls.origination_active_calls(NULL, :window);
\set VERBOSITY default

-- Rights that are taken away are gone at once, also in a session that has asked before
RESET ROLE;
UPDATE active_calls.api_access SET account_ids = '{1009}' WHERE id = 1101;
SET ROLE active_calls_shim;
SELECT * FROM active_calls.customer_origination_active_calls(1101, :account_a, :window);
SELECT * FROM active_calls.customer_origination_active_calls(1101, :account_b, :window);
RESET ROLE;
DELETE FROM active_calls.api_access WHERE id = 1101;
SET ROLE active_calls_shim;
SELECT * FROM active_calls.customer_origination_active_calls(1101, :account_a, :window);

RESET ROLE;
DELETE FROM active_calls.inbox WHERE customer_acc_id IN (1009, 1010, 1011);
DELETE FROM active_calls.api_access WHERE id BETWEEN 1101 AND 1105;
DELETE FROM active_calls.account WHERE id IN (1009, 1010, 1011);
