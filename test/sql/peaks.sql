-- origination_peak_calls: peak and mean of a series by the bucket.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

\set account '''f0000000-0000-4000-8000-000000001090'''
INSERT INTO active_calls.account VALUES (1090, :account, 120, 'peaks');
INSERT INTO active_calls.inbox
SELECT '2020-03-01 00:00Z'::timestamptz + minute * interval '1 minute', 1090, call % 3, call, '380' || call, '49' || minute,
       minute * 60, '10.0.0.1', minute * 0.5
FROM generate_series(0, 7) AS minute, generate_series(1, (ARRAY[1, 4, 4, 0, 0, 0, 2, 3])[minute + 1]) AS call;

-- The peak, the first time of it, the mean with the zeros of the grid; a bucket begins before the window when that begins in it
SET ROLE active_calls_reader;
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:08Z', '3 minutes');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:01:30Z', '2020-03-01 00:06Z', '5 minutes');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', '1 hour');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', '366 days');
-- A larger step: fewer zeros. Points that are not on it stay
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:08Z', '4 minutes', step => '4 minutes');
-- The filters
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', '4 minutes', dst_country_id => 3);
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', '4 minutes', duration_gt => 60,
                                                  src_prefix_routing_ends_with => '1', customer_price_lt => 3.5);
-- No end: up to now
SELECT count(*) > 50 AS months, max(peak), max(t) BETWEEN now() - interval '30 days' AND now() AS up_to_now
FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', NULL, '30 days');
-- Empty series
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:08Z', '2020-03-01 00:07Z', '1 hour');
SELECT * FROM active_calls.origination_peak_calls(:account, now() + interval '1 minute', NULL, '1 hour');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:08:01Z', '2020-03-01 00:08:59Z', '1 hour');
-- Where the grid is Yeti's, so are the buckets
SET active_calls.gap_fill = 'yeti';
SELECT min(t), max(peak), count(*) > 50 AS up_to_now
FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00:30Z', '2020-03-01 00:01Z', '30 days');
RESET active_calls.gap_fill;

-- A whole year of minutes
SELECT count(*), max(peak), round(sum(mean * 1440)) AS calls
FROM active_calls.origination_peak_calls(:account, '2020-01-01 00:00Z', '2020-12-31 23:59Z', '1 day');
SELECT count(*), max(peak) FROM active_calls.origination_peak_calls(:account, '2020-01-01 00:00Z', '2020-12-31 23:59Z', '1 hour');
-- but no more buckets than active_calls.max_points, nor a grid of more than 10,000,000 points
SET active_calls.max_points = 366;
SELECT count(*) FROM active_calls.origination_peak_calls(:account, '2020-01-01 00:00Z', '2020-12-31 23:59Z', '1 day');
SELECT count(*) FROM active_calls.origination_peak_calls(:account, '2020-01-01 00:00Z', '2021-01-01 00:00Z', '1 day');
RESET active_calls.max_points;
SELECT count(*) FROM active_calls.origination_peak_calls(:account, '2020-01-01 00:00Z', '2020-12-31 23:59Z', '1 day', step => '1 second');

-- The bucket: a whole number of seconds, from step to 366 days
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', NULL);
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', '0');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', '-1 hour');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', '59 seconds');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', '61.5 seconds');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', '1 month');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', '1 year');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', '366 days 1 second');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', '2000000000 days');
-- The others, as of the series
SELECT * FROM active_calls.origination_peak_calls(NULL, '2020-03-01 00:00Z', NULL, '1 hour');
SELECT * FROM active_calls.origination_peak_calls('f0000000-0000-4000-8000-00000000ffff', '2020-03-01 00:00Z', NULL, '1 hour');
SELECT * FROM active_calls.origination_peak_calls(:account, NULL, '2020-03-01 00:07Z', '1 hour');
SELECT * FROM active_calls.origination_peak_calls(:account, '-infinity', NULL, '1 hour');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', 'infinity', '1 hour');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', NULL, '1 hour', step => NULL);
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', NULL, '1 hour', step => '2 days');

-- Weeks begin on Mondays
SELECT to_char(t, 'Dy YYYY-MM-DD HH24:MI') AS t, peak, peak_at
FROM active_calls.origination_peak_calls(:account, '2020-02-27Z', '2020-03-02 12:00Z', '7 days');
-- Days of a time zone, one of them with 23 hours, one with 25. A week, too, is of such days
SET timezone = 'Europe/Kyiv';
SELECT t, lead(t) OVER (ORDER BY t) - t AS length
FROM active_calls.origination_peak_calls(:account, '2020-03-28 00:00', '2020-03-30 23:59', '1 day', time_zone => 'Europe/Kyiv');
SELECT t, lead(t) OVER (ORDER BY t) - t AS length
FROM active_calls.origination_peak_calls(:account, '2020-10-24 12:00', '2020-10-26 12:00', '1 day', time_zone => 'europe/kyiv');
SELECT to_char(t, 'Dy YYYY-MM-DD HH24:MI TZH') AS t
FROM active_calls.origination_peak_calls(:account, '2020-03-20 12:00', '2020-04-07 12:00', '7 days', time_zone => 'Europe/Kyiv');
SET timezone = 'UTC';
-- The zone does not matter to what is no whole day
SELECT t FROM active_calls.origination_peak_calls(:account, '2020-03-28 21:00Z', '2020-03-29 05:00Z', '6 hours', time_zone => 'Asia/Kolkata');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', '1 day', time_zone => 'Europe/Nowhere');
SELECT * FROM active_calls.origination_peak_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:07Z', '1 day', time_zone => '');
-- As date_trunc has it, where clocks are not put back at midnight. Days are counted for the limit, not 24 hours
SELECT zone, bool_and(t = date_trunc('day', t, zone)) AS local_days, count(*) AS days, count(DISTINCT length) AS lengths
FROM (VALUES ('Europe/Kyiv'), ('Asia/Kolkata'), ('Pacific/Chatham'), ('America/New_York'), ('Asia/Beirut')) AS zones (zone),
     LATERAL (SELECT t, lead(t) OVER (ORDER BY t) - t AS length
              FROM active_calls.origination_peak_calls(:account, '2020-01-01 00:00Z', '2020-12-31 23:59Z', '1 day', step => '30 minutes', time_zone => zone)) AS peaks
GROUP BY zone ORDER BY zone COLLATE "C";
-- Clocks that are put back to midnight, and to before midnight: a long day
SELECT zone, t AT TIME ZONE 'UTC' AS t, lead(t) OVER (PARTITION BY zone ORDER BY t) - t AS length
FROM (VALUES ('America/Havana', '2020-10-31'::timestamptz), ('America/St_Johns', '2010-11-06')) AS zones (zone, day),
     LATERAL active_calls.origination_peak_calls(:account, day, day + interval '3 days', '1 day', step => '1 minute', time_zone => zone) AS peaks;
-- A day that was left out has no bucket
SELECT t AT TIME ZONE 'Pacific/Apia' AS t
FROM active_calls.origination_peak_calls(:account, '2011-12-29 12:00Z', '2011-12-31 12:00Z', '1 day', time_zone => 'Pacific/Apia');
SET active_calls.max_points = 3;
SELECT count(*) FROM active_calls.origination_peak_calls(:account, '2020-03-28 22:30Z', '2020-03-30 21:00Z', '1 day', time_zone => 'Europe/Kyiv');
SELECT count(*) FROM active_calls.origination_peak_calls(:account, '2020-03-28 21:30Z', '2020-03-30 21:00Z', '1 day', time_zone => 'Europe/Kyiv');
RESET active_calls.max_points;

-- The same arguments as the series has, with the bucket before the filters, the time zone at the end, and the same properties
RESET ROLE;
SELECT replace(replace(replace(pg_get_function_arguments('active_calls.origination_peak_calls'::regproc), ', bucket interval', ''),
                       ', time_zone text DEFAULT NULL::text', ''),
               'to_time timestamp with time zone', 'to_time timestamp with time zone DEFAULT NULL::timestamp with time zone')
       = pg_get_function_arguments('active_calls.origination_active_calls'::regproc) AS same_arguments;

-- Whatever is asked: a GROUP BY over the series, in either store
SELECT setseed(0.5);
INSERT INTO active_calls.inbox
SELECT '2020-04-01 00:00Z'::timestamptz + floor(random() * 200) * interval '1 minute' + (random() < 0.05)::int * interval '17 seconds',
       1090, floor(random() * 3), NULL, NULL, NULL, floor(random() * 100), NULL, 0
FROM generate_series(1, 3000);
CREATE FUNCTION pg_temp.differences(questions int) RETURNS TABLE (asked bigint, many boolean, different bigint) LANGUAGE sql AS $$
    WITH question AS MATERIALIZED (
        SELECT '2020-04-01 00:00Z'::timestamptz + floor(random() * 7200) * interval '1 second' AS from_time,
               '2020-04-01 00:00Z'::timestamptz + floor(random() * 14400) * interval '1 second' AS to_time,
               step, step + floor(random() * 3600) * interval '1 second' AS bucket,
               CASE WHEN random() < 0.5 THEN floor(random() * 3)::int END AS country,
               CASE WHEN random() < 0.5 THEN floor(random() * 100)::int END AS longer
        FROM (SELECT (1 + floor(random() * 300)) * interval '1 second' AS step FROM generate_series(1, questions)) AS steps
    ), grouped AS (
        SELECT from_time, bucket, to_timestamp(floor(extract(epoch FROM t) / extract(epoch FROM bucket)) * extract(epoch FROM bucket)) AS t,
               max(calls) AS peak, avg(calls)::float8 AS mean, (array_agg(t ORDER BY calls DESC, t))[1] AS peak_at
        FROM question, LATERAL active_calls.origination_active_calls('f0000000-0000-4000-8000-000000001090', from_time, to_time,
            src_country_id => country, duration_gt => longer, step => step) AS series
        GROUP BY 1, 2, 3
    ), peaks AS (
        SELECT from_time, bucket, peaks.*
        FROM question, LATERAL active_calls.origination_peak_calls('f0000000-0000-4000-8000-000000001090', from_time, to_time, bucket,
            src_country_id => country, duration_gt => longer, step => step) AS peaks
    )
    SELECT (SELECT count(*) FROM question), count(*) > 1000 AND count(DISTINCT peak) > 5, count(*) FILTER (WHERE peaks.peak IS NULL OR grouped.peak IS NULL
        OR abs(peaks.mean - grouped.mean) > 1e-9 OR peaks.peak_at <> grouped.peak_at)
    FROM peaks FULL JOIN grouped USING (from_time, bucket, t, peak)
$$;
SELECT * FROM pg_temp.differences(500);
SELECT active_calls.seal();
SELECT * FROM pg_temp.differences(500);

DELETE FROM active_calls.segment;
DELETE FROM active_calls.account WHERE id = 1090;
