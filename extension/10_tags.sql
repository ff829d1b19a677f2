-- Tags: what each column holds, kept as security labels of the provider phisync.

CREATE FUNCTION phisync.load_provider() RETURNS event_trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_load_provider';
COMMENT ON FUNCTION phisync.load_provider() IS
'Loads the library before SECURITY LABEL runs, so that labels can be set and restored where it is not preloaded. Used by the event trigger phisync_load_provider. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.load_provider() FROM PUBLIC;
CREATE EVENT TRIGGER phisync_load_provider ON ddl_command_start
  WHEN TAG IN ('SECURITY LABEL') EXECUTE FUNCTION phisync.load_provider();
-- Also while a logical replication worker or a restore applies with session_replication_role = replica.
ALTER EVENT TRIGGER phisync_load_provider ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_load_provider IS
'Loads phisync before SECURITY LABEL runs; without it a restore needs shared_preload_libraries';

CREATE FUNCTION phisync.invalidate_tags(relation oid) RETURNS void
LANGUAGE C VOLATILE STRICT AS 'MODULE_PATHNAME', 'phisync_invalidate_tags';
COMMENT ON FUNCTION phisync.invalidate_tags(oid) IS
'Makes every cache forget the tags of a relation, its heirs and the views on them, from this transaction''s commit on; a relation that does not exist is ignored. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.invalidate_tags(oid) FROM PUBLIC;

CREATE FUNCTION phisync.follow_ddl() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM phisync.invalidate_tags(c.objid) FROM pg_catalog.pg_event_trigger_ddl_commands() c
  WHERE c.classid = 'pg_catalog.pg_class'::pg_catalog.regclass;
END
$$;
COMMENT ON FUNCTION phisync.follow_ddl() IS
'Passes on to heirs and views what an ALTER may do to their tags: other parents, another schema, another query. The server invalidates only the altered relation itself. Used by the event trigger phisync_follow_ddl. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.follow_ddl() FROM PUBLIC;
CREATE EVENT TRIGGER phisync_follow_ddl ON ddl_command_end
  WHEN TAG IN ('ALTER TABLE', 'ALTER FOREIGN TABLE', 'ALTER VIEW', 'ALTER MATERIALIZED VIEW', 'CREATE VIEW')
  EXECUTE FUNCTION phisync.follow_ddl();
ALTER EVENT TRIGGER phisync_follow_ddl ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_follow_ddl IS
'Makes caches of tags follow ALTER TABLE and CREATE OR REPLACE VIEW to heirs and views';

CREATE FUNCTION phisync.keep_tags() RETURNS event_trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_keep_tags';
COMMENT ON FUNCTION phisync.keep_tags() IS
'Gives a table the tags as its own that it had from a parent, a schema or a column which it has no more, and takes a view''s own tags away when somebody who is not a member of phisync_officer gives it a query that reads more than they say. Used by the event triggers phisync_follow_kept and phisync_follow_kept_drops. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.keep_tags() FROM PUBLIC;
-- Named so as to fire before phisync_follow_masked, which goes by the tags that are kept here.
CREATE EVENT TRIGGER phisync_follow_kept ON ddl_command_end
  WHEN TAG IN ('ALTER TABLE', 'ALTER FOREIGN TABLE', 'CREATE VIEW', 'CREATE RULE')
  EXECUTE FUNCTION phisync.keep_tags();
ALTER EVENT TRIGGER phisync_follow_kept ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_follow_kept IS
'Keeps tags where a command other than SECURITY LABEL would take them away';
CREATE EVENT TRIGGER phisync_follow_kept_drops ON sql_drop EXECUTE FUNCTION phisync.keep_tags();
ALTER EVENT TRIGGER phisync_follow_kept_drops ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_follow_kept_drops IS
'Keeps tags where a column goes that made others count as PHI, however it is dropped';

CREATE FUNCTION phisync.guard_tags() RETURNS event_trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_guard_tags';
COMMENT ON FUNCTION phisync.guard_tags() IS
'Refuses, with 2BP01, to drop the extension while tables, views or columns are tagged; with CASCADE the tags go, too. Used by the event trigger phisync_guard_tags. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.guard_tags() FROM PUBLIC;
CREATE EVENT TRIGGER phisync_guard_tags ON ddl_command_start
  WHEN TAG IN ('DROP EXTENSION') EXECUTE FUNCTION phisync.guard_tags();
ALTER EVENT TRIGGER phisync_guard_tags ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_guard_tags IS
'Keeps tags from being left behind by DROP EXTENSION';

CREATE FUNCTION phisync.tag(relation regclass, column_name name, label text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF relation IS NULL OR column_name IS NULL OR label IS NULL THEN
    RAISE null_value_not_allowed USING MESSAGE = 'relation, column and label must not be NULL',
      HINT = 'Remove a label with phisync.untag(relation, column_name).';
  END IF;
  EXECUTE pg_catalog.format('SECURITY LABEL FOR phisync ON COLUMN %s.%I IS %L', relation, column_name, label);
END
$$;
COMMENT ON FUNCTION phisync.tag(regclass, name, text) IS
'Says what a column holds: none, or phi:kind with options, as docs/tags.md lists; same as SECURITY LABEL FOR phisync ON COLUMN. Errors: 22023 label not understood (position and suggestion given), 42804 class does not fit the type, 42703 no such column, 42P17 second subject, 42501 not the owner, or not a member of phisync_officer where that takes protection away. Needs no preload.';

CREATE FUNCTION phisync.security_label_target(relation regclass) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'f' THEN 'FOREIGN TABLE'
         ELSE 'TABLE' END
  FROM pg_catalog.pg_class WHERE oid = relation
$$;
COMMENT ON FUNCTION phisync.security_label_target(regclass) IS
'What to call the relation in SECURITY LABEL ON ...; helper of tag and untag. Needs no preload.';

CREATE FUNCTION phisync.tag(relation regclass, label text) RETURNS void
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF relation IS NULL OR label IS NULL THEN
    RAISE null_value_not_allowed USING MESSAGE = 'relation and label must not be NULL',
      HINT = 'Remove a label with phisync.untag(relation).';
  END IF;
  EXECUTE pg_catalog.format('SECURITY LABEL FOR phisync ON %s %s IS %L',
    phisync.security_label_target(relation), relation, label);
END
$$;
COMMENT ON FUNCTION phisync.tag(regclass, text) IS
'Says that a table or view holds PHI (phi) or does not (none), with options as docs/tags.md lists. Under phi every column without a label counts as PHI. Errors: 22023, 42703, 42P17, 42501 as for columns. Needs no preload.';

CREATE FUNCTION phisync.untag(relation regclass, column_name name) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT AS $$
BEGIN
  EXECUTE pg_catalog.format('SECURITY LABEL FOR phisync ON COLUMN %s.%I IS NULL', relation, column_name);
END
$$;
COMMENT ON FUNCTION phisync.untag(regclass, name) IS
'Removes the label of a column; it then has the tag of its parents or none at all, which is PHI in a table that holds PHI. Errors: 42703 no such column, 42501 not the owner, or not a member of phisync_officer. Needs no preload.';

CREATE FUNCTION phisync.untag(relation regclass) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT AS $$
BEGIN
  EXECUTE pg_catalog.format('SECURITY LABEL FOR phisync ON %s %s IS NULL',
    phisync.security_label_target(relation), relation);
END
$$;
COMMENT ON FUNCTION phisync.untag(regclass) IS
'Removes the label of a table or view, not those of its columns. Errors: 42501 not the owner, or not a member of phisync_officer. Needs no preload.';

CREATE FUNCTION phisync.untag_all() RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  removed bigint := 0;
  target pg_catalog.text;
BEGIN
  FOR target IN
    SELECT CASE WHEN l.objsubid <> 0 THEN 'COLUMN' ELSE pg_catalog.upper(i.type) END || ' ' || i.identity
    FROM pg_catalog.pg_seclabel l, LATERAL pg_catalog.pg_identify_object(l.classoid, l.objoid, l.objsubid) i
    WHERE l.provider = 'phisync' ORDER BY l.classoid, l.objoid, l.objsubid
  LOOP
    EXECUTE 'SECURITY LABEL FOR phisync ON ' || target || ' IS NULL';
    removed := removed + 1;
  END LOOP;
  RETURN removed;
END
$$;
COMMENT ON FUNCTION phisync.untag_all() IS
'Removes every label of phisync in this database and returns how many there were. Call it before DROP EXTENSION phisync, which is refused while there are any. Errors: 42501 an object that the caller does not own, or the caller is not a member of phisync_officer. Needs no preload.';

CREATE FUNCTION phisync.effective_tags(only_relation regclass DEFAULT NULL)
RETURNS TABLE (relation regclass, column_name name, tag text, label text, source text, origin regclass, attnum smallint)
LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 1000 AS 'MODULE_PATHNAME', 'phisync_effective_tags';
COMMENT ON FUNCTION phisync.effective_tags(regclass) IS
'What each column holds, of one relation or (NULL) of all tables and views; columns as in view phisync.tags. Relations without PHI and without labels give no row. Needs no preload.';

CREATE VIEW phisync.tags AS
SELECT relation, column_name, tag, label, source, origin FROM phisync.effective_tags();
COMMENT ON VIEW phisync.tags IS
'What each column holds: tag (class, or unclassified), label (whole label as it takes effect), source (own, parent, view, generated, schema, or none), origin (the relation whose label or column says so). Relations without PHI and without labels are not listed. Needs no preload.';

CREATE FUNCTION phisync.suggested_labels(relation regclass) RETURNS TABLE (column_name name, label text)
LANGUAGE C STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_suggested_labels';
COMMENT ON FUNCTION phisync.suggested_labels(regclass) IS
'A label to begin with for each column of a relation, from its name, its table and its type; no row is read. Never none: that is for a person to say. phisync.detect looks at values too and says how sure it is. Needs no preload.';

CREATE VIEW phisync.unclassified AS
WITH t AS MATERIALIZED (
  SELECT relation, column_name, attnum FROM phisync.effective_tags()
  WHERE tag = 'unclassified' AND source NOT IN ('parent', 'view')
), s AS MATERIALIZED (
  SELECT r.relation, l.column_name, l.label
  FROM (SELECT DISTINCT relation FROM t) r, LATERAL phisync.suggested_labels(r.relation) l
)
SELECT t.relation, t.column_name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS data_type,
  pg_catalog.format('SELECT phisync.tag(%L, %L, %L);', pg_catalog.format('%I.%I', n.nspname, c.relname),
    t.column_name, s.label) AS remedy
FROM t
JOIN s ON s.relation = t.relation AND s.column_name = t.column_name
JOIN pg_catalog.pg_class c ON c.oid = t.relation
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = t.relation AND a.attnum = t.attnum;
COMMENT ON VIEW phisync.unclassified IS
'Columns without a tag in relations that hold PHI; they count as PHI until tagged. Each stands once, where it has to be tagged, not again in partitions and views. remedy = the statement to run, with a guess from the name: look at the column first, and write none if it is not PHI. Needs no preload.';

REVOKE ALL ON FUNCTION phisync.tag(regclass, name, text), phisync.tag(regclass, text), phisync.untag(regclass, name),
  phisync.untag(regclass), phisync.untag_all(), phisync.security_label_target(regclass),
  phisync.effective_tags(regclass), phisync.suggested_labels(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.tag(regclass, name, text), phisync.tag(regclass, text), phisync.untag(regclass, name),
  phisync.untag(regclass), phisync.untag_all(), phisync.security_label_target(regclass) TO phisync_officer;
GRANT EXECUTE ON FUNCTION phisync.effective_tags(regclass), phisync.suggested_labels(regclass)
  TO phisync_officer, phisync_auditor;
REVOKE ALL ON phisync.tags, phisync.unclassified FROM PUBLIC;
GRANT SELECT ON phisync.tags, phisync.unclassified TO phisync_officer, phisync_auditor;
