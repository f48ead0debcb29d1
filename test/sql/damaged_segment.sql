-- A segment whose bytes are not those that were written: whoever reads them is told so, and which segment it is; nobody
-- gets a wrong answer, and what does not read them goes on.
\getenv abs_srcdir PG_ABS_SRCDIR
\set roles :abs_srcdir '/../sql/roles.sql'
\set ECHO none
\i :roles
\set ECHO all
SET timezone = 'UTC';
SET datestyle = 'ISO';
\set SHOW_CONTEXT never

INSERT INTO active_calls.account VALUES (1023, 'f0000000-0000-4000-8000-000000001023', 120, 'damaged'),
                                        (1024, 'f0000000-0000-4000-8000-000000001024', 120, 'next to it');
-- Twenty minutes of calls that differ from those of another `kind`
CREATE FUNCTION pg_temp.calls(account int, first timestamptz, kind int) RETURNS void LANGUAGE sql AS $$
    INSERT INTO active_calls.inbox
    SELECT first + minute * interval '1 minute', account, NULLIF(call % 5, 4) + kind, 10 + call % 7 + kind,
           '380' || 100000 + (call + kind) * 7919 % 90000,
           CASE call % 3 WHEN 0 THEN 'Alice ' || call + kind WHEN 1 THEN '49' || 1000 + call * 31 + kind END,
           greatest(0, minute * 60 - call - kind), ('10.' || kind || '.' || call % 4 || '.' || call)::inet, minute * call / 8.0 + kind
    FROM generate_series(0, 19) AS minute, generate_series(1, 25) AS call
    WHERE (minute + call) % (9 + kind) > 0
$$;
-- A segment of 1023 that is going to be damaged, a later one, one of 1024; and rows of 1023, with which the first one is to grow
SELECT pg_temp.calls(1023, '2020-03-01 02:00Z', 1);
SELECT active_calls.seal();
UPDATE active_calls.segment SET is_full = true;
SELECT pg_temp.calls(1023, '2020-03-01 00:00Z', 0), pg_temp.calls(1024, '2020-03-01 00:00:30Z', 2);
SELECT active_calls.seal();
SELECT pg_temp.calls(1023, '2020-03-01 01:00Z', 0);
SELECT id AS d FROM active_calls.segment WHERE customer_acc_id = 1023 AND NOT is_full \gset
SELECT id AS other FROM active_calls.segment WHERE customer_acc_id = 1024 \gset
SELECT id AS later FROM active_calls.segment WHERE customer_acc_id = 1023 AND is_full \gset

-- What is asked while the segment is damaged, and what the answer is while it is not
CREATE TEMP TABLE question (n serial, what text, reads text, query text, answer text);
INSERT INTO question (what, reads, query)
SELECT 'series, ' || filter, reads,
       $$SELECT md5(string_agg(s::text, ' ')) FROM active_calls.origination_active_calls(
           'f0000000-0000-4000-8000-000000001023', '2020-03-01 00:03Z', '2020-03-01 00:15Z'$$ || coalesce(', ' || argument, '') || ') AS s'
FROM (VALUES
    ('no filter', 'header', NULL),
    ('source country', 'header runs src_country_id', 'src_country_id => 1'),
    ('destination country', 'header runs dst_country_id', 'dst_country_id => 12'),
    ('source number', 'header runs src_prefix_routing', $$src_prefix_routing_contains => '38'$$),
    ('destination number', 'header runs dst_prefix_routing', $$dst_prefix_routing_starts_with => '49'$$),
    ('duration', 'header runs duration', 'duration_gt => 60'),
    ('address', 'header runs auth_orig_ip', $$auth_orig_ip => '10.0.1.5'$$),
    ('price', 'header runs duration customer_price', 'customer_price_gt => 10'),
    ('all filters', 'header runs src_country_id dst_country_id src_prefix_routing dst_prefix_routing duration auth_orig_ip customer_price',
     $$src_country_id => 1, dst_country_id => 12, src_prefix_routing_contains => '3', dst_prefix_routing_contains => '4', duration_lt => 1000,
       auth_orig_ip => '10.0.0.16', customer_price_lt => 1e6$$)) AS v (filter, reads, argument);
INSERT INTO question (what, reads, query) VALUES
    ('calls', 'everything', 'SELECT md5(string_agg(c::text, '' '' ORDER BY c::text COLLATE "C")) FROM active_calls.calls AS c'),
    ('calls of the account', 'everything',
     'SELECT md5(string_agg(c::text, '' '' ORDER BY c::text COLLATE "C")) FROM active_calls.calls AS c WHERE customer_acc_id = 1023'),
    ('unseal', 'everything', $$SELECT active_calls.unseal('2020-03-01 00:03Z', '2020-03-01 00:15Z')::text$$),
    ('seal', 'everything', $$SELECT active_calls.seal() || ' ' || sum(row_count) FROM active_calls.segment WHERE customer_acc_id = 1023$$),
    ('drop_before', 'nothing', $$SELECT active_calls.drop_before('infinity')::text$$),
    ('another account', 'nothing', $$SELECT md5(string_agg(s::text, ' ')) FROM active_calls.origination_active_calls(
         'f0000000-0000-4000-8000-000000001024', '2020-03-01 00:00Z', '2020-03-01 00:20Z', duration_gt => 60) AS s$$),
    ('calls of another account', 'nothing',
     'SELECT md5(string_agg(c::text, '' '' ORDER BY c::text COLLATE "C")) FROM active_calls.calls AS c WHERE customer_acc_id = 1024'),
    ('another window', 'nothing', $$SELECT md5(string_agg(s::text, ' ')) FROM active_calls.origination_active_calls(
         'f0000000-0000-4000-8000-000000001023', '2020-03-01 01:30Z', '2020-03-01 02:30Z', duration_gt => 60) AS s$$),
    ('calls of another window', 'nothing',
     $$SELECT md5(string_agg(c::text, ' ' ORDER BY c::text COLLATE "C")) FROM active_calls.calls AS c
       WHERE customer_acc_id = 1023 AND snapshot_timestamp > '2020-03-01 01:30Z'$$),
    ('unseal another window', 'nothing', $$SELECT active_calls.unseal('2020-03-01 01:30Z', '2020-03-01 02:30Z')::text$$);

-- The answer to a query, or SQLSTATE and message. Leaves no trace.
CREATE FUNCTION pg_temp.try(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    EXECUTE query INTO answer;
    RAISE EXCEPTION USING errcode = 'UT000', message = coalesce(answer, 'null');
EXCEPTION WHEN OTHERS THEN
    RETURN CASE WHEN SQLSTATE = 'UT000' THEN SQLERRM ELSE SQLSTATE || ': ' || SQLERRM END;
END
$$;
UPDATE question SET answer = pg_temp.try(query);
SELECT count(*) AS errors FROM question WHERE answer ~ '^.....: ';

-- What is done to the segment, each time on its own
CREATE TEMP TABLE damage (n serial, damaged text, how text, set_clause text);
INSERT INTO damage (damaged, how, set_clause)
SELECT name, how, format(change, name)
FROM unnest('{header,runs,duration,src_country_id,dst_country_id,src_prefix_routing,dst_prefix_routing,auth_orig_ip,customer_price}'::text[]) AS name,
     LATERAL (
        -- One bit at a time, in all parts of the value
        SELECT 'bit', '%1$I = set_bit(%1$I, ((length(%1$I) - 1)::bigint * ' || place || ' / 1000) * 8 + ' || place % 8
               || ', 1 - get_bit(%1$I, ((length(%1$I) - 1)::bigint * ' || place || ' / 1000) * 8 + ' || place % 8 || '))'
        FROM unnest('{0,1,43,77,150,222,333,503,650,777,888,999,1000}'::int[]) AS place
        UNION ALL SELECT 'byte', '%1$I = overlay(%1$I PLACING E''\\xff00'' FROM ' || place || ')' FROM unnest('{1,2,4}'::int[]) AS place
        UNION ALL SELECT 'truncated', '%1$I = substr(%1$I, 1, length(%1$I) ' || less || ')'
        FROM unnest('{- 1,- 8,/ 2,- length(%1$I) + 1,- length(%1$I)}'::text[]) AS less
        UNION ALL SELECT 'begins late', '%1$I = substr(%1$I, 2)'
        UNION ALL SELECT 'extended', '%1$I = %1$I || ' || more FROM unnest(ARRAY[$$'\x00'$$, $$'\xff'$$, '%1$I', $$decode(repeat('00', 1000000), 'hex')$$]) AS more
        UNION ALL SELECT 'zeros', '%1$I = decode(repeat(''00'', length(%1$I)), ''hex'')'
        UNION ALL SELECT 'null', '%1$I = NULL'
        UNION ALL SELECT 'of another segment', '%1$I = (SELECT %1$I FROM active_calls.segment AS s WHERE s.id = ' || id || ')'
        FROM unnest(ARRAY[:other, :later]) AS id
     ) AS v (how, change);
-- Plain columns repeat what the header says.
INSERT INTO damage (damaged, how, set_clause)
SELECT 'row_count, run_count', 'other number', name || ' = ' || value
FROM unnest('{row_count,run_count}'::text[]) AS name, unnest('{0,-1,1,2000000000,"NULL"}'::text[]) AS value;
INSERT INTO damage (damaged, how, set_clause) VALUES
    ('first_snapshot, last_snapshot', 'wider', $$first_snapshot = '2020-02-29 23:59Z'$$),
    ('first_snapshot, last_snapshot', 'wider', $$first_snapshot = '-infinity'$$),
    ('first_snapshot, last_snapshot', 'wider', $$last_snapshot = '2020-03-01 00:20Z'$$),
    ('first_snapshot, last_snapshot', 'wider', $$last_snapshot = last_snapshot + interval '0.000001'$$),
    ('first_snapshot, last_snapshot', 'narrower', $$first_snapshot = first_snapshot + interval '0.000001'$$),
    ('first_snapshot, last_snapshot', 'narrower', $$first_snapshot = '2020-03-01 00:10Z'$$),
    ('first_snapshot, last_snapshot', 'narrower', $$last_snapshot = '2020-03-01 00:05Z'$$);
SELECT damaged, count(*) FROM damage GROUP BY damaged ORDER BY min(n);

ALTER TABLE active_calls.segment
    ALTER header DROP NOT NULL, ALTER runs DROP NOT NULL, ALTER duration DROP NOT NULL, ALTER src_country_id DROP NOT NULL,
    ALTER dst_country_id DROP NOT NULL, ALTER src_prefix_routing DROP NOT NULL, ALTER dst_prefix_routing DROP NOT NULL,
    ALTER auth_orig_ip DROP NOT NULL, ALTER customer_price DROP NOT NULL, ALTER row_count DROP NOT NULL, ALTER run_count DROP NOT NULL;
CREATE FUNCTION pg_temp.is_read(damaged text, reads text) RETURNS boolean LANGUAGE sql AS
    $$SELECT reads = 'everything' OR damaged = ANY (string_to_array(reads, ' '))$$;
CREATE TEMP TABLE outcome (damage int, question int, outcome text, answer text);
CREATE FUNCTION pg_temp.try_all(segment bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    damage damage;
    answers jsonb;
BEGIN
    FOR damage IN SELECT * FROM damage ORDER BY n LOOP
        BEGIN
            EXECUTE format('UPDATE active_calls.segment SET %s WHERE id = %s', damage.set_clause, segment);
            -- What does not read the damage is asked only once.
            answers := (SELECT jsonb_object_agg(n, pg_temp.try(query)) FROM question
                        WHERE damage.how = 'zeros' OR damage.damaged ~ ',' OR pg_temp.is_read(damage.damaged, reads));
            RAISE EXCEPTION USING errcode = 'UT001';
        EXCEPTION WHEN SQLSTATE 'UT001' THEN
            NULL;
        END;
        INSERT INTO outcome
        SELECT damage.n, q.n, CASE WHEN answers->>q.n::text = q.answer THEN 'right'
                                   WHEN answers->>q.n::text LIKE 'XX001: segment ' || segment || ' of account 1023 is damaged: %' THEN 'reported'
                                   WHEN answers->>q.n::text ~ '^.....: ' THEN 'another error' ELSE 'wrong' END, answers->>q.n::text
        FROM question AS q WHERE answers ? q.n::text;
    END LOOP;
END
$$;
SELECT pg_temp.try_all(:d);

-- Whatever reads the damaged column reports it, every time, and says which; whatever does not answers as before.
SELECT damaged, pg_temp.is_read(damaged, reads) AS read, count(*) AS questions, count(*) FILTER (WHERE outcome = 'right') AS right,
       count(*) FILTER (WHERE outcome = 'reported') AS reported,
       count(*) FILTER (WHERE outcome.answer ~ ('is damaged: ' || damaged || ': ')) AS named,
       count(*) FILTER (WHERE outcome IN ('wrong', 'another error')) AS neither
FROM outcome JOIN damage ON damage.n = damage JOIN question ON question.n = outcome.question
WHERE damaged !~ ',' GROUP BY 1, 2 ORDER BY min(damage.n), 2 DESC;
SELECT DISTINCT ON (damage.damaged, how, what) damaged, how, what, left(outcome.answer, 60) AS answer, set_clause
FROM outcome JOIN damage ON damage.n = damage JOIN question ON question.n = outcome.question
WHERE damaged !~ ',' AND outcome IN ('wrong', 'another error');
-- The plain columns tell which segments are to be read, and how many rows go with one that is dropped. Otherwise the same.
SELECT damaged, what, count(*) AS questions, count(*) FILTER (WHERE outcome = 'right') AS right,
       count(*) FILTER (WHERE outcome = 'reported') AS reported, count(*) FILTER (WHERE outcome IN ('wrong', 'another error')) AS neither
FROM outcome JOIN damage ON damage.n = damage JOIN question ON question.n = outcome.question
WHERE damaged ~ ',' GROUP BY 1, 2 ORDER BY 1, min(question.n);
BEGIN;
UPDATE active_calls.segment SET customer_acc_id = 1024 WHERE id = :d;
SELECT regexp_replace(pg_temp.try(query), 'segment \d+', 'segment n') FROM question WHERE what IN ('another account', 'calls of another account');
ROLLBACK;
-- What to do about it
DO $$
DECLARE
    hint text;
BEGIN
    UPDATE active_calls.segment SET runs = '';
    PERFORM active_calls.unseal('-infinity', 'infinity');
EXCEPTION WHEN data_corrupted THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RAISE NOTICE '%', hint;
END
$$;

-- Nothing of all that has stayed.
SELECT count(*) FROM question WHERE pg_temp.try(query) <> answer;
ALTER TABLE active_calls.segment
    ALTER header SET NOT NULL, ALTER runs SET NOT NULL, ALTER duration SET NOT NULL, ALTER src_country_id SET NOT NULL,
    ALTER dst_country_id SET NOT NULL, ALTER src_prefix_routing SET NOT NULL, ALTER dst_prefix_routing SET NOT NULL,
    ALTER auth_orig_ip SET NOT NULL, ALTER customer_price SET NOT NULL, ALTER row_count SET NOT NULL, ALTER run_count SET NOT NULL;
SELECT active_calls.drop_before('infinity') > 0 AS dropped;
DELETE FROM active_calls.account WHERE id IN (1023, 1024);
