-- A batch that is sent again: rows of the same id and snapshot are written once, within
-- active_calls.retry_window. The writer loads; it has no rights on what is remembered.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

CREATE FUNCTION pg_temp.row(id text, minute int DEFAULT 0, account text DEFAULT '10070') RETURNS text LANGUAGE sql AS $$
    SELECT format('{"snapshot_timestamp":"2020-03-01 00:%s:00","customer_acc_id":%s%s}', lpad(minute::text, 2, '0'),
                  account, ',"id":' || id)
$$;
CREATE FUNCTION pg_temp.written() RETURNS TABLE (rows bigint, remembered bigint, bytes bigint) LANGUAGE sql SECURITY DEFINER AS $$
    SELECT (SELECT count(*) FROM active_calls.inbox WHERE customer_acc_id = 10070), count(*), sum(length(ids))
    FROM active_calls.ingested
$$;
CREATE PROCEDURE pg_temp.forget() LANGUAGE sql SECURITY DEFINER AS $$
    DELETE FROM active_calls.inbox WHERE customer_acc_id = 10070;
    DELETE FROM active_calls.ingested;
$$;
CREATE PROCEDURE pg_temp.age(more interval) LANGUAGE sql SECURITY DEFINER AS
    'UPDATE active_calls.ingested SET ingested_at = ingested_at - more';

-- Again, in part, with others; of another snapshot it is another row
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('2') || E'\n' || pg_temp.row('3'));
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('2') || E'\n' || pg_temp.row('3'));
SELECT active_calls.ingest(pg_temp.row('3') || E'\n' || pg_temp.row('4') || E'\n' || pg_temp.row('1', 1));
SELECT active_calls.ingest(pg_temp.row('4') || E'\n' || pg_temp.row('1', 1) || E'\n' || pg_temp.row('1', 2) || E'\n' || pg_temp.row('2', 1));
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- Several times in one batch: all are taken, as when a client has rounded the ids. Of what follows, as many are repeated
-- as there were. A number and its text are the same id
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('"1"') || E'\n' || pg_temp.row('1', 1) || E'\n' || pg_temp.row('1'));
SELECT active_calls.ingest(pg_temp.row('"1"'));
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('1') || E'\n' || pg_temp.row('1') || E'\n' || pg_temp.row('1'));
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('1') || E'\n' || pg_temp.row('1') || E'\n' || pg_temp.row('1'));
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- All that a transaction ingests is one batch, however it is cut into pieces
BEGIN;
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('1')), active_calls.ingest(pg_temp.row('2'));
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('3'));
COMMIT;
BEGIN;
SELECT active_calls.ingest(pg_temp.row('1')), active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('2'));
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('3') || E'\n' || pg_temp.row('4'));
COMMIT;
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- Of what earlier batches had, a transaction skips as many and no more
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('1'));
BEGIN;
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('2'));
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('1', 1));
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('2') || E'\n' || pg_temp.row('1', 1));
COMMIT;
SELECT active_calls.ingest(string_agg(pg_temp.row('1'), E'\n')) FROM generate_series(1, 5);
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- The limits of ids, and any text
SELECT active_calls.ingest(string_agg(pg_temp.row(id), E'\n')) FROM unnest(ARRAY[
    '0', '-1', '9223372036854775807', '-9223372036854775808', '18446744073709551614', '18446744073709551615', '"a"', '"A"',
    '"ä"', '" a"', '"a\u0000"', '"a\u0000b"', '"' || repeat('x', 100000) || '"']) AS id;
SELECT active_calls.ingest(string_agg(pg_temp.row(id), E'\n')) FROM unnest(ARRAY[
    '"0"', '"-1"', '"9223372036854775807"', '"-9223372036854775808"', '"18446744073709551614"', '"18446744073709551615"',
    '"\u0061"', '"A"', '"\u00e4"', '" a"', '"a\u0000"', '"a\u0000b"', '"' || repeat('x', 100000) || '"']) AS id;
CALL pg_temp.forget();
SELECT active_calls.ingest(pg_temp.row('1.5'));
SELECT active_calls.ingest(pg_temp.row('18446744073709551616'));
SELECT active_calls.ingest(pg_temp.row('true'));
SELECT active_calls.ingest(pg_temp.row('[1]'));

-- Without an id a row is taken as it comes
SELECT active_calls.ingest(string_agg(pg_temp.row(id), E'\n')) FROM unnest(ARRAY['null', 'null', '""', '""']) AS id;
SELECT active_calls.ingest(replace(pg_temp.row('1'), '"id":1', '"node_id":1') || E'\n' || replace(pg_temp.row('1'), '"id":1', '"node_id":1'));
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- What no customer owns is skipped before; an id is not remembered for it
SELECT active_calls.ingest(pg_temp.row('1', 0, 'null') || E'\n' || pg_temp.row('1', 0, 'null'));
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('1') || E'\n' || pg_temp.row('2', 0, 'null'));
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- What was refused or taken back is not remembered either
SELECT active_calls.ingest(pg_temp.row('1') || E'\n7');
BEGIN;
SELECT active_calls.ingest(pg_temp.row('1'));
ROLLBACK;
BEGIN;
SELECT active_calls.ingest(pg_temp.row('1'));
SAVEPOINT another;
SELECT active_calls.ingest(pg_temp.row('2'));
ROLLBACK TO another;
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('2'));
COMMIT;
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- nor is that it was skipped; and what came before it still is
SELECT active_calls.ingest(pg_temp.row('1'));
BEGIN;
SAVEPOINT another;
SELECT active_calls.ingest(pg_temp.row('1'));
ROLLBACK TO another;
SELECT count(*) AS locks FROM pg_locks WHERE locktype = 'object' AND objid = 'active_calls.ingested'::regclass AND pid = pg_backend_pid();
SELECT active_calls.ingest(pg_temp.row('1'));
SELECT count(*) AS locks FROM pg_locks WHERE locktype = 'object' AND objid = 'active_calls.ingested'::regclass AND pid = pg_backend_pid();
SAVEPOINT another;
SELECT 1 / 0;
ROLLBACK TO another;
SELECT active_calls.ingest(pg_temp.row('1'));
COMMIT;
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();
-- also where the operator's own trigger does so in the middle: with what it did itself, and with rows it ingested
RESET ROLE;
CREATE FUNCTION pg_temp.stumble() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM active_calls.ingest('{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10070,"id":1}' || E'\nx');
EXCEPTION WHEN invalid_text_representation THEN
    RETURN NULL;
END
$$;
CREATE TRIGGER stumble BEFORE INSERT ON active_calls.inbox EXECUTE FUNCTION pg_temp.stumble();
SET ROLE active_calls_writer;
BEGIN;
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('2'));
SELECT active_calls.ingest(pg_temp.row('2') || E'\n' || pg_temp.row('3'));
COMMIT;
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('2') || E'\n' || pg_temp.row('2') || E'\n' || pg_temp.row('3'));
RESET ROLE;
DROP TRIGGER stumble ON active_calls.inbox;
SET ROLE active_calls_writer;
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();
DO $$
BEGIN
    FOR id IN 1..200 LOOP
        BEGIN
            PERFORM active_calls.ingest(pg_temp.row(id::text) || E'\n' || pg_temp.row((id + 1)::text));
            IF id % 2 = 0 THEN RAISE EXCEPTION 'back'; END IF;
        EXCEPTION WHEN raise_exception THEN NULL;
        END;
    END LOOP;
END
$$;
SELECT * FROM pg_temp.written();
SELECT active_calls.ingest(string_agg(pg_temp.row(id::text), E'\n')) FROM generate_series(1, 201) AS id;
CALL pg_temp.forget();

-- Also when the calls were sealed or changed meanwhile
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('2'));
RESET ROLE;
SELECT active_calls.seal();
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('2') || E'\n' || pg_temp.row('3'));
RESET ROLE;
SELECT active_calls.drop_before('infinity');
SET ROLE active_calls_writer;
CALL pg_temp.forget();

-- Larger batches, and the snapshots of an hour
SELECT active_calls.ingest(string_agg(pg_temp.row(id::text, id % 60), E'\n')) FROM generate_series(1, 25001) AS id;
SELECT * FROM pg_temp.written();
SELECT active_calls.ingest(string_agg(pg_temp.row(id::text, id % 60), E'\n')) FROM generate_series(25002, 0, -1) AS id;
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();

-- For as long as active_calls.retry_window says
SELECT active_calls.ingest(pg_temp.row('1'));
CALL pg_temp.age('59 minutes');
SELECT active_calls.ingest(pg_temp.row('1'));
CALL pg_temp.age('2 minutes');
SELECT active_calls.ingest(pg_temp.row('1'));
SELECT * FROM pg_temp.written();
SET active_calls.retry_window = '2 min';
CALL pg_temp.age('119 s');
SELECT active_calls.ingest(pg_temp.row('1'));
CALL pg_temp.age('2 s');
SELECT active_calls.ingest(pg_temp.row('1'));
SELECT * FROM pg_temp.written();
CALL pg_temp.forget();
-- 0: nothing is remembered, nothing is looked at
SET active_calls.retry_window = 0;
SELECT active_calls.ingest(pg_temp.row('1') || E'\n' || pg_temp.row('1'));
SELECT * FROM pg_temp.written();
RESET active_calls.retry_window;
SELECT active_calls.ingest(pg_temp.row('1'));
SELECT active_calls.ingest(pg_temp.row('1'));
CALL pg_temp.forget();
-- within bounds, which the test of settings shows; PostgreSQL 16 words the errors with units
\set VERBOSITY sqlstate
SET active_calls.retry_window = -1;
SET active_calls.retry_window = '8 d';
\set VERBOSITY default

-- What is old is deleted little by little: a few times what each batch adds
DO $$
BEGIN
    FOR id IN 1..100 LOOP
        PERFORM active_calls.ingest(pg_temp.row(id::text, id % 60));
    END LOOP;
END
$$;
SELECT * FROM pg_temp.written();
CALL pg_temp.age('2 hours');
SELECT active_calls.ingest(pg_temp.row('200'));
SELECT remembered FROM pg_temp.written();
SELECT sum(active_calls.ingest(pg_temp.row(id::text))) FROM generate_series(201, 208) AS id;
SELECT remembered FROM pg_temp.written();

-- A search_path of the writer's changes nothing
RESET ROLE;
CREATE SCHEMA hostile;
CREATE FUNCTION hostile.no(timestamptz, timestamptz) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR hostile.= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = hostile.no);
CREATE OPERATOR hostile.>= (LEFTARG = timestamptz, RIGHTARG = timestamptz, FUNCTION = hostile.no);
CREATE TABLE hostile.ingested (LIKE active_calls.ingested);
GRANT USAGE ON SCHEMA hostile TO PUBLIC;
GRANT ALL ON hostile.ingested TO PUBLIC;
SET search_path = hostile, pg_catalog;
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.row('200'));
RESET search_path;
-- and after it, the session is the writer's
SELECT current_user;
SELECT count(*) FROM active_calls.ingested;

CALL pg_temp.forget();
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA hostile CASCADE;
