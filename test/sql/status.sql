-- What an operator looks at: status, account_status, last_seal, newest_snapshot().
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

DELETE FROM active_calls.last_seal;
CREATE FUNCTION pg_temp.calls(first timestamptz, minutes int, calls int, account int) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO active_calls.inbox
    SELECT first + minute * interval '1 minute', account, call % 3, call, '380' || call, '49' || minute, minute * 60,
           '10.0.0.1', minute * 0.5
    FROM generate_series(0, minutes - 1) AS minute, generate_series(1, calls) AS call
$$;
\set status 'SELECT inbox_rows AS waiting, oldest_inbox_snapshot AS oldest_waiting, segments, growing_segments AS growing, sealed_rows AS sealed, bytes_per_row IS NULL AS no_bytes, newest_snapshot AS newest, last_seal IS NULL AS never_sealed, last_seal_rows AS last_rows FROM active_calls.status'
\set account_status 'SELECT account_id, name, inbox_rows AS waiting, segments, growing_segments AS growing, sealed_rows AS sealed, sealed_bytes > 0 AS bytes, bytes_per_row > 0 AS per_row, first_snapshot, newest_snapshot FROM active_calls.account_status ORDER BY account_id'

-- Nothing stored
SET ROLE active_calls_reader;
:status;
SELECT active_calls.newest_snapshot() IS NULL AS nothing;
SELECT active_calls.newest_snapshot() FROM active_calls.status WHERE inbox_bytes > 0 AND segment_bytes > 0;
:account_status;

-- Calls that wait, of accounts with and without a row of their own
RESET ROLE;
INSERT INTO active_calls.account VALUES (1080, 'f0000000-0000-4000-8000-000000001080', 120, 'status'),
    (1081, 'f0000000-0000-4000-8000-000000001081', 120, NULL), (1082, 'f0000000-0000-4000-8000-000000001082', 120, 'no calls');
SELECT pg_temp.calls('2020-03-01 00:00Z', 3, 4, 1080), pg_temp.calls('2020-03-01 00:05Z', 2, 3, 1081), pg_temp.calls('2020-02-01 00:00Z', 1, 1, -5);
SET ROLE active_calls_reader;
:status;
:account_status;
SET ROLE active_calls_writer;
SELECT active_calls.newest_snapshot();

-- Sealed; and with a newer snapshot in either store
SET ROLE active_calls_keeper;
SELECT active_calls.seal();
SET ROLE active_calls_reader;
:status;
:account_status;
SELECT active_calls.newest_snapshot();
RESET ROLE;
SELECT pg_temp.calls('2020-03-01 00:02Z', 1, 1, 1080);
SELECT active_calls.newest_snapshot();
SELECT pg_temp.calls('2020-03-01 00:09Z', 1, 1, 2147483647);
SELECT active_calls.newest_snapshot();
SET ROLE active_calls_reader;
:status;
:account_status;

-- last_seal: of a seal that moved nothing too, not of one that failed or was taken back; by its own end
CREATE TEMP TABLE seal_before AS TABLE active_calls.last_seal;
RESET ROLE;
CREATE TEMP VIEW last_seal AS
SELECT (SELECT count(*) FROM active_calls.last_seal) AS one_row, last_seal.rows,
       last_seal.finished_at > seal_before.finished_at AS is_newer, last_seal.finished_at BETWEEN now() AND clock_timestamp() AS in_transaction
FROM active_calls.last_seal, seal_before;
TABLE pg_temp.last_seal;
BEGIN;
SELECT active_calls.seal();
TABLE pg_temp.last_seal;
SELECT active_calls.seal();
TABLE pg_temp.last_seal;
ROLLBACK;
TABLE pg_temp.last_seal;
SELECT active_calls.seal('1000 years');
TABLE pg_temp.last_seal;
INSERT INTO active_calls.last_seal VALUES (now(), 1);

-- As large as the store says; a segment's bytes are those of its columns
SELECT sealed_bytes = (SELECT sum(octet_length(header) + octet_length(runs) + octet_length(duration) + octet_length(src_country_id)
    + octet_length(dst_country_id) + octet_length(src_prefix_routing) + octet_length(dst_prefix_routing) + octet_length(auth_orig_ip)
    + octet_length(customer_price)) FROM active_calls.segment WHERE customer_acc_id = 1080) + overhead AS is_sum
FROM active_calls.account_status, (SELECT sum((SELECT sum(CASE WHEN octet_length(v) < 127 THEN 1 ELSE 4 END)
    FROM unnest(ARRAY[header, runs, duration, src_country_id, dst_country_id, src_prefix_routing, dst_prefix_routing, auth_orig_ip, customer_price]) AS v))
    AS overhead FROM active_calls.segment WHERE customer_acc_id = 1080) AS headers
WHERE account_id = 1080;
SELECT inbox_bytes = pg_total_relation_size('active_calls.inbox') AS inbox, segment_bytes = pg_total_relation_size('active_calls.segment') AS segment,
       bytes_per_row = round(segment_bytes::numeric / sealed_rows, 2) AS per_row, accounts = (SELECT count(*) FROM active_calls.account) AS accounts
FROM active_calls.status;

-- Row security of who asks holds
ALTER TABLE active_calls.segment ENABLE ROW LEVEL SECURITY;
CREATE POLICY account_1081 ON active_calls.segment TO active_calls_reader USING (customer_acc_id = 1081);
SET ROLE active_calls_reader;
SELECT sealed_rows FROM active_calls.status;
SELECT account_id FROM active_calls.account_status WHERE segments > 0;
RESET ROLE;
DROP POLICY account_1081 ON active_calls.segment;
ALTER TABLE active_calls.segment DISABLE ROW LEVEL SECURITY;

-- A clock that was ahead, of a row that did not come by the feed, is not believed
SELECT pg_temp.calls('2136-01-01 00:00Z', 1, 2, 1080);
SELECT pg_temp.calls('2136-01-01 00:00Z', 1, 1, 1079); -- an account that has no others
SET ROLE active_calls_reader;
SELECT active_calls.newest_snapshot() AS newest_of_all, newest_snapshot, rows_ahead FROM active_calls.status;
SELECT account_id, newest_snapshot FROM active_calls.account_status WHERE account_id IN (1079, 1080) ORDER BY 1;
SELECT max(t) FROM active_calls.origination_active_calls('f0000000-0000-4000-8000-000000001080', '2020-03-01 00:00Z', NULL, step => '1 day') WHERE calls > 0;
SELECT max(t) FROM active_calls.origination_active_calls('f0000000-0000-4000-8000-000000001080', '2136-01-01 00:00Z', '2136-01-02 00:00Z');
RESET ROLE;
SET active_calls.max_clock_ahead = -1;
SELECT active_calls.newest_snapshot() AS newest_of_all, newest_snapshot, rows_ahead FROM active_calls.status;
SELECT max(t) FROM active_calls.origination_active_calls('f0000000-0000-4000-8000-000000001080', '2136-01-01 00:00Z', NULL);
SELECT active_calls.latest_snapshot();
RESET active_calls.max_clock_ahead;
SELECT active_calls.latest_snapshot() - now() AS ahead;
SET ROLE active_calls_keeper;
DELETE FROM active_calls.inbox WHERE snapshot_timestamp > active_calls.latest_snapshot();
RESET ROLE;
SELECT rows_ahead FROM active_calls.status;

-- newest_snapshot steps from account to account: it reads a row of each, however many there are
SELECT pg_temp.calls('2020-03-01 00:00Z', 100, 100, account) FROM generate_series(1080, 1084) AS account;
VACUUM active_calls.inbox, active_calls.segment; -- of what other tests have left
CREATE FUNCTION pg_temp.pages_read(statement text) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || statement INTO plan;
    RETURN (plan->0->'Plan'->>'Shared Hit Blocks')::int + (plan->0->'Plan'->>'Shared Read Blocks')::int;
END
$$;
SELECT active_calls.newest_snapshot();
SELECT pg_temp.pages_read('SELECT active_calls.newest_snapshot()') < 100 AS few,
       pg_temp.pages_read('SELECT max(duration) FROM active_calls.inbox') > 300 AS many;

-- Each column says what it is
SELECT attrelid::regclass, attname FROM pg_attribute
WHERE attrelid IN ('active_calls.status'::regclass, 'active_calls.account_status'::regclass) AND attnum > 0
  AND col_description(attrelid, attnum) IS NULL;

DELETE FROM active_calls.inbox;
DELETE FROM active_calls.segment;
DELETE FROM active_calls.account WHERE id BETWEEN 1080 AND 1082;
