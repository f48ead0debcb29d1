-- Keeps account and api_access of active_calls in step with a Yeti database that the extension was
-- created in. Run it once as a superuser: psql -f sql/yeti.sql DATABASE
--
-- It copies what is there now, and its triggers copy every change in the transaction that makes it. It leaves
-- account.name as it is, since Yeti's table does not have it. Running it again brings the copies in step again. To
-- undo it: DROP SCHEMA active_calls_yeti CASCADE.

BEGIN;

DROP SCHEMA IF EXISTS active_calls_yeti CASCADE;
CREATE SCHEMA active_calls_yeti;

-- A role that changes an account or an API access of Yeti's needs no rights in active_calls. A stale copy of a row
-- whose change fired no trigger may be in the way. The trigger then deletes the copy, or clears its login, so that
-- Yeti's own change never fails here. Running this script again brings the copies back in step.

CREATE FUNCTION active_calls_yeti.copy_account() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CASE TG_OP
    WHEN 'INSERT', 'UPDATE' THEN
        DELETE FROM active_calls.account
        WHERE (id = NEW.id OR uuid = NEW.uuid) AND id IS DISTINCT FROM OLD.id;
        UPDATE active_calls.account
        SET id = NEW.id, uuid = NEW.uuid, customer_id = NEW.contractor_id WHERE id = OLD.id;
        IF NOT FOUND THEN
            INSERT INTO active_calls.account (id, uuid, customer_id)
            VALUES (NEW.id, NEW.uuid, NEW.contractor_id);
        END IF;
    WHEN 'DELETE' THEN
        DELETE FROM active_calls.account WHERE id = OLD.id;
    WHEN 'TRUNCATE' THEN
        DELETE FROM active_calls.account;
    END CASE;
    RETURN NULL;
END
$$;

CREATE FUNCTION active_calls_yeti.copy_api_access() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    CASE TG_OP
    WHEN 'INSERT', 'UPDATE' THEN
        DELETE FROM active_calls.api_access WHERE id = NEW.id AND id IS DISTINCT FROM OLD.id;
        UPDATE active_calls.api_access SET login = NULL
        WHERE login = NEW.login AND id IS DISTINCT FROM OLD.id;
        UPDATE active_calls.api_access
        SET id = NEW.id, customer_id = NEW.customer_id,
            account_ids = coalesce(NEW.account_ids, '{}'), login = NEW.login
        WHERE id = OLD.id;
        IF NOT FOUND THEN
            INSERT INTO active_calls.api_access (id, customer_id, account_ids, login)
            VALUES (NEW.id, NEW.customer_id, coalesce(NEW.account_ids, '{}'), NEW.login);
        END IF;
    WHEN 'DELETE' THEN
        DELETE FROM active_calls.api_access WHERE id = OLD.id;
    WHEN 'TRUNCATE' THEN
        DELETE FROM active_calls.api_access;
    END CASE;
    RETURN NULL;
END
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA active_calls_yeti FROM PUBLIC;

-- An account's balance changes all the time, but the copied columns hardly ever do.

CREATE TRIGGER active_calls_copy
AFTER INSERT OR DELETE OR UPDATE OF id, uuid, contractor_id ON billing.accounts
FOR EACH ROW EXECUTE FUNCTION active_calls_yeti.copy_account();

CREATE TRIGGER active_calls_copy
AFTER INSERT OR DELETE OR UPDATE OF id, customer_id, account_ids, login ON sys.api_access
FOR EACH ROW EXECUTE FUNCTION active_calls_yeti.copy_api_access();

CREATE TRIGGER active_calls_truncate AFTER TRUNCATE ON billing.accounts
EXECUTE FUNCTION active_calls_yeti.copy_account();

CREATE TRIGGER active_calls_truncate AFTER TRUNCATE ON sys.api_access
EXECUTE FUNCTION active_calls_yeti.copy_api_access();

-- The triggers are in place, so they catch every change after this moment.

DELETE FROM active_calls.account WHERE id NOT IN (SELECT id FROM billing.accounts);
-- A uuid may have moved to another id. The copy that still has it is not to be in the way.
UPDATE active_calls.account SET uuid = gen_random_uuid()
FROM billing.accounts AS original
WHERE original.id = account.id AND original.uuid <> account.uuid;
INSERT INTO active_calls.account (id, uuid, customer_id)
SELECT id, uuid, contractor_id FROM billing.accounts
ON CONFLICT (id) DO UPDATE SET uuid = excluded.uuid, customer_id = excluded.customer_id;

DELETE FROM active_calls.api_access;
INSERT INTO active_calls.api_access (id, customer_id, account_ids, login)
SELECT id, customer_id, coalesce(account_ids, '{}'), login FROM sys.api_access;

COMMIT;
