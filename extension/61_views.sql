-- Masked views, safe publications, and what carries PHI out of the database past phisync.

CREATE TABLE phisync.masked_view (
  id         integer PRIMARY KEY,
  view       regclass NOT NULL UNIQUE,
  relation   regclass NOT NULL,
  profile    text COLLATE "C" NOT NULL,
  query      text NOT NULL,
  definition text NOT NULL
);
COMMENT ON TABLE phisync.masked_view IS
'Masked views, written by phisync.create_masked_view and what makes them follow alone: query = as phisync wrote it, definition = as the server shows it, so that a change by hand is seen. Read phisync.masked_views instead. Needs no preload.';
-- A view that is gone would come back under whatever relation has its number then.
SELECT pg_catalog.pg_extension_config_dump('phisync.masked_view',
  'WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = view) AND EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = relation)');

CREATE TABLE phisync.safe_publication (
  publication name PRIMARY KEY,
  profile     text COLLATE "C" NOT NULL
);
COMMENT ON TABLE phisync.safe_publication IS
'Publications that phisync.safe_publication() made or mended, with the profile. Written by it alone. Needs no preload.';
SELECT pg_catalog.pg_extension_config_dump('phisync.safe_publication', '');

CREATE TABLE phisync.safe_publication_table (
  publication name NOT NULL,
  relation    regclass NOT NULL,
  condition   text,
  row_filter  text,
  PRIMARY KEY (publication, relation)
);
COMMENT ON TABLE phisync.safe_publication_table IS
'Their tables: condition = on rows, as phisync wrote it, row_filter = as the server shows it, so that a change of either is seen. Written by phisync.safe_publication() alone. Needs no preload.';
SELECT pg_catalog.pg_extension_config_dump('phisync.safe_publication_table',
  'WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = relation)');
REVOKE ALL ON phisync.masked_view, phisync.safe_publication, phisync.safe_publication_table FROM PUBLIC;
GRANT SELECT ON phisync.masked_view, phisync.safe_publication, phisync.safe_publication_table TO phisync_officer, phisync_auditor;

CREATE FUNCTION phisync.view_definition(view regclass) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_catalog.pg_get_viewdef(view)
$$;
COMMENT ON FUNCTION phisync.view_definition(regclass) IS
'The query of a view with every name qualified, whatever the search path. Needs no preload.';

CREATE FUNCTION phisync.role_names(roles oid[]) RETURNS text
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_catalog.string_agg(DISTINCT n.name, ', ' ORDER BY n.name) FROM (
    SELECT CASE WHEN r = 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(a.rolname) END COLLATE "C" AS name
    FROM pg_catalog.unnest(roles) r LEFT JOIN pg_catalog.pg_roles a ON a.oid = r) n
$$;
COMMENT ON FUNCTION phisync.role_names(oid[]) IS
'Roles as GRANT and REVOKE name them, 0 as PUBLIC, separated by commas. Needs no preload.';

CREATE FUNCTION phisync.readers()
RETURNS TABLE (relation oid, attnum smallint, grantees oid[])
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH granted AS (
    SELECT c.oid, a.attnum, g.grantee
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped,
         pg_catalog.aclexplode(c.relacl) g
    WHERE c.relacl IS NOT NULL AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND g.privilege_type = 'SELECT' AND g.grantee <> c.relowner AND g.grantee <> 'phisync_masked'::regrole
    UNION
    SELECT c.oid, a.attnum, g.grantee
    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid, pg_catalog.aclexplode(a.attacl) g
    WHERE a.attacl IS NOT NULL AND a.attnum > 0 AND NOT a.attisdropped AND g.privilege_type = 'SELECT' AND g.grantee <> c.relowner AND g.grantee <> 'phisync_masked'::regrole
  )
  SELECT oid, attnum, pg_catalog.array_agg(grantee) FROM granted GROUP BY oid, attnum
$$;
COMMENT ON FUNCTION phisync.readers() IS
'The columns of tables and views that others than the owner may select, by a grant on the table or on the column, and to whom it is given (0: PUBLIC). Needs no preload.';
CREATE FUNCTION phisync.has_read_grant(role oid, tag text) RETURNS boolean
LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT role <> 0 AND EXISTS (
    SELECT FROM phisync.read_grant g JOIN pg_roles r ON r.oid = g.role
    WHERE pg_has_role($1, r.oid, 'USAGE') AND (g.kind = 'phi:*' OR g.kind = tag OR tag LIKE g.kind || '.%'))
$$;
COMMENT ON FUNCTION phisync.has_read_grant(oid, text) IS
'Whether a role has a grant of phisync.grant_read for what a tag says, for whatever purpose; PUBLIC (0) has none. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.has_read_grant(oid, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.has_read_grant(oid, text) TO phisync_officer, phisync_auditor;
REVOKE ALL ON FUNCTION phisync.view_definition(regclass), phisync.role_names(oid[]), phisync.readers() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.view_definition(regclass), phisync.role_names(oid[]), phisync.readers()
  TO phisync_officer, phisync_auditor;

CREATE FUNCTION phisync.caller() RETURNS oid
LANGUAGE C STABLE AS 'MODULE_PATHNAME', 'phisync_caller';
COMMENT ON FUNCTION phisync.caller() IS
'The role that called from outside all SECURITY DEFINER functions. Needs no preload.';

CREATE FUNCTION phisync.masked_columns(relation regclass, profile text, view integer DEFAULT NULL)
RETURNS TABLE (attnum smallint, column_name name, phi boolean, transformation text, needs_key boolean, "rows" boolean, generated boolean, expression text, type text)
LANGUAGE C STABLE PARALLEL UNSAFE ROWS 20 AS 'MODULE_PATHNAME', 'phisync_masked_columns';
COMMENT ON FUNCTION phisync.masked_columns(regclass, text, integer) IS
'What a profile makes of each column of a relation that is read together with its heirs, the SQL that shows it so of a row r, and the type that this gives; null for drop. Where an heir has another treatment the column is dropped, unless one of both keeps it. Without the number of a masked view, transformations that need the key are calls for members of phisync_officer. Errors: 42704 no such profile, 55000 columns without a class under default=error. Needs no preload.';

CREATE FUNCTION phisync.row_condition(relation regclass, profile text, prefix text DEFAULT 'r.') RETURNS text
LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME', 'phisync_row_condition';
COMMENT ON FUNCTION phisync.row_condition(regclass, text, text) IS
'A condition in SQL that the rows meet whose sensitivities the profile has consent for: of the columns with rows=sens, or false where the relation or an heir is not to be seen at all; null: all rows. Errors as phisync.masked_columns. Needs no preload.';

CREATE FUNCTION phisync.require_keys(relation regclass, profile text) RETURNS void
LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME', 'phisync_require_keys';
COMMENT ON FUNCTION phisync.require_keys(regclass, text) IS
'Raises 55000 where the profile has a transformation for a column of the relation that needs the key, and there is none. Needs no preload.';

CREATE FUNCTION phisync.masked_value(prototype anyelement, view integer, column_name text, relation oid, "row" tid) RETURNS anyelement
LANGUAGE C STABLE PARALLEL RESTRICTED COST 100 AS 'MODULE_PATHNAME', 'phisync_masked_value';
COMMENT ON FUNCTION phisync.masked_value(anyelement, integer, text, oid, tid) IS
'What a masked view shows of one row in a column whose transformation needs the key, for those who may select that column of the view (42501). Takes a row and no value, so that nobody can try values until a code fits. Used by masked views. Needs no preload.';

REVOKE ALL ON FUNCTION phisync.caller(), phisync.masked_columns(regclass, text, integer), phisync.row_condition(regclass, text, text),
  phisync.require_keys(regclass, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.masked_columns(regclass, text, integer), phisync.row_condition(regclass, text, text) TO phisync_officer, phisync_auditor;

CREATE FUNCTION phisync.safely_published() RETURNS TABLE (publication name, relation regclass, column_name name)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t record;
BEGIN
  FOR t IN
    SELECT s.publication, s.profile, x.relation, x.condition
    FROM phisync.safe_publication s
    JOIN phisync.safe_publication_table x ON x.publication = s.publication
    JOIN pg_publication p ON p.pubname = s.publication
    JOIN pg_publication_rel r ON r.prpubid = p.oid AND r.prrelid = x.relation AND pg_get_expr(r.prqual, r.prrelid) IS NOT DISTINCT FROM x.row_filter
  LOOP
    BEGIN
      IF t.condition IS NOT DISTINCT FROM phisync.row_condition(t.relation, t.profile, '') THEN
        RETURN QUERY SELECT t.publication, t.relation, m.column_name FROM phisync.masked_columns(t.relation, t.profile) m WHERE m.transformation = 'keep';
      END IF;
    EXCEPTION WHEN undefined_object OR object_not_in_prerequisite_state THEN
      -- Nobody can say any more what is safe.
      NULL;
    END;
  END LOOP;
END
$$;
COMMENT ON FUNCTION phisync.safely_published() IS
'Columns that publications of phisync.safe_publication() send as their profiles allow, as things are now. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.safely_published() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.safely_published() TO phisync_officer, phisync_auditor;
