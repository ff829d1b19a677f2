-- No function or procedure ends in an internal error, whatever it is given; a crash would end this test.
CREATE SCHEMA bad;
CREATE TABLE bad.nothing (id int PRIMARY KEY);
SET client_min_messages = warning;  -- of identifiers that are cut
CREATE FUNCTION bad.argument(type oid, kind int) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN kind = 0 THEN 'NULL' ELSE CASE type
    WHEN 'text'::regtype THEN (ARRAY['''''', quote_literal(repeat('x', 100000)), quote_literal(E'\u00e9"\\''')])[kind]
    WHEN 'name'::regtype THEN (ARRAY['''''', '''no_such_column''', '''id'''])[kind]
    WHEN 'regclass'::regtype THEN (ARRAY['0::oid::regclass', '''pg_class''', '''bad.nothing'''])[kind]
    WHEN 'regrole'::regtype THEN (ARRAY['0::oid::regrole', '''pg_monitor''', '''phisync_consumer'''])[kind]
    WHEN 'oid'::regtype THEN (ARRAY['0::oid', '''text''::regtype::oid', '4294967295::oid'])[kind]
    WHEN 'text[]'::regtype THEN (ARRAY['''{}''', '''{NULL}''', '''{{a,b},{c,d}}'''])[kind]
    WHEN 'jsonb'::regtype THEN (ARRAY['''{}''', '''[1,[2]]''', '''{"id": {"x": null}}'''])[kind]
    WHEN 'interval'::regtype THEN (ARRAY['''0''', '''-1 year''', '''178000000 years'''])[kind]
    WHEN 'timestamptz'::regtype THEN (ARRAY['''infinity''', '''-infinity''', '''294276-12-31'''])[kind]
    WHEN 'bool'::regtype THEN (ARRAY['true', 'false', 'true'])[kind]
    WHEN 'int4'::regtype THEN (ARRAY['0', '-2147483648', '2147483647'])[kind]
    WHEN 'numeric'::regtype THEN (ARRAY['''NaN''', '1e-100', '''-Infinity'''])[kind]
    WHEN 'float8'::regtype THEN (ARRAY['''NaN''', '5e-324', '''-Infinity'''])[kind]
    WHEN 'date'::regtype THEN (ARRAY['''infinity''', '''4714-11-24 BC''', '''5874897-12-31'''])[kind]
    WHEN 'timestamp'::regtype THEN (ARRAY['''-infinity''', '''4714-11-24 BC''', '''294276-12-31'''])[kind]
    WHEN 'inet'::regtype THEN (ARRAY['''0.0.0.0/0''', '''::ffff:1.2.3.4''', '''ffff:ffff::/32'''])[kind]
    WHEN 'point'::regtype THEN (ARRAY['''(NaN,NaN)''', '''(Infinity,0)''', '''(1e-300,-180)'''])[kind]
    WHEN 'int8'::regtype THEN (ARRAY['0', '-9223372036854775808', '9223372036854775807'])[kind]
    ELSE 'NULL' END || '::' || format_type(type, NULL) END
$$;
DO $$
DECLARE
  f record;
  kind int;
  calls int := 0;
BEGIN
  FOR f IN SELECT p.oid, p.proname, p.prokind, p.proargtypes FROM pg_proc p
           JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
           JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'phisync'
           WHERE p.prokind = 'f' AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype) ORDER BY p.oid LOOP
    FOR kind IN 0 .. 3 LOOP
      BEGIN
        EXECUTE format('SELECT * FROM phisync.%I(%s)', f.proname,
          (SELECT string_agg(bad.argument(t, kind), ', ' ORDER BY n) FROM unnest(f.proargtypes) WITH ORDINALITY a (t, n)));
        calls := calls + 1;
        RAISE EXCEPTION USING ERRCODE = 'PH000';  -- nothing is kept
      EXCEPTION
        WHEN SQLSTATE 'PH000' THEN NULL;
        WHEN OTHERS THEN
          calls := calls + 1;
          IF SQLSTATE LIKE 'XX%' THEN RAISE WARNING '% with arguments of kind %: % %', f.oid::regprocedure, kind, SQLSTATE, SQLERRM; END IF;
      END;
    END LOOP;
  END LOOP;
  RAISE WARNING 'enough calls: %', calls > 100;
END
$$;
-- Functions of triggers and event triggers, called by hand.
DO $$
DECLARE
  f record;
BEGIN
  FOR f IN SELECT p.oid, p.proname FROM pg_proc p
           JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
           JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'phisync'
           WHERE p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype) ORDER BY p.oid LOOP
    BEGIN
      EXECUTE format('SELECT phisync.%I()', f.proname);
    EXCEPTION WHEN OTHERS THEN
      IF SQLSTATE LIKE 'XX%' THEN RAISE WARNING '%: % %', f.oid::regprocedure, SQLSTATE, SQLERRM; END IF;
    END;
  END LOOP;
END
$$;
DROP SCHEMA bad CASCADE;
