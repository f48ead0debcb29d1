-- seal: which calls go from inbox to segment, how segments grow, and that nothing changes on the way.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never

\set account '''f0000000-0000-4000-8000-000000001020'''
INSERT INTO active_calls.account VALUES (1020, :account, 120, 'seal');
CREATE FUNCTION pg_temp.calls(first timestamptz, minutes int, calls int, account int DEFAULT 1020) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO active_calls.inbox
    SELECT first + minute * interval '1 minute', account, call % 3, call, '380' || call, '49' || minute, minute * 60,
           '10.0.0.1', minute * 0.5
    FROM generate_series(0, minutes - 1) AS minute, generate_series(1, calls) AS call
$$;
CREATE VIEW pg_temp.segments AS
SELECT customer_acc_id, first_snapshot, last_snapshot, row_count, is_full FROM active_calls.segment
ORDER BY customer_acc_id, last_snapshot, first_snapshot;

-- What is older than `keep`, two minutes unless said otherwise; exactly as old is not older
SET ROLE active_calls_keeper;
SELECT active_calls.seal();
RESET ROLE;
BEGIN;
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, duration, customer_price)
SELECT now() + age, 1020, n, 0 FROM (VALUES
    (1, interval '-3 minutes'), (2, '-2 minutes -0.000001'), (3, '-2 minutes'), (4, '-1 minute'), (5, '0'), (6, '1 minute')) AS v (n, age);
SET LOCAL ROLE active_calls_keeper;
SELECT active_calls.seal();
SELECT duration FROM active_calls.inbox ORDER BY duration;
SELECT active_calls.seal('2 minutes');
SELECT active_calls.seal('1 minute');
SELECT active_calls.seal(keep => '0');
SELECT duration FROM active_calls.inbox ORDER BY duration;
SELECT active_calls.seal('0');
ROLLBACK;
SELECT (SELECT count(*) FROM active_calls.inbox) AS inbox, (SELECT count(*) FROM active_calls.segment) AS segment;

-- `keep` is a length of time
SELECT active_calls.seal(NULL) IS NULL AS null;
SELECT active_calls.seal('-1 microsecond');
SELECT active_calls.seal('1 day -25 hours');
SELECT active_calls.seal('-1 day 25 hours');
SELECT active_calls.seal('1 month -30 days');
SELECT active_calls.seal('6000 years');
SELECT active_calls.seal('1000000 years');

-- A segment holds one account. That it is in table account does not matter.
SELECT pg_temp.calls('2020-03-01 00:00Z', 3, 4);
SELECT pg_temp.calls('2020-03-01 00:01Z', 3, 2, -1);
SELECT pg_temp.calls('2020-03-01 00:02Z', 1, 1, 2147483647);
CREATE TEMP TABLE unsealed AS
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:05Z');
SET ROLE active_calls_keeper;
SELECT active_calls.seal();
SELECT active_calls.seal();
RESET ROLE;
SELECT count(*) FROM active_calls.inbox;
TABLE pg_temp.segments;
SET ROLE active_calls_reader;
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:05Z');
RESET ROLE;
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:05Z')
EXCEPT ALL TABLE unsealed;

-- Both stores make one series, also within a snapshot
SELECT pg_temp.calls('2020-03-01 00:02Z', 3, 1);
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:05Z');
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:05Z', dst_country_id => 1);
SELECT active_calls.seal();
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:05Z', dst_country_id => 1);
TABLE pg_temp.segments;
SELECT active_calls.drop_before('infinity');

-- Hundreds of seals, ten rows each: few segments grow, and a row is not written anew each time
CREATE TEMP TABLE written (row_count int);
CREATE FUNCTION pg_temp.note_segment() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN INSERT INTO pg_temp.written VALUES (NEW.row_count); RETURN NULL; END';
CREATE TRIGGER note_segment AFTER INSERT ON active_calls.segment FOR EACH ROW EXECUTE FUNCTION pg_temp.note_segment();
DO $$
BEGIN
    FOR minute IN 0..299 LOOP
        PERFORM pg_temp.calls('2020-03-01 00:00Z'::timestamptz + minute * interval '1 minute', 1, 10);
        PERFORM active_calls.seal();
    END LOOP;
END
$$;
SELECT sum(row_count) AS rows, count(*) <= 8 AS few_segments, bool_or(is_full) AS is_full FROM active_calls.segment;
SELECT count(*) AS segments_written, sum(row_count) / 3000 AS times_each_row_was_written FROM written;
SELECT count(*) AS minutes, min(calls), max(calls)
FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 04:59Z');
-- and together they become one, as soon as there is enough to go with them
DROP TRIGGER note_segment ON active_calls.segment;
SELECT pg_temp.calls('2020-03-01 05:00Z', 300, 10);
SELECT active_calls.seal();
TABLE pg_temp.segments;
SELECT active_calls.drop_before('infinity');

-- Segments are full at 65536 rows, and then stay as they are; each is written once
TRUNCATE written;
CREATE TRIGGER note_segment AFTER INSERT ON active_calls.segment FOR EACH ROW EXECUTE FUNCTION pg_temp.note_segment();
SELECT pg_temp.calls('2020-03-01 00:00Z', 20, 7000);
SELECT active_calls.seal();
DROP TRIGGER note_segment ON active_calls.segment;
TABLE pg_temp.segments;
SELECT count(*) AS segments_written FROM written;
CREATE TEMP TABLE full_segment AS SELECT id, xmin::text AS written_by FROM active_calls.segment WHERE is_full;
SELECT pg_temp.calls('2020-03-01 00:20Z', 1, 20);
SELECT active_calls.seal();
-- Late rows have segments of their own
SELECT pg_temp.calls('2020-03-01 00:01Z', 1, 5), pg_temp.calls('2020-02-01 00:00Z', 1, 5);
SELECT active_calls.seal();
SELECT pg_temp.calls('2020-03-01 00:02Z', 1, 6), pg_temp.calls('2020-03-01 00:21Z', 1, 20);
SELECT active_calls.seal();
TABLE pg_temp.segments;
SELECT count(*) FROM full_segment JOIN active_calls.segment USING (id) WHERE segment.xmin::text = written_by;
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:21Z');

-- What fails, or is taken back, leaves everything as it was
CREATE FUNCTION pg_temp.stores() RETURNS TABLE (inbox bigint, sealed bigint, segments bigint, ids text) LANGUAGE sql AS $$
    SELECT (SELECT count(*) FROM active_calls.inbox), sum(row_count), count(*), md5(string_agg(id::text, ' ' ORDER BY id))
    FROM active_calls.segment
$$;
SELECT pg_temp.calls('2020-03-02 00:00Z', 10, 7000);
CREATE TEMP TABLE stores_before AS SELECT * FROM pg_temp.stores();
SELECT inbox, sealed, segments FROM stores_before;
SET statement_timeout = '10ms';
SELECT active_calls.seal();
RESET statement_timeout;
BEGIN;
SELECT active_calls.seal();
SELECT inbox, sealed, segments FROM pg_temp.stores();
ROLLBACK;
BEGIN READ ONLY;
SELECT active_calls.seal();
ROLLBACK;
SELECT pg_temp.stores() = stores_before AS as_it_was FROM stores_before;
SELECT active_calls.seal();
SELECT active_calls.drop_before('infinity');

-- Whatever a column can hold comes back as it was
INSERT INTO active_calls.inbox
SELECT t, 1020, country, -country, number, reverse(number), duration, address, price
FROM unnest('{4713-01-01 00:00:00Z BC, 0001-01-01 00:00:00.000001Z BC, 1969-12-31 23:59:59.999999Z, 2020-03-01 00:00:00Z,
              2020-03-01 00:00:00.000001Z, 2020-03-01 00:01:00Z}'::timestamptz[]) AS t,
     unnest('{NULL, 0, -1, 2147483647, -2147483647}'::int[]) AS country
CROSS JOIN (VALUES (NULL), (''), (' '), ('0'), ('00'), ('380'), ('+380'), ('380 '), ('3.80'), ('*#'), (E'a\tb\nc\\'),
    ('Zoë'), ('ünï'), (U&'u\0308'), ('😀'), (U&'\FFFF'), (repeat('1', 15)), (repeat('1', 16)), (repeat('1', 17)),
    (repeat('1', 40)), (repeat('x', 300)), (repeat('0123456789', 100)), (repeat('😀', 1000))) AS numbers (number)
CROSS JOIN (VALUES (0, 0::float8), (-1, '-0'), (2147483647, 'NaN'), (-2147483648, 'Infinity'), (60, '-Infinity'), (61, 5e-324),
    (119, 1.7976931348623157e308), (120, 0.1), (121, 0.30000000000000004)) AS values (duration, price)
CROSS JOIN unnest('{NULL, 10.0.0.1, 10.0.0.1/24, 0.0.0.0/0, 255.255.255.255, ::, ::ffff:10.0.0.1, 2001:db8::1/64}'::inet[]) AS address
WHERE hashtext(ROW(t, country, number, duration, address)::text) % 4 = 0;
INSERT INTO active_calls.inbox TABLE active_calls.inbox LIMIT 100; -- duplicates
CREATE TEMP TABLE row_before AS SELECT inbox::text AS value FROM active_calls.inbox;
SELECT count(*) > 5000 AS many FROM row_before;
SELECT active_calls.seal() = (SELECT count(*) FROM row_before) AS sealed, active_calls.unseal('-infinity', 'infinity') = (SELECT count(*) FROM row_before) AS unsealed;
CREATE TEMP TABLE row_after AS SELECT inbox::text AS value FROM active_calls.inbox;
SELECT count(*) FROM active_calls.segment;
TABLE row_before EXCEPT ALL TABLE row_after;
TABLE row_after EXCEPT ALL TABLE row_before;

DELETE FROM active_calls.inbox;

-- Numbers beyond the bound of inbox, written without it: what is far too long stays there, and keeps nothing else from being sealed
ALTER TABLE active_calls.inbox DROP CONSTRAINT inbox_src_prefix_routing_check, DROP CONSTRAINT inbox_dst_prefix_routing_check;
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, src_prefix_routing, dst_prefix_routing, duration, customer_price)
VALUES ('2020-03-01 00:01Z', 1021, repeat('x', 10000000), '380', 1, 0), ('2020-03-01 00:01Z', 1020, NULL, repeat('y', 4001), 2, 0),
       ('2020-03-01 00:02Z', 1020, repeat('x', 4000), repeat('y', 4000), 3, 0), (now(), 1019, repeat('x', 4001), NULL, 4, 0);
ALTER TABLE active_calls.inbox
    ADD CONSTRAINT inbox_src_prefix_routing_check CHECK (char_length(src_prefix_routing) <= 1000) NOT VALID,
    ADD CONSTRAINT inbox_dst_prefix_routing_check CHECK (char_length(dst_prefix_routing) <= 1000) NOT VALID;
SELECT pg_temp.calls('2020-03-01 00:00Z', 3, 4), pg_temp.calls('2020-03-01 00:01Z', 3, 2, 1021);
SET ROLE active_calls_keeper;
SELECT active_calls.seal();
SELECT active_calls.seal();
RESET ROLE;
TABLE pg_temp.segments;
SELECT customer_acc_id, duration FROM active_calls.inbox ORDER BY 2;
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:00Z', '2020-03-01 00:02Z');
UPDATE active_calls.inbox SET dst_prefix_routing = left(dst_prefix_routing, 1000) WHERE customer_acc_id = 1020;
SELECT active_calls.seal();
UPDATE active_calls.inbox SET src_prefix_routing = left(src_prefix_routing, 1000);
SELECT active_calls.seal();
SELECT customer_acc_id, duration FROM active_calls.inbox ORDER BY 2;
ALTER TABLE active_calls.inbox VALIDATE CONSTRAINT inbox_src_prefix_routing_check, VALIDATE CONSTRAINT inbox_dst_prefix_routing_check;
SELECT active_calls.drop_before('infinity');

DELETE FROM active_calls.account WHERE id = 1020;
