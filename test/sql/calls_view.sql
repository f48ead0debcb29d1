-- The relations calls and inbox: what may be written and what is read.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

-- The same columns in both
SELECT attname, format_type(atttypid, atttypmod) AS type,
       bool_or(attnotnull) FILTER (WHERE attrelid = 'active_calls.inbox'::regclass) AS not_null,
       count(*) AS relations
FROM pg_attribute
WHERE attrelid IN ('active_calls.inbox'::regclass, 'active_calls.calls'::regclass) AND attnum > 0
GROUP BY attnum, attname, type ORDER BY attnum;

-- INSERT into the view and into the table, COPY into the table
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
COPY active_calls.inbox (customer_price, duration, customer_acc_id, snapshot_timestamp) FROM stdin (FORMAT csv);
0.25,5,1007,2020-03-01 00:05:00+00
\.
SET ROLE active_calls_reader;
\pset null '(null)'
SELECT * FROM active_calls.calls WHERE customer_acc_id = 1007 ORDER BY snapshot_timestamp;
TABLE active_calls.calls EXCEPT ALL TABLE active_calls.inbox;
TABLE active_calls.inbox EXCEPT ALL TABLE active_calls.calls;

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
DELETE FROM active_calls.inbox WHERE customer_acc_id = 1007;
