-- A batch that is sent again as it was is written once, within active_calls.retry_window. The writer loads; it has no
-- rights on what is remembered.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

CREATE FUNCTION pg_temp.rows(durations int[], account int DEFAULT 10070) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":%s,"duration":%s}',
                             coalesce(account::text, 'null'), duration), E'\n')
    FROM unnest(durations) AS duration
$$;
CREATE FUNCTION pg_temp.written() RETURNS TABLE (rows bigint, remembered bigint) LANGUAGE sql SECURITY DEFINER AS $$
    SELECT (SELECT count(*) FROM active_calls.inbox WHERE customer_acc_id = 10070), count(*)
    FROM active_calls.ingested_batch
$$;
CREATE PROCEDURE pg_temp.forget() LANGUAGE sql SECURITY DEFINER AS $$
    DELETE FROM active_calls.inbox WHERE customer_acc_id = 10070;
    DELETE FROM active_calls.ingested_batch;
$$;
CREATE PROCEDURE pg_temp.age(more interval) LANGUAGE sql SECURITY DEFINER AS
    'UPDATE active_calls.ingested_batch SET ingested_at = ingested_at - more';
CALL pg_temp.forget();

-- Again, and again
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.rows('{1,2,3}'));
SELECT active_calls.ingest(pg_temp.rows('{1,2,3}'));
SELECT active_calls.ingest(pg_temp.rows('{1,2,3}'));
SELECT * FROM pg_temp.written();

-- Any other batch is taken, whatever rows it shares with that one: it is the text that counts
SELECT active_calls.ingest(pg_temp.rows('{1,2}')), active_calls.ingest(pg_temp.rows('{3,2,1}')),
       active_calls.ingest(pg_temp.rows('{1,2,3,4}')), active_calls.ingest(pg_temp.rows('{1,2,3}') || E'\n');
SELECT active_calls.ingest(pg_temp.rows('{3,2,1}'));
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- Within a batch, rows may be the same; an id is a field like any other that is not kept
SELECT active_calls.ingest(pg_temp.rows('{1,1,1}'));
SELECT active_calls.ingest(replace(pg_temp.rows('{1}'), '}', ',"id":1}')), active_calls.ingest(replace(pg_temp.rows('{2}'), '}', ',"id":1}')),
       active_calls.ingest(replace(pg_temp.rows('{3}'), '}', ',"id":[true]}'));
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- With other fields it is another batch; the order of their names does not matter
SELECT active_calls.ingest(pg_temp.rows('{1}')),
       active_calls.ingest_fields(pg_temp.rows('{1}'), '{snapshot_timestamp,customer_acc_id}'),
       active_calls.ingest_fields(pg_temp.rows('{1}'), '{snapshot_timestamp,customer_acc_id,duration}'),
       active_calls.ingest_fields(pg_temp.rows('{1}'), '{customer_acc_id,snapshot_timestamp,node_id}');
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- Each call is a batch of its own, in one transaction as in several
BEGIN;
SELECT active_calls.ingest(pg_temp.rows('{1,2}'));
SELECT active_calls.ingest(pg_temp.rows('{1,2}'));
SELECT active_calls.ingest(pg_temp.rows('{3}')), active_calls.ingest(pg_temp.rows('{3}')), active_calls.ingest(pg_temp.rows('{1}'));
COMMIT;
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- Without rows there is nothing to remember; rows that no customer owns are remembered, too
SELECT active_calls.ingest(''), active_calls.ingest(E' \r\n\t'), active_calls.ingest_fields(E'\n', '{}');
SELECT active_calls.ingest(''), active_calls.ingest(E' \r\n\t'), active_calls.ingest_fields(E'\n', '{}');
SELECT active_calls.ingest(pg_temp.rows('{1}', NULL));
SELECT active_calls.ingest(pg_temp.rows('{1}', NULL));
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- What was refused or rolled back is not remembered
SELECT active_calls.ingest(pg_temp.rows('{1}') || E'\n7');
SELECT active_calls.ingest(pg_temp.rows('{1}') || E'\n7');
BEGIN;
SELECT active_calls.ingest(pg_temp.rows('{1}'));
ROLLBACK;
BEGIN;
SELECT active_calls.ingest(pg_temp.rows('{1}'));
SAVEPOINT another;
SELECT active_calls.ingest(pg_temp.rows('{1}'));
SELECT active_calls.ingest(pg_temp.rows('{2}'));
ROLLBACK TO another;
SELECT active_calls.ingest(pg_temp.rows('{1}'));
SELECT active_calls.ingest(pg_temp.rows('{2}'));
COMMIT;
SELECT * FROM pg_temp.written();
SELECT active_calls.ingest(pg_temp.rows('{2}'));
CALL pg_temp.forget();

-- Also when the calls were sealed or changed meanwhile
SELECT active_calls.ingest(pg_temp.rows('{1,2}'));
RESET ROLE;
SELECT active_calls.seal();
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.rows('{1,2}'));
RESET ROLE;
SELECT active_calls.drop_before('infinity');
SET ROLE active_calls_writer;
CALL pg_temp.forget();

-- Large batches
SELECT active_calls.ingest(pg_temp.rows(array_agg(i))) FROM generate_series(1, 25001) AS i;
SELECT active_calls.ingest(pg_temp.rows(array_agg(i))) FROM generate_series(1, 25001) AS i;
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- For as long as active_calls.retry_window says, since it was written
SELECT active_calls.ingest(pg_temp.rows('{1}'));
CALL pg_temp.age('59 minutes');
SELECT active_calls.ingest(pg_temp.rows('{1}'));
CALL pg_temp.age('2 minutes');
SELECT active_calls.ingest(pg_temp.rows('{1}'));
SELECT active_calls.ingest(pg_temp.rows('{1}'));
SELECT * FROM pg_temp.written();
-- which superusers set for all
SET active_calls.retry_window = '2 min';
RESET ROLE;
SET active_calls.retry_window = '2 min';
SET ROLE active_calls_writer;
CALL pg_temp.age('119 s');
SELECT active_calls.ingest(pg_temp.rows('{1}'));
CALL pg_temp.age('2 s');
SELECT active_calls.ingest(pg_temp.rows('{1}'));
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();
-- 0: nothing is remembered, nothing is looked at
RESET ROLE;
SET active_calls.retry_window = 0;
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.rows('{1}')), active_calls.ingest(pg_temp.rows('{1}'));
SELECT * FROM pg_temp.written();
RESET ROLE;
RESET active_calls.retry_window;
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.rows('{1}'));
SELECT active_calls.ingest(pg_temp.rows('{1}'));
CALL pg_temp.forget();
RESET ROLE;
-- within bounds, which the test of settings shows; PostgreSQL 16 words the errors with units
\set VERBOSITY sqlstate
SET active_calls.retry_window = -1;
SET active_calls.retry_window = '8 d';
\set VERBOSITY default

-- seal forgets what is older
SET ROLE active_calls_writer;
SELECT sum(active_calls.ingest(pg_temp.rows(ARRAY[i]))) FROM generate_series(1, 100) AS i;
CALL pg_temp.age('2 hours');
SELECT active_calls.ingest(pg_temp.rows('{1}')), active_calls.ingest(pg_temp.rows('{101}'));
SELECT * FROM pg_temp.written();
SET ROLE active_calls_keeper;
SELECT active_calls.seal('1000 years');
SELECT remembered FROM pg_temp.written();
SET ROLE active_calls_writer;
CALL pg_temp.forget();

\set SHOW_CONTEXT never
-- A batch in pieces, cut anywhere: with the last one it is known which it is, and it is the same as in one
CREATE FUNCTION pg_temp.piece(rows text, is_last bool, fields text[] DEFAULT NULL, time_zone text DEFAULT NULL,
                              max_errors bigint DEFAULT 0, max_error_ratio float8 DEFAULT 0)
RETURNS text LANGUAGE sql AS $$
    SELECT format('read %s, written %s, unowned %s, lost %s, doubtful %s, %s', rows_read, rows_written, rows_unowned,
                  rows_lost, rows_doubtful, coalesce(first_error, 'no error'))
    FROM active_calls.ingest_piece(convert_to(rows, 'UTF8'), fields, time_zone, max_errors, max_error_ratio, is_last)
$$;
BEGIN;
SELECT pg_temp.piece(left(pg_temp.rows('{1,2}'), 30), false);
SELECT pg_temp.piece(substr(pg_temp.rows('{1,2}'), 31), false);
SELECT pg_temp.piece('', true);
COMMIT;
SELECT * FROM pg_temp.written();
SELECT active_calls.ingest(pg_temp.rows('{1,2}'));
BEGIN;
SELECT pg_temp.piece(pg_temp.rows('{1,2}'), false);
\set VERBOSITY sqlstate
SELECT pg_temp.piece('', true);
\set VERBOSITY default
ROLLBACK;
-- other fields make another batch; what the first piece says counts for all
BEGIN;
SELECT pg_temp.piece(pg_temp.rows('{3}'), false, '{snapshot_timestamp,customer_acc_id}');
SELECT pg_temp.piece(E'\n' || pg_temp.rows('{4}'), true, '{no_field}', 'no zone', -1, 2);
COMMIT;
-- lines are counted from the first piece on; rows may be lost
BEGIN;
SELECT pg_temp.piece(pg_temp.rows('{1,2}') || E'\n\n7', false, NULL, NULL, 1);
SELECT pg_temp.piece(E'\n' || pg_temp.rows('{5}', NULL), true);
COMMIT;
BEGIN;
SELECT pg_temp.piece(pg_temp.rows('{6}') || E'\n\n7\n8\n', false, NULL, NULL, 1, 0.5);
SELECT pg_temp.piece('', true);
ROLLBACK;
BEGIN;
SELECT pg_temp.piece(pg_temp.rows('{6}') || E'\n\n7\n8\n', true, NULL, NULL, 1, 0.7);
ROLLBACK;
SELECT pg_temp.piece('{"snapshot_timestamp":"2025-10-26 03:30:00","customer_acc_id":10070,"duration":7}', true, NULL, 'Europe/Kyiv');
-- a batch has to come to its end, in one transaction, and outside of savepoints; a rollback forgets it
BEGIN;
SELECT pg_temp.piece(pg_temp.rows('{8}'), false);
COMMIT;
BEGIN;
SELECT pg_temp.piece(left(pg_temp.rows('{8}'), 30), false);
ROLLBACK;
SELECT pg_temp.piece(pg_temp.rows('{8}'), true);
BEGIN;
SAVEPOINT inside;
SELECT pg_temp.piece(pg_temp.rows('{9}'), false);
ROLLBACK TO inside;
RELEASE inside;
SELECT pg_temp.piece(left(pg_temp.rows('{9}'), 30), false);
SAVEPOINT inside;
SELECT pg_temp.piece('', true);
ROLLBACK TO inside;
RELEASE inside;
SELECT pg_temp.piece(substr(pg_temp.rows('{9}'), 31), true);
SELECT pg_temp.piece(pg_temp.rows('{10}'), true);
COMMIT;
SELECT pg_temp.piece(NULL, true);
SELECT pg_temp.piece('', NULL);
SELECT pg_temp.piece('', true, '{NULL}');
SELECT pg_temp.piece('', true, '{no_field}');
SELECT pg_temp.piece('', true, NULL, 'no zone');
SELECT pg_temp.piece('', true, NULL, NULL, -1);
SELECT pg_temp.piece('', true, NULL, NULL, NULL);
SELECT pg_temp.piece('', true, NULL, NULL, 0, 1.1), pg_temp.piece('', true, NULL, NULL, 0, 'NaN');
SELECT pg_temp.piece('', true);
RESET ROLE;
SELECT duration, count(*) FROM active_calls.inbox WHERE customer_acc_id = 10070 GROUP BY 1 ORDER BY 1;
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- A search_path of the writer's changes nothing
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.yes(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT true';
CREATE OPERATOR hostile.< (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = hostile.yes);
CREATE TABLE hostile.ingested_batch (LIKE active_calls.ingested_batch);
GRANT USAGE ON SCHEMA hostile TO PUBLIC;
GRANT ALL ON hostile.ingested_batch TO PUBLIC;
SET ROLE active_calls_writer;
SET search_path = hostile, pg_catalog;
SELECT active_calls.ingest(pg_temp.rows('{1}'));
SELECT active_calls.ingest(pg_temp.rows('{1}'));
RESET search_path;
-- and after it, the session is the writer's
SELECT current_user;
SELECT count(*) FROM active_calls.ingested_batch;

CALL pg_temp.forget();
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA hostile CASCADE;
