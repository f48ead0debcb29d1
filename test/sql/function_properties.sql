-- What the extension consists of, as the catalogs say it.

SELECT proname, provolatile AS volatile, proparallel AS parallel, proisstrict AS strict, prosecdef AS definer,
       proretset AS set, pronargs AS args, pronargdefaults AS defaults, proconfig
FROM pg_proc WHERE pronamespace = 'active_calls'::regnamespace ORDER BY proname COLLATE "C";

-- The three forms ask the same question: the arguments from account_id on are the same, in the same order
SELECT count(*) AS forms, count(DISTINCT question) AS questions
FROM (SELECT substring(pg_get_function_arguments(oid) FROM 'account_id uuid.*') AS question
      FROM pg_proc WHERE proname LIKE '%origination\_active\_calls') AS form;
SET intervalstyle = 'postgres';
SELECT unnest(string_to_array(pg_get_function_arguments('active_calls.origination_active_calls'::regproc), ', '))
    AS argument;
SELECT pg_get_function_result('active_calls.origination_active_calls'::regproc);

-- The tables whose rows pg_dump carries, and what one of them may hold
SELECT unnest(extconfig)::regclass AS dumped, unnest(extcondition) AS condition
FROM pg_extension WHERE extname = 'active_calls' ORDER BY 1::text;
SELECT conrelid::regclass, conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'active_calls'::regnamespace AND contype <> 'n' ORDER BY conname COLLATE "C";
SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'active_calls' ORDER BY indexname COLLATE "C";

-- The extension stays in its schema, and only a superuser creates it
SELECT extrelocatable, extnamespace::regnamespace, extversion FROM pg_extension WHERE extname = 'active_calls';
SELECT superuser, trusted, relocatable, schema FROM pg_available_extension_versions WHERE name = 'active_calls';
