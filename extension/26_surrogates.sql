-- Surrogates that are there when the stream needs them: made of the rows that are there, and of each that is written.

CREATE FUNCTION phisync.surrogates_on_write() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_surrogates_on_write';
REVOKE ALL ON FUNCTION phisync.surrogates_on_write() FROM PUBLIC;
COMMENT ON FUNCTION phisync.surrogates_on_write() IS
'Row trigger that phisync.make_surrogates puts on tables: before a row is written it makes the surrogates that profiles want of it and that are not there yet, whatever the rights of the writer, who gets nothing to see. Where that cannot be, without a key say, the row is written all the same, consumers get NULL for such values, and the server''s log tells. Needs no preload.';

CREATE FUNCTION phisync.make_surrogates_of(profile text, relation regclass, from_block bigint, max_new integer,
  OUT next_block bigint, OUT made bigint)
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'phisync_make_surrogates_of';
REVOKE ALL ON FUNCTION phisync.make_surrogates_of(text, regclass, bigint, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.make_surrogates_of(text, regclass, bigint, integer) TO phisync_officer;
COMMENT ON FUNCTION phisync.make_surrogates_of(text, regclass, bigint, integer) IS
'Makes the surrogates that a profile wants of the rows of one table, from a block on, until about so many are new; gives where to go on (null: that was all) and how many were new. Called by phisync.make_surrogates. Errors: 42704, 42809, 55000. Needs no preload.';

CREATE FUNCTION phisync.surrogate_tables(of_profile text DEFAULT NULL, of_relation regclass DEFAULT NULL)
RETURNS TABLE (profile text, relation regclass, columns name[], treatments text[], on_write boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  FOR profile, relation, on_write IN
    WITH RECURSIVE family (profile, oid) AS (
      SELECT b.profile, q.relation::oid FROM phisync.bucket b JOIN phisync.bucket_query q ON q.bucket = b.name
      WHERE of_relation IS NULL AND (of_profile IS NULL OR b.profile = of_profile)
      UNION SELECT of_profile, of_relation::oid WHERE of_relation IS NOT NULL
      UNION SELECT f.profile, i.inhrelid FROM family f JOIN pg_inherits i ON i.inhparent = f.oid
    )
    SELECT f.profile, c.oid::regclass, EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgenabled = 'A'
        AND t.tgfoid = 'phisync.surrogates_on_write()'::regprocedure)
    FROM family f JOIN pg_class c ON c.oid = f.oid WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
    ORDER BY f.profile, c.oid::regclass::text COLLATE "C" LOOP
    BEGIN
      SELECT array_agg(t.column_name ORDER BY a.attnum), array_agg(DISTINCT t.treatment) INTO columns, treatments
      FROM phisync.treatments(profile, relation) t JOIN pg_attribute a ON a.attrelid = relation AND a.attname = t.column_name
      WHERE t.treatment ~ '^surrogate\M';
    EXCEPTION WHEN undefined_object OR object_not_in_prerequisite_state THEN
      -- Nothing of it is sent, for reasons that phisync.doctor() tells.
      CONTINUE;
    END;
    CONTINUE WHEN columns IS NULL;
    RETURN NEXT;
  END LOOP;
END
$$;
REVOKE ALL ON FUNCTION phisync.surrogate_tables(text, regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.surrogate_tables(text, regclass) TO phisync_officer, phisync_auditor;
COMMENT ON FUNCTION phisync.surrogate_tables(text, regclass) IS
'Tables of which profiles want surrogates: of a profile (null: of each) the tables that its buckets read or, if one is named, that one, with partitions and heirs; the columns, the treatments, and whether phisync.make_surrogates has put its trigger there. Needs no preload.';

-- The name sorts behind others, so that codes are made of what earlier triggers made of a row.
CREATE FUNCTION phisync.set_surrogate_triggers(profile text, relation regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted oid[] := ARRAY(SELECT s.relation::oid FROM phisync.surrogate_tables(set_surrogate_triggers.profile, set_surrogate_triggers.relation) s);
  r record;
BEGIN
  IF NOT EXISTS (SELECT FROM phisync.profiles p WHERE p.name = set_surrogate_triggers.profile) THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object',
      MESSAGE = format('profile "%s" does not exist', set_surrogate_triggers.profile),
      DETAIL = 'A profile says of which columns there are surrogates.', HINT = 'SELECT name FROM phisync.profiles; lists them.';
  END IF;
  IF wanted = '{}' THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = CASE WHEN set_surrogate_triggers.relation IS NULL
        THEN format('profile "%s" makes surrogates of no table that a bucket with it reads', set_surrogate_triggers.profile)
        ELSE format('profile "%s" makes surrogates of no column of %s', set_surrogate_triggers.profile, set_surrogate_triggers.relation) END,
      DETAIL = 'SELECT * FROM phisync.treatments(profile, table) shows what it makes of each column.',
      HINT = format('SELECT phisync.set_profile_rule(%L, class, ''surrogate'');', set_surrogate_triggers.profile);
  END IF;
  -- Every table above those of which there are surrogates, as far as asked for, so that partitions to come get the trigger;
  -- and heirs, which do not. Tables come before those below them, of which partitions have it then.
  FOR r IN
    WITH RECURSIVE root (oid) AS (
      SELECT set_surrogate_triggers.relation::oid WHERE set_surrogate_triggers.relation IS NOT NULL
      UNION
      SELECT q.relation::oid FROM phisync.bucket b JOIN phisync.bucket_query q ON q.bucket = b.name
      WHERE set_surrogate_triggers.relation IS NULL AND b.profile = set_surrogate_triggers.profile
    ), family (top, oid, depth) AS (
      SELECT root.oid, root.oid, 0 FROM root
      UNION SELECT f.top, i.inhrelid, f.depth + 1 FROM family f JOIN pg_inherits i ON i.inhparent = f.oid
    )
    SELECT c.oid, max(f.depth) AS depth FROM family f JOIN pg_class c ON c.oid = f.oid
    WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
      AND EXISTS (SELECT FROM family o WHERE o.top = f.top AND o.oid = ANY (wanted))
    GROUP BY c.oid ORDER BY 2, c.oid LOOP
    IF NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = r.oid AND t.tgenabled = 'A'
                   AND t.tgfoid = 'phisync.surrogates_on_write()'::regprocedure) THEN
      EXECUTE format('CREATE OR REPLACE TRIGGER "~phisync_surrogates" BEFORE INSERT OR UPDATE ON %s '
        'FOR EACH ROW EXECUTE FUNCTION phisync.surrogates_on_write()', r.oid::regclass);
      EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER "~phisync_surrogates"', r.oid::regclass);
    END IF;
  END LOOP;
END
$$;
REVOKE ALL ON FUNCTION phisync.set_surrogate_triggers(text, regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.set_surrogate_triggers(text, regclass) TO phisync_officer;
COMMENT ON FUNCTION phisync.set_surrogate_triggers(text, regclass) IS
'Puts the trigger that makes surrogates on tables, those below them included, that have none yet; called by phisync.make_surrogates. Waits for writers of the tables. Errors: 42704, 55000. Needs no preload.';

CREATE FUNCTION phisync.announce_surrogates(profile text, relation regclass) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO phisync.policy_change (what, rebuild, clear)
  SELECT 'surrogates made', array_agg(DISTINCT q.bucket), '[]'
  FROM phisync.bucket_queries q
  WHERE EXISTS (SELECT FROM jsonb_each_text(q.transformed) t
                WHERE t.value IN (SELECT unnest(s.treatments) FROM phisync.surrogate_tables(announce_surrogates.profile, announce_surrogates.relation) s))
  HAVING count(*) > 0;
END;
REVOKE ALL ON FUNCTION phisync.announce_surrogates(text, regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.announce_surrogates(text, regclass) TO phisync_officer;
COMMENT ON FUNCTION phisync.announce_surrogates(text, regclass) IS
'Tells consumers to take the buckets anew that send surrogates which were made; called by phisync.make_surrogates. Needs no preload.';

-- A procedure, so that writers wait neither for the whole of a big table nor for the codes of its values.
CREATE PROCEDURE phisync.make_surrogates(profile text, relation regclass DEFAULT NULL)
LANGUAGE plpgsql AS $$
DECLARE
  tables regclass[];
  one regclass;
  block bigint;
  new_here bigint;
  made bigint := 0;
BEGIN
  IF phisync.in_transaction_block() THEN
    RAISE EXCEPTION USING ERRCODE = 'active_sql_transaction',
      MESSAGE = 'make_surrogates cannot run in a transaction block',
      DETAIL = 'It works in transactions of its own, so that writers of the tables do not wait for it.',
      HINT = 'Send CALL phisync.make_surrogates(profile) alone, outside BEGIN and COMMIT.';
  END IF;
  PERFORM phisync.set_surrogate_triggers(profile, relation);
  -- From here on rows come with their codes; those before are seen by what reads now.
  COMMIT;
  tables := ARRAY(SELECT s.relation FROM phisync.surrogate_tables(profile, relation) s
                  JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) s.relation WHERE c.relkind OPERATOR(pg_catalog.=) 'r');
  FOREACH one IN ARRAY tables LOOP
    block := 0;
    WHILE block IS NOT NULL LOOP
      SELECT m.next_block, m.made INTO block, new_here FROM phisync.make_surrogates_of(profile, one, block, 1000) m;
      made := made OPERATOR(pg_catalog.+) new_here;
      COMMIT;
    END LOOP;
  END LOOP;
  PERFORM phisync.announce_surrogates(profile, relation);
  COMMIT;
  RAISE NOTICE '%', pg_catalog.format('profile "%s": tables: %s, new surrogates: %s', profile, pg_catalog.cardinality(tables), made);
END
$$;
REVOKE ALL ON PROCEDURE phisync.make_surrogates(text, regclass) FROM PUBLIC;
GRANT EXECUTE ON PROCEDURE phisync.make_surrogates(text, regclass) TO phisync_officer;
COMMENT ON PROCEDURE phisync.make_surrogates(text, regclass) IS
'Makes the surrogates that a profile wants of a table with its partitions and heirs (null: of all that buckets with the profile read): of the rows that are there, in many short transactions, and from then on, by a trigger, of each row that is written, for this and all other profiles. Then consumers are told to take the buckets anew. May be called again at any time, as after a failure: only codes that are missing are made. Errors: 25001 in a transaction block, 42704 for an unknown profile, 55000 where there is nothing to make and without a key. Needs no preload.';

CREATE FUNCTION phisync.stop_surrogates(relation regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  r record;
  found_any boolean := false;
BEGIN
  FOR r IN
    WITH RECURSIVE family (oid) AS (
      SELECT stop_surrogates.relation::oid UNION SELECT i.inhrelid FROM family f JOIN pg_inherits i ON i.inhparent = f.oid
    )
    SELECT t.tgname, t.tgrelid FROM family f JOIN pg_trigger t ON t.tgrelid = f.oid
    WHERE t.tgfoid = 'phisync.surrogates_on_write()'::regprocedure
      AND (t.tgparentid = 0 OR f.oid = stop_surrogates.relation) ORDER BY t.tgrelid LOOP
    EXECUTE format('DROP TRIGGER %I ON %s', r.tgname, r.tgrelid::regclass);
    found_any := true;
  END LOOP;
  IF NOT found_any THEN
    RAISE EXCEPTION USING ERRCODE = 'undefined_object',
      MESSAGE = format('no surrogates are made of rows written to %s', stop_surrogates.relation),
      DETAIL = 'Neither it nor a table below it has the trigger.', HINT = 'SELECT * FROM phisync.surrogate_tables(); shows which have it.';
  END IF;
END
$$;
REVOKE ALL ON FUNCTION phisync.stop_surrogates(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.stop_surrogates(regclass) TO phisync_officer;
COMMENT ON FUNCTION phisync.stop_surrogates(regclass) IS
'Takes the trigger of phisync.make_surrogates from a table, its partitions and heirs: values that come new have no surrogate then, and consumers get NULL. The codes that there are stay. Errors: 42704 where there is no such trigger. Needs no preload.';
