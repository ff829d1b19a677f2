-- Masked views follow columns, tags, heirs and profiles in the same transaction, and show no more than before until they have.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SET datestyle = ISO;
CREATE SCHEMA regress_follow;
SET search_path = regress_follow;
CREATE ROLE regress_follow_reader;
CREATE ROLE regress_follow_other;
CREATE FUNCTION shown(masked text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod), ', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = masked::regclass AND attnum > 0
$$;
CREATE TABLE patient (id int PRIMARY KEY, name text, zip text, born date, clinic text);
INSERT INTO patient VALUES (1, 'CANARY Ann', '02139', '1980-05-17', 'c1');
SELECT phisync.tag('patient', 'phi'), phisync.tag('patient', 'id', 'none'), phisync.tag('patient', 'name', 'phi:name'), phisync.tag('patient', 'zip', 'phi:geo.zip'),
       phisync.tag('patient', 'born', 'phi:date.birth'), phisync.tag('patient', 'clinic', 'none') \g /dev/null
SELECT phisync.create_profile('regress_follow', 'safe_harbor') \g /dev/null
SELECT phisync.create_masked_view('patient', 'regress_follow');
GRANT SELECT ON phi_masked.patient TO regress_follow_reader WITH GRANT OPTION;
GRANT SELECT (clinic, zip) ON phi_masked.patient TO regress_follow_other;
SET ROLE regress_follow_reader;
GRANT SELECT (id) ON phi_masked.patient TO regress_follow_other;
RESET ROLE;
CREATE VIEW grants AS SELECT 0 AS attnum, '' AS attname, a.grantee::regrole, a.grantor::regrole, a.is_grantable FROM pg_class c, aclexplode(c.relacl) a
  WHERE c.oid = (SELECT view FROM phisync.masked_view WHERE relation = 'patient'::regclass) AND a.privilege_type = 'SELECT' AND a.grantee <> c.relowner
  UNION ALL SELECT attnum, attname, a.grantee::regrole, a.grantor::regrole, a.is_grantable FROM pg_attribute t, aclexplode(t.attacl) a
  WHERE t.attrelid = (SELECT view FROM phisync.masked_view WHERE relation = 'patient'::regclass);
SELECT attname, grantee, is_grantable FROM grants WHERE grantee::text LIKE 'regress%' ORDER BY attname, grantee::text;
SELECT shown('phi_masked.patient');

-- A new column is not there until somebody says what it holds; grants stay, also who made them.
ALTER TABLE patient ADD COLUMN phone text DEFAULT 'CANARY', ADD COLUMN ward text DEFAULT 'W1';
SELECT shown('phi_masked.patient');
SELECT phisync.tag('patient', 'ward', 'none') \g /dev/null
SELECT * FROM phi_masked.patient;
SELECT phisync.tag('patient', 'ward', 'phi:geo.street') \g /dev/null
SELECT shown('phi_masked.patient');
SELECT attname, grantee, CASE WHEN grantor = grantee THEN '' WHEN grantor::text LIKE 'regress%' THEN grantor::text END AS grantor, is_grantable
FROM grants WHERE grantee::text LIKE 'regress%' ORDER BY attname, grantee::text;
SET ROLE regress_follow_other;
SELECT id, clinic, zip FROM phi_masked.patient;
RESET ROLE;
SELECT obj_description('phi_masked.patient'::regclass, 'pg_class');

-- Within the transaction, and back with it.
BEGIN;
SELECT phisync.tag('patient', 'clinic', 'phi:name') \g /dev/null
SELECT shown('phi_masked.patient');
ROLLBACK;
SELECT shown('phi_masked.patient');

-- Renames, of column, table, schema and view.
ALTER TABLE patient RENAME COLUMN zip TO "Postal Code";
ALTER TABLE patient RENAME TO "The Patient";
ALTER SCHEMA regress_follow RENAME TO regress_followed;
ALTER VIEW phi_masked.patient RENAME TO renamed;
SET search_path = regress_followed;
SELECT phisync.tag('"The Patient"', 'ward', 'none') \g /dev/null
SELECT * FROM phi_masked.renamed;
SELECT view, relation, changed_by_hand FROM phisync.masked_views;
ALTER VIEW phi_masked.renamed RENAME TO patient;
ALTER SCHEMA regress_followed RENAME TO regress_follow;
SET search_path = regress_follow;
ALTER TABLE "The Patient" RENAME TO patient;

-- A column that the view reads changes its type, or goes; others may not make way for it.
CREATE ROLE regress_follow_stranger;
GRANT USAGE ON SCHEMA regress_follow TO regress_follow_stranger;
SET ROLE regress_follow_stranger;
ALTER TABLE patient DROP COLUMN born;
RESET ROLE;
SELECT shown('phi_masked.patient');
ALTER TABLE patient ALTER COLUMN born TYPE timestamptz USING born::timestamp AT TIME ZONE 'UTC', ALTER COLUMN clinic TYPE varchar(10), ALTER COLUMN id TYPE bigint;
SELECT shown('phi_masked.patient');
ALTER TABLE patient DROP COLUMN born, DROP COLUMN clinic;
SELECT * FROM phi_masked.patient;
ALTER TABLE patient ALTER COLUMN no_such_column TYPE text;
SELECT shown('phi_masked.patient');

-- Other views read it: the shape stays, what is shown no more is null.
CREATE VIEW on_top AS SELECT id, ward, "Postal Code" FROM phi_masked.patient;
SELECT phisync.tag('patient', 'ward', 'phi:name') \g /dev/null
SELECT * FROM phi_masked.patient;
SELECT * FROM on_top;
ALTER TABLE patient ALTER COLUMN "Postal Code" TYPE char(9), ADD COLUMN room text DEFAULT 'R1';
SELECT phisync.tag('patient', 'room', 'none') \g /dev/null
SELECT * FROM phi_masked.patient;
SELECT phisync.tag('patient', 'ward', 'none') \g /dev/null
SELECT * FROM phi_masked.patient;
SELECT phisync.drop_masked_view('phi_masked.patient');
DROP VIEW on_top;
ALTER TABLE patient DROP COLUMN room;

-- The profile changes.
SELECT phisync.set_profile_rule('regress_follow', 'phi:name', 'redact') \g /dev/null
SELECT * FROM phi_masked.patient;
SELECT phisync.set_profile_rule('regress_follow', 'patient', 'name', 'partial(0,3)') \g /dev/null
SELECT * FROM phi_masked.patient;
SELECT phisync.set_profile_rule('regress_follow', 'patient', 'name', 'drop') \g /dev/null
SELECT shown('phi_masked.patient');
SELECT phisync.drop_profile('regress_follow');
ALTER TABLE patient DROP COLUMN phone;

-- A table whose columns must all have a class: nothing is shown while one has none.
SELECT phisync.tag('patient', 'phi;default=error') \g /dev/null
ALTER TABLE patient ADD COLUMN unknown text;
SELECT * FROM phi_masked.patient;
SELECT * FROM phisync.masked_views;
SELECT relation FROM phisync.leaks WHERE relation = 'patient'::regclass;
SELECT phisync.tag('patient', 'unknown', 'none') \g /dev/null
SELECT shown('phi_masked.patient'), (SELECT count(*) FROM phi_masked.patient);
-- The whole table becomes sensitive.
SELECT phisync.tag('patient', 'phi;part2=yes') \g /dev/null
SELECT count(*) FROM phi_masked.patient;
SELECT phisync.alter_profile('regress_follow', consents => ARRAY['42CFRPart2']) \g /dev/null
SELECT count(*) FROM phi_masked.patient;

-- Partitions and heirs: what one of them is stricter about counts for all.
CREATE TABLE visit (id int, day date, note text, reason text) PARTITION BY RANGE (day);
CREATE TABLE visit_old PARTITION OF visit FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE visit_new (reason text, extra int, note text, id int, day date);
ALTER TABLE visit_new DROP COLUMN extra;
SELECT phisync.tag('visit', 'id', 'none;subject'), phisync.tag('visit', 'day', 'phi:date.service'), phisync.tag('visit', 'note', 'none'), phisync.tag('visit', 'reason', 'none') \g /dev/null
INSERT INTO visit VALUES (1, '2019-05-05', 'n1', 'r1');
INSERT INTO visit_new (id, day, note, reason) VALUES (2, '2021-05-05', 'n2', 'r2');
SELECT phisync.create_masked_view('visit', 'regress_follow');
SELECT phisync.tag('visit_new', 'note', 'phi:clinical.note'), phisync.tag('visit_new', 'reason', 'phi:geo.zip') \g /dev/null
ALTER TABLE visit ATTACH PARTITION visit_new FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
SELECT * FROM phi_masked.visit ORDER BY id;
SELECT phisync.tag('visit_old', 'reason', 'phi:name') \g /dev/null
SELECT * FROM phi_masked.visit ORDER BY id;
CREATE TABLE visit_hidden PARTITION OF visit DEFAULT;
SELECT phisync.tag('visit_hidden', 'phi;sens=HIV') \g /dev/null
SELECT * FROM phi_masked.visit ORDER BY id;
DROP TABLE visit_hidden;
SELECT phisync.refresh_masked_views();
SELECT count(*) FROM phi_masked.visit;
-- Codes under the key come from partitions too, whatever the order of their columns.
SELECT '/tmp/phisync_regress_follow_key_' || pg_backend_pid() AS key_file \gset
SELECT 'umask 077; cat > ' || :'key_file' AS write, 'rm -f ' || :'key_file' AS remove \gset
COPY (SELECT '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f') TO PROGRAM :'write';
SET phisync.key_file = :'key_file';
SELECT phisync.set_profile_rule('regress_follow', 'phi:date.service', 'date_shift(10)'), phisync.set_profile_rule('regress_follow', 'visit', 'note', 'pseudonym'), phisync.tag('visit', 'note', 'phi:code') \g /dev/null
SELECT phisync.tag('visit_new', 'note', 'phi:code') \g /dev/null
SELECT v.id, v.day = phisync.mask_date_shift(t.day, t.id::text, 10, 'regress_follow') AS day, v.note = phisync.mask_pseudonym(t.note, 'code', 'regress_follow') AS note
FROM phi_masked.visit v JOIN visit t USING (id) ORDER BY id;
COPY (SELECT WHERE false) TO PROGRAM :'remove';

-- A table that leaves its parent keeps what that said of all rows, and so does its view.
CREATE TABLE above (id int PRIMARY KEY, note text);
CREATE TABLE below (PRIMARY KEY (id)) INHERITS (above);
SELECT phisync.tag('above', 'phi;part2=yes'), phisync.tag('above', 'id', 'none'), phisync.tag('above', 'note', 'none') \g /dev/null
INSERT INTO below VALUES (1, 'canary');
SELECT phisync.create_masked_view('below', 'treatment'), phisync.create_masked_view('below', 'full', 'below_full');
ALTER TABLE below NO INHERIT above;
SELECT * FROM phi_masked.below;
SELECT * FROM phi_masked.below_full;
DROP TABLE below CASCADE;
DROP TABLE above;

-- Materialized views follow the tables that they are made of.
CREATE MATERIALIZED VIEW wards AS SELECT id, ward FROM patient;
SELECT phisync.create_masked_view('wards', 'regress_follow');
SELECT * FROM phi_masked.wards;
SELECT phisync.tag('patient', 'ward', 'phi:name') \g /dev/null
SELECT * FROM phi_masked.wards;

SELECT view, relation FROM phisync.masked_view ORDER BY view::text;
DROP MATERIALIZED VIEW wards CASCADE;
DROP TABLE visit CASCADE;
SELECT view, relation FROM phisync.masked_view ORDER BY view::text;
DROP SCHEMA regress_follow, phi_masked CASCADE;
SELECT count(*) FROM phisync.masked_view;
SELECT phisync.drop_profile('regress_follow') \g /dev/null
DROP ROLE regress_follow_reader, regress_follow_other, regress_follow_stranger;
