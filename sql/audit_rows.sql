-- Row changes reach the trail in the transaction of the change, without preload, and never with a value.
CREATE SCHEMA audit_rows;
SET search_path = audit_rows;
CREATE VIEW seen AS
SELECT source, outcome, command, relations, row_key, columns, tags, changed_columns, application_user, purpose
FROM phisync.audit_log WHERE source = 'change' AND relations[1] LIKE 'audit_rows.%' ORDER BY seq;

CREATE TABLE patient (id int PRIMARY KEY, full_name text, ssn text, note text, "Odd Col" int);
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'full_name', 'phi:name'),
  phisync.tag('patient', 'ssn', 'phi:ssn'), phisync.tag('patient', 'note', 'none'), phisync.tag('patient', 'Odd Col', 'none');
SELECT phisync.audit_table('patient');
-- Twice is once.
SELECT phisync.audit_table('patient');

SET phisync.actor = 'nurse.joy';
SET phisync.purpose = 'treat';
INSERT INTO patient VALUES (1, 'Canary Yellow', '999-99-0001', 'canary note', 1), (2, 'Canary Blue', '999-99-0002', NULL, 2);
UPDATE patient SET ssn = '999-99-0003', "Odd Col" = 7 WHERE id = 1;
-- Nothing changes but the row is written again.
UPDATE patient SET ssn = ssn WHERE id = 2;
DELETE FROM patient WHERE id = 2;
RESET phisync.actor;
RESET phisync.purpose;
-- A rollback erases the event with the change.
BEGIN;
DELETE FROM patient;
ROLLBACK;
BEGIN;
SAVEPOINT s;
UPDATE patient SET note = 'canary gone';
ROLLBACK TO s;
UPDATE patient SET note = 'canary stays';
COMMIT;
-- Triggers that only fire for the origin would be silent here.
SET session_replication_role = replica;
UPDATE patient SET note = 'canary replica';
RESET session_replication_role;
TRUNCATE patient;
SELECT * FROM seen;
SELECT count(*) AS events, count(DISTINCT event_id) AS ids, bool_and(transaction_id IS NOT NULL) AS with_transaction,
  bool_and(recorded_at BETWEEN now() - interval '1 hour' AND clock_timestamp()) AS timely,
  bool_and(session_role = current_user AND effective_role = current_user) AS roles,
  count(DISTINCT backend_pid) AS sessions, array_agg(DISTINCT "precision") AS precisions
FROM phisync.audit_log WHERE source = 'change' AND relations[1] LIKE 'audit_rows.%';

-- Large values that are stored out of line are compared, not named when they did not change.
CREATE TABLE scan (id int PRIMARY KEY, image text, page int);
SELECT phisync.audit_table('scan');
INSERT INTO scan SELECT 1, string_agg(md5(i::text), ''), 1 FROM generate_series(1, 1000) i;
UPDATE scan SET page = 2;
SELECT command, changed_columns FROM seen WHERE relations[1] = 'audit_rows.scan';

-- A key that is PHI is stored as a keyed hash; who knows the key finds the row.
CREATE TABLE insured (ssn text, born date, plan text, PRIMARY KEY (ssn, born));
SELECT phisync.tag('insured', 'ssn', 'phi:ssn'), phisync.tag('insured', 'born', 'phi:date.birth'), phisync.tag('insured', 'plan', 'none');
SELECT phisync.audit_table('insured');
INSERT INTO insured VALUES ('999-99-0004', '1970-01-02', 'basic');
SET datestyle = german;
UPDATE insured SET plan = 'full';
RESET datestyle;
SELECT command, row_key ~ '^hmac:[0-9a-f]{64}$' AS hashed, row_key = phisync.audit_row_key('insured', '999-99-0004', '1970-01-02') AS found
FROM seen WHERE relations[1] = 'audit_rows.insured';

-- Partitions, also those attached later, by the name of the partition and of the whole.
CREATE TABLE visit (id int, year int, reason text, PRIMARY KEY (id, year)) PARTITION BY LIST (year);
CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES IN (2025);
SELECT phisync.audit_table('visit');
CREATE TABLE visit_2026 PARTITION OF visit FOR VALUES IN (2026);
INSERT INTO visit VALUES (1, 2025, 'canary'), (2, 2026, 'canary');
UPDATE visit SET year = 2026 WHERE id = 1;
DELETE FROM visit_2026 WHERE id = 2;
SET session_replication_role = replica;
DELETE FROM visit;
RESET session_replication_role;
TRUNCATE visit_2025;
SELECT command, relations, row_key, changed_columns FROM seen WHERE relations[1] LIKE 'audit_rows.visit%';

-- Changes by somebody without any right to the trail.
CREATE ROLE regress_audit_app;
GRANT USAGE ON SCHEMA audit_rows TO regress_audit_app;
GRANT ALL ON patient TO regress_audit_app;
SET ROLE regress_audit_app;
INSERT INTO patient VALUES (3, 'Canary Green');
SELECT count(*) FROM phisync.audit_log;
SELECT count(*) FROM phisync.audit_trail;
RESET ROLE;
SELECT session_role = session_user AS session_kept, effective_role, command FROM phisync.audit_log WHERE source = 'change' ORDER BY seq DESC LIMIT 1;

-- No value is anywhere in the trail.
SELECT count(*) AS leaks FROM phisync.audit_trail t WHERE t::text ILIKE '%canary%' OR t::text LIKE '%999-99%';

-- A missing month is made when an event needs it, and one that was detached does not lose events.
SELECT 'audit_trail_' || to_char(now() AT TIME ZONE 'UTC', '"y"YYYY"m"MM') AS month \gset
ALTER TABLE phisync.audit_trail DETACH PARTITION phisync.:month;
INSERT INTO scan VALUES (2);
SELECT count(*) AS after_detach FROM phisync.audit_log WHERE command = 'INSERT' AND relations[1] = 'audit_rows.scan';
ALTER TABLE phisync.:month RENAME TO detached;
DELETE FROM scan;
SELECT count(*) FROM pg_inherits WHERE inhparent = 'phisync.audit_trail'::regclass;
DROP TABLE phisync.detached;

SELECT phisync.unaudit_table('patient'), phisync.unaudit_table('visit');
SELECT count(*) AS triggers_left FROM pg_trigger WHERE tgname LIKE 'phisync\_audit%' AND tgrelid IN ('patient'::regclass, 'visit'::regclass, 'visit_2025'::regclass, 'visit_2026'::regclass);
-- The triggers belong to the table: it can be dropped without the extension.
\set VERBOSITY terse
SET client_min_messages = warning;
DROP SCHEMA audit_rows CASCADE;
DROP OWNED BY regress_audit_app;
DROP ROLE regress_audit_app;
SELECT count(*) AS extension FROM pg_extension WHERE extname = 'phisync';
