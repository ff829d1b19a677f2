-- Whichever way a row is written: partitions, heirs, other triggers, replication, and without a key.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
\set SHOW_CONTEXT never
SELECT '/tmp/phisync_regress_key_' || pg_backend_pid() AS key_file \gset
SELECT 'umask 077; cat > ' || :'key_file' AS write, 'rm -f ' || :'key_file' AS remove \gset
COPY (SELECT '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f') TO PROGRAM :'write';
SET phisync.key_file = :'key_file';
SELECT phisync.create_profile('study');
SELECT phisync.set_profile_rule('study', 'phi:mrn', 'surrogate');
CREATE FUNCTION codes() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM phisync.surrogate';
-- Partitions, those to come included, and one that had the trigger before its table.
CREATE TABLE stay (id int, mrn text, PRIMARY KEY (id)) PARTITION BY RANGE (id);
SELECT phisync.tag('stay', 'id', 'none'), phisync.tag('stay', 'mrn', 'phi:mrn') \g /dev/null
CALL phisync.make_surrogates('study', 'stay');
SELECT phisync.stop_surrogates('stay');
CREATE TABLE stay_1 PARTITION OF stay FOR VALUES FROM (0) TO (10);
INSERT INTO stay VALUES (1, 's1');
CALL phisync.make_surrogates('study', 'stay_1');
SELECT codes();
CALL phisync.make_surrogates('study', 'stay');
CREATE TABLE stay_2 PARTITION OF stay FOR VALUES FROM (10) TO (20);
CREATE TABLE stay_3 (id int NOT NULL, mrn text);
SELECT phisync.tag('stay_3', 'id', 'none'), phisync.tag('stay_3', 'mrn', 'phi:mrn') \g /dev/null
INSERT INTO stay_3 VALUES (20, 's20');
ALTER TABLE stay ATTACH PARTITION stay_3 FOR VALUES FROM (20) TO (30);
INSERT INTO stay VALUES (2, 's2'), (12, 's12'), (22, 's22');
UPDATE stay SET id = 13, mrn = 's13' WHERE id = 2;
SELECT codes();
SELECT tgrelid::regclass, tgname, tgenabled, tgparentid <> 0 AS of_parent FROM pg_trigger WHERE tgfoid = 'phisync.surrogates_on_write'::regproc ORDER BY 1;
CALL phisync.make_surrogates('study', 'stay_3');
SELECT phisync.stop_surrogates('stay_2');
ALTER TABLE stay DETACH PARTITION stay_3;
SELECT relation, on_write FROM phisync.surrogate_tables('study', 'stay') UNION ALL SELECT relation, on_write FROM phisync.surrogate_tables('study', 'stay_3') ORDER BY 1;
-- A table that has the trigger is attached without it.
CALL phisync.make_surrogates('study', 'stay_3');
ALTER TABLE stay ATTACH PARTITION stay_3 FOR VALUES FROM (20) TO (30);
SELECT phisync.stop_surrogates('stay_3');
ALTER TABLE stay ATTACH PARTITION stay_3 FOR VALUES FROM (20) TO (30);
SELECT bool_and(on_write) FROM phisync.surrogate_tables('study', 'stay');
SELECT phisync.create_bucket('b', ARRAY['SELECT * FROM stay'], profile => 'study');
SELECT phisync.stop_surrogates('stay');
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'surrogates';
SELECT phisync.drop_bucket('b');
DELETE FROM phisync.surrogate;
-- Heirs.
CREATE TABLE person (mrn text);
CREATE TABLE nurse (ward text) INHERITS (person);
SELECT phisync.tag('person', 'mrn', 'phi:mrn'), phisync.tag('nurse', 'ward', 'none') \g /dev/null
INSERT INTO nurse VALUES ('n1', 'w');
CALL phisync.make_surrogates('study', 'person');
INSERT INTO nurse VALUES ('n2', 'w');
SELECT codes();
CREATE TABLE doctor (mrn text) INHERITS (person);
SELECT relation, on_write FROM phisync.surrogate_tables('study', 'person');
SELECT phisync.stop_surrogates('person');
DELETE FROM phisync.surrogate;
-- Other triggers come first; ON CONFLICT and MERGE; what replication applies; foreign keys that cascade.
CREATE TABLE patient (mrn text PRIMARY KEY);
CREATE TABLE visit (id int PRIMARY KEY, mrn text REFERENCES patient ON UPDATE CASCADE);
SELECT phisync.tag('patient', 'mrn', 'phi:mrn'), phisync.tag('visit', 'mrn', 'phi:mrn'), phisync.tag('visit', 'id', 'none') \g /dev/null
CALL phisync.make_surrogates('study', 'patient');
CALL phisync.make_surrogates('study', 'visit');
CREATE FUNCTION trim_it() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.mrn := 'x' || NEW.mrn; RETURN NEW; END$$;
CREATE TRIGGER zz_trim BEFORE INSERT ON patient FOR EACH ROW EXECUTE FUNCTION trim_it();
CREATE FUNCTION has_code(value text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  before bigint := codes();
BEGIN
  PERFORM phisync.mask_surrogate(value, 'mrn', 'study');
  RETURN codes() = before;
END
$$;
INSERT INTO patient VALUES ('1');
SELECT codes(), has_code('x1');
INSERT INTO patient VALUES ('1') ON CONFLICT (mrn) DO UPDATE SET mrn = 'y1';
SELECT codes(), has_code('y1');
MERGE INTO visit USING (VALUES (1, 'y1')) v (id, mrn) ON visit.id = v.id WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.mrn);
UPDATE patient SET mrn = 'z1';
SELECT codes(), has_code('z1');
SET session_replication_role = replica;
INSERT INTO visit VALUES (2, 'r2');
RESET session_replication_role;
SELECT codes(), has_code('r2');
DELETE FROM visit WHERE id = 2;
-- A load of many new values needs no subtransaction of each.
CREATE TABLE load (id int PRIMARY KEY, mrn text);
SELECT phisync.tag('load', 'mrn', 'phi:mrn'), phisync.tag('load', 'id', 'none') \g /dev/null
CALL phisync.make_surrogates('study', 'load');
DELETE FROM phisync.surrogate;
BEGIN;
INSERT INTO load SELECT g, 'm' || g % 4000 FROM generate_series(1, 5000) g;
SELECT codes(), (SELECT count(DISTINCT xmin::text) FROM phisync.surrogate) AS transactions;
ROLLBACK;
SELECT codes();
INSERT INTO load VALUES (0, 'zero');
ALTER TABLE load DISABLE TRIGGER "~phisync_surrogates";
INSERT INTO load SELECT g, 'm' || g FROM generate_series(1, 5000) g;
SELECT relation, on_write FROM phisync.surrogate_tables('study', 'load');
CALL phisync.make_surrogates('study', 'load');
SELECT codes(), (SELECT count(DISTINCT xmin::text) > 3 FROM phisync.surrogate) AS many_transactions;
SELECT relation, on_write FROM phisync.surrogate_tables('study', 'load');
DELETE FROM phisync.surrogate;
-- Without a key the row is written all the same; the log tells, once.
SET client_min_messages = log;
SET phisync.key_file = '';
INSERT INTO load VALUES (6001, 'k1'), (6002, 'k2');
UPDATE load SET mrn = 'k3' WHERE id = 6002;
SET phisync.key_file = '/nowhere';
INSERT INTO load VALUES (6003, 'k4');
SET client_min_messages = notice;
CALL phisync.make_surrogates('study', 'load');
SELECT codes();
SET phisync.key_file = :'key_file';
INSERT INTO load VALUES (6004, 'k5');
SELECT codes();
-- The value again: it has a code then.
UPDATE load SET mrn = mrn WHERE id = 6001;
SELECT codes(), has_code('k1');
-- A label that says default=error lets nothing out, and holds no writer up.
ALTER TABLE load ADD COLUMN more text;
SELECT phisync.tag('load', 'phi;default=error') \g /dev/null
INSERT INTO load VALUES (6005, 'k6', 'x');
SELECT codes();
CALL phisync.make_surrogates('study', 'load');
-- DDL under a session that has written.
SELECT phisync.tag('load', 'more', 'phi:mrn') \g /dev/null
INSERT INTO load VALUES (6006, 'k7', 'k8');
SELECT codes();
ALTER TABLE load DROP COLUMN mrn;
INSERT INTO load VALUES (6007, 'k9');
SELECT codes();
-- Generated columns and domains, values out of line, types with their own code.
CREATE DOMAIN record_no AS text;
CREATE TABLE odd (id int PRIMARY KEY, family text, given text, mrn record_no GENERATED ALWAYS AS (family || '-' || given) STORED, host inet, kind char(8));
SELECT phisync.tag('odd', 'id', 'none'), phisync.tag('odd', 'family', 'none'), phisync.tag('odd', 'given', 'none'), phisync.tag('odd', 'mrn', 'phi:mrn'), phisync.tag('odd', 'host', 'phi:ip'), phisync.tag('odd', 'kind', 'phi:mrn'),
  phisync.set_profile_rule('study', 'phi:ip', 'surrogate') \g /dev/null
CALL phisync.make_surrogates('study', 'odd');
DELETE FROM phisync.surrogate;
INSERT INTO odd VALUES (1, 'Lind', 'Eva', DEFAULT, '10.0.0.1', 'abc');
SELECT codes(), has_code('Lind-Eva'), has_code('abc'), (SELECT count(*) FROM phisync.surrogate WHERE kind = 'ip') AS ips;
UPDATE odd SET given = 'Ada';
SELECT codes(), has_code('Lind-Ada');
INSERT INTO odd VALUES (2, (SELECT string_agg(md5(g::text), '') FROM generate_series(1, 1000) g), '', DEFAULT, NULL, NULL);
SELECT codes(), has_code((SELECT mrn::text FROM odd WHERE id = 2));
-- Only tables have rows to make them of.
CREATE VIEW seen AS SELECT * FROM odd;
CALL phisync.make_surrogates('study', 'seen');
SELECT phisync.make_surrogates_of('study', 'seen', 0, 1);
SELECT phisync.make_surrogates_of('study', 'stay', 0, 1);
SELECT phisync.make_surrogates_of('study', 'odd', -1, 1);
BEGIN READ ONLY;
SELECT phisync.make_surrogates_of('study', 'odd', 0, 1);
ROLLBACK;
-- doctor() tells, with the call that mends it.
SELECT phisync.create_bucket('b', ARRAY['SELECT * FROM odd'], profile => 'study');
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'surrogates';
SELECT phisync.stop_surrogates('odd');
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'surrogates';
SELECT phisync.set_profile_rule('study', 'phi:ip', NULL);
CALL phisync.make_surrogates('study');
SELECT phisync.set_profile_rule('study', 'phi:ip', 'surrogate');
CREATE TRIGGER "~~later" BEFORE INSERT ON odd FOR EACH ROW EXECUTE FUNCTION trim_it();
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'surrogates';
COPY (SELECT WHERE false) TO PROGRAM :'remove';
RESET phisync.key_file;
\i :drop
SELECT phisync.drop_profile('study');
DELETE FROM phisync.surrogate;
