-- What detection reads: so many rows of a table and no more, of whatever columns there are, and never for long.
CREATE SCHEMA regress_sample;
SET search_path = regress_sample;
SET client_min_messages = warning;

-- As the server counts them: at most so many rows of a table, of partitions together.
CREATE TABLE small (id int, email text);
INSERT INTO small SELECT n, 'canary' || n || '@example.org' FROM generate_series(1, 90) n;
CREATE TABLE large (LIKE small);
INSERT INTO large SELECT n, 'canary' || n || '@example.org' FROM generate_series(1, 60000) n;
CREATE TABLE long (LIKE small);
INSERT INTO long SELECT n, 'canary' || n || '@example.org' || repeat(' ', 900) FROM generate_series(1, 5000) n;
CREATE TABLE parted (LIKE small) PARTITION BY HASH (id);
CREATE TABLE parted_0 PARTITION OF parted FOR VALUES WITH (MODULUS 3, REMAINDER 0);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES WITH (MODULUS 3, REMAINDER 1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES WITH (MODULUS 3, REMAINDER 2);
INSERT INTO parted SELECT * FROM large;
CREATE TABLE halves (id int, ssn text);
INSERT INTO halves SELECT n, CASE WHEN n > 30000 THEN to_char(536220000 + n, 'FM000"-"00"-"0000') ELSE 'none' END || repeat(' ', 40) FROM generate_series(1, 60000) n;
-- Counts that the server has not written down yet are those of transactions before, too.
CREATE VIEW counted AS
  SELECT coalesce(pg_partition_root(relid), relid)::regclass AS root, sum(seq_tup_read) AS rows
  FROM pg_stat_xact_user_tables WHERE schemaname = 'regress_sample' GROUP BY 1;
CREATE FUNCTION rows_read(sample int) RETURNS TABLE (root regclass, rows bigint) LANGUAGE plpgsql AS $$
BEGIN
  CREATE TEMP TABLE before ON COMMIT DROP AS SELECT * FROM counted;
  PERFORM phisync.detect(ARRAY['regress_sample'], sample);
  RETURN QUERY SELECT c.root, (c.rows - b.rows)::bigint FROM counted c JOIN before b USING (root) ORDER BY c.root::text;
END
$$;
SELECT root, rows BETWEEN 1 AND 500 AS within FROM rows_read(500) WHERE root <> 'small'::regclass;
SELECT rows FROM rows_read(500) WHERE root = 'small'::regclass;
ANALYZE;
SELECT root, rows BETWEEN 1 AND 500 AS within FROM rows_read(500) WHERE root <> 'small'::regclass;
SELECT sum(rows) FROM rows_read(0);
-- From all over the table, not its beginning alone.
SELECT (evidence #>> '{hits,ssn}')::numeric BETWEEN 0.02 AND 0.7 AS from_both_halves FROM phisync.detect(ARRAY['regress_sample'], 5000) WHERE relation = 'halves'::regclass;
DROP FUNCTION rows_read;
DROP VIEW counted;
DROP TABLE small, large, long, parted, halves;

-- Columns of every sort.
CREATE TYPE mood AS ENUM ('fine', 'ill');
CREATE DOMAIN mail AS text CHECK (VALUE LIKE '%@%');
CREATE TYPE home AS (street text, zip text, since date);
CREATE TABLE sorts (
  nothing text, patient_ssn text, mails text[], feeling mood, contact mail, lives home, lived home[],
  upper_mail text GENERATED ALWAYS AS (upper('canary' || n::text || '@example.org')) STORED, n int, far xml, bits bit(3), span daterange, spot point);
INSERT INTO sorts (mails, feeling, contact, lives, n)
  SELECT ARRAY['canary' || i || '@example.org'], 'ill', 'canary' || i || '@example.org', (i || ' Oak Street', '98101', NULL)::home, i FROM generate_series(1, 50) i;
SELECT column_name, kind, confidence >= 0.9 AS sure, evidence -> 'values' AS values FROM phisync.detect(ARRAY['regress_sample']) ORDER BY column_name;
SELECT evidence #- '{keys,0,confidence}' #- '{keys,1,confidence}' AS evidence FROM phisync.detect(ARRAY['regress_sample']) WHERE column_name = 'lives';
DROP TABLE sorts;

-- Names of every sort; the longest have 63 bytes.
CREATE TABLE "Päti""ent; 'x'" ("mail""s'" text, "электронная почта" text, "naïve_ssn" text, "ssn_of_the_patient_whose_name_is_as_long_as_a_name_may_ever_be_" text);
INSERT INTO "Päti""ent; 'x'" SELECT 'canary' || n || '@example.org', 'canary' || n || '@example.org', '536-22-' || 1000 + n, '536-22-' || 1000 + n FROM generate_series(1, 50) n;
SELECT relation, column_name, suggested_label FROM phisync.detect(ARRAY['regress_sample']) ORDER BY column_name COLLATE "C";
SELECT relation, column_name, outcome FROM phisync.apply_suggestions(schemas => ARRAY['regress_sample']) ORDER BY column_name COLLATE "C";
DROP TABLE "Päti""ent; 'x'";

-- Of cells of a megabyte the beginning is enough; documents and arrays of that size are passed over.
CREATE TABLE huge (note text, doc jsonb, list text[], small_doc jsonb);
ALTER TABLE huge ALTER note SET STORAGE EXTERNAL;
INSERT INTO huge SELECT '536-22-' || 1000 + n || ' ' || repeat('seen today and well ', 60000), jsonb_build_object('ssn', '536-22-' || 1000 + n, 'x', repeat('x', 300000)),
  array_fill('canary@example.org'::text, ARRAY[30000]), jsonb_build_object('ssn', '536-22-' || 1000 + n) FROM generate_series(1, 20) n;
SELECT column_name, kind, evidence -> 'values' AS values, evidence -> 'keys' IS NOT NULL AS keys FROM phisync.detect(ARRAY['regress_sample']) ORDER BY column_name;
DROP TABLE huge;

-- Keys tell what names do not: whom a row refers to, the key of a table of persons; a person's mother is not whom the row is about.
CREATE TABLE patient_register (nr int PRIMARY KEY, mother int REFERENCES patient_register);
CREATE TABLE thing (nr int PRIMARY KEY, whose int REFERENCES patient_register, what text);
SELECT relation, column_name, suggested_label, confidence >= 0.9 AS sure, evidence -> 'key' AS key FROM phisync.detect(ARRAY['regress_sample']) ORDER BY relation::text, column_name;
DROP TABLE thing, patient_register;

-- Of foreign tables the names alone count, and nothing is asked of their servers.
CREATE FOREIGN DATA WRAPPER regress_sample_wrapper;
CREATE SERVER regress_sample_server FOREIGN DATA WRAPPER regress_sample_wrapper;
CREATE FOREIGN TABLE far_patient (ssn text, email text) SERVER regress_sample_server;
CREATE TABLE near_far (ssn text, id int) PARTITION BY LIST (id);
CREATE FOREIGN TABLE near_far_1 PARTITION OF near_far FOR VALUES IN (1) SERVER regress_sample_server;
SELECT relation, column_name, suggested_label, evidence ->> 'names_only' AS names_only FROM phisync.detect(ARRAY['regress_sample']) ORDER BY relation::text, column_name;
SELECT relation, column_name, outcome FROM phisync.apply_suggestions(schemas => ARRAY['regress_sample']) ORDER BY relation::text, column_name;
SELECT phisync.untag('far_patient'::regclass, 'ssn'), phisync.untag('far_patient'::regclass, 'email'), phisync.untag('near_far'::regclass, 'ssn');
DROP TABLE near_far;
DROP FOREIGN DATA WRAPPER regress_sample_wrapper CASCADE;

-- It can be cancelled while it reads, and leaves nothing behind.
CREATE ROLE regress_sample_officer IN ROLE phisync_officer;
GRANT USAGE ON SCHEMA regress_sample TO regress_sample_officer;
CREATE TABLE slow (ssn text);
INSERT INTO slow SELECT '536-22-' || 1000 + n FROM generate_series(1, 1000) n;
ALTER TABLE slow ENABLE ROW LEVEL SECURITY;
CREATE POLICY slow ON slow USING (pg_sleep(0.1) IS NOT NULL);
GRANT SELECT ON slow TO regress_sample_officer;
SET ROLE regress_sample_officer;
BEGIN;
SAVEPOINT before;
SET LOCAL statement_timeout = '300ms';
SELECT count(*) FROM phisync.detect(ARRAY['regress_sample']);
ROLLBACK TO before;
SELECT current_setting('transaction_read_only') AS read_only, current_setting('lock_timeout') AS lock_timeout,
  (SELECT count(*) FROM pg_locks WHERE relation = 'slow'::regclass AND pid = pg_backend_pid()) AS locks;
COMMIT;
RESET ROLE;

DROP SCHEMA regress_sample CASCADE;
DROP ROLE regress_sample_officer;
