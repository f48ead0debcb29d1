-- table_changes: what pg_dump leaves out of the extension's own relations, as statements.
SELECT * FROM active_calls.table_changes();

-- One change of each kind
CREATE ROLE "a tenant";
CREATE TABLE "a customer" (id int PRIMARY KEY);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
SET client_min_messages = error; -- not what wal_level is
CREATE PUBLICATION "a publication";
CREATE PUBLICATION columns;
ALTER TABLE active_calls.account ADD note int;
ALTER TABLE active_calls.account DROP note;
ALTER TABLE active_calls.account
    ADD "a country" text COLLATE "C" NOT NULL DEFAULT 'it''s;' CHECK ("a country" <> ''),
    ADD since interval DEFAULT '1 day 02:00',
    ADD twice int GENERATED ALWAYS AS (customer_id * 2) STORED,
    ADD CONSTRAINT "a key" UNIQUE (name),
    ADD FOREIGN KEY (customer_id) REFERENCES "a customer";
CREATE UNIQUE INDEX an_identity ON active_calls.account (customer_id);
ALTER TABLE active_calls.account REPLICA IDENTITY USING INDEX an_identity;
ALTER TABLE active_calls.inbox REPLICA IDENTITY FULL;
ALTER TABLE active_calls.last_seal REPLICA IDENTITY NOTHING;
CREATE INDEX "by price" ON active_calls.inbox (customer_price) WHERE duration > 0;
CREATE STATISTICS active_calls.both_countries ON src_country_id, dst_country_id FROM active_calls.inbox;
ALTER TABLE active_calls.inbox SET (autovacuum_vacuum_scale_factor = 0.01, fillfactor = 90);
CREATE RULE "no delete" AS ON DELETE TO active_calls.api_access DO INSTEAD NOTHING;
CREATE TRIGGER "a trigger" BEFORE INSERT ON active_calls.inbox FOR EACH ROW WHEN (NEW.duration > 5) EXECUTE FUNCTION f();
ALTER TABLE active_calls.inbox ENABLE ALWAYS TRIGGER "a trigger";
CREATE TRIGGER off BEFORE INSERT ON active_calls.segment FOR EACH STATEMENT EXECUTE FUNCTION f();
ALTER TABLE active_calls.segment DISABLE TRIGGER off, ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE TRIGGER on_view INSTEAD OF DELETE ON active_calls.calls FOR EACH ROW EXECUTE FUNCTION f();
CREATE POLICY "one's own" ON active_calls.segment FOR SELECT TO "a tenant", CURRENT_USER USING (customer_acc_id = 7);
CREATE POLICY all_may ON active_calls.inbox AS RESTRICTIVE USING (duration >= 0) WITH CHECK (snapshot_timestamp > '2020-01-01 00:00Z');
ALTER PUBLICATION "a publication" ADD TABLE active_calls.api_access;
ALTER PUBLICATION columns ADD TABLE active_calls.account (id, "a country") WHERE (id > 5);

CREATE PROCEDURE pg_temp.undo() LANGUAGE sql AS $$
    ALTER TABLE active_calls.account DROP "a country" CASCADE, DROP since, DROP twice, DROP CONSTRAINT "a key",
        DROP CONSTRAINT account_customer_id_fkey, REPLICA IDENTITY DEFAULT;
    DROP PUBLICATION "a publication", columns;
    DROP INDEX active_calls.an_identity, active_calls."by price";
    DROP STATISTICS active_calls.both_countries;
    ALTER TABLE active_calls.inbox REPLICA IDENTITY DEFAULT, RESET (autovacuum_vacuum_scale_factor, fillfactor);
    ALTER TABLE active_calls.last_seal REPLICA IDENTITY FULL;
    DROP RULE "no delete" ON active_calls.api_access;
    DROP TRIGGER "a trigger" ON active_calls.inbox;
    DROP TRIGGER off ON active_calls.segment;
    DROP TRIGGER on_view ON active_calls.calls;
    DROP POLICY "one's own" ON active_calls.segment;
    DROP POLICY all_may ON active_calls.inbox;
    ALTER TABLE active_calls.segment DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY;
$$;

-- Undone and run, the statements make the same changes
SET timezone = 'UTC';
CREATE TEMP TABLE change AS SELECT row_number() OVER () AS step, section, replace(statement, quote_ident(current_user), '(me)') AS statement
FROM active_calls.table_changes();
SELECT section, statement FROM change ORDER BY step;
CALL pg_temp.undo();
CREATE PUBLICATION "a publication";
CREATE PUBLICATION columns;
SELECT count(*) FROM active_calls.table_changes();
\set ECHO none
SELECT replace(statement, '(me)', quote_ident(current_user)) FROM change ORDER BY step
\gexec
\set ECHO all
SELECT section, replace(statement, quote_ident(current_user), '(me)') FROM active_calls.table_changes()
EXCEPT SELECT section, statement FROM change;
SELECT count(*) = (SELECT count(*) FROM change) AS all_of_them FROM active_calls.table_changes();

CALL pg_temp.undo();
DROP TABLE "a customer";
DROP FUNCTION f;
DROP ROLE "a tenant";
SELECT count(*) FROM active_calls.table_changes();
