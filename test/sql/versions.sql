-- A library beside SQL objects of another version: a session goes on with the library that it has loaded when the
-- extension is upgraded. Each function in C refuses to be called with other arguments than it reads.

-- How the function in C answers when it is declared with these arguments, all of which are null
CREATE FUNCTION pg_temp.answer(symbol text, arguments text[], result text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
    message text;
    hint text;
BEGIN
    EXECUTE format('CREATE FUNCTION pg_temp.declared(%s) RETURNS %s LANGUAGE C AS ''$libdir/active_calls'', %L',
        array_to_string(arguments, ', '), result, symbol);
    EXECUTE format('SELECT pg_temp.declared(%s)',
        array_to_string(array_fill('NULL'::text, ARRAY[cardinality(arguments)]), ', '));
    RETURN 'no error';
EXCEPTION WHEN others THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
    RETURN format(E'%s: %s\n%s', state, message, hint);
END
$$;

-- All but the planner's support function, which only the planner can call, and which it calls with one argument
CREATE TEMPORARY TABLE function AS
SELECT proname AS name, prosrc AS symbol, pg_get_function_result(oid) AS result,
       ARRAY(SELECT format_type(type, NULL) FROM unnest(proargtypes) WITH ORDINALITY AS argument (type, number) ORDER BY number)
           AS arguments
FROM pg_proc
WHERE pronamespace = 'active_calls'::regnamespace AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'c')
    AND proname <> 'series_support';

SELECT name, pg_temp.answer(symbol, arguments || 'integer'::text, result) AS "with one argument more"
FROM function ORDER BY name COLLATE "C";
SELECT name, pg_temp.answer(symbol, arguments[:cardinality(arguments) - 1], result) AS "with one argument fewer"
FROM function WHERE cardinality(arguments) > 0 ORDER BY name COLLATE "C";

-- Also where the function is a scan of its own
CREATE FUNCTION pg_temp.series(uuid, timestamptz) RETURNS TABLE (t timestamptz, calls int)
STABLE LANGUAGE C SUPPORT active_calls.series_support AS '$libdir/active_calls', 'origination_active_calls';
EXPLAIN (COSTS off) SELECT * FROM pg_temp.series(NULL, NULL);
SELECT * FROM pg_temp.series(NULL, NULL);
