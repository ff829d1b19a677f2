-- Rows of people who turn 90 are sent again, so that devices lose the year of birth. No value changes.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE patient (id int PRIMARY KEY, name text, born date, seen timestamptz, changed int DEFAULT 0);
CREATE TABLE site (id int PRIMARY KEY, opened date);
CREATE TABLE birth (id int, at timestamp, twice int GENERATED ALWAYS AS (id * 2) STORED, PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE birth_1 PARTITION OF birth FOR VALUES FROM (0) TO (10);
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'name', 'none'), phisync.tag('patient', 'born', 'phi:date.birth'),
  phisync.tag('patient', 'seen', 'phi:date.service'), phisync.tag('patient', 'changed', 'none'), phisync.tag('site', 'none'),
  phisync.tag('birth', 'id', 'none'), phisync.tag('birth', 'twice', 'none'), phisync.tag('birth', 'at', 'phi:date') \g /dev/null
SELECT phisync.create_bucket('all_of_it', ARRAY['SELECT id, name FROM patient', 'SELECT * FROM site', 'SELECT id FROM birth'], profile => 'full');
INSERT INTO patient (id, name, born, seen) SELECT n, 'p' || n, (now() AT TIME ZONE 'UTC')::date + d - make_interval(years => 90), now() - interval '95 years'
  FROM (VALUES (1, -400), (2, -1), (3, 0), (4, 1), (5, 400)) AS t (n, d);
INSERT INTO patient (id, name) VALUES (6, 'p6');
INSERT INTO birth VALUES (1, now() - interval '100 years'), (2, now() - interval '20 years');
INSERT INTO site VALUES (1, '1900-01-01');
SELECT count(*) FROM stream() \g /dev/null
-- The first sweep takes all who are 90; it needs no change by hand of what is no date of birth.
CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.changed := NEW.changed + 1; RETURN NEW; END';
CREATE TRIGGER mark BEFORE UPDATE ON patient FOR EACH ROW EXECUTE FUNCTION mark();
CREATE TABLE before AS SELECT * FROM patient;
SELECT * FROM phisync.age_sweep();
SELECT pg_catalog.substring(record, '"type":"[a-z]*","id":"[0-9]+"') FROM stream() AS record WHERE record LIKE '{"k":"put"%' ORDER BY 1;
SELECT count(*) FROM patient JOIN before USING (id, name, born, seen, changed) WHERE born IS NOT NULL;
-- The next takes those who turned 90 since.
SELECT * FROM phisync.age_sweep();
SET session_replication_role = replica;
UPDATE patient SET born = born - 400 WHERE id = 5;
RESET session_replication_role;
SELECT * FROM phisync.age_sweep();
UPDATE phisync.age_sweep_state SET swept_until = swept_until - interval '12 months' WHERE relation = 'patient'::regclass;
SELECT * FROM phisync.age_sweep('patient');
SELECT relation, swept_until = max(swept_until) OVER () AS just_now FROM phisync.age_sweep_state ORDER BY relation::text;
-- One table by name; a table without dates of birth gives no row.
SELECT * FROM phisync.age_sweep('site');
SELECT * FROM phisync.age_sweep('birth');
CREATE VIEW people AS SELECT * FROM patient;
SELECT * FROM phisync.age_sweep('people');
-- The owner's code runs as the owner, rows under retention may be sent again, and the audit shows an UPDATE of no column.
CREATE ROLE regress_sweep_owner;
GRANT ALL ON SCHEMA regress_stream TO regress_sweep_owner;
CREATE TABLE who (name name);
GRANT INSERT ON who TO regress_sweep_owner;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO regress_stream.who VALUES (CURRENT_USER); RETURN NULL; END';
CREATE TRIGGER tell AFTER UPDATE ON patient FOR EACH ROW EXECUTE FUNCTION tell();
ALTER TABLE patient ENABLE ALWAYS TRIGGER tell;
ALTER TABLE patient OWNER TO regress_sweep_owner;
SELECT phisync.create_retention_policy('patient', 'keep', 'seen', min_retention => '200 years');
SELECT phisync.audit_table('patient');
DELETE FROM phisync.age_sweep_state;
SELECT * FROM phisync.age_sweep('patient');
SELECT DISTINCT name FROM who;
SELECT command, changed_columns, count(*) FROM phisync.audit_log WHERE source = 'change' AND relations[1] = 'regress_stream.patient' GROUP BY 1, 2;
SELECT count(*) FROM patient JOIN before USING (id, name, seen, changed);
-- Rows that row security hides from the owner are not passed over.
ALTER TABLE patient ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SELECT * FROM phisync.age_sweep('patient');
-- For officers.
SET ROLE regress_sweep_owner;
SELECT * FROM phisync.age_sweep('patient');
RESET ROLE;
SELECT FROM phisync.drop_retention_policy('keep');
\i :drop
SET client_min_messages = warning;
DROP OWNED BY regress_sweep_owner;
DROP ROLE regress_sweep_owner;
