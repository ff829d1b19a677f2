-- Tags that come from a parent, a schema or another column do not vanish when a table leaves what they came from.
CREATE SCHEMA regress_kept;
SET search_path = regress_kept;
CREATE FUNCTION shown(VARIADIC relations regclass[])
RETURNS TABLE (relation regclass, column_name name, tag text, label text, source text) LANGUAGE sql AS $$
  SELECT t.relation, t.column_name, t.tag, t.label, t.source FROM phisync.effective_tags() t WHERE t.relation = ANY (relations)
  ORDER BY array_position(relations, t.relation), t.attnum
$$;

-- Partitions, also with partitions of their own.
CREATE TABLE visit (id int, patient_id text, day date, reason text, room text) PARTITION BY RANGE (day);
CREATE TABLE visit_old PARTITION OF visit FOR VALUES FROM (MINVALUE) TO ('2020-01-01') PARTITION BY LIST (id);
CREATE TABLE visit_old_1 PARTITION OF visit_old DEFAULT;
CREATE TABLE visit_new PARTITION OF visit FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
SELECT phisync.tag('visit', 'phi;subject=patient_id');
SELECT phisync.tag('visit', 'reason', 'phi:clinical.dx;sens=HIV'), phisync.tag('visit', 'id', 'none'), phisync.tag('visit_new', 'room', 'phi:geo');
ALTER TABLE visit DETACH PARTITION visit_old;
ALTER TABLE visit DETACH PARTITION visit_new CONCURRENTLY;
SELECT * FROM shown('visit_old', 'visit_old_1', 'visit_new');
SELECT relid::regclass, label FROM pg_partition_tree('visit_old') JOIN pg_seclabel l ON l.objoid = relid ORDER BY relid, objsubid;
ALTER TABLE visit ATTACH PARTITION visit_new DEFAULT;
SELECT * FROM shown('visit_new');
DROP TABLE visit, visit_old;

-- Heirs: of one parent among several, and of a column that the parent alone drops.
CREATE TABLE a (x text, y text);
CREATE TABLE b (x text, z text);
CREATE TABLE c () INHERITS (a, b);
CREATE TABLE d () INHERITS (c);
SELECT phisync.tag('a', 'x', 'phi:ssn'), phisync.tag('a', 'y', 'none;subject'), phisync.tag('b', 'x', 'none'), phisync.tag('b', 'z', 'phi:name');
ALTER TABLE c NO INHERIT b;
SELECT * FROM shown('c', 'd');
ALTER TABLE c NO INHERIT a;
SELECT * FROM shown('c', 'd');
ALTER TABLE ONLY b DROP COLUMN z;
DROP TABLE a, b, c, d;
CREATE TABLE a (id int, ssn text, note text);
CREATE TABLE b () INHERITS (a);
SELECT phisync.tag('a', 'ssn', 'phi:ssn');
ALTER TABLE ONLY a DROP COLUMN ssn;
SELECT * FROM shown('a', 'b');
DROP TABLE a, b;

-- The last tagged column goes: the others are still what nobody classified. With nothing open the table holds none.
CREATE TABLE p (id int, ssn text, note text);
SELECT phisync.tag('p', 'ssn', 'phi:ssn');
ALTER TABLE p DROP COLUMN ssn;
SELECT * FROM shown('p');
CREATE TABLE q (id int, ssn text);
SELECT phisync.tag('q', 'id', 'none'), phisync.tag('q', 'ssn', 'phi:ssn');
ALTER TABLE q DROP COLUMN ssn;
SELECT * FROM shown('q');
DROP TABLE p, q;

-- A schema's default.
CREATE SCHEMA regress_kept_phi;
SECURITY LABEL FOR phisync ON SCHEMA regress_kept_phi IS 'phi';
CREATE TABLE regress_kept_phi.t (a int, b text);
CREATE TABLE regress_kept_phi.codes (a int);
SELECT phisync.tag('regress_kept_phi.codes', 'none');
ALTER TABLE regress_kept_phi.t SET SCHEMA regress_kept;
ALTER TABLE regress_kept_phi.codes SET SCHEMA regress_kept;
SELECT * FROM shown('t', 'codes');

-- What the label of a table says of all its rows.
CREATE TABLE r (a int, b text);
CREATE TABLE s () INHERITS (r);
SELECT phisync.tag('r', 'phi;sens=HIV;part2=yes;default=error;subject=a'), phisync.tag('s', 'phi;sens=MH');
ALTER TABLE s NO INHERIT r;
SELECT label FROM pg_seclabel WHERE objoid = 's'::regclass AND objsubid = 0;

-- Parents that say different things: no class is right for both, and no label can keep that.
CREATE ROLE regress_kept_owner;
CREATE TABLE k (x text);
CREATE TABLE l (x text);
CREATE TABLE m () INHERITS (k, l);
SELECT phisync.tag('k', 'x', 'phi:ssn'), phisync.tag('l', 'x', 'phi:clinical');
SELECT * FROM shown('m');
GRANT USAGE, CREATE ON SCHEMA regress_kept TO regress_kept_owner;
ALTER TABLE k OWNER TO regress_kept_owner;
ALTER TABLE m OWNER TO regress_kept_owner;
SET ROLE regress_kept_owner;
ALTER TABLE m NO INHERIT k;
RESET ROLE;
ALTER TABLE m NO INHERIT k;
SELECT * FROM shown('m');
-- Nor can one keep policy=drop, confidentiality or sensitivity of what stays unclassified.
CREATE TABLE n (x text);
CREATE TABLE o () INHERITS (k, l, n);
SELECT phisync.tag('k', 'x', 'phi:ssn;policy=drop'), phisync.tag('n', 'x', 'phi:mrn');
ALTER TABLE o OWNER TO regress_kept_owner;
SET ROLE regress_kept_owner;
ALTER TABLE o NO INHERIT k;
RESET ROLE;
SELECT phisync.tag('k', 'x', 'phi:ssn');
SET ROLE regress_kept_owner;
ALTER TABLE o NO INHERIT k;
RESET ROLE;
SELECT * FROM shown('o');
-- The confidentiality of a table.
CREATE TABLE high (x text);
CREATE TABLE low () INHERITS (high);
SELECT phisync.tag('high', 'phi;conf=V'), phisync.tag('high', 'x', 'none');
ALTER TABLE low NO INHERIT high;
SELECT label FROM pg_seclabel WHERE objoid = 'low'::regclass ORDER BY objsubid;
SELECT phisync.keep_tags();
-- Whose rows are sensitive, nothing tells any more.
CREATE TABLE coded (id int, codes text, room text);
SELECT phisync.tag('coded', 'id', 'none'), phisync.tag('coded', 'codes', 'none;rows=sens'), phisync.tag('coded', 'room', 'none');
INSERT INTO coded VALUES (1, 'HIV', 'a'), (2, NULL, 'b');
SELECT phisync.preview('treatment', 'coded');
ALTER TABLE coded DROP COLUMN codes;
SELECT label FROM pg_seclabel WHERE objoid = 'coded'::regclass ORDER BY objsubid;
SELECT phisync.preview('treatment', 'coded');

SET client_min_messages = warning;
SELECT count(*) > 0 AS removed FROM phisync.untag_all();
DROP SCHEMA regress_kept, regress_kept_phi CASCADE;
DROP ROLE regress_kept_owner;
