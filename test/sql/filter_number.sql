-- Filters on numbers: countries, duration, price. Each row lies at a minute of its own, so that a
-- series says which rows pass.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

\set account '''f0000000-0000-4000-8000-000000001001'''
\set window '''2020-03-01 00:00Z'', ''2020-03-01 00:59Z'''
INSERT INTO active_calls.account VALUES (1001, :account, 100, 'filter_number');
CREATE TEMP TABLE sample (
    t timestamptz, label text, src int, dst int, duration int, price double precision);
INSERT INTO sample
SELECT timestamptz '2020-03-01 00:00Z' + n * interval '1 minute', label, src, dst, duration, price
FROM (VALUES
    (1, 'null', NULL, NULL, 0, 0),
    (2, 'zero', 0, 7, 0, '-0'),
    (3, 'one', 1, 2, 1, 0.1),
    (4, 'two', 2, 1, 2, 0.30000000000000004),
    (5, 'max', 2147483647, NULL, 2147483647, 1.7976931348623157e308),
    (6, 'min', -2147483648, NULL, -2147483648, -1.7976931348623157e308),
    (7, 'tiny', NULL, 2147483647, 60, 5e-324),
    (8, 'inf', NULL, -2147483648, 61, 'Infinity'),
    (9, '-inf', 5, NULL, 59, '-Infinity'),
    (10, 'nan', 5, 5, 60, 'NaN')
) AS v (n, label, src, dst, duration, price);
INSERT INTO active_calls.inbox
SELECT t, 1001, src, dst, NULL, NULL, duration, NULL, price FROM sample;
GRANT SELECT ON sample TO active_calls_reader;
SET ROLE active_calls_reader;

-- The plain case, as rows
SELECT * FROM active_calls.origination_active_calls(
    :account, '2020-03-01 00:01Z', '2020-03-01 00:04Z', duration_gt => 0);

-- Without a filter, and with one that is NULL, every row passes
SELECT count(*), sum(calls) FROM active_calls.origination_active_calls(:account, :window);

-- Countries
SELECT given,
       (SELECT string_agg(label, ' ' ORDER BY t) FROM sample JOIN
            active_calls.origination_active_calls(:account, :window, src_country_id => given) USING (t)
        WHERE calls > 0) AS src_country_id,
       (SELECT string_agg(label, ' ' ORDER BY t) FROM sample JOIN
            active_calls.origination_active_calls(:account, :window, dst_country_id => given) USING (t)
        WHERE calls > 0) AS dst_country_id
FROM unnest('{NULL,0,1,2,5,2147483647,-2147483648,4}'::int[]) WITH ORDINALITY AS v (given, n)
ORDER BY n;

-- Duration
SELECT given,
       (SELECT string_agg(label, ' ' ORDER BY t) FROM sample JOIN
            active_calls.origination_active_calls(:account, :window, duration_eq => given) USING (t)
        WHERE calls > 0) AS duration_eq,
       (SELECT string_agg(label, ' ' ORDER BY t) FROM sample JOIN
            active_calls.origination_active_calls(:account, :window, duration_gt => given) USING (t)
        WHERE calls > 0) AS duration_gt,
       (SELECT string_agg(label, ' ' ORDER BY t) FROM sample JOIN
            active_calls.origination_active_calls(:account, :window, duration_lt => given) USING (t)
        WHERE calls > 0) AS duration_lt
FROM unnest('{NULL,-1,0,1,60,61,2147483646,2147483647,-2147483647,-2147483648}'::int[])
     WITH ORDINALITY AS v (given, n)
ORDER BY n;

-- Price: IEEE 754 doubles. The two zeros are equal, NaN equals nothing, not even itself
SELECT given,
       (SELECT string_agg(label, ' ' ORDER BY t) FROM sample JOIN
            active_calls.origination_active_calls(:account, :window, customer_price_eq => given) USING (t)
        WHERE calls > 0) AS customer_price_eq,
       (SELECT string_agg(label, ' ' ORDER BY t) FROM sample JOIN
            active_calls.origination_active_calls(:account, :window, customer_price_gt => given) USING (t)
        WHERE calls > 0) AS customer_price_gt,
       (SELECT string_agg(label, ' ' ORDER BY t) FROM sample JOIN
            active_calls.origination_active_calls(:account, :window, customer_price_lt => given) USING (t)
        WHERE calls > 0) AS customer_price_lt
FROM unnest('{NULL,0,-0,5e-324,0.1,0.3,0.30000000000000004,1.7976931348623157e308,-1.7976931348623157e308,
              Infinity,-Infinity,NaN}'::float8[]) WITH ORDINALITY AS v (given, n)
ORDER BY n;

-- All filters combine with AND, also those on one column
SELECT string_agg(label, ' ' ORDER BY t) FROM sample JOIN active_calls.origination_active_calls(
    :account, :window, duration_gt => 59, duration_lt => 61) USING (t) WHERE calls > 0;
SELECT string_agg(label, ' ' ORDER BY t) FROM sample JOIN active_calls.origination_active_calls(
    :account, :window, duration_eq => 60, duration_gt => 60) USING (t) WHERE calls > 0;
SELECT string_agg(label, ' ' ORDER BY t) FROM sample JOIN active_calls.origination_active_calls(
    :account, :window, src_country_id => 5, duration_lt => 60) USING (t) WHERE calls > 0;
SELECT string_agg(label, ' ' ORDER BY t) FROM sample JOIN active_calls.origination_active_calls(
    :account, :window, customer_price_gt => 0, customer_price_lt => 1, dst_country_id => 1) USING (t)
WHERE calls > 0;

-- Beyond the limits of the type
SELECT * FROM active_calls.origination_active_calls(:account, :window, duration_gt => '2147483648');
SELECT * FROM active_calls.origination_active_calls(:account, :window, src_country_id => '-2147483649');
SELECT * FROM active_calls.origination_active_calls(:account, :window, customer_price_lt => '1e400');

RESET ROLE;
DELETE FROM active_calls.inbox WHERE customer_acc_id = 1001;
DELETE FROM active_calls.account WHERE id = 1001;
