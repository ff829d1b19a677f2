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

CREATE TABLE phisync.safe_publications (
  publication name PRIMARY KEY,
  profile     text COLLATE "C" NOT NULL,
  relations   regclass[]
);
COMMENT ON TABLE phisync.safe_publications IS
'Publications that phisync.safe_publication made or mended, with the profile whose kept columns they carry and the tables that they were asked for (null: all). Needs no preload.';
SELECT pg_catalog.pg_extension_config_dump('phisync.safe_publications', '');
REVOKE ALL ON phisync.masked_view, phisync.safe_publications FROM PUBLIC;
GRANT SELECT ON phisync.masked_view, phisync.safe_publications TO phisync_officer, phisync_auditor;

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
