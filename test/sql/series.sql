-- The sample feed of a switch, loaded as a switch loads it, and the series of its account 7.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

\set feed_file :abs_srcdir '/tools/simulator/snapshots.jsonl'
\set feed `cat :'feed_file'`
\set account '''069b073a-e7d9-11f0-932e-0a63caf27539'''
INSERT INTO active_calls.account VALUES (7, :account, 3, 'seven');

SET ROLE active_calls_writer;
SELECT active_calls.ingest(:'feed');

SET ROLE active_calls_reader;
SELECT count(*), count(DISTINCT snapshot_timestamp), min(snapshot_timestamp), max(snapshot_timestamp)
FROM active_calls.calls WHERE customer_acc_id IN (7, 8, 21);

-- The minutes of a window that begins and ends between them
SELECT * FROM active_calls.origination_active_calls(
    :account, '2026-01-01T12:46:15Z', '2026-01-01T12:52:00Z');
SELECT extract(epoch FROM t)::bigint AS t, calls FROM active_calls.origination_active_calls(
    :account, '2026-01-01T12:46:15Z', '2026-01-01T12:52:00Z', duration_gt => 120);
SELECT * FROM active_calls.origination_active_calls(
    :account, '2026-01-01T12:30:00Z', '2026-01-01T12:36:00Z', src_prefix_routing_contains => 'pbx');
SELECT * FROM active_calls.origination_active_calls(
    :account, '2026-01-01T12:30:00Z', '2026-01-01T12:36:00Z', auth_orig_ip => '2001:db8:7:0:0:0:0:5');

-- The same questions in plain SQL
SELECT snapshot_timestamp AS t, count(*) AS calls, count(*) FILTER (WHERE duration > 120) AS longer
FROM active_calls.calls
WHERE customer_acc_id = 7 AND snapshot_timestamp BETWEEN '2026-01-01T12:46:15Z' AND '2026-01-01T12:52:00Z'
GROUP BY 1 ORDER BY 1;
SELECT snapshot_timestamp AS t, count(*) FILTER (WHERE src_prefix_routing ILIKE '%pbx%') AS pbx,
       count(*) FILTER (WHERE auth_orig_ip = '2001:db8:7::5') AS address
FROM active_calls.calls
WHERE customer_acc_id = 7 AND snapshot_timestamp BETWEEN '2026-01-01T12:30:00Z' AND '2026-01-01T12:36:00Z'
GROUP BY 1 ORDER BY 1;

-- The other forms and places of a call
SELECT (active_calls.origination_active_calls(:account, '2026-01-01T12:46:15Z', '2026-01-01T12:48:00Z')).*;
SELECT active_calls.origination_active_calls(:account, '2026-01-01T12:46:15Z', '2026-01-01T12:48:00Z') AS point;
SELECT account.name, series.* FROM active_calls.account, LATERAL active_calls.origination_active_calls(
    account.uuid, '2026-01-01T12:46:15Z', '2026-01-01T12:48:00Z') AS series
WHERE account.id = 7;
PREPARE series AS SELECT * FROM active_calls.origination_active_calls(
    $1, $2, $3, duration_gt => $4, duration_lt => $5);
EXECUTE series (:account, '2026-01-01T12:46:15Z', '2026-01-01T12:48:00Z', 120, NULL);
EXECUTE series (:account, '2026-01-01T12:46:15Z', '2026-01-01T12:48:00Z', NULL, 121);
DEALLOCATE series;

-- What a transaction has written, and what it takes back
BEGIN;
RESET ROLE;
SET LOCAL ROLE active_calls_writer;
INSERT INTO active_calls.calls VALUES ('2026-01-01 12:47Z', 7, 1, 1, '1', '1', 1, NULL, 0);
SET LOCAL ROLE active_calls_reader;
SELECT * FROM active_calls.origination_active_calls(:account, '2026-01-01 12:46:15Z', '2026-01-01 12:48Z');
ROLLBACK;
SET ROLE active_calls_reader;
SELECT * FROM active_calls.origination_active_calls(:account, '2026-01-01 12:46:15Z', '2026-01-01 12:48Z');

RESET ROLE;
DELETE FROM active_calls.inbox WHERE customer_acc_id IN (7, 8, 21);
DELETE FROM active_calls.account WHERE id = 7;
