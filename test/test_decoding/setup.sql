-- Makes PostgreSQL's own tests of logical decoding run over phisync, unchanged: every table with a primary key gets into a
-- bucket when it is made, and functions of the same names, found before the server's, put phisync in the place of test_decoding.
-- What either plugin gives for the same part of the log is reported in notices, which compare.pl reads.
CREATE EXTENSION phisync;
DO $$ BEGIN CREATE ROLE regress_td_reader; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT regress_td_reader TO CURRENT_USER;
SELECT phisync.create_consumer('regress', 'regress_td_reader');

CREATE SCHEMA td;
GRANT USAGE ON SCHEMA td TO PUBLIC;

CREATE FUNCTION td.say(what text, content anyelement) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE NOTICE 'TD % %', what, pg_catalog.to_json(content);
END
$$;

-- What is in a bucket, and whether it was from its first row on.
CREATE TABLE td.adopted (name text, whole boolean);
GRANT SELECT, INSERT ON td.adopted TO PUBLIC;

-- Puts one table into a bucket, if it can be.
CREATE FUNCTION td.adopt(relation regclass, command text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  key text[] := (SELECT array_agg(format('%I::text', a.attname) ORDER BY k.n)
    FROM pg_index i, unnest(i.indkey) WITH ORDINALITY k (attnum, n)
    JOIN pg_attribute a ON a.attrelid = relation AND a.attnum = k.attnum WHERE i.indrelid = relation AND i.indisprimary);
  has_id boolean := EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = 'id');
  name text;
BEGIN
  SELECT format('%s.%s', n.nspname, c.relname) INTO name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid = relation AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p' AND c.reloptions IS NULL;
  IF name IS NULL OR key IS NULL OR has_id AND key <> ARRAY['id::text']
     -- The tests weaken the replica identity of these, which the definition of a bucket forbids.
     OR name IN ('public.table_dropped_index_with_pk')
     OR EXISTS (SELECT FROM phisync.bucket_query q WHERE q.relation = adopt.relation) THEN
    RETURN;
  END IF;
  PERFORM phisync.create_bucket('t' || relation::oid, ARRAY[format('SELECT *%s FROM %s AS %I',
    CASE WHEN has_id THEN '' ELSE format(', %s AS id', array_to_string(key, $s$ || '/' || $s$)) END, relation, name)], NULL, 'full');
  IF command <> 'DROP TABLE' THEN
    INSERT INTO td.adopted VALUES (name, command = 'CREATE TABLE');
  END IF;
END
$$;

CREATE FUNCTION td.on_ddl() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM td.adopt(c.objid, c.command_tag) FROM pg_event_trigger_ddl_commands() c
  WHERE c.classid = 'pg_class'::regclass AND c.object_type = 'table';
END
$$;
CREATE EVENT TRIGGER td_on_ddl ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE') EXECUTE FUNCTION td.on_ddl();

-- A table in a bucket is dropped with CASCADE alone, which the tests do not write: the buckets step aside.
CREATE FUNCTION td.on_drop() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM phisync.drop_bucket(b.name) FROM phisync.buckets b;
END
$$;
CREATE EVENT TRIGGER td_on_drop ON ddl_command_start WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION td.on_drop();
CREATE FUNCTION td.after_drop() RETURNS event_trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM td.adopt(c.oid, 'DROP TABLE') FROM pg_class c
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND format('public.%s', c.relname) IN (SELECT name FROM td.adopted);
END
$$;
CREATE EVENT TRIGGER td_after_drop ON ddl_command_end WHEN TAG IN ('DROP TABLE') EXECUTE FUNCTION td.after_drop();

CREATE FUNCTION td.pg_create_logical_replication_slot(slot_name name, plugin name, temporary boolean DEFAULT false,
  twophase boolean DEFAULT false, OUT slot_name name, OUT lsn pg_lsn) LANGUAGE sql AS $$
  SELECT * FROM pg_catalog.pg_create_logical_replication_slot($1,
    CASE plugin WHEN 'test_decoding' THEN 'phisync' ELSE plugin END, temporary, twophase)
$$;

-- Options of test_decoding that mean something to phisync in its words; those that only shape text go; unknown ones stay.
CREATE FUNCTION td.options(given text[]) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT '{consumer,regress,batch_bytes,1}'::text[] || coalesce(array_agg(o ORDER BY n, k), '{}')
  FROM generate_series(1, coalesce(array_length(given, 1), 0), 2) n,
       unnest(CASE given[n] WHEN 'stream-changes' THEN ARRAY['streaming', CASE given[n + 1] WHEN '1' THEN 'on' ELSE 'off' END]
              WHEN 'only-local' THEN ARRAY['origin', CASE given[n + 1] WHEN '1' THEN 'none' ELSE 'any' END]
              WHEN 'include-xids' THEN '{}' WHEN 'skip-empty-xacts' THEN '{}' WHEN 'include-timestamp' THEN '{}'
              WHEN 'include-rewrites' THEN '{}' WHEN 'force-binary' THEN '{}'
              ELSE ARRAY[given[n], given[n + 1]] END) WITH ORDINALITY u (o, k)
$$;

-- Those that test_decoding gives whole transactions as text with.
CREATE FUNCTION td.reference_options(given text[]) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(array_agg(o ORDER BY n, k), '{}')
  FROM generate_series(1, coalesce(array_length(given, 1), 0), 2) n, unnest(ARRAY[given[n], given[n + 1]]) WITH ORDINALITY u (o, k)
  WHERE given[n] NOT IN ('stream-changes', 'force-binary')
$$;

-- What test_decoding gives for what the slot would give now, which stays. A slot cannot be copied in a transaction that has
-- written, nor when all are in use: then there is nothing to compare with.
CREATE FUNCTION td.reference(slot name, upto pg_lsn, n integer, options text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  records text[];
BEGIN
  IF pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL
     OR (SELECT count(*) FROM pg_catalog.pg_replication_slots) >= pg_catalog.current_setting('max_replication_slots')::int THEN
    RETURN;
  END IF;
  PERFORM pg_catalog.pg_copy_logical_replication_slot(slot, 'td_reference', true, 'test_decoding');
  SELECT pg_catalog.array_agg(data ORDER BY m.n) INTO records
  FROM pg_catalog.pg_logical_slot_get_changes('td_reference', upto, n, VARIADIC td.reference_options(options)) WITH ORDINALITY m (lsn, xid, data, n);
  PERFORM pg_catalog.pg_drop_replication_slot('td_reference');
  PERFORM td.say('buckets', (SELECT coalesce(pg_catalog.jsonb_object_agg(a.name, a.whole), '{}') FROM td.adopted a));
  PERFORM td.say('reference', coalesce(records, '{}'));
END
$$;

CREATE FUNCTION td.is_ours(slot name) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM pg_catalog.pg_replication_slots s WHERE s.slot_name = slot AND s.plugin = 'phisync'
                 AND s.database = pg_catalog.current_database() AND NOT s.active)
$$;

-- A role that a test makes and works as becomes a member of the consumer's.
CREATE FUNCTION td.enlist(member name) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = 'regress_td_reader'::regrole AND m.member = to_regrole(quote_ident(enlist.member))) THEN
    EXECUTE format('GRANT regress_td_reader TO %I', member);
  END IF;
END
$$;

-- What phisync gives, by the server's function of that name, after what test_decoding gives for the same.
CREATE FUNCTION td.changes(function text, slot name, upto_lsn pg_lsn, upto_nchanges integer, options text[])
RETURNS TABLE (lsn pg_lsn, xid xid, data text) LANGUAGE plpgsql AS $$
DECLARE
  records text[] := '{}';
BEGIN
  PERFORM td.enlist(current_user);
  IF td.is_ours(slot) THEN
    PERFORM td.reference(slot, upto_lsn, upto_nchanges, options);
  END IF;
  FOR lsn, xid, data IN EXECUTE pg_catalog.format('SELECT * FROM pg_catalog.%I($1, $2, $3, VARIADIC $4)', function)
                        USING slot, upto_lsn, upto_nchanges, td.options(options) LOOP
    records := records || data;
    RETURN NEXT;
  END LOOP;
  PERFORM td.say('phisync', records);
END
$$;
CREATE FUNCTION td.pg_logical_slot_get_changes(slot_name name, upto_lsn pg_lsn, upto_nchanges integer, VARIADIC options text[] DEFAULT '{}')
RETURNS TABLE (lsn pg_lsn, xid xid, data text) LANGUAGE sql AS $$
  SELECT * FROM td.changes('pg_logical_slot_get_changes', slot_name, upto_lsn, upto_nchanges, options)
$$;
CREATE FUNCTION td.pg_logical_slot_peek_changes(slot_name name, upto_lsn pg_lsn, upto_nchanges integer, VARIADIC options text[] DEFAULT '{}')
RETURNS TABLE (lsn pg_lsn, xid xid, data text) LANGUAGE sql AS $$
  SELECT * FROM td.changes('pg_logical_slot_peek_changes', slot_name, upto_lsn, upto_nchanges, options)
$$;

CREATE FUNCTION td.pg_logical_slot_get_binary_changes(slot_name name, upto_lsn pg_lsn, upto_nchanges integer, VARIADIC options text[] DEFAULT '{}')
RETURNS TABLE (lsn pg_lsn, xid xid, data bytea) LANGUAGE sql AS $$
  SELECT * FROM pg_catalog.pg_logical_slot_get_binary_changes(slot_name, upto_lsn, upto_nchanges, VARIADIC
    CASE WHEN td.is_ours(slot_name) THEN td.options(options) ELSE options END)
$$;
