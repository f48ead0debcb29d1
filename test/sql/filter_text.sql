-- Filters on the calling and the called number. Each value lies at minutes of its own, once as the
-- source and once as the destination, so that a series says which rows pass.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

\set account '''f0000000-0000-4000-8000-000000001002'''
\set window '''2020-03-01 00:00Z'', ''2020-03-01 01:59Z'''
INSERT INTO active_calls.account VALUES (1002, :account, 100, 'filter_text');
SET default_toast_compression = 'pglz';
CREATE TEMP TABLE sample (t timestamptz, label text, src text, dst text);
INSERT INTO sample
SELECT timestamptz '2020-03-01 00:00Z' + minute * interval '1 minute', 's:' || label, value, NULL
FROM (VALUES
    (1, 'null', NULL),
    (2, 'empty', ''),
    (3, 'space', ' '),
    (4, 'number', '380441234567'),
    (5, 'name', 'Alice.PBX'),
    (6, 'lower', 'alice.pbx'),
    (7, 'accent', 'Zoë@ÜBER'),
    (8, 'accent2', 'zoë@über'),
    (9, 'smile', '😀1'),
    (10, 'meta', '5%_\d+.*5'),
    (11, 'long', 'begin' || repeat('Ab', 50000) || 'end'),
    (12, 'hash', 'begin' || (SELECT string_agg(md5(i::text), '' ORDER BY i) FROM generate_series(1, 400) i)
                 || 'end')
) AS v (minute, label, value);
-- The same as destination, an hour later
INSERT INTO sample
SELECT t + interval '1 hour', replace(label, 's:', 'd:'), dst, src FROM sample;
-- Two are longer than inbox takes, and written without its bound
BEGIN;
ALTER TABLE active_calls.inbox DROP CONSTRAINT inbox_src_prefix_routing_check, DROP CONSTRAINT inbox_dst_prefix_routing_check;
INSERT INTO active_calls.inbox
SELECT t, 1002, NULL, NULL, src, dst, 0, NULL, 0 FROM sample;
ALTER TABLE active_calls.inbox
    ADD CONSTRAINT inbox_src_prefix_routing_check CHECK (char_length(src_prefix_routing) <= 1000) NOT VALID,
    ADD CONSTRAINT inbox_dst_prefix_routing_check CHECK (char_length(dst_prefix_routing) <= 1000) NOT VALID;
COMMIT;
GRANT SELECT ON sample TO active_calls_reader;
-- One of them is stored compressed and one as it is, out of line
SELECT left(src_prefix_routing, 8) AS src, length(src_prefix_routing) AS length,
       pg_column_compression(src_prefix_routing) IS NOT NULL AS compressed
FROM active_calls.inbox WHERE customer_acc_id = 1002 AND length(src_prefix_routing) > 100
ORDER BY snapshot_timestamp;

SET ROLE active_calls_reader;

-- The plain case, as rows
SELECT * FROM active_calls.origination_active_calls(
    :account, '2020-03-01 00:03Z', '2020-03-01 00:06Z', src_prefix_routing_starts_with => '380');

\pset null '(none)'
CREATE TEMP TABLE given (n serial, value text);
INSERT INTO given (value) VALUES
    (NULL), (''), (' '), ('380441234567'), ('38044123456'), ('3804412345678'), ('380'), ('567'), ('4412'),
    ('Alice'), ('ALICE'), ('alice.pbx'), ('pbx'), ('PBX'), ('.'), ('ë'), ('Ë'), ('ü'), ('Ü'), ('über'),
    ('ÜBER'), ('Zoë@ÜBER'), ('zoë@ÜBER'), ('5%_\d+.*5'), ('😀'), ('1'), ('5%'), ('%'), ('_'), ('\d+'), ('.*'), ('5'), ('begin'), ('BEGIN'), ('end'),
    ('bAbA'), ('end' || repeat('Ab', 50000)), (md5('200')), (upper(md5('200')));
\set label 'string_agg(label, '' '' ORDER BY t)'

SELECT left(value, 20) AS given,
       (SELECT :label FROM sample JOIN active_calls.origination_active_calls(
            :account, :window, src_prefix_routing_eq => value) USING (t) WHERE calls > 0) AS src_eq,
       (SELECT :label FROM sample JOIN active_calls.origination_active_calls(
            :account, :window, dst_prefix_routing_eq => value) USING (t) WHERE calls > 0) AS dst_eq
FROM given WHERE value IS NOT NULL ORDER BY n;

SELECT left(value, 20) AS given,
       (SELECT :label FROM sample JOIN active_calls.origination_active_calls(
            :account, :window, src_prefix_routing_starts_with => value) USING (t) WHERE calls > 0)
            AS src_starts_with,
       (SELECT :label FROM sample JOIN active_calls.origination_active_calls(
            :account, :window, dst_prefix_routing_starts_with => value) USING (t) WHERE calls > 0)
            AS dst_starts_with
FROM given WHERE value IS NOT NULL ORDER BY n;

SELECT left(value, 20) AS given,
       (SELECT :label FROM sample JOIN active_calls.origination_active_calls(
            :account, :window, src_prefix_routing_ends_with => value) USING (t) WHERE calls > 0)
            AS src_ends_with,
       (SELECT :label FROM sample JOIN active_calls.origination_active_calls(
            :account, :window, dst_prefix_routing_ends_with => value) USING (t) WHERE calls > 0)
            AS dst_ends_with
FROM given WHERE value IS NOT NULL ORDER BY n;

SELECT left(value, 20) AS given,
       (SELECT :label FROM sample JOIN active_calls.origination_active_calls(
            :account, :window, src_prefix_routing_contains => value) USING (t) WHERE calls > 0)
            AS src_contains,
       (SELECT :label FROM sample JOIN active_calls.origination_active_calls(
            :account, :window, dst_prefix_routing_contains => value) USING (t) WHERE calls > 0)
            AS dst_contains
FROM given WHERE value IS NOT NULL ORDER BY n;

-- A filter that is NULL is no filter: all 24 rows pass
SELECT sum(calls) FROM active_calls.origination_active_calls(
    :account, :window,
    src_prefix_routing_eq => NULL, src_prefix_routing_starts_with => NULL,
    src_prefix_routing_ends_with => NULL, src_prefix_routing_contains => NULL,
    dst_prefix_routing_eq => NULL, dst_prefix_routing_starts_with => NULL,
    dst_prefix_routing_ends_with => NULL, dst_prefix_routing_contains => NULL);

-- All filters combine with AND
SELECT :label FROM sample JOIN active_calls.origination_active_calls(
    :account, :window, src_prefix_routing_starts_with => 'begin', src_prefix_routing_ends_with => 'end',
    src_prefix_routing_contains => 'ABAB') USING (t) WHERE calls > 0;
SELECT :label FROM sample JOIN active_calls.origination_active_calls(
    :account, :window, src_prefix_routing_eq => 'Alice.PBX', src_prefix_routing_ends_with => 'pbx') USING (t)
WHERE calls > 0;
SELECT :label FROM sample JOIN active_calls.origination_active_calls(
    :account, :window, src_prefix_routing_contains => 'pbx', dst_prefix_routing_contains => '') USING (t)
WHERE calls > 0;

RESET ROLE;
DELETE FROM active_calls.inbox WHERE customer_acc_id = 1002;
ALTER TABLE active_calls.inbox VALIDATE CONSTRAINT inbox_src_prefix_routing_check, VALIDATE CONSTRAINT inbox_dst_prefix_routing_check;
DELETE FROM active_calls.account WHERE id = 1002;
