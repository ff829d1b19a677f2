-- What carries PHI out of the database past phisync.

CREATE FUNCTION phisync.published_columns()
RETURNS TABLE (publication name, whole_database boolean, publishes text, relation regclass, column_name name, row_filter text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  -- Before PostgreSQL 18 pg_publication_tables lists generated columns that are not sent. Of what publishes no new rows
  -- and DELETE alone, the replica identity is sent; of TRUNCATE alone nothing.
  SELECT p.pubname, p.puballtables OR EXISTS (SELECT FROM pg_publication_namespace s WHERE s.pnpubid = p.oid),
         concat_ws(', ', CASE WHEN p.pubinsert THEN 'INSERT' END, CASE WHEN p.pubupdate THEN 'UPDATE' END, CASE WHEN p.pubdelete THEN 'DELETE' END),
         c.oid::regclass, a.attname, t.rowfilter
  FROM pg_publication p
  JOIN pg_publication_tables t ON t.pubname = p.pubname
  JOIN pg_namespace n ON n.nspname = t.schemaname
  JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = t.tablename
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = ANY (t.attnames)
  WHERE (a.attgenerated = '' OR current_setting('server_version_num')::int >= 180000)
    AND (p.pubinsert OR p.pubupdate OR p.pubdelete AND (c.relreplident = 'f' OR EXISTS (
      SELECT FROM pg_index i WHERE i.indrelid = c.oid AND a.attnum = ANY (i.indkey::int2[])
        AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident END)))
$$;
COMMENT ON FUNCTION phisync.published_columns() IS
'The columns that each native publication sends, one row a column, with the statements that it publishes and its row filter. whole_database: it is FOR ALL TABLES or for whole schemas, so new tables join by themselves. Needs no preload.';

CREATE FUNCTION phisync.column_statistics()
RETURNS TABLE (kind text, object_oid oid, object text, relation oid, attnum smallint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  WITH kept AS (
    SELECT DISTINCT s.starelid, s.staattnum FROM pg_statistic s
    WHERE s.stavalues1 IS NOT NULL OR s.stavalues2 IS NOT NULL OR s.stavalues3 IS NOT NULL OR s.stavalues4 IS NOT NULL OR s.stavalues5 IS NOT NULL
  )
  SELECT 'statistics', k.starelid, 'pg_stats', k.starelid, k.staattnum
  FROM kept k JOIN pg_class c ON c.oid = k.starelid AND c.relkind <> 'i' AND c.relkind <> 'I'
  UNION ALL
  -- Statistics of an index are those of its expressions. What the index reads is known column by column.
  SELECT 'index statistics', i.indexrelid, i.indexrelid::regclass::text, i.indrelid, d.refobjsubid::smallint
  FROM pg_index i
  JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = i.indrelid AND d.refobjsubid > 0
  WHERE i.indexprs IS NOT NULL AND NOT d.refobjsubid = ANY (i.indkey::int2[])
    AND EXISTS (SELECT FROM kept k WHERE k.starelid = i.indexrelid)
  UNION ALL
  -- Those of several columns together: most common combinations, and what is kept of expressions.
  SELECT 'extended statistics', e.oid, format('%I.%I', n.nspname, e.stxname), e.stxrelid, d.refobjsubid::smallint
  FROM pg_statistic_ext e
  JOIN pg_namespace n ON n.oid = e.stxnamespace
  JOIN pg_depend d ON d.classid = 'pg_statistic_ext'::regclass AND d.objid = e.oid
    AND d.refclassid = 'pg_class'::regclass AND d.refobjid = e.stxrelid AND d.refobjsubid > 0
  WHERE EXISTS (SELECT FROM pg_statistic_ext_data x WHERE x.stxoid = e.oid AND (x.stxdmcv IS NOT NULL OR x.stxdexpr IS NOT NULL))
$$;
COMMENT ON FUNCTION phisync.column_statistics() IS
'Statistics that hold values of columns: pg_stats, those of expressions in indexes, and CREATE STATISTICS; one row a column, no value. Runs as the extension''s owner, as pg_statistic is for superusers. Needs no preload.';

CREATE VIEW phisync.leaks AS
WITH tagged AS MATERIALIZED (
  SELECT t.relation, t.column_name, t.tag, t.attnum, c.relkind, c.relowner,
         t.relation::text AS object
  FROM phisync.effective_tags() t JOIN pg_catalog.pg_class c ON c.oid = t.relation
  WHERE t.tag <> 'none'
), readable AS MATERIALIZED (
  SELECT t.*, g.grantees, phisync.role_names(g.grantees) AS roles
  FROM tagged t JOIN phisync.readers() r ON r.relation = t.relation AND r.attnum = t.attnum,
       LATERAL (SELECT ARRAY(SELECT x FROM pg_catalog.unnest(r.grantees) x WHERE NOT phisync.has_read_grant(x, t.tag))) g (grantees)
  WHERE g.grantees <> '{}'
), published AS MATERIALIZED (
  -- What is published through the root of partitions may be tagged in one of them alone.
  SELECT DISTINCT ON (p.publication, p.relation, p.column_name) p.*, t.tag
  FROM phisync.published_columns() p
  JOIN tagged t ON t.column_name = p.column_name
   AND (t.relation = p.relation OR t.relation IN (SELECT f.relid FROM pg_catalog.pg_partition_tree(p.relation) f))
  WHERE (p.publication, p.relation, p.column_name) NOT IN (SELECT s.publication, s.relation, s.column_name FROM phisync.safely_published() s)
  ORDER BY p.publication, p.relation, p.column_name, t.relation = p.relation DESC, t.tag
)
SELECT 'publication' AS kind, p.publication::text AS object, p.relation, p.column_name, p.tag,
       pg_catalog.format('sent to every subscriber by %s%s%s', p.publishes,
         CASE WHEN p.whole_database THEN '; tables and columns that are made later join by themselves' END,
         '; row filter: ' || pg_catalog.regexp_replace(p.row_filter, '\s+', ' ', 'g')) AS detail,
       pg_catalog.format('SELECT * FROM phisync.safe_publication(%L, %L);', p.publication,
         COALESCE((SELECT s.profile FROM phisync.safe_publication s WHERE s.publication = p.publication), 'withhold')) AS remedy
FROM published p
UNION ALL
-- Rows that the profile has no consent for (any more) are more than their tagged columns.
SELECT 'publication', s.publication::text, t.relation, NULL, NULL, 'its row filter, the profile or the sensitivity of the rows has changed since phisync.safe_publication made it',
       pg_catalog.format('SELECT * FROM phisync.safe_publication(%L, %L);', s.publication, s.profile)
FROM phisync.safe_publication s JOIN phisync.safe_publication_table t ON t.publication = s.publication
WHERE EXISTS (SELECT FROM phisync.published_columns() p WHERE p.publication = t.publication AND p.relation = t.relation)
  AND NOT EXISTS (SELECT FROM phisync.safely_published() p WHERE p.publication = t.publication AND p.relation = t.relation)
UNION ALL
SELECT 'slot', s.slot_name, NULL, NULL, NULL,
       CASE WHEN s.plugin = 'pgoutput'
            THEN pg_catalog.format('reads whichever publications its consumer names; these carry PHI: %s',
              (SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(p.publication), ', ') FROM published p))
            ELSE pg_catalog.format('%s sends every column of every table', s.plugin) END,
       CASE WHEN s.plugin = 'pgoutput' THEN 'mend these publications'
            ELSE pg_catalog.format('SELECT pg_drop_replication_slot(%L);  -- and read through a slot with the plugin phisync', s.slot_name) END
FROM pg_catalog.pg_replication_slots s
WHERE s.slot_type = 'logical' AND s.database = pg_catalog.current_database() AND s.plugin <> 'phisync'
  AND CASE WHEN s.plugin = 'pgoutput' THEN EXISTS (SELECT FROM published) ELSE EXISTS (SELECT FROM tagged WHERE relkind IN ('r', 'p')) END
UNION ALL
-- A security_invoker view reads with the rights of whoever reads it, so the tables' grants decide.
SELECT CASE r.relkind WHEN 'v' THEN 'view' ELSE 'materialized view' END, r.object, r.relation, r.column_name, r.tag,
       pg_catalog.format('%s for %s',
         CASE WHEN r.relkind = 'm' THEN 'a copy' WHEN m.view IS NULL THEN 'read with the rights of the view''s owner'
              ELSE 'a masked view that was changed by hand,' END, r.roles),
       CASE WHEN m.view IS NULL THEN pg_catalog.format('REVOKE SELECT ON %s FROM %s;', r.relation, r.roles)
            ELSE 'SELECT phisync.refresh_masked_views();' END
FROM readable r LEFT JOIN phisync.masked_view m ON m.view = r.relation
WHERE r.relkind = 'm' OR r.relkind = 'v'
  AND NOT EXISTS (SELECT FROM pg_catalog.pg_class c, pg_catalog.pg_options_to_table(c.reloptions) o
                  WHERE c.oid = r.relation AND o.option_name = 'security_invoker' AND o.option_value IN ('true', 'on', 'yes', '1'))
  AND (m.view IS NULL OR m.definition <> phisync.view_definition(m.view))
UNION ALL
SELECT 'grant', r.object, r.relation, r.column_name, r.tag, 'SELECT is granted to PUBLIC',
       pg_catalog.format('SELECT * FROM phisync.harden(%L, dry_run => false);', r.object)
FROM readable r WHERE r.relkind IN ('r', 'p', 'f') AND 0 = ANY (r.grantees)
UNION ALL
SELECT 'role', pg_catalog.quote_ident(r.rolname), NULL, NULL, NULL, 'a member of phisync_masked, which may read every table that has a masked view',
       pg_catalog.format('REVOKE phisync_masked FROM %I;', r.rolname)
FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.member WHERE m.roleid = (SELECT o.oid FROM pg_catalog.pg_roles o WHERE o.rolname = 'phisync_masked')
UNION ALL
SELECT 'foreign table', t.object, t.relation, t.column_name, t.tag,
       pg_catalog.format('kept on server %I: who reads it there is not seen here', s.srvname), NULL
FROM tagged t
JOIN pg_catalog.pg_foreign_table f ON f.ftrelid = t.relation
JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
UNION ALL
SELECT s.kind, s.object, t.relation, t.column_name, t.tag,
       CASE WHEN s.kind = 'index statistics' THEN 'values of an expression over the column; pg_stats shows them to the owner and to members of pg_read_all_data'
            ELSE pg_catalog.format('values of the column, for %s', r.roles) END,
       pg_catalog.format('SELECT * FROM phisync.harden(%L, dry_run => false);', t.object)
FROM phisync.column_statistics() s
JOIN tagged t ON t.relation = s.relation AND t.attnum = s.attnum
LEFT JOIN readable r ON r.relation = s.relation AND r.attnum = s.attnum
-- Only who may read the column sees its statistics.
WHERE s.kind = 'index statistics' OR r.relation IS NOT NULL
UNION ALL
SELECT 'function', f.function::text, f.relation, t.column_name, t.tag,
       pg_catalog.format('%s with the rights of %s, for %s', CASE WHEN f.attnum IS NULL THEN 'names the table: may read it' ELSE 'reads it' END,
         phisync.role_names(ARRAY[f.owner]), phisync.role_names(g.grantees)),
       pg_catalog.format('REVOKE EXECUTE ON ROUTINE %s FROM %s;', f.function, phisync.role_names(g.grantees))
FROM phisync.definer_functions(ARRAY(SELECT DISTINCT t.relation::oid FROM tagged t)) f
LEFT JOIN tagged t ON t.relation = f.relation AND t.attnum = f.attnum,
     LATERAL (SELECT ARRAY(SELECT x FROM pg_catalog.unnest(f.grantees) x
                           WHERE EXISTS (SELECT FROM tagged o WHERE o.relation = f.relation AND (o.attnum = t.attnum OR f.attnum IS NULL)
                                           AND NOT phisync.has_read_grant(x, o.tag)))) g (grantees)
WHERE g.grantees <> '{}'
UNION ALL
SELECT 'privilege', h.relation::regclass::text, h.relation, t.column_name, t.tag,
       pg_catalog.format(CASE h.privilege WHEN 'TRIGGER' THEN 'TRIGGER: the function of a trigger is handed every row, for %s'
                                          ELSE 'REFERENCES: a foreign key tells which values are there, for %s' END, phisync.role_names(pg_catalog.array_agg(h.grantee))),
       pg_catalog.format('SELECT * FROM phisync.harden(%L, dry_run => false);', h.relation::regclass)
FROM phisync.row_handlers() h LEFT JOIN tagged t ON t.relation = h.relation AND t.attnum = h.attnum
WHERE EXISTS (SELECT FROM tagged o WHERE o.relation = h.relation AND h.attnum IN (0, o.attnum) AND NOT phisync.has_read_grant(h.grantee, o.tag))
GROUP BY h.relation, h.privilege, t.column_name, t.tag
UNION ALL
-- Their code sees the rows that others write and change.
SELECT 'trigger', g.tgname::text, r.relation, NULL, NULL,
       pg_catalog.format('hands every row to function %s of %I', p.oid::regprocedure, o.rolname),
       pg_catalog.format('DROP TRIGGER %I ON %s;  -- or ALTER FUNCTION %s OWNER TO %I;', g.tgname, r.relation, p.oid::regprocedure, w.rolname)
FROM (SELECT DISTINCT relation, relowner FROM tagged) r
JOIN pg_catalog.pg_trigger g ON g.tgrelid = r.relation AND NOT g.tgisinternal AND (g.tgtype & 1 = 1 OR g.tgoldtable IS NOT NULL OR g.tgnewtable IS NOT NULL)
JOIN pg_catalog.pg_proc p ON p.oid = g.tgfoid AND p.proowner <> r.relowner
JOIN pg_catalog.pg_roles o ON o.oid = p.proowner AND NOT o.rolsuper
JOIN pg_catalog.pg_roles w ON w.oid = r.relowner
WHERE EXISTS (SELECT FROM tagged t WHERE t.relation = r.relation AND NOT phisync.has_read_grant(p.proowner, t.tag))
UNION ALL
SELECT 'role', pg_catalog.quote_ident(r.rolname), NULL, NULL, NULL, w.way, w.remedy
FROM phisync.roles_past_grants() w JOIN pg_catalog.pg_roles r ON r.oid = w.role
WHERE EXISTS (SELECT FROM tagged WHERE relkind IN ('r', 'p', 'm')) AND NOT phisync.has_read_grant(w.role, 'phi:*')
  -- A consumer cannot do without; docs/threat-model.md says how to limit it.
  AND NOT (r.rolreplication AND w.remedy LIKE 'ALTER ROLE%' AND EXISTS (SELECT FROM phisync.consumer c WHERE c.role = w.role))
UNION ALL
SELECT 'default privilege', pg_catalog.quote_ident(o.rolname), NULL, NULL, NULL,
       pg_catalog.format('%s on tables that it makes%s, for %s', d.privileges, ' in schema ' || pg_catalog.quote_ident(n.nspname), phisync.role_names(ARRAY[d.grantee])),
       pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s REVOKE %s ON TABLES FROM %s;', o.rolname, ' IN SCHEMA ' || pg_catalog.quote_ident(n.nspname),
         d.privileges, phisync.role_names(ARRAY[d.grantee]))
FROM phisync.default_grants() d JOIN pg_catalog.pg_roles o ON o.oid = d.owner LEFT JOIN pg_catalog.pg_namespace n ON n.oid = d.schema
WHERE EXISTS (SELECT FROM tagged t JOIN pg_catalog.pg_class c ON c.oid = t.relation WHERE t.relowner = d.owner AND (d.schema = 0 OR c.relnamespace = d.schema))
  AND NOT phisync.has_read_grant(d.grantee, 'phi:*')
UNION ALL
SELECT 'setting', v.setting, NULL, NULL, NULL, v.detail, v.remedy FROM phisync.logged_values() v WHERE EXISTS (SELECT FROM tagged);
COMMENT ON VIEW phisync.leaks IS
'What carries tagged or unclassified columns out of the database past phisync, a row a column: native publications; slots of other plugins; views and materialized views that others than their owner and roles with a read grant may read; SELECT for PUBLIC; members of phisync_masked, and roles that read past grants (pg_read_all_data, REPLICATION, the server''s files); foreign tables; statistics that hold values; SECURITY DEFINER functions that read them or name their table; the privileges TRIGGER and REFERENCES; triggers with functions of other roles; default privileges where tagged tables are made; settings that log statements with their values. kind, object, relation, column_name, tag, detail, and the statement that mends it. Reads catalogs only. Needs no preload.';

REVOKE ALL ON FUNCTION phisync.published_columns(), phisync.column_statistics() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.published_columns(), phisync.column_statistics() TO phisync_officer, phisync_auditor;
REVOKE ALL ON phisync.leaks FROM PUBLIC;
GRANT SELECT ON phisync.leaks TO phisync_officer, phisync_auditor;
