-- What bench/decode decodes: observations of patients in organisations, and procedures that change them, `step` rows a transaction.
CREATE TABLE obs (
  id uuid PRIMARY KEY, seq bigint NOT NULL, org_id int NOT NULL, name text, note text, code text, val numeric(12, 3),
  created timestamptz, updated timestamptz, active bool, data jsonb, d date);
-- Old rows carry what says in which bucket the row was, and no more.
CREATE UNIQUE INDEX obs_identity ON obs (id, org_id);
ALTER TABLE obs REPLICA IDENTITY USING INDEX obs_identity;
CREATE PUBLICATION pub FOR TABLE obs;

CREATE FUNCTION key(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE RETURN md5(n::text)::uuid;
CREATE PROCEDURE ins(low bigint, high bigint, step int) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN low..high BY step LOOP
    INSERT INTO obs
    SELECT key(g), g, (g * 7919) % 500, 'Patient ' || md5(g::text), repeat(md5((g + 1)::text), 3), 'LOINC-' || (g % 9973), (g % 100000) / 7.0::numeric(12, 3),
      timestamptz '2024-01-01' + g * interval '1 s', timestamptz '2025-01-01' + g * interval '1.234567 s', g % 3 = 0,
      jsonb_build_object('bp', jsonb_build_array(g % 180, g % 110), 'device', 'd' || g % 50, 'q', md5(g::text)), date '1950-01-01' + (g % 25000)::int
    FROM generate_series(i, least(i + step - 1, high)) g;
    COMMIT;
  END LOOP;
END
$$;
CREATE PROCEDURE upd(low bigint, high bigint, step int) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN low..high BY step LOOP
    UPDATE obs SET val = val + 1, updated = updated + interval '1 day', note = note || 'x'
    FROM generate_series(i, least(i + step - 1, high)) g WHERE id = key(g);
    COMMIT;
  END LOOP;
END
$$;
CREATE PROCEDURE del(low bigint, high bigint, step int) LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN low..high BY step LOOP
    DELETE FROM obs USING generate_series(i, least(i + step - 1, high)) g WHERE id = key(g);
    COMMIT;
  END LOOP;
END
$$;

CREATE EXTENSION phisync;
SELECT phisync.tag('obs', c.column, c.tag)
FROM (VALUES ('name', 'phi:name'), ('d', 'phi:date.birth'), ('note', 'phi:freetext'), ('id', 'none'), ('seq', 'phi:geo.zip'), ('org_id', 'none'), ('code', 'phi:account'), ('val', 'phi:age'),
             ('created', 'none'), ('updated', 'none'), ('active', 'none'), ('data', 'none')) c ("column", tag);
-- One that leaves three columns out, and one that transforms five.
SELECT phisync.create_profile('three_withheld'), phisync.create_profile('five_transformed');
SELECT phisync.set_profile_rule(r.profile, r.class, r.transformation)
FROM (VALUES ('three_withheld', 'phi:geo.zip', 'keep'), ('three_withheld', 'phi:account', 'keep'), ('three_withheld', 'phi:age', 'keep'),
             ('five_transformed', 'phi:geo.zip', 'zip3'), ('five_transformed', 'phi:account', 'pseudonym'), ('five_transformed', 'phi:age', 'age90'),
             ('five_transformed', 'phi:name', 'partial(1,1)'), ('five_transformed', 'phi:date', 'date_year'), ('five_transformed', 'phi:freetext', 'keep'))
  r (profile, class, transformation);
SELECT phisync.create_bucket(b.name, ARRAY['SELECT * FROM obs WHERE ' || b.condition], b.parameters, b.profile)
FROM (VALUES ('org', 'org_id = bucket.org', 'SELECT auth.parameter(''org'')::int AS org', 'full'),
             ('half', 'org_id = bucket.org AND org_id < 250', 'SELECT auth.parameter(''org'')::int AS org', 'full'),
             ('all', 'true', NULL, 'full'),
             ('bare', 'org_id = bucket.org', 'SELECT auth.parameter(''org'')::int AS org', 'three_withheld'),
             ('coarse', 'org_id = bucket.org', 'SELECT auth.parameter(''org'')::int AS org', 'five_transformed')) b (name, condition, parameters, profile);
SELECT 'CREATE ROLE reader' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'reader') \gexec
GRANT reader TO CURRENT_USER;
SELECT phisync.create_consumer(c.name, 'reader', c.buckets)
FROM (VALUES ('one', '{org}'::text[]), ('three', '{org,half,all}'), ('withhold', '{bare}'), ('transform', '{coarse}')) c (name, buckets);
