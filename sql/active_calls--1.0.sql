-- Active calls 1.0: the relations and functions that the extension creates, all in schema
-- active_calls. Nothing is granted to PUBLIC; sql/roles.sql has the grants for four roles.
\echo Use "CREATE EXTENSION active_calls" to load this file. \quit

-- Whoever owns the schema could put functions of their own in the way of this script, and of those who
-- use the extension later. Names that are resolved here are qualified for the same reason.
DO $$
BEGIN
    IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles AS r, pg_catalog.pg_namespace AS n
            WHERE r.oid = n.nspowner AND n.nspname = 'active_calls'::pg_catalog.name) THEN
        RAISE EXCEPTION 'schema active_calls exists and belongs to a role that is not a superuser'
            USING HINT = 'Drop the schema, or change its owner, and see what is in it first.';
    END IF;
END
$$;

-- Who owns calls, and who may ask about them

CREATE TABLE account (
    id int PRIMARY KEY,
    uuid uuid UNIQUE NOT NULL,
    customer_id int NOT NULL,
    name text
);
COMMENT ON TABLE account IS 'who owns calls: REST speaks uuid, calls carry id as customer_acc_id';

CREATE TABLE api_access (
    id int PRIMARY KEY,
    customer_id int NOT NULL,
    account_ids int[] NOT NULL DEFAULT '{}',
    login text UNIQUE
);
COMMENT ON TABLE api_access IS 'what the sub of a token names';
COMMENT ON COLUMN api_access.account_ids IS 'the accounts it may see; empty: all of the customer';

-- Calls

CREATE TABLE inbox (
    snapshot_timestamp timestamptz NOT NULL CHECK (pg_catalog.isfinite(snapshot_timestamp)),
    customer_acc_id int NOT NULL,
    src_country_id int,
    dst_country_id int,
    src_prefix_routing text,
    dst_prefix_routing text,
    duration int NOT NULL,
    auth_orig_ip inet,
    customer_price double precision NOT NULL
);
COMMENT ON TABLE inbox IS 'where calls are written: one row per call per snapshot';
COMMENT ON COLUMN inbox.duration IS 'seconds since the call was connected, 0 before';

CREATE INDEX inbox_customer_acc_id_snapshot_timestamp_idx
    ON inbox (customer_acc_id, snapshot_timestamp);

-- Each attribute of a segment's calls is a value of its own, packed already, which PostgreSQL stores out
-- of line and as it is: a question reads only those that it is about. What is asked of every segment,
-- the header, stays in the row.
CREATE TABLE segment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_acc_id int NOT NULL,
    first_snapshot timestamptz NOT NULL,
    last_snapshot timestamptz NOT NULL,
    row_count int NOT NULL,
    run_count int NOT NULL,
    is_full boolean NOT NULL,
    header bytea NOT NULL,
    runs bytea NOT NULL,
    duration bytea NOT NULL,
    src_country_id bytea NOT NULL,
    dst_country_id bytea NOT NULL,
    src_prefix_routing bytea NOT NULL,
    dst_prefix_routing bytea NOT NULL,
    auth_orig_ip bytea NOT NULL,
    customer_price bytea NOT NULL
);
ALTER TABLE segment
    ALTER header SET STORAGE MAIN,
    ALTER runs SET STORAGE EXTERNAL,
    ALTER duration SET STORAGE EXTERNAL,
    ALTER src_country_id SET STORAGE EXTERNAL,
    ALTER dst_country_id SET STORAGE EXTERNAL,
    ALTER src_prefix_routing SET STORAGE EXTERNAL,
    ALTER dst_prefix_routing SET STORAGE EXTERNAL,
    ALTER auth_orig_ip SET STORAGE EXTERNAL,
    ALTER customer_price SET STORAGE EXTERNAL;
COMMENT ON TABLE segment IS
    'sealed calls: a row holds calls of one account in a stretch of time; written by seal and unseal';
COMMENT ON COLUMN segment.row_count IS 'calls in snapshots: rows that it was made of';
COMMENT ON COLUMN segment.run_count IS 'stretches of rows that belong to one call';
COMMENT ON COLUMN segment.is_full IS 'false: it grows by what is sealed later';
COMMENT ON COLUMN segment.header IS 'snapshots, calls in each, bounds, checksums of the other columns';

CREATE INDEX segment_customer_acc_id_last_snapshot_first_snapshot_idx
    ON segment (customer_acc_id, last_snapshot, first_snapshot);
-- The few that grow
CREATE INDEX segment_growing_idx ON segment (customer_acc_id) WHERE NOT is_full;

-- The calls of segments as rows. The wrapper serves this one table.
CREATE FUNCTION sealed_calls_handler() RETURNS fdw_handler
LANGUAGE C STRICT
AS 'MODULE_PATHNAME';

CREATE FOREIGN DATA WRAPPER active_calls_segments HANDLER sealed_calls_handler NO VALIDATOR;
CREATE SERVER active_calls_segments FOREIGN DATA WRAPPER active_calls_segments;

CREATE FOREIGN TABLE sealed_calls (
    snapshot_timestamp timestamptz NOT NULL,
    customer_acc_id int NOT NULL,
    src_country_id int,
    dst_country_id int,
    src_prefix_routing text,
    dst_prefix_routing text,
    duration int NOT NULL,
    auth_orig_ip inet,
    customer_price double precision NOT NULL
) SERVER active_calls_segments;
COMMENT ON FOREIGN TABLE sealed_calls IS
    'calls in segments: reads those of the accounts and the time that a query is narrowed to';

CREATE VIEW calls AS
SELECT snapshot_timestamp, customer_acc_id, src_country_id, dst_country_id, src_prefix_routing,
       dst_prefix_routing, duration, auth_orig_ip, customer_price
FROM inbox
UNION ALL
SELECT snapshot_timestamp, customer_acc_id, src_country_id, dst_country_id, src_prefix_routing,
       dst_prefix_routing, duration, auth_orig_ip, customer_price
FROM sealed_calls;
-- Row security on inbox holds for the view too, where PostgreSQL can (15).
DO $$
BEGIN
    IF pg_catalog.current_setting('server_version_num'::pg_catalog.text)::int >= 150000 THEN
        ALTER VIEW active_calls.calls SET (security_invoker = true);
    END IF;
END
$$;
COMMENT ON VIEW calls IS 'every call of every snapshot, wherever it is stored; INSERT goes to inbox';

CREATE FUNCTION insert_call() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO active_calls.inbox VALUES (NEW.*);
    RETURN NEW;
END
$$;
CREATE TRIGGER insert_call INSTEAD OF INSERT ON calls
    FOR EACH ROW EXECUTE FUNCTION insert_call();

-- pg_dump carries the data
SELECT pg_catalog.pg_extension_config_dump('active_calls.account'::pg_catalog.regclass, ''::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('active_calls.api_access'::pg_catalog.regclass, ''::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('active_calls.inbox'::pg_catalog.regclass, ''::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('active_calls.segment'::pg_catalog.regclass, ''::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('active_calls.segment_id_seq'::pg_catalog.regclass, ''::pg_catalog.text);

-- Active calls of an account per snapshot. All three forms take the same question; they differ in
-- who asks, and their C++ reads the question's arguments in this order.
--
-- They read calls by index scan alone. Rows reach the inbox in the order of time, so an account's rows
-- lie, and are counted, in the order of the index. The planner does not know how closely, and would
-- read the whole table for a large account, or a bitmap that outgrows work_mem. There is nothing in
-- such a scan that compiling would make faster.

CREATE FUNCTION origination_active_calls (
    account_id uuid,
    from_time timestamptz,
    to_time timestamptz DEFAULT NULL,
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
) RETURNS TABLE (t timestamptz, calls int)
LANGUAGE C STABLE PARALLEL SAFE
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
AS 'MODULE_PATHNAME', 'origination_active_calls';
COMMENT ON FUNCTION origination_active_calls IS
    'calls of an account that were up at each snapshot of a window and pass every given filter';

-- The forms for customers read what who calls them may not: they run with the rights of the owner, and
-- answer only for accounts that the API access may see; or, for a token that carries its own scope,
-- for those of the customer, and of account_ids where there are any.

CREATE FUNCTION customer_origination_active_calls (
    api_access_id int,
    account_id uuid,
    from_time timestamptz,
    to_time timestamptz DEFAULT NULL,
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
) RETURNS TABLE (t timestamptz, calls int)
LANGUAGE C STABLE PARALLEL SAFE
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'customer_origination_active_calls';
COMMENT ON FUNCTION customer_origination_active_calls IS
    'origination_active_calls for who asks with an API access, of accounts that it may see';

CREATE FUNCTION scoped_origination_active_calls (
    customer_id int,
    account_ids int[],
    account_id uuid,
    from_time timestamptz,
    to_time timestamptz DEFAULT NULL,
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
) RETURNS TABLE (t timestamptz, calls int)
LANGUAGE C STABLE PARALLEL SAFE
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'scoped_origination_active_calls';
COMMENT ON FUNCTION scoped_origination_active_calls IS
    'origination_active_calls for who asks with a scope of their own: a customer, and accounts of it';

-- Writing

CREATE FUNCTION ingest(rows text) RETURNS bigint
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ingest IS
    'writes JSONEachRow text of a switch to inbox, all or nothing; returns the number of rows written';

-- Storing

CREATE FUNCTION seal(keep interval DEFAULT '2 minutes') RETURNS bigint
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION seal IS
    'moves calls older than keep from inbox to segment; returns their number, 0 while another seal runs';

CREATE FUNCTION unseal(from_time timestamptz, to_time timestamptz) RETURNS bigint
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION unseal IS
    'moves calls from from_time to to_time back to inbox, to be changed there; returns their number';

CREATE FUNCTION drop_before(t timestamptz) RETURNS bigint
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION drop_before IS
    'deletes calls before t: from inbox, and segments that hold nothing else; returns their number';

CREATE FUNCTION interval_price(
    duration int,
    fee double precision,
    initial_rate double precision,
    next_rate double precision,
    initial_interval int,
    next_interval int
) RETURNS double precision
LANGUAGE C STRICT IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION interval_price IS
    'price of a connected call after duration seconds; rates are per minute, intervals in seconds';

-- A function is executable by everyone unless that is taken back.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA active_calls FROM PUBLIC;
