-- Native publications that carry no more than a profile keeps, for consumers that read pgoutput.

CREATE FUNCTION phisync.publishable(relation regclass, profile text, publish text,
  OUT columns name[], OUT condition text, OUT left_out name[], OUT reason text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  c pg_class;
  changes boolean := publish ~* '(update|delete)';
  missing text;
BEGIN
  SELECT * INTO c FROM pg_class o WHERE o.oid = relation;
  -- Strictest reason first; a table with one is not published.
  reason := CASE
    WHEN c.oid IS NULL THEN 'it does not exist'
    WHEN c.relkind NOT IN ('r', 'p') OR c.relpersistence <> 'p' OR c.oid < 16384 OR c.relnamespace = 'phisync'::regnamespace THEN 'it is no table that can be published'
    WHEN NOT EXISTS (SELECT FROM phisync.effective_tags(relation)) AND NOT EXISTS (
      SELECT FROM pg_seclabel l WHERE l.provider = 'phisync' AND l.classoid = 'pg_class'::regclass AND l.objoid = c.oid) THEN 'nobody has said what it holds'
    WHEN NOT pg_has_role(c.relowner, 'USAGE') THEN 'it belongs to another role'
  END;
  IF reason IS NOT NULL THEN
    RETURN;
  END IF;
  SELECT array_agg(m.column_name ORDER BY m.attnum) FILTER (WHERE m.transformation = 'keep' AND NOT m.generated),
         array_agg(m.column_name ORDER BY m.attnum) FILTER (WHERE m.transformation <> 'keep' OR m.generated)
  INTO columns, left_out FROM phisync.masked_columns(relation, profile) m;
  condition := phisync.row_condition(relation, profile, '');
  IF condition = 'false' THEN
    reason := 'the profile has no consent or clearance for its rows';
  ELSIF columns IS NULL THEN
    reason := 'the profile keeps none of its columns';
  ELSIF changes THEN
    -- The server refuses UPDATE and DELETE of rows whose identity, or what a filter asks, it must not send: that would stop the application.
    WITH leaf AS (
      SELECT o.oid, o.relreplident, CASE o.relreplident WHEN 'd' THEN (SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = o.oid AND i.indisprimary)
                                                        WHEN 'i' THEN (SELECT i.indexrelid FROM pg_index i WHERE i.indrelid = o.oid AND i.indisreplident) END AS key
      FROM pg_class o
      WHERE o.relkind = 'r' AND (o.oid = relation OR c.relkind = 'p' AND o.oid IN (SELECT t.relid FROM pg_partition_tree(relation) t))
    ), identity AS (
      SELECT l.oid, a.attname FROM leaf l JOIN pg_index i ON i.indexrelid = l.key JOIN pg_attribute a ON a.attrelid = l.oid AND a.attnum = ANY (i.indkey::int2[])
    )
    SELECT CASE
      WHEN EXISTS (SELECT FROM leaf l WHERE l.relreplident = 'f') THEN 'its replica identity is FULL, which sends every column of rows that are changed'
      WHEN EXISTS (SELECT FROM leaf l WHERE l.key IS NULL) THEN 'it has no replica identity, so changes of its rows cannot be published'
      WHEN EXISTS (SELECT FROM identity i WHERE i.attname <> ALL (columns)) THEN format('its replica identity has columns that the profile does not keep: %s',
        (SELECT string_agg(DISTINCT quote_ident(i.attname), ', ') FROM identity i WHERE i.attname <> ALL (columns)))
      WHEN EXISTS (SELECT FROM leaf l, phisync.masked_columns(relation, profile) m
                   WHERE condition IS NOT NULL AND m.rows AND NOT EXISTS (SELECT FROM identity i WHERE i.oid = l.oid AND i.attname = m.column_name))
        THEN 'the column that says how sensitive a row is, is not in its replica identity'
    END INTO reason;
  END IF;
  IF reason IS NOT NULL THEN
    columns := NULL; condition := NULL; left_out := NULL;
  END IF;
END
$$;
COMMENT ON FUNCTION phisync.publishable(regclass, text, text) IS
'What phisync.safe_publication publishes of a table: columns that the profile keeps, the condition on rows, columns that are left out, or the reason why the table is. Needs no preload.';

CREATE FUNCTION phisync.note_safe_publication(name name, profile text, relations regclass[], conditions text[]) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
BEGIN
  IF NOT EXISTS (SELECT FROM pg_publication p WHERE p.pubname = name AND pg_has_role(phisync.caller(), p.pubowner, 'USAGE')) THEN
    RAISE insufficient_privilege USING MESSAGE = format('must be owner of publication %s', name);
  END IF;
  LOCK TABLE phisync.masked_view IN SHARE ROW EXCLUSIVE MODE;
  DELETE FROM phisync.safe_publication s WHERE s.publication = name;
  DELETE FROM phisync.safe_publication_table t WHERE t.publication = name;
  INSERT INTO phisync.safe_publication VALUES (name, profile);
  INSERT INTO phisync.safe_publication_table
  SELECT name, u.relation, u.condition, pg_get_expr(r.prqual, r.prrelid)
  FROM unnest(relations, conditions) u (relation, condition)
  JOIN pg_publication p ON p.pubname = name
  JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = u.relation;
END
$$;
COMMENT ON FUNCTION phisync.note_safe_publication(name, text, regclass[], text[]) IS
'Notes what phisync.safe_publication has made, for the owner of the publication; phisync.leaks compares it with the tables, the tags and the profile as they are. Needs no preload.';

CREATE FUNCTION phisync.safe_publication(name name, profile text, relations regclass[] DEFAULT NULL, publish text DEFAULT 'insert, update, delete, truncate')
RETURNS TABLE (relation regclass, columns name[], row_filter text, left_out name[], reason text)
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  p pg_publication;
  r regclass;
  found record;
  entries text[] := '{}';
  published regclass[] := '{}';
  conditions text[] := '{}';
  held text;
BEGIN
  IF name IS NULL OR profile IS NULL OR publish IS NULL OR array_position(relations, NULL) IS NOT NULL THEN
    RAISE null_value_not_allowed USING MESSAGE = 'name, profile, relations and publish must not be NULL',
      HINT = 'Leave relations out for all tables that have a tag.';
  END IF;
  SELECT * INTO p FROM pg_publication o WHERE o.pubname = name;
  IF p.puballtables THEN
    RAISE object_not_in_prerequisite_state USING MESSAGE = format('publication "%s" is FOR ALL TABLES', name),
      DETAIL = 'Such a publication has no columns that could be left out.', HINT = format('DROP PUBLICATION %I; and call this again.', name);
  END IF;
  FOR r IN
    -- Partitions are published through their root, with what the strictest of them allows.
    SELECT c.oid FROM pg_class c
    WHERE CASE WHEN relations IS NULL THEN NOT c.relispartition AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
                 AND (c.oid IN (SELECT t.relation FROM phisync.effective_tags() t) OR EXISTS (
                   SELECT FROM pg_seclabel l WHERE l.provider = 'phisync' AND l.classoid = 'pg_class'::regclass AND l.objoid = c.oid))
               ELSE c.oid = ANY (relations) END
    ORDER BY c.oid::regclass::text COLLATE "C"
  LOOP
    IF EXISTS (SELECT FROM pg_class c WHERE c.oid = r AND pg_has_role(c.relowner, 'USAGE')) THEN
      PERFORM phisync.lock_family(r);
    END IF;
    SELECT * INTO found FROM phisync.publishable(r, profile, publish);
    relation := r; columns := found.columns; row_filter := found.condition; left_out := found.left_out; reason := found.reason;
    IF reason IS NULL AND EXISTS (SELECT FROM pg_class c WHERE c.oid = r AND c.relispartition) THEN
      columns := NULL; row_filter := NULL; left_out := NULL; reason := 'it is a partition: name its root';
    END IF;
    IF reason IS NULL THEN
      entries := entries || format('TABLE ONLY %s (%s)%s', r, (SELECT string_agg(quote_ident(n), ', ') FROM unnest(columns) n), ' WHERE (' || row_filter || ')');
      published := published || r;
      conditions := conditions || row_filter;
    END IF;
    RETURN NEXT;
  END LOOP;
  IF p.oid IS NULL THEN
    EXECUTE format('CREATE PUBLICATION %I %s WITH (publish = %L, publish_via_partition_root)', name, 'FOR ' || nullif(array_to_string(entries, ', '), ''), publish);
  ELSE
    -- First what it has: a column list may only stand where the options allow it.
    SELECT string_agg(e, ', ') INTO held FROM (
      SELECT format('TABLE ONLY %s', x.prrelid::regclass) FROM pg_publication_rel x WHERE x.prpubid = p.oid
      UNION ALL SELECT format('TABLES IN SCHEMA %I', n.nspname) FROM pg_publication_namespace x JOIN pg_namespace n ON n.oid = x.pnnspid WHERE x.pnpubid = p.oid) o (e);
    IF held IS NOT NULL THEN
      EXECUTE format('ALTER PUBLICATION %I DROP %s', name, held);
    END IF;
    EXECUTE format('ALTER PUBLICATION %I SET (publish = %L, publish_via_partition_root = true)', name, publish);
    IF entries <> '{}' THEN
      EXECUTE format('ALTER PUBLICATION %I ADD %s', name, array_to_string(entries, ', '));
    END IF;
  END IF;
  PERFORM phisync.note_safe_publication(name, profile, published, conditions);
END
$$;
COMMENT ON FUNCTION phisync.safe_publication(name, text, regclass[], text) IS
'Makes a native publication, or mends one, so that it sends what a profile keeps: of each table (all with a tag unless given) the columns that it keeps and the rows that it has consent for. Columns with any other transformation, generated columns, and tables whose replica identity would send more are left out. Returns for each table what is published, the row filter, the columns that are left out, or the reason why the table is. Run it again after changes of tables, tags or the profile; phisync.leaks says when. Runs as its caller, who owns the publication and the tables and may create publications. Errors: 42704 no such profile, 55000 FOR ALL TABLES, 42501. Needs no preload.';

REVOKE ALL ON FUNCTION phisync.publishable(regclass, text, text), phisync.note_safe_publication(name, text, regclass[], text[]),
  phisync.safe_publication(name, text, regclass[], text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.publishable(regclass, text, text), phisync.note_safe_publication(name, text, regclass[], text[]),
  phisync.safe_publication(name, text, regclass[], text), phisync.lock_family(regclass), phisync.family(regclass) TO phisync_officer;
