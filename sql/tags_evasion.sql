-- Roundabout ways to a table without tags, by an owner who is no officer.
\set SHOW_CONTEXT never
CREATE SCHEMA regress_evasion;
CREATE SCHEMA regress_evasion_phi;
SECURITY LABEL FOR phisync ON SCHEMA regress_evasion_phi IS 'phi';
CREATE ROLE regress_evasion_owner;
GRANT USAGE, CREATE ON SCHEMA regress_evasion, regress_evasion_phi TO regress_evasion_owner;
SET search_path = regress_evasion;
CREATE FUNCTION shown(VARIADIC relations regclass[])
RETURNS TABLE (relation regclass, column_name name, tag text, source text) LANGUAGE sql AS $$
  SELECT t.relation, t.column_name, t.tag, t.source FROM phisync.effective_tags() t WHERE t.relation = ANY (relations)
  ORDER BY array_position(relations, t.relation), t.attnum
$$;

-- Operators of his own, found before those of the server: moves and partings see all tables all the same.
SET ROLE regress_evasion_owner;
CREATE FUNCTION no(text, text) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
CREATE OPERATOR = (LEFTARG = text, RIGHTARG = text, FUNCTION = no);
CREATE FUNCTION no(oid, oid) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
CREATE OPERATOR = (LEFTARG = oid, RIGHTARG = oid, FUNCTION = no);
SET client_min_messages = error;
CREATE TABLE regress_evasion_phi.moved (a int, b text);
CREATE TABLE parent (x text, y text);
CREATE TABLE heir () INHERITS (parent);
CREATE TABLE last_one (id int, ssn text, note text);
CREATE TABLE original (id int, ssn text, note text);
CREATE VIEW seen AS SELECT id FROM original;
SECURITY LABEL FOR phisync ON COLUMN parent.x IS 'phi:ssn';
SECURITY LABEL FOR phisync ON COLUMN last_one.ssn IS 'phi:ssn';
SECURITY LABEL FOR phisync ON COLUMN original.ssn IS 'phi:ssn';
SECURITY LABEL FOR phisync ON COLUMN original.id IS 'none';
SECURITY LABEL FOR phisync ON COLUMN seen.id IS 'none';
RESET client_min_messages;
SET search_path = regress_evasion, pg_catalog;
ALTER TABLE regress_evasion_phi.moved SET SCHEMA regress_evasion;
ALTER TABLE heir NO INHERIT parent;
ALTER TABLE last_one DROP COLUMN ssn;
CREATE TABLE copied (LIKE original);
CREATE TABLE selected AS SELECT * FROM original;
CREATE OR REPLACE VIEW seen AS SELECT length(ssn) AS id FROM original;
SET search_path = regress_evasion;
RESET ROLE;
SELECT * FROM shown('moved', 'heir', 'last_one', 'copied', 'selected', 'seen');

-- What a statement gives that also writes.
SET ROLE regress_evasion_owner;
INSERT INTO original VALUES (1, 'CANARY', 'n');
CREATE TABLE by_update AS WITH w AS (UPDATE original SET id = id RETURNING ssn) SELECT * FROM w;
CREATE TABLE by_insert AS WITH w AS (INSERT INTO original VALUES (2, 'CANARY', 'n') RETURNING ssn, upper(note) AS note, 7 AS seven) SELECT * FROM w;
CREATE TABLE by_delete AS WITH w AS (DELETE FROM original RETURNING ssn AS id) SELECT id FROM w;
RESET ROLE;
SELECT * FROM shown('by_update', 'by_insert', 'by_delete');

-- What ANALYZE keeps of values.
INSERT INTO original SELECT i, 'CANARY', 'n' FROM generate_series(1, 10) i;
ANALYZE original;
SET client_min_messages = error;
CREATE TABLE samples AS SELECT attname, most_common_vals::text AS common FROM pg_stats WHERE schemaname = 'regress_evasion' AND tablename = 'original';
CREATE VIEW sampled AS SELECT starelid, stavalues1::text AS vals FROM pg_statistic;
CREATE VIEW catalog AS SELECT relname, reltuples FROM pg_class;
RESET client_min_messages;
SELECT * FROM shown('samples', 'sampled', 'catalog');

-- The last tagged column goes with its type, or from a typed table: the others are still what nobody classified.
SET ROLE regress_evasion_owner;
CREATE DOMAIN number AS text;
CREATE TYPE shape AS (a int, ssn text);
SET client_min_messages = error;
CREATE TABLE of_domain (a int, ssn number);
CREATE TABLE heir_of_domain () INHERITS (of_domain);
CREATE TABLE of_type OF shape;
SECURITY LABEL FOR phisync ON COLUMN of_domain.ssn IS 'phi:ssn';
SECURITY LABEL FOR phisync ON COLUMN of_type.ssn IS 'phi:ssn';
RESET client_min_messages;
DROP DOMAIN number CASCADE;
ALTER TYPE shape DROP ATTRIBUTE ssn CASCADE;
RESET ROLE;
SELECT * FROM shown('of_domain', 'heir_of_domain', 'of_type');

SET client_min_messages = warning;
SET search_path = pg_catalog;
SELECT count(*) > 0 AS removed FROM phisync.untag_all();
DROP SCHEMA regress_evasion, regress_evasion_phi CASCADE;
DROP ROLE regress_evasion_owner;
