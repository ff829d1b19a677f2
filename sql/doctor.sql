-- phisync.doctor(): what is wrong, and the statement that mends it.
CREATE SCHEMA doctor;
SET search_path = doctor;
-- A fresh database on this server. The finding on output plugins differs between minor versions, its status does not.
SELECT "check", status FROM phisync.doctor();
SELECT finding, remedy FROM phisync.doctor() WHERE "check" IN ('preload', 'replica identity', 'buckets', 'unclassified columns');

CREATE TABLE patient (id uuid PRIMARY KEY, clinic_id text NOT NULL, name text, born date);
ALTER TABLE patient REPLICA IDENTITY FULL;
SELECT phisync.tag('patient', 'id', 'none;subject=patient'), phisync.tag('patient', 'clinic_id', 'none'), phisync.tag('patient', 'name', 'phi:name');
SELECT phisync.create_bucket('doctor', ARRAY['SELECT id, clinic_id FROM doctor.patient WHERE clinic_id = bucket.clinic_id'],
  'SELECT clinic_id FROM doctor.patient');
SELECT "check", status, finding, remedy FROM phisync.doctor() WHERE "check" IN ('replica identity', 'buckets', 'unclassified columns');

-- Somebody weakens the replica identity behind phisync's back: a row that leaves a bucket would not be taken out of it.
ALTER EVENT TRIGGER phisync_follow_alter DISABLE;
ALTER EVENT TRIGGER phisync_follow_drop DISABLE;
ALTER TABLE patient REPLICA IDENTITY NOTHING;
SELECT phisync.tag('patient', 'born', 'phi:date.birth');
SELECT "check", status, finding, remedy FROM phisync.doctor() WHERE "check" IN ('replica identity', 'buckets', 'unclassified columns');
-- The remedies are statements that mend it.
DO $$
DECLARE
  mend text;
BEGIN
  FOR mend IN SELECT remedy FROM phisync.doctor() WHERE status = 'fail' AND "check" = 'buckets' LOOP
    EXECUTE mend;
  END LOOP;
END
$$;
SELECT "check", status, finding, remedy FROM phisync.doctor() WHERE "check" IN ('replica identity', 'buckets', 'unclassified columns');

-- Somebody tags the key: ids would carry PHI past the profile, so nothing is sent and doctor says why.
SELECT phisync.tag('patient', 'id', 'phi:mrn');
SELECT status, finding FROM phisync.doctor() WHERE "check" = 'buckets';
-- Somebody renames a column that the definition names.
SELECT phisync.tag('patient', 'id', 'none');
ALTER TABLE patient RENAME clinic_id TO site;
SELECT status, finding FROM phisync.doctor() WHERE "check" = 'buckets';
DROP TABLE patient CASCADE;
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'buckets';
SELECT phisync.drop_bucket('doctor');
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'buckets';
ALTER EVENT TRIGGER phisync_follow_alter ENABLE ALWAYS;
ALTER EVENT TRIGGER phisync_follow_drop ENABLE ALWAYS;

-- The definer leaves.
CREATE TABLE bed (id int PRIMARY KEY);
CREATE ROLE regress_leaver IN ROLE phisync_officer;
GRANT ALL ON SCHEMA doctor TO regress_leaver;
GRANT SELECT ON bed TO regress_leaver;
SET ROLE regress_leaver;
SELECT phisync.create_bucket('beds', ARRAY['SELECT id FROM doctor.bed'], profile => 'full');
RESET ROLE;
DROP OWNED BY regress_leaver;
DROP ROLE regress_leaver;
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'buckets';
SELECT phisync.alter_bucket('beds');
SELECT status, finding FROM phisync.doctor() WHERE "check" = 'buckets';
SELECT phisync.drop_bucket('beds');
DROP TABLE bed;

-- A table that nobody has looked at counts as free of PHI, and doctor asks about it; a table label is an answer.
CREATE TABLE room (id int PRIMARY KEY, name text);
SELECT phisync.create_bucket('rooms', ARRAY['SELECT * FROM doctor.room']);
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'untagged tables';
SELECT phisync.tag('room', 'none');
SELECT status, finding FROM phisync.doctor() WHERE "check" = 'untagged tables';
SELECT phisync.drop_bucket('rooms');
DROP TABLE room;

-- Consumers whose role went, and parameters queries that lost what they read.
CREATE ROLE regress_gone;
CREATE TABLE staff (user_id text, clinic_id int);
CREATE TABLE ward (id int PRIMARY KEY, clinic_id int);
ALTER TABLE ward REPLICA IDENTITY FULL;
SELECT phisync.create_bucket('wards', ARRAY['SELECT id FROM doctor.ward WHERE clinic_id = bucket.clinic_id'],
  'SELECT clinic_id FROM doctor.staff WHERE user_id = auth.user_id()', 'full');
SELECT phisync.create_consumer('gone', 'regress_gone');
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" IN ('consumers', 'parameters');
DROP ROLE regress_gone;
ALTER FUNCTION phisync_parameters.wards() SET SCHEMA doctor;
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" IN ('consumers', 'parameters');
SELECT phisync.drop_consumer('gone'), phisync.drop_bucket('wards');
DROP FUNCTION doctor.wards();
DROP TABLE staff, ward;

-- Officers and auditors may ask, others may not.
CREATE ROLE regress_auditor IN ROLE phisync_auditor;
CREATE ROLE regress_nobody;
SET ROLE regress_auditor;
SELECT count(*) > 5 AS answered FROM phisync.doctor();
SET ROLE regress_nobody;
SELECT count(*) FROM phisync.doctor();
RESET ROLE;
DROP ROLE regress_auditor, regress_nobody;
DROP SCHEMA doctor;
