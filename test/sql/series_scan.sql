-- A series in FROM is a scan of its own, which EXPLAIN shows; elsewhere it is a function as any other.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never

\set account '''f0000000-0000-4000-8000-000000001090'''
INSERT INTO active_calls.account VALUES (1090, :account, 190, 'series scan'),
    (1091, 'f0000000-0000-4000-8000-000000001091', 190, 'another');
INSERT INTO active_calls.inbox
SELECT '2020-03-01 00:00Z'::timestamptz + minute * interval '1 minute', account, 1, 2, '1', '2', minute * 60, '10.0.0.1', 0
FROM generate_series(0, 9) AS minute, generate_series(1090, 1091) AS account, generate_series(1, minute % 3 + account - 1090);
SELECT active_calls.seal();
INSERT INTO active_calls.inbox VALUES ('2020-03-01 00:10Z', 1090, 1, 2, '1', '2', 60, '10.0.0.1', 0);
-- EXPLAIN as PostgreSQL 15 has it: 18 shows buffers unless told not to, how often an index was searched, and fractions
-- of rows
CREATE FUNCTION pg_temp.explain(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS off, TIMING off, SUMMARY off, BUFFERS off) ' || query LOOP
        CONTINUE WHEN line ~ '^ *Index Searches: ';
        line := regexp_replace(line, '(actual rows=\d+)\.00 ', '\1 ');
        RETURN NEXT regexp_replace(line, 'Detoasted: [1-9][0-9]* bytes', 'Detoasted: n bytes');
    END LOOP;
END
$$;

SET ROLE active_calls_reader;
EXPLAIN (COSTS off) SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:10Z');
-- What it has cost; a segment that cannot hold what is asked for is not read
SELECT * FROM pg_temp.explain($$SELECT * FROM active_calls.origination_active_calls(
    'f0000000-0000-4000-8000-000000001090', '2020-03-01 00:00Z', '2020-03-01 00:10Z', duration_gt => 100)$$);
SELECT * FROM pg_temp.explain($$SELECT * FROM active_calls.origination_active_calls(
    'f0000000-0000-4000-8000-000000001090', '2020-03-01 00:00Z', '2020-03-01 00:10Z', duration_gt => 100000)$$);
-- Conditions, expressions, order, limits
SELECT t + interval '1 hour' AS later, calls * 2 AS twice
FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:10Z') AS s
WHERE calls > 0 ORDER BY t DESC LIMIT 3;
SELECT count(*) FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:10Z');
-- Once for each row of another table, with what that says
SELECT id, t, calls FROM active_calls.account,
     LATERAL active_calls.origination_active_calls(uuid, '2020-03-01 00:00Z', '2020-03-01 00:02Z') AS s
WHERE customer_id = 190 ORDER BY id, t;
SELECT * FROM pg_temp.explain($$SELECT id, max(calls) FROM active_calls.account,
     LATERAL active_calls.origination_active_calls(uuid, '2020-03-01 00:00Z', '2020-03-01 00:02Z') AS s
WHERE id = ANY ('{1090,1091}') GROUP BY id$$);
-- again, with the same arguments, for each row of another query
SELECT minute, count(*) FROM generate_series(1, 3) AS minute,
     active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:10Z') AS s
WHERE extract(minute FROM s.t) < minute GROUP BY minute ORDER BY minute;
-- and with other values to compare them with, which do not make it another series
SELECT * FROM pg_temp.explain($$SELECT minute, (SELECT calls FROM active_calls.origination_active_calls(
    'f0000000-0000-4000-8000-000000001090', '2020-03-01 00:00Z', '2020-03-01 00:10Z') AS s WHERE extract(minute FROM s.t) = minute)
FROM generate_series(1, 3) AS minute$$);
SELECT minute, (SELECT calls FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:10Z') AS s
    WHERE extract(minute FROM s.t) = minute)
FROM generate_series(1, 3) AS minute;
-- but a subquery in an argument may
SELECT id, (SELECT sum(calls) FROM active_calls.origination_active_calls(
    CASE WHEN 1090 IN (SELECT b.id FROM active_calls.account AS b WHERE b.id = a.id)
         THEN :account ELSE 'f0000000-0000-4000-8000-000000001091'::uuid END, '2020-03-01 00:00Z', '2020-03-01 00:10Z'))
FROM active_calls.account AS a WHERE customer_id = 190 ORDER BY id;
-- As a prepared statement, planned for values and for any
PREPARE series(timestamptz) AS
SELECT count(*), sum(calls) FROM active_calls.origination_active_calls('f0000000-0000-4000-8000-000000001090', '2020-03-01 00:00Z', $1);
EXECUTE series('2020-03-01 00:02Z');
SET plan_cache_mode = force_generic_plan;
EXECUTE series('2020-03-01 00:10Z');
RESET plan_cache_mode;
-- In a cursor that goes back
BEGIN;
DECLARE series SCROLL CURSOR FOR
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:10Z');
FETCH 2 FROM series;
FETCH PRIOR FROM series;
FETCH LAST FROM series;
COMMIT;
-- which it can without being told, too
BEGIN;
DECLARE series CURSOR FOR
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:02Z');
FETCH PRIOR FROM series;
FETCH 2 FROM series;
FETCH PRIOR FROM series;
FETCH PRIOR FROM series;
FETCH ALL FROM series;
FETCH NEXT FROM series;
FETCH BACKWARD ALL FROM series;
FETCH NEXT FROM series;
COMMIT;

-- Where a row is one value, with ordinality, beside another function, in a SELECT list: PostgreSQL's own way
EXPLAIN (COSTS off) SELECT s FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:01Z') AS s;
SELECT s FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:01Z') AS s;
SELECT count(s) FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:10Z') AS s WHERE s IS NOT NULL;
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:01Z') WITH ORDINALITY;
SELECT * FROM ROWS FROM (active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:01Z'), generate_series(1, 3));
SELECT active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:01Z');

-- Errors and rights are those of the function
SELECT * FROM active_calls.origination_active_calls('f0000000-0000-4000-8000-00000000ffff', '2020-03-01 00:00Z');
SELECT * FROM active_calls.origination_active_calls(:account, 'infinity');
SELECT count(*) FROM active_calls.account LEFT JOIN
    LATERAL active_calls.origination_active_calls(uuid, '2020-03-01 00:00Z', '2020-03-01 00:02Z', step => interval '0') AS s ON true;
SET ROLE active_calls_shim;
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:10Z');
EXECUTE series('2020-03-01 00:10Z');
RESET ROLE;
-- A plan is for the function that it was made for, also where only a function in a function tells
CREATE FUNCTION pg_temp.points() RETURNS TABLE (t timestamptz, calls int) STABLE LANGUAGE sql AS $$
    SELECT * FROM active_calls.origination_active_calls('f0000000-0000-4000-8000-000000001090', '2020-03-01 00:00Z', '2020-03-01 00:10Z')
$$;
PREPARE points AS SELECT count(*) FROM pg_temp.points();
EXPLAIN (COSTS off) EXECUTE points;
BEGIN;
ALTER FUNCTION active_calls.origination_active_calls RENAME TO another;
EXECUTE points;
ROLLBACK;
EXECUTE points;

-- auto_explain, where it is installed, asks a scan at its end, when its function may be gone
DO $$ BEGIN LOAD 'auto_explain'; EXCEPTION WHEN undefined_file THEN NULL; END $$;
SET auto_explain.log_format = json;
BEGIN;
SET LOCAL auto_explain.log_min_duration = 0;
SET LOCAL client_min_messages = warning;
DECLARE series CURSOR FOR
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:10Z');
DROP EXTENSION active_calls CASCADE;
CLOSE series;
ROLLBACK;

-- The planner is told how many points a series has, where its window is known
CREATE FUNCTION pg_temp.planned_rows(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT json) ' || query INTO plan;
    RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END
$$;
SELECT pg_temp.planned_rows($$SELECT * FROM active_calls.origination_active_calls(
    'f0000000-0000-4000-8000-000000001090', '2020-03-01 00:00Z', '2020-03-01 23:59Z')$$);
SELECT pg_temp.planned_rows($$SELECT * FROM active_calls.origination_active_calls(
    'f0000000-0000-4000-8000-000000001090', (SELECT min(snapshot_timestamp) FROM active_calls.calls), '2020-03-01 23:59Z')$$);
SELECT pg_temp.planned_rows($$SELECT * FROM active_calls.customer_origination_active_calls(
    37, 'f0000000-0000-4000-8000-000000001090', '2020-03-02 00:00Z', '2020-03-01 00:00Z')$$);

DELETE FROM active_calls.inbox WHERE customer_acc_id IN (1090, 1091);
DELETE FROM active_calls.segment WHERE customer_acc_id IN (1090, 1091);
DELETE FROM active_calls.account WHERE customer_id = 190;
