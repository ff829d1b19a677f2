-- What stands between this database and a working phisync, with the statements that mend it.

CREATE FUNCTION phisync.check_bucket_query(relation regclass, query text, parameter_names text[], profile text) RETURNS void
LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME', 'phisync_check_bucket_query';
COMMENT ON FUNCTION phisync.check_bucket_query(regclass, text, text[], text) IS
'Raises the error that phisync.create_bucket would raise for this data query now: for definitions that were right when they were made, before somebody changed the table, its replica identity or its tags. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.check_bucket_query(regclass, text, text[], text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.check_bucket_query(regclass, text, text[], text) TO phisync_officer, phisync_auditor;

CREATE FUNCTION phisync.check_bucket_parameters(bucket text) RETURNS void
LANGUAGE C STABLE STRICT AS 'MODULE_PATHNAME', 'phisync_check_bucket_parameters';
COMMENT ON FUNCTION phisync.check_bucket_parameters(text) IS
'Raises 42501 if the parameters query of the bucket selects what the bucket''s profile does not give as it is, so that phisync.buckets_for refuses it: for definitions that were right when they were made, before somebody tagged a table. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.check_bucket_parameters(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.check_bucket_parameters(text) TO phisync_officer, phisync_auditor;

CREATE FUNCTION phisync.doctor()
RETURNS TABLE ("check" text, status text, finding text, remedy text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- Runs as the extension's owner: only the superuser and pg_read_all_settings may read this setting.
  preloaded text[] := string_to_array(replace(current_setting('shared_preload_libraries'), ' ', ''), ',');
  plugins text[] := string_to_array(replace(replace(current_setting('output_plugin_libraries', true), ' ', ''), '"', ''), ',');
  others text[];
  used int;
  slots int := current_setting('max_replication_slots')::int;
  installed text;
  r record;
  found_any bool;
BEGIN
  "check" := 'version';
  SELECT extversion INTO installed FROM pg_extension WHERE extname = 'phisync';
  IF installed = phisync.version() THEN
    status := 'ok'; finding := format('library and extension are %s', installed); remedy := NULL;
  ELSE
    status := 'fail'; finding := format('the library is %s, the extension in this database %s', phisync.version(), installed);
    remedy := 'ALTER EXTENSION phisync UPDATE;';
  END IF;
  RETURN NEXT;

  "check" := 'preload';
  IF 'phisync' = ANY (preloaded) THEN
    status := 'ok'; finding := 'the library is preloaded: reads are audited'; remedy := NULL;
  ELSE
    status := 'warn'; finding := 'the library is loaded on demand: tags, buckets, stream, row audit and retention work, reads are not audited';
    remedy := format('ALTER SYSTEM SET shared_preload_libraries = %s;  -- then restart the server',
      (SELECT string_agg(quote_literal(trim(both '"' from l)), ', ') FROM unnest(preloaded || 'phisync'::text) l WHERE l <> ''));
  END IF;
  RETURN NEXT;

  "check" := 'read enforcement'; remedy := NULL;
  SELECT string_agg(format('%s for %s', split_part(c, '=', 2), CASE WHEN s.setrole = 0 THEN 'all' ELSE s.setrole::regrole::text END), ', '
                    ORDER BY s.setrole <> 0, s.setrole::regrole::text)
  INTO finding FROM pg_db_role_setting s, unnest(s.setconfig) c
  WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())) AND c LIKE 'phisync.read\_enforcement=%';
  IF phisync.checks_reads() THEN
    status := 'ok'; finding := coalesce(finding, format('%s for all', current_setting('phisync.read_enforcement')));
  ELSIF finding ~ '(audit|deny) for' OR current_setting('phisync.read_enforcement', true) IN ('audit', 'deny') THEN
    status := 'fail'; finding := 'phisync.read_enforcement is set, and nothing enforces it: the library is not preloaded';
    remedy := 'preload phisync and restart the server, see above';
  ELSE
    status := 'ok'; finding := 'off: it needs preload';
  END IF;
  RETURN NEXT;
  -- By whom, no trail says.
  FOR r IN SELECT * FROM phisync.read_enforcement_drift() LOOP
    status := CASE WHEN r.weaker THEN 'fail' ELSE 'warn' END;
    finding := format('%s for %s%s, set by hand: phisync.set_read_enforcement last said %s', coalesce(r.mode, 'nothing'),
      coalesce(quote_ident(r.role), 'all'), CASE WHEN r.here THEN '' ELSE ' in all databases' END, coalesce(r.recorded, 'nothing'));
    remedy := CASE WHEN r.here THEN format('SELECT phisync.set_read_enforcement(%L%s);  -- or with %L, if that is meant', r.recorded, ', ' || quote_literal(quote_ident(r.role)), r.mode)
      ELSE format('ALTER ROLE %s RESET phisync.read_enforcement;', coalesce(quote_ident(r.role), 'ALL')) END;
    RETURN NEXT;
  END LOOP;

  "check" := 'output_plugin_libraries';
  others := ARRAY(SELECT p FROM unnest(plugins) p WHERE p NOT IN ('phisync', ''));
  IF plugins IS NULL THEN
    status := 'warn';
    finding := 'this minor version has no list of allowed output plugins: any role with REPLICATION reads every column through any installed plugin';
    remedy := 'update the server to 15.19, 16.15, 17.11, 18.6 or later, then: ALTER SYSTEM SET output_plugin_libraries = phisync;';
  ELSIF NOT 'phisync' = ANY (plugins) THEN
    status := 'fail'; finding := 'the server refuses slots with the plugin phisync';
    remedy := format('ALTER SYSTEM SET output_plugin_libraries = %s; SELECT pg_reload_conf();', array_to_string(others || 'phisync'::text, ', '));
  ELSIF others <> '{}' THEN
    status := 'warn';
    finding := format('phisync is allowed; through %s any role with REPLICATION reads every column, tagged or not', array_to_string(others, ', '));
    remedy := 'if nothing here needs them: ALTER SYSTEM SET output_plugin_libraries = phisync; SELECT pg_reload_conf();';
  ELSE
    status := 'ok'; finding := 'phisync is the only output plugin that is allowed'; remedy := NULL;
  END IF;
  RETURN NEXT;

  "check" := 'wal_level';
  IF current_setting('wal_level') = 'logical' THEN
    status := 'ok'; finding := 'logical'; remedy := NULL;
  ELSE
    status := 'fail'; finding := format('%s: there is nothing to decode', current_setting('wal_level'));
    remedy := 'ALTER SYSTEM SET wal_level = logical;  -- then restart the server';
  END IF;
  RETURN NEXT;

  "check" := 'replication slots';
  SELECT count(*) INTO used FROM pg_replication_slots;
  IF used < slots THEN
    status := 'ok'; finding := format('%s of %s free', slots - used, slots); remedy := NULL;
  ELSE
    status := 'fail'; finding := format('all %s are in use', slots);
    remedy := format('ALTER SYSTEM SET max_replication_slots = %s;  -- then restart the server', greatest(slots, 5) * 2);
  END IF;
  RETURN NEXT;

  -- A slot that nobody reads keeps all WAL, or loses its place.
  "check" := 'slot health'; found_any := false;
  FOR r IN SELECT s.* FROM phisync.slots s WHERE s.state IN ('lost', 'losing', 'failing', 'behind') OR s.budget_left < 0.5 ORDER BY 1 LOOP
    found_any := true; status := CASE WHEN r.state IN ('lost', 'losing') THEN 'fail' ELSE 'warn' END;
    CASE
      WHEN r.state = 'lost' THEN
        finding := format('slot %I has lost WAL that it needs: its consumer must start again from a snapshot', r.slot);
        remedy := format('SELECT pg_drop_replication_slot(%L);  -- then create it again and rebuild the consumer', r.slot);
      WHEN r.state = 'losing' THEN
        finding := format('slot %I is about to lose WAL that it needs', r.slot);
        remedy := 'start its consumer, or raise max_slot_wal_keep_size';
      WHEN r.budget_left < 0.5 THEN
        finding := format('slot %I keeps %s of WAL: %s %% of max_slot_wal_keep_size are left', r.slot,
          pg_size_pretty(pg_size_bytes(current_setting('max_slot_wal_keep_size')) - r.safe_wal_size), round(100 * r.budget_left));
        remedy := 'let its consumer catch up and confirm, or drop it if there is none any more';
      WHEN r.state = 'failing' THEN
        finding := format('the last stream of slot %I ended or was refused with SQLSTATE %s', r.slot, r.last_error);
        remedy := 'see the server''s log; SELECT phisync.skip_transaction(slot, lsn); passes over a transaction that cannot be sent';
      ELSE
        finding := format('the consumer of slot %I is %s behind', r.slot, pg_size_pretty(r.lag_bytes)); remedy := r.advice;
    END CASE;
    RETURN NEXT;
  END LOOP;
  IF NOT found_any THEN
    status := 'ok'; finding := 'no slot of phisync in this database is stuck or losing WAL'; remedy := NULL;
    RETURN NEXT;
  END IF;

  -- Buckets demand more of their tables, which the next check asks; here are the tables of which a DELETE says nothing.
  "check" := 'replica identity'; found_any := false;
  FOR r IN
    SELECT c.oid::regclass AS relation, c.relreplident, key.indexrelid IS NOT NULL AS has_key
    FROM pg_class c
    LEFT JOIN pg_index key ON key.indrelid = c.oid AND key.indisprimary
    WHERE c.oid IN (SELECT t.relation FROM phisync.tags t)
      AND c.relkind IN ('r', 'p') AND c.relpersistence = 'p'
      AND (c.relreplident = 'n' OR (c.relreplident = 'd' AND key.indexrelid IS NULL)
           OR (c.relreplident = 'i' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisreplident)))
    ORDER BY c.oid::regclass::text LOOP
    found_any := true; status := 'warn';
    finding := format('%s holds tagged columns, and the log says nothing of which row an UPDATE or DELETE met', r.relation);
    remedy := format('ALTER TABLE %s REPLICA IDENTITY %s;', r.relation, CASE WHEN r.has_key THEN 'DEFAULT' ELSE 'FULL' END);
    RETURN NEXT;
  END LOOP;
  IF NOT found_any THEN
    status := 'ok'; finding := 'every tagged table has one'; remedy := NULL;
    RETURN NEXT;
  END IF;

  "check" := 'buckets'; found_any := false;
  FOR r IN SELECT b.name, b.parameter_names, b.profile, q.ordinal, q.query, q.relation
           FROM phisync.bucket b JOIN phisync.bucket_query q ON q.bucket = b.name ORDER BY 1, 4 LOOP
    BEGIN
      IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = r.relation) THEN
        RAISE undefined_table USING MESSAGE = 'its table is gone', HINT = format('SELECT phisync.drop_bucket(%L);', r.name);
      END IF;
      PERFORM phisync.check_bucket_query(r.relation, r.query, r.parameter_names, r.profile);
    EXCEPTION WHEN OTHERS THEN
      GET STACKED DIAGNOSTICS finding = MESSAGE_TEXT, remedy = PG_EXCEPTION_HINT;
      found_any := true; status := 'fail';
      finding := format('data query %s of bucket %s gives out no rows, or cannot take them back: %s', r.ordinal, r.name, finding);
      RETURN NEXT;
    END;
  END LOOP;
  FOR r IN SELECT b.name FROM phisync.bucket b WHERE NOT EXISTS (SELECT FROM pg_roles o WHERE o.oid = b.definer) ORDER BY 1 LOOP
    found_any := true; status := 'fail';
    finding := format('the role that defined bucket %s is gone: dumps leave the bucket out, and its parameters query has no rights', r.name);
    remedy := format('SELECT phisync.alter_bucket(%L);  -- makes you its definer', r.name);
    RETURN NEXT;
  END LOOP;
  IF NOT found_any THEN
    status := 'ok'; finding := 'every data query can be served'; remedy := NULL;
    RETURN NEXT;
  END IF;

  "check" := 'profiles'; found_any := false;
  FOR r IN SELECT p.profile, p.relation, p.column_name FROM phisync.profile_column p JOIN pg_class c ON c.oid = p.relation
           WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = p.relation AND a.attname = p.column_name AND NOT a.attisdropped)
           ORDER BY p.profile, p.relation::text, p.column_name LOOP
    found_any := true; status := 'fail';
    finding := format('profile %s has a rule for column %I of %s, which is not there: it gives no PHI of that table at all', r.profile, r.column_name, r.relation);
    remedy := format('SELECT phisync.set_profile_rule(%L, %L, %L, NULL);  -- and set it for the column that was meant', r.profile, r.relation::text, r.column_name);
    RETURN NEXT;
  END LOOP;
  FOR r IN SELECT b.name, b.profile FROM phisync.bucket b WHERE NOT EXISTS (SELECT FROM phisync.profiles p WHERE p.name = b.profile) ORDER BY 1 LOOP
    found_any := true; status := 'fail';
    finding := format('bucket %s has profile %s, which does not exist: it gives out nothing', r.name, r.profile);
    remedy := format('SELECT phisync.create_profile(%L);  -- or: SELECT phisync.alter_bucket(%L, profile => ...);', r.profile, r.name);
    RETURN NEXT;
  END LOOP;
  IF NOT found_any THEN
    status := 'ok'; finding := 'every rule for a column finds it'; remedy := NULL;
    RETURN NEXT;
  END IF;

  -- Without a code the stream sends NULL, and nothing of a row whose id has none.
  "check" := 'surrogates'; found_any := false;
  FOR r IN WITH without AS MATERIALIZED (SELECT s.* FROM phisync.surrogate_tables() s WHERE NOT s.on_write)
           SELECT w.profile, w.relation, w.columns FROM without w
           WHERE NOT EXISTS (SELECT FROM without a JOIN pg_inherits i ON i.inhparent = a.relation WHERE a.profile = w.profile AND i.inhrelid = w.relation) LOOP
    found_any := true; status := 'warn';
    finding := format('profile %s sends surrogates of %s (%s), and nothing makes them for rows that are written', r.profile, r.relation,
      array_to_string(r.columns, ', '));
    remedy := format('CALL phisync.make_surrogates(%L, %L);', r.profile, r.relation::text);
    RETURN NEXT;
  END LOOP;
  FOR r IN SELECT DISTINCT s.relation, t.tgname FROM phisync.surrogate_tables() s
           JOIN pg_trigger o ON o.tgrelid = s.relation AND o.tgfoid = 'phisync.surrogates_on_write()'::regprocedure
           JOIN pg_trigger t ON t.tgrelid = s.relation AND t.tgname > o.tgname AND t.tgenabled <> 'D' AND t.tgtype & 3 = 3 AND t.tgtype & 20 <> 0
           ORDER BY 1, 2 LOOP
    found_any := true; status := 'warn';
    finding := format('trigger %I of %s may change a row after its surrogates were made', r.tgname, r.relation);
    remedy := format('ALTER TRIGGER %I ON %s RENAME TO ...;  -- to a name that sorts before ~phisync', r.tgname, r.relation);
    RETURN NEXT;
  END LOOP;
  IF NOT found_any THEN
    status := 'ok'; finding := 'every table of which a bucket sends surrogates has them made'; remedy := NULL;
    RETURN NEXT;
  END IF;

  "check" := 'parameters'; found_any := false;
  FOR r IN SELECT b.name, EXISTS (SELECT FROM pg_roles a WHERE a.oid = b.definer) AS has_definer FROM phisync.bucket b
           WHERE b.parameters IS NOT NULL AND NOT (EXISTS (SELECT FROM pg_roles a WHERE a.oid = b.definer)
             AND EXISTS (SELECT FROM pg_proc p WHERE p.pronamespace = 'phisync_parameters'::regnamespace AND p.proname = b.name)) ORDER BY 1 LOOP
    found_any := true; status := 'fail';
    finding := format('phisync.buckets_for fails for everybody who is granted bucket %s: %s', r.name,
      CASE WHEN r.has_definer THEN 'what its parameters query read was dropped' ELSE 'its definer is gone' END);
    remedy := format('SELECT phisync.drop_bucket(%L);  -- and create it again', r.name);
    RETURN NEXT;
  END LOOP;
  FOR r IN SELECT b.name FROM phisync.bucket b WHERE b.parameters IS NOT NULL ORDER BY 1 LOOP
    BEGIN
      PERFORM phisync.check_bucket_parameters(r.name);
    EXCEPTION WHEN OTHERS THEN
      found_any := true; status := 'fail';
      finding := format('phisync.buckets_for fails for everybody who is granted bucket %s: %s', r.name, SQLERRM);
      remedy := format('SELECT phisync.alter_bucket(%L, parameters => ...);', r.name);
      RETURN NEXT;
    END;
  END LOOP;
  IF NOT found_any THEN
    status := 'ok'; finding := 'every parameters query can be run'; remedy := NULL;
    RETURN NEXT;
  END IF;

  "check" := 'consumers'; found_any := false;
  FOR r IN SELECT c.name FROM phisync.consumers c WHERE NOT c.role_exists ORDER BY 1 LOOP
    found_any := true; status := 'warn';
    finding := format('the role of consumer %s is gone: nobody can read the stream as it', r.name);
    remedy := format('SELECT phisync.drop_consumer(%1$L);  -- or: SELECT phisync.alter_consumer(%1$L, role => ...);', r.name);
    RETURN NEXT;
  END LOOP;
  IF NOT found_any THEN
    status := 'ok'; finding := 'the role of every consumer exists'; remedy := NULL;
    RETURN NEXT;
  END IF;

  -- A table without any tag counts as free of PHI, so a bucket sends all of it.
  "check" := 'untagged tables'; found_any := false;
  FOR r IN SELECT q.relation, string_agg(DISTINCT q.bucket, ', ') AS buckets
           FROM phisync.bucket_query q JOIN pg_class c ON c.oid = q.relation
           WHERE NOT EXISTS (SELECT FROM pg_seclabel l
                             WHERE l.provider = 'phisync' AND l.classoid = 'pg_class'::regclass AND l.objoid = q.relation)
             AND NOT EXISTS (SELECT FROM phisync.tags t WHERE t.relation = q.relation)
           GROUP BY q.relation ORDER BY q.relation::text LOOP
    found_any := true; status := 'warn';
    finding := format('nobody has said what %s holds, so it counts as free of PHI and is sent by: %s', r.relation, r.buckets);
    remedy := format('SELECT phisync.tag(%1$L, ''phi'');  -- then classify its columns; if it holds no PHI: SELECT phisync.tag(%1$L, ''none'');',
      r.relation::text);
    RETURN NEXT;
  END LOOP;
  IF NOT found_any THEN
    status := 'ok'; finding := 'every table in a bucket has a tag'; remedy := NULL;
    RETURN NEXT;
  END IF;

  "check" := 'unclassified columns'; found_any := false;
  FOR r IN SELECT u.relation, string_agg(quote_ident(u.column_name), ', ' ORDER BY u.column_name) AS columns,
             string_agg(u.remedy, ' ' ORDER BY u.column_name) AS remedies
           FROM phisync.unclassified u GROUP BY u.relation ORDER BY u.relation::text LOOP
    found_any := true; status := 'warn';
    finding := format('%s holds PHI and these columns have no tag, so they are withheld as if they were: %s', r.relation, r.columns);
    remedy := r.remedies;
    RETURN NEXT;
  END LOOP;
  IF NOT found_any THEN
    status := 'ok'; finding := 'every column of a table that holds PHI is classified'; remedy := NULL;
    RETURN NEXT;
  END IF;

  "check" := 'leaks';
  SELECT count(*), string_agg(DISTINCT l.kind, ', ' ORDER BY l.kind) INTO used, finding FROM phisync.leaks l;
  IF used = 0 THEN
    status := 'ok'; finding := 'nothing is known to carry PHI past phisync'; remedy := NULL;
  ELSE
    status := 'warn'; finding := format('%s ways past phisync for columns that hold PHI: %s', used, finding);
    remedy := 'SELECT * FROM phisync.leaks;  -- each with what mends it';
  END IF;
  RETURN NEXT;
END
$$;
COMMENT ON FUNCTION phisync.doctor() IS
'What stands between this database and a working phisync: one row a finding with check, status (ok, warn, fail), what was found, and the statement that mends it. Reads catalogs only. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.doctor() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.doctor() TO phisync_officer, phisync_auditor;
