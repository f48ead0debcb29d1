-- unseal: calls of a window go back from segment to inbox, where they can be changed.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never

\set account '''f0000000-0000-4000-8000-000000001021'''
INSERT INTO active_calls.account VALUES (1021, :account, 120, 'unseal');
CREATE VIEW pg_temp.waiting AS
SELECT customer_acc_id, min(snapshot_timestamp), max(snapshot_timestamp), count(*) FROM active_calls.inbox GROUP BY 1 ORDER BY 1;
CREATE VIEW pg_temp.segments AS
SELECT customer_acc_id, first_snapshot, last_snapshot, row_count FROM active_calls.segment ORDER BY 1, 2, 3;
INSERT INTO active_calls.inbox
SELECT '2020-03-01 00:00Z'::timestamptz + minute * interval '1 minute', account, 1, call, '380' || call, '49', minute * 60, NULL, 0.5
FROM generate_series(0, 9) AS minute, generate_series(1, 3) AS call, generate_series(1021, 1022) AS account;
SELECT active_calls.seal();

-- Nothing
SET ROLE active_calls_keeper;
SELECT active_calls.unseal(NULL, '2020-03-01 00:05Z') IS NULL AS null, active_calls.unseal('2020-03-01 00:05Z', NULL) IS NULL AS null;
SELECT active_calls.unseal('2020-02-01 00:00Z', '2020-02-29 23:59:59.999999Z');
SELECT active_calls.unseal('2020-03-01 00:09:00.000001Z', 'infinity');
SELECT active_calls.unseal('2020-03-01 00:04:00.000001Z', '2020-03-01 00:04:59.999999Z');
SELECT active_calls.unseal('2020-03-01 00:05Z', '2020-03-01 00:04Z');
SELECT active_calls.unseal('infinity', '-infinity');
TABLE active_calls.inbox;
RESET ROLE;
SELECT customer_acc_id, sum(row_count) FROM active_calls.segment GROUP BY 1 ORDER BY 1;

-- Exactly the window, its ends included; the rest stays sealed
BEGIN;
SELECT active_calls.unseal('2020-03-01 00:03Z', '2020-03-01 00:05Z');
TABLE pg_temp.waiting;
SELECT customer_acc_id, sum(row_count) FROM active_calls.segment GROUP BY 1 ORDER BY 1;
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:10Z');
ROLLBACK;
BEGIN;
SELECT active_calls.unseal('2020-03-01 00:02:59.999999Z', '2020-03-01 00:05:00.000001Z');
TABLE pg_temp.waiting;
ROLLBACK;
BEGIN;
SELECT active_calls.unseal('-infinity', '2020-03-01 00:00Z');
TABLE pg_temp.waiting;
ROLLBACK;
BEGIN;
SELECT active_calls.unseal('2020-03-01 00:09Z', 'infinity');
TABLE pg_temp.waiting;
ROLLBACK;
BEGIN;
SELECT active_calls.unseal('-infinity', 'infinity');
TABLE pg_temp.waiting;
TABLE pg_temp.segments;
ROLLBACK;
TABLE pg_temp.waiting;
TABLE pg_temp.segments;

-- Segments outside the window are left alone, and what waits already is not counted
UPDATE active_calls.segment SET is_full = true;
INSERT INTO active_calls.inbox
SELECT '2020-03-01 01:00Z'::timestamptz + minute * interval '1 minute', 1021, 1, call, '380' || call, '49', minute * 60, NULL, 0.5
FROM generate_series(0, 9) AS minute, generate_series(1, 3) AS call;
SELECT active_calls.seal();
INSERT INTO active_calls.inbox VALUES ('2020-03-01 01:05Z', 1021, NULL, NULL, NULL, NULL, 0, NULL, 0);
CREATE TEMP TABLE outside AS SELECT id FROM active_calls.segment WHERE last_snapshot < '2020-03-01 01:00Z';
SELECT active_calls.unseal('2020-03-01 01:05Z', '2020-03-01 01:05Z');
TABLE pg_temp.waiting;
SELECT count(*) FROM outside JOIN active_calls.segment USING (id);
SELECT active_calls.seal();
SELECT count(*) FROM outside JOIN active_calls.segment USING (id);

-- A correction: prices of an hour, by mistake ten times too low, and a call that is none
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 01:03Z', '2020-03-01 01:07Z', customer_price_gt => 4);
BEGIN;
SET LOCAL ROLE active_calls_keeper;
SELECT active_calls.unseal('2020-03-01 01:04Z', '2020-03-01 01:06Z');
RESET ROLE;
UPDATE active_calls.inbox SET customer_price = 10 * customer_price WHERE customer_acc_id = 1021 AND dst_country_id = 2;
DELETE FROM active_calls.inbox WHERE customer_acc_id = 1021 AND dst_country_id IS NULL;
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 01:03Z', '2020-03-01 01:07Z', customer_price_gt => 4);
SELECT active_calls.seal();
COMMIT;
SELECT count(*) FROM active_calls.inbox;
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 01:03Z', '2020-03-01 01:07Z');
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 01:03Z', '2020-03-01 01:07Z', customer_price_gt => 4);

-- Erasure: a number is not to be found any more, neither here nor there
SELECT active_calls.unseal('-infinity', 'infinity');
DELETE FROM active_calls.inbox WHERE src_prefix_routing = '3802';
SELECT active_calls.seal();
SELECT sum(calls) FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 01:10Z', src_prefix_routing_eq => '3802');
SELECT sum(calls) FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 01:10Z', src_prefix_routing_eq => '3801');

-- What the table refuses comes back neither whole nor in part
\set VERBOSITY terse
ALTER TABLE active_calls.inbox ADD CONSTRAINT no_49 CHECK (dst_prefix_routing <> '49');
SELECT active_calls.unseal('2020-03-01 01:00Z', '2020-03-01 01:09Z');
ALTER TABLE active_calls.inbox DROP CONSTRAINT no_49;
SELECT count(*) FROM active_calls.inbox;
SELECT active_calls.unseal('2020-03-01 01:00Z', '2020-03-01 01:09Z');

SELECT active_calls.drop_before('infinity');

-- A series that a trigger asks for, while the segment is read that is unsealed
INSERT INTO active_calls.inbox
SELECT '2020-03-01 02:00Z'::timestamptz + n % 60 * interval '1 minute', 1021, n % 7, NULL, 'name ' || n, '49' || n, n % 100, NULL, n / 8.0
FROM generate_series(1, 25000) AS n;
CREATE TEMP TABLE before AS SELECT * FROM active_calls.calls WHERE customer_acc_id = 1021;
SELECT active_calls.seal();
CREATE TEMP TABLE asked (points bigint);
CREATE FUNCTION pg_temp.ask() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO asked SELECT count(*) FROM active_calls.origination_active_calls(
        'f0000000-0000-4000-8000-000000001021', '2020-03-01 02:00Z', '2020-03-01 03:00Z', src_prefix_routing_contains => '7');
    RETURN NULL;
END
$$;
CREATE TRIGGER ask AFTER INSERT ON active_calls.inbox FOR EACH STATEMENT EXECUTE FUNCTION pg_temp.ask();
SELECT active_calls.unseal('-infinity', 'infinity');
SELECT count(*) FROM asked;
SELECT count(*) FROM (TABLE before EXCEPT ALL SELECT * FROM active_calls.inbox WHERE customer_acc_id = 1021) AS lost;
DROP TRIGGER ask ON active_calls.inbox;
SELECT active_calls.drop_before('infinity');

DELETE FROM active_calls.account WHERE id = 1021;
