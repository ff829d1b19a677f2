-- Masked views where phisync.read_enforcement is deny: what they read they have masked, so no grant is needed; the table itself stays closed.
SET client_min_messages = warning;
SET datestyle = ISO;
\set SHOW_CONTEXT never
CREATE SCHEMA regress_deny;
SET search_path = regress_deny;
CREATE ROLE regress_deny_reader;
GRANT USAGE ON SCHEMA regress_deny TO regress_deny_reader;
SELECT '/tmp/phisync_regress_deny_key_' || pg_backend_pid() AS key_file \gset
SELECT 'umask 077; cat > ' || :'key_file' AS write, 'rm -f ' || :'key_file' AS remove \gset
COPY (SELECT '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f') TO PROGRAM :'write';
SET phisync.key_file = :'key_file';
CREATE TABLE patient (id int PRIMARY KEY, name text, mrn text, born date);
INSERT INTO patient VALUES (1, 'CANARY', 'CANARY', '1980-05-17'), (2, 'CANARY', NULL, NULL);
SELECT phisync.tag('patient', 'id', 'none'), phisync.tag('patient', 'name', 'phi:name'), phisync.tag('patient', 'mrn', 'phi:mrn'), phisync.tag('patient', 'born', 'phi:date.birth') \g /dev/null
SELECT phisync.create_profile('regress_deny', 'safe_harbor'), phisync.set_profile_rule('regress_deny', 'phi:mrn', 'pseudonym') \g /dev/null
SELECT phisync.create_masked_view('patient', 'regress_deny');
GRANT SELECT ON phi_masked.patient TO regress_deny_reader;
GRANT SELECT ON patient TO regress_deny_reader;
CREATE VIEW on_top AS SELECT id, born FROM phi_masked.patient;
CREATE VIEW around AS SELECT m.born, t.name FROM phi_masked.patient m JOIN patient t USING (id);
GRANT SELECT ON on_top, around TO regress_deny_reader;
SET phisync.read_enforcement = deny;
SET ROLE regress_deny_reader;
SELECT id, born, length(mrn) AS mrn FROM phi_masked.patient ORDER BY id;
-- A view on it counts as what it is made from, until somebody says what its columns hold.
SELECT * FROM on_top ORDER BY id;
RESET ROLE;
SELECT phisync.tag('on_top', 'born', 'none') \g /dev/null
SET ROLE regress_deny_reader;
SELECT * FROM on_top ORDER BY id;
SELECT id FROM patient ORDER BY id;
SELECT name FROM patient;
SELECT * FROM around;
RESET ROLE;
-- It follows tags there too.
SELECT phisync.tag('patient', 'id', 'phi:code') \g /dev/null
SET ROLE regress_deny_reader;
SELECT * FROM phi_masked.patient ORDER BY born;
RESET ROLE;
RESET phisync.read_enforcement;
COPY (SELECT WHERE false) TO PROGRAM :'remove';
DROP SCHEMA regress_deny, phi_masked CASCADE;
SELECT phisync.drop_profile('regress_deny') \g /dev/null
DROP ROLE regress_deny_reader;
