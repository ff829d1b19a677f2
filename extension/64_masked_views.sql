-- Masked views: a table as a profile shows it.

CREATE FUNCTION phisync.grant_as(view regclass, grantor oid, grantee oid, privilege text, column_name name, grantable boolean) RETURNS void
LANGUAGE C VOLATILE AS 'MODULE_PATHNAME', 'phisync_grant_as';
COMMENT ON FUNCTION phisync.grant_as(regclass, oid, oid, text, name, boolean) IS
'Grants a privilege as the role that had granted it before the view was made anew. For phisync''s own functions alone. Needs no preload.';

CREATE FUNCTION phisync.family(relation regclass) RETURNS SETOF oid
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE above (oid) AS (
    SELECT $1::oid UNION SELECT i.inhparent FROM above JOIN pg_inherits i ON i.inhrelid = above.oid
  ), below (oid) AS (
    SELECT $1::oid UNION SELECT i.inhrelid FROM below JOIN pg_inherits i ON i.inhparent = below.oid
  )
  SELECT oid FROM above UNION SELECT oid FROM below
$$;
COMMENT ON FUNCTION phisync.family(regclass) IS
'A relation, what it inherits from or is a partition of, and its heirs: all whose tags decide what is shown of it. Needs no preload.';

CREATE FUNCTION phisync.lock_family(relation regclass) RETURNS void
LANGUAGE plpgsql VOLATILE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  member regclass;
BEGIN
  FOR member IN SELECT c.oid FROM pg_class c WHERE c.relkind IN ('r', 'p') AND c.oid IN (SELECT phisync.family($1)) ORDER BY c.oid LOOP
    -- As SECURITY LABEL and ALTER TABLE do, at the least.
    EXECUTE format('LOCK TABLE ONLY %s IN SHARE UPDATE EXCLUSIVE MODE', member);
  END LOOP;
END
$$;
COMMENT ON FUNCTION phisync.lock_family(regclass) IS
'Keeps changes of tags and columns of a table, of those above it and of its heirs out until the transaction ends. Needs no preload.';

CREATE FUNCTION phisync.masked_parts(relation regclass, profile text, view integer, absent name[], strict boolean,
  OUT names name[], OUT expressions text[], OUT types text[], OUT source text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  hidden boolean;
  has_rows boolean;
BEGIN
  SELECT format('FROM %I.%I r', n.nspname, c.relname), c.relkind <> 'f' INTO source, has_rows
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation;
  SELECT array_agg(m.column_name ORDER BY m.attnum) FILTER (WHERE m.seen), array_agg(m.expression ORDER BY m.attnum) FILTER (WHERE m.seen),
         array_agg(m.type ORDER BY m.attnum) FILTER (WHERE m.seen), bool_or(m.rows AND m.column_name = ANY (absent))
  INTO names, expressions, types, hidden
  FROM (SELECT *, c.expression IS NOT NULL AND c.column_name <> ALL (absent) AND (has_rows OR NOT c.needs_key) AS seen
        FROM phisync.masked_columns(relation, profile, view) c) m;
  -- While the column that decides on rows is changed, no row is shown.
  source := concat_ws(' WHERE ', source, CASE WHEN hidden THEN 'false' ELSE phisync.row_condition(relation, profile) END);
EXCEPTION WHEN undefined_object OR object_not_in_prerequisite_state THEN
  IF strict THEN
    RAISE;
  END IF;
  -- Nobody can say what may be seen: nothing is, until somebody can.
  names := NULL; expressions := NULL; types := NULL; source := source || ' WHERE false';
END
$$;
COMMENT ON FUNCTION phisync.masked_parts(regclass, text, integer, name[], boolean) IS
'Of the query of a masked view: its columns without those that are to be absent, and what follows FROM. Where the profile or a class is missing: an error, or unless strict a query without rows and columns. Needs no preload.';

CREATE FUNCTION phisync.select_list(names name[], expressions text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT string_agg(format('%s AS %I', e, n), ', ' ORDER BY o) FROM unnest(names, expressions) WITH ORDINALITY u (n, e, o)
$$;
COMMENT ON FUNCTION phisync.select_list(name[], text[]) IS
'What follows SELECT in the query of a masked view. Needs no preload.';

CREATE FUNCTION phisync.make_masked_view(schema name, name name, query text) RETURNS regclass
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  made regclass;
BEGIN
  EXECUTE format('CREATE VIEW %I.%I WITH (security_barrier) AS %s', schema, name, query);
  made := format('%I.%I', schema, name)::regclass;
  EXECUTE format('ALTER VIEW %s OWNER TO phisync_masked', made);
  RETURN made;
END
$$;
COMMENT ON FUNCTION phisync.make_masked_view(name, name, text) IS
'Makes the view of a masked view, which nobody may read yet. For phisync''s own functions alone. Needs no preload.';

CREATE FUNCTION phisync.remake_masked_view(masked phisync.masked_view, query text, kept name[]) RETURNS regclass
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  schema name;
  name name;
  remark text := obj_description(masked.view, 'pg_class');
  made regclass;
  me oid := quote_ident(current_user)::regrole;  -- what a superuser grants is the owner's
  grants jsonb;
  g record;
BEGIN
  SELECT n.nspname, c.relname INTO schema, name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = masked.view;
  SELECT jsonb_agg(jsonb_build_object('grantor', a.grantor, 'grantee', a.grantee, 'privilege', a.privilege_type, 'attname', t.attname,
           'grantable', a.is_grantable, 'given_on', a.grantor <> c.relowner) ORDER BY a.grantor <> c.relowner, t.attnum)
  INTO grants FROM pg_class c
  CROSS JOIN LATERAL (SELECT NULL::name, 0::int2, c.relacl UNION ALL
    SELECT attname, attnum, attacl FROM pg_attribute WHERE attrelid = c.oid AND attname = ANY (kept)) t (attname, attnum, acl)
  CROSS JOIN LATERAL aclexplode(t.acl) a
  WHERE c.oid = masked.view AND a.grantee <> c.relowner;
  -- Its row stays, for others wait for it; so what is dropped must not be found in it.
  UPDATE phisync.masked_view v SET view = masked.id::oid::regclass WHERE v.id = masked.id;
  EXECUTE format('DROP VIEW %s', masked.view);
  made := phisync.make_masked_view(schema, name, query);
  EXECUTE format('COMMENT ON VIEW %s IS %L', made, remark);
  FOR g IN SELECT * FROM jsonb_to_recordset(grants) AS x (grantor oid, grantee oid, privilege text, attname name, grantable boolean, given_on boolean) LOOP
    BEGIN
      PERFORM phisync.grant_as(made, CASE WHEN g.given_on THEN g.grantor ELSE me END, g.grantee, g.privilege, g.attname, g.grantable);
    EXCEPTION WHEN insufficient_privilege THEN
      -- Who granted it cannot any more; then it comes from the owner.
      PERFORM phisync.grant_as(made, me, g.grantee, g.privilege, g.attname, g.grantable);
    END;
  END LOOP;
  RETURN made;
END
$$;
COMMENT ON FUNCTION phisync.remake_masked_view(phisync.masked_view, text, name[]) IS
'Drops a masked view and makes it anew with other columns and the grants that it had. For phisync''s own functions alone. Needs no preload.';

CREATE FUNCTION phisync.rebuild_masked_view(id integer, absent name[] DEFAULT '{}', force boolean DEFAULT false) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  m phisync.masked_view;
  p record;
  renewed text;
  padded text;
BEGIN
  -- Whoever else works a change in has done so before this looks at anything, or does it after, and sees this one. The
  -- table's lock first: who has it for a change of a profile comes for the rows next.
  LOCK TABLE phisync.masked_view IN ROW EXCLUSIVE MODE;
  SELECT * INTO m FROM phisync.masked_view v WHERE v.id = $1 FOR UPDATE;
  IF NOT FOUND OR NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = m.relation) OR NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = m.view)
     -- A profile that views have is not dropped: it is not there yet, in a restore.
     OR m.profile NOT IN (SELECT p.name FROM phisync.profile p UNION ALL SELECT b.name FROM phisync.built_in_profiles() b) THEN
    RETURN false;
  END IF;
  SELECT * INTO p FROM phisync.masked_parts(m.relation, m.profile, m.id, $2, false);
  renewed := concat_ws(' ', 'SELECT', phisync.select_list(p.names, p.expressions), p.source);
  IF renewed = m.query AND NOT (force AND m.definition <> phisync.view_definition(m.view)) THEN
    RETURN false;
  END IF;
  BEGIN
    EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_barrier) AS %s', m.view, renewed);
  EXCEPTION WHEN invalid_table_definition THEN
    BEGIN
      m.view := phisync.remake_masked_view(m, renewed, p.names);
    EXCEPTION WHEN dependent_objects_still_exist THEN
      -- Others read it: columns that are no more, or of another type, stay and are null.
      SELECT concat_ws(', ', string_agg(format('%s AS %I', coalesce(n.expression, 'NULL::' || format_type(a.atttypid, a.atttypmod)), a.attname), ', ' ORDER BY a.attnum),
               (SELECT phisync.select_list(array_agg(u.name), array_agg(u.expression)) FROM unnest(p.names, p.expressions) u (name, expression)
                WHERE NOT EXISTS (SELECT FROM pg_attribute o WHERE o.attrelid = m.view AND o.attname = u.name)))
      INTO padded FROM pg_attribute a
      LEFT JOIN unnest(p.names, p.expressions, p.types) n (name, expression, type) ON n.name = a.attname AND n.type = format_type(a.atttypid, a.atttypmod)
      WHERE a.attrelid = m.view AND a.attnum > 0 AND NOT a.attisdropped;
      EXECUTE format('CREATE OR REPLACE VIEW %s WITH (security_barrier) AS SELECT %s %s', m.view, padded, p.source);
      RAISE WARNING 'other views read %: columns that it shows no more stay in it, as NULL', m.view;
    END;
  END;
  UPDATE phisync.masked_view v SET view = m.view, query = renewed, definition = phisync.view_definition(m.view) WHERE v.id = m.id;
  RETURN true;
END
$$;
COMMENT ON FUNCTION phisync.rebuild_masked_view(integer, name[], boolean) IS
'Brings a masked view up to date, without the columns that are to be absent; true if that took a change. force: also if it was changed by hand. For phisync''s own functions alone. Needs no preload.';

CREATE FUNCTION phisync.create_masked_view(relation regclass, profile text, name name DEFAULT NULL, schema name DEFAULT 'phi_masked') RETURNS regclass
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_variable
DECLARE
  c pg_class;
  p record;
  made regclass;
  new_id integer;
  query text;
BEGIN
  IF relation IS NULL OR profile IS NULL OR schema IS NULL THEN
    RAISE null_value_not_allowed USING MESSAGE = 'relation, profile and schema must not be NULL';
  END IF;
  PERFORM phisync.require_steward(relation, 'create a masked view of');
  -- From here on no tag or profile changes unseen, and no other masked view takes the number. Always in this order.
  PERFORM phisync.lock_family(relation);
  LOCK TABLE phisync.masked_view IN SHARE ROW EXCLUSIVE MODE;
  SELECT * INTO c FROM pg_class o WHERE o.oid = relation;
  IF c.relkind NOT IN ('r', 'p', 'm', 'f') OR c.relpersistence = 't' OR c.oid < 16384 OR c.relnamespace = 'phisync'::regnamespace THEN
    RAISE wrong_object_type USING MESSAGE = format('cannot create a masked view of "%s"', c.relname),
      DETAIL = 'Masked views are of tables, partitioned tables, materialized views and foreign tables; not of temporary ones, nor of the server''s and phisync''s own.';
  END IF;
  name := coalesce(name, c.relname);
  -- A view that ends with its session would be followed by nobody else, and stop their changes of the table.
  IF schema LIKE 'pg\_%' OR schema IN ('information_schema', 'phisync', 'phisync_parameters') THEN
    RAISE invalid_schema_name USING MESSAGE = format('cannot create a masked view in schema "%s"', schema),
      DETAIL = 'It belongs to the server, to phisync or to one session.', HINT = 'Leave the schema out, or name one of your own.';
  ELSIF to_regnamespace(quote_ident(schema)) IS NULL AND schema = 'phi_masked' THEN
    CREATE SCHEMA phi_masked AUTHORIZATION phisync_masked;
    COMMENT ON SCHEMA phi_masked IS 'Masked views, made by phisync.create_masked_view';
    GRANT USAGE ON SCHEMA phi_masked TO PUBLIC;
  ELSIF to_regnamespace(quote_ident(schema)) IS NULL THEN
    RAISE invalid_schema_name USING MESSAGE = format('schema "%s" does not exist', schema);
  ELSIF schema <> 'phi_masked' AND NOT has_schema_privilege(phisync.caller(), schema, 'CREATE') THEN
    RAISE insufficient_privilege USING MESSAGE = format('permission denied for schema %s', schema);
  END IF;
  IF to_regclass(format('%I.%I', schema, name)) IS NOT NULL THEN
    RAISE duplicate_table USING MESSAGE = format('relation "%s" already exists in schema "%s"', name, schema), HINT = 'Give the view another name.';
  END IF;
  PERFORM phisync.require_keys(relation, profile);
  new_id := (SELECT coalesce(max(v.id), 0) + 1 FROM phisync.masked_view v);
  SELECT * INTO p FROM phisync.masked_parts(relation, profile, new_id, '{}', true);
  query := concat_ws(' ', 'SELECT', phisync.select_list(p.names, p.expressions), p.source);
  made := phisync.make_masked_view(schema, name, query);
  INSERT INTO phisync.masked_view VALUES (new_id, made, relation, profile, query, phisync.view_definition(made));
  EXECUTE format('COMMENT ON VIEW %s IS %L', made, format('%s as the profile %s shows it: kept up to date by phisync', relation, profile));
  EXECUTE format('GRANT SELECT ON %s TO phisync_masked', relation);
  EXECUTE format('GRANT SELECT ON %s TO %I WITH GRANT OPTION', made, pg_get_userbyid(c.relowner));
  RETURN made;
END
$$;
COMMENT ON FUNCTION phisync.create_masked_view(regclass, text, name, name) IS
'Makes a view (security_barrier) of a table as a profile shows it: each column through its transformation, without columns that are dropped and rows without consent; ages are as of the start of the statement that reads. Nobody but the table''s owner may read it until the owner grants SELECT on it. It belongs to the role phisync_masked, which gets SELECT on the table, and follows changes of columns, tags and the profile. The name is that of the table unless given; the schema is made if it is phi_masked. Errors: 42501 unless the caller owns the table and is a member of phisync_officer, 42704 no such profile, 42809 no table, 3F000, 42P07, 55000 no key. Needs no preload.';

CREATE FUNCTION phisync.drop_masked_view(view regclass) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  m phisync.masked_view;
BEGIN
  SELECT * INTO m FROM phisync.masked_view v WHERE v.view = $1;
  IF NOT FOUND THEN
    RAISE undefined_object USING MESSAGE = format('%s is no masked view', coalesce($1::text, 'NULL')),
      HINT = 'SELECT view FROM phisync.masked_views; lists them.';
  END IF;
  PERFORM phisync.require_steward(m.relation, 'drop a masked view of');
  EXECUTE format('DROP VIEW %s', m.view);
  DELETE FROM phisync.masked_view v WHERE v.id = m.id;
  IF NOT EXISTS (SELECT FROM phisync.masked_view v WHERE v.relation = m.relation) THEN
    EXECUTE format('REVOKE SELECT ON %s FROM phisync_masked', m.relation);
  END IF;
END
$$;
COMMENT ON FUNCTION phisync.drop_masked_view(regclass) IS
'Drops a masked view; with the last one of a table phisync_masked loses SELECT on it. Errors: 42704 no masked view, 2BP01 other views read it, 42501 unless the caller owns the table and is a member of phisync_officer. Needs no preload.';
