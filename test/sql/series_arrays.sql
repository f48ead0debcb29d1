-- The forms of the series that answer with arrays, for programs: the same points.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

\set account '''f0000000-0000-4000-8000-000000001095'''
INSERT INTO active_calls.account VALUES (1095, :account, 125, 'arrays');
INSERT INTO active_calls.api_access (id, customer_id) VALUES (1095, 125);
INSERT INTO active_calls.inbox
SELECT '2020-03-01 00:00Z'::timestamptz + minute * interval '1 minute', 1095, call % 3, call, '380' || call, '49' || minute,
       minute * 60, '10.0.0.1', minute * 0.5
FROM generate_series(0, 7) AS minute, generate_series(1, (ARRAY[1, 4, 4, 0, 0, 0, 2, 3])[minute + 1]) AS call;
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, duration, customer_price) VALUES
    ('2020-03-01 00:03:30.999999Z', 1095, 0, 0), ('1969-12-31 23:59:59.5Z', 1095, 0, 0);

SET ROLE active_calls_reader;
SELECT * FROM active_calls.origination_active_calls_arrays(:account, '2020-03-01 00:00Z', '2020-03-01 00:08Z');
SELECT * FROM active_calls.origination_active_calls_arrays(:account, '2020-03-01 00:00Z', '2020-03-01 00:08Z', duration_gt => 60, step => '4 min');
SELECT * FROM active_calls.origination_active_calls_arrays(:account, '1969-12-31 23:59:59Z', '1970-01-01 00:00Z');
-- None, in the future, and where the window is empty
SELECT * FROM active_calls.origination_active_calls_arrays(:account, now() + interval '1 hour');
SELECT * FROM active_calls.origination_active_calls_arrays(:account, '2020-03-01 00:08Z', '2020-03-01 00:00Z');
-- A year of minutes, as many and the same as in rows
SELECT cardinality(a.t) AS points, a.calls = r.calls AND a.t = r.t AS same
FROM active_calls.origination_active_calls_arrays(:account, '2020-01-01 00:00Z', '2020-12-31 23:59Z') AS a,
     (SELECT array_agg(floor(extract(epoch FROM t))::bigint ORDER BY t) AS t, array_agg(calls ORDER BY t) AS calls
      FROM active_calls.origination_active_calls(:account, '2020-01-01 00:00Z', '2020-12-31 23:59Z')) AS r;

-- Those of customers ask who asks
SET ROLE active_calls_shim;
SELECT * FROM active_calls.customer_origination_active_calls_arrays(1095, :account, '2020-03-01 00:06Z', '2020-03-01 00:07Z');
SELECT * FROM active_calls.customer_origination_active_calls_arrays(1096, :account, '2020-03-01 00:06Z', '2020-03-01 00:07Z');
SELECT * FROM active_calls.scoped_origination_active_calls_arrays(125, '{}', :account, '2020-03-01 00:06Z', '2020-03-01 00:07Z');
SELECT * FROM active_calls.scoped_origination_active_calls_arrays(126, '{}', :account, '2020-03-01 00:06Z', '2020-03-01 00:07Z');
SELECT * FROM active_calls.origination_active_calls_arrays(:account, '2020-03-01 00:06Z', '2020-03-01 00:07Z');
RESET ROLE;

-- What is refused in rows is refused here; a call that the caller cannot take apart
SELECT * FROM active_calls.origination_active_calls_arrays(:account, NULL);
SELECT * FROM active_calls.origination_active_calls_arrays(:account, '1900-01-01 00:00Z', '2020-01-01 00:00Z');
SELECT (active_calls.origination_active_calls_arrays(:account, '2020-03-01 00:06Z', '2020-03-01 00:07Z')).calls;

DELETE FROM active_calls.inbox WHERE customer_acc_id = 1095;
DELETE FROM active_calls.api_access WHERE id = 1095;
DELETE FROM active_calls.account WHERE id = 1095;
