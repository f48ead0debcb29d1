-- The filter on the source address. Each address lies at a minute of its own, so that a series says
-- which rows pass.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';

\set account '''f0000000-0000-4000-8000-000000001003'''
\set window '''2020-03-01 00:00Z'', ''2020-03-01 00:59Z'''
INSERT INTO active_calls.account VALUES (1003, :account, 100, 'filter_address');
CREATE TEMP TABLE sample (t timestamptz, address inet);
INSERT INTO sample
SELECT timestamptz '2020-03-01 00:00Z' + n * interval '1 minute', address
FROM unnest('{NULL,10.0.0.1,10.0.0.1/24,10.0.0.0/24,0.0.0.0,255.255.255.255,2001:db8:7::5,2001:db8:7::5/64,
              2001:db8:7::,::,::1,::ffff:10.0.0.1,::10.0.0.1,
              ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff}'::inet[]) WITH ORDINALITY AS v (address, n);
INSERT INTO active_calls.inbox
SELECT t, 1003, NULL, NULL, NULL, NULL, 0, address, 0 FROM sample;
GRANT SELECT ON sample TO active_calls_reader;
SET ROLE active_calls_reader;

-- The plain case, as rows
SELECT * FROM active_calls.origination_active_calls(
    :account, '2020-03-01 00:01Z', '2020-03-01 00:03Z', auth_orig_ip => '10.0.0.1');

-- Addresses are compared, not spellings; an address of the column may carry a netmask, which is not
-- part of the address; an IPv4-mapped IPv6 address is not the IPv4 address
\pset null '(none)'
SELECT given,
       (SELECT string_agg(coalesce(address::text, 'null'), ' ' ORDER BY t) FROM sample JOIN
            active_calls.origination_active_calls(:account, :window, auth_orig_ip => given::inet) USING (t)
        WHERE calls > 0) AS passed
FROM unnest('{10.0.0.1,10.0.0.1/32,10.0.0.0,10.0.0.2,0.0.0.0,255.255.255.255,2001:db8:7::5,
              2001:DB8:7:0:0:0:0:5,2001:0db8:0007::0.0.0.5,2001:db8:7::5/128,2001:db8:7::,::,0:0:0:0:0:0:0:1,
              ::ffff:10.0.0.1,::ffff:a00:1,::10.0.0.1,ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff}'::text[])
     WITH ORDINALITY AS v (given, n)
ORDER BY n;
SELECT sum(calls) FROM active_calls.origination_active_calls(:account, :window, auth_orig_ip => NULL);

-- A network is refused
SELECT * FROM active_calls.origination_active_calls(:account, :window, auth_orig_ip => '10.0.0.0/24');
SELECT * FROM active_calls.origination_active_calls(:account, :window, auth_orig_ip => '2001:db8:7::5/64');
\set VERBOSITY sqlstate
SELECT * FROM active_calls.origination_active_calls(:account, :window, auth_orig_ip => '10.0.0.0/24');
SELECT * FROM active_calls.origination_active_calls(:account, :window, auth_orig_ip => '0.0.0.0/0');
SELECT * FROM active_calls.origination_active_calls(:account, :window, auth_orig_ip => '10.0.0.256');
\set VERBOSITY default

RESET ROLE;
DELETE FROM active_calls.inbox WHERE customer_acc_id = 1003;
DELETE FROM active_calls.account WHERE id = 1003;
