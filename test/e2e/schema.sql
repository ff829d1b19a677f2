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

-- Which of its forms the bucket `clinic` has now.
CREATE TABLE variant (strict boolean NOT NULL, profile text NOT NULL);
INSERT INTO variant VALUES (false, 'withhold');

CREATE EXTENSION phisync;
SELECT phisync.tag('patient', attname, 'none') FROM pg_attribute
WHERE attrelid = 'patient'::regclass AND attnum > 0;

CREATE FUNCTION define_clinic(strict boolean, profile text) RETURNS void LANGUAGE sql AS $$
UPDATE variant SET strict = $1, profile = $2;
SELECT phisync.create_bucket(
  name => 'clinic',
  parameters => 'SELECT clinic_id FROM staff WHERE user_id = auth.user_id()',
  data => ARRAY[
    'SELECT * FROM patient WHERE clinic_id = bucket.clinic_id AND active' || CASE WHEN $1 THEN ' AND id % 2 = 0' ELSE '' END,
    'SELECT clinic_id::text || ''/'' || number::text AS id, clinic_id, number, patient_id, at, upper(status) AS status, note
     FROM visit WHERE clinic_id = bucket.clinic_id AND status <> ''draft'''],
  profile => $2);
$$;
SELECT define_clinic(false, 'withhold');
SELECT phisync.create_bucket(
  name => 'own',
  parameters => 'SELECT auth.user_id() AS user_id',
  data => ARRAY['SELECT id, title, body FROM document WHERE bucket.user_id = ANY (owners)']);
SELECT phisync.create_bucket(name => 'news', data => ARRAY['SELECT * FROM notice']);

CREATE ROLE phones LOGIN REPLICATION;
SELECT phisync.create_consumer('phones', 'phones');
