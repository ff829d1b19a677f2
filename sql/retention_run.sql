-- Runs: batches, what is kept and why, rows that fail, the ledger, the mark in the stream.
\set SHOW_CONTEXT never
CREATE SCHEMA regress_run;
SET search_path = regress_run;
SET client_min_messages = warning;
CREATE TABLE visit (id int PRIMARY KEY, patient text, ended date, state text);
CREATE TABLE bill (id int PRIMARY KEY, visit int REFERENCES visit DEFERRABLE INITIALLY DEFERRED);
INSERT INTO visit SELECT i, 'p' || i % 10, CASE WHEN i % 50 = 0 THEN NULL WHEN i <= 600 THEN date '2001-01-01' + i ELSE current_date - 10 END,
  CASE WHEN i % 4 = 0 THEN 'MA' ELSE 'NY' END FROM generate_series(1, 1000) i;
INSERT INTO bill VALUES (1, 17), (2, 444);
SELECT phisync.create_retention_policy('visit', 'run visits', 'ended', max_retention => '5 years', subject => 'patient');
SELECT phisync.create_retention_policy('visit', 'run MA', 'ended', min_retention => '90 years', filter => 'state = ''MA''');
SELECT phisync.place_legal_hold('run case', 'litigation', subject => 'p3');
SET client_min_messages = notice;

-- A dry run counts.
CALL phisync.run_retention('run visits', dry_run => true);
SELECT count(*) FROM visit;
SELECT count(*) AS ledger FROM phisync.dispositions WHERE policy = 'run visits';

-- The run: a mark before each batch, committed with it.
SELECT slot_name FROM pg_create_logical_replication_slot('regress_run', 'test_decoding');
CALL phisync.run_retention('run visits', batch_rows => 100);
SELECT count(*) FILTER (WHERE ended < current_date - 30) AS overdue, count(*) FILTER (WHERE ended IS NULL) AS no_anchor, count(*) AS rows FROM visit;
SELECT count(*) AS kept_without_cause FROM visit WHERE ended < current_date - 30 AND state <> 'MA' AND patient <> 'p3' AND id <> 17;
SELECT batch, relation, operation, disposed, kept_by_hold, kept_by_minimum, failed, skipped, sqlstates, lsn IS NOT NULL AS marked,
  started_at <= finished_at AS timed FROM phisync.dispositions WHERE policy = 'run visits' ORDER BY batch;
WITH changes AS (SELECT row_number() OVER () AS n, xid, data FROM pg_logical_slot_get_changes('regress_run', NULL, NULL)
                 WHERE data LIKE 'BEGIN%' OR data LIKE 'message:%' OR data LIKE 'table regress_run.visit: DELETE%'),
  marks AS (SELECT xid, min(n) AS n, count(*) AS marks, regexp_replace(regexp_replace(min(data), '"run":\d+', '"run":n'), 'sz: \d+', 'sz: n') AS mark FROM changes WHERE data LIKE 'message:%' GROUP BY xid)
SELECT m.mark, m.marks, count(*) AS deletes, bool_and(c.n > m.n) AS after_the_mark
FROM changes c JOIN marks m ON m.xid::text = c.xid::text AND c.data LIKE 'table%' GROUP BY m.xid::text, m.mark, m.marks ORDER BY 3;
SELECT pg_drop_replication_slot('regress_run');

-- Nothing due: no ledger row, and another run.
SELECT phisync.release_legal_hold('run case', 'settled');
DELETE FROM bill;
SELECT count(*) AS before FROM phisync.dispositions \gset
CALL phisync.run_retention('run visits');
CALL phisync.run_retention('run visits');
SELECT count(*) - :before AS new_rows FROM phisync.dispositions;
SELECT policy, dry_run, status, batches, disposed, kept_by_hold, kept_by_minimum, failed, skipped FROM phisync.retention_runs
WHERE policy LIKE 'run %' ORDER BY run;

-- Bounded in time: the next call goes on with the same run, from where it stopped.
SELECT phisync.drop_retention_policy('run MA');
CALL phisync.run_retention('run visits', batch_rows => 10, max_runtime => '0 s');
SELECT status, batches, disposed FROM phisync.retention_runs WHERE policy = 'run visits' ORDER BY run DESC LIMIT 1;
CALL phisync.run_retention('run visits');
SELECT status, batches > 1 AS more, disposed FROM phisync.retention_runs WHERE policy = 'run visits' ORDER BY run DESC LIMIT 1;
-- A table that was rewritten meanwhile is walked from its start.
UPDATE visit SET ended = '2001-01-01' WHERE id > 700;
CALL phisync.run_retention('run visits', batch_rows => 10, max_runtime => '0 s');
VACUUM FULL visit;
CALL phisync.run_retention('run visits');
SELECT count(*) FROM visit WHERE id > 700;

-- Triggers run with the rights of the table's owner, not of the officer or the extension.
CREATE ROLE regress_owner;
CREATE ROLE regress_runner IN ROLE phisync_officer;
GRANT ALL ON SCHEMA regress_run TO regress_owner, regress_runner;
CREATE TABLE owned (id int PRIMARY KEY, ended date);
CREATE TABLE seen (who name, context name);
GRANT INSERT ON seen TO PUBLIC;
INSERT INTO owned SELECT i, '2001-01-01' FROM generate_series(1, 5) i;
ALTER TABLE owned OWNER TO regress_owner;
CREATE FUNCTION spy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO regress_run.seen VALUES (current_user, session_user);
  RETURN CASE WHEN OLD.id = 3 THEN NULL ELSE OLD END;
END$$;
CREATE TRIGGER spy BEFORE DELETE ON owned FOR EACH ROW EXECUTE FUNCTION spy();
SET ROLE regress_runner;
SELECT phisync.create_retention_policy('owned', 'run owned', 'ended', max_retention => '1 day');
CALL phisync.run_retention('run owned');
RESET ROLE;
SELECT DISTINCT who FROM seen;
SELECT * FROM owned;
-- A guard that was switched off stops the engine; other policies still run.
ALTER TABLE owned DISABLE TRIGGER "~phisync_guard";
SELECT guarded FROM phisync.retention_policies WHERE name = 'run owned';
CALL phisync.run_retention();
SELECT policy, status, sqlstate FROM phisync.retention_runs WHERE policy LIKE 'run %' ORDER BY run DESC LIMIT 2;
ALTER TABLE owned ENABLE ALWAYS TRIGGER "~phisync_guard";
-- So does a table that was dropped.
CREATE TABLE gone (id int PRIMARY KEY, ended date);
SELECT phisync.create_retention_policy('gone', 'run gone', 'ended', max_retention => '1 year');
DROP TABLE gone;
CALL phisync.run_retention('run gone');
SELECT phisync.drop_retention_policy('run gone');
-- A row whose anchor cannot be computed fails alone.
CREATE TABLE born (id int PRIMARY KEY, y int);
INSERT INTO born VALUES (1, 2001), (2, 0), (3, 2002);
SELECT phisync.create_retention_policy('born', 'run born', 'make_date(y, 1, 1)', max_retention => '1 year');
CALL phisync.run_retention('run born');
SELECT disposed, failed, sqlstates FROM phisync.dispositions WHERE policy = 'run born';
SELECT * FROM born;
-- Rows that go by a cascade from a due row are judged as well.
CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree ON DELETE CASCADE, ended date);
INSERT INTO tree VALUES (1, NULL, '2001-01-01'), (2, 1, NULL), (3, NULL, '2001-01-01'), (4, 3, NULL);
SELECT phisync.create_retention_policy('tree', 'run tree', 'ended', max_retention => '1 year');
SELECT phisync.place_legal_hold('run leaf', 'litigation', 'tree', '{"id": 4}');
CALL phisync.run_retention('run tree');
SELECT id FROM tree ORDER BY id;
SELECT disposed, failed, sqlstates FROM phisync.dispositions WHERE policy = 'run tree';
SELECT phisync.release_legal_hold('run leaf', 'settled');

-- Refused.
BEGIN;
CALL phisync.run_retention();
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
CALL phisync.run_retention('no such policy');
CALL phisync.run_retention(batch_rows => 0);
SELECT phisync.retention_batch(-1, 10);
SELECT phisync.drop_retention_policy(name) FROM phisync.retention_policies WHERE name LIKE 'run %';
SET client_min_messages = warning;
DROP SCHEMA regress_run CASCADE;
DROP ROLE regress_owner, regress_runner;
