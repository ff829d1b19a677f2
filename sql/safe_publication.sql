-- phisync.safe_publication(): a native publication that sends what a profile keeps, for consumers that read pgoutput.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
CREATE SCHEMA regress_publish;
SET search_path = regress_publish;
CREATE TABLE patient (id int PRIMARY KEY, mrn text, city text, born date, note text, initials text GENERATED ALWAYS AS (left(note, 1)) STORED);
CREATE TABLE "Order" (id int PRIMARY KEY, item text, codes text NOT NULL, qty int);
CREATE TABLE product (id int PRIMARY KEY, label text);
CREATE TABLE nobody_looked (id int PRIMARY KEY, label text);
CREATE TABLE visit (id int, day date, note text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE visit_old PARTITION OF visit FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE visit_new (note text, day date NOT NULL, id int NOT NULL);
ALTER TABLE visit ATTACH PARTITION visit_new FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
CREATE TABLE hiv_result (id int PRIMARY KEY, result text);
CREATE TABLE by_mrn (mrn text PRIMARY KEY, ward text);
CREATE TABLE whole (id int PRIMARY KEY, ward text);
ALTER TABLE whole REPLICA IDENTITY FULL;
CREATE TABLE keyless (id int, ward text);
CREATE UNLOGGED TABLE passing (id int PRIMARY KEY, ward text);
SELECT phisync.tag('patient', 'id', 'none'), phisync.tag('patient', 'mrn', 'phi:mrn'), phisync.tag('patient', 'city', 'none'), phisync.tag('patient', 'born', 'phi:date.birth'),
       phisync.tag('"Order"', 'id', 'none'), phisync.tag('"Order"', 'item', 'phi:clinical.rx'), phisync.tag('"Order"', 'codes', 'none;rows=sens'), phisync.tag('"Order"', 'qty', 'none'),
       phisync.tag('product', 'none'), phisync.tag('visit', 'id', 'none'), phisync.tag('visit', 'day', 'phi:date.service'), phisync.tag('visit', 'note', 'none'),
       phisync.tag('visit_new', 'note', 'phi:clinical.note'), phisync.tag('hiv_result', 'phi;sens=HIV'), phisync.tag('hiv_result', 'id', 'none'), phisync.tag('hiv_result', 'result', 'none'),
       phisync.tag('by_mrn', 'mrn', 'phi:mrn'), phisync.tag('by_mrn', 'ward', 'none'), phisync.tag('whole', 'ward', 'none'), phisync.tag('whole', 'id', 'none'),
       phisync.tag('keyless', 'ward', 'none'), phisync.tag('keyless', 'id', 'none'), phisync.tag('passing', 'ward', 'none'), phisync.tag('passing', 'id', 'none') \g /dev/null

-- What it publishes of each table, and why it leaves out the rest.
SELECT * FROM phisync.safe_publication('regress_safe', 'limited_dataset');
SELECT tablename, attnames, rowfilter IS NOT NULL AS filtered FROM pg_publication_tables WHERE pubname = 'regress_safe' ORDER BY 1;
SELECT pubinsert, pubupdate, pubdelete, pubtruncate, pubviaroot FROM pg_publication WHERE pubname = 'regress_safe';
SELECT kind, relation, column_name FROM phisync.leaks WHERE object = 'regress_safe';
SELECT relation, columns, reason FROM phisync.safe_publication('regress_some', 'withhold', ARRAY['patient', 'nobody_looked', 'visit', 'visit_old', 'passing', 'pg_class', 'phisync.bucket']::regclass[]);
DROP PUBLICATION regress_some;

-- A filter may ask only what the replica identity has; where nothing is updated or deleted it may ask anything, and keys do not matter.
SELECT relation, columns, row_filter, left_out, reason FROM phisync.safe_publication('regress_safe', 'limited_dataset', publish => 'insert')
WHERE relation::text IN ('"Order"', 'by_mrn', 'whole', 'keyless');
CREATE UNIQUE INDEX order_identity ON "Order" (id, codes);
ALTER TABLE "Order" REPLICA IDENTITY USING INDEX order_identity;
SELECT relation, columns, row_filter, left_out, reason FROM phisync.safe_publication('regress_safe', 'limited_dataset') WHERE relation = '"Order"'::regclass;

-- What pgoutput sends: no canary in any byte, and no table writes less for it.
SELECT FROM pg_create_logical_replication_slot('regress_publish', 'pgoutput');
CREATE FUNCTION sent() RETURNS TABLE (changes bigint, canaries bigint, kept bigint) LANGUAGE sql AS $$
  SELECT count(*) FILTER (WHERE get_byte(data, 0) IN (ascii('I'), ascii('U'), ascii('D'))), count(*) FILTER (WHERE position('CANARY'::bytea IN data) > 0),
         count(*) FILTER (WHERE position('KEPT'::bytea IN data) > 0)
  FROM pg_logical_slot_get_binary_changes('regress_publish', NULL, NULL, 'proto_version', '1', 'publication_names', 'regress_safe')
$$;
INSERT INTO patient VALUES (1, 'CANARY', 'KEPT Bonn', '1950-01-01', 'CANARY'), (2, 'CANARY2', 'KEPT Ulm', '1950-01-02', repeat('CANARY', 5000));
UPDATE patient SET mrn = 'CANARY3', city = 'KEPT Kiel' WHERE id = 1;
UPDATE patient SET id = 3, note = 'CANARY' WHERE id = 2;
DELETE FROM patient WHERE id = 1;
INSERT INTO "Order" VALUES (1, 'KEPT item', '', 1), (2, 'CANARY item', 'HIV', 1), (3, 'CANARY item', 'ETH, unknown', 1);
UPDATE "Order" SET codes = 'PSY', item = 'CANARY' WHERE id = 1;
DELETE FROM "Order" WHERE id = 2;
INSERT INTO visit VALUES (1, '2019-01-01', 'CANARY'), (2, '2021-01-01', 'CANARY');
UPDATE visit SET note = 'CANARY', day = '2021-06-01' WHERE id = 1;
DELETE FROM visit;
INSERT INTO hiv_result VALUES (1, 'CANARY');
INSERT INTO by_mrn VALUES ('CANARY', 'w'); UPDATE by_mrn SET ward = 'x'; DELETE FROM by_mrn;
INSERT INTO whole VALUES (1, 'CANARY'); UPDATE whole SET ward = 'CANARY2'; DELETE FROM whole;
INSERT INTO keyless VALUES (1, 'CANARY'); UPDATE keyless SET ward = 'CANARY2'; DELETE FROM keyless;
INSERT INTO nobody_looked VALUES (1, 'CANARY');
INSERT INTO product VALUES (1, 'KEPT');
SELECT * FROM sent();

-- Drift: a tag, a new partition, a filter taken away. leaks says so until it is called again; new columns do not join.
SELECT phisync.tag('patient', 'city', 'phi:geo.street') \g /dev/null
ALTER TABLE patient ADD COLUMN phone text DEFAULT 'CANARY';
SELECT relation, column_name, tag, remedy FROM phisync.leaks WHERE object = 'regress_safe' ORDER BY 1, 2;
SELECT relation, columns, left_out FROM phisync.safe_publication('regress_safe', 'limited_dataset') WHERE relation = 'patient'::regclass;
SELECT relation, column_name FROM phisync.leaks WHERE object = 'regress_safe';
ALTER PUBLICATION regress_safe SET TABLE "Order" (id, item, codes, qty), product;
SELECT relation, column_name, detail FROM phisync.leaks WHERE object = 'regress_safe' ORDER BY 1, 2;
SELECT count(reason), count(*) FROM phisync.safe_publication('regress_safe', 'limited_dataset');
SELECT relation, column_name FROM phisync.leaks WHERE object = 'regress_safe';
SELECT phisync.tag('visit_old', 'day', 'phi:date.service;sens=PSY') \g /dev/null
SELECT relation, column_name FROM phisync.leaks WHERE object = 'regress_safe';
SELECT relation, columns, reason FROM phisync.safe_publication('regress_safe', 'limited_dataset') WHERE relation = 'visit'::regclass;
INSERT INTO patient VALUES (9, 'CANARY', 'CANARY', '1950-01-01', 'CANARY');
INSERT INTO visit VALUES (9, '2019-01-01', 'CANARY');
SELECT * FROM sent();

-- A publication of a whole schema is mended, one of all tables is not; a profile in use stays.
CREATE PUBLICATION regress_schema FOR TABLES IN SCHEMA regress_publish;
SELECT phisync.create_profile('regress_publish', 'safe_harbor', consents => ARRAY['HIV']) \g /dev/null
SELECT relation, columns, row_filter, left_out, reason FROM phisync.safe_publication('regress_schema', 'regress_publish', ARRAY['hiv_result', '"Order"']::regclass[]);
SELECT tablename, attnames, rowfilter IS NOT NULL AS filtered FROM pg_publication_tables WHERE pubname = 'regress_schema' ORDER BY 1;
SELECT phisync.drop_profile('regress_publish');
-- The profile changes: the same call mends it, also down to nothing.
SELECT phisync.alter_profile('regress_publish', consents => '{}') \g /dev/null
SELECT relation, column_name, left(detail, 62) AS detail, remedy FROM phisync.leaks WHERE object = 'regress_schema' ORDER BY 1, 2;
SELECT relation, columns, reason FROM phisync.safe_publication('regress_schema', 'regress_publish', ARRAY['hiv_result']::regclass[]);
SELECT count(*) FROM pg_publication_tables WHERE pubname = 'regress_schema';
CREATE PUBLICATION regress_all FOR ALL TABLES;
SELECT * FROM phisync.safe_publication('regress_all', 'withhold');
SELECT * FROM phisync.safe_publication('regress_new', 'no_such_profile');
SELECT * FROM phisync.safe_publication(NULL, 'withhold');
DROP PUBLICATION regress_all;

-- Runs as its caller, who owns publication and tables.
CREATE ROLE regress_publish_officer IN ROLE phisync_officer;
GRANT USAGE, CREATE ON SCHEMA regress_publish TO regress_publish_officer;
SET ROLE regress_publish_officer;
\set VERBOSITY sqlstate
SELECT * FROM phisync.safe_publication('regress_new', 'withhold', '{}');
\set VERBOSITY default
SELECT * FROM phisync.safe_publication('regress_safe', 'withhold', '{}');
SELECT phisync.note_safe_publication('regress_safe', 'full', ARRAY['patient']::regclass[], ARRAY[NULL]);
RESET ROLE;
SELECT 'GRANT CREATE ON DATABASE ' || quote_ident(current_database()) || ' TO regress_publish_officer' AS grant_create,
       'REVOKE CREATE ON DATABASE ' || quote_ident(current_database()) || ' FROM regress_publish_officer' AS revoke_create \gset
\set ECHO none
:grant_create;
\set ECHO all
SET ROLE regress_publish_officer;
CREATE TABLE own (id int PRIMARY KEY, name text);
SECURITY LABEL FOR phisync ON COLUMN own.name IS 'phi:name';
SECURITY LABEL FOR phisync ON COLUMN own.id IS 'none';
SELECT relation, columns, left_out, reason FROM phisync.safe_publication('regress_new', 'withhold', ARRAY['own', 'patient']::regclass[]);
RESET ROLE;
SELECT publication, profile FROM phisync.safe_publication ORDER BY 1;
DROP PUBLICATION regress_new, regress_safe, regress_schema;
SELECT count(*) FROM phisync.safe_publication, phisync.safe_publication_table;
SELECT phisync.drop_profile('regress_publish');
SELECT pg_drop_replication_slot('regress_publish');
DROP SCHEMA regress_publish CASCADE;
\set ECHO none
:revoke_create;
\set ECHO all
DROP ROLE regress_publish_officer;
