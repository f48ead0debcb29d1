-- drop_before: retention, by whole segments and by rows of the inbox.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

\set account '''f0000000-0000-4000-8000-000000001022'''
INSERT INTO active_calls.account VALUES (1022, :account, 120, 'drop_before');
CREATE FUNCTION pg_temp.calls(first timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO active_calls.inbox
    SELECT first + minute * interval '1 minute', 1022, 1, call, '380' || call, '49', minute * 60, NULL, 0.5
    FROM generate_series(0, 9) AS minute, generate_series(1, 3) AS call
$$;
CREATE VIEW pg_temp.stores AS
SELECT 'inbox' AS store, min(snapshot_timestamp) AS first, max(snapshot_timestamp) AS last, count(*) AS rows FROM active_calls.inbox
UNION ALL (SELECT 'segment', first_snapshot, last_snapshot, row_count FROM active_calls.segment ORDER BY 2, 3);
-- Three segments, and the inbox, which has late rows too
SELECT pg_temp.calls('2020-03-01 00:00Z');
SELECT active_calls.seal();
UPDATE active_calls.segment SET is_full = true;
SELECT pg_temp.calls('2020-03-01 00:10Z');
SELECT active_calls.seal();
UPDATE active_calls.segment SET is_full = true;
SELECT pg_temp.calls('2020-03-01 00:20Z');
SELECT active_calls.seal();
SELECT pg_temp.calls('2020-03-01 00:08Z'), pg_temp.calls('2020-03-01 00:30Z');
TABLE pg_temp.stores;

-- Nothing
SET ROLE active_calls_keeper;
SELECT active_calls.drop_before(NULL) IS NULL AS null;
SELECT active_calls.drop_before('-infinity');
SELECT active_calls.drop_before('2020-03-01 00:00Z');
RESET ROLE;

-- A segment that ends at the time, or after it, stays whole; a row of the inbox goes by its own time
BEGIN;
SET LOCAL ROLE active_calls_keeper;
SELECT active_calls.drop_before('2020-03-01 00:09Z');
RESET ROLE;
TABLE pg_temp.stores;
SELECT active_calls.drop_before('2020-03-01 00:09:00.000001Z');
TABLE pg_temp.stores;
SELECT active_calls.drop_before('2020-03-01 00:25Z');
TABLE pg_temp.stores;
SELECT sum(calls), min(t) FILTER (WHERE calls > 0)
FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 01:00Z');
ROLLBACK;
TABLE pg_temp.stores;

-- To the minute, with unseal first
BEGIN;
SELECT active_calls.unseal('-infinity', '2020-03-01 00:24:59.999999Z'), active_calls.drop_before('2020-03-01 00:25Z');
TABLE pg_temp.stores;
ROLLBACK;

-- Unread: what is damaged can still be dropped
BEGIN;
UPDATE active_calls.segment SET header = '', runs = '';
SELECT active_calls.drop_before('2020-03-01 00:20Z');
SELECT count(*) FROM active_calls.segment;
ROLLBACK;

SET ROLE active_calls_keeper;
SELECT active_calls.drop_before('infinity');
SELECT active_calls.drop_before('infinity');
RESET ROLE;
TABLE pg_temp.stores;
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:02Z');
DELETE FROM active_calls.account WHERE id = 1022;
