-- The relations and functions that the extension creates, all in schema active_calls.
-- Nothing is granted to PUBLIC; sql/roles.sql has the grants for four roles.
\echo Use "CREATE EXTENSION active_calls" to load this file. \quit

-- The owner of the schema could put functions of their own in the way of this script, and of users of the
-- extension later. For the same reason this script qualifies all names that it resolves.
DO $$
BEGIN
    IF NOT (SELECT rolsuper FROM pg_catalog.pg_roles AS r, pg_catalog.pg_namespace AS n
            WHERE r.oid = n.nspowner AND n.nspname = 'active_calls'::pg_catalog.name) THEN
        RAISE EXCEPTION 'schema active_calls exists and belongs to a role that is not a superuser'
            USING HINT = 'Drop the schema, or change its owner, and see what is in it first.';
    END IF;
END
$$;

-- Accounts own calls, and API accesses may ask about them

CREATE TABLE account (
    id int PRIMARY KEY,
    uuid uuid UNIQUE NOT NULL,
    customer_id int NOT NULL,
    name text
);
COMMENT ON TABLE account IS 'who owns calls: REST speaks uuid, calls carry id as customer_acc_id';

-- The look-up of an account among a customer's takes the same time whether or not that uuid exists.
CREATE INDEX account_customer_id_uuid_idx ON account (customer_id, uuid);

CREATE TABLE api_access (
    id int PRIMARY KEY,
    customer_id int NOT NULL,
    account_ids int[] NOT NULL DEFAULT '{}',
    login text UNIQUE
);
COMMENT ON TABLE api_access IS 'what the sub of a token names';
COMMENT ON COLUMN api_access.account_ids IS 'the accounts it may see; empty: all of the customer';

-- Calls

-- Numbers and names have a bound, so that no row is too large to be sealed.
CREATE TABLE inbox (
    snapshot_timestamp timestamptz NOT NULL CHECK (pg_catalog.isfinite(snapshot_timestamp)),
    customer_acc_id int NOT NULL,
    src_country_id int,
    dst_country_id int,
    src_prefix_routing text
        CHECK (pg_catalog.char_length(src_prefix_routing) OPERATOR(pg_catalog.<=) 1000),
    dst_prefix_routing text
        CHECK (pg_catalog.char_length(dst_prefix_routing) OPERATOR(pg_catalog.<=) 1000),
    duration int NOT NULL,
    auth_orig_ip inet,
    customer_price double precision NOT NULL
);
COMMENT ON TABLE inbox IS 'where calls are written: one row per call per snapshot';
COMMENT ON COLUMN inbox.duration IS 'seconds since the call was connected, 0 before';

CREATE INDEX inbox_customer_acc_id_snapshot_timestamp_idx
    ON inbox (customer_acc_id, snapshot_timestamp);

-- Each attribute of a segment's calls is a value of its own. It is packed already, so PostgreSQL stores it out of
-- line without compressing it. A question reads only the values that it is about. The header stays in the row,
-- since every question reads it.
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
    src_country_id bytea NOT NULL,
    dst_country_id bytea NOT NULL,
    src_prefix_routing bytea NOT NULL,
    dst_prefix_routing bytea NOT NULL,
    duration bytea NOT NULL,
    auth_orig_ip bytea NOT NULL,
    customer_price bytea NOT NULL
);
ALTER TABLE segment
    ALTER header SET STORAGE MAIN,
    ALTER runs SET STORAGE EXTERNAL,
    ALTER src_country_id SET STORAGE EXTERNAL,
    ALTER dst_country_id SET STORAGE EXTERNAL,
    ALTER src_prefix_routing SET STORAGE EXTERNAL,
    ALTER dst_prefix_routing SET STORAGE EXTERNAL,
    ALTER duration SET STORAGE EXTERNAL,
    ALTER auth_orig_ip SET STORAGE EXTERNAL,
    ALTER customer_price SET STORAGE EXTERNAL;
COMMENT ON TABLE segment IS
    'sealed calls: a row holds calls of one account in a stretch of time; written by seal and unseal';
COMMENT ON COLUMN segment.row_count IS 'calls in snapshots: rows that it was made of';
COMMENT ON COLUMN segment.run_count IS 'stretches of rows that belong to one call';
COMMENT ON COLUMN segment.is_full IS 'false: later seals add to it';
COMMENT ON COLUMN segment.header IS 'snapshots, calls in each, bounds, checksums of the other columns';

CREATE INDEX segment_customer_acc_id_last_snapshot_first_snapshot_idx
    ON segment (customer_acc_id, last_snapshot, first_snapshot);
-- The few segments that grow
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
    'calls in segments: reads only segments of the accounts and the time that a query names';

CREATE VIEW calls WITH (security_invoker) AS
SELECT snapshot_timestamp, customer_acc_id, src_country_id, dst_country_id, src_prefix_routing,
       dst_prefix_routing, duration, auth_orig_ip, customer_price
FROM inbox
UNION ALL
SELECT snapshot_timestamp, customer_acc_id, src_country_id, dst_country_id, src_prefix_routing,
       dst_prefix_routing, duration, auth_orig_ip, customer_price
FROM sealed_calls;
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

-- Retries

-- Which batches were ingested lately. A switch that sends a batch again, because it waited in vain for the
-- answer, shall count no call twice. The index makes a batch wait for the same one, and for no other.
CREATE TABLE ingested_batch (
    digest uuid PRIMARY KEY,
    ingested_at timestamptz NOT NULL
);
COMMENT ON TABLE ingested_batch IS
    'batches that were ingested within active_calls.retry_window; written by ingest, and cleared by seal';
COMMENT ON COLUMN ingested_batch.digest IS 'XXH3, 128 bits, of the rows as they were sent, and of the fields of them that are read';

-- What an operator looks at

CREATE FUNCTION latest_snapshot() RETURNS timestamptz
LANGUAGE C STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'latest_snapshot_timestamp';
COMMENT ON FUNCTION latest_snapshot IS
    'now() and active_calls.max_clock_ahead: the feed refuses a snapshot after it, whose clock must be wrong';

CREATE TABLE last_seal (
    finished_at timestamptz NOT NULL,
    rows bigint NOT NULL
);
CREATE UNIQUE INDEX last_seal_one_row ON last_seal ((true));
ALTER TABLE last_seal REPLICA IDENTITY FULL;
COMMENT ON TABLE last_seal IS 'one row: when seal last finished; only seal writes it';
COMMENT ON COLUMN last_seal.rows IS 'number of calls that it moved';

-- These views never unpack a segment, and never read a value that lies out of line: pg_column_size does not.

CREATE VIEW status WITH (security_invoker) AS
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
       inbox.rows_ahead,
       last_seal.finished_at AS last_seal,
       last_seal.rows AS last_seal_rows,
       account.accounts
FROM (SELECT pg_catalog.count(*) AS rows, pg_catalog.min(snapshot_timestamp) AS oldest_snapshot,
             pg_catalog.max(snapshot_timestamp) FILTER (
                 WHERE snapshot_timestamp OPERATOR(pg_catalog.<=) active_calls.latest_snapshot())
                 AS newest_snapshot,
             pg_catalog.count(*) FILTER (
                 WHERE snapshot_timestamp OPERATOR(pg_catalog.>) active_calls.latest_snapshot())
                 AS rows_ahead
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
    'snapshot of the oldest call that waits: more than some minutes ago when seal does not run';
COMMENT ON COLUMN status.inbox_bytes IS 'size of table inbox on disk, with its index';
COMMENT ON COLUMN status.segments IS 'number of segments, of all accounts';
COMMENT ON COLUMN status.growing_segments IS 'number of segments to which later seals add';
COMMENT ON COLUMN status.sealed_rows IS 'calls in segments';
COMMENT ON COLUMN status.segment_bytes IS
    'size of table segment on disk, with indexes, values out of line, and what VACUUM made free';
COMMENT ON COLUMN status.bytes_per_row IS 'segment_bytes / sealed_rows; null without sealed rows';
COMMENT ON COLUMN status.newest_snapshot IS
    'the newest snapshot of all calls, but for those ahead: more than some minutes ago when the switch does not write';
COMMENT ON COLUMN status.rows_ahead IS
    'calls that wait whose snapshot is after latest_snapshot(), which no seal takes and no retention reaches';
COMMENT ON COLUMN status.last_seal IS 'when seal last finished, even if it moved nothing; null before the first';
COMMENT ON COLUMN status.last_seal_rows IS 'number of calls that it moved';
COMMENT ON COLUMN status.accounts IS 'rows of table account';

CREATE VIEW account_status WITH (security_invoker) AS
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
                  pg_catalog.max(snapshot_timestamp) FILTER (
                      WHERE snapshot_timestamp OPERATOR(pg_catalog.<=) active_calls.latest_snapshot())
                      AS newest_snapshot
           FROM active_calls.inbox GROUP BY customer_acc_id) AS inbox USING (id)
FULL JOIN (SELECT customer_acc_id AS id, pg_catalog.count(*) AS segments,
                  pg_catalog.count(*) FILTER (WHERE NOT is_full) AS growing_segments,
                  pg_catalog.sum(row_count) AS rows,
                  pg_catalog.sum(
                      pg_catalog.pg_column_size(header) + pg_catalog.pg_column_size(runs)
                      + pg_catalog.pg_column_size(src_country_id)
                      + pg_catalog.pg_column_size(dst_country_id)
                      + pg_catalog.pg_column_size(src_prefix_routing)
                      + pg_catalog.pg_column_size(dst_prefix_routing)
                      + pg_catalog.pg_column_size(duration)
                      + pg_catalog.pg_column_size(auth_orig_ip)
                      + pg_catalog.pg_column_size(customer_price)) AS bytes,
                  pg_catalog.min(first_snapshot) AS first_snapshot,
                  pg_catalog.max(last_snapshot) AS newest_snapshot
           FROM active_calls.segment GROUP BY customer_acc_id) AS segment USING (id);
COMMENT ON VIEW account_status IS
    'what each account has in both stores; includes accounts that only calls name';
COMMENT ON COLUMN account_status.account_id IS 'account.id, which calls carry as customer_acc_id';
COMMENT ON COLUMN account_status.uuid IS 'null for an account that only calls name';
COMMENT ON COLUMN account_status.name IS 'null if the account has none';
COMMENT ON COLUMN account_status.inbox_rows IS 'calls that wait to be sealed';
COMMENT ON COLUMN account_status.segments IS 'number of segments that hold its calls';
COMMENT ON COLUMN account_status.growing_segments IS
    'number of segments to which later seals add: a few, each at most half of the one before';
COMMENT ON COLUMN account_status.sealed_rows IS 'calls in segments';
COMMENT ON COLUMN account_status.sealed_bytes IS 'size of what its segments hold, without the overhead of their rows';
COMMENT ON COLUMN account_status.bytes_per_row IS 'sealed_bytes / sealed_rows; null without sealed rows';
COMMENT ON COLUMN account_status.first_snapshot IS 'the oldest snapshot with a call of the account';
COMMENT ON COLUMN account_status.newest_snapshot IS 'the newest snapshot with a call of the account';

-- It steps from account to account, from the last to the first, with one look at each index for each account.
CREATE FUNCTION newest_snapshot() RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH RECURSIVE waiting AS (
        (SELECT customer_acc_id, snapshot_timestamp
         FROM active_calls.inbox WHERE snapshot_timestamp <= active_calls.latest_snapshot()
         ORDER BY customer_acc_id DESC, snapshot_timestamp DESC LIMIT 1)
        UNION ALL
        SELECT before.customer_acc_id, before.snapshot_timestamp
        FROM waiting CROSS JOIN LATERAL (
            SELECT customer_acc_id, snapshot_timestamp FROM active_calls.inbox
            WHERE customer_acc_id < waiting.customer_acc_id
              AND snapshot_timestamp <= active_calls.latest_snapshot()
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
    'the newest snapshot with a call of any account, in either store, but for those after latest_snapshot(); null when '
    'there is none';

-- pg_dump carries the data
SELECT pg_catalog.pg_extension_config_dump('active_calls.account'::pg_catalog.regclass, ''::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('active_calls.api_access'::pg_catalog.regclass, ''::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('active_calls.inbox'::pg_catalog.regclass, ''::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('active_calls.segment'::pg_catalog.regclass, ''::pg_catalog.text);
SELECT pg_catalog.pg_extension_config_dump('active_calls.segment_id_seq'::pg_catalog.regclass, ''::pg_catalog.text);

-- pg_dump carries the data, and takes for granted that CREATE EXTENSION makes the relations as they are. This function
-- says what else somebody has done to them.

CREATE FUNCTION table_changes() RETURNS TABLE (section text, statement text)
LANGUAGE sql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET datestyle = iso SET intervalstyle = postgres
AS $$
    WITH own (name, columns, identity, objects) AS (VALUES -- as the extension makes them
        ('account', 4, 'd', '{account_pkey,account_uuid_key,account_customer_id_uuid_idx}'::name[]),
        ('api_access', 4, 'd', '{api_access_pkey,api_access_login_key}'),
        ('inbox', 9, 'd', '{inbox_customer_acc_id_snapshot_timestamp_idx,inbox_snapshot_timestamp_check,'
                          'inbox_src_prefix_routing_check,inbox_dst_prefix_routing_check}'),
        ('segment', 16, 'd', '{segment_pkey,segment_customer_acc_id_last_snapshot_first_snapshot_idx,'
                             'segment_growing_idx}'),
        ('ingested_batch', 2, 'd', '{ingested_batch_pkey}'),
        ('last_seal', 2, 'f', '{last_seal_one_row}'),
        ('calls', 9, 'n', '{insert_call}')
    ), relation AS (
        SELECT pg_class.oid AS id, pg_class.oid::regclass AS name, columns, identity, objects, relkind, relreplident,
               relrowsecurity, relforcerowsecurity, reloptions
        FROM own JOIN pg_class ON relnamespace = 'active_calls'::regnamespace AND relname = own.name
    ), change (step, section, object, statement) AS (
        SELECT 1, 'pre-data', to_char(attnum, '0000'),
               format('ALTER TABLE %s ADD COLUMN %I %s%s%s%s', relation.name, attname, format_type(atttypid, atttypmod),
                      ' COLLATE ' || nullif(attcollation, typcollation)::regcollation,
                      CASE attgenerated WHEN '' THEN ' DEFAULT ' || pg_get_expr(adbin, adrelid)
                           ELSE format(' GENERATED ALWAYS AS (%s) %s', pg_get_expr(adbin, adrelid),
                                       CASE attgenerated WHEN 's' THEN 'STORED' ELSE 'VIRTUAL' END) END,
                      CASE WHEN attnotnull THEN ' NOT NULL' END)
        FROM relation JOIN pg_attribute ON attrelid = id AND attnum > columns AND NOT attisdropped
             JOIN pg_type ON pg_type.oid = atttypid
             LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE relkind = 'r'
        UNION ALL
        SELECT CASE contype WHEN 'f' THEN 3 ELSE 2 END, 'post-data', conname,
               format('ALTER TABLE %s ADD CONSTRAINT %I %s', name, conname, pg_get_constraintdef(oid))
        FROM relation JOIN pg_constraint ON conrelid = id AND conname <> ALL (objects)
        WHERE contype IN ('c', 'p', 'u', 'x', 'f')
        UNION ALL
        SELECT 4, 'post-data', relname, pg_get_indexdef(indexrelid)
        FROM relation JOIN pg_index ON indrelid = id
             JOIN pg_class ON pg_class.oid = indexrelid AND relname <> ALL (objects)
        WHERE NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND conrelid = id)
        UNION ALL
        SELECT 5, 'post-data', stxname, pg_get_statisticsobjdef(oid)
        FROM relation JOIN pg_statistic_ext ON stxrelid = id
        UNION ALL
        SELECT 6, 'post-data', rulename, rtrim(pg_get_ruledef(oid), ';')
        FROM relation JOIN pg_rewrite ON ev_class = id AND rulename <> '_RETURN'
        UNION ALL
        SELECT 7, 'post-data', tgname, pg_get_triggerdef(oid)
        FROM relation JOIN pg_trigger ON tgrelid = id AND tgname <> ALL (objects) AND NOT tgisinternal
        UNION ALL
        SELECT 8, 'post-data', tgname,
               format('ALTER TABLE %s %s TRIGGER %I', name,
                      CASE tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END,
                      tgname)
        FROM relation JOIN pg_trigger ON tgrelid = id AND NOT tgisinternal AND tgenabled <> 'O'
        WHERE relkind = 'r'
        UNION ALL
        SELECT 9, 'post-data', polname,
               format('CREATE POLICY %I ON %s AS %s FOR %s TO %s%s%s', polname, name,
                      CASE WHEN polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                      CASE polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                  WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                      CASE polroles WHEN '{0}' THEN 'PUBLIC'
                           ELSE (SELECT string_agg(role::regrole::text, ', ') FROM unnest(polroles) AS role) END,
                      ' USING (' || pg_get_expr(polqual, polrelid) || ')',
                      ' WITH CHECK (' || pg_get_expr(polwithcheck, polrelid) || ')')
        FROM relation JOIN pg_policy ON polrelid = id
        UNION ALL
        SELECT 10, 'post-data', '', format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name)
        FROM relation WHERE relrowsecurity
        UNION ALL
        SELECT 11, 'post-data', '', format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', name)
        FROM relation WHERE relforcerowsecurity
        UNION ALL
        SELECT 12, 'post-data', '',
               format('ALTER TABLE %s REPLICA IDENTITY %s', name,
                      CASE relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' WHEN 'd' THEN 'DEFAULT'
                           ELSE (SELECT format('USING INDEX %I', relname)
                                 FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
                                 WHERE indrelid = id AND indisreplident) END)
        FROM relation WHERE relreplident <> identity::"char"
        UNION ALL
        SELECT 13, 'post-data', option,
               format('ALTER TABLE %s SET (%I = %L)', name, split_part(option, '=', 1),
                      substr(option, strpos(option, '=') + 1))
        FROM relation, unnest(reloptions) AS option WHERE relkind = 'r'
        UNION ALL
        SELECT 14, 'post-data', pubname,
               format('ALTER PUBLICATION %I ADD TABLE %s%s%s', pubname, name,
                      (SELECT format(' (%s)', string_agg(quote_ident(attname), ', ' ORDER BY attnum))
                       FROM pg_attribute WHERE attrelid = id AND attnum = ANY (prattrs)
                       HAVING prattrs IS NOT NULL),
                      ' WHERE (' || pg_get_expr(prqual, prrelid) || ')')
        FROM relation JOIN pg_publication_rel ON prrelid = id JOIN pg_publication ON pg_publication.oid = prpubid
    )
    SELECT section, statement || ';' FROM change ORDER BY step, object, statement
$$;
COMMENT ON FUNCTION table_changes IS
    'what was added to the extension''s relations, as statements; section: whether they go before or after the data';

-- Series in FROM: the planner learns how many points they have, and they need no tuplestore.
CREATE FUNCTION series_support(internal) RETURNS internal
LANGUAGE C STRICT
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION series_support IS 'planner support of the functions that answer with a series';

-- Active calls of an account per snapshot. All three functions take the same question, and differ in who may ask it.
-- Their C++ reads the question's arguments in this order.
--
-- They read calls by index scan alone. Rows reach the inbox in the order of time, so an account's rows lie in the
-- order of the index, and are counted in it. The planner does not know how closely the two orders agree. It would
-- read the whole table for a large account, or a bitmap that outgrows work_mem. JIT compilation would not make such a
-- scan faster.

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
SUPPORT series_support SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
AS 'MODULE_PATHNAME', 'origination_active_calls';
COMMENT ON FUNCTION origination_active_calls IS
    'calls of an account that were up at each snapshot of a window and pass every given filter';

-- The two functions for customers run with the rights of the owner, since their callers may not read any table.
-- The first answers only for accounts that the API access may see. The second is for a token that carries its own
-- scope: it answers only for accounts of the customer, and only for those in account_ids if that is not empty.

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
SUPPORT series_support SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'customer_origination_active_calls';
COMMENT ON FUNCTION customer_origination_active_calls IS
    'origination_active_calls for the holder of an API access, of accounts that it may see';

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
SUPPORT series_support SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'scoped_origination_active_calls';
COMMENT ON FUNCTION scoped_origination_active_calls IS
    'origination_active_calls for the holder of a scope: a customer, and accounts of it';

-- The same three, with the same arguments, for programs: the whole series as one row of two arrays, so that a long one
-- costs no row for each point. The C++ sees that they return no set.
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['origination_active_calls', 'customer_origination_active_calls',
                                'scoped_origination_active_calls'] LOOP
        EXECUTE pg_catalog.format(
            'CREATE FUNCTION active_calls.%1$I(%2$s, OUT t bigint[], OUT calls int[])
                 LANGUAGE C STABLE PARALLEL SAFE %3$s
                 SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
                 AS ''MODULE_PATHNAME'', %4$L',
            name || '_arrays',
            pg_catalog.pg_get_function_arguments(('active_calls.' || name)::pg_catalog.regproc),
            CASE WHEN name LIKE '%\_origination%' THEN 'SECURITY DEFINER SET search_path = pg_catalog, pg_temp' END, name);
        EXECUTE pg_catalog.format('COMMENT ON FUNCTION active_calls.%I IS %L', name || '_arrays',
            name || ', as one row: the times, in seconds since 1970, and the calls at each');
    END LOOP;
END
$$;

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
    step interval DEFAULT '1 minute',
    time_zone text DEFAULT NULL
) RETURNS TABLE (t timestamptz, peak int, mean double precision, peak_at timestamptz)
LANGUAGE C STABLE PARALLEL SAFE
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off
AS 'MODULE_PATHNAME', 'origination_peak_calls';
COMMENT ON FUNCTION origination_peak_calls IS
    'origination_active_calls by the bucket of time: the peak, the mean, and when the peak was first';

-- Writing

CREATE FUNCTION ingest(rows text) RETURNS bigint
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ingest IS
    'writes JSONEachRow text of a switch to inbox, all or nothing; returns the number of rows written';

CREATE FUNCTION ingest_fields(rows text, fields text[]) RETURNS bigint
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ingest_fields IS
    'ingest, but reads only the named fields of each row; all others count as absent';

-- For a client that gets a batch in pieces, all in one transaction. The pieces are cut anywhere; what the first one says
-- of fields, time zone and errors is said of all of them.
CREATE FUNCTION ingest_piece(
    piece bytea,
    fields text[],
    time_zone text,
    max_errors bigint,
    max_error_ratio double precision,
    is_last boolean,
    OUT rows_read bigint,
    OUT rows_written bigint,
    OUT rows_unowned bigint,
    OUT rows_lost bigint,
    OUT rows_doubtful bigint,
    OUT first_error text
)
LANGUAGE C VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION ingest_piece IS
    'ingest, of a piece of a batch, of all fields if fields is null, in active_calls.feed_time_zone if time_zone is null; '
    'returns the counts of the batch so far. A row that does not fit is lost, if at the end these were no more than '
    'max_errors, or no more than max_error_ratio of all rows; else it is an error, as is a batch that was ingested before';

-- Storing

-- seal reads a large inbox from front to back, in the order of time. With synchronize_seqscans it would begin where
-- another scan of the table is.
CREATE FUNCTION seal(keep interval DEFAULT '2 minutes') RETURNS bigint
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE SET synchronize_seqscans = off
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION seal IS
    'moves calls older than keep from inbox to segment; returns their number, or 0 while another seal runs';

CREATE FUNCTION unseal(from_time timestamptz, to_time timestamptz) RETURNS bigint
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION unseal IS
    'moves calls from from_time to to_time back to inbox, where they can be changed; returns their number';

CREATE FUNCTION drop_before(t timestamptz) RETURNS bigint
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME';
COMMENT ON FUNCTION drop_before IS
    'deletes calls before t: rows of inbox, and segments that end before t; returns the number of calls';

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

-- A schedule, with pg_cron. Its jobs run as the caller of schedule(), in this database. Their names identify them.

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
    'removes the jobs of schedule() that the caller may see; returns their number';

-- pg_cron shows a role its own jobs alone, but whoever schedules a retention has to know of a shorter one. Without
-- pg_cron, cron.job would be a table of somebody else's making, which the owner's rights must not touch.
CREATE FUNCTION scheduling_roles() RETURNS SETOF text
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_cron') THEN
        RETURN QUERY SELECT DISTINCT username FROM cron.job
                     WHERE jobname IN ('active_calls seal', 'active_calls drop_before')
                       AND database = current_database();
    END IF;
END
$$;
COMMENT ON FUNCTION scheduling_roles IS 'the roles that have jobs of schedule()';

-- A day of retain is 24 hours, whatever the time zone of the job, so no day is shorter.
CREATE FUNCTION schedule(
    seal text DEFAULT '* * * * *',
    retain interval DEFAULT NULL,
    retain_at text DEFAULT '30 3 * * *'
) RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp SET intervalstyle = postgres
AS $$
DECLARE
    others text;
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
    others := (SELECT string_agg(quote_ident(role), ', ' ORDER BY role)
               FROM active_calls.scheduling_roles() AS role WHERE role <> current_user);
    IF others IS NOT NULL THEN
        RAISE WARNING 'there are jobs of schedule() of other roles too: %', others
            USING DETAIL = 'Calls are dropped as soon as one of the jobs does so: the shortest retention is in force.',
                  HINT = 'Let a superuser call active_calls.unschedule(), which removes the jobs of all roles. '
                         'Then call schedule() as one role only.';
    END IF;
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
    'replaces the jobs of pg_cron: seal at the times of seal; unless retain is null, drop_before of what is'
    ' older than retain, at the times of retain_at; returns the number of jobs';

-- By default, everyone may execute a function.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA active_calls FROM PUBLIC;
