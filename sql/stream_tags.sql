-- A change of tags that may change what a profile withholds tells consumers which buckets to take anew.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE FUNCTION changes() RETURNS TABLE (what text, rebuild text[], clear jsonb) LANGUAGE sql AS $$
  WITH gone AS (DELETE FROM phisync.policy_change c RETURNING c.*)
  SELECT g.what, g.rebuild, g.clear FROM gone g WHERE g.what = 'tag changed' ORDER BY g.version
$$;
CREATE ROLE regress_stream_owner;
GRANT phisync_officer TO regress_stream_owner;
GRANT USAGE ON SCHEMA regress_stream TO regress_stream_owner;
CREATE TABLE parent (id int PRIMARY KEY, name text);
CREATE TABLE patient (PRIMARY KEY (id)) INHERITS (parent);
CREATE TABLE visit (id int PRIMARY KEY, note text);
CREATE VIEW names AS SELECT id, name FROM patient;
SELECT FROM phisync.create_bucket('people', ARRAY['SELECT * FROM patient']);
SELECT FROM phisync.create_bucket('work', ARRAY['SELECT * FROM visit', 'SELECT id FROM visit AS v']);
SELECT FROM phisync.create_bucket('both', ARRAY['SELECT id FROM patient', 'SELECT id FROM visit']);
SELECT FROM changes();
-- Of the table, of its parent, of neither: a view reads the table, not the other way about.
SELECT FROM phisync.tag('patient', 'name', 'phi:name');
SELECT FROM phisync.tag('parent', 'name', 'phi:name');
SELECT FROM phisync.tag('names', 'name', 'phi:name');
SELECT * FROM changes();
-- What a label says that no profile looks at does not matter, nor does the same label again; another class does.
SELECT FROM phisync.tag('patient', 'name', 'phi:name');
SELECT FROM phisync.tag('patient', 'name', 'phi:name; quasi=yes');
SELECT * FROM changes();
SELECT FROM phisync.tag('patient', 'name', 'phi:name; conf=R; quasi=yes');
SELECT * FROM changes();
SELECT FROM phisync.tag('patient', 'name', 'phi:name.family; conf=R');
SELECT * FROM changes();
SELECT FROM phisync.tag('patient', 'name', 'none');
SELECT FROM phisync.untag('patient', 'name');
SELECT FROM phisync.untag('patient', 'name');
SELECT * FROM changes();
-- Of tables and schemas.
SELECT FROM phisync.tag('visit', 'phi');
SELECT FROM phisync.tag('visit', 'phi; default=error');
SELECT FROM phisync.untag('visit');
SECURITY LABEL FOR phisync ON SCHEMA regress_stream IS 'phi';
SECURITY LABEL FOR phisync ON SCHEMA regress_stream IS NULL;
SELECT * FROM changes();
-- By other parents, another schema, and the loss of the column that made the others PHI.
CREATE SCHEMA regress_stream_phi;
ALTER TABLE visit SET SCHEMA regress_stream_phi;
SELECT * FROM changes();
SECURITY LABEL FOR phisync ON SCHEMA regress_stream_phi IS 'phi';
ALTER TABLE regress_stream_phi.visit SET SCHEMA regress_stream;
DROP SCHEMA regress_stream_phi;
ALTER TABLE patient NO INHERIT parent;
ALTER TABLE patient INHERIT parent;
SELECT * FROM changes();
ALTER TABLE patient ADD COLUMN ssn text, ADD COLUMN room text;
SELECT FROM phisync.tag('patient', 'ssn', 'phi:ssn');
SELECT FROM phisync.tag('patient', 'room', 'none');
SELECT FROM changes();
ALTER TABLE patient DROP COLUMN room;
SELECT * FROM changes();
ALTER TABLE patient DROP COLUMN ssn;
SELECT * FROM changes();
CREATE TABLE root (id int PRIMARY KEY, name text) PARTITION BY RANGE (id);
SELECT FROM phisync.tag('root', 'name', 'phi:name');
CREATE TABLE leaf (id int PRIMARY KEY, name text);
SELECT FROM phisync.create_bucket('leaves', ARRAY['SELECT * FROM leaf']);
ALTER TABLE root ATTACH PARTITION leaf FOR VALUES FROM (0) TO (9);
ALTER TABLE root DETACH PARTITION leaf;
SELECT * FROM changes();
-- In its transaction, and as the extension's owner whoever owns the table.
BEGIN;
SELECT FROM phisync.tag('visit', 'note', 'phi:freetext');
ROLLBACK;
ALTER TABLE visit OWNER TO regress_stream_owner;
SET ROLE regress_stream_owner;
SELECT FROM phisync.tag('regress_stream.visit', 'note', 'phi:freetext');
RESET ROLE;
SELECT * FROM changes();
-- Where it stands in the stream.
SELECT FROM phisync.tag('visit', 'id', 'none');
SELECT FROM pg_replication_slot_advance('regress_stream', pg_current_wal_lsn());
BEGIN;
INSERT INTO visit VALUES (1, 'withheld');
SELECT FROM phisync.tag('visit', 'note', 'none');
INSERT INTO visit VALUES (2, 'sent');
COMMIT;
SELECT regexp_replace(masked(record), '"version":[0-9]+', '"version":0')
  FROM pg_logical_slot_get_changes('regress_stream', NULL, NULL, 'consumer', 'regress') WITH ORDINALITY AS m (lsn, xid, data, n),
       regexp_split_to_table(data, '\n') WITH ORDINALITY AS r (record, k)
  WHERE record !~ '^."k":"(hello|progress)"' ORDER BY n, k;
ALTER TABLE visit OWNER TO CURRENT_USER;
REVOKE phisync_officer FROM regress_stream_owner;
REVOKE USAGE ON SCHEMA regress_stream FROM regress_stream_owner;
DROP ROLE regress_stream_owner;
\i :drop
