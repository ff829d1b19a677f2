-- Retention policies and the guard that keeps them.

CREATE TABLE phisync.retention_policy (
  name text PRIMARY KEY CHECK (name <> ''),
  relation regclass NOT NULL,
  anchor text NOT NULL,
  min_retention interval,
  max_retention interval,
  filter text,
  subject name,
  action text NOT NULL,
  enabled boolean NOT NULL,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  created_by name NOT NULL DEFAULT SESSION_USER
);
COMMENT ON TABLE phisync.retention_policy IS
'Retention policies; written through create_retention_policy and drop_retention_policy, read through the view retention_policies.';
SELECT pg_catalog.pg_extension_config_dump('phisync.retention_policy', '');

-- Sessions keep compiled policies and holds; a change by whatever path reaches them all.
CREATE FUNCTION phisync.retention_changed() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_retention_changed';
REVOKE ALL ON FUNCTION phisync.retention_changed() FROM PUBLIC;
COMMENT ON FUNCTION phisync.retention_changed() IS
'Trigger on the tables of policies and holds: makes every session read them anew. Needs no preload.';
CREATE TRIGGER changed AFTER INSERT OR UPDATE OR DELETE ON phisync.retention_policy
  FOR EACH ROW EXECUTE FUNCTION phisync.retention_changed();
ALTER TABLE phisync.retention_policy ENABLE ALWAYS TRIGGER changed;

CREATE FUNCTION phisync.guard_row() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_guard_row';
REVOKE ALL ON FUNCTION phisync.guard_row() FROM PUBLIC;
COMMENT ON FUNCTION phisync.guard_row() IS
'Row trigger on tables with a policy or hold: refuses DELETE of retained (PHR01) and held (PHR02) rows and UPDATE that shortens a running minimum retention or shakes off a hold. Needs no preload.';

CREATE FUNCTION phisync.guard_truncate() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_guard_truncate';
REVOKE ALL ON FUNCTION phisync.guard_truncate() FROM PUBLIC;
COMMENT ON FUNCTION phisync.guard_truncate() IS
'Statement trigger on tables with a policy or hold: refuses TRUNCATE while any row is retained (PHR01) or held (PHR02). Needs no preload.';

CREATE FUNCTION phisync.check_retention_policy(name text, relation regclass, anchor text, min_retention interval,
  max_retention interval, filter text, subject text, action text) RETURNS void
LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'phisync_check_retention_policy';
REVOKE ALL ON FUNCTION phisync.check_retention_policy(text, regclass, text, interval, interval, text, text, text) FROM PUBLIC;
COMMENT ON FUNCTION phisync.check_retention_policy(text, regclass, text, interval, interval, text, text, text) IS
'Locks the table against writes until the transaction ends and raises an error unless the policy can be kept on it; called by create_retention_policy. Needs no preload.';

-- The names sort behind others, so that the guard sees what earlier triggers made of a row.
CREATE FUNCTION phisync.set_guard(relation regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  needed boolean;
  present boolean;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = set_guard.relation) THEN
    RETURN;
  END IF;
  needed := EXISTS (SELECT FROM phisync.retention_policy p WHERE p.relation = set_guard.relation)
    OR EXISTS (SELECT FROM phisync.legal_hold h WHERE h.relation = set_guard.relation AND h.released_at IS NULL);
  present := EXISTS (SELECT FROM pg_catalog.pg_trigger t WHERE t.tgrelid = set_guard.relation
    AND t.tgfoid = 'phisync.guard_row()'::pg_catalog.regprocedure);
  IF needed AND NOT present THEN
    EXECUTE pg_catalog.format('CREATE TRIGGER "~phisync_guard" BEFORE DELETE OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION phisync.guard_row()', relation);
    EXECUTE pg_catalog.format('CREATE TRIGGER "~phisync_guard_truncate" BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION phisync.guard_truncate()', relation);
    EXECUTE pg_catalog.format('ALTER TABLE ONLY %s ENABLE ALWAYS TRIGGER "~phisync_guard", ENABLE ALWAYS TRIGGER "~phisync_guard_truncate"', relation);
  ELSIF present AND NOT needed THEN
    EXECUTE pg_catalog.format('DROP TRIGGER "~phisync_guard" ON %s', relation);
    EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS "~phisync_guard_truncate" ON %s', relation);
  END IF;
END
$$;
REVOKE ALL ON FUNCTION phisync.set_guard(regclass) FROM PUBLIC;
COMMENT ON FUNCTION phisync.set_guard(regclass) IS
'Puts the guard triggers on a table that has a policy or hold of its own, takes them off one that has none left. Needs no preload.';

CREATE FUNCTION phisync.create_retention_policy(relation regclass, name text, anchor text,
  min_retention interval DEFAULT NULL, max_retention interval DEFAULT NULL, filter text DEFAULT NULL,
  subject text DEFAULT NULL, action text DEFAULT 'delete', enabled boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM phisync.check_retention_policy(name, relation, anchor, min_retention, max_retention, filter, subject, action);
  INSERT INTO phisync.retention_policy AS p (name, relation, anchor, min_retention, max_retention, filter, subject, action, enabled)
  VALUES (create_retention_policy.name, create_retention_policy.relation, create_retention_policy.anchor,
          create_retention_policy.min_retention, create_retention_policy.max_retention, create_retention_policy.filter,
          create_retention_policy.subject, create_retention_policy.action, coalesce(create_retention_policy.enabled, true))
  ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
      MESSAGE = pg_catalog.format('retention policy "%s" already exists', name),
      DETAIL = 'Names of retention policies are unique in the database.',
      HINT = 'Choose another name, or remove the old policy with phisync.drop_retention_policy(name).';
  END IF;
  PERFORM phisync.set_guard(relation);
END
$$;
REVOKE ALL ON FUNCTION phisync.create_retention_policy(regclass, text, text, interval, interval, text, text, text, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.create_retention_policy(regclass, text, text, interval, interval, text, text, text, boolean) TO phisync_officer;
COMMENT ON FUNCTION phisync.create_retention_policy(regclass, text, text, interval, interval, text, text, text, boolean) IS
'Keeps rows of a table for min_retention and disposes of them after max_retention, both counted in UTC from anchor, an SQL expression over the row''s columns of type date, timestamp or timestamptz (NULL: keep). filter chooses the rows (NULL: all), subject names the column with the subject''s id, action is delete. Locks the table against writes for a moment. Errors: 22023, 42703, 42710, 42804, 42809, 0A000, 55000. Needs no preload.';

CREATE FUNCTION phisync.drop_retention_policy(name text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  its_table regclass;
  its_subject name;
BEGIN
  SELECT p.relation, p.subject INTO its_table, its_subject FROM phisync.retention_policy p
  WHERE p.name = drop_retention_policy.name;
  IF NOT FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object',
      MESSAGE = pg_catalog.format('retention policy "%s" does not exist', name),
      DETAIL = 'No policy of this database has that name.',
      HINT = 'The view phisync.retention_policies lists them.';
  END IF;
  -- Changes of guarded rows that are under way were judged by this policy: they end first.
  IF EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = its_table) THEN
    EXECUTE pg_catalog.format('LOCK TABLE ONLY %s IN SHARE ROW EXCLUSIVE MODE', its_table);
  END IF;
  -- A subject hold finds its rows by the policies' subject columns.
  LOCK TABLE phisync.legal_hold IN SHARE ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = its_table)
    AND EXISTS (SELECT FROM phisync.legal_hold h WHERE h.released_at IS NULL AND h.subject IS NOT NULL
                AND (h.relation IS NULL OR h.relation = its_table))
    AND its_subject IS NOT NULL
    AND NOT EXISTS (SELECT FROM phisync.retention_policy p WHERE p.relation = its_table
                    AND p.subject = its_subject AND p.enabled AND p.name <> drop_retention_policy.name) THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = pg_catalog.format('retention policy "%s" is needed by legal holds', name),
      DETAIL = 'Holds on subjects are in force, and no other policy in force names the subject column of the table.',
      HINT = 'Release the holds, or create another policy with the same subject first.';
  END IF;
  DELETE FROM phisync.retention_policy p WHERE p.name = drop_retention_policy.name;
  PERFORM phisync.set_guard(its_table);
END
$$;
REVOKE ALL ON FUNCTION phisync.drop_retention_policy(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.drop_retention_policy(text) TO phisync_officer;
COMMENT ON FUNCTION phisync.drop_retention_policy(text) IS
'Removes a policy: its rows are no longer kept or disposed of by it. Refused while subject holds need its subject column. Errors: 42704, 55000. Needs no preload.';

CREATE VIEW phisync.retention_policies AS
SELECT p.name, p.relation, p.anchor, p.min_retention, p.max_retention, p.filter, p.subject, p.action, p.enabled,
  (SELECT count(*) = 2 FROM pg_catalog.pg_trigger t
   WHERE t.tgrelid = p.relation AND t.tgenabled = 'A'
     AND t.tgfoid IN ('phisync.guard_row()'::pg_catalog.regprocedure, 'phisync.guard_truncate()'::pg_catalog.regprocedure)) AS guarded,
  p.created_at, p.created_by
FROM phisync.retention_policy p;
REVOKE ALL ON phisync.retention_policies FROM PUBLIC;
GRANT SELECT ON phisync.retention_policies TO phisync_officer, phisync_auditor;
COMMENT ON VIEW phisync.retention_policies IS
'Retention policies; guarded says whether both guard triggers are on the table and enabled always.';

CREATE FUNCTION phisync.retention_status(relation regclass, pk jsonb, OUT decision text, OUT retain_until timestamptz,
  OUT dispose_at timestamptz, OUT holds text[], OUT policies text[], OUT reason text)
LANGUAGE C STRICT VOLATILE AS 'MODULE_PATHNAME', 'phisync_retention_status';
REVOKE ALL ON FUNCTION phisync.retention_status(regclass, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.retention_status(regclass, jsonb) TO phisync_officer, phisync_auditor;
COMMENT ON FUNCTION phisync.retention_status(regclass, jsonb) IS
'What holds for the row with this primary key, given as an object such as {"id": 7}, at this moment. decision: keep, retained, held, due, erasable, or absent if there is no such row; retain_until and dispose_at: NULL if no period sets them, infinity if the anchor is not known; policies: those that set them. Needs no preload.';
