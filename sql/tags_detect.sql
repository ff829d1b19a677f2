-- Detection: columns that probably hold PHI, by names and values; evidence never has a value.
CREATE SCHEMA regress_detect;
SET search_path = regress_detect;
CREATE TABLE patient (id int PRIMARY KEY, fname text, lname varchar(40), dob date, ssn char(11), contact_info jsonb, col7 text, status text, created_at timestamptz);
INSERT INTO patient
  SELECT n, 'Zebulon', 'Quickfoot' || n, date '1930-01-01' + n * 311, to_char(536220000 + n * 17, 'FM000"-"00"-"0000'),
    jsonb_build_object('email', 'canary' || n || '@example.org', 'Quickfoot the key', 'canary' || n || '@example.org'),
    'canary' || n || '@example.org', 'active', now()
  FROM generate_series(1, 90) n;
CREATE TABLE product (id int PRIMARY KEY, name text, sku text, image_url text, price numeric);
INSERT INTO product SELECT n, 'Canary widget ' || n, 'SKU' || n, 'img/' || n, n FROM generate_series(1, 50) n;
CREATE TABLE nothing_yet (member_id text, home_phone text, note text);
CREATE TABLE "Odd "" Table; --" ("Pat'ient SSN" text, "e-mail" text, "ZIP$" text, "select" text, " " text, "ünïcode" text);
INSERT INTO "Odd "" Table; --" VALUES ('536-22-8817', 'canary@example.org', '98101', 'x', 'y', 'z');
CREATE VIEW patient_names AS SELECT fname, lname FROM patient;
CREATE TABLE visit (patient_id int, admit_dt date, reason text) PARTITION BY RANGE (admit_dt);
CREATE TABLE visit_old PARTITION OF visit FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE visit_new PARTITION OF visit FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
INSERT INTO visit SELECT n, date '2019-01-01' + n * 10, 'canary' FROM generate_series(1, 60) n;
CREATE TABLE base (email text);
CREATE TABLE heir (phone text) INHERITS (base);
CREATE TABLE wide (a text[], b int, c bytea, d json, e bool, f int4range, g inet);
INSERT INTO wide VALUES (ARRAY['canary1@example.org', NULL, 'canary2@example.org'], 1, '\x00', '[{"ssn": "536-22-8817"}, 3]', true, '[1,2]', '10.1.2.3'),
  (NULL, NULL, NULL, NULL, NULL, NULL, NULL), ('{}', 2, '', '"text"', false, 'empty', '::1');
CREATE TEMP TABLE found AS SELECT * FROM phisync.detect(ARRAY['regress_detect']);
SELECT relation, column_name, kind, confidence >= 0.9 AS sure, suggested_label FROM found ORDER BY relation::text COLLATE "C", column_name COLLATE "C";

-- The evidence: words, counts and shares.
SELECT jsonb_pretty(evidence) FROM found WHERE relation = 'patient'::regclass AND column_name IN ('ssn', 'contact_info') ORDER BY column_name;
SELECT relation, column_name, evidence ->> 'names_only' AS names_only, evidence -> 'sampled' AS sampled
FROM found WHERE relation IN ('patient_names'::regclass, 'nothing_yet'::regclass, 'visit'::regclass) ORDER BY 1, 2;
SELECT count(*) AS leaks FROM found f WHERE f::text ~* 'canary|zebulon|quickfoot|example\.org|536|[0-9]{3}-[0-9]{2}';

-- At most so many rows of a table; none: names alone.
SELECT column_name, kind, evidence -> 'values' AS values, evidence -> 'sampled' AS sampled
FROM phisync.detect(ARRAY['regress_detect'], 7) WHERE relation = 'patient'::regclass AND column_name IN ('ssn', 'col7') ORDER BY 1;
SELECT column_name, evidence ->> 'names_only' AS names_only FROM phisync.detect(ARRAY['regress_detect'], 0) WHERE relation = 'patient'::regclass ORDER BY 1;
CREATE TABLE big (ssn text);
INSERT INTO big SELECT to_char(536220000 + n * 7, 'FM000"-"00"-"0000') || repeat(' ', 100) FROM generate_series(1, 40000) n;
ANALYZE big;
SELECT (evidence -> 'sampled')::int BETWEEN 20 AND 100 AS sampled, kind FROM phisync.detect(ARRAY['regress_detect'], 100) WHERE relation = 'big'::regclass;
DROP TABLE big;
SELECT count(*) FROM phisync.detect('{}');
SELECT phisync.detect(ARRAY['regress_no_such']);
SELECT phisync.detect(ARRAY['regress_detect', NULL]);
SELECT phisync.detect(sample => -1);
SELECT phisync.detect(sample => NULL);

-- Applied: what is tagged, by whom, stays; what is not gets the label, a view follows.
SELECT phisync.tag('patient', 'lname', 'none');
SELECT phisync.tag('visit', 'patient_id', 'none;subject');
SELECT relation, column_name, label, confidence >= 0.9 AS sure, outcome FROM phisync.apply_suggestions(schemas => ARRAY['regress_detect']);
SELECT relation, column_name, tag, source FROM phisync.effective_tags()
WHERE relation IN ('patient'::regclass, 'patient_names'::regclass, 'visit_old'::regclass) ORDER BY relation::text, column_name;
SELECT count(*) FROM phisync.apply_suggestions(schemas => ARRAY['regress_detect']);
SELECT * FROM phisync.apply_suggestions(0.4);
SELECT * FROM phisync.apply_suggestions(NULL);
SELECT evidence -> 'tag' AS tag FROM phisync.detect(ARRAY['regress_detect']) WHERE relation = 'patient'::regclass AND column_name = 'ssn';

-- With the caller's privileges, under row-level security; the owner's policy cannot write.
CREATE ROLE regress_detect_officer IN ROLE phisync_officer;
GRANT USAGE ON SCHEMA regress_detect TO regress_detect_officer;
CREATE SCHEMA regress_detect_closed;
CREATE TABLE regress_detect_closed.t (ssn text);
CREATE TABLE mixed (id int, ssn text, email text);
INSERT INTO mixed SELECT n, '536-22-' || 1000 + n, 'canary' || n || '@example.org' FROM generate_series(1, 20) n;
GRANT SELECT (id, email) ON mixed TO regress_detect_officer;
CREATE TABLE guarded (ssn text, clinic int);
INSERT INTO guarded SELECT '536-22-' || 1000 + n, n % 2 FROM generate_series(1, 20) n;
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY one ON guarded USING (clinic = 1);
CREATE TABLE trap (ssn text);
INSERT INTO trap VALUES ('536-22-8817');
CREATE TABLE trapped (n int);
GRANT INSERT ON trapped TO PUBLIC;
CREATE FUNCTION spring(t text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN INSERT INTO regress_detect.trapped VALUES (1); RAISE EXCEPTION 'row %', t; END $$;
ALTER TABLE trap ENABLE ROW LEVEL SECURITY;
CREATE POLICY bad ON trap USING (spring(ssn));
GRANT SELECT ON guarded, trap TO regress_detect_officer;
SET ROLE regress_detect_officer;
SELECT relation, column_name, kind, evidence -> 'values' AS values, evidence ->> 'names_only' AS names_only, evidence -> 'row_security' AS rls
FROM phisync.detect(ARRAY['regress_detect', 'regress_detect_closed'])
WHERE relation::text ~ 'mixed|guarded|trap|closed' ORDER BY relation::text, column_name;
SET row_security = off;
SELECT evidence ->> 'names_only' AS names_only FROM phisync.detect(ARRAY['regress_detect']) WHERE relation = 'guarded'::regclass;
RESET row_security;
SELECT relation, outcome FROM phisync.apply_suggestions(schemas => ARRAY['regress_detect']);
RESET ROLE;
SELECT count(*) FROM trapped;
CREATE ROLE regress_detect_auditor IN ROLE phisync_auditor;
SET ROLE regress_detect_auditor;
SELECT count(*) FROM phisync.detect('{}');
SELECT * FROM phisync.apply_suggestions();
RESET ROLE;
CREATE ROLE regress_detect_nobody;
SET ROLE regress_detect_nobody;
SELECT * FROM phisync.detect();
RESET ROLE;

-- No lock is kept; the transaction is as before.
BEGIN;
SELECT count(*) > 0 AS found FROM phisync.detect(ARRAY['regress_detect']);
SELECT count(*) FROM pg_locks l WHERE l.locktype = 'relation' AND l.pid = pg_backend_pid() AND l.relation = 'patient'::regclass;
SELECT current_setting('transaction_read_only');
COMMIT;

SET client_min_messages = warning;
-- A thousand columns.
CREATE SCHEMA regress_detect_wide;
DO $$
BEGIN
  FOR t IN 1..20 LOOP
    EXECUTE format('CREATE TABLE regress_detect_wide.t%s AS SELECT %s FROM generate_series(1, 100) n', t,
      (SELECT string_agg((ARRAY['''canary'' || n || ''@example.org'' AS contact', 'n AS number', '''some words '' || n AS text', 'date ''2000-01-01'' + n AS day', 'md5(n::text) AS hash'])[c % 5 + 1] || c, ', ')
       FROM generate_series(1, 50) c));
  END LOOP;
END
$$;
SELECT kind, count(*) FROM phisync.detect(ARRAY['regress_detect_wide']) GROUP BY kind ORDER BY kind;
DROP SCHEMA regress_detect_wide CASCADE;

DROP SCHEMA regress_detect, regress_detect_closed CASCADE;
DROP ROLE regress_detect_officer, regress_detect_auditor, regress_detect_nobody;
