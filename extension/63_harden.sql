-- Closing the ways around phisync that grants and statistics leave open.

CREATE FUNCTION phisync.require_steward(relation regclass, action text) RETURNS void
LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME', 'phisync_require_steward';
COMMENT ON FUNCTION phisync.require_steward(regclass, text) IS
'Raises 42501 unless whoever called from outside all SECURITY DEFINER functions owns the relation and is a member of phisync_officer. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.require_steward(regclass, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.require_steward(regclass, text) TO phisync_officer;

CREATE FUNCTION phisync.clear_statistics(relation regclass) RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  columns int2[];
  cleared integer;
  more integer;
BEGIN
  PERFORM phisync.require_steward($1, 'clear statistics of');
  columns := ARRAY(SELECT t.attnum FROM phisync.effective_tags($1) t WHERE t.tag <> 'none');
  -- pg_statistic is for superusers, and SET STATISTICS 0 leaves what is there.
  DELETE FROM pg_statistic s WHERE s.starelid = $1 AND s.staattnum = ANY (columns);
  GET DIAGNOSTICS cleared = ROW_COUNT;
  DELETE FROM pg_statistic s USING pg_index i WHERE i.indrelid = $1 AND s.starelid = i.indexrelid
    AND EXISTS (SELECT FROM phisync.column_statistics() c WHERE c.kind = 'index statistics' AND c.object_oid = i.indexrelid AND c.attnum = ANY (columns));
  GET DIAGNOSTICS more = ROW_COUNT;
  cleared := cleared + more;
  DELETE FROM pg_statistic_ext_data x
  WHERE x.stxoid IN (SELECT c.object_oid FROM phisync.column_statistics() c
                     WHERE c.kind = 'extended statistics' AND c.relation = $1 AND c.attnum = ANY (columns));
  GET DIAGNOSTICS more = ROW_COUNT;
  RETURN cleared + more;
END
$$;
COMMENT ON FUNCTION phisync.clear_statistics(regclass) IS
'Deletes the statistics of the tagged and unclassified columns of a relation: those of pg_stats, of expressions in indexes, and of CREATE STATISTICS. Returns how many there were. The planner knows nothing of these columns until ANALYZE collects them anew, which ALTER TABLE ... SET STATISTICS 0 prevents. For the owner who is a member of phisync_officer: 42501. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.clear_statistics(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.clear_statistics(regclass) TO phisync_officer;

CREATE FUNCTION phisync.harden_steps(relation regclass)
RETURNS TABLE (step text, target regclass, statement text, owner oid, note text)
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE family (oid) AS (
    SELECT harden_steps.relation::oid
    UNION
    -- Heirs and partitions can be read by themselves; views and copies are read instead.
    SELECT next.oid FROM family, LATERAL (
      SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = family.oid
      UNION ALL
      SELECT r.ev_class FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
      WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid = family.oid) next (oid)
  ), member AS MATERIALIZED (
    SELECT c.oid, c.oid::regclass AS name, c.relkind, c.relowner, c.relacl, phisync.security_label_target(c.oid::regclass) AS called,
      NOT EXISTS (SELECT FROM phisync.masked_view m WHERE m.view = c.oid AND m.definition = phisync.view_definition(m.view))
        AND NOT EXISTS (SELECT FROM pg_options_to_table(c.reloptions) o
                        WHERE o.option_name = 'security_invoker' AND o.option_value IN ('true', 'on', 'yes', '1')) AS exposes
    FROM family f JOIN pg_class c ON c.oid = f.oid WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')
  ), tagged AS MATERIALIZED (
    SELECT m.*, t.attnum, t.column_name, t.tag FROM member m, phisync.effective_tags(m.name) t WHERE t.tag <> 'none' AND m.exposes
  ), granted AS MATERIALIZED (
    -- attnum 0: on the whole relation
    SELECT t.name, t.relowner, 0 AS attnum, NULL::name AS column_name, a.grantee, a.grantor, a.is_grantable
    FROM (SELECT DISTINCT ON (oid) * FROM tagged) t, aclexplode(t.relacl) a
    WHERE a.privilege_type = 'SELECT' AND a.grantee <> t.relowner AND a.grantee <> 'phisync_masked'::regrole
      AND EXISTS (SELECT FROM tagged o WHERE o.oid = t.oid AND NOT phisync.has_read_grant(a.grantee, o.tag))
    UNION ALL
    SELECT t.name, t.relowner, t.attnum, t.column_name, a.grantee, a.grantor, a.is_grantable
    FROM tagged t JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum = t.attnum, aclexplode(c.attacl) a
    WHERE a.privilege_type = 'SELECT' AND a.grantee <> t.relowner AND a.grantee <> 'phisync_masked'::regrole
      AND NOT phisync.has_read_grant(a.grantee, t.tag)
  ), handled AS MATERIALIZED (
    SELECT m.name, m.relowner, h.attnum, c.attname, h.privilege, h.grantee, h.grantor, h.is_grantable
    FROM member m JOIN phisync.row_handlers() h ON h.relation = m.oid LEFT JOIN pg_attribute c ON c.attrelid = m.oid AND c.attnum = h.attnum AND h.attnum > 0
    WHERE EXISTS (SELECT FROM tagged t WHERE t.oid = m.oid AND h.attnum IN (0, t.attnum) AND NOT phisync.has_read_grant(h.grantee, t.tag))
  ), target AS MATERIALIZED (
    SELECT t.oid, t.name, t.relowner, t.called, t.attnum, t.column_name FROM tagged t WHERE t.relkind <> 'v'
  ), value_statistics AS MATERIALIZED (
    SELECT DISTINCT s.kind, s.object_oid, s.relation FROM phisync.column_statistics() s
    JOIN target t ON t.oid = s.relation AND t.attnum = s.attnum
  )
  SELECT step, target, statement, owner, note FROM (
    SELECT 1 AS n, 'revoke' AS step, g.name AS target,
      format('REVOKE SELECT ON %s FROM %s%s;', g.name, phisync.role_names(array_agg(g.grantee)), CASE WHEN bool_or(g.is_grantable) THEN ' CASCADE' END) AS statement,
      g.relowner AS owner, NULL::text AS note
    FROM granted g WHERE g.attnum = 0 AND g.grantor = g.relowner GROUP BY g.name, g.relowner
    UNION ALL
    SELECT 2, 'revoke', g.name,
      format('REVOKE SELECT (%s) ON %s FROM %s%s;', string_agg(quote_ident(g.column_name), ', ' ORDER BY g.attnum), g.name,
        phisync.role_names(ARRAY[g.grantee]), CASE WHEN bool_or(g.is_grantable) THEN ' CASCADE' END), g.relowner, NULL
    FROM granted g WHERE g.attnum > 0 AND g.grantor = g.relowner
      AND NOT EXISTS (SELECT FROM granted w WHERE w.name = g.name AND w.attnum = 0 AND w.grantee = g.grantee AND w.grantor = w.relowner)
    GROUP BY g.name, g.relowner, g.grantee
    UNION ALL
    SELECT 4, 'statistics', t.name, format('ALTER %s %s %s;', t.called, t.name,
        string_agg(format('ALTER COLUMN %I SET STATISTICS 0', t.column_name), ', ' ORDER BY t.attnum)), t.relowner, NULL
    FROM target t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = t.attnum AND COALESCE(a.attstattarget, -1) <> 0
    GROUP BY t.name, t.called, t.relowner
    UNION ALL
    SELECT 5, 'statistics', t.name, format('ALTER INDEX %s ALTER COLUMN %s SET STATISTICS 0;', s.object_oid::regclass, a.attnum), t.relowner, NULL
    FROM value_statistics s
    JOIN pg_index i ON i.indexrelid = s.object_oid
    JOIN pg_attribute a ON a.attrelid = i.indexrelid AND i.indkey[a.attnum - 1] = 0 AND COALESCE(a.attstattarget, -1) <> 0
    JOIN member t ON t.oid = s.relation
    WHERE s.kind = 'index statistics'
    UNION ALL
    SELECT 6, 'statistics', t.name, format('ALTER STATISTICS %I.%I SET STATISTICS 0;', n.nspname, e.stxname), e.stxowner,
      'ANALYZE will warn that it cannot compute it; drop it if it serves nothing else'
    FROM value_statistics s
    JOIN pg_statistic_ext e ON e.oid = s.object_oid AND COALESCE(e.stxstattarget, -1) <> 0
    JOIN pg_namespace n ON n.oid = e.stxnamespace
    JOIN member t ON t.oid = s.relation
    WHERE s.kind = 'extended statistics'
    UNION ALL
    SELECT 7, 'statistics', t.name, format('SELECT phisync.clear_statistics(%L);', t.name), t.relowner, NULL
    FROM member t WHERE t.oid IN (SELECT s.relation FROM value_statistics s)
    UNION ALL
    SELECT 8, 'publication', p.relation, format('SELECT * FROM phisync.safe_publication(%L, ''withhold'');', p.publication), NULL,
      format('publication %I sends %s; harden leaves publications alone, as subscribers would lose columns', p.publication,
        string_agg(quote_ident(p.column_name), ', ' ORDER BY p.column_name))
    FROM phisync.published_columns() p JOIN tagged t ON t.oid = p.relation AND t.column_name = p.column_name
    WHERE (p.publication, p.relation, p.column_name) NOT IN (SELECT s.publication, s.relation, s.column_name FROM phisync.safely_published() s)
    GROUP BY p.publication, p.relation
    UNION ALL
    -- What neither the owner's REVOKE reaches nor its CASCADE.
    SELECT 9, 'revoke', g.name, format('REVOKE SELECT%s ON %s FROM %s;', ' (' || string_agg(quote_ident(g.column_name), ', ' ORDER BY g.attnum) || ')',
        g.name, phisync.role_names(ARRAY[g.grantee])), NULL, format('granted by %s, who alone can take it back', phisync.role_names(ARRAY[g.grantor]))
    FROM granted g WHERE g.grantor <> g.relowner
      AND NOT EXISTS (SELECT FROM granted w WHERE w.name = g.name AND w.attnum IN (0, g.attnum) AND w.grantee = g.grantor)
    GROUP BY g.name, g.grantee, g.grantor
    UNION ALL
    SELECT 3, 'revoke', h.name, format('REVOKE %s%s ON %s FROM %s%s;', h.privilege, ' (' || quote_ident(h.attname) || ')', h.name,
        phisync.role_names(array_agg(h.grantee)), CASE WHEN bool_or(h.is_grantable) THEN ' CASCADE' END), h.relowner, NULL
    FROM handled h WHERE h.grantor = h.relowner
      AND NOT (h.attnum > 0 AND EXISTS (SELECT FROM handled w WHERE w.name = h.name AND w.attnum = 0 AND w.grantee = h.grantee AND w.privilege = h.privilege AND w.grantor = w.relowner))
    GROUP BY h.name, h.relowner, h.privilege, h.attnum, h.attname
    UNION ALL
    SELECT 9, 'revoke', h.name, format('REVOKE %s%s ON %s FROM %s;', h.privilege, ' (' || quote_ident(h.attname) || ')', h.name, phisync.role_names(ARRAY[h.grantee])),
      NULL, format('granted by %s, who alone can take it back', phisync.role_names(ARRAY[h.grantor]))
    FROM handled h WHERE h.grantor <> h.relowner
      AND NOT EXISTS (SELECT FROM handled w WHERE w.name = h.name AND w.attnum IN (0, h.attnum) AND w.privilege = h.privilege AND w.grantee = h.grantor)
    UNION ALL
    SELECT 10, 'function', f.relation::regclass, format('REVOKE EXECUTE ON ROUTINE %s FROM %s;', f.function, phisync.role_names(g.grantees)), NULL,
      format('%s with the rights of %s; harden leaves functions alone, as applications call them',
        CASE WHEN bool_or(f.attnum IS NULL) THEN 'names the table: may read it' ELSE 'reads it' END, phisync.role_names(ARRAY[f.owner]))
    FROM phisync.definer_functions(ARRAY(SELECT DISTINCT t.oid FROM tagged t)) f,
         LATERAL (SELECT ARRAY(SELECT x FROM unnest(f.grantees) x
                               WHERE EXISTS (SELECT FROM tagged o WHERE o.oid = f.relation AND (o.attnum = f.attnum OR f.attnum IS NULL) AND NOT phisync.has_read_grant(x, o.tag)))) g (grantees)
    WHERE g.grantees <> '{}' GROUP BY f.relation, f.function, f.owner, g.grantees
  ) steps ORDER BY n, target::text COLLATE "C", statement
$$;
COMMENT ON FUNCTION phisync.harden_steps(regclass) IS
'What phisync.harden would do to a relation, its heirs and partitions and the views and copies that read it, in order; owner = whose right each takes, null where harden does nothing. Needs no preload.';

CREATE FUNCTION phisync.harden(relation regclass, dry_run boolean DEFAULT true)
RETURNS TABLE (step text, statement text, done boolean, note text)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  s record;
BEGIN
  IF relation IS NULL OR dry_run IS NULL THEN
    RAISE null_value_not_allowed USING MESSAGE = 'relation and dry_run must not be NULL';
  END IF;
  PERFORM phisync.require_steward($1, 'harden');
  FOR s IN SELECT * FROM phisync.harden_steps($1) LOOP
    step := s.step; statement := s.statement; note := s.note; done := false;
    IF s.owner IS NOT NULL AND NOT pg_catalog.pg_has_role(s.owner, 'USAGE') THEN
      note := pg_catalog.format('for the owner, %s', phisync.role_names(ARRAY[s.owner]));
    ELSIF s.owner IS NOT NULL AND NOT $2 THEN
      EXECUTE statement;
      done := true;
    END IF;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION phisync.harden(regclass, boolean) IS
'Closes the ways around phisync to a relation with tagged columns, its heirs, partitions and the views and copies that read it: takes SELECT, TRIGGER and REFERENCES from everybody but the owner and roles with a read grant for what the columns hold; makes ANALYZE collect no values of tagged columns, and deletes those that it has; names publications that send them and SECURITY DEFINER functions that read them. Returns each statement, and whether it was run: as a dry run, the default, none is. A second run has nothing left to run. Masked views and views with security_invoker stay. Errors: 42501 unless the caller owns the relation and is a member of phisync_officer. Needs no preload.';

REVOKE ALL ON FUNCTION phisync.harden_steps(regclass), phisync.harden(regclass, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.harden_steps(regclass), phisync.harden(regclass, boolean) TO phisync_officer;
