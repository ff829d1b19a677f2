-- phisync.create_masked_view(): a table as a profile shows it, to whom its owner grants that.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SET datestyle = ISO;
CREATE SCHEMA regress_mask;
SET search_path = regress_mask;
CREATE ROLE regress_mask_owner;
CREATE ROLE regress_mask_officer IN ROLE phisync_officer, regress_mask_owner;
CREATE ROLE regress_mask_reader;
GRANT CREATE, USAGE ON SCHEMA regress_mask TO regress_mask_owner;
GRANT USAGE ON SCHEMA regress_mask TO regress_mask_reader;
SET timezone = 'UTC';
SELECT '/tmp/phisync_regress_views_key_' || pg_backend_pid() AS key_file \gset
SELECT 'umask 077; cat > ' || :'key_file' AS write, 'rm -f ' || :'key_file' AS remove \gset
COPY (SELECT '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f') TO PROGRAM :'write';
SET ROLE regress_mask_owner;
CREATE DOMAIN phone AS varchar(20) CHECK (VALUE ~ '^[0-9-]+$');
CREATE TYPE sex AS ENUM ('f', 'm');
CREATE TABLE patient (
  id        int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  junk      text,
  "Full Name" text NOT NULL,
  mrn       varchar(10),
  ssn       char(11),
  zip       varchar(10),
  born      date,
  seen      timestamptz,
  age       smallint,
  tel       phone,
  sex       sex,
  codes     text[],
  score     real,
  addr      inet,
  notes     jsonb,
  initials  text GENERATED ALWAYS AS (left("Full Name", 1)) STORED,
  sens      text,
  clinic    text
);
ALTER TABLE patient DROP COLUMN junk;
INSERT INTO patient ("Full Name", mrn, ssn, zip, born, seen, age, tel, sex, codes, score, addr, notes, sens, clinic) VALUES
  ('CANARY Ann', 'CANARY1', '123-45-6789', '02139-4307', '1980-05-17', '2024-02-29 10:30+00', 44, '555-0100', 'f', '{CANARY}', 1.5, '192.0.2.77', '{"k": "CANARY"}', NULL, 'c1'),
  ('CANARY Bob', 'CANARY2', '', '03601', '1880-01-01', 'infinity', 117, '555-0101', 'm', NULL, NULL, '2001:db8::1', NULL, 'HIV', 'c1'),
  ('CANARY Eve', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', 'c2');
RESET ROLE;
SET ROLE regress_mask_officer;
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'Full Name', 'phi:name.full'), phisync.tag('patient', 'mrn', 'phi:mrn'),
       phisync.tag('patient', 'ssn', 'phi:ssn'), phisync.tag('patient', 'zip', 'phi:geo.zip'), phisync.tag('patient', 'born', 'phi:date.birth'),
       phisync.tag('patient', 'seen', 'phi:date.service'), phisync.tag('patient', 'age', 'phi:age'), phisync.tag('patient', 'tel', 'phi:phone'),
       phisync.tag('patient', 'sex', 'phi:clinical'), phisync.tag('patient', 'codes', 'phi:clinical.dx'), phisync.tag('patient', 'score', 'phi:clinical.lab'),
       phisync.tag('patient', 'addr', 'phi:ip'), phisync.tag('patient', 'notes', 'phi:freetext'), phisync.tag('patient', 'sens', 'none;rows=sens'),
       phisync.tag('patient', 'clinic', 'none') \g /dev/null

-- The built-in profiles.
SELECT phisync.create_masked_view('patient', 'safe_harbor');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'phi_masked.patient'::regclass AND attnum > 0 ORDER BY attnum;
SELECT * FROM phi_masked.patient ORDER BY id;
SELECT phisync.create_masked_view('patient', 'limited_dataset', 'patient_limited'), phisync.create_masked_view('patient', 'withhold', 'Patient "bare"'),
       phisync.create_masked_view('patient', 'full', 'patient_full', 'regress_mask');
SELECT * FROM phi_masked.patient_limited ORDER BY id;
SELECT * FROM phi_masked."Patient ""bare""" ORDER BY id;
SELECT count(*), count("Full Name") FROM patient_full;
SELECT * FROM phisync.masked_views ORDER BY view::text;

-- Who may read: the owner, who may let others.
SET ROLE regress_mask_reader;
SELECT * FROM phi_masked.patient;
SET ROLE regress_mask_owner;
SELECT count(*) FROM phi_masked.patient;
GRANT SELECT ON phi_masked.patient TO regress_mask_reader;
SET ROLE regress_mask_reader;
SELECT id, zip, age FROM phi_masked.patient ORDER BY id;
SELECT count(*) FROM patient;
INSERT INTO phi_masked.patient (zip) VALUES ('1');

-- Functions that tell what they are given, and predicates, meet what is shown; rows that are hidden are not met at all.
CREATE FUNCTION pg_temp.tell(value text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$BEGIN RAISE WARNING 'told %', value; RETURN true; END$$;
SELECT count(*) FROM phi_masked.patient WHERE pg_temp.tell(zip) AND clinic = 'c1';
SELECT count(*) FROM phi_masked.patient WHERE pg_temp.tell(sens);
SELECT id FROM phi_masked.patient WHERE zip = '02139-4307';
SELECT id FROM phi_masked.patient WHERE zip = '021';
RESET ROLE;

-- Indexes serve conditions on columns that are kept.
SET enable_seqscan = off;
CREATE FUNCTION pg_temp.uses_index(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  plan text;
BEGIN
  EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
  RETURN plan LIKE '%Index Cond%';
END
$$;
SELECT pg_temp.uses_index('SELECT zip FROM phi_masked.patient WHERE id = 1') AS of_kept, pg_temp.uses_index('SELECT zip FROM phi_masked.patient WHERE zip = ''021''') AS of_masked;
RESET enable_seqscan;

-- A profile with every transformation.
SET ROLE regress_mask_officer;
SELECT phisync.create_profile('regress_mask', consents => ARRAY['HIV']) \g /dev/null
SELECT phisync.set_profile_rule('regress_mask', 'patient', c, t) FROM (VALUES
  ('Full Name', 'redact("it''s \ ""hidden"" FROM")'), ('mrn', 'pseudonym'), ('ssn', 'partial(0,4)'), ('zip', 'zip3'), ('born', 'date_month'), ('seen', 'date_shift(30)'),
  ('age', 'bucket(5)'), ('tel', 'surrogate'), ('sex', 'redact'), ('codes', 'null'), ('score', 'bucket(0.4)'), ('addr', 'ip(16,32)'), ('notes', 'redact')) r (c, t) \g /dev/null
SELECT phisync.create_masked_view('patient', 'regress_mask', 'patient_coded');
SELECT to_regclass('phi_masked.patient_coded');
RESET ROLE;
SET phisync.key_file = :'key_file';
SET ROLE regress_mask_officer;
SELECT phisync.create_masked_view('patient', 'regress_mask', 'patient_coded');
SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'phi_masked.patient_coded'::regclass AND attnum > 0 ORDER BY attnum;
SELECT id, "Full Name", mrn = phisync.mask_pseudonym('CANARY' || id, 'mrn', 'regress_mask') AS mrn, ssn, zip, born, CASE WHEN isfinite(seen) THEN abs(extract(day FROM seen - TIMESTAMPTZ '2024-02-29 10:30+00')) BETWEEN 1 AND 30 END AS shifted, age, tel
FROM phi_masked.patient_coded ORDER BY id;
SELECT id, sex, codes, score, addr, notes, sens, clinic FROM phi_masked.patient_coded ORDER BY id;
-- A surrogate is there once somebody has made it, as in a stream.
SELECT phisync.mask_surrogate('555-0100', 'phone', 'regress_mask') AS surrogate \gset
SELECT id, tel = :'surrogate' AS tel FROM phi_masked.patient_coded ORDER BY id;

-- An officer has the same from the functions themselves.
SELECT 'SELECT ' || string_agg(expression || ' AS ' || quote_ident(column_name), ', ' ORDER BY attnum) || ' FROM patient r' AS by_functions
FROM phisync.masked_columns('patient', 'regress_mask') WHERE column_name <> 'tel' \gset
CREATE TEMPORARY VIEW of_view AS SELECT id, "Full Name", mrn, ssn, zip, born, seen, age, sex, codes, score, addr, notes, sens, clinic FROM phi_masked.patient_coded;
SELECT count(*) AS same FROM (:by_functions INTERSECT ALL SELECT * FROM of_view) b;
DROP VIEW of_view;

-- The reader sees codes, and cannot have any value coded; nor by row, without a right to the view.
GRANT SELECT ON phi_masked.patient_coded TO regress_mask_reader;
SELECT v.id AS view_id FROM phisync.masked_view v WHERE v.view = 'phi_masked.patient_coded'::regclass \gset
SELECT 'patient'::regclass::oid AS patient \gset
SET ROLE regress_mask_reader;
SELECT id, length(mrn), mrn IN (SELECT mrn FROM phi_masked.patient_coded WHERE id = 1) AS same FROM phi_masked.patient_coded ORDER BY id;
SELECT phisync.mask_pseudonym('CANARY1', 'mrn', 'regress_mask');
SELECT length(phisync.masked_value(NULL::text, :view_id, 'mrn', :patient, '(0,1)')) AS by_row, phisync.masked_value(NULL::text, :view_id, 'mrn', :patient, '(0,99)') AS no_row,
       phisync.masked_value(NULL::text, :view_id, 'mrn', :patient, '(7,1)') AS no_block,
       phisync.masked_value(NULL::text, :view_id, 'mrn', 1259, '(0,1)') AS other_table, phisync.masked_value(NULL::text, NULL, 'mrn', 1259, '(0,1)') AS nothing;
SELECT phisync.masked_value(NULL::text, :view_id, 'Full Name', :patient, '(0,1)');
SELECT phisync.masked_value(NULL::text, -1, 'mrn', :patient, '(0,1)');
RESET ROLE;
REVOKE SELECT ON phi_masked.patient_coded FROM regress_mask_reader;
SET ROLE regress_mask_owner;
REVOKE SELECT ON phi_masked.patient_coded FROM regress_mask_reader;
GRANT SELECT (id, born) ON phi_masked.patient_coded TO regress_mask_reader;
SET ROLE regress_mask_reader;
SELECT id, born FROM phi_masked.patient_coded WHERE id = 2;
SELECT phisync.masked_value(NULL::text, :view_id, 'mrn', :patient, '(0,1)');
RESET ROLE;
-- Without consent the row is not there, in codes neither.
SELECT phisync.alter_profile('regress_mask', consents => '{}') \g /dev/null
SELECT id, length(mrn) AS mrn FROM phi_masked.patient_coded ORDER BY id;
SELECT length(phisync.masked_value(NULL::text, :view_id, 'mrn', :patient, '(0,1)')) AS by_row, phisync.masked_value(NULL::text, :view_id, 'mrn', :patient, '(0,2)') IS NULL AS hidden_row;
-- Codes in an array, and in what is no text any more.
ALTER TABLE patient ALTER COLUMN sens TYPE text[] USING CASE WHEN sens <> '' THEN ARRAY[sens, NULL, 'HIV ETH'] WHEN sens = '' THEN '{}'::text[] END;
SELECT id, length(mrn) AS mrn, sens FROM phi_masked.patient_coded ORDER BY id;
SELECT phisync.alter_profile('regress_mask', consents => ARRAY['ETH', 'HIV']) \g /dev/null
UPDATE patient SET sens = '{HIV,NULL,ETH}' WHERE id = 2;
SELECT id, length(mrn) AS mrn, sens FROM phi_masked.patient_coded ORDER BY id;
ALTER TABLE patient ALTER COLUMN sens TYPE int[] USING NULL;
UPDATE patient SET sens = '{1}' WHERE id = 2;
SELECT id, length(mrn) AS mrn, sens FROM phi_masked.patient_coded ORDER BY id;
SELECT phisync.masked_value(NULL::text, :view_id, 'mrn', :patient, ctid) IS NULL AS hidden FROM patient WHERE id = 2;
ALTER TABLE patient ALTER COLUMN sens TYPE text USING NULL;
-- Row-level security of the table is for the role that owns the views; codes need that there is none.
ALTER TABLE patient ENABLE ROW LEVEL SECURITY;
SELECT count(*) FROM phi_masked.patient;
CREATE POLICY masked ON patient TO phisync_masked USING (clinic = 'c1');
SELECT id, zip FROM phi_masked.patient ORDER BY id;
SELECT id, mrn FROM phi_masked.patient_coded ORDER BY id;
ALTER TABLE patient DISABLE ROW LEVEL SECURITY;

-- Foreign tables have no rows to compute codes of.
CREATE FOREIGN DATA WRAPPER regress_mask_fdw;
CREATE SERVER regress_mask_server FOREIGN DATA WRAPPER regress_mask_fdw;
CREATE FOREIGN TABLE far (id int, mrn text, zip text) SERVER regress_mask_server;
SELECT phisync.tag('far', 'id', 'none'), phisync.tag('far', 'mrn', 'phi:mrn'), phisync.tag('far', 'zip', 'phi:geo.zip') \g /dev/null
SELECT phisync.set_profile_rule('regress_mask', 'far', 'mrn', 'pseudonym'), phisync.set_profile_rule('regress_mask', 'far', 'zip', 'zip3') \g /dev/null
SELECT phisync.create_masked_view('far', 'regress_mask');
SELECT attname FROM pg_attribute WHERE attrelid = 'phi_masked.far'::regclass AND attnum > 0 ORDER BY attnum;
DROP FOREIGN DATA WRAPPER regress_mask_fdw CASCADE;

-- Refusals.
SET ROLE regress_mask_owner;
SELECT phisync.create_masked_view('patient', 'full', 'other');
RESET ROLE;
CREATE TABLE nobodys (id int);
CREATE TEMPORARY TABLE short_lived (id int);
CREATE VIEW seen_as AS SELECT id FROM nobodys;
SET ROLE regress_mask_officer;
SELECT phisync.create_masked_view('nobodys', 'full');
SELECT phisync.create_masked_view('patient', 'safe_harbor');
SELECT phisync.create_masked_view('patient', 'no_such_profile', 'other');
SELECT phisync.create_masked_view('patient', 'full', 'other', 'no_such_schema');
SELECT phisync.create_masked_view('patient', 'full', 'other', 'public');
SELECT phisync.create_masked_view(NULL, 'full');
SELECT phisync.drop_masked_view('patient');
RESET ROLE;
SELECT phisync.create_masked_view('seen_as', 'full');
SELECT phisync.create_masked_view('short_lived', 'full');
SELECT phisync.create_masked_view('pg_class', 'full');
SELECT phisync.create_masked_view('phisync.audit_trail', 'full');
SELECT phisync.drop_profile('regress_mask');

-- Masked views are no leak, until somebody changes them.
SELECT kind, object FROM phisync.leaks WHERE object LIKE 'phi\_masked.%';
CREATE OR REPLACE VIEW phi_masked."Patient ""bare""" AS SELECT id, "Full Name" AS sens, clinic FROM patient;
GRANT SELECT ON phi_masked."Patient ""bare""" TO regress_mask_reader;
SELECT kind, object, column_name, detail, remedy FROM phisync.leaks WHERE object LIKE 'phi\_masked.%';
GRANT phisync_masked TO regress_mask_reader;
SELECT kind, object, detail, remedy FROM phisync.leaks WHERE kind = 'role';
REVOKE phisync_masked FROM regress_mask_reader;
SELECT view FROM phisync.masked_views WHERE changed_by_hand;
SELECT phisync.refresh_masked_views();
SELECT kind, object FROM phisync.leaks WHERE object LIKE 'phi\_masked.%';
SELECT * FROM phi_masked."Patient ""bare""" ORDER BY id;

-- They go by themselves or with their table; with the last one phisync_masked loses its right.
SET ROLE regress_mask_officer;
SELECT phisync.drop_masked_view('phi_masked.patient_coded'), phisync.drop_masked_view('phi_masked.patient_limited'), phisync.drop_masked_view('patient_full'), phisync.drop_masked_view('phi_masked.patient');
SELECT has_table_privilege('phisync_masked', 'patient', 'SELECT');
SELECT phisync.drop_masked_view('phi_masked."Patient ""bare"""');
SELECT has_table_privilege('phisync_masked', 'patient', 'SELECT');
SELECT phisync.create_masked_view('patient', 'safe_harbor');
RESET ROLE;
DROP TABLE patient;
DROP TABLE patient CASCADE;
SELECT * FROM phisync.masked_view;
SELECT phisync.drop_profile('regress_mask') \g /dev/null
COPY (SELECT WHERE false) TO PROGRAM :'remove';
DROP FUNCTION pg_temp.tell(text);
DELETE FROM phisync.surrogate WHERE scope = 'regress_mask';
DROP SCHEMA regress_mask, phi_masked CASCADE;
DROP ROLE regress_mask_officer, regress_mask_owner, regress_mask_reader;
