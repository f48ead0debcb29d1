# Compares the function with the same question asked in plain SQL, on random calls and random filters, wherever the calls
# are stored: in the inbox, in segments, some here and some there. The seed is printed; ACTIVE_CALLS_SEED=N repeats a run,
# or makes another one.
use v5.20;
use warnings;
use experimental 'signatures';

use ActiveCalls::Database;
use ActiveCalls::Harness;
use ActiveCalls::RandomCalls;
use Test::More;

time_limit(300);

my $QUESTIONS = 2500;
my $seed      = random_seed();

my $database = ActiveCalls::Database->create;
$database->sql(<<"SQL");
${\ random_calls_sql($seed)}
GRANT USAGE ON SCHEMA randomized TO active_calls_reader;

${\ random_questions_sql()}
${\ plain_sql_answer()}
${\ comparison_sql()}

SELECT ask($QUESTIONS);
GRANT SELECT ON ALL TABLES IN SCHEMA randomized TO active_calls_reader;
ANALYZE active_calls.inbox, call;
SQL

# Questions, each made around one call, which mostly passes its filters and lies in its window, often at its very edge.
sub random_questions_sql
{
    return <<'SQL';
CREATE TABLE question (
    id int PRIMARY KEY, gap_fill text, account_id uuid, from_time timestamptz, to_time timestamptz,
    src_country_id int, dst_country_id int,
    src_prefix_routing_eq text, src_prefix_routing_starts_with text,
    src_prefix_routing_ends_with text, src_prefix_routing_contains text,
    dst_prefix_routing_eq text, dst_prefix_routing_starts_with text,
    dst_prefix_routing_ends_with text, dst_prefix_routing_contains text,
    duration_eq int, duration_gt int, duration_lt int, auth_orig_ip inet,
    customer_price_eq float8, customer_price_gt float8, customer_price_lt float8, step interval);

CREATE FUNCTION other_case(value text, probability float8) RETURNS text LANGUAGE sql VOLATILE AS
    'SELECT CASE WHEN randomized.chance(1 - probability) THEN value
                 WHEN randomized.chance(0.5) THEN upper(value) ELSE lower(value) END';

-- A value for the filter that the call passes, or nearly
CREATE FUNCTION filter_value(filter text, call call) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    number text := CASE WHEN filter LIKE 'src%' THEN call.src_prefix_routing ELSE call.dst_prefix_routing END;
    part int := randomized.below(least(length(number), 6) + 1);
    near int := randomized.any_of('{-1,0,1,1,1,10}'::int[]);
BEGIN
    RETURN CASE
        WHEN filter = 'src_country_id' THEN call.src_country_id::text
        WHEN filter = 'dst_country_id' THEN call.dst_country_id::text
        WHEN filter LIKE '%_routing_eq' THEN randomized.other_case(number, 0.1)
        WHEN filter LIKE '%_starts_with' THEN randomized.other_case(left(number, part), 0.1)
        WHEN filter LIKE '%_ends_with' THEN randomized.other_case(right(number, part), 0.1)
        WHEN filter LIKE '%_contains' THEN
            randomized.other_case(substr(number, 1 + randomized.below(length(number)), part), 0.6)
        WHEN filter = 'duration_eq' THEN call.duration::text
        WHEN filter = 'duration_gt' THEN least(greatest(call.duration::bigint - near, -2147483648), 2147483647)::text
        WHEN filter = 'duration_lt' THEN least(greatest(call.duration::bigint + near, -2147483648), 2147483647)::text
        WHEN filter = 'auth_orig_ip' THEN host(call.auth_orig_ip)
        WHEN filter = 'customer_price_eq' THEN call.customer_price::text
        WHEN filter = 'customer_price_gt' THEN (call.customer_price - near / 10.0)::text
        WHEN filter = 'customer_price_lt' THEN (call.customer_price + near / 10.0)::text
    END;
END
$$;

CREATE FUNCTION ask(questions int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    filters text[] := '{src_country_id,dst_country_id,src_prefix_routing_eq,src_prefix_routing_starts_with,
        src_prefix_routing_ends_with,src_prefix_routing_contains,dst_prefix_routing_eq,dst_prefix_routing_starts_with,
        dst_prefix_routing_ends_with,dst_prefix_routing_contains,duration_eq,duration_gt,duration_lt,auth_orig_ip,
        customer_price_eq,customer_price_gt,customer_price_lt}';
    call_count int := (SELECT count(*) FROM randomized.call);
    chosen int;
    passing randomized.call;
    asked jsonb;
    recent boolean;
    t timestamptz;
    to_time timestamptz;
BEGIN
    FOR id IN 1..questions LOOP
        chosen := 1 + randomized.below(call_count);
        SELECT * INTO STRICT passing FROM randomized.call WHERE n = chosen;
        recent := passing.snapshot_timestamp > '2000-01-01Z';
        t := passing.snapshot_timestamp;
        to_time := t + randomized.any_of(ARRAY['0', '0', '-1 microsecond', '1 microsecond', '61 seconds', '5 minutes',
            '20 minutes', '30 minutes']::interval[]) + randomized.below(3) * interval '59 seconds';
        asked := jsonb_build_object(
            'id', id,
            'account_id', CASE WHEN randomized.chance(0.95)
                THEN '00000000-0000-4000-8000-00000000' || passing.customer_acc_id
                ELSE '00000000-0000-4000-8000-000000005001' END,
            'from_time', t - randomized.any_of(ARRAY['0', '0', '-1 microsecond', '1 microsecond', '61 seconds',
                '5 minutes', '20 minutes', '30 minutes']::interval[]),
            'to_time', CASE WHEN NOT recent OR randomized.chance(0.7) THEN to_time END,
            'gap_fill', CASE WHEN recent AND randomized.chance(0.5) THEN 'yeti' ELSE 'window' END,
            'step', CASE WHEN randomized.chance(0.5) THEN '1 minute' ELSE randomized.any_of(ARRAY['1 second',
                '7 seconds', '30 seconds', '61 seconds', '90 seconds', '5 minutes', '1 hour', '1 day', '23:59:59']) END);
        FOR i IN 1..randomized.below(5) LOOP
            DECLARE
                filter text := randomized.any_of(filters);
            BEGIN
                asked := asked || jsonb_build_object(filter, randomized.filter_value(filter, passing));
            END;
        END LOOP;
        INSERT INTO randomized.question SELECT * FROM jsonb_populate_record(NULL::randomized.question, asked);
    END LOOP;
END
$$;
SQL
}

# The meaning of a question, said once more and in another way: nothing but SQL's own functions.
sub plain_sql_answer
{
    return <<'SQL';
CREATE FUNCTION contains(value text, part text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT strpos(translate(value, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz'),
                  translate(part, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ', 'abcdefghijklmnopqrstuvwxyz')) > 0
$$;

CREATE FUNCTION answer(q question) RETURNS TABLE (t timestamptz, calls int) LANGUAGE sql STABLE
    SET timezone = 'UTC' AS $$
WITH counted AS (
    SELECT snapshot_timestamp AS t, count(*)::int AS calls
    FROM randomized.call
    WHERE customer_acc_id = (SELECT id FROM active_calls.account WHERE uuid = q.account_id)
      AND snapshot_timestamp BETWEEN q.from_time AND coalesce(q.to_time, active_calls.latest_snapshot())
      AND (q.src_country_id IS NULL OR src_country_id = q.src_country_id)
      AND (q.dst_country_id IS NULL OR dst_country_id = q.dst_country_id)
      AND (q.src_prefix_routing_eq IS NULL OR src_prefix_routing = q.src_prefix_routing_eq COLLATE "C")
      AND (q.src_prefix_routing_starts_with IS NULL
           OR starts_with(src_prefix_routing, q.src_prefix_routing_starts_with))
      AND (q.src_prefix_routing_ends_with IS NULL
           OR right(src_prefix_routing, length(q.src_prefix_routing_ends_with)) = q.src_prefix_routing_ends_with)
      AND (q.src_prefix_routing_contains IS NULL
           OR randomized.contains(src_prefix_routing, q.src_prefix_routing_contains))
      AND (q.dst_prefix_routing_eq IS NULL OR dst_prefix_routing = q.dst_prefix_routing_eq COLLATE "C")
      AND (q.dst_prefix_routing_starts_with IS NULL
           OR starts_with(dst_prefix_routing, q.dst_prefix_routing_starts_with))
      AND (q.dst_prefix_routing_ends_with IS NULL
           OR right(dst_prefix_routing, length(q.dst_prefix_routing_ends_with)) = q.dst_prefix_routing_ends_with)
      AND (q.dst_prefix_routing_contains IS NULL
           OR randomized.contains(dst_prefix_routing, q.dst_prefix_routing_contains))
      AND (q.duration_eq IS NULL OR duration = q.duration_eq)
      AND (q.duration_gt IS NULL OR duration > q.duration_gt)
      AND (q.duration_lt IS NULL OR duration < q.duration_lt)
      AND (q.auth_orig_ip IS NULL OR host(auth_orig_ip) = host(q.auth_orig_ip))
      -- SQL sorts NaN above all numbers; here it is no number
      AND (q.customer_price_eq IS NULL
           OR customer_price = q.customer_price_eq AND customer_price <> 'NaN')
      AND (q.customer_price_gt IS NULL OR customer_price > q.customer_price_gt AND customer_price <> 'NaN')
      AND (q.customer_price_lt IS NULL
           OR customer_price < q.customer_price_lt AND q.customer_price_lt <> 'NaN')
    GROUP BY snapshot_timestamp),
grid AS (
    SELECT generate_series(
        to_timestamp(CASE q.gap_fill WHEN 'yeti' THEN floor(extract(epoch FROM q.from_time) / seconds)
                                     ELSE ceil(extract(epoch FROM q.from_time) / seconds) END * seconds),
        least(CASE q.gap_fill WHEN 'window' THEN q.to_time END, now() - interval '1 microsecond'),
        make_interval(secs => seconds)) AS t
    FROM CAST(extract(epoch FROM q.step) AS int) AS seconds)
SELECT t, coalesce(calls, 0) FROM counted FULL JOIN grid USING (t)
WHERE q.from_time <= least(q.to_time, now())
$$;
SQL
}

# Every question asked both ways, in one transaction, whose now() both see.
sub comparison_sql
{
    return <<'SQL';
CREATE FUNCTION compare() RETURNS TABLE (
    question jsonb, points int, calls bigint, expected text, answered text) LANGUAGE plpgsql AS $$
DECLARE
    q randomized.question;
    expected_t timestamptz[];
    expected_calls int[];
    answered_t timestamptz[];
    answered_calls int[];
BEGIN
    FOR q IN SELECT * FROM randomized.question ORDER BY id LOOP
        PERFORM set_config('active_calls.gap_fill', q.gap_fill, true);
        SELECT array_agg(a.t ORDER BY a.t), array_agg(a.calls ORDER BY a.t) INTO expected_t, expected_calls
        FROM randomized.answer(q) AS a;
        -- As it comes: the order is part of the answer
        SELECT array_agg(a.t), array_agg(a.calls) INTO answered_t, answered_calls
        FROM active_calls.origination_active_calls(
            q.account_id, q.from_time, q.to_time, q.src_country_id, q.dst_country_id,
            q.src_prefix_routing_eq, q.src_prefix_routing_starts_with,
            q.src_prefix_routing_ends_with, q.src_prefix_routing_contains,
            q.dst_prefix_routing_eq, q.dst_prefix_routing_starts_with,
            q.dst_prefix_routing_ends_with, q.dst_prefix_routing_contains,
            q.duration_eq, q.duration_gt, q.duration_lt, q.auth_orig_ip,
            q.customer_price_eq, q.customer_price_gt, q.customer_price_lt, q.step) AS a;
        question := jsonb_strip_nulls(to_jsonb(q));
        points := coalesce(cardinality(expected_t), 0);
        calls := (SELECT coalesce(sum(one), 0) FROM unnest(expected_calls) AS one);
        expected := NULL;
        answered := NULL;
        IF answered_t IS DISTINCT FROM expected_t OR answered_calls IS DISTINCT FROM expected_calls THEN
            expected := randomized.series_text(expected_t, expected_calls);
            answered := randomized.series_text(answered_t, answered_calls);
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE FUNCTION series_text(ts timestamptz[], calls int[]) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(to_char(t AT TIME ZONE 'UTC', 'HH24:MI:SS.US') || '=' || calls, ' '), 'nothing')
    FROM unnest(ts, calls) AS point (t, calls)
$$;
SQL
}

my $rows;

# How many rows the inbox and the segments have, and how many segments there are.
sub stores
{
    return split /\|/, $database->sql(<<'SQL');
SELECT (SELECT count(*) FROM active_calls.inbox), coalesce(sum(row_count), 0), count(*) FROM active_calls.segment
SQL
}

# The view shows every call as it was written. As text, which tells -0 from 0, and an address with a netmask from one without.
sub same_calls ($where)
{
    return is($database->sql(<<'SQL', 'active_calls_reader'), "$rows|0|0", "$where: every call is what it was");
SET timezone = 'UTC';
CREATE TEMP TABLE written AS
SELECT ROW(snapshot_timestamp, customer_acc_id, src_country_id, dst_country_id, src_prefix_routing, dst_prefix_routing,
           duration, auth_orig_ip, customer_price)::text AS value FROM randomized.call;
CREATE TEMP TABLE shown AS SELECT calls::text AS value FROM active_calls.calls;
SELECT (SELECT count(*) FROM shown), (SELECT count(*) FROM (TABLE written EXCEPT ALL TABLE shown) AS lost),
       (SELECT count(*) FROM (TABLE shown EXCEPT ALL TABLE written) AS gained);
SQL
}

# Asks every question, with the calls stored as they are now.
sub compare ($where)
{
    same_calls($where);
    # One row of tab-separated counts, then one for each of the first differences.
    my ($counts, @differences) = split /\n/, $database->sql(<<'SQL', 'active_calls_reader');
\pset fieldsep '\t'
SET timezone = 'UTC';
CREATE TEMP TABLE result AS SELECT * FROM randomized.compare();
SELECT count(*), count(*) FILTER (WHERE calls > 0), count(answered),
       (SELECT min(uses) FROM (SELECT count(*) AS uses FROM result, jsonb_object_keys(question) AS filter
                               WHERE filter !~ '^(id|gap_fill|account_id|from_time|to_time|step)$' GROUP BY filter) AS u)
FROM result;
SELECT question, left(expected, 3000), left(answered, 3000) FROM result WHERE answered IS NOT NULL LIMIT 5;
SQL
    my ($asked, $with_calls, $different, $least_used) = split /\t/, $counts;

    is($different, 0, "$where: the function answers as plain SQL does");
    for (@differences)
    {
        my ($question, $expected, $answered) = split /\t/;
        diag("question: $question\nexpected: $expected\nanswered: $answered");
    }
    is($asked, $QUESTIONS, "$where: every question was asked");
    cmp_ok($with_calls, '>', 0.6 * $asked, "$where: most series have calls");
    cmp_ok($least_used, '>', 0.05 * $asked, "$where: every filter was tried many times");
    note("$where: $with_calls of $asked series have calls, the least used filter is in $least_used questions");
    return;
}

# Seals step by step, some rows late. What is full does not grow: so that there are many segments, and late rows are
# known as such, some are called full that are not.
sub seal_half
{
    $database->sql(<<"SQL");
SELECT setseed(($seed % 1000003) / 1000003.0);
CREATE TEMP TABLE late (LIKE active_calls.inbox);
WITH taken AS (DELETE FROM active_calls.inbox WHERE random() < 0.2 RETURNING *) INSERT INTO late TABLE taken;
DO \$\$
BEGIN
    FOR i IN 0..9 LOOP
        PERFORM active_calls.seal(now() - ('1969-12-31 23:35Z'::timestamptz + i * interval '5 minutes'));
        UPDATE active_calls.segment SET is_full = true WHERE random() < 0.5;
    END LOOP;
    FOR i IN 0..6 LOOP
        PERFORM active_calls.seal(interval '45 minutes' - i * interval '5 minutes');
        UPDATE active_calls.segment SET is_full = true WHERE random() < 0.5;
    END LOOP;
END
\$\$;
INSERT INTO active_calls.inbox TABLE late;
SQL
    return;
}

$database->sql('DELETE FROM active_calls.inbox WHERE customer_acc_id < 5000');    # the sample feed
($rows) = stores();
compare('unsealed');

seal_half();
my ($waiting, $sealed, $segments) = stores();
cmp_ok($_, '>', 0.2 * $rows, 'half sealed: many rows are in either store') for $waiting, $sealed;
cmp_ok($segments, '>', 25, 'half sealed: there are many segments');
compare('half sealed');

# This runs in one transaction, since the future becomes the past meanwhile.
is( $database->sql(<<'SQL'), "t\nt", 'sealed: what is to come waits');
BEGIN;
SELECT active_calls.seal('0') > 0;
SELECT count(*) > 0 AND bool_and(snapshot_timestamp >= now()) FROM active_calls.inbox;
COMMIT;
SQL
($waiting, $sealed) = stores();
compare('sealed');

my ($windows, $within) = (
    "('1969-12-31 23:47Z', '1970-01-01 00:12:30Z'), (now() - interval '35 minutes', now() - interval '12 minutes')",
    'EXISTS (SELECT FROM w WHERE snapshot_timestamp BETWEEN begins AND ends)');
is( $database->sql("WITH w (begins, ends) AS (VALUES $windows) SELECT (SELECT count(*) FROM randomized.call WHERE $within)"
          . ' - (SELECT sum(active_calls.unseal(begins, ends)) FROM w)'),
    0, 'partly unsealed: as many rows as there are in the windows');
compare('partly unsealed');

$database->sql("SELECT active_calls.seal('0')");
compare('sealed once more');

$sealed = (stores())[1];
is($database->sql("SELECT active_calls.unseal('-infinity', 'infinity')"), $sealed, 'unsealed again: returns how many rows it moved');
is((stores())[2], 0, 'unsealed again: no segment is left');
same_calls('unsealed again');

done_testing();
