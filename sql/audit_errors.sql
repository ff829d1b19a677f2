-- What the access audit refuses, and what it says then.
CREATE SCHEMA audit_errors;
SET search_path = audit_errors;
\set SHOW_CONTEXT never
-- The library is loaded by the first function that is in it.
SELECT phisync.version() IS NOT NULL AS loaded;
SET phisync.purpose = 'CURIOSITY';
SET phisync.purpose = 'TREATMENT';
SET phisync.purpose = 'etreat';
SHOW phisync.purpose;
SET phisync.purpose = '';
SET phisync.actor = E'two\nlines';
SELECT set_config('phisync.actor', repeat('ä', 129), false);
SET phisync.audit_durability = 'soon';
SET phisync.audit_on_failure = 'ignore';
-- The server words this one differently from major to major.
\set VERBOSITY sqlstate
SET phisync.audit_wait_timeout = 0;
\set VERBOSITY default
SET phisync.no_such_setting = 1;
RESET phisync.purpose;

CREATE TABLE t (a int, b text);
CREATE VIEW v AS SELECT * FROM t;
CREATE MATERIALIZED VIEW m AS SELECT * FROM t;
CREATE SEQUENCE s;
SELECT phisync.audit_table('v');
SELECT phisync.audit_table('m');
SELECT phisync.audit_table('s');
SELECT phisync.audit_table('no_such_table');
SELECT phisync.audit_table('phisync.audit_trail');
SELECT phisync.audit_table('pg_class');
SELECT phisync.unaudit_table('t');
-- No primary key: changes are recorded, the row is not named.
SELECT phisync.audit_table('t');
INSERT INTO t VALUES (1, 'x');
SELECT command, row_key FROM phisync.audit_log WHERE relations[1] = 'audit_errors.t';
SELECT phisync.audit_row_key('t', '1');
ALTER TABLE t ADD PRIMARY KEY (a);
SELECT phisync.audit_row_key('t');
SELECT phisync.audit_row_key('t', '1', '2');
SELECT phisync.audit_row_key('t', '1');
-- The trigger function is for phisync.audit_table alone.
CREATE TRIGGER wrong BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION phisync.audit_change();
INSERT INTO t VALUES (2, 'y');
DROP TRIGGER wrong ON t;
CREATE TRIGGER wrong AFTER INSERT ON t FOR EACH STATEMENT EXECUTE FUNCTION phisync.audit_change();
INSERT INTO t VALUES (2, 'y');
DROP TRIGGER wrong ON t;
SELECT phisync.audit_change();

-- Rights: an officer switches auditing, an auditor reads, neither writes the trail, others see nothing.
CREATE ROLE regress_audit_officer IN ROLE phisync_officer;
CREATE ROLE regress_audit_auditor IN ROLE phisync_auditor;
CREATE ROLE regress_audit_other;
GRANT USAGE ON SCHEMA audit_errors TO regress_audit_officer, regress_audit_auditor, regress_audit_other;
GRANT ALL ON t TO regress_audit_other;
GRANT CREATE ON SCHEMA audit_errors TO regress_audit_other;
SET ROLE regress_audit_officer;
SELECT phisync.unaudit_table('t');
SELECT phisync.audit_table('t');
SELECT count(*) > 0 AS readable FROM phisync.audit_log;
DELETE FROM phisync.audit_log;
INSERT INTO phisync.audit_trail DEFAULT VALUES;
SELECT phisync.audit_partition(now());
SELECT * FROM phisync.audit_secret;
SET ROLE regress_audit_auditor;
SELECT count(*) > 0 AS readable FROM phisync.audit_log;
SELECT phisync.audit_row_key('t', '1');
UPDATE phisync.audit_log SET purpose = 'TREAT';
TRUNCATE phisync.audit_trail;
SELECT nextval('phisync.audit_seq');
SELECT phisync.audit_table('t');
SET ROLE regress_audit_other;
SELECT count(*) FROM phisync.audit_log;
SELECT phisync.audit_table('t');
SELECT phisync.unaudit_table('t');
SELECT phisync.audit_row_key('t', '1');
CREATE TABLE own (a int);
CREATE TRIGGER forged AFTER INSERT ON own FOR EACH ROW EXECUTE FUNCTION phisync.audit_change();
-- Settings that weaken the audit are the superuser's.
SET phisync.audit_durability = 'async';
SET phisync.audit_on_failure = 'continue';
SET phisync.audit_wait_timeout = 1;
RESET ROLE;
SET client_min_messages = warning;
DROP SCHEMA audit_errors CASCADE;
DROP OWNED BY regress_audit_officer, regress_audit_auditor, regress_audit_other;
DROP ROLE regress_audit_officer, regress_audit_auditor, regress_audit_other;
