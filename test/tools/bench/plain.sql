-- The rows as plain PostgreSQL would have them at its best: in the order of the index, so that an account's
-- rows are neighbours, and texts compared byte by byte. An index that covers every column was slower:
-- it is as large as the table, which is in order already.
SET maintenance_work_mem = '1GB';
SET work_mem = '1GB';

CREATE TABLE calls (LIKE active_calls.inbox);
ALTER TABLE calls
    ALTER src_prefix_routing TYPE text COLLATE "C",
    ALTER dst_prefix_routing TYPE text COLLATE "C";
INSERT INTO calls SELECT * FROM active_calls.inbox ORDER BY customer_acc_id, snapshot_timestamp;
CREATE INDEX ON calls (customer_acc_id, snapshot_timestamp);
VACUUM (FREEZE, ANALYZE) calls;
GRANT SELECT ON calls TO active_calls_reader;
