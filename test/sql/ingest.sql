-- The switch's feed into inbox: what a row becomes, and what is refused. The writer loads, the reader
-- looks.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET active_calls.retry_window = 0; -- the same rows come several times

\set good '{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10060'
\set shown 'snapshot_timestamp, customer_acc_id AS acc, src_country_id AS src, dst_country_id AS dst, src_prefix_routing AS src_number, dst_prefix_routing AS dst_number, duration, auth_orig_ip AS address, customer_price AS price'
CREATE PROCEDURE pg_temp.forget() LANGUAGE sql SECURITY DEFINER
    AS 'DELETE FROM active_calls.inbox WHERE customer_acc_id BETWEEN 10060 AND 10069';

-- Values as given; the least a row can hold; fields that are not kept, whatever is in them
SET ROLE active_calls_writer;
SELECT active_calls.ingest($feed$
{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10060,"src_country_id":1,"dst_country_id":2,"src_prefix_routing":"380441234567","dst_prefix_routing":"Bob","duration":65,"auth_orig_ip":"10.0.0.1","customer_price":0.25}
{"snapshot_timestamp":"2020-03-01 00:01:00","customer_acc_id":10060}
{"snapshot_timestamp":"2020-03-01 00:02:00","customer_acc_id":10060,"src_country_id":null,"dst_country_id":null,"src_prefix_routing":null,"dst_prefix_routing":null,"duration":null,"auth_orig_ip":null,"customer_price":null,"connect_time":null,"end_time":null}
{"id":18446744073709551615,"big":1e300,"list":[1,[2,{"duration":3}]],"object":{"customer_acc_id":5,"duration":7},"yes":true,"text":"\u0000","snapshot_timestamp":"2020-03-01 00:03:00","customer_acc_id":10060}
$feed$);
SET ROLE active_calls_reader;
SELECT :shown FROM active_calls.calls WHERE customer_acc_id = 10060 ORDER BY 1;
CALL pg_temp.forget();

-- Numbers may be quoted, and lie at the limits of their type
SET ROLE active_calls_writer;
SELECT active_calls.ingest($feed$
{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":"10060","src_country_id":"1","dst_country_id":"-2","duration":"65","customer_price":"0.25"}
{"snapshot_timestamp":"2020-03-01 00:01:00","customer_acc_id":10060,"src_country_id":2147483647,"dst_country_id":-2147483648,"duration":2147483647,"customer_price":1.7976931348623157e308}
{"snapshot_timestamp":"2020-03-01 00:02:00","customer_acc_id":10060,"src_country_id":"2147483647","dst_country_id":"-2147483648","duration":"-2147483648","customer_price":"-1.5E-3"}
{"snapshot_timestamp":"2020-03-01 00:03:00","customer_acc_id":10060,"customer_price":-0.0,"duration":-0}
{"snapshot_timestamp":"2020-03-01 00:04:00","customer_acc_id":10060,"customer_price":9223372036854775808}
{"snapshot_timestamp":"2020-03-01 00:05:00","customer_acc_id":10060,"customer_price":3}
$feed$);
SET ROLE active_calls_reader;
SELECT :shown FROM active_calls.calls WHERE customer_acc_id = 10060 ORDER BY 1;
CALL pg_temp.forget();

-- Duration: as given, else from connect_time to end_time or the snapshot, never under 0
SET ROLE active_calls_writer;
SELECT active_calls.ingest($feed$
{"snapshot_timestamp":"2020-03-01 00:01:00","customer_acc_id":10060,"customer_price":0,"connect_time":"2020-02-29 23:58:59"}
{"snapshot_timestamp":"2020-03-01 00:02:00","customer_acc_id":10060,"customer_price":0,"connect_time":"2020-02-29 23:59:00","end_time":"2020-03-01 00:01:30"}
{"snapshot_timestamp":"2020-03-01 00:03:00","customer_acc_id":10060,"customer_price":0,"connect_time":"2020-03-01 00:02:00","end_time":null,"duration":null}
{"snapshot_timestamp":"2020-03-01 00:04:00","customer_acc_id":10060,"customer_price":0,"connect_time":"2020-03-01 00:02:00","duration":7}
{"snapshot_timestamp":"2020-03-01 00:05:00","customer_acc_id":10060,"customer_price":0,"connect_time":"2020-03-01 00:05:01"}
{"snapshot_timestamp":"2020-03-01 00:06:00","customer_acc_id":10060,"customer_price":0,"connect_time":"2020-03-01 00:05:00","end_time":"2020-03-01 00:04:00"}
{"snapshot_timestamp":"2020-03-01 00:07:00","customer_acc_id":10060,"customer_price":0,"connect_time":null,"end_time":"2020-03-01 00:04:00"}
{"snapshot_timestamp":"2020-03-01 00:08:00","customer_acc_id":10060,"customer_price":0,"connect_time":"2020-03-01 00:02:00","duration":0}
$feed$);
SET ROLE active_calls_reader;
SELECT snapshot_timestamp, duration FROM active_calls.calls WHERE customer_acc_id = 10060 ORDER BY 1;
CALL pg_temp.forget();

-- Price: as given, else of a connected call by its tariff: 125 seconds are 0.5 + 0.75 + 3 * 0.75
SET ROLE active_calls_writer;
SELECT active_calls.ingest($feed$
{"snapshot_timestamp":"2020-03-01 00:02:05","customer_acc_id":10060,"connect_time":"2020-03-01 00:00:00","destination_fee":"0.5","destination_initial_rate":"0.7500","destination_next_rate":"1.5","destination_initial_interval":60,"destination_next_interval":30}
{"snapshot_timestamp":"2020-03-01 00:02:06","customer_acc_id":10060,"connect_time":"2020-03-01 00:00:01","destination_fee":0.5,"destination_initial_rate":0.75,"destination_next_rate":1.5,"destination_initial_interval":"60","destination_next_interval":"30","customer_price":null}
{"snapshot_timestamp":"2020-03-01 00:02:07","customer_acc_id":10060,"connect_time":"2020-03-01 00:00:00","destination_fee":"0.5","customer_price":0}
{"snapshot_timestamp":"2020-03-01 00:02:08","customer_acc_id":10060,"connect_time":null,"destination_fee":"0.5","destination_initial_rate":"0.75","destination_initial_interval":60}
{"snapshot_timestamp":"2020-03-01 00:02:09","customer_acc_id":10060,"connect_time":"2020-03-01 00:02:09","destination_fee":"0.5","destination_initial_rate":"0.75","destination_initial_interval":60,"destination_next_interval":0}
{"snapshot_timestamp":"2020-03-01 00:02:10","customer_acc_id":10060,"duration":1,"destination_fee":"0.5","destination_initial_rate":"0.75","destination_initial_interval":60}
{"snapshot_timestamp":"2020-03-01 00:02:13","customer_acc_id":10060,"duration":60,"destination_fee":"0.5"}
{"snapshot_timestamp":"2020-03-01 00:02:14","customer_acc_id":10060,"duration":60,"destination_initial_rate":"0.75","destination_next_rate":"0.75"}
{"snapshot_timestamp":"2020-03-01 00:02:15","customer_acc_id":10060,"connect_time":"1970-01-01 00:00:00","destination_fee":"0.5"}
{"snapshot_timestamp":"2020-03-01 00:02:16","customer_acc_id":10060,"connect_time":"2020-03-01 00:01:16","end_time":"2020-03-01 02:02:16","destination_next_rate":1,"destination_next_interval":1}
{"snapshot_timestamp":"2020-03-01 00:02:11","customer_acc_id":10060,"connect_time":"2020-03-01 00:02:11"}
{"snapshot_timestamp":"2020-03-01 00:02:12","customer_acc_id":10060,"connect_time":"2020-03-01 00:00:00"}
$feed$);
SET ROLE active_calls_reader;
SELECT snapshot_timestamp, duration, customer_price FROM active_calls.calls WHERE customer_acc_id = 10060 ORDER BY 1;
CALL pg_temp.forget();

-- Addresses and text
SET ROLE active_calls_writer;
SELECT active_calls.ingest($feed$
{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10060,"auth_orig_ip":"2001:DB8:7:0:0:0:0:5","src_prefix_routing":""}
{"snapshot_timestamp":"2020-03-01 00:01:00","customer_acc_id":10060,"auth_orig_ip":"::ffff:10.0.0.1","src_prefix_routing":"Zoë 😀"}
{"snapshot_timestamp":"2020-03-01 00:02:00","customer_acc_id":10060,"src_prefix_routing":"\u0041\"\\\/\b\f\n\r\t\u00eb\ud83d\ude00","dst_prefix_routing":"'; DROP TABLE active_calls.inbox; --"}
{"snapshot_\u0074imestamp":"2020-03-01 00:03:00","customer_acc_id":10060,"src_prefix_routing":"key with an escape"}
{"snapshot_timestamp":"2020-03-01 00:04:00","customer_acc_id":10060,"src_prefix_routing":"\u0328\udd42\ude2b","dst_prefix_routing":"a\u0000b","src_name_in":"\ud83d","x":1e400}
$feed$);
SET ROLE active_calls_reader;
SELECT snapshot_timestamp, src_country_id, to_json(src_prefix_routing) AS src_number, dst_prefix_routing, auth_orig_ip
FROM active_calls.calls WHERE customer_acc_id = 10060 ORDER BY 1;
CALL pg_temp.forget();

-- Line ends, blank lines, spaces, no last line end, nothing at all
SET ROLE active_calls_writer;
SELECT active_calls.ingest(E'\r\n\n  \t\r\n{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10060}\r\n'
                           ' { "snapshot_timestamp" : "2020-03-01 00:01:00" , "customer_acc_id" : 10060 } \n\n'
                           '\t{"snapshot_timestamp":"2020-03-01 00:02:00","customer_acc_id":10060}');
SELECT active_calls.ingest('') AS empty, active_calls.ingest(E'\n \r\n') AS blank, active_calls.ingest(NULL) AS "null";
SET ROLE active_calls_reader;
SELECT snapshot_timestamp FROM active_calls.calls WHERE customer_acc_id = 10060 ORDER BY 1;
CALL pg_temp.forget();

-- Rows however they are separated
SET ROLE active_calls_writer;
SELECT active_calls.ingest(E'\uFEFF[' || string_agg(row, ',') || E'\n]')
FROM (VALUES (:'good' || '}'), (E'\n' || :'good' || E'\n,"x":[{},\n{}]}'), (:'good' || '}' || :'good' || '}')) AS v (row);
SET ROLE active_calls_reader;
SELECT count(*) FROM active_calls.calls WHERE customer_acc_id = 10060;
CALL pg_temp.forget();

-- The times of another zone: a time that was skipped, one that came twice
SET ROLE active_calls_writer;
SET active_calls.feed_time_zone = 'Europe/Kyiv';
SELECT active_calls.ingest($feed$
{"snapshot_timestamp":"2026-07-01 15:00:00","connect_time":"2026-07-01 14:59:00","customer_acc_id":10060}
{"snapshot_timestamp":"2025-12-01 15:00:00","connect_time":"2025-12-01 14:59:00","customer_acc_id":10060}
{"snapshot_timestamp":"2025-10-26 03:30:00","connect_time":"2025-10-26 02:59:00","customer_acc_id":10060}
$feed$);
SELECT active_calls.ingest('{"snapshot_timestamp":"2026-03-29 03:30:00","customer_acc_id":10060}');
SET active_calls.feed_time_zone = 'Europe/Nowhere';
RESET active_calls.feed_time_zone;
SET ROLE active_calls_reader;
SELECT snapshot_timestamp, duration FROM active_calls.calls WHERE customer_acc_id = 10060 ORDER BY 1;
CALL pg_temp.forget();

-- A clock that is ahead
SET ROLE active_calls_writer;
SELECT active_calls.ingest(format('{"snapshot_timestamp":"%s","customer_acc_id":10060}', to_char(now() + '9 min', 'YYYY-MM-DD HH24:MI:SS')));
SELECT active_calls.ingest(format('{"snapshot_timestamp":"%s","customer_acc_id":10060}', to_char(now() + '11 min', 'YYYY-MM-DD HH24:MI:SS')));
RESET ROLE;
SET active_calls.max_clock_ahead = '20min';
SET ROLE active_calls_writer;
SELECT active_calls.ingest(format('{"snapshot_timestamp":"%s","customer_acc_id":10060}', to_char(now() + '11 min', 'YYYY-MM-DD HH24:MI:SS')));
RESET ROLE;
SET active_calls.max_clock_ahead = -1;
SET ROLE active_calls_writer;
SELECT active_calls.ingest('{"snapshot_timestamp":"9999-12-31 23:59:59","customer_acc_id":10060}');
RESET ROLE;
RESET active_calls.max_clock_ahead;
CALL pg_temp.forget();

-- Snapshots at any second of a minute; the duration is exact
SET active_calls.snapshot_period = '1min';
SET ROLE active_calls_writer;
SELECT active_calls.ingest($feed$
{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10060,"connect_time":"2020-02-29 23:59:00"}
{"snapshot_timestamp":"2020-03-01 00:00:59","customer_acc_id":10060,"connect_time":"2020-02-29 23:59:00"}
{"snapshot_timestamp":"2020-03-01 00:01:00","customer_acc_id":10060,"connect_time":"2020-02-29 23:59:00"}
$feed$);
SET active_calls.snapshot_period = 0;
RESET ROLE;
RESET active_calls.snapshot_period;
SET ROLE active_calls_reader;
SELECT snapshot_timestamp, duration FROM active_calls.calls WHERE customer_acc_id = 10060 ORDER BY 1, 2;
CALL pg_temp.forget();

-- Fields that there are, and one that there is not
SET ROLE active_calls_writer;
SELECT active_calls.ingest_fields(:'good' || ',"duration":"x"}', '{snapshot_timestamp,customer_acc_id,node_id,snapshot_date}');
SELECT active_calls.ingest_fields(:'good' || '}', '{snapshot_timestamp,customer_accid}');
CALL pg_temp.forget();

-- Calls that no customer owns are skipped and counted
SET ROLE active_calls_writer;
SELECT active_calls.ingest($feed$
{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10060}
{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":null}
{"snapshot_timestamp":"2020-03-01 00:00:00"}
$feed$);
SELECT active_calls.ingest('{"snapshot_timestamp":"2020-03-01 00:00:00"}');
SET ROLE active_calls_reader;
SELECT count(*) FROM active_calls.calls WHERE snapshot_timestamp = '2020-03-01 00:00Z' AND customer_acc_id = 10060;
CALL pg_temp.forget();

-- A bad line refuses the whole batch and is named. The first line of each batch is a good one, the
-- second is blank, the third is bad
SET ROLE active_calls_writer;
SELECT active_calls.ingest($feed${"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10060}

{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10060,"duration":"a minute"}
{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10060}
$feed$);
CREATE FUNCTION pg_temp.refusal(rows text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN 'accepted: ' || active_calls.ingest(rows);
EXCEPTION WHEN others THEN
    RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
CREATE TEMP TABLE bad (n serial, what text, line text);
INSERT INTO bad (what, line)
SELECT line, line FROM unnest(ARRAY[
    'INSERT INTO active_calls FORMAT JSONEachRow', '17', '"text"', 'null', 'true', '[]', '[{}]', '{', '}', '{}}',
    '{} {}', '{"a"}', '{"a":}', '{"a":1,}', '{a:1}', '{''a'':1}', '{"a":01}', '{"a":NaN}', '{"a":"\ud800"}',
    '{"a":"\x"}', '{} // comment', '{}', '{"customer_acc_id":10060}',
    '{"snapshot_timestamp":null,"customer_acc_id":10060}', '{"customer_acc_id":10060,"customer_acc_id":10060}']) AS line;
INSERT INTO bad (what, line)
SELECT value, '{"snapshot_timestamp":' || value || ',"customer_acc_id":10060}' FROM unnest(ARRAY[
    '""', '"now"', '"infinity"', '"2020-03-01"', '"2020-03-01T00:00:00"', '"2020-03-01 00:00:00Z"',
    '"2020-03-01 00:00:00.5"', '"2020-3-1 0:0:0"', '" 2020-03-01 00:00:00"', '"2020-02-30 00:00:00"',
    '"2019-02-29 00:00:00"', '"2020-13-01 00:00:00"', '"0000-00-00 00:00:00"', '"2020-03-01 24:00:00"',
    '"2020-03-01 00:60:00"', '"2020-03-01 00:00:60"', '"-020-03-01 00:00:00"', '1583020800', 'true',
    '{}', '[]']) AS value;
INSERT INTO bad (what, line)
SELECT fields, CASE WHEN fields LIKE '"customer_acc_id%' THEN '{"snapshot_timestamp":"2020-03-01 00:00:00"' ELSE :'good' END || ',' || fields || '}' FROM unnest(ARRAY[
    '"connect_time":"never"', '"connect_time":"2020-03-01 00:00:00","end_time":""', '"connect_time":"1900-01-01 00:00:00"',
    '"customer_acc_id":2147483648', '"customer_acc_id":-2147483649', '"customer_acc_id":18446744073709551615',
    '"customer_acc_id":1.0', '"customer_acc_id":""', '"customer_acc_id":" 7"', '"customer_acc_id":"+7"',
    '"customer_acc_id":"7 "', '"customer_acc_id":"0x7"', '"customer_acc_id":"9999999999999999999"',
    '"customer_acc_id":true', '"src_country_id":"one"', '"dst_country_id":1e2', '"duration":1.5', '"duration":[1]',
    '"duration":{"s":1}', '"src_prefix_routing":380', '"dst_prefix_routing":false', '"src_prefix_routing":"a\u0000b"',
    '"auth_orig_ip":""', '"auth_orig_ip":"10.0.0"', '"auth_orig_ip":"10.0.0.256"', '"auth_orig_ip":"10.0.0.1/32"',
    '"auth_orig_ip":"fe80::1%eth0"', '"auth_orig_ip":"localhost"', '"auth_orig_ip":7', '"customer_price":"free"',
    '"customer_price":"NaN"', '"customer_price":"inf"', '"customer_price":"1e999"', '"customer_price":"1,5"',
    '"customer_price":true', '"duration":1,"destination_fee":"x"', '"duration":1,"destination_initial_rate":"x"',
    '"duration":1,"destination_next_rate":[]', '"duration":1,"destination_initial_interval":0.5',
    '"duration":1,"destination_next_interval":"x"', '"duration":1,"destination_initial_interval":-1',
    '"duration":1,"destination_initial_interval":0,"destination_next_interval":0',
    '"duration":1,"destination_initial_interval":600,"destination_initial_rate":1e308']) AS fields;
-- In a call that no customer owns, nobody looks
INSERT INTO bad (what, line)
SELECT line, line FROM (VALUES ('{"snapshot_timestamp":"tomorrow","duration":"x"}'), ('{"customer_acc_id":null,"auth_orig_ip":7}')) AS v (line);
SELECT what, pg_temp.refusal(:'good' || E'}\n\n' || line) AS refusal FROM bad ORDER BY n;
SET ROLE active_calls_reader;
SELECT count(*) FROM active_calls.calls WHERE customer_acc_id = 10060;

-- Deep nesting, very long values
SET ROLE active_calls_writer;
SELECT active_calls.ingest(:'good' || ',"x":' || repeat('[', 1000) || repeat(']', 1000) || '}') AS deep,
       active_calls.ingest(:'good' || ',"x":' || repeat('[', 1000000) || repeat(']', 1000000) || '}') AS deeper,
       pg_temp.refusal(:'good' || ',"x":' || repeat('[', 1000000)) AS unclosed,
       active_calls.ingest(:'good' || ',"x":"' || repeat('1234567890', 1000000) || '"}') AS long;

-- A number or name has at most 1,000 characters, of however many bytes
SELECT active_calls.ingest(:'good' || ',"src_prefix_routing":"' || repeat('1', 1000) || '"}')
       + active_calls.ingest(:'good' || ',"dst_prefix_routing":"' || repeat('😀', 1000) || '"}') AS taken;
SELECT pg_temp.refusal(:'good' || E'}\n' || :'good' || ',"src_prefix_routing":"' || repeat('1', 1001) || '"}') AS number,
       pg_temp.refusal(:'good' || ',"dst_prefix_routing":"' || repeat('😀', 1001) || '"}') AS name;
SET ROLE active_calls_reader;
SELECT max(length(src_prefix_routing)) AS number, max(length(dst_prefix_routing)) AS name, max(octet_length(dst_prefix_routing)) AS bytes
FROM active_calls.calls WHERE customer_acc_id = 10060;
CALL pg_temp.forget();

-- Batches larger than one INSERT takes, whole or not at all
SET ROLE active_calls_writer;
SELECT pg_temp.refusal((SELECT string_agg(:'good' || ',"src_prefix_routing":"' || i || '"}', E'\n')
                        FROM generate_series(1, 25001) AS i) || E'\n{');
SET ROLE active_calls_reader;
SELECT count(*) FROM active_calls.calls WHERE customer_acc_id = 10060;
SET ROLE active_calls_writer;
SELECT active_calls.ingest((SELECT string_agg(
    CASE WHEN i % 3 = 0 THEN :'good' || ',"src_prefix_routing":"' || i || '"}' ELSE :'good' || '}' END, E'\n')
    FROM generate_series(1, 25001) AS i));
SELECT active_calls.ingest((SELECT string_agg(:'good' || '}', E'\n') FROM generate_series(1, 10000)));
SET ROLE active_calls_reader;
SELECT count(*), count(src_prefix_routing), count(DISTINCT src_prefix_routing), sum(src_prefix_routing::int)
FROM active_calls.calls WHERE customer_acc_id = 10060;
CALL pg_temp.forget();

-- In a transaction: after an error nothing of it is left; a read-only one refuses
SET ROLE active_calls_writer;
BEGIN;
SELECT active_calls.ingest(:'good' || '}');
SAVEPOINT before_bad_line;
SELECT active_calls.ingest(:'good' || E'}\n7');
ROLLBACK TO before_bad_line;
SELECT active_calls.ingest(:'good' || '}');
COMMIT;
\set SHOW_CONTEXT never
BEGIN READ ONLY;
SELECT active_calls.ingest(:'good' || '}');
ROLLBACK;
SET ROLE active_calls_reader;
SELECT count(*) FROM active_calls.calls WHERE customer_acc_id = 10060;
CALL pg_temp.forget();

RESET ROLE;
DROP PROCEDURE pg_temp.forget();
