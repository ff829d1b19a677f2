-- Suggestions are applied also where there are views whose owner could not lock what they read.
CREATE SCHEMA regress_detect_views;
SET search_path = regress_detect_views;
CREATE ROLE regress_detect_views_reader;
GRANT USAGE, CREATE ON SCHEMA regress_detect_views TO regress_detect_views_reader;
CREATE TABLE patient (id int PRIMARY KEY, ssn text, family_name text);
INSERT INTO patient SELECT i, '123-45-' || 6000 + i, 'Smith' FROM generate_series(1, 50) i;
GRANT SELECT ON patient TO regress_detect_views_reader;
SET ROLE regress_detect_views_reader;
CREATE VIEW patient_list AS SELECT id, ssn AS social FROM patient;
RESET ROLE;
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'family_name', 'phi:name.family') \g /dev/null
SELECT phisync.create_masked_view('patient', 'limited_dataset');
SELECT relation, column_name, label, outcome FROM phisync.apply_suggestions(0.5, ARRAY['regress_detect_views', 'phi_masked']);
SELECT relation, column_name, tag FROM phisync.tags WHERE relation IN ('patient_list'::regclass, 'phi_masked.patient'::regclass) ORDER BY relation::text, column_name;
SET client_min_messages = warning;
SELECT count(*) > 0 AS removed FROM phisync.untag_all();
DROP SCHEMA regress_detect_views, phi_masked CASCADE;
DROP ROLE regress_detect_views_reader;
