-- Active calls 1.1: batches that may be sent again, what an operator looks at, peaks, and a schedule.
-- Nothing of 1.0 is dropped or made anew, so that what was granted on it stays.
\echo Use "ALTER EXTENSION active_calls UPDATE" to load this file. \quit

-- Retries

-- Which rows were ingested lately, by their ids: a row for each snapshot of a batch. A switch that sends
-- a batch again, because it waited in vain for the answer, shall count no call twice.
CREATE TABLE ingested (
    snapshot_timestamp timestamptz NOT NULL,
    ingested_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    ids bytea NOT NULL
);
ALTER TABLE ingested ALTER ids SET STORAGE EXTERNAL; -- hashes do not compress
ALTER TABLE ingested REPLICA IDENTITY FULL; -- for a publication FOR ALL TABLES
COMMENT ON TABLE ingested IS
    'ids of rows that were ingested within active_calls.retry_window; read and written by ingest alone';
COMMENT ON COLUMN ingested.ids IS '16 bytes for each row: a hash of its id and its snapshot';

CREATE INDEX ingested_snapshot_timestamp_idx ON ingested (snapshot_timestamp);
CREATE INDEX ingested_ingested_at_idx ON ingested (ingested_at);

CREATE FUNCTION ingest_fields(rows text, fields text[]) RETURNS bigint
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ingest_fields IS
    'ingest, of the named fields of each row alone; others are as good as absent';

-- Numbers and names have a bound: no one row is so large that it could not be sealed. NOT VALID: what is
-- there already is left as it is, and out of dumps, which could not be restored with it.
ALTER TABLE inbox
    ADD CONSTRAINT inbox_src_prefix_routing_check
        CHECK (pg_catalog.char_length(src_prefix_routing) OPERATOR(pg_catalog.<=) 1000) NOT VALID,
    ADD CONSTRAINT inbox_dst_prefix_routing_check
        CHECK (pg_catalog.char_length(dst_prefix_routing) OPERATOR(pg_catalog.<=) 1000) NOT VALID;
SELECT pg_catalog.pg_extension_config_dump(
    'active_calls.inbox'::pg_catalog.regclass,
    'WHERE coalesce(greatest(pg_catalog.char_length(src_prefix_routing), pg_catalog.char_length(dst_prefix_routing)), 0)'
    ' OPERATOR(pg_catalog.<=) 1000'::pg_catalog.text);

-- An account is looked for among those of who asks, in the same time whether there is one of that uuid.
CREATE INDEX account_customer_id_uuid_idx ON account (customer_id, uuid);

-- What an operator looks at

CREATE TABLE last_seal (
    finished_at timestamptz NOT NULL,
    rows bigint NOT NULL
);
CREATE UNIQUE INDEX last_seal_one_row ON last_seal ((true));
ALTER TABLE last_seal REPLICA IDENTITY FULL;
COMMENT ON TABLE last_seal IS 'when seal last came to its end, as one row; written by seal alone';
COMMENT ON COLUMN last_seal.rows IS 'calls that it moved';

-- Nothing below unpacks a segment or reads a value that lies out of line: pg_column_size does not.

CREATE VIEW status AS
SELECT inbox.rows AS inbox_rows,
       inbox.oldest_snapshot AS oldest_inbox_snapshot,
       pg_catalog.pg_total_relation_size('active_calls.inbox'::pg_catalog.regclass) AS inbox_bytes,
       segment.segments,
       segment.growing_segments,
       segment.rows AS sealed_rows,
       pg_catalog.pg_total_relation_size('active_calls.segment'::pg_catalog.regclass) AS segment_bytes,
       pg_catalog.round(
           pg_catalog.pg_total_relation_size('active_calls.segment'::pg_catalog.regclass)::numeric
           / nullif(segment.rows, 0)::numeric, 2) AS bytes_per_row,
       greatest(inbox.newest_snapshot, segment.newest_snapshot) AS newest_snapshot,
       last_seal.finished_at AS last_seal,
       last_seal.rows AS last_seal_rows,
       account.accounts
FROM (SELECT pg_catalog.count(*) AS rows, pg_catalog.min(snapshot_timestamp) AS oldest_snapshot,
             pg_catalog.max(snapshot_timestamp) AS newest_snapshot
      FROM active_calls.inbox) AS inbox
CROSS JOIN (SELECT pg_catalog.count(*) AS segments,
                   pg_catalog.count(*) FILTER (WHERE NOT is_full) AS growing_segments,
                   coalesce(pg_catalog.sum(row_count), 0::bigint) AS rows,
                   pg_catalog.max(last_snapshot) AS newest_snapshot
            FROM active_calls.segment) AS segment
CROSS JOIN (SELECT pg_catalog.count(*) AS accounts FROM active_calls.account) AS account
LEFT JOIN active_calls.last_seal ON true;
COMMENT ON VIEW status IS 'the state of both stores, as one row';
COMMENT ON COLUMN status.inbox_rows IS 'calls that wait to be sealed';
COMMENT ON COLUMN status.oldest_inbox_snapshot IS
    'the oldest that waits: more than some minutes ago when seal does not run';
COMMENT ON COLUMN status.inbox_bytes IS 'of table inbox on disk, with its index';
COMMENT ON COLUMN status.segments IS 'segments of all accounts';
COMMENT ON COLUMN status.growing_segments IS 'those that grow by what is sealed later';
COMMENT ON COLUMN status.sealed_rows IS 'calls in segments';
COMMENT ON COLUMN status.segment_bytes IS
    'of table segment on disk, with its indexes, its values out of line, and what VACUUM made free';
COMMENT ON COLUMN status.bytes_per_row IS 'segment_bytes for each of sealed_rows; null when there are none';
COMMENT ON COLUMN status.newest_snapshot IS
    'the newest of all: more than some minutes ago when the switch does not write';
COMMENT ON COLUMN status.last_seal IS 'when seal last came to its end, whatever it moved; null before the first';
COMMENT ON COLUMN status.last_seal_rows IS 'calls that it moved';
COMMENT ON COLUMN status.accounts IS 'rows of table account';

CREATE VIEW account_status AS
SELECT id AS account_id,
       account.uuid,
       account.name,
       coalesce(inbox.rows, 0::bigint) AS inbox_rows,
       coalesce(segment.segments, 0::bigint) AS segments,
       coalesce(segment.growing_segments, 0::bigint) AS growing_segments,
       coalesce(segment.rows, 0::bigint) AS sealed_rows,
       coalesce(segment.bytes, 0::bigint) AS sealed_bytes,
       pg_catalog.round(segment.bytes::numeric / nullif(segment.rows, 0::bigint)::numeric, 2)
           AS bytes_per_row,
       least(inbox.first_snapshot, segment.first_snapshot) AS first_snapshot,
       greatest(inbox.newest_snapshot, segment.newest_snapshot) AS newest_snapshot
FROM active_calls.account
FULL JOIN (SELECT customer_acc_id AS id, pg_catalog.count(*) AS rows,
                  pg_catalog.min(snapshot_timestamp) AS first_snapshot,
                  pg_catalog.max(snapshot_timestamp) AS newest_snapshot
           FROM active_calls.inbox GROUP BY customer_acc_id) AS inbox USING (id)
FULL JOIN (SELECT customer_acc_id AS id, pg_catalog.count(*) AS segments,
                  pg_catalog.count(*) FILTER (WHERE NOT is_full) AS growing_segments,
                  pg_catalog.sum(row_count) AS rows,
                  pg_catalog.sum(
                      pg_catalog.pg_column_size(header) + pg_catalog.pg_column_size(runs)
                      + pg_catalog.pg_column_size(duration)
                      + pg_catalog.pg_column_size(src_country_id)
                      + pg_catalog.pg_column_size(dst_country_id)
                      + pg_catalog.pg_column_size(src_prefix_routing)
                      + pg_catalog.pg_column_size(dst_prefix_routing)
                      + pg_catalog.pg_column_size(auth_orig_ip)
                      + pg_catalog.pg_column_size(customer_price)) AS bytes,
                  pg_catalog.min(first_snapshot) AS first_snapshot,
                  pg_catalog.max(last_snapshot) AS newest_snapshot
           FROM active_calls.segment GROUP BY customer_acc_id) AS segment USING (id);
COMMENT ON VIEW account_status IS
    'what each account has in either store; also accounts of calls that table account does not know';
COMMENT ON COLUMN account_status.account_id IS 'account.id, customer_acc_id of calls';
COMMENT ON COLUMN account_status.uuid IS 'null for an account that table account does not know';
COMMENT ON COLUMN account_status.name IS 'null where it has none';
COMMENT ON COLUMN account_status.inbox_rows IS 'calls that wait to be sealed';
COMMENT ON COLUMN account_status.segments IS 'segments that hold its calls';
COMMENT ON COLUMN account_status.growing_segments IS
    'those that grow by what is sealed later: a few, each at most half of the one before';
COMMENT ON COLUMN account_status.sealed_rows IS 'calls in segments';
COMMENT ON COLUMN account_status.sealed_bytes IS 'of what its segments hold, without what surrounds a row';
COMMENT ON COLUMN account_status.bytes_per_row IS 'sealed_bytes for each of sealed_rows; null when there are none';
COMMENT ON COLUMN account_status.first_snapshot IS 'the oldest with a call of it';
COMMENT ON COLUMN account_status.newest_snapshot IS 'the newest with a call of it';

-- With the rights, and the row security, of who asks, where PostgreSQL can (15): also the view calls, as
-- it may have been made by an older PostgreSQL.
DO $$
BEGIN
    IF pg_catalog.current_setting('server_version_num'::pg_catalog.text)::int >= 150000 THEN
        -- Not again where it is so: that would wait for whoever reads calls.
        IF NOT EXISTS (SELECT FROM pg_catalog.pg_class
                       WHERE oid OPERATOR(pg_catalog.=) 'active_calls.calls'::pg_catalog.regclass
                       AND 'security_invoker=true' OPERATOR(pg_catalog.=) ANY (reloptions)) THEN
            ALTER VIEW active_calls.calls SET (security_invoker = true);
        END IF;
        ALTER VIEW active_calls.status SET (security_invoker = true);
        ALTER VIEW active_calls.account_status SET (security_invoker = true);
    END IF;
END
$$;

-- Steps from account to account, from the last to the first: one look at either index for each.
CREATE FUNCTION newest_snapshot() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE waiting AS (
        (SELECT customer_acc_id, snapshot_timestamp
         FROM active_calls.inbox ORDER BY customer_acc_id DESC, snapshot_timestamp DESC LIMIT 1)
        UNION ALL
        SELECT before.customer_acc_id, before.snapshot_timestamp
        FROM waiting CROSS JOIN LATERAL (
            SELECT customer_acc_id, snapshot_timestamp FROM active_calls.inbox
            WHERE customer_acc_id < waiting.customer_acc_id
            ORDER BY customer_acc_id DESC, snapshot_timestamp DESC LIMIT 1) AS before
    ), sealed AS (
        (SELECT customer_acc_id, last_snapshot
         FROM active_calls.segment ORDER BY customer_acc_id DESC, last_snapshot DESC LIMIT 1)
        UNION ALL
        SELECT before.customer_acc_id, before.last_snapshot
        FROM sealed CROSS JOIN LATERAL (
            SELECT customer_acc_id, last_snapshot FROM active_calls.segment
            WHERE customer_acc_id < sealed.customer_acc_id
            ORDER BY customer_acc_id DESC, last_snapshot DESC LIMIT 1) AS before
    )
    SELECT greatest((SELECT max(snapshot_timestamp) FROM waiting),
                    (SELECT max(last_snapshot) FROM sealed))
$$;
COMMENT ON FUNCTION newest_snapshot IS
    'the newest snapshot with a call of any account, in either store; null when there is none';

-- Peaks

CREATE FUNCTION origination_peak_calls (
    account_id uuid,
    from_time timestamptz,
    to_time timestamptz,
    bucket interval,
    src_country_id int DEFAULT NULL,
    dst_country_id int DEFAULT NULL,
    src_prefix_routing_eq text DEFAULT NULL,
    src_prefix_routing_starts_with text DEFAULT NULL,
    src_prefix_routing_ends_with text DEFAULT NULL,
    src_prefix_routing_contains text DEFAULT NULL,
    dst_prefix_routing_eq text DEFAULT NULL,
    dst_prefix_routing_starts_with text DEFAULT NULL,
    dst_prefix_routing_ends_with text DEFAULT NULL,
    dst_prefix_routing_contains text DEFAULT NULL,
    duration_eq int DEFAULT NULL,
    duration_gt int DEFAULT NULL,
    duration_lt int DEFAULT NULL,
    auth_orig_ip inet DEFAULT NULL,
    customer_price_eq double precision DEFAULT NULL,
    customer_price_gt double precision DEFAULT NULL,
    customer_price_lt double precision DEFAULT NULL,
    step interval DEFAULT '1 minute'
) RETURNS TABLE (t timestamptz, peak int, mean double precision, peak_at timestamptz)
LANGUAGE C STABLE PARALLEL SAFE
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
AS 'MODULE_PATHNAME', 'origination_peak_calls';
COMMENT ON FUNCTION origination_peak_calls IS
    'origination_active_calls by the bucket of time: the peak, the mean, and when the peak was first';

-- A schedule, with pg_cron. Its jobs run as who calls schedule(), in this database; they are known by
-- their names.

CREATE FUNCTION unschedule() RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    id bigint;
    removed bigint := 0;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
        RAISE EXCEPTION 'pg_cron is not installed in this database'
            USING ERRCODE = 'feature_not_supported',
                  HINT = format('Install its package, set shared_preload_libraries = ''pg_cron'' and '
                                'cron.database_name = %L in postgresql.conf, restart the server, and '
                                'CREATE EXTENSION pg_cron; or call seal() from another scheduler.',
                                current_database());
    END IF;
    FOR id IN SELECT jobid FROM cron.job
              WHERE jobname IN ('active_calls seal', 'active_calls drop_before')
                AND database = current_database() LOOP
        PERFORM cron.unschedule(id);
        removed := removed + 1;
    END LOOP;
    RETURN removed;
END
$$;
COMMENT ON FUNCTION unschedule IS
    'takes the jobs of schedule() away, those that one may see; returns their number';

-- A day of retain is 24 hours, whatever the time zone of the job, so that none is shorter.
CREATE FUNCTION schedule(
    seal text DEFAULT '* * * * *',
    retain interval DEFAULT NULL,
    retain_at text DEFAULT '30 3 * * *'
) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET intervalstyle = postgres
AS $$
BEGIN
    IF seal IS NULL OR retain_at IS NULL THEN
        RAISE EXCEPTION '% must not be null', CASE WHEN seal IS NULL THEN 'seal' ELSE 'retain_at' END
            USING ERRCODE = 'null_value_not_allowed';
    END IF;
    -- '1 month -29 days' is a positive interval, and in February before today.
    IF NOT isfinite(retain) OR retain <= interval '0'
       OR least(extract(year FROM retain), extract(month FROM retain), extract(day FROM retain),
                extract(hour FROM retain), extract(minute FROM retain), extract(second FROM retain)) < 0 THEN
        RAISE EXCEPTION 'invalid value retain'
            USING ERRCODE = 'invalid_parameter_value',
                  HINT = 'It is a positive, finite length of time, such as 90 days; null to keep calls for ever.';
    END IF;
    PERFORM now() - retain; -- raises here, and not each night, where that is no time

    PERFORM active_calls.unschedule();
    PERFORM cron.schedule('active_calls seal', seal, 'SELECT active_calls.seal()');
    IF retain IS NULL THEN
        RETURN 1;
    END IF;
    PERFORM cron.schedule('active_calls drop_before', retain_at, format(
        'SELECT active_calls.drop_before((pg_catalog.now() AT TIME ZONE ''UTC'' '
        'OPERATOR(pg_catalog.-) %L::pg_catalog.interval) AT TIME ZONE ''UTC'')', retain));
    RETURN 2;
END
$$;
COMMENT ON FUNCTION schedule IS
    'sets jobs of pg_cron up, instead of those it set up before: seal at the times of seal, and, unless'
    ' retain is null, drop_before of what is older than retain at those of retain_at; returns their number';

-- seal reads a large inbox from front to back, in the order of time, also where somebody else has read a
-- part of it: not from there on.
ALTER FUNCTION seal SET synchronize_seqscans = off;

-- Series in FROM: the planner learns how many points they have, and they need no tuplestore.

CREATE FUNCTION series_support(internal) RETURNS internal
LANGUAGE C STRICT
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION series_support IS 'planner support of the functions that answer with a series';

ALTER FUNCTION origination_active_calls SUPPORT series_support;
ALTER FUNCTION customer_origination_active_calls SUPPORT series_support;
ALTER FUNCTION scoped_origination_active_calls SUPPORT series_support;

-- A function is executable by everyone unless that is taken back.
REVOKE ALL ON FUNCTION
    ingest_fields, newest_snapshot, origination_peak_calls, series_support, schedule, unschedule
    FROM PUBLIC;
