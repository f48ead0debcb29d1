-- The relations calls and inbox: what may be written and what is read.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- The same columns in all
SELECT attname, format_type(atttypid, atttypmod) AS type,
       bool_or(attnotnull) FILTER (WHERE attrelid = 'active_calls.inbox'::regclass) AS not_null,
       count(*) AS relations
FROM pg_attribute
WHERE attrelid IN ('active_calls.inbox'::regclass, 'active_calls.sealed_calls'::regclass,
                   'active_calls.calls'::regclass) AND attnum > 0
GROUP BY attnum, attname, type ORDER BY attnum;

-- INSERT and COPY, into the view and into the table
SET ROLE active_calls_writer;
INSERT INTO active_calls.calls VALUES
    ('2020-03-01 00:00Z', 1007, 1, 2, '380', '7', 60, '10.0.0.1', 0.5);
INSERT INTO active_calls.calls (snapshot_timestamp, customer_acc_id, duration, customer_price)
VALUES ('2020-03-01 00:01Z', 1007, 0, 0);
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, duration, customer_price)
VALUES ('2020-03-01 00:02Z', 1007, -1, 'NaN');
COPY active_calls.inbox FROM stdin;
2020-03-01 00:03:00+00	1007	\N	\N	\N		61	2001:db8:7:0:0:0:0:5	1e3
2020-03-01 02:04:00+02	1007	-1	0	Zoë	\\N	2147483647	10.0.0.1/24	-0.5
\.
COPY active_calls.calls (customer_price, duration, customer_acc_id, snapshot_timestamp) FROM stdin (FORMAT csv);
0.25,5,1007,2020-03-01 00:05:00+00
\.
SET ROLE active_calls_reader;
\pset null '(null)'
SELECT * FROM active_calls.calls WHERE customer_acc_id = 1007 ORDER BY snapshot_timestamp;
TABLE active_calls.calls EXCEPT ALL TABLE active_calls.inbox;
TABLE active_calls.inbox EXCEPT ALL TABLE active_calls.calls;

-- Sealed, they are the same calls: each column by itself, and all of them
RESET ROLE;
CREATE TEMP TABLE before AS TABLE active_calls.calls;
GRANT SELECT ON before TO active_calls_reader;
SELECT active_calls.seal('0') = count(*) AS all_sealed FROM before;
SELECT count(*) FROM active_calls.inbox;
INSERT INTO active_calls.calls VALUES ('2020-03-01 00:06Z', 1007, 1, 2, '380', '7', 60, '10.0.0.1', 0.5);
INSERT INTO before SELECT * FROM active_calls.inbox;
SET ROLE active_calls_reader;
TABLE active_calls.calls EXCEPT ALL TABLE before;
TABLE before EXCEPT ALL TABLE active_calls.calls;
SELECT snapshot_timestamp, src_prefix_routing FROM active_calls.calls WHERE customer_acc_id = 1007 ORDER BY 1;
SELECT auth_orig_ip, duration FROM active_calls.calls WHERE customer_acc_id = 1007 ORDER BY snapshot_timestamp;
SELECT calls FROM active_calls.calls WHERE customer_price = 1000;

-- A query reads the segments of the accounts and the time that it is narrowed to
RESET ROLE;
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, duration, customer_price)
SELECT '2020-03-01 00:00Z'::timestamptz + minute * interval '1 minute', account, 0, 0
FROM generate_series(1100, 1109) AS account, generate_series(0, 9) AS minute;
SELECT active_calls.seal('0');
SET ROLE active_calls_reader;
EXPLAIN (COSTS OFF)
SELECT count(*) FROM active_calls.calls
WHERE customer_acc_id = 1105 AND snapshot_timestamp BETWEEN '2020-03-01 00:03Z' AND '2020-03-01 00:04Z';
CREATE FUNCTION pg_temp.ask(condition text, OUT segments_read text, OUT calls bigint) AS $$
DECLARE
    line text;
BEGIN
    FOR line IN EXECUTE 'EXPLAIN ANALYZE SELECT FROM active_calls.calls WHERE ' || condition LOOP
        segments_read := coalesce(segments_read, substring(line FROM 'Segments Read: (.*)'));
    END LOOP;
    EXECUTE 'SELECT count(*) FROM active_calls.calls WHERE ' || condition INTO calls;
END
$$ LANGUAGE plpgsql;
SELECT condition, (pg_temp.ask(condition)).* FROM unnest(ARRAY[
    $$true$$,
    $$customer_acc_id = 1105$$,
    $$1105 = customer_acc_id$$,
    $$customer_acc_id = NULL::int$$,
    $$customer_acc_id IN (1105, 1106)$$,
    $$customer_acc_id = ANY (ARRAY[1105, NULL])$$,
    $$customer_acc_id = (SELECT 1105)$$,
    $$customer_acc_id = 1105 AND customer_acc_id = 1106$$,
    $$customer_acc_id > 1105$$,
    $$snapshot_timestamp >= '2020-03-01 00:05:30Z'$$,
    $$snapshot_timestamp > '2020-03-01 00:05:00Z' AND customer_acc_id < 1100$$,
    $$snapshot_timestamp < '2020-03-01 00:00Z'$$,
    $$'2020-03-01 00:00Z' > snapshot_timestamp$$,
    $$snapshot_timestamp = '2020-03-01 00:09Z'$$,
    $$snapshot_timestamp = '2020-03-01 00:09Z' AND customer_acc_id = 1101$$,
    $$snapshot_timestamp = date '2020-03-01'$$,
    $$customer_acc_id = 1105 AND snapshot_timestamp > 'infinity'$$
]) AS condition;
-- ... which may be told by another row
SELECT wanted, (SELECT count(*) FROM active_calls.calls WHERE customer_acc_id = wanted)
FROM unnest(ARRAY[1101, 1007, NULL, 9]) AS wanted;
PREPARE one (int, timestamptz) AS
    SELECT count(*) FROM active_calls.calls WHERE customer_acc_id = $1 AND snapshot_timestamp >= $2;
SET plan_cache_mode = force_generic_plan;
EXECUTE one (1104, '2020-03-01 00:08Z');
EXECUTE one (1104, '-infinity');
RESET plan_cache_mode;
-- Read to and fro, and only in part
BEGIN;
DECLARE walk SCROLL CURSOR FOR
    SELECT customer_acc_id, snapshot_timestamp FROM active_calls.calls
    WHERE customer_acc_id IN (1101, 1102) ORDER BY 1, 2;
FETCH 2 FROM walk;
FETCH BACKWARD 1 FROM walk;
COMMIT;
SELECT customer_acc_id FROM active_calls.sealed_calls WHERE customer_acc_id = 1103 LIMIT 1;
-- No other table can be made of it, and the table itself takes no rows
RESET ROLE;
CREATE FOREIGN TABLE public.segment_ids (id int) SERVER active_calls_segments;
SELECT * FROM public.segment_ids;
DROP FOREIGN TABLE public.segment_ids;
INSERT INTO active_calls.sealed_calls SELECT * FROM before;

-- What is no call
SET ROLE active_calls_writer;
\set VERBOSITY sqlstate
INSERT INTO active_calls.calls VALUES (NULL, 1007, 1, 1, '', '', 0, NULL, 0);
INSERT INTO active_calls.calls VALUES ('2020-03-01 00:00Z', NULL, 1, 1, '', '', 0, NULL, 0);
INSERT INTO active_calls.calls VALUES ('2020-03-01 00:00Z', 1007, 1, 1, '', '', NULL, NULL, 0);
INSERT INTO active_calls.calls VALUES ('2020-03-01 00:00Z', 1007, 1, 1, '', '', 0, NULL, NULL);
INSERT INTO active_calls.calls VALUES ('infinity', 1007, 1, 1, '', '', 0, NULL, 0);
INSERT INTO active_calls.calls VALUES ('-infinity', 1007, 1, 1, '', '', 0, NULL, 0);
INSERT INTO active_calls.calls VALUES ('2020-03-01 00:00Z', 1007, 2147483648, 1, '', '', 0, NULL, 0);
INSERT INTO active_calls.calls VALUES ('2020-03-01 00:00Z', 1007, 1, 1, '', '', 0, '10.0.0', 0);
COPY active_calls.inbox FROM stdin;
2020-03-01 00:06:00+00	1007	\N	\N	\N	\N	0	\N	0
2020-03-01 00:07:00+00	1007	\N	\N	\N	\N	\N	\N	0
\.
\set VERBOSITY default

-- The writer only adds
UPDATE active_calls.calls SET duration = 0 WHERE customer_acc_id = 1007;
DELETE FROM active_calls.calls WHERE customer_acc_id = 1007;
UPDATE active_calls.inbox SET duration = 0 WHERE customer_acc_id = 1007;
DELETE FROM active_calls.inbox WHERE customer_acc_id = 1007;
TRUNCATE active_calls.inbox;
-- The reader does not
SET ROLE active_calls_reader;
INSERT INTO active_calls.calls VALUES ('2020-03-01 00:00Z', 1007, 1, 1, '', '', 0, NULL, 0);
SELECT count(*) FROM active_calls.calls WHERE customer_acc_id = 1007;

RESET ROLE;
SELECT active_calls.drop_before('2020-03-02');
