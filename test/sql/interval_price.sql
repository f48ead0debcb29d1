-- What a call costs its customer so far.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET ROLE active_calls_reader;

-- A fee of 0.5, then 0.75 a minute for the first minute, whole; then 1.5 a minute in steps of 30 seconds
SELECT duration, active_calls.interval_price(duration, 0.5, 0.75, 1.5, 60, 30) AS price
FROM unnest('{-1,0,1,59,60,61,90,91,120,121,3600}'::int[]) AS duration;
-- By the second
SELECT duration, active_calls.interval_price(duration, 0, 60, 60, 1, 1) AS price
FROM unnest('{0,1,2,59,60,61}'::int[]) AS duration;
-- Without an initial interval
SELECT duration, active_calls.interval_price(duration, 0.25, 100, 60, 0, 60) AS price
FROM unnest('{0,1,60,61}'::int[]) AS duration;
-- Named arguments, and a call that never outlasts the initial interval
SELECT active_calls.interval_price(
    duration => 10, fee => 0, initial_rate => 0.09, next_rate => 0.09, initial_interval => 60,
    next_interval => 0);
-- Limits of the types
SELECT active_calls.interval_price(2147483647, 0, 60, 60, 0, 1) AS second,
       active_calls.interval_price(2147483647, 0, 60, 60, 0, 2147483647) AS longest,
       active_calls.interval_price(2147483647, 0, 60, 60, 1, 2147483647) AS rounded_up,
       active_calls.interval_price(2147483647, 0, 60, 60, 2147483647, 0) AS initial,
       active_calls.interval_price(-2147483648, 1, 60, 60, 0, 1) AS negative,
       active_calls.interval_price(60, 'NaN', 0, 0, 60, 60) AS nan,
       active_calls.interval_price(60, 'Infinity', 0, 0, 60, 60) AS infinity;
-- NULL for any NULL
SELECT active_calls.interval_price(NULL, 0, 0, 0, 60, 60) AS duration,
       active_calls.interval_price(60, NULL, 0, 0, 60, 60) AS fee,
       active_calls.interval_price(60, 0, NULL, 0, 60, 60) AS initial_rate,
       active_calls.interval_price(60, 0, 0, NULL, 60, 60) AS next_rate,
       active_calls.interval_price(60, 0, 0, 0, NULL, 60) AS initial_interval,
       active_calls.interval_price(60, 0, 0, 0, 60, NULL) AS next_interval;
-- Intervals that are none
SELECT active_calls.interval_price(60, 0, 0, 0, -1, 60);
SELECT active_calls.interval_price(60, 0, 0, 0, 60, -1);
SELECT active_calls.interval_price(61, 0, 0, 0, 60, 0);
\set VERBOSITY sqlstate
SELECT active_calls.interval_price(60, 0, 0, 0, -1, 60);
SELECT active_calls.interval_price(61, 0, 0, 0, 60, 0);
\set VERBOSITY default
RESET ROLE;
