-- Rows as a consumer would get them, with the rights of who asks.
CREATE SCHEMA regress_preview;
SET search_path = regress_preview, public;
CREATE ROLE regress_preview_officer IN ROLE phisync_officer;
CREATE ROLE regress_preview_nobody;
CREATE TABLE patient (id int PRIMARY KEY, gone int, ward int, name text, born date, zip text, codes text);
ALTER TABLE patient DROP COLUMN gone;
INSERT INTO patient VALUES (1, 1, 'CANARY', '1980-02-29', '02139', NULL), (2, 2, 'CANARY', '1901-01-01', '03601', 'HIV'), (3, 2, NULL, NULL, NULL, '');
CREATE VIEW people AS SELECT name, born FROM patient;
\pset format unaligned
\pset tuples_only on
SELECT * FROM phisync.preview('withhold', 'patient');
SELECT FROM phisync.tag('patient', 'id', 'none;subject');
SELECT FROM phisync.tag('patient', 'ward', 'none');
SELECT FROM phisync.tag('patient', 'name', 'phi:name');
SELECT FROM phisync.tag('patient', 'born', 'phi:date.birth');
SELECT FROM phisync.tag('patient', 'zip', 'phi:geo.zip');
SELECT p, r FROM unnest('{withhold,safe_harbor,limited_dataset,full}'::text[]) AS p, phisync.preview(p, 'patient') AS r;
SELECT FROM phisync.tag('patient', 'codes', 'none;rows=sens');
SELECT * FROM phisync.preview('safe_harbor', 'patient');
SELECT * FROM phisync.preview('safe_harbor', 'patient', 1);
SELECT * FROM phisync.preview('safe_harbor', 'patient', 0);
SELECT * FROM phisync.preview('safe_harbor', 'people');
SELECT * FROM phisync.preview('none such', 'people');
GRANT USAGE ON SCHEMA regress_preview TO PUBLIC;
SET ROLE regress_preview_nobody;
SELECT * FROM phisync.preview('safe_harbor', 'patient');
SET ROLE regress_preview_officer;
SELECT * FROM phisync.preview('safe_harbor', 'patient');
RESET ROLE;
GRANT SELECT ON patient TO regress_preview_officer;
ALTER TABLE patient ENABLE ROW LEVEL SECURITY;
CREATE POLICY one ON patient TO regress_preview_officer USING (id = 3);
SET ROLE regress_preview_officer;
SELECT * FROM phisync.preview('safe_harbor', 'patient');
RESET ROLE;
-- Of a sensitivity, all of it.
SELECT FROM phisync.tag('patient', 'phi;part2=yes');
SELECT count(*) FROM phisync.preview('safe_harbor', 'patient');
SELECT count(*) FROM phisync.preview('full', 'patient');
SET client_min_messages = warning;
DROP SCHEMA regress_preview CASCADE;
DROP ROLE regress_preview_officer, regress_preview_nobody;
