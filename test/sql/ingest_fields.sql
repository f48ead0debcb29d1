-- ingest_fields: as ingest, of the named fields alone.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

\set shown 'snapshot_timestamp, src_country_id AS src, dst_country_id AS dst, src_prefix_routing AS src_number, dst_prefix_routing AS dst_number, duration, auth_orig_ip AS address, customer_price AS price'
\set row '{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10071,"src_country_id":1,"dst_country_id":2,"src_prefix_routing":"380441234567","dst_prefix_routing":"Bob","duration":65,"auth_orig_ip":"10.0.0.1","customer_price":0.25,"connect_time":"2020-02-29 23:59:00","end_time":"2020-02-29 23:59:30","destination_fee":1,"id":7}'
CREATE PROCEDURE pg_temp.forget() LANGUAGE plpgsql SECURITY DEFINER AS
    'BEGIN DELETE FROM active_calls.inbox WHERE customer_acc_id = 10071; DELETE FROM active_calls.ingested_batch; END';

-- All, some, none of those that may be absent; fields that a switch sends and nobody reads; names that no field has
SET ROLE active_calls_writer;
SELECT active_calls.ingest_fields(:'row', '{snapshot_timestamp,customer_acc_id,src_country_id,dst_country_id,src_prefix_routing,dst_prefix_routing,duration,auth_orig_ip,customer_price,id}');
SELECT active_calls.ingest_fields(:'row', '{customer_acc_id,dst_country_id,snapshot_timestamp,node_id,lrn,dst_country_id}');
SELECT active_calls.ingest_fields(:'row', '{customer_acc_id,snapshot_timestamp,SRC_COUNTRY_ID}');
SELECT active_calls.ingest_fields(:'row', '{customer_acc_id,snapshot_timestamp," duration"}');
SELECT active_calls.ingest_fields(:'row', '{""}');
SELECT active_calls.ingest_fields(:'row', '{{snapshot_timestamp,customer_acc_id},{connect_time,customer_price}}');
SELECT active_calls.ingest_fields(:'row', '{snapshot_timestamp,customer_acc_id,connect_time,end_time}');
SET ROLE active_calls_reader;
SELECT :shown FROM active_calls.calls WHERE customer_acc_id = 10071 ORDER BY dst, src, duration;
CALL pg_temp.forget();

-- Without the account, no customer owns the call; without the time, it is refused
SET ROLE active_calls_writer;
SELECT active_calls.ingest_fields(:'row', '{snapshot_timestamp,duration}');
SELECT active_calls.ingest_fields(:'row', '{customer_acc_id}');
SELECT active_calls.ingest_fields(:'row', '{}');
SELECT active_calls.ingest_fields('', '{}');

-- Fields that are not named are looked at for their JSON structure alone
SELECT active_calls.ingest_fields('{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10071,"duration":"long","src_country_id":[]}',
                                  '{snapshot_timestamp,customer_acc_id}');
SELECT active_calls.ingest_fields('{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10071,"duration":065}',
                                  '{snapshot_timestamp,customer_acc_id}');
SELECT active_calls.ingest_fields('{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10071,"duration":[}',
                                  '{snapshot_timestamp,customer_acc_id}');
SELECT active_calls.ingest_fields('{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10071,"duration":"long"}',
                                  '{snapshot_timestamp,customer_acc_id,duration}');

-- NULLs
SELECT active_calls.ingest_fields(NULL, '{}') IS NULL AS rows, active_calls.ingest_fields('', NULL) IS NULL AS fields;
SELECT active_calls.ingest_fields(:'row', '{snapshot_timestamp,NULL}');
SELECT active_calls.ingest_fields(:'row', ARRAY[NULL]::text[]);
\set VERBOSITY sqlstate
SELECT active_calls.ingest_fields(:'row', '{snapshot_timestamp,NULL}');
\set VERBOSITY default
-- Thousands of names
SELECT active_calls.ingest_fields(:'row', array_agg('node_id'::text) || '{snapshot_timestamp,customer_acc_id}'::text[]) FROM generate_series(1, 10000) AS i;
CALL pg_temp.forget();
