-- At which instants a series has a point: the grid, the snapshots beside it, the window's limits.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

\set account '''f0000000-0000-4000-8000-000000001004'''
INSERT INTO active_calls.account VALUES (1004, :account, 100, 'grid');
-- Out of order, on and off the minute
INSERT INTO active_calls.inbox
SELECT t, 1004, NULL, NULL, NULL, NULL, duration, NULL, 0
FROM (VALUES
    ('2020-03-01 00:10:00Z'::timestamptz, 0),
    ('2020-03-01 00:03:30Z', 0),
    ('2020-03-01 00:01:00Z', 0),
    ('2020-03-01 00:01:00Z', 9),
    ('2020-03-01 00:03:00Z', 9),
    ('2020-03-01 00:05:00.5Z', 0),
    ('2020-03-01 00:01:00Z', 0),
    ('1969-12-31 23:59:30Z', 0),
    (now() + interval '1 hour', 0)
) AS v (t, duration);
SET ROLE active_calls_reader;

-- Both ends on the grid, both included
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:04Z');
-- Neither end on the grid
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00:30Z', '2020-03-01 00:04:30Z');
-- Both ends at a snapshot that is not on the grid
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:03:30Z', '2020-03-01 00:05:00.5Z');
-- A microsecond less at both ends
SELECT * FROM active_calls.origination_active_calls(
    :account, '2020-03-01 00:03:30.000001Z', '2020-03-01 00:05:00.499999Z');
-- No snapshot in the window: zeros
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:20Z', '2020-03-01 00:22Z');
-- A snapshot none of whose calls passes is a zero on the grid and nothing beside it
SELECT * FROM active_calls.origination_active_calls(
    :account, '2020-03-01 00:03Z', '2020-03-01 00:04Z', duration_gt => 10);
-- Neither grid nor snapshot in the window
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:03:01Z', '2020-03-01 00:03:29Z');
-- One instant: on the grid, at a snapshot beside it, at none
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:01Z', '2020-03-01 00:01Z');
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:03:30Z', '2020-03-01 00:03:30Z');
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:03:15Z', '2020-03-01 00:03:15Z');
-- From after to
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:04Z', '2020-03-01 00:00Z');
-- The grid crosses 1970
SELECT * FROM active_calls.origination_active_calls(:account, '1969-12-31 23:58:30Z', '1970-01-01 00:01Z');
SELECT * FROM active_calls.origination_active_calls(:account, '1969-12-31 23:58:30Z', '1969-12-31 23:59:30Z');

-- The present: the grid ends before now(), whatever to_time is; snapshots do not, but without a to_time they end where
-- the clock may be ahead
BEGIN;
SELECT count(*) FILTER (WHERE calls = 0) AS zeros, bool_and(t < now()) FILTER (WHERE calls = 0) AS past,
       count(*) FILTER (WHERE calls > 0) AS later
FROM active_calls.origination_active_calls(:account, now() - interval '5 minutes');
SELECT count(*) FILTER (WHERE calls = 0) AS zeros, bool_and(t < now()) FILTER (WHERE calls = 0) AS past,
       count(*) FILTER (WHERE calls > 0) AS later
FROM active_calls.origination_active_calls(
    :account, now() - interval '5 minutes', now() + interval '30 minutes');
SELECT count(*) FILTER (WHERE calls = 0) AS zeros, bool_and(t < now()) FILTER (WHERE calls = 0) AS past,
       count(*) FILTER (WHERE calls > 0) AS later
FROM active_calls.origination_active_calls(
    :account, now() - interval '5 minutes', now() + interval '2 hours');
SELECT count(*) AS from_now, min(calls) AS calls FROM active_calls.origination_active_calls(:account, now(), now() + interval '2 hours');
-- The future is empty, even where calls are stored
SELECT * FROM active_calls.origination_active_calls(:account, now() + interval '1 microsecond');
SELECT * FROM active_calls.origination_active_calls(
    :account, now() + interval '30 minutes', now() + interval '90 minutes');
SELECT * FROM active_calls.origination_active_calls(:account, '294276-12-31 23:59:59Z');
COMMIT;

-- Steps: multiples since 1970, not since from_time
SELECT * FROM active_calls.origination_active_calls(
    :account, '2020-03-01 00:00:59Z', '2020-03-01 00:01:02Z', step => '1 second');
SELECT * FROM active_calls.origination_active_calls(
    :account, '2020-03-01 00:00Z', '2020-03-01 00:10Z', step => '5 minutes');
SELECT t, calls, extract(epoch FROM t)::bigint % 420 AS past_multiple FROM active_calls.origination_active_calls(
    :account, '2020-03-01 00:11Z', '2020-03-01 00:31Z', step => '7 minutes');
SELECT * FROM active_calls.origination_active_calls(
    :account, '2020-02-28 12:00Z', '2020-03-02 00:00Z', step => '1 day', duration_gt => 0);
SELECT count(*) FROM active_calls.origination_active_calls(
    :account, '2020-02-28 12:00Z', '2020-03-02 00:00Z', step => '24:00:00', duration_gt => 0);
SELECT * FROM active_calls.origination_active_calls(
    :account, '1969-12-31 12:00Z', '1970-01-02 00:00Z', step => '16 hours');
-- and of UTC, whatever the session's time zone
SET timezone = 'Asia/Kathmandu';
SELECT t AT TIME ZONE 'UTC' AS t, calls FROM active_calls.origination_active_calls(
    :account, '2020-02-28 12:00Z', '2020-03-02 00:00Z', step => '1 day', duration_gt => 0);
SET timezone = 'UTC';
-- Steps that are none
\set day '''2020-03-01 00:00Z'', ''2020-03-01 00:10Z'''
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '0');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => NULL);
\set VERBOSITY sqlstate
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '0');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '-1 minute');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '-1 day');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '0.5 seconds');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '1.5 seconds');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '1 minute 1 microsecond');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '24:00:01');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '1 day 1 second');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '2 days');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '1 month');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '1 month -30 days');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '1 day 2562047788:00:54.775807');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '-2562047788:00:54.775807');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '-178000000 years');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => '213503983 days -0.448384 seconds');
SELECT * FROM active_calls.origination_active_calls(:account, :day, step => NULL);
\set VERBOSITY default
-- Only its length matters, not how it is written
SELECT count(*) FROM active_calls.origination_active_calls(:account, :day, step => '2 days -24 hours');
SELECT count(*) FROM active_calls.origination_active_calls(:account, :day, step => '-1 day 25 hours');

-- Too many points: the limit itself is allowed
SELECT count(*), sum(calls), min(t), max(t) FROM active_calls.origination_active_calls(
    :account, '2020-03-01 00:11Z', timestamptz '2020-03-01 00:10Z' + 1000000 * interval '1 minute');
SELECT count(*) FROM active_calls.origination_active_calls(
    :account, '2020-03-01 00:11Z', timestamptz '2020-03-01 00:11Z' + 1000000 * interval '1 minute');
SET active_calls.max_points = 5;
SELECT count(*) FROM active_calls.origination_active_calls(:account, '2020-03-01 00:20Z', '2020-03-01 00:24Z');
SELECT count(*) FROM active_calls.origination_active_calls(:account, '2020-03-01 00:20Z', '2020-03-01 00:25Z');
-- Snapshots beside the grid are points, too
SELECT count(*) FROM active_calls.origination_active_calls(:account, '2020-03-01 00:01Z', '2020-03-01 00:05:59Z');
RESET active_calls.max_points;
\set VERBOSITY sqlstate
SELECT * FROM active_calls.origination_active_calls(:account, '1970-01-01 00:00Z');
SELECT * FROM active_calls.origination_active_calls(:account, '4713-01-01 00:00Z BC', step => '1 day');
SELECT * FROM active_calls.origination_active_calls(:account, '4713-01-01 00:00Z BC', '294276-12-31 23:59:59Z');
\set VERBOSITY default

-- Times that are none
SELECT * FROM active_calls.origination_active_calls(:account, '-infinity', '2020-03-01 00:10Z');
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', 'infinity');
SELECT * FROM active_calls.origination_active_calls(:account, NULL, '2020-03-01 00:10Z');
\set VERBOSITY sqlstate
SELECT * FROM active_calls.origination_active_calls(:account, 'infinity', '2020-03-01 00:10Z');
SELECT * FROM active_calls.origination_active_calls(:account, '-infinity', '2020-03-01 00:10Z');
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', 'infinity');
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '-infinity');
SELECT * FROM active_calls.origination_active_calls(:account, NULL, '2020-03-01 00:10Z');
\set VERBOSITY default

-- gap_fill yeti: zeros from the step that holds from_time up to now; calls of the window alone
SET active_calls.gap_fill = 'yeti';
SELECT * FROM active_calls.origination_active_calls(
    :account, '2020-03-01 00:03:15Z', '2020-03-01 00:04Z', step => '1 day') LIMIT 4;
SELECT max(t) = date_trunc('day', now() - interval '1 microsecond') AS up_to_now, sum(calls)
FROM active_calls.origination_active_calls(:account, '2020-03-01 00:03:15Z', '2020-03-01 00:04Z', step => '1 day');
BEGIN;
SELECT count(*) AS differences FROM (
    SELECT t FROM active_calls.origination_active_calls(
        :account, now() - interval '5 minutes 30 seconds', now() - interval '3 minutes')
    EXCEPT ALL
    SELECT generate_series(date_trunc('minute', now() - interval '5 minutes 30 seconds'),
                           now() - interval '1 microsecond', interval '1 minute')) AS surplus;
SELECT count(*) AS differences FROM (
    SELECT generate_series(date_trunc('minute', now() - interval '5 minutes 30 seconds'),
                           now() - interval '1 microsecond', interval '1 minute')
    EXCEPT ALL
    SELECT t FROM active_calls.origination_active_calls(
        :account, now() - interval '5 minutes 30 seconds', now() - interval '3 minutes')) AS missing;
SELECT count(*) FROM active_calls.origination_active_calls(:account, now() + interval '30 minutes');
COMMIT;
SELECT count(*) FROM active_calls.origination_active_calls(:account, '2020-03-01 00:04Z', '2020-03-01 00:00Z');
\set VERBOSITY sqlstate
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:04Z');
\set VERBOSITY default
RESET active_calls.gap_fill;

RESET ROLE;
DELETE FROM active_calls.inbox WHERE customer_acc_id = 1004;
DELETE FROM active_calls.account WHERE id = 1004;
