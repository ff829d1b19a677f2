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
SELECT * FROM phisync.preview('safe_harbor', 'people');
SELECT FROM phisync.tag('patient', 'codes', 'none;rows=sens');
SELECT * FROM phisync.preview('safe_harbor', 'patient');
SELECT * FROM phisync.preview('safe_harbor', 'patient', 1);
SELECT * FROM phisync.preview('safe_harbor', 'patient', 0);
-- Nothing tells which of these rows are sensitive.
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
-- A partition is shown as its own tags want it, though it is read through the table above it, and with its rights.
CREATE TABLE visit (id int, grp int, note text, PRIMARY KEY (id, grp)) PARTITION BY LIST (grp);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES IN (1);
CREATE TABLE visit_2 (note text, grp int, id int, PRIMARY KEY (id, grp));
ALTER TABLE visit ATTACH PARTITION visit_2 FOR VALUES IN (2);
CREATE TABLE visit_3 PARTITION OF visit FOR VALUES IN (3);
SELECT FROM (VALUES ('id', 'none'), ('grp', 'none'), ('note', 'phi:clinical')) AS t (c, l), phisync.tag('visit', c, l);
SELECT FROM phisync.tag('visit_1', 'phi;sens=PSY');
SELECT FROM phisync.tag('visit_2', 'note', 'phi:freetext');
INSERT INTO visit VALUES (1, 1, 'CANARY'), (2, 2, 'CANARY'), (3, 3, 'seen');
SELECT * FROM phisync.preview('treatment', 'visit');
SELECT * FROM phisync.preview('limited_dataset', 'visit') ORDER BY preview->'id';
SELECT count(*) FROM phisync.preview('full', 'visit');
GRANT SELECT ON visit TO regress_preview_officer;
SET ROLE regress_preview_officer;
SELECT count(*) FROM phisync.preview('full', 'visit');
SELECT count(*) FROM phisync.preview('full', 'visit_2');
RESET ROLE;
-- Columns of heirs that are not read, and a column of codes among them.
CREATE TABLE place (id int, name text);
CREATE TABLE home (mask text, codes text) INHERITS (place);
SELECT FROM (VALUES ('id', 'none'), ('name', 'phi:clinical')) AS t (c, l), phisync.tag('place', c, l);
SELECT FROM phisync.tag('home', 'mask', 'none');
INSERT INTO home VALUES (1, 'n', 'm', 'HIV');
SELECT * FROM phisync.preview('limited_dataset', 'place');
SELECT FROM phisync.tag('home', 'codes', 'none;rows=sens');
SELECT * FROM phisync.preview('limited_dataset', 'place');
SELECT * FROM phisync.preview('none such', 'place');
SET client_min_messages = warning;
DROP SCHEMA regress_preview CASCADE;
DROP ROLE regress_preview_officer, regress_preview_nobody;
