-- Every way to read tagged columns, under each phisync.read_enforcement, by a role that has all privileges of SQL and no grant to read PHI.
SET client_min_messages = warning;
CREATE SCHEMA reads_matrix;
SET search_path = reads_matrix;
CREATE ROLE regress_reads_reader;
CREATE ROLE regress_reads_app;
GRANT regress_reads_app TO CURRENT_USER;
GRANT pg_write_server_files TO regress_reads_reader;  -- for COPY TO '/dev/null'
GRANT ALL ON SCHEMA reads_matrix TO regress_reads_reader, regress_reads_app;
CREATE TABLE patient (id int PRIMARY KEY, full_name text, ssn text UNIQUE, born date, note text, clinic_id int);
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'full_name', 'phi:name.full'),
  phisync.tag('patient', 'ssn', 'phi:ssn'), phisync.tag('patient', 'born', 'phi:date.birth'), phisync.tag('patient', 'clinic_id', 'none');
CREATE TABLE clinic (id int PRIMARY KEY, name text);
CREATE TABLE other (id int, text text);
-- Tagged at the top; and a part with tags of which the top knows nothing.
CREATE TABLE visit (id int, note text, year int) PARTITION BY LIST (year);
CREATE TABLE visit_2025 PARTITION OF visit FOR VALUES IN (2025);
SELECT phisync.tag('visit', 'note', 'phi:clinical.note'), phisync.tag('visit', 'id', 'none'), phisync.tag('visit', 'year', 'none');
CREATE TABLE device (id int, code text);
CREATE TABLE implant (depth int) INHERITS (device);
SELECT phisync.tag('implant', 'code', 'phi:device'), phisync.tag('implant', 'id', 'none'), phisync.tag('implant', 'depth', 'none');
INSERT INTO patient SELECT i, 'Canary ' || i, '999-99-000' || i, '1950-01-01', 'note', 1 FROM generate_series(1, 5) i;
INSERT INTO clinic VALUES (1, 'Springfield');
INSERT INTO visit VALUES (1, 'note', 2025);
INSERT INTO implant VALUES (1, 'UDI', 2);
CREATE VIEW directory AS SELECT id, full_name FROM patient;
CREATE VIEW directory_of_directory AS SELECT * FROM directory;
CREATE VIEW directory_of_invoker WITH (security_invoker) AS SELECT id, full_name FROM patient;
CREATE FUNCTION ssn_of(int) RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = reads_matrix AS 'SELECT ssn FROM patient WHERE id = $1';
CREATE FUNCTION names() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT full_name FROM reads_matrix.patient';
CREATE FUNCTION born_of(int) RETURNS date LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT born FROM reads_matrix.patient WHERE id = $1); END';
CREATE FUNCTION folded() RETURNS text LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN (SELECT ssn FROM reads_matrix.patient WHERE id = 1); END';
CREATE FUNCTION on_other() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.text := (SELECT ssn FROM reads_matrix.patient WHERE id = 1); RETURN NEW; END';
CREATE TABLE triggered (id int, text text);
CREATE TRIGGER fill BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION on_other();
CREATE TABLE ruled (id int);
CREATE RULE copies AS ON INSERT TO ruled DO ALSO INSERT INTO other SELECT NEW.id, ssn FROM patient;
CREATE TABLE guarded (id int);
ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_patient ON guarded USING (EXISTS (SELECT FROM patient p WHERE p.id = guarded.id AND p.ssn <> ''));
CREATE STATISTICS correlated (mcv) ON full_name, born FROM patient;
CREATE STATISTICS computed ON (upper(ssn)), (lower(ssn)) FROM patient;
ANALYZE patient;
-- What commands of its owner would hand over.
CREATE TABLE owned (id int, ssn text);
SELECT phisync.tag('owned', 'id', 'none'), phisync.tag('owned', 'ssn', 'phi:ssn');
INSERT INTO owned VALUES (1, '999-99-0001');
ALTER TABLE owned OWNER TO regress_reads_reader;
CREATE FUNCTION shown(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END';
CREATE FUNCTION shown_row(owned) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END';
CREATE FUNCTION on_owned() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TABLE pattern (id int, ssn text CHECK (ssn <> 'x'), upper text GENERATED ALWAYS AS (upper(ssn)) STORED);
SELECT phisync.tag('pattern', 'id', 'none'), phisync.tag('pattern', 'ssn', 'phi:ssn'), phisync.tag('pattern', 'upper', 'phi:ssn');
CREATE INDEX ON pattern (lower(ssn)) WHERE ssn > '';
CREATE STATISTICS pattern_statistics ON (lower(ssn)), (id + 1) FROM pattern;
ALTER TABLE pattern OWNER TO regress_reads_reader;
CREATE DOMAIN code AS text;
CREATE DOMAIN short_code AS code;
CREATE TABLE coded (id int, code short_code);
SELECT phisync.tag('coded', 'id', 'none'), phisync.tag('coded', 'code', 'phi:code');
ALTER DOMAIN code OWNER TO regress_reads_reader;
CREATE DOMAIN shown_text AS text CHECK (shown(VALUE));
GRANT ALL ON ALL TABLES IN SCHEMA reads_matrix TO regress_reads_reader, regress_reads_app;
SET ROLE regress_reads_reader;
CREATE MATERIALIZED VIEW kept AS SELECT id, ssn FROM patient;
CREATE FUNCTION atomic(int) RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT p.ssn FROM patient p WHERE p.id = $1; END;
PREPARE before AS SELECT ssn FROM patient WHERE id = 1;
RESET ROLE;

-- A path is what it takes to get there and the statement that reads; all of it is undone.
CREATE TABLE path (n int GENERATED ALWAYS AS IDENTITY, name text, prepare text, statement text, reads boolean);
INSERT INTO path (name, prepare, statement, reads) VALUES
  ('output', NULL, 'SELECT ssn FROM patient', true),
  ('all columns', NULL, 'SELECT * FROM patient', true),
  ('TABLE', NULL, 'TABLE patient', true),
  ('whole row', NULL, 'SELECT p FROM patient p', true),
  ('to_jsonb', NULL, 'SELECT to_jsonb(p) FROM patient p', true),
  ('row_to_json', NULL, 'SELECT row_to_json(p.*) FROM patient p', true),
  ('unclassified column', NULL, 'SELECT note FROM patient', true),
  ('WHERE alone', NULL, 'SELECT id FROM patient WHERE ssn = ''999-99-0001''', true),
  ('ORDER BY alone', NULL, 'SELECT id FROM patient ORDER BY born', true),
  ('GROUP BY', NULL, 'SELECT count(*) FROM patient GROUP BY born', true),
  ('aggregate', NULL, 'SELECT max(born) FROM patient', true),
  ('window', NULL, 'SELECT rank() OVER (ORDER BY born) FROM patient', true),
  ('join condition', NULL, 'SELECT o.id FROM other o JOIN patient p ON p.ssn = o.text', true),
  ('subquery', NULL, 'SELECT 1 WHERE EXISTS (SELECT FROM patient WHERE ssn <> '''')', true),
  ('CTE', NULL, 'WITH c AS MATERIALIZED (SELECT ssn FROM patient) SELECT * FROM c', true),
  ('UNION', NULL, 'SELECT text FROM other UNION SELECT ssn FROM patient', true),
  ('TABLESAMPLE', NULL, 'SELECT ssn FROM patient TABLESAMPLE system (100)', true),
  ('FOR UPDATE', NULL, 'SELECT ssn FROM patient FOR UPDATE', true),
  ('view', NULL, 'SELECT full_name FROM directory', true),
  ('view of a view', NULL, 'SELECT full_name FROM directory_of_directory', true),
  ('security_invoker view', NULL, 'SELECT full_name FROM directory_of_invoker', true),
  ('SECURITY DEFINER function', NULL, 'SELECT ssn_of(1)', true),
  ('inlined function', NULL, 'SELECT * FROM names()', true),
  ('PL/pgSQL function', NULL, 'SELECT born_of(1)', true),
  ('function run by the planner', NULL, 'SELECT folded()', true),
  ('BEGIN ATOMIC function', NULL, 'SELECT atomic(1)', true),
  ('BEGIN ATOMIC function made now', 'CREATE FUNCTION mine() RETURNS SETOF text LANGUAGE sql BEGIN ATOMIC SELECT p.ssn FROM patient p; END', 'SELECT mine()', true),
  ('DO', NULL, 'DO $x$ BEGIN PERFORM ssn FROM patient; END $x$', true),
  ('CREATE TABLE AS', NULL, 'CREATE TABLE taken AS SELECT ssn FROM patient', true),
  ('SELECT INTO', NULL, 'DO $x$ BEGIN EXECUTE ''CREATE TEMP TABLE taken AS SELECT ssn FROM patient''; END $x$', true),
  ('CREATE MATERIALIZED VIEW', NULL, 'CREATE MATERIALIZED VIEW taken AS SELECT ssn FROM patient', true),
  ('REFRESH', NULL, 'REFRESH MATERIALIZED VIEW kept', true),
  ('materialized view', NULL, 'SELECT ssn FROM kept', true),
  ('DECLARE CURSOR', NULL, 'DECLARE c CURSOR FOR SELECT ssn FROM patient', true),
  ('DECLARE CURSOR WITH HOLD', NULL, 'DECLARE c CURSOR WITH HOLD FOR SELECT ssn FROM patient', true),
  ('prepared', 'PREPARE now AS SELECT ssn FROM patient', 'EXECUTE now', true),
  ('prepared before', NULL, 'EXECUTE before', true),
  ('EXPLAIN', NULL, 'EXPLAIN SELECT ssn FROM patient', true),
  ('EXPLAIN ANALYZE', NULL, 'EXPLAIN ANALYZE SELECT ssn FROM patient', true),
  ('COPY table TO', NULL, 'COPY patient TO ''/dev/null''', true),
  ('COPY columns TO', NULL, 'COPY patient (id, ssn) TO ''/dev/null''', true),
  ('COPY query TO', NULL, 'COPY (SELECT ssn FROM patient) TO ''/dev/null''', true),
  ('query_to_xml', NULL, 'SELECT query_to_xml(''SELECT ssn FROM reads_matrix.patient'', true, true, '''')', true),
  ('table_to_xml', NULL, 'SELECT table_to_xml(''reads_matrix.patient'', true, true, '''')', true),
  ('ts_stat', NULL, 'SELECT ts_stat(''SELECT to_tsvector(''''simple'''', ssn) FROM reads_matrix.patient'')', true),
  ('LATERAL', NULL, 'SELECT l.s FROM patient p, LATERAL (SELECT p.ssn) l (s)', true),
  ('recursive CTE', NULL, 'WITH RECURSIVE r (n) AS (SELECT ''1'' UNION SELECT p.ssn FROM r, patient p WHERE r.n = ''1'') SELECT n FROM r', true),
  ('NATURAL JOIN', NULL, 'SELECT 1 FROM patient NATURAL JOIN (SELECT ''999-99-0001''::text AS ssn) s', true),
  ('row as text', NULL, 'SELECT patient::text FROM patient', true),
  ('row is null', NULL, 'SELECT id FROM patient WHERE patient IS NOT NULL', true),
  ('row variable', NULL, 'DO $x$ DECLARE r reads_matrix.patient%ROWTYPE; BEGIN SELECT * INTO r FROM reads_matrix.patient LIMIT 1; END $x$', true),
  ('loop over a query', NULL, 'DO $x$ DECLARE r record; BEGIN FOR r IN EXECUTE ''SELECT ssn FROM reads_matrix.patient'' LOOP NULL; END LOOP; END $x$', true),
  ('UPDATE from a subquery', NULL, 'UPDATE other SET (id, text) = (SELECT p.id, p.ssn FROM patient p WHERE p.id = other.id)', true),
  ('INSERT RETURNING', NULL, 'INSERT INTO patient (id) VALUES (6) RETURNING ssn', true),
  ('INSERT SELECT', NULL, 'INSERT INTO other SELECT id, ssn FROM patient', true),
  ('UPDATE from a column', NULL, 'UPDATE patient SET full_name = ssn', true),
  ('UPDATE WHERE', NULL, 'UPDATE patient SET clinic_id = 2 WHERE ssn = ''999-99-0001''', true),
  ('UPDATE RETURNING', NULL, 'UPDATE patient SET clinic_id = 2 RETURNING ssn', true),
  ('UPDATE FROM', NULL, 'UPDATE other SET text = p.ssn FROM patient p', true),
  ('DELETE WHERE', NULL, 'DELETE FROM patient WHERE ssn = ''999-99-0001''', true),
  ('DELETE RETURNING', NULL, 'DELETE FROM patient RETURNING *', true),
  ('DELETE USING', NULL, 'DELETE FROM other o USING patient p WHERE p.ssn = o.text', true),
  ('ON CONFLICT reading', NULL, 'INSERT INTO patient AS p (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET full_name = p.ssn', true),
  ('ON CONFLICT target', NULL, 'INSERT INTO patient (id, ssn) VALUES (9, ''999-99-0001'') ON CONFLICT (ssn) DO NOTHING', true),
  ('ON CONFLICT ON CONSTRAINT', NULL, 'INSERT INTO patient (id, ssn) VALUES (9, ''999-99-0001'') ON CONFLICT ON CONSTRAINT patient_ssn_key DO NOTHING', true),
  ('MERGE from', NULL, 'MERGE INTO other o USING patient p ON o.id = p.id WHEN NOT MATCHED THEN INSERT VALUES (p.id, p.ssn)', true),
  ('MERGE into', NULL, 'MERGE INTO patient p USING other o ON p.ssn = o.text WHEN MATCHED THEN DELETE', true),
  ('update through a view', NULL, 'UPDATE directory SET id = id + 10 WHERE full_name = ''Canary 1''', true),
  ('trigger that reads', NULL, 'INSERT INTO triggered VALUES (1)', true),
  ('rule that reads', NULL, 'INSERT INTO ruled VALUES (1)', true),
  ('policy that reads', NULL, 'SELECT id FROM guarded', true),
  ('default that reads', 'CREATE TABLE defaulted (id int, text text DEFAULT reads_matrix.ssn_of(1))', 'INSERT INTO defaulted (id) VALUES (1)', true),
  ('index that reads', 'CREATE TABLE indexed (id int); INSERT INTO indexed VALUES (1)', 'CREATE INDEX ON indexed (id) WHERE folded() <> ''''', true),
  ('trigger made on it', NULL, 'CREATE TRIGGER spy BEFORE UPDATE ON owned FOR EACH ROW EXECUTE FUNCTION on_owned()', true),
  ('transition table of it', NULL, 'CREATE TRIGGER spy AFTER INSERT ON owned REFERENCING NEW TABLE AS n FOR EACH STATEMENT EXECUTE FUNCTION on_owned()', true),
  ('rule made on it', NULL, 'CREATE RULE spy AS ON UPDATE TO owned DO ALSO INSERT INTO other VALUES (OLD.id, OLD.ssn)', true),
  ('policy made on it', NULL, 'CREATE POLICY spy ON owned USING (shown(ssn))', true),
  ('policy changed', 'CREATE POLICY spy ON owned USING (true)', 'ALTER POLICY spy ON owned USING (shown((owned).ssn))', true),
  ('expression of an index', NULL, 'CREATE INDEX ON owned (shown(ssn))', true),
  ('row in an index', NULL, 'CREATE INDEX ON owned (shown_row(owned))', true),
  ('predicate of an index', NULL, 'CREATE INDEX ON owned (id) WHERE shown(owned.ssn)', true),
  ('expression of statistics', NULL, 'CREATE STATISTICS spy ON (shown(ssn)) FROM owned', true),
  ('USING', NULL, 'ALTER TABLE owned ALTER id TYPE text USING ssn', true),
  ('change of type', NULL, 'ALTER TABLE owned ALTER ssn TYPE shown_text', true),
  ('CHECK', NULL, 'ALTER TABLE owned ADD CHECK (shown(ssn))', true),
  ('CHECK of a new column', NULL, 'ALTER TABLE owned ADD more int CHECK (shown(ssn))', true),
  ('generated column', NULL, 'ALTER TABLE owned ADD more boolean GENERATED ALWAYS AS (shown(ssn)) STORED', true),
  ('exclusion constraint', NULL, 'ALTER TABLE owned ADD EXCLUDE (shown(ssn) WITH =)', true),
  ('CHECK of a domain', NULL, 'ALTER DOMAIN code ADD CHECK (shown(VALUE))', true),
  ('partition by an expression', 'CREATE TABLE parts (LIKE owned) PARTITION BY LIST (shown(ssn))', 'ALTER TABLE parts ATTACH PARTITION owned FOR VALUES IN (true)', true),
  ('partitioned table', NULL, 'SELECT note FROM visit', true),
  ('partition', NULL, 'SELECT note FROM visit_2025', true),
  ('parent of a tagged table', NULL, 'SELECT code FROM device', true),
  ('pg_stats', NULL, 'SELECT most_common_vals FROM pg_stats WHERE tablename = ''patient''', true),
  ('pg_stats_ext', NULL, 'SELECT most_common_vals FROM pg_stats_ext', true),
  ('pg_stats_ext_exprs', NULL, 'SELECT most_common_vals FROM pg_stats_ext_exprs', true),
  ('policy on an untagged column', NULL, 'CREATE POLICY quiet ON owned USING (id > 0 AND EXISTS (SELECT FROM clinic c WHERE c.name = ''x''))', false),
  ('index on a column', NULL, 'CREATE INDEX ON owned (ssn)', false),
  ('trigger without rows', NULL, 'CREATE TRIGGER quiet AFTER UPDATE ON owned FOR EACH STATEMENT EXECUTE FUNCTION on_owned()', false),
  ('new column', NULL, 'ALTER TABLE owned ADD more int DEFAULT 1 CHECK (more > 0)', false),
  ('CHECK of a domain without columns', 'CREATE DOMAIN unused AS text', 'ALTER DOMAIN unused ADD CHECK (shown(VALUE))', false),
  ('LIKE', NULL, 'CREATE TABLE taken (LIKE pattern INCLUDING ALL)', false),
  ('UNIQUE', NULL, 'ALTER TABLE owned ADD UNIQUE (id)', false),
  ('partition by a column', 'CREATE TABLE parts (LIKE owned) PARTITION BY LIST (id)', 'ALTER TABLE parts ATTACH PARTITION owned FOR VALUES IN (1)', false),
  ('untagged columns', NULL, 'SELECT id, clinic_id FROM patient', false),
  ('untagged columns of a partition', NULL, 'SELECT id FROM visit', false),
  ('parent''s untagged columns', NULL, 'SELECT id FROM device', false),
  ('count', NULL, 'SELECT count(*) FROM patient', false),
  ('system columns', NULL, 'SELECT ctid, xmin, tableoid FROM patient', false),
  ('untagged table', NULL, 'SELECT * FROM clinic', false),
  ('INSERT', NULL, 'INSERT INTO patient VALUES (6, ''x'', ''y'', now(), ''z'', 1)', false),
  ('INSERT RETURNING the key', NULL, 'INSERT INTO patient (id, ssn) VALUES (6, ''y'') RETURNING id', false),
  ('ON CONFLICT DO UPDATE by key', NULL, 'INSERT INTO patient (id, ssn) VALUES (1, ''y'') ON CONFLICT (id) DO UPDATE SET ssn = excluded.ssn', true),
  ('ON CONFLICT DO UPDATE to a constant', NULL, 'INSERT INTO patient (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET ssn = ''y''', false),
  ('UPDATE by key', NULL, 'UPDATE patient SET ssn = ''x'' WHERE id = 1', false),
  ('DELETE by key', NULL, 'DELETE FROM patient WHERE id = 1', false),
  ('TRUNCATE', NULL, 'TRUNCATE other', false),
  ('LOCK', NULL, 'LOCK TABLE patient IN ACCESS SHARE MODE', false),
  ('COPY untagged columns TO', NULL, 'COPY patient (id) TO ''/dev/null''', false),
  ('definition of a view', NULL, 'SELECT pg_get_viewdef(''directory''::regclass)', false),
  ('size', NULL, 'SELECT pg_relation_size(''patient'')', false),
  ('statistics without values', NULL, 'SELECT relpages FROM pg_class WHERE relname = ''patient''', false);

-- What becomes of a path under the enforcement that is on: its rows or its SQLSTATE, and the verdicts that reached the trail.
CREATE FUNCTION attempt(prepare text, statement text) RETURNS text LANGUAGE plpgsql SET search_path = reads_matrix SET client_min_messages = error AS $$
DECLARE
  before bigint;
  n bigint;
  result text;
  verdicts text;
BEGIN
  PERFORM phisync.audit_flush();
  SELECT coalesce(max(seq), 0) INTO before FROM phisync.audit_log;
  BEGIN
    PERFORM set_config('role', 'regress_reads_reader', true);
    IF prepare IS NOT NULL THEN
      EXECUTE prepare;
    END IF;
    EXECUTE statement;
    GET DIAGNOSTICS n = ROW_COUNT;
    RAISE SQLSTATE 'ZZZZZ';
  EXCEPTION
    WHEN SQLSTATE 'ZZZZZ' THEN result := CASE WHEN statement ~ '^EXPLAIN' THEN 'plan' ELSE n || ' rows' END;
    WHEN OTHERS THEN result := SQLSTATE;
  END;
  IF prepare LIKE 'PREPARE%' THEN
    DEALLOCATE now;
  END IF;
  PERFORM phisync.audit_flush();
  SELECT string_agg(DISTINCT outcome, ' ') INTO verdicts FROM phisync.audit_log WHERE seq > before AND outcome NOT IN ('ok', 'error', 'aborted', 'open');
  RETURN concat_ws(', ', result, verdicts);
END
$$;

CREATE TABLE seen (n int, name text, reads boolean, off text, audit text, deny text);
INSERT INTO seen SELECT n, name, reads, attempt(prepare, statement) FROM path;
SET phisync.read_enforcement = audit;
UPDATE seen s SET audit = attempt(p.prepare, p.statement) FROM path p WHERE p.n = s.n;
SET phisync.read_enforcement = deny;
UPDATE seen s SET deny = attempt(p.prepare, p.statement) FROM path p WHERE p.n = s.n;
RESET phisync.read_enforcement;
SELECT name, off, audit, deny FROM seen ORDER BY n;
-- The law: what reads goes on under off without a word, under audit with the same rows and an event, and fails under deny with
-- 42501 and an event; what does not is never touched.
SELECT count(*) FILTER (WHERE reads) AS reading, count(*) FILTER (WHERE NOT reads) AS not_reading FROM seen;
SELECT * FROM seen WHERE off ~ '^[0-9A-Z]{5}' OR off ~ ','
  OR audit IS DISTINCT FROM off || CASE WHEN reads THEN ', would_deny' ELSE '' END
  OR deny IS DISTINCT FROM CASE WHEN reads THEN '42501, denied' ELSE off END;

DROP SCHEMA reads_matrix CASCADE;
DROP OWNED BY regress_reads_reader, regress_reads_app;
DROP ROLE regress_reads_reader, regress_reads_app;
