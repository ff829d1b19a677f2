-- A bucket: its data queries, the parameters that they bind, and what it is called.
CREATE SCHEMA regress_buckets;
SET search_path = regress_buckets, public;
CREATE TABLE staff (user_id text, clinic_id int, region varchar(20));
CREATE TABLE visit (id uuid PRIMARY KEY, clinic_id bigint NOT NULL, note text, cancelled boolean NOT NULL DEFAULT false);
ALTER TABLE visit REPLICA IDENTITY FULL;
CREATE TABLE ward (clinic_id bigint, ward_no int, region text, PRIMARY KEY (region, clinic_id, ward_no));
SELECT phisync.create_bucket(
  name       => 'clinic',
  parameters => $$SELECT clinic_id FROM staff WHERE user_id = auth.user_id()$$,
  data       => ARRAY[
    $$SELECT * FROM visit WHERE clinic_id = bucket.clinic_id AND NOT cancelled$$,
    $$SELECT clinic_id::text || '/' || ward_no::text AS id, ward_no AS number FROM ward AS station WHERE bucket.clinic_id = station.clinic_id$$],
  profile    => 'full');
-- No parameters: one bucket for everybody. The token's claims may decide alone.
SELECT phisync.create_bucket('everything', ARRAY['SELECT id, note FROM visit'], profile => 'full');
SELECT phisync.create_bucket('region', ARRAY[$$SELECT ward_no AS id FROM ward WHERE (region = bucket.region AND (clinic_id = bucket.clinic AND ward_no > 0))$$],
  $$SELECT region, (auth.jwt() ->> 'clinic')::int AS clinic FROM staff WHERE region = auth.parameter('region')$$, 'full');
-- Rows of children are the children's.
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child () INHERITS (parent);
SELECT phisync.create_bucket('parents', ARRAY['SELECT id FROM ONLY parent'], profile => 'full');
SELECT name, parameter_names, profile, relations FROM phisync.buckets ORDER BY name;
SELECT parameters, data FROM phisync.buckets WHERE name = 'clinic' \gx
-- Who defined it, what devices fetch first, and which columns each text names.
CREATE ROLE regress_definer IN ROLE phisync_officer;
GRANT USAGE ON SCHEMA regress_buckets TO regress_definer;
GRANT SELECT ON visit TO regress_definer;
SET ROLE regress_definer;
SELECT phisync.create_bucket('urgent', ARRAY['SELECT v.*, v.id AS id2, upper("note") AS loud FROM visit v WHERE NOT cancelled'], profile => 'full', priority => 0);
RESET ROLE;
SELECT name, priority, definer = CURRENT_USER::regrole AS mine, definer = 'regress_definer'::regrole AS hers FROM phisync.buckets ORDER BY name;
SELECT bucket, ordinal, columns FROM phisync.bucket_query ORDER BY bucket, ordinal;
SELECT phisync.create_bucket('late', ARRAY['SELECT id FROM visit'], profile => 'full', priority => 4);
SELECT phisync.drop_bucket('urgent');
SELECT phisync.drop_bucket('clinic');
SELECT phisync.drop_bucket('clinic');
SELECT name FROM phisync.buckets ORDER BY name;
SELECT phisync.drop_bucket('everything'), phisync.drop_bucket('region'), phisync.drop_bucket('parents');
SET client_min_messages = warning;
DROP SCHEMA regress_buckets CASCADE;
DROP ROLE regress_definer;
