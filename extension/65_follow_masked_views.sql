-- Masked views follow what they depend on, in the same transaction.

CREATE FUNCTION phisync.masked_views_now() RETURNS TABLE (id integer, view regclass)
LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'phisync_masked_views_now';
COMMENT ON FUNCTION phisync.masked_views_now() IS
'The masked views as they are now, also those that a transaction with REPEATABLE READ does not see. For phisync''s own functions alone. Needs no preload.';

CREATE FUNCTION phisync.require_current_masked_views() RETURNS void
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' AND EXISTS (
    SELECT FROM phisync.masked_views_now() n WHERE NOT EXISTS (SELECT FROM phisync.masked_view m WHERE m.id = n.id AND m.view = n.view)) THEN
    RAISE serialization_failure USING MESSAGE = 'could not serialize access due to concurrent changes of masked views',
      DETAIL = 'One that this transaction does not see would not follow the change.', HINT = 'The transaction might succeed if retried.';
  END IF;
END
$$;
COMMENT ON FUNCTION phisync.require_current_masked_views() IS
'Raises 40001 where the transaction does not see all masked views, so that one would miss its change. For phisync''s own functions alone. Needs no preload.';

CREATE FUNCTION phisync.release_columns(relation regclass, columns name[]) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v integer;
BEGIN
  FOR v IN
    WITH RECURSIVE below (oid) AS (
      SELECT $1::oid UNION SELECT i.inhrelid FROM below JOIN pg_inherits i ON i.inhparent = below.oid
    )
    SELECT m.id FROM phisync.masked_view m WHERE m.relation IN (SELECT oid FROM below) ORDER BY m.id
  LOOP
    PERFORM phisync.rebuild_masked_view(v, $2);
  END LOOP;
END
$$;
COMMENT ON FUNCTION phisync.release_columns(regclass, name[]) IS
'Takes columns out of the masked views of a table and its heirs, so that ALTER TABLE can drop them or change their type. For phisync''s own functions alone. Needs no preload.';

CREATE FUNCTION phisync.release_masked() RETURNS event_trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_release_masked';
COMMENT ON FUNCTION phisync.release_masked() IS
'Takes columns that ALTER TABLE is about to drop or to change the type of out of masked views, if the table is the caller''s. Used by the event trigger phisync_release_masked. Needs no preload.';
CREATE EVENT TRIGGER phisync_release_masked ON ddl_command_start
  WHEN TAG IN ('ALTER TABLE', 'ALTER FOREIGN TABLE') EXECUTE FUNCTION phisync.release_masked();
ALTER EVENT TRIGGER phisync_release_masked ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_release_masked IS
'Makes way for ALTER TABLE on tables with masked views';

CREATE FUNCTION phisync.follow_masked() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  changed oid[];
  others boolean;
  v integer;
BEGIN
  PERFORM phisync.require_current_masked_views();
  IF NOT EXISTS (SELECT FROM phisync.masked_view) THEN
    RETURN;
  END IF;
  SELECT array_agg(c.objid) FILTER (WHERE c.classid = 'pg_class'::regclass), bool_or(c.classid <> 'pg_class'::regclass)
  INTO changed, others FROM pg_event_trigger_ddl_commands() c;
  -- What a materialized view is made of is not in its family: it follows every change.
  FOR v IN
    SELECT m.id FROM phisync.masked_view m LEFT JOIN pg_class c ON c.oid = m.relation
    WHERE others OR c.relkind = 'm' OR EXISTS (SELECT FROM phisync.family(m.relation) f WHERE f = ANY (changed)) ORDER BY m.id
  LOOP
    PERFORM phisync.rebuild_masked_view(v);
  END LOOP;
END
$$;
COMMENT ON FUNCTION phisync.follow_masked() IS
'Brings masked views up to date after a change of columns, heirs, names or tags. Used by the event trigger phisync_follow_masked. Needs no preload.';
CREATE EVENT TRIGGER phisync_follow_masked ON ddl_command_end
  WHEN TAG IN ('ALTER TABLE', 'ALTER FOREIGN TABLE', 'ALTER MATERIALIZED VIEW', 'CREATE TABLE', 'CREATE FOREIGN TABLE', 'SECURITY LABEL',
               'ALTER SCHEMA', 'ALTER TYPE', 'ALTER DOMAIN')
  EXECUTE FUNCTION phisync.follow_masked();
ALTER EVENT TRIGGER phisync_follow_masked ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_follow_masked IS
'Makes masked views follow columns, heirs and tags';

CREATE FUNCTION phisync.forget_masked() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM phisync.masked_view m USING pg_event_trigger_dropped_objects() d
  WHERE d.classid = 'pg_class'::regclass AND d.objid IN (m.view, m.relation) AND d.objsubid = 0;
  DELETE FROM phisync.safe_publication s WHERE NOT EXISTS (SELECT FROM pg_publication p WHERE p.pubname = s.publication)
    AND EXISTS (SELECT FROM pg_event_trigger_dropped_objects() d WHERE d.classid = 'pg_publication'::regclass);
  DELETE FROM phisync.safe_publication_table t USING pg_event_trigger_dropped_objects() d
  WHERE d.classid = 'pg_class'::regclass AND d.objid = t.relation AND d.objsubid = 0 OR NOT EXISTS (SELECT FROM phisync.safe_publication s WHERE s.publication = t.publication);
END
$$;
COMMENT ON FUNCTION phisync.forget_masked() IS
'Forgets masked views and safe publications that are dropped. Used by the event trigger phisync_forget_masked. Needs no preload.';
CREATE EVENT TRIGGER phisync_forget_masked ON sql_drop
  WHEN TAG IN ('DROP VIEW', 'DROP TABLE', 'DROP SCHEMA', 'DROP OWNED', 'DROP MATERIALIZED VIEW', 'DROP FOREIGN TABLE', 'DROP TYPE', 'DROP DOMAIN',
               'DROP SERVER', 'DROP FOREIGN DATA WRAPPER', 'ALTER TABLE', 'ALTER FOREIGN TABLE', 'DROP EXTENSION', 'DROP PUBLICATION')
  EXECUTE FUNCTION phisync.forget_masked();
ALTER EVENT TRIGGER phisync_forget_masked ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_forget_masked IS
'Forgets masked views and safe publications that are dropped';

CREATE FUNCTION phisync.follow_profiles() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v integer;
  t regclass;
  users text;
BEGIN
  -- Tables first, as whoever changes a table or makes a masked view has locked it before he comes here.
  FOR t IN SELECT DISTINCT m.relation FROM phisync.masked_view m JOIN pg_class c ON c.oid = m.relation AND c.relkind IN ('r', 'p') ORDER BY 1 LOOP
    EXECUTE format('LOCK TABLE ONLY %s IN ACCESS SHARE MODE', t);
  END LOOP;
  LOCK TABLE phisync.masked_view IN SHARE ROW EXCLUSIVE MODE;
  PERFORM phisync.require_current_masked_views();
  IF TG_OP = 'DELETE' AND TG_RELID = 'phisync.profile'::regclass THEN
    SELECT string_agg(u.name, ', ' ORDER BY u.name COLLATE "C") INTO users
    FROM (SELECT m.view::text, m.profile FROM phisync.masked_view m UNION SELECT s.publication, s.profile FROM phisync.safe_publication s) u (name, profile)
    WHERE u.profile NOT IN (SELECT p.name FROM phisync.profile p UNION SELECT b.name FROM phisync.built_in_profiles() b);
    IF users IS NOT NULL THEN
      RAISE dependent_objects_still_exist USING MESSAGE = 'cannot drop a profile that masked views or publications have', DETAIL = 'It decides what is in: ' || users,
        HINT = 'Drop views first with phisync.drop_masked_view, publications with DROP PUBLICATION.';
    END IF;
  END IF;
  FOR v IN SELECT m.id FROM phisync.masked_view m WHERE m.profile IN (SELECT p.name FROM phisync.profile p) ORDER BY m.id LOOP
    PERFORM phisync.rebuild_masked_view(v);
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION phisync.follow_profiles() IS
'Brings masked views up to date after a change of a profile, and refuses, with 2BP01, to drop one that they have; trigger of the tables of profiles. Needs no preload.';
CREATE TRIGGER masked_views AFTER INSERT OR UPDATE OR DELETE ON phisync.profile FOR EACH STATEMENT EXECUTE FUNCTION phisync.follow_profiles();
CREATE TRIGGER masked_views AFTER INSERT OR UPDATE OR DELETE ON phisync.profile_rule FOR EACH STATEMENT EXECUTE FUNCTION phisync.follow_profiles();
CREATE TRIGGER masked_views AFTER INSERT OR UPDATE OR DELETE ON phisync.profile_column FOR EACH STATEMENT EXECUTE FUNCTION phisync.follow_profiles();
ALTER TABLE phisync.profile ENABLE ALWAYS TRIGGER masked_views;
ALTER TABLE phisync.profile_rule ENABLE ALWAYS TRIGGER masked_views;
ALTER TABLE phisync.profile_column ENABLE ALWAYS TRIGGER masked_views;

CREATE FUNCTION phisync.refresh_masked_views() RETURNS SETOF regclass
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v integer;
BEGIN
  FOR v IN SELECT m.id FROM phisync.masked_view m ORDER BY m.id LOOP
    IF phisync.rebuild_masked_view(v, force => true) THEN
      RETURN NEXT (SELECT m.view FROM phisync.masked_view m WHERE m.id = v);
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION phisync.refresh_masked_views() IS
'Brings every masked view up to date, also those that were changed by hand, and returns those that were not. They follow changes by themselves: for after a restore without event triggers, or where phisync.leaks says so. Needs no preload.';

CREATE FUNCTION phisync.column_treatments(relation regclass, profile text) RETURNS text[]
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN ARRAY(SELECT c.column_name || ' ' || c.transformation FROM phisync.masked_columns(relation, profile) c ORDER BY c.attnum);
EXCEPTION WHEN undefined_object OR object_not_in_prerequisite_state THEN
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION phisync.column_treatments(regclass, text) IS
'Columns of a relation with what a profile makes of each; null where nobody can say, because the profile or a class is missing. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.column_treatments(regclass, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.column_treatments(regclass, text) TO phisync_officer, phisync_auditor;

CREATE VIEW phisync.masked_views AS
SELECT m.view, m.relation, m.profile, phisync.column_treatments(m.relation, m.profile) AS columns,
       m.definition <> phisync.view_definition(m.view) AS changed_by_hand
FROM phisync.masked_view m;
COMMENT ON VIEW phisync.masked_views IS
'Masked views: the table, the profile, what becomes of each column (null: nothing is shown, as the profile or a class is missing), and whether somebody has changed the view since phisync made it (phisync.refresh_masked_views mends that). Needs no preload.';

REVOKE ALL ON FUNCTION phisync.grant_as(regclass, oid, oid, text, name, boolean), phisync.family(regclass), phisync.lock_family(regclass),
  phisync.masked_parts(regclass, text, integer, name[], boolean), phisync.select_list(name[], text[]),
  phisync.make_masked_view(name, name, text), phisync.remake_masked_view(phisync.masked_view, text, name[]),
  phisync.rebuild_masked_view(integer, name[], boolean), phisync.create_masked_view(regclass, text, name, name),
  phisync.drop_masked_view(regclass), phisync.release_columns(regclass, name[]), phisync.release_masked(), phisync.follow_masked(),
  phisync.forget_masked(), phisync.follow_profiles(), phisync.masked_views_now(), phisync.require_current_masked_views(), phisync.refresh_masked_views() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.create_masked_view(regclass, text, name, name), phisync.drop_masked_view(regclass), phisync.refresh_masked_views()
  TO phisync_officer;
GRANT SELECT ON phisync.masked_views TO phisync_officer, phisync_auditor;
