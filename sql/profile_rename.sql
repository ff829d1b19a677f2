-- Rules of profiles for columns follow the names of columns and tables, and go with them.
CREATE SCHEMA regress_profile_rename;
SET search_path = regress_profile_rename, public;
CREATE TABLE patient (id int PRIMARY KEY, ssn text, mrn text, "Birth" date);
CREATE TABLE child () INHERITS (patient);
CREATE VIEW v AS SELECT ssn FROM patient;
CREATE MATERIALIZED VIEW m AS SELECT ssn FROM patient;
CREATE TYPE person AS (ssn text, city text);
CREATE TABLE typed OF person;
CREATE TABLE visit (id int PRIMARY KEY, at date) PARTITION BY RANGE (id);
CREATE TABLE visit_1 PARTITION OF visit FOR VALUES FROM (0) TO (10);
SELECT phisync.create_profile('renamed');
SELECT phisync.create_profile('other');
SELECT phisync.set_profile_rule('renamed', r, c, 'null') FROM (VALUES ('patient'::regclass, 'ssn'::name), ('patient', 'mrn'), ('patient', 'Birth'), ('child', 'ssn'),
  ('v', 'ssn'), ('m', 'ssn'), ('typed', 'ssn'), ('visit', 'at'), ('visit_1', 'at')) AS t (r, c) \g /dev/null
SELECT phisync.set_profile_rule('other', 'patient', 'ssn', 'redact');
CREATE VIEW rules AS SELECT profile, relation, column_name, transformation FROM phisync.profile_column ORDER BY profile, relation::text COLLATE "C", column_name;
TABLE rules;
ALTER TABLE patient RENAME COLUMN ssn TO "Social No";
ALTER TABLE visit RENAME at TO "on";
ALTER VIEW v RENAME COLUMN ssn TO n;
ALTER TABLE m RENAME COLUMN ssn TO n;
ALTER TYPE person RENAME ATTRIBUTE ssn TO number CASCADE;
ALTER TABLE patient RENAME COLUMN "Birth" TO born;
TABLE rules;
ALTER TABLE patient RENAME TO person_seen;
CREATE SCHEMA regress_profile_rename_2;
ALTER TABLE typed SET SCHEMA regress_profile_rename_2;
ALTER TABLE person_seen ALTER COLUMN born TYPE text;
BEGIN;
ALTER TABLE person_seen RENAME COLUMN mrn TO record;
ROLLBACK;
TABLE rules;
-- A column that takes the place of another is not that one.
ALTER TABLE person_seen DROP COLUMN mrn, ADD COLUMN mrn text;
DROP VIEW v;
DROP MATERIALIZED VIEW m;
DROP TABLE visit;
TABLE rules;
-- Where the event trigger did not run, a rule waits for a column that is not there: nothing of the table's PHI is given.
SELECT phisync.tag('person_seen', 'phi'), phisync.tag('person_seen', 'born', 'phi:date.birth'), phisync.tag('person_seen', 'id', 'none');
ALTER EVENT TRIGGER phisync_column_renames DISABLE;
ALTER TABLE person_seen RENAME COLUMN "Social No" TO ssn;
ALTER EVENT TRIGGER phisync_column_renames ENABLE ALWAYS;
SELECT column_name, tag, treatment FROM phisync.treatments('renamed', 'person_seen');
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'profiles';
-- Once another column gets the name, what is meant is in doubt, so it is dropped.
ALTER TABLE person_seen RENAME COLUMN born TO "Social No";
TABLE rules;
SELECT phisync.set_profile_rule('renamed', 'person_seen', 'Social No', NULL);
SELECT column_name, tag, treatment FROM phisync.treatments('other', 'person_seen');
SELECT phisync.drop_profile('renamed'), phisync.drop_profile('other');
SET client_min_messages = warning;
DROP SCHEMA regress_profile_rename, regress_profile_rename_2 CASCADE;
