-- View phisync.leaks: what carries PHI out of the database past phisync, each with what mends it.
CREATE SCHEMA regress_leaks;
SET search_path = regress_leaks;
CREATE ROLE regress_leaks_reader;
CREATE ROLE regress_leaks_auditor IN ROLE phisync_auditor;
CREATE FUNCTION leaks(only_kinds text[] DEFAULT NULL) RETURNS TABLE (kind text, object text, relation regclass, column_name name, tag text, detail text, remedy text) LANGUAGE sql AS $$
  SELECT * FROM phisync.leaks l WHERE only_kinds IS NULL OR l.kind = ANY (only_kinds) ORDER BY 1, 2, l.relation::text, 4, 6
$$;
CREATE TABLE patient (id int PRIMARY KEY, mrn text, name text, city text, born date, initials text GENERATED ALWAYS AS (left(name, 1)) STORED);
CREATE TABLE product (id int PRIMARY KEY, label text);
INSERT INTO patient SELECT g, 'M' || g % 7, 'Ann ' || g % 5, 'Bonn', DATE '1950-01-01' + g FROM generate_series(1, 200) g;

-- Nothing is PHI: nothing leaks, whatever is published or granted.
GRANT SELECT ON patient, product TO PUBLIC;
CREATE PUBLICATION regress_all FOR ALL TABLES;
ANALYZE patient;
SELECT * FROM leaks();
DROP PUBLICATION regress_all;
REVOKE SELECT ON patient FROM PUBLIC;

SELECT phisync.tag('patient', 'id', 'none'), phisync.tag('patient', 'mrn', 'phi:mrn'), phisync.tag('patient', 'name', 'phi:name'),
       phisync.tag('patient', 'city', 'none'), phisync.tag('product', 'none');
-- Only the owner may read it. born and initials have no tag and count as PHI.
SELECT * FROM leaks();

-- Publications: columns outside the list, generated ones and tables without PHI are not sent.
SET client_min_messages = error;
CREATE PUBLICATION regress_some FOR TABLE product, patient (id, city, mrn) WHERE (id > 10) WITH (publish = 'insert, delete');
CREATE PUBLICATION regress_schema FOR TABLES IN SCHEMA regress_leaks;
CREATE PUBLICATION regress_none FOR TABLE product, patient (id, city);
CREATE PUBLICATION regress_truncate FOR TABLE patient WITH (publish = 'truncate');
CREATE PUBLICATION regress_delete FOR TABLE patient WITH (publish = 'delete');
RESET client_min_messages;
SELECT * FROM leaks();
-- DELETE sends the whole row where the replica identity is FULL.
DROP PUBLICATION regress_some, regress_schema;
ALTER TABLE patient REPLICA IDENTITY FULL;
SELECT object, column_name, detail FROM leaks();
ALTER TABLE patient REPLICA IDENTITY DEFAULT;
DROP PUBLICATION regress_none, regress_truncate, regress_delete;

-- Partitions: through the root, what one of them is tagged as.
CREATE TABLE visit (id int, day date, note text) PARTITION BY RANGE (day);
CREATE TABLE visit_old PARTITION OF visit FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE visit_new PARTITION OF visit FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
SELECT phisync.tag('visit_new', 'note', 'phi:clinical.note'), phisync.tag('visit_new', 'id', 'none'), phisync.tag('visit_new', 'day', 'none');
SET client_min_messages = error;
CREATE PUBLICATION regress_root FOR TABLE visit WITH (publish_via_partition_root);
CREATE PUBLICATION regress_leaf FOR TABLE visit;
RESET client_min_messages;
SELECT object, relation, column_name, tag FROM leaks();
DROP PUBLICATION regress_root, regress_leaf;
DROP TABLE visit;

-- Slots of other plugins. pgoutput sends what the publications hold.
SELECT FROM pg_create_logical_replication_slot('regress_leaks_test', 'test_decoding');
SELECT FROM pg_create_logical_replication_slot('regress_leaks_native', 'pgoutput');
SELECT FROM pg_create_logical_replication_slot('regress_leaks_own', 'phisync');
SELECT * FROM leaks();
SET client_min_messages = error;
CREATE PUBLICATION regress_all FOR ALL TABLES;
RESET client_min_messages;
SELECT object, detail, remedy FROM leaks(ARRAY['slot']);
DROP PUBLICATION regress_all;
SELECT FROM (SELECT pg_drop_replication_slot(s) FROM unnest(ARRAY['regress_leaks_test', 'regress_leaks_native', 'regress_leaks_own']) s) d;

-- Views with their owner's rights, and copies. What nobody else may read, what reads nothing of it, and what reads with its reader's rights is no leak.
CREATE VIEW regress_leaks."Phone List" AS SELECT id, lower(name) AS name, city FROM patient;
CREATE VIEW towns AS SELECT city, count(*) FROM patient GROUP BY city;
CREATE VIEW own AS SELECT name FROM patient;
CREATE VIEW asking WITH (security_invoker) AS SELECT name FROM patient;
CREATE MATERIALIZED VIEW copy AS SELECT mrn FROM patient;
GRANT SELECT ON "Phone List" TO PUBLIC, regress_leaks_reader;
GRANT SELECT ON towns, asking TO PUBLIC;
GRANT SELECT (mrn) ON copy TO regress_leaks_reader;
GRANT INSERT, UPDATE ON own TO PUBLIC;
SELECT * FROM leaks();
DROP VIEW "Phone List", towns, own, asking;
DROP MATERIALIZED VIEW copy;

-- Grants, and statistics for those who have them; a grant on one column is one.
GRANT SELECT ON patient TO regress_leaks_reader;
GRANT SELECT (id, mrn) ON patient TO PUBLIC;
SELECT * FROM leaks();
REVOKE SELECT ON patient FROM regress_leaks_reader, PUBLIC;
REVOKE SELECT (id, mrn) ON patient FROM PUBLIC;

-- Statistics of expressions in indexes and of several columns together hold values too.
CREATE INDEX patient_upper ON patient (id, upper(name));
CREATE INDEX patient_plain ON patient (mrn);
CREATE STATISTICS both_columns (mcv) ON mrn, city FROM patient;
CREATE STATISTICS counts (ndistinct) ON mrn, city FROM patient;
ANALYZE patient;
SELECT * FROM leaks();
GRANT SELECT ON patient TO regress_leaks_reader;
SELECT kind, object, column_name, detail, remedy FROM leaks();
REVOKE SELECT ON patient FROM regress_leaks_reader;
DROP INDEX patient_upper;

-- Foreign tables.
CREATE FOREIGN DATA WRAPPER regress_leaks_fdw;
CREATE SERVER regress_leaks_server FOREIGN DATA WRAPPER regress_leaks_fdw;
CREATE FOREIGN TABLE lab (id int, result text) SERVER regress_leaks_server;
SELECT phisync.tag('lab', 'id', 'none'), phisync.tag('lab', 'result', 'phi:clinical.lab');
SELECT * FROM leaks();
SET client_min_messages = error;
DROP FOREIGN DATA WRAPPER regress_leaks_fdw CASCADE;
RESET client_min_messages;

-- Functions with their owner's rights, for others: what they read is known where they are parsed, else the table's name in the text is enough.
CREATE TABLE "Patient Note" (id int, note text);
SELECT phisync.tag('"Patient Note"', 'id', 'none'), phisync.tag('"Patient Note"', 'note', 'phi:clinical.note');
CREATE FUNCTION parsed(int) RETURNS text LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT p.city || p.name FROM patient p WHERE p.id = $1; END;
CREATE FUNCTION harmless() RETURNS bigint LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT count(p.id) FROM patient p; END;
CREATE FUNCTION texts(int) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN (SELECT name FROM regress_leaks.Patient WHERE id = $1); END';
CREATE FUNCTION quoted(int) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN (SELECT note FROM "Patient Note" WHERE id = $1); END';
CREATE PROCEDURE procedure() LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN PERFORM 1 FROM patient; END';
CREATE FUNCTION other_word() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1 AS patients_count';
CREATE FUNCTION invoker() RETURNS text LANGUAGE sql AS 'SELECT name FROM regress_leaks.patient';
CREATE FUNCTION own() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT name FROM regress_leaks.patient';
REVOKE EXECUTE ON FUNCTION own(), texts(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION texts(int) TO regress_leaks_reader;
SELECT * FROM leaks();
SELECT 1 FROM phisync.grant_read('regress_leaks_reader', ARRAY['phi:name', 'phi:mrn', 'unclassified']);
SELECT object FROM leaks(ARRAY['function']) WHERE object LIKE 'texts%';
SELECT 1 FROM phisync.revoke_read('regress_leaks_reader');
-- The statement that mends it does.
SELECT format('%s', remedy) FROM leaks(ARRAY['function']) \gexec
SELECT count(*) FROM leaks();
DROP FUNCTION parsed(int), harmless(), texts(int), quoted(int), other_word(), invoker(), own();
DROP PROCEDURE procedure();
DROP TABLE "Patient Note";

-- Privileges that show rows without SELECT, triggers of others, and what later tables would give.
CREATE ROLE regress_leaks_coder;
GRANT TRIGGER ON patient TO regress_leaks_reader, regress_leaks_coder;
GRANT REFERENCES (id, mrn) ON patient TO PUBLIC;
SELECT * FROM leaks();
REVOKE ALL ON patient FROM regress_leaks_reader, regress_leaks_coder;
REVOKE REFERENCES (id, mrn) ON patient FROM PUBLIC;
CREATE FUNCTION of_coder() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER watched BEFORE INSERT ON patient FOR EACH ROW EXECUTE FUNCTION of_coder();
CREATE TRIGGER statement_only BEFORE INSERT ON patient FOR EACH STATEMENT EXECUTE FUNCTION of_coder();
SELECT * FROM leaks();
GRANT CREATE ON SCHEMA regress_leaks TO regress_leaks_coder;
ALTER FUNCTION of_coder() OWNER TO regress_leaks_coder;
SELECT replace(remedy, current_user, 'owner') AS remedy, kind, object, detail FROM leaks();
DROP TRIGGER watched ON patient;
DROP TRIGGER statement_only ON patient;
SELECT current_user AS me \gset
ALTER TABLE patient OWNER TO regress_leaks_coder;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_leaks_coder IN SCHEMA regress_leaks GRANT SELECT, INSERT, REFERENCES ON TABLES TO regress_leaks_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_leaks_coder GRANT SELECT ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE regress_leaks_reader GRANT SELECT ON TABLES TO PUBLIC;
SELECT * FROM leaks();
SELECT remedy FROM leaks() \gexec
SELECT * FROM leaks();
ALTER TABLE patient OWNER TO :"me";
ALTER DEFAULT PRIVILEGES FOR ROLE regress_leaks_reader REVOKE SELECT ON TABLES FROM PUBLIC;
DROP OWNED BY regress_leaks_coder;
DROP ROLE regress_leaks_coder;

-- Roles that need no grant on the table; consumers are registered for it.
GRANT pg_read_all_data, pg_read_server_files, pg_execute_server_program TO regress_leaks_reader;
ALTER ROLE regress_leaks_reader REPLICATION;
SELECT * FROM leaks();
SELECT 1 FROM phisync.grant_read('regress_leaks_reader', ARRAY['all']);
SELECT * FROM leaks();
SELECT 1 FROM phisync.revoke_read('regress_leaks_reader');
SELECT 1 FROM phisync.create_consumer('regress_leaks', 'regress_leaks_reader');
SELECT detail FROM leaks();
SELECT 1 FROM phisync.drop_consumer('regress_leaks');
SELECT remedy FROM leaks() \gexec
SELECT * FROM leaks();

-- Settings that log values.
SET log_statement = 'mod';
SET log_min_duration_statement = 100;
SET log_parameter_max_length_on_error = -1;
SELECT * FROM leaks();
RESET log_statement;
RESET log_min_duration_statement;
RESET log_parameter_max_length_on_error;

-- doctor counts them. The auditor may look; nobody else.
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'leaks';
GRANT SELECT ON patient TO PUBLIC;
SELECT status, finding, remedy FROM phisync.doctor() WHERE "check" = 'leaks';
SET ROLE regress_leaks_auditor;
SELECT kind, column_name FROM phisync.leaks WHERE kind = 'grant' ORDER BY 1, 2;
SET ROLE regress_leaks_reader;
SELECT * FROM phisync.leaks;
RESET ROLE;
SET client_min_messages = error;
DROP SCHEMA regress_leaks CASCADE;
DROP ROLE regress_leaks_reader, regress_leaks_auditor;
