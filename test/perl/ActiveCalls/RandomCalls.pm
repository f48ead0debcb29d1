# Random calls, for tests that compare what is stored with what was written.
package ActiveCalls::RandomCalls;

use v5.20;
use warnings;
use experimental 'signatures';

use Exporter 'import';
use Test::More;

our @EXPORT = qw(random_seed random_calls_sql);

# The seed is printed; ACTIVE_CALLS_SEED=N repeats a run, or makes another one.
sub random_seed ()
{
    my $seed = $ENV{ACTIVE_CALLS_SEED} // 20260101;
    BAIL_OUT("ACTIVE_CALLS_SEED is not a whole number: $seed") if $seed !~ /^\d{1,9}$/;
    diag("seed $seed");
    return $seed;
}

# SQL that makes tables `call` and `number` in a schema of their own, which it sets the search_path to, and puts the calls
# into the inbox.
#
# Calls of five accounts in two stretches of time: one around 1970, where the grid's multiples change their sign and
# everything is the same in every run, and one around now, where the grid ends. Most are rows that have nothing to do with
# each other; some are calls as a switch sees them, minute by minute.
sub random_calls_sql ($seed)
{
    return <<"BEGIN" . <<'SQL';
SET timezone = 'UTC';
SELECT setseed(($seed % 1000003) / 1000003.0);
CREATE SCHEMA randomized;
SET search_path = randomized, public;
BEGIN
CREATE FUNCTION chance(probability float8) RETURNS boolean LANGUAGE sql VOLATILE AS 'SELECT random() < probability';
CREATE FUNCTION below(size int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT floor(random() * size)::int';
CREATE FUNCTION any_of(choices anyarray) RETURNS anyelement LANGUAGE sql VOLATILE
    AS 'SELECT choices[1 + randomized.below(cardinality(choices))]';

INSERT INTO active_calls.account
SELECT id, ('00000000-0000-4000-8000-00000000' || id)::uuid, 500, 'random ' || id FROM generate_series(5001, 5005) AS id;

-- Numbers and names that share beginnings, ends and middles; letters whose case changes beyond ASCII, or into ASCII
-- (Kelvin sign, long s, dotless i), characters that are special to LIKE
CREATE TABLE number AS
SELECT any_of('{380,3804,1,49,7,Alice,alice,ALICE,Zoë,zOË,Ångström,😀,"",%,_,\\,anonymous,K,kK}'::text[])
       || CASE WHEN chance(0.6) THEN repeat(below(10)::text, below(3)) || below(1000) ELSE '' END
       || any_of('{"","",pbx,PBX,.Pbx,ß,ẞ,ſ,s,S,İ,ı,I,K,%,é,É}'::text[]) AS value
FROM generate_series(1, 400);
INSERT INTO number VALUES (''), ('380'), (repeat('3804Alice', 110) || 'pbx'),
    ('380' || (SELECT string_agg(md5(i::text), '' ORDER BY i) FROM generate_series(1, 31) AS i) || 'PBX');

CREATE TABLE call AS
WITH pool AS (
    SELECT array_agg(value ORDER BY value COLLATE "C") AS numbers,
           '{10.0.0.1,10.0.0.1,10.0.0.2,10.0.0.1/24,192.0.2.21,2001:db8:7::5,2001:db8:7::5/64,2001:db8:7::6,
             ::ffff:10.0.0.1,::10.0.0.1,::}'::inet[] AS addresses,
           '{0,-0,0.1,0.2,0.30000000000000004,0.3,1,1.5,-1,5e-324,1e300,Infinity,-Infinity,NaN}'::float8[] AS prices,
           '{1969-12-31 23:30Z}'::timestamptz[] || (date_trunc('minute', now()) - interval '50 minutes') AS beginnings
    FROM number)
SELECT n,
       any_of(beginnings) + below(60) * interval '1 minute'
           + CASE WHEN chance(0.85) THEN interval '0'
                  WHEN chance(0.5) THEN below(60) * interval '1 second'
                  ELSE below(60000000) * interval '1 microsecond' END AS snapshot_timestamp,
       5001 + least(below(10), below(10)) / 2 AS customer_acc_id,
       CASE WHEN chance(0.9) THEN below(5) END AS src_country_id,
       CASE WHEN chance(0.9) THEN below(5) END AS dst_country_id,
       CASE WHEN chance(0.9) THEN any_of(numbers) END AS src_prefix_routing,
       CASE WHEN chance(0.9) THEN any_of(numbers) END AS dst_prefix_routing,
       CASE WHEN chance(0.3) THEN 0 WHEN chance(0.99) THEN below(40)
            ELSE any_of('{2147483647,-2147483648,-1}'::int[]) END AS duration,
       CASE WHEN chance(0.9) THEN any_of(addresses) END AS auth_orig_ip,
       CASE WHEN chance(0.5) THEN any_of(prices) ELSE below(100) / 10.0 END AS customer_price
FROM pool, generate_series(1, 12000) AS n;
INSERT INTO call SELECT 12000 + row_number() OVER (ORDER BY n), snapshot_timestamp, customer_acc_id, src_country_id,
    dst_country_id, src_prefix_routing, dst_prefix_routing, duration, auth_orig_ip, customer_price
FROM call WHERE n <= 1000; -- duplicates
-- From the first snapshot on, a minute apart, connected a while later; now and then a minute is missing, or the switch's
-- clock is a second off
INSERT INTO call SELECT 13000 + row_number() OVER (ORDER BY n, minute), snapshot_timestamp + minute * interval '1 minute',
    customer_acc_id, src_country_id, dst_country_id, src_prefix_routing, dst_prefix_routing,
    CASE WHEN minute * 60 < rings THEN 0 ELSE minute * 60 - rings + CASE WHEN chance(0.02) THEN 1 ELSE 0 END END,
    auth_orig_ip, minute * 0.25
FROM (SELECT *, below(12) AS minutes, below(130) AS rings FROM call WHERE n <= 600) AS c, generate_series(0, minutes) AS minute
WHERE chance(0.97);
ALTER TABLE call ADD PRIMARY KEY (n);
CREATE INDEX ON call (customer_acc_id, snapshot_timestamp);
INSERT INTO active_calls.inbox
SELECT snapshot_timestamp, customer_acc_id, src_country_id, dst_country_id, src_prefix_routing, dst_prefix_routing,
       duration, auth_orig_ip, customer_price
FROM call ORDER BY md5(n::text);
SQL
}

1;
