-- The settings active_calls.*, which can be set also before the library is loaded; some of them by anyone.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

\set account '''f0000000-0000-4000-8000-000000001005'''
\set window '''2020-03-01 00:00:30Z'', ''2020-03-01 00:02Z'''
INSERT INTO active_calls.account VALUES (1005, :account, 100, 'settings');

-- A session that has not used the extension
\c -
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET ROLE active_calls_reader;
SET active_calls.gap_fill = 'yeti';
SET active_calls.max_points = 10000;
SELECT min(t) FROM active_calls.origination_active_calls(:account, :window, step => '1 day');
\set VERBOSITY sqlstate
SELECT min(t) FROM active_calls.origination_active_calls(:account, :window);
\set VERBOSITY default

-- Another one, which sets what does not exist
\c -
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET ROLE active_calls_reader;
SET active_calls.gap_fill = 'sometimes';
SELECT * FROM active_calls.origination_active_calls(:account, :window);
SHOW active_calls.gap_fill;

SELECT name, vartype, unit, context, boot_val, min_val, max_val, enumvals, short_desc
FROM pg_settings WHERE name LIKE 'active\_calls.%' ORDER BY name \gx

SET active_calls.gap_fill = 'YETI';
SHOW active_calls.gap_fill;
RESET active_calls.gap_fill;
SHOW active_calls.gap_fill;
SET active_calls.gap_fill = 'sometimes';
SET active_calls.gap_fill = '';
SET active_calls.max_points = 10000000;
SET active_calls.max_points = 1;
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:01Z', '2020-03-01 00:01Z');
SELECT * FROM active_calls.origination_active_calls(:account, '2020-03-01 00:01Z', '2020-03-01 00:02Z');
SET active_calls.max_points = 0;
SET active_calls.max_points = 10000001;
SET active_calls.max_points = 'many';
SET active_calls.no_such_setting = 1;
\set VERBOSITY sqlstate
SET active_calls.gap_fill = 'sometimes';
SET active_calls.max_points = 0;
SET active_calls.no_such_setting = 1;
\set VERBOSITY default

-- Superusers alone may fill the log, and forget what others have sent
SET active_calls.log_refusals = on;
SET active_calls.log_scan = on;
SET active_calls.retry_window = 0;

-- A setting made for a transaction ends with it
RESET active_calls.max_points;
BEGIN;
SET LOCAL active_calls.max_points = 1;
SHOW active_calls.max_points;
ROLLBACK;
SHOW active_calls.max_points;

RESET ROLE;
DELETE FROM active_calls.account WHERE id = 1005;
