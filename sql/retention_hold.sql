-- Legal holds: on a row, on a subject's rows in all tables, on rows that pass a predicate.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA regress_hold;
SET search_path = regress_hold;
CREATE TABLE visit (clinic text, no numeric, patient uuid, ended date, PRIMARY KEY (no, clinic));
CREATE TABLE claim (id bigint PRIMARY KEY, member uuid, paid timestamptz);
CREATE TABLE memo (at timestamptz PRIMARY KEY, body text);
SELECT phisync.create_retention_policy('visit', 'hold visits', 'ended', max_retention => '1 year', subject => 'patient');
SELECT phisync.create_retention_policy('claim', 'hold claims', 'paid', max_retention => '1 year', subject => 'member');
INSERT INTO visit SELECT 'c' || i % 2, i, ('00000000-0000-0000-0000-00000000000' || i % 4)::uuid, '2001-01-01' FROM generate_series(1, 8) i;
INSERT INTO claim SELECT i, ('00000000-0000-0000-0000-00000000000' || i % 4)::uuid, '2001-01-01' FROM generate_series(1, 8) i;
INSERT INTO memo VALUES ('2020-01-01 12:00+00', 'a'), ('2020-01-02 12:00+00', 'b');

-- Refused.
SELECT phisync.place_legal_hold('h', 'why');
SELECT phisync.place_legal_hold('h', 'why', 'visit');
SELECT phisync.place_legal_hold('h', 'why', pk => '{"id": 1}');
SELECT phisync.place_legal_hold('h', 'why', 'visit', '{"no": 1, "clinic": "c1"}', predicate => 'true');
SELECT phisync.place_legal_hold('h', 'why', 'visit', '{"no": 1}');
SELECT phisync.place_legal_hold('h', 'why', 'visit', '{"no": 1, "ward": 2}');
SELECT phisync.place_legal_hold('h', 'why', 'visit', '{"no": 1, "clinic": null}');
SELECT phisync.place_legal_hold('h', 'why', 'visit', '[1, "c1"]');
SELECT phisync.place_legal_hold('h', 'why', 'visit', '{"no": 99, "clinic": "c1"}');
SELECT phisync.place_legal_hold('h', 'why', 'visit', predicate => 'no');
SELECT phisync.place_legal_hold('h', 'why', 'visit', predicate => 'no > (SELECT 1)');
SELECT phisync.place_legal_hold('h', 'why', 'memo', subject => 'ann');
SELECT phisync.place_legal_hold('h', '', 'visit', predicate => 'true');
SELECT phisync.place_legal_hold('', 'why', 'visit', predicate => 'true');
SELECT phisync.release_legal_hold('h', 'why');

-- A subject's rows in all tables.
SELECT phisync.place_legal_hold('person', 'litigation', subject => '00000000-0000-0000-0000-000000000003', case_id => 'C-1');
DELETE FROM visit WHERE no = 3;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM claim WHERE id = 3;
UPDATE claim SET member = '00000000-0000-0000-0000-000000000000' WHERE id = 3;
UPDATE claim SET paid = '1999-01-01' WHERE id = 3;
DELETE FROM claim WHERE id = 4;
TRUNCATE claim;
\echo :LAST_ERROR_SQLSTATE
SELECT phisync.drop_retention_policy('hold claims');
SELECT phisync.create_retention_policy('claim', 'hold claims 2', 'paid', '1 day', subject => 'member');
SELECT phisync.drop_retention_policy('hold claims 2');
-- Of one table alone.
SELECT phisync.place_legal_hold('person here', 'litigation', 'visit', subject => '00000000-0000-0000-0000-000000000002');
DELETE FROM visit WHERE no = 2;
DELETE FROM claim WHERE id = 2;
-- A row, whatever the spelling of its key; also in a table without a policy.
SELECT phisync.place_legal_hold('row', 'complaint', 'visit', '{"clinic": "c1", "no": 5.00}');
SELECT phisync.place_legal_hold('memo', 'complaint', 'memo', '{"at": "2020-01-01 07:00-05"}');
DELETE FROM visit WHERE no = 5;
UPDATE visit SET no = 50 WHERE no = 5;
UPDATE visit SET no = 5.0 WHERE no = 5;
SET timezone = 'Asia/Kolkata';
DELETE FROM memo WHERE body = 'a';
DELETE FROM memo WHERE body = 'b';
RESET timezone;
TRUNCATE memo;
-- Rows that pass a predicate, those to come too.
SELECT phisync.place_legal_hold('many', 'audit', 'claim', predicate => 'id > 6');
DELETE FROM claim WHERE id = 8;
INSERT INTO claim VALUES (9, NULL, NULL);
DELETE FROM claim WHERE id = 9;
UPDATE claim SET id = 1000 WHERE id = 9;
UPDATE claim SET id = 4 WHERE id = 1000;
SELECT phisync.place_legal_hold('many', 'audit', 'claim', predicate => 'true');
SELECT holds, decision, reason FROM phisync.retention_status('claim', '{"id": 7}');

-- Holds can be several; the row goes when the last is released. Holds that were rolled back bind nobody.
BEGIN;
SELECT phisync.place_legal_hold('rolled back', 'error', 'claim', predicate => 'true');
DELETE FROM claim WHERE id = 1;
ROLLBACK;
DELETE FROM claim WHERE id = 1;
BEGIN;
SELECT phisync.release_legal_hold('person', 'settled');
DELETE FROM claim WHERE id = 3;
ROLLBACK;
DELETE FROM claim WHERE id = 3;
SELECT phisync.release_legal_hold('person', 'settled');
DELETE FROM claim WHERE id = 3;
DELETE FROM claim WHERE id = 7;
SELECT phisync.release_legal_hold('person', 'settled');
SELECT phisync.release_legal_hold('many', '');
SELECT phisync.release_legal_hold(name, 'closed') FROM (VALUES ('person here'), ('row'), ('memo'), ('many')) v (name);
SELECT name, kind, reason, case_id, relation, in_force, release_reason FROM phisync.legal_holds
WHERE name IN ('person', 'person here', 'row', 'memo', 'many', 'rolled back') ORDER BY name;
SELECT count(*) AS triggers_left FROM pg_trigger WHERE tgrelid = 'memo'::regclass;
DELETE FROM visit;
SELECT phisync.drop_retention_policy(name) FROM phisync.retention_policies WHERE name LIKE 'hold %';
DROP SCHEMA regress_hold CASCADE;
