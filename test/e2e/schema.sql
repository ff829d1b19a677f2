-- What the workload works on: every way in which a row can be in a bucket.
CREATE TABLE staff (user_id text, clinic_id int, PRIMARY KEY (user_id, clinic_id));

CREATE TABLE patient (
  id int PRIMARY KEY, clinic_id int, name text NOT NULL, active boolean NOT NULL, balance numeric, weight float8, born date,
  seen timestamptz, tags text[], extra jsonb, ssn text, note text);
ALTER TABLE patient REPLICA IDENTITY FULL, ALTER COLUMN note SET STORAGE EXTERNAL;

CREATE TABLE visit (
  clinic_id int, number int, patient_id int, at timestamp, status text NOT NULL, note text, PRIMARY KEY (clinic_id, number));
CREATE UNIQUE INDEX visit_identity ON visit (clinic_id, number, status);
ALTER TABLE visit REPLICA IDENTITY USING INDEX visit_identity;

CREATE TABLE document (id uuid PRIMARY KEY, owners text[] NOT NULL, title text, body text);
ALTER TABLE document REPLICA IDENTITY FULL, ALTER COLUMN body SET STORAGE EXTERNAL;

-- With the default identity a big body that an update leaves alone is not in the log: such puts are incomplete.
CREATE TABLE notice (id bigint PRIMARY KEY, title text, body text);
ALTER TABLE notice ALTER COLUMN body SET STORAGE EXTERNAL;

-- Rows move between partitions, and partitions come and go.
CREATE TABLE reading (id int, shelf int, clinic_id int, value float8, PRIMARY KEY (id, shelf)) PARTITION BY LIST (shelf);
CREATE TABLE reading_1 PARTITION OF reading FOR VALUES IN (1);
CREATE TABLE reading_2 (value float8, shelf int NOT NULL, dropped text, id int NOT NULL, clinic_id int);
ALTER TABLE reading_2 DROP COLUMN dropped;
ALTER TABLE reading ATTACH PARTITION reading_2 FOR VALUES IN (2);
CREATE TABLE reading_3 PARTITION OF reading FOR VALUES IN (3);
ALTER TABLE reading_1 REPLICA IDENTITY FULL;
ALTER TABLE reading_2 REPLICA IDENTITY FULL;
ALTER TABLE reading_3 REPLICA IDENTITY FULL;
CREATE FUNCTION toggle_shelf() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT relispartition FROM pg_class WHERE oid = 'reading_3'::regclass) THEN
    ALTER TABLE reading DETACH PARTITION reading_3;
  ELSE
    ALTER TABLE reading ATTACH PARTITION reading_3 FOR VALUES IN (3);
  END IF;
END $$;
CREATE FUNCTION renew_shelf() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DROP TABLE reading_1;
  CREATE TABLE reading_1 PARTITION OF reading FOR VALUES IN (1);
  ALTER TABLE reading_1 REPLICA IDENTITY FULL;
END $$;

-- Which of its forms the bucket `clinic` has now.
CREATE TABLE variant (strict boolean NOT NULL, profile text NOT NULL);
INSERT INTO variant VALUES (false, 'withhold');

CREATE EXTENSION phisync;
SELECT phisync.tag('patient', attname, 'none') FROM pg_attribute
WHERE attrelid = 'patient'::regclass AND attnum > 0;

CREATE FUNCTION clinic_data(strict boolean) RETURNS text[] LANGUAGE sql RETURN ARRAY[
  'SELECT * FROM patient WHERE clinic_id = bucket.clinic_id AND active' || CASE WHEN strict THEN ' AND id % 2 = 0' ELSE '' END,
  'SELECT clinic_id::text || ''/'' || number::text AS id, clinic_id, number, patient_id, at, upper(status) AS status, note
   FROM visit WHERE clinic_id = bucket.clinic_id AND status <> ''draft''',
  'SELECT id::text || ''-'' || shelf::text AS id, clinic_id, value FROM reading WHERE clinic_id = bucket.clinic_id'];
CREATE FUNCTION define_clinic(strict boolean, profile text) RETURNS void LANGUAGE sql AS $$
UPDATE variant SET strict = $1, profile = $2;
SELECT phisync.create_bucket(name => 'clinic', parameters => 'SELECT clinic_id FROM staff WHERE user_id = auth.user_id()',
  data => clinic_data($1), profile => $2);
$$;
CREATE FUNCTION alter_clinic(strict boolean, profile text) RETURNS void LANGUAGE sql AS $$
UPDATE variant SET strict = $1, profile = $2;
SELECT phisync.alter_bucket('clinic', data => clinic_data($1), profile => $2);
$$;
-- A bucket that is there now and then.
CREATE FUNCTION toggle_even() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM phisync.buckets WHERE name = 'even') THEN
    PERFORM phisync.drop_bucket('even');
  ELSE
    PERFORM phisync.create_bucket(name => 'even', data => ARRAY['SELECT id, title FROM notice AS even WHERE id % 2 = 0'], priority => 1);
  END IF;
END $$;
SELECT define_clinic(false, 'withhold');
SELECT phisync.create_bucket(
  name => 'own',
  parameters => 'SELECT auth.user_id() AS user_id',
  data => ARRAY['SELECT id, title, body FROM document WHERE bucket.user_id = ANY (owners)']);
SELECT phisync.create_bucket(name => 'news', data => ARRAY['SELECT * FROM notice']);

CREATE ROLE phones LOGIN REPLICATION IN ROLE phisync_consumer;
SELECT phisync.create_consumer('phones', 'phones');
