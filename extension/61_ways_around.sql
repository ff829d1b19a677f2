-- Rights, functions and settings that show values of tables past the grants of SELECT on them.

CREATE FUNCTION phisync.definer_functions(relations oid[])
RETURNS TABLE (function regprocedure, owner oid, relation oid, attnum smallint, grantees oid[])
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  WITH callable AS MATERIALIZED (
    SELECT p.oid, p.proowner, p.prosrc, p.prosqlbody IS NOT NULL AS parsed, g.grantees
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang,
         LATERAL (SELECT ARRAY(SELECT a.grantee FROM aclexplode(COALESCE(p.proacl, acldefault('f', p.proowner))) a
                               WHERE a.privilege_type = 'EXECUTE' AND a.grantee <> p.proowner)) g (grantees)
    WHERE p.prosecdef AND g.grantees <> '{}' AND l.lanname NOT IN ('c', 'internal')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  )
  SELECT c.oid::regprocedure, c.proowner, d.refobjid, d.refobjsubid::smallint, c.grantees
  FROM callable c
  JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = c.oid
   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (relations) AND d.refobjsubid > 0
  UNION ALL
  -- A text in whatever language: the relation's name in it, as a word of its own, is taken for the relation.
  SELECT c.oid::regprocedure, c.proowner, r.oid, NULL, c.grantees
  FROM callable c
  JOIN pg_class r ON r.oid = ANY (relations) AND position(lower(r.relname) IN lower(c.prosrc)) > 0
   AND c.prosrc ~* ('(^|[^[:alnum:]_])' || regexp_replace(r.relname, '\W', '\\\&', 'g') || '($|[^[:alnum:]_])')
  WHERE NOT c.parsed
$$;
COMMENT ON FUNCTION phisync.definer_functions(oid[]) IS
'SECURITY DEFINER functions and procedures that others than their owner may call (grantees; 0: PUBLIC) and that read these relations: BEGIN ATOMIC ones column by column; of others the text is searched for the relation''s name, attnum null. What a text puts together is not found. Needs no preload.';

CREATE FUNCTION phisync.row_handlers()
RETURNS TABLE (relation oid, attnum smallint, privilege text, grantee oid, grantor oid, is_grantable boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT c.oid, 0::smallint, a.privilege_type, a.grantee, a.grantor, a.is_grantable
  FROM pg_class c, aclexplode(c.relacl) a
  WHERE c.relacl IS NOT NULL AND c.relkind IN ('r', 'p', 'f') AND a.privilege_type IN ('TRIGGER', 'REFERENCES') AND a.grantee <> c.relowner
  UNION ALL
  SELECT c.oid, t.attnum, a.privilege_type, a.grantee, a.grantor, a.is_grantable
  FROM pg_attribute t JOIN pg_class c ON c.oid = t.attrelid, aclexplode(t.attacl) a
  WHERE t.attacl IS NOT NULL AND t.attnum > 0 AND NOT t.attisdropped AND a.privilege_type = 'REFERENCES' AND a.grantee <> c.relowner
$$;
COMMENT ON FUNCTION phisync.row_handlers() IS
'Who may, without SELECT, have functions of triggers be handed rows (TRIGGER), or ask by a foreign key which values are there (REFERENCES); attnum 0: on the whole table, grantee 0: PUBLIC. Needs no preload.';

CREATE FUNCTION phisync.roles_past_grants() RETURNS TABLE (role oid, way text, remedy text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT r.oid, w.way, format('REVOKE %s FROM %I;', w.name, r.rolname)
  FROM (VALUES ('pg_read_all_data', 'a member of pg_read_all_data, which may select from every table'),
               ('pg_read_server_files', 'a member of pg_read_server_files, which may read the files of the tables'),
               ('pg_execute_server_program', 'a member of pg_execute_server_program, which may run what reads the files of the tables')) w (name, way)
  JOIN pg_roles g ON g.rolname = w.name
  JOIN pg_auth_members m ON m.roleid = g.oid
  JOIN pg_roles r ON r.oid = m.member
  WHERE NOT r.rolsuper
  UNION ALL
  SELECT r.oid, 'may read every table''s changes by REPLICATION: through other plugins, or physically where pg_hba.conf lets it',
         format('ALTER ROLE %I NOREPLICATION;', r.rolname)
  FROM pg_roles r WHERE r.rolreplication AND NOT r.rolsuper
$$;
COMMENT ON FUNCTION phisync.roles_past_grants() IS
'Roles, but superusers, that an attribute or a direct membership lets read tables whatever is granted on them. Needs no preload.';

CREATE FUNCTION phisync.default_grants()
RETURNS TABLE (owner oid, schema oid, privileges text, grantee oid)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT d.defaclrole, d.defaclnamespace, string_agg(a.privilege_type, ', ' ORDER BY a.privilege_type), a.grantee
  FROM pg_default_acl d, aclexplode(d.defaclacl) a
  WHERE d.defaclobjtype = 'r' AND a.privilege_type IN ('SELECT', 'TRIGGER', 'REFERENCES') AND a.grantee <> d.defaclrole
  GROUP BY d.defaclrole, d.defaclnamespace, a.grantee
$$;
COMMENT ON FUNCTION phisync.default_grants() IS
'ALTER DEFAULT PRIVILEGES that let others than the owner see rows of tables made later; schema 0: in all. Needs no preload.';

CREATE FUNCTION phisync.logged_values() RETURNS TABLE (setting text, detail text, remedy text)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT v.name, format('%s = %s: %s', v.name, current_setting(v.name), v.effect), format('ALTER SYSTEM SET %s = %L;', v.name, v.quiet)
  FROM (VALUES
    ('log_statement', 'none', 'statements are in the server''s log with the values that they name'),
    ('log_min_duration_statement', '-1', 'slow statements are in the server''s log with the values that they name'),
    ('log_min_duration_sample', '-1', 'some statements are in the server''s log with the values that they name'),
    ('log_transaction_sample_rate', '0', 'some statements are in the server''s log with the values that they name'),
    ('log_parameter_max_length_on_error', '0', 'parameters of statements that fail are in the server''s log'),
    ('debug_print_parse', 'off', 'statements are in the server''s log with the values that they name'),
    ('debug_print_rewritten', 'off', 'statements are in the server''s log with the values that they name'),
    ('debug_print_plan', 'off', 'plans are in the server''s log with the values that they name'),
    ('auto_explain.log_min_duration', '-1', 'plans are in the server''s log with the values that they name')) v (name, quiet, effect)
  WHERE current_setting(v.name, true) IS DISTINCT FROM v.quiet AND current_setting(v.name, true) IS NOT NULL
$$;
COMMENT ON FUNCTION phisync.logged_values() IS
'Settings, as they are in this session, that write values of statements to the server''s log. log_min_error_statement is left out: by default statements that fail are logged. Needs no preload.';

REVOKE ALL ON FUNCTION phisync.definer_functions(oid[]), phisync.row_handlers(), phisync.roles_past_grants(), phisync.default_grants(), phisync.logged_values() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.definer_functions(oid[]), phisync.row_handlers(), phisync.roles_past_grants(), phisync.default_grants(), phisync.logged_values()
  TO phisync_officer, phisync_auditor;
