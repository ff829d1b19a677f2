-- The guard: retained rows stay, whoever asks and by whatever statement.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA regress_guard;
SET search_path = regress_guard;
CREATE TABLE chart (id int PRIMARY KEY, patient text, closed date, kind text NOT NULL DEFAULT 'paper', note text);
SELECT phisync.create_retention_policy('chart', 'charts', 'closed', min_retention => '10 years', filter => 'kind = ''paper''', subject => 'patient');
INSERT INTO chart VALUES (1, 'ann', current_date - 30), (2, 'ann', current_date - 7000), (3, 'bob', NULL), (4, 'bob', 'infinity'),
  (5, NULL, current_date - 30);
INSERT INTO chart VALUES (6, 'cyd', current_date - 30, 'scan');
SELECT id, (phisync.retention_status('chart', jsonb_build_object('id', id))).decision,
  (phisync.retention_status('chart', jsonb_build_object('id', id))).reason FROM chart ORDER BY id;
SELECT * FROM phisync.retention_status('chart', '{"id": 99}');

-- DELETE
DELETE FROM chart WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM chart WHERE id = 3;
DELETE FROM chart;
DELETE FROM chart WHERE id IN (2, 6);
INSERT INTO chart VALUES (2, 'ann', current_date - 7000);
MERGE INTO chart USING (SELECT 1 AS id) s ON chart.id = s.id WHEN MATCHED THEN DELETE;
-- UPDATE: what does not touch the retention passes, longer passes, shorter does not.
UPDATE chart SET note = 'seen';
UPDATE chart SET closed = closed + 1 WHERE id = 1;
UPDATE chart SET closed = closed - 1 WHERE id = 1;
UPDATE chart SET closed = NULL WHERE id = 1;
UPDATE chart SET kind = 'scan' WHERE id = 1;
UPDATE chart SET kind = 'scan' WHERE id = 3;
UPDATE chart SET patient = 'dee' WHERE id = 1;
UPDATE chart SET patient = NULL WHERE id = 1;
UPDATE chart SET patient = 'dee' WHERE id = 5;
UPDATE chart SET closed = current_date - 9000 WHERE id = 3;
UPDATE chart SET patient = 'eve', closed = NULL WHERE id = 2;
INSERT INTO chart VALUES (1) ON CONFLICT (id) DO UPDATE SET closed = '1999-01-01';
-- A trigger that fires before it cannot slip a change past it.
CREATE FUNCTION backdate() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN NEW.closed := '1999-01-01'; RETURN NEW; END$$;
CREATE TRIGGER zz_backdate BEFORE UPDATE ON chart FOR EACH ROW EXECUTE FUNCTION backdate();
UPDATE chart SET note = 'x' WHERE id = 1;
DROP TRIGGER zz_backdate ON chart;
-- Cascades from a parent.
CREATE TABLE person (name text PRIMARY KEY);
INSERT INTO person SELECT DISTINCT patient FROM chart WHERE patient IS NOT NULL;
ALTER TABLE chart ADD FOREIGN KEY (patient) REFERENCES person ON DELETE CASCADE ON UPDATE CASCADE;
DELETE FROM person WHERE name = 'ann';
-- TRUNCATE
TRUNCATE chart;
\echo :LAST_ERROR_SQLSTATE
TRUNCATE person CASCADE;
-- Replica role
SET session_replication_role = replica;
DELETE FROM chart WHERE id = 1;
TRUNCATE chart;
RESET session_replication_role;
-- Errors and status name no value: not the patient, not the date.
SELECT policies, holds, reason FROM phisync.retention_status('chart', '{"id": 1}');

-- Governance bypass: officers, with a reason, on record.
CREATE ROLE regress_clerk;
CREATE ROLE regress_boss IN ROLE phisync_officer;
GRANT USAGE ON SCHEMA regress_guard TO regress_clerk, regress_boss;
GRANT SELECT, DELETE, UPDATE ON chart TO regress_clerk, regress_boss;
SELECT coalesce(max(id), 0) AS before FROM phisync.dispositions \gset
BEGIN;
SET LOCAL phisync.bypass_governance = 'duplicate of chart 7';
SET LOCAL ROLE regress_clerk;
DELETE FROM chart WHERE id = 1;
ROLLBACK;
BEGIN;
SET LOCAL phisync.bypass_governance = 'duplicate of chart 7';
SET LOCAL ROLE regress_boss;
DELETE FROM chart WHERE id = 1;
UPDATE chart SET closed = current_date - 1 WHERE id = 5;
UPDATE chart SET closed = current_date - 50 WHERE id = 5;
COMMIT;
DELETE FROM chart WHERE id = 5;
SELECT kind, relation, operation, disposed, reason FROM phisync.dispositions WHERE id > :before ORDER BY id;
SELECT phisync.place_legal_hold('guard case', 'subpoena', subject => 'dee');
BEGIN;
SET LOCAL phisync.bypass_governance = 'please';
DELETE FROM chart WHERE id = 5;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SELECT phisync.release_legal_hold('guard case', 'withdrawn');
BEGIN;
SET LOCAL phisync.bypass_governance = 'end of test';
TRUNCATE chart;
COMMIT;
SELECT kind, relation, operation, disposed, reason FROM phisync.dispositions WHERE id > :before ORDER BY id;

-- An expression that has no value for a row: what cannot be judged is kept, and the error does not quote the row.
CREATE TABLE born (id int PRIMARY KEY, y int, m int, d int);
SELECT phisync.create_retention_policy('born', 'born', 'make_date(y, m, d)', '1 year');
INSERT INTO born VALUES (1, 1987, 13, 41), (2, 1987, 3, 14);
DELETE FROM born WHERE id = 1;
\echo :LAST_ERROR_SQLSTATE
DELETE FROM born WHERE id = 2;
-- A column that the policy needs: the policy says what is missing.
ALTER TABLE born RENAME d TO day;
DELETE FROM born WHERE id = 1;
SELECT phisync.drop_retention_policy('born');
DELETE FROM born;

-- End of periods, as the server's own calendar counts them in UTC.
SET timezone = 'America/New_York';
CREATE TABLE anchored (id serial PRIMARY KEY, anchor timestamptz);
INSERT INTO anchored (anchor) SELECT ('2019-01-27 23:30+00'::timestamptz + i * interval '7 hours') FROM generate_series(0, 2000) i;
SELECT phisync.create_retention_policy('anchored', 'anchored', 'anchor', '1 month 3 days 5 hours', '13 months');
SELECT count(*) AS wrong FROM anchored a, phisync.retention_status('anchored', jsonb_build_object('id', a.id)) s
WHERE s.retain_until <> ((a.anchor AT TIME ZONE 'UTC') + interval '1 month 3 days 5 hours') AT TIME ZONE 'UTC'
   OR s.dispose_at <> ((a.anchor AT TIME ZONE 'UTC') + interval '13 months') AT TIME ZONE 'UTC';
RESET timezone;
SELECT phisync.drop_retention_policy(name) FROM phisync.retention_policies WHERE name IN ('anchored', 'charts');
DROP SCHEMA regress_guard CASCADE;
DROP ROLE regress_clerk, regress_boss;
