-- Four roles with the least rights that their work needs. Run it once in each database that has the extension:
-- psql -f sql/roles.sql DATABASE
-- Give each role a password, or let pg_hba.conf say how it logs in.

BEGIN;

DO $$
DECLARE
    role name;
BEGIN
    FOREACH role IN ARRAY '{active_calls_writer,active_calls_reader,active_calls_keeper,
                             active_calls_shim}'::name[] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I LOGIN', role);
        END IF;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA active_calls
    TO active_calls_writer, active_calls_reader, active_calls_keeper, active_calls_shim;

-- The switch, or what loads its feed
GRANT INSERT ON active_calls.inbox, active_calls.calls TO active_calls_writer;
GRANT EXECUTE ON FUNCTION
    active_calls.ingest,
    active_calls.ingest_fields,
    active_calls.ingest_piece,
    active_calls.newest_snapshot
    TO active_calls_writer;

-- DBAs, Grafana, reports
GRANT SELECT ON active_calls.account, active_calls.calls, active_calls.inbox, active_calls.segment,
    active_calls.sealed_calls, active_calls.status, active_calls.account_status, active_calls.last_seal
    TO active_calls_reader;
GRANT EXECUTE ON FUNCTION
    active_calls.origination_active_calls,
    active_calls.origination_active_calls_arrays,
    active_calls.origination_peak_calls,
    active_calls.interval_price,
    active_calls.latest_snapshot,
    active_calls.newest_snapshot
    TO active_calls_reader;

-- cron: seals calls, deletes old ones, and takes calls back for corrections
GRANT SELECT, INSERT, DELETE ON active_calls.inbox, active_calls.segment TO active_calls_keeper;
GRANT EXECUTE ON FUNCTION
    active_calls.seal,
    active_calls.unseal,
    active_calls.drop_before,
    active_calls.latest_snapshot,
    active_calls.schedule,
    active_calls.unschedule,
    active_calls.scheduling_roles
    TO active_calls_keeper;

-- The HTTP shim: the functions that check the customer's rights, and no table at all
GRANT EXECUTE ON FUNCTION
    active_calls.customer_origination_active_calls,
    active_calls.customer_origination_active_calls_arrays,
    active_calls.scoped_origination_active_calls,
    active_calls.scoped_origination_active_calls_arrays
    TO active_calls_shim;

COMMIT;
