-- A profile says which PHI leaves. Withholding, the default, lets none out: not in outputs, and not in what cannot be left out.
CREATE SCHEMA regress_profiles;
SET search_path = regress_profiles, public;
CREATE TABLE staff (user_id text, clinic_id int, ssn text);
CREATE TABLE patient (id int, clinic_id int, ssn text, birth_date date, remark text, PRIMARY KEY (id));
ALTER TABLE patient REPLICA IDENTITY FULL;
CREATE VIEW sent AS SELECT bucket, type, outputs, withholds, refused FROM phisync.bucket_queries ORDER BY bucket, ordinal;
SELECT phisync.create_bucket('clinic', ARRAY['SELECT *, upper(remark) AS loud, clinic_id * 2 AS twice, right(ssn, 4) || clinic_id::text AS last FROM patient WHERE clinic_id = bucket.clinic_id'],
  'SELECT clinic_id FROM staff');
SELECT phisync.create_bucket('all_of_it', ARRAY['SELECT * FROM patient'], profile => 'full');
TABLE sent;
-- A first tag makes a PHI table of it: what is unclassified counts as PHI, so that even the keys cannot leave.
SELECT phisync.tag('patient', 'ssn', 'phi:ssn');
TABLE sent;
SELECT phisync.tag('patient', 'id', 'none;subject');
TABLE sent;
SELECT phisync.tag('patient', 'clinic_id', 'none');
TABLE sent;
SELECT phisync.tag('patient', 'birth_date', 'none');
TABLE sent;
SELECT phisync.tag('patient', 'clinic_id', 'phi:geo');
TABLE sent;
SELECT phisync.tag('patient', 'clinic_id', 'none');
SELECT phisync.drop_bucket('clinic'), phisync.drop_bucket('all_of_it');
-- So they are refused when the bucket is defined.
SELECT phisync.create_bucket('social', ARRAY['SELECT id FROM patient WHERE ssn = bucket.ssn'], 'SELECT ssn FROM staff');
SELECT phisync.tag('patient', 'id', 'phi:mrn');
SELECT phisync.create_bucket('everybody', ARRAY['SELECT id FROM patient']);
SELECT phisync.create_bucket('everybody', ARRAY['SELECT id % 2 AS id FROM patient']);
CREATE TABLE enrolment (patient_ssn text, study int, PRIMARY KEY (study, patient_ssn));
SELECT phisync.tag('enrolment', 'patient_ssn', 'phi:ssn');
SELECT phisync.create_bucket('studies', ARRAY['SELECT study AS id FROM enrolment']);
SELECT phisync.tag('enrolment', 'study', 'none');
SELECT phisync.create_bucket('studies', ARRAY['SELECT study AS id FROM enrolment']);
SELECT phisync.create_bucket('studies', ARRAY['SELECT study AS id, patient_ssn FROM enrolment'], profile => 'full');
TABLE sent;
SELECT phisync.drop_bucket('studies');
SET client_min_messages = warning;
DROP SCHEMA regress_profiles CASCADE;
