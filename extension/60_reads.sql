-- Reads that fail closed: who may read which kinds of PHI, for which purposes.

-- Columns 1 to 3 are read by the library.
CREATE TABLE phisync.read_grant (
  role       regrole NOT NULL,
  kind       text COLLATE "C" NOT NULL,
  purposes   text[] CHECK (purposes <> '{}' AND pg_catalog.array_position(purposes, NULL) IS NULL),
  granted_by name NOT NULL DEFAULT SESSION_USER,
  granted_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  PRIMARY KEY (role, kind)
);
COMMENT ON TABLE phisync.read_grant IS
'Grants to read PHI, written by phisync.grant_read and phisync.revoke_read alone; every change is in the audit trail. Read phisync.read_grants instead.';
REVOKE ALL ON phisync.read_grant FROM PUBLIC;
SELECT pg_catalog.pg_extension_config_dump('phisync.read_grant',
  'WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = role)');

CREATE FUNCTION phisync.read_grants_changed() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_read_grants_changed';
COMMENT ON FUNCTION phisync.read_grants_changed() IS
'Makes running sessions see changed grants at their next statement. Trigger of phisync.read_grant. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.read_grants_changed() FROM PUBLIC;
CREATE TRIGGER read_grants_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON phisync.read_grant
  FOR EACH STATEMENT EXECUTE FUNCTION phisync.read_grants_changed();
ALTER TABLE phisync.read_grant ENABLE ALWAYS TRIGGER read_grants_changed;
CREATE TRIGGER phisync_audit_row AFTER INSERT OR UPDATE OR DELETE ON phisync.read_grant
  FOR EACH ROW EXECUTE FUNCTION phisync.audit_change();
ALTER TABLE phisync.read_grant ENABLE ALWAYS TRIGGER phisync_audit_row;

CREATE FUNCTION phisync.canonical_kind(kind text) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_canonical_kind';
COMMENT ON FUNCTION phisync.canonical_kind(text) IS
'The kind as grants spell it: phi:* for all. Raises 22023 for what is no kind, with what was probably meant. Needs no preload.';

CREATE FUNCTION phisync.canonical_purpose(purpose text) RETURNS text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_canonical_purpose';
COMMENT ON FUNCTION phisync.canonical_purpose(text) IS
'The code of the HL7 value set PurposeOfUse in upper case. Raises 22023 for what is none. Needs no preload.';

CREATE FUNCTION phisync.checks_reads() RETURNS boolean
LANGUAGE C STABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'phisync_checks_reads';
COMMENT ON FUNCTION phisync.checks_reads() IS
'Whether the library is preloaded, so that every session obeys phisync.read_enforcement; if it is loaded on demand, a session can avoid it. Needs no preload.';

CREATE FUNCTION phisync.grant_read(role regrole, kinds text[], purposes text[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF role IS NULL OR kinds IS NULL OR kinds = '{}' OR array_position(kinds, NULL) IS NOT NULL
     OR purposes = '{}' OR array_position(purposes, NULL) IS NOT NULL THEN
    RAISE null_value_not_allowed USING MESSAGE = 'role, kinds and purposes must not be NULL or empty',
      DETAIL = 'Without purposes the grant holds for any, declared or not.',
      HINT = 'SELECT phisync.grant_read(''nurse'', ARRAY[''phi:name'', ''phi:date.birth''], ARRAY[''TREAT'']);';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = role) THEN
    RAISE undefined_object USING MESSAGE = format('role with OID %s does not exist', role::oid),
      HINT = 'Name a role.';
  END IF;
  INSERT INTO phisync.read_grant AS g (role, kind, purposes)
  SELECT DISTINCT grant_read.role, phisync.canonical_kind(k),
    (SELECT array_agg(DISTINCT phisync.canonical_purpose(p)) FROM unnest(grant_read.purposes) p)
  FROM unnest(kinds) k
  ON CONFLICT ON CONSTRAINT read_grant_pkey DO UPDATE
    SET purposes = excluded.purposes, granted_by = excluded.granted_by, granted_at = excluded.granted_at
    WHERE g.purposes IS DISTINCT FROM excluded.purposes;
  IF NOT phisync.checks_reads() THEN
    RAISE NOTICE 'reads are not checked: phisync is not preloaded'
      USING HINT = 'Set shared_preload_libraries = ''phisync'' and restart the server.';
  END IF;
END
$$;
COMMENT ON FUNCTION phisync.grant_read(regrole, text[], text[]) IS
'Lets a role, and those who have its privileges, read columns of these kinds where phisync.read_enforcement is audit or deny: phi:date covers its parts, phi:* or all covers everything, unclassified what nobody has classified. With purposes, only while phisync.purpose is one of them; a later call for the same kind replaces them. Holds at once. Gives no privilege of SQL. Errors: 22023 unknown kind or purpose, 22004, 42704. Is obeyed with preload alone; without, it says so. Needs no preload.';

CREATE FUNCTION phisync.revoke_read(role regrole, kinds text[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  missing text;
BEGIN
  IF role IS NULL OR kinds = '{}' OR array_position(kinds, NULL) IS NOT NULL THEN
    RAISE null_value_not_allowed USING MESSAGE = 'role and kinds must not be NULL or empty',
      HINT = 'Leave kinds out to revoke all.';
  END IF;
  SELECT k INTO missing FROM unnest(kinds) k
  WHERE NOT EXISTS (SELECT FROM phisync.read_grant g WHERE g.role = revoke_read.role AND g.kind = phisync.canonical_kind(k))
  ORDER BY k LIMIT 1;
  IF FOUND OR NOT EXISTS (SELECT FROM phisync.read_grant g WHERE g.role = revoke_read.role) THEN
    RAISE undefined_object USING MESSAGE = format('role %s has no grant of its own to read %s', role, coalesce(missing, 'PHI')),
      DETAIL = 'What it may read by membership is granted to another role, and a kind goes with the grant that names it.',
      HINT = 'SELECT * FROM phisync.read_grants; shows all grants.';
  END IF;
  DELETE FROM phisync.read_grant g WHERE g.role = revoke_read.role
    AND (kinds IS NULL OR g.kind IN (SELECT phisync.canonical_kind(k) FROM unnest(kinds) k));
END
$$;
COMMENT ON FUNCTION phisync.revoke_read(regrole, text[]) IS
'Takes back grants of phisync.grant_read, all of the role without kinds; holds at once, but cursors that are open go on. Errors: 42704 no such grant, 22023 unknown kind, 22004. Needs no preload.';

CREATE VIEW phisync.read_grants AS
SELECT role, kind, purposes, granted_by, granted_at FROM phisync.read_grant;
COMMENT ON VIEW phisync.read_grants IS
'Who may read which kinds of PHI; null purposes: for any. A role also has the grants of roles whose privileges it has. Obeyed as phisync.read_enforcement says. Needs no preload.';
REVOKE ALL ON phisync.read_grants FROM PUBLIC;
GRANT SELECT ON phisync.read_grants TO phisync_officer, phisync_auditor;

CREATE TABLE phisync.read_enforcement_change (
  changed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  changed_by name NOT NULL DEFAULT SESSION_USER,
  role       name,
  mode       text
);
COMMENT ON TABLE phisync.read_enforcement_change IS
'Who set phisync.read_enforcement, for which role (null: the database) and to what (null: removed); written by phisync.set_read_enforcement alone. What superusers do with ALTER DATABASE, ROLE and SYSTEM is not in it; of the former two phisync.doctor() tells. Needs no preload.';
SELECT pg_catalog.pg_extension_config_dump('phisync.read_enforcement_change', '');
REVOKE ALL ON phisync.read_enforcement_change FROM PUBLIC;
GRANT SELECT ON phisync.read_enforcement_change TO phisync_officer, phisync_auditor;

CREATE FUNCTION phisync.read_enforcement_drift(OUT here boolean, OUT role name, OUT mode text, OUT recorded text, OUT weaker boolean) RETURNS SETOF record
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH actual AS (
    SELECT s.setdatabase <> 0 AS here, coalesce(r.rolname, '') AS role, lower(split_part(c, '=', 2)) AS mode
    FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) c LEFT JOIN pg_roles r ON r.oid = s.setrole
    WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())) AND c LIKE 'phisync.read\_enforcement=%'
  ), last AS (
    SELECT DISTINCT ON (n.role) true AS here, coalesce(n.role, '') AS role, n.mode FROM phisync.read_enforcement_change n ORDER BY n.role, n.changed_at DESC
  ), known AS (
    -- The setting of a role that is gone went with it.
    SELECT * FROM last l WHERE l.role = '' OR l.role IN (SELECT o.rolname FROM pg_roles o)
  ), strength (mode, s) AS (VALUES ('off', 0), ('audit', 1), ('deny', 2))
  SELECT here, nullif(role, ''), a.mode, l.mode,
         -- What is set for all databases counts where the database says nothing; what is set for a role counts before it.
         (here OR role <> '') AND
         (SELECT s FROM strength s WHERE s.mode = coalesce(a.mode, (SELECT d.mode FROM actual d WHERE d.here AND d.role = ''), 'off'))
         < (SELECT s FROM strength s WHERE s.mode = coalesce(l.mode, (SELECT d.mode FROM known d WHERE d.role = ''), 'off'))
  FROM actual a FULL JOIN known l USING (here, role)
  WHERE a.mode IS DISTINCT FROM l.mode ORDER BY here DESC, role COLLATE "C"
$$;
COMMENT ON FUNCTION phisync.read_enforcement_drift() IS
'Where phisync.read_enforcement, as it is set for this database (here) and for all, for one role or (null) for every one, is not what phisync.set_read_enforcement last said (recorded; null: nothing, or removed): somebody used ALTER DATABASE or ALTER ROLE. weaker: less is enforced than recorded. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.read_enforcement_drift() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.read_enforcement_drift() TO phisync_officer, phisync_auditor;

CREATE FUNCTION phisync.set_read_enforcement(mode text, role regrole DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  whom text := CASE WHEN role IS NULL THEN '' ELSE format('ROLE %s IN ', role) END || format('DATABASE %I', current_database());
BEGIN
  IF mode NOT IN ('off', 'audit', 'deny') THEN
    RAISE invalid_parameter_value USING MESSAGE = format('unknown mode "%s"', mode),
      HINT = 'off, audit or deny; NULL removes the setting.';
  END IF;
  IF role IS NOT NULL AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = role) THEN
    RAISE undefined_object USING MESSAGE = format('role with OID %s does not exist', role::oid),
      HINT = 'Name a role, or leave it out for the database.';
  END IF;
  IF NOT phisync.checks_reads() THEN
    RAISE object_not_in_prerequisite_state USING MESSAGE = 'phisync is not preloaded',
      DETAIL = 'A session could avoid a library that is loaded on demand.',
      HINT = 'Set shared_preload_libraries = ''phisync'' and restart the server.';
  END IF;
  IF role = (SELECT r.oid FROM pg_roles r WHERE r.rolname = session_user) AND mode IS DISTINCT FROM 'deny' THEN
    RAISE insufficient_privilege USING MESSAGE = 'a role does not weaken the enforcement that binds it',
      HINT = 'Another member of phisync_officer can.';
  END IF;
  EXECUTE 'ALTER ' || whom || CASE WHEN mode IS NULL THEN ' RESET phisync.read_enforcement'
                                   ELSE format(' SET phisync.read_enforcement = %L', mode) END;
  INSERT INTO phisync.read_enforcement_change (role, mode) VALUES ((SELECT r.rolname FROM pg_roles r WHERE r.oid = role), mode);
END
$$;
COMMENT ON FUNCTION phisync.set_read_enforcement(text, regrole) IS
'Sets phisync.read_enforcement (off, audit, deny; null removes the setting) for the sessions that start from now on in this database, of one role or of all; what is set for a role outranks what is set for the database. phisync.read_enforcement_change keeps who did. The role of the session itself cannot be weakened. Errors: 22023, 42501, 42704, 55000 not preloaded. Needs preload.';

REVOKE ALL ON FUNCTION phisync.grant_read(regrole, text[], text[]), phisync.revoke_read(regrole, text[]),
  phisync.set_read_enforcement(text, regrole) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.grant_read(regrole, text[], text[]), phisync.revoke_read(regrole, text[]),
  phisync.set_read_enforcement(text, regrole) TO phisync_officer;
