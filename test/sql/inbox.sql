-- The functions write to inbox as an INSERT would: with constraints, indexes, triggers, rules, columns and row security
-- of the operator's own, and with the rights of the caller. The writer loads.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET active_calls.retry_window = 0; -- the same rows come several times

CREATE FUNCTION pg_temp.row(account int, duration int DEFAULT 5, country text DEFAULT '1') RETURNS text LANGUAGE sql AS $$
    SELECT format('{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":%s,"duration":%s,"src_country_id":%s}',
                  account, duration, country)
$$;
CREATE FUNCTION pg_temp.rows(account int) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(format('{"snapshot_timestamp":"2020-03-01 00:%s:00","customer_acc_id":%s,"duration":%s,'
                             '"src_country_id":%s,"dst_prefix_routing":%s,"auth_orig_ip":%s,"customer_price":%s}',
                             lpad((i % 60)::text, 2, '0'), account - i % 3, i, coalesce(nullif(i % 7, 0)::text, 'null'),
                             CASE WHEN i % 5 > 0 THEN to_json(repeat(i::text || 'ä', i % 5 * i % 11)) ELSE 'null' END,
                             CASE WHEN i % 4 > 0 THEN format('"10.%s.0.%s"', i / 250, i % 250) ELSE 'null' END,
                             i / 8.0), E'\n')
    FROM generate_series(1, 1000) AS i
$$;
CREATE TEMP TABLE noted (what text);
GRANT ALL ON noted TO PUBLIC;
CREATE FUNCTION pg_temp.note() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pg_temp.noted VALUES (TG_WHEN || ' ' || TG_LEVEL);
    RETURN NEW;
END
$$;

-- Alone, the rows are there at once, in the table and in its index
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.rows(10073));
RESET ROLE;
SELECT customer_acc_id, count(*), sum(duration), count(src_country_id), count(DISTINCT dst_prefix_routing), sum(length(dst_prefix_routing)),
       count(DISTINCT auth_orig_ip), sum(customer_price), count(DISTINCT snapshot_timestamp)
FROM active_calls.inbox GROUP BY 1 ORDER BY 1;
SET enable_seqscan = off;
SELECT count(*) FROM active_calls.inbox WHERE customer_acc_id = 10072;
RESET enable_seqscan;
CREATE TEMP TABLE alone AS SELECT * FROM active_calls.inbox;
DELETE FROM active_calls.inbox;

-- Beside a trigger, a partial index and one of an expression: the same rows
CREATE TRIGGER before_statement BEFORE INSERT ON active_calls.inbox EXECUTE FUNCTION pg_temp.note();
CREATE INDEX long_calls ON active_calls.inbox (duration) WHERE duration > 990;
CREATE INDEX halves ON active_calls.inbox ((duration / 2));
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.rows(10073));
RESET ROLE;
(TABLE alone EXCEPT ALL TABLE active_calls.inbox) UNION ALL (TABLE active_calls.inbox EXCEPT ALL TABLE alone);
SELECT * FROM noted;
DROP TRIGGER before_statement ON active_calls.inbox;
DELETE FROM active_calls.inbox;
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.rows(10073));
RESET ROLE;
(TABLE alone EXCEPT ALL TABLE active_calls.inbox) UNION ALL (TABLE active_calls.inbox EXCEPT ALL TABLE alone);
SET enable_seqscan = off;
SELECT count(*) FROM active_calls.inbox WHERE duration > 995;
SELECT count(*) FROM active_calls.inbox WHERE duration / 2 = 77;
RESET enable_seqscan;
DROP INDEX active_calls.long_calls, active_calls.halves;
DELETE FROM active_calls.inbox;

-- Triggers of a row: before it and after it
TRUNCATE noted;
CREATE TRIGGER before_row BEFORE INSERT ON active_calls.inbox FOR EACH ROW EXECUTE FUNCTION pg_temp.note();
CREATE TRIGGER after_row AFTER INSERT ON active_calls.inbox FOR EACH ROW EXECUTE FUNCTION pg_temp.note();
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.row(10070) || E'\n' || pg_temp.row(10071));
RESET ROLE;
SELECT what, count(*) FROM noted GROUP BY 1 ORDER BY 1;
DROP TRIGGER before_row ON active_calls.inbox;
DROP TRIGGER after_row ON active_calls.inbox;
-- one that takes rows away, which do not count as written; nor do those that a rule takes
CREATE FUNCTION pg_temp.take_away() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER take_away BEFORE INSERT ON active_calls.inbox FOR EACH ROW WHEN (NEW.duration > 900) EXECUTE FUNCTION pg_temp.take_away();
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.rows(10073));
RESET ROLE;
DROP TRIGGER take_away ON active_calls.inbox;
CREATE RULE take_away AS ON INSERT TO active_calls.inbox DO INSTEAD NOTHING;
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.rows(10073));
RESET ROLE;
DROP RULE take_away ON active_calls.inbox;
DELETE FROM active_calls.inbox WHERE customer_price > 0;

-- Constraints
ALTER TABLE active_calls.inbox ADD CONSTRAINT short CHECK (duration < 100), ALTER src_country_id SET NOT NULL;
CREATE UNIQUE INDEX only_one ON active_calls.inbox (customer_acc_id) WHERE customer_acc_id > 10080;
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.row(10072) || E'\n' || pg_temp.row(10073, 100));
SELECT active_calls.ingest(pg_temp.row(10072) || E'\n' || pg_temp.row(10073, country => 'null'));
SELECT active_calls.ingest(pg_temp.row(10081) || E'\n' || pg_temp.row(10072) || E'\n' || pg_temp.row(10081));
SELECT active_calls.ingest('{"snapshot_timestamp":"2020-03-01 00:00:00","customer_acc_id":10072,"customer_price":"1e400"}');
SELECT active_calls.ingest(pg_temp.row(10081) || E'\n' || pg_temp.row(10082));
RESET ROLE;
SELECT customer_acc_id, count(*) FROM active_calls.inbox GROUP BY 1 ORDER BY 1;
ALTER TABLE active_calls.inbox DROP CONSTRAINT short, ALTER src_country_id DROP NOT NULL;
ALTER TABLE active_calls.inbox ADD CONSTRAINT only_one_later UNIQUE (customer_acc_id, duration) DEFERRABLE INITIALLY DEFERRED;
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.row(10083) || E'\n' || pg_temp.row(10083));
RESET ROLE;
ALTER TABLE active_calls.inbox DROP CONSTRAINT only_one_later;
DROP INDEX active_calls.only_one;
DELETE FROM active_calls.inbox;

-- or none at all
BEGIN;
ALTER TABLE active_calls.inbox DROP CONSTRAINT inbox_snapshot_timestamp_check, ALTER snapshot_timestamp DROP NOT NULL,
    ALTER customer_acc_id DROP NOT NULL, ALTER duration DROP NOT NULL, ALTER customer_price DROP NOT NULL;
SELECT active_calls.ingest(pg_temp.row(10072));
ROLLBACK;

-- A publication of all tables, which wants to tell the rows that go: of inbox the operator has to say how
SET client_min_messages = error;
CREATE PUBLICATION everything FOR ALL TABLES;
RESET client_min_messages;
RESET active_calls.retry_window;
SELECT active_calls.ingest(pg_temp.row(10072));
UPDATE active_calls.ingested_batch SET ingested_at = ingested_at - interval '1 day';
SELECT active_calls.ingest(pg_temp.row(10072)), active_calls.ingest(pg_temp.row(10071));
UPDATE active_calls.ingested_batch SET ingested_at = ingested_at - interval '1 day';
SET active_calls.retry_window = 0;
SELECT active_calls.seal();
ALTER TABLE active_calls.inbox REPLICA IDENTITY FULL;
SELECT active_calls.seal() > 0 AS is_sealed;
ALTER TABLE active_calls.inbox REPLICA IDENTITY DEFAULT;
DROP PUBLICATION everything;
DELETE FROM active_calls.segment;

-- A rule
CREATE RULE copy AS ON INSERT TO active_calls.inbox DO ALSO INSERT INTO noted VALUES ('rule ' || NEW.duration);
TRUNCATE noted;
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.row(10070, 7) || E'\n' || pg_temp.row(10070, 8));
RESET ROLE;
SELECT * FROM noted ORDER BY 1;
DROP RULE copy ON active_calls.inbox;

-- Row security
ALTER TABLE active_calls.inbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY low_accounts ON active_calls.inbox FOR INSERT TO active_calls_writer WITH CHECK (customer_acc_id < 10075);
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.row(10074) || E'\n' || pg_temp.row(10075));
SELECT active_calls.ingest(pg_temp.row(10074));
RESET ROLE;
DROP POLICY low_accounts ON active_calls.inbox;
ALTER TABLE active_calls.inbox DISABLE ROW LEVEL SECURITY;

-- Rights: of the table, of its columns, none; and in a transaction that only reads
REVOKE INSERT ON active_calls.inbox FROM active_calls_writer;
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.row(10074));
RESET ROLE;
GRANT INSERT (snapshot_timestamp, customer_acc_id, src_country_id, dst_country_id, src_prefix_routing, dst_prefix_routing,
              duration, auth_orig_ip, customer_price) ON active_calls.inbox TO active_calls_writer;
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.row(10074));
RESET ROLE;
REVOKE INSERT (auth_orig_ip) ON active_calls.inbox FROM active_calls_writer;
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.row(10074));
RESET ROLE;
REVOKE INSERT ON active_calls.inbox FROM active_calls_writer; -- of all columns, too
GRANT INSERT ON active_calls.inbox TO active_calls_writer;
BEGIN READ ONLY;
SELECT active_calls.ingest(pg_temp.row(10074));
ROLLBACK;

-- Within a transaction: seen by what follows, and gone with what is rolled back
BEGIN;
DELETE FROM active_calls.inbox;
SELECT active_calls.ingest(pg_temp.row(10074)), (SELECT count(*) FROM active_calls.inbox) AS before_it;
SELECT count(*) FROM active_calls.inbox;
SAVEPOINT here;
SELECT active_calls.ingest(pg_temp.row(10074) || E'\n' || pg_temp.row(10074));
SELECT count(*) FROM active_calls.inbox;
ROLLBACK TO here;
SELECT count(*) FROM active_calls.inbox;
COMMIT;

-- A number or name has at most 1,000 characters, of however many bytes, by whatever way it comes
SET ROLE active_calls_writer;
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, src_prefix_routing, dst_prefix_routing, duration, customer_price)
VALUES ('2020-03-01', 10074, repeat('1', 1000), repeat('😀', 1000), 0, 0);
\set VERBOSITY terse
INSERT INTO active_calls.inbox (snapshot_timestamp, customer_acc_id, src_prefix_routing, duration, customer_price)
VALUES ('2020-03-01', 10074, repeat('1', 1001), 0, 0);
INSERT INTO active_calls.calls (snapshot_timestamp, customer_acc_id, dst_prefix_routing, duration, customer_price)
VALUES ('2020-03-01', 10074, repeat('😀', 1001), 0, 0);
\set VERBOSITY default
RESET ROLE;
DELETE FROM active_calls.inbox WHERE customer_acc_id = 10074;

-- A column that nobody may give a value
BEGIN;
ALTER TABLE active_calls.inbox ALTER customer_acc_id ADD GENERATED ALWAYS AS IDENTITY;
SELECT active_calls.ingest(pg_temp.row(10074));
ROLLBACK;

-- Columns of the operator's own: one that was taken away again, and some that fill themselves
ALTER TABLE active_calls.inbox ADD note text;
ALTER TABLE active_calls.inbox DROP note;
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.row(10076));
RESET ROLE;
ALTER TABLE active_calls.inbox ADD come_at date DEFAULT '2020-01-01',
    ADD minutes int GENERATED ALWAYS AS (duration / 60) STORED;
SET ROLE active_calls_writer;
SELECT active_calls.ingest(pg_temp.row(10077, 600));
RESET ROLE;
SELECT customer_acc_id, duration, come_at, minutes FROM active_calls.inbox WHERE customer_acc_id > 10075 ORDER BY 1;
ALTER TABLE active_calls.inbox DROP come_at, DROP minutes;
DELETE FROM active_calls.inbox;
