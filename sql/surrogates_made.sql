-- Surrogates are there when the stream needs them: one call, then rows that are there and rows that come have their codes.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
\set SHOW_CONTEXT never
SELECT '/tmp/phisync_regress_key_' || pg_backend_pid() AS key_file \gset
SELECT 'umask 077; cat > ' || :'key_file' AS write, 'rm -f ' || :'key_file' AS remove \gset
COPY (SELECT '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f') TO PROGRAM :'write';
SET phisync.key_file = :'key_file';
CREATE TABLE patient (mrn text PRIMARY KEY, name text, ssn int8, twin text GENERATED ALWAYS AS (upper(mrn)) STORED);
CREATE TABLE visit (id int PRIMARY KEY, mrn varchar(20), phone char(12), note text);
SELECT phisync.tag('patient', 'mrn', 'phi:mrn;subject'), phisync.tag('patient', 'name', 'phi:name'), phisync.tag('patient', 'ssn', 'phi:ssn'), phisync.tag('patient', 'twin', 'phi:mrn'),
  phisync.tag('visit', 'id', 'none'), phisync.tag('visit', 'mrn', 'phi:mrn;subject'), phisync.tag('visit', 'phone', 'phi:phone'), phisync.tag('visit', 'note', 'phi:clinical') \g /dev/null
SELECT phisync.create_profile('study', scope => 'registry');
SELECT phisync.set_profile_rule('study', 'phi:mrn', 'surrogate'), phisync.set_profile_rule('study', 'phi:ssn', 'surrogate(other)'), phisync.set_profile_rule('study', 'phi:phone', 'surrogate'),
  phisync.set_profile_rule('study', 'phi:clinical', 'keep') \g /dev/null
CALL phisync.make_surrogates('study');
CALL phisync.make_surrogates('study', 'visit');
SELECT phisync.create_bucket('study', ARRAY['SELECT mrn AS id, * FROM patient', 'SELECT * FROM visit'], profile => 'study');
INSERT INTO patient VALUES ('a-1', 'Anna', 123456789), ('b-2', 'Bo', NULL);
INSERT INTO visit VALUES (1, ' a-1', '555-0100', 'flu');
-- Rows without their codes: none whose id has none. The table with the trigger has them.
SELECT r ->> 'k' AS k, r ->> 'type' AS type, r ->> 'relation' AS relation, r ->> 'sqlstate' AS sqlstate, regexp_replace(r ->> 'data', '"[A-Z2-7]{26}"', '"*"', 'g') AS data
  FROM stream() record, LATERAL (SELECT record::json AS r) j WHERE record !~ '"k":"(begin|commit)"';
-- The call: every row gets its codes, and consumers are told.
CALL phisync.make_surrogates('study');
SELECT scope, kind, count(*), count(DISTINCT code) AS codes FROM phisync.surrogate GROUP BY 1, 2 ORDER BY 1, 2;
SELECT what, rebuild FROM phisync.policy_change ORDER BY version DESC LIMIT 1;
-- Rows of the stream and of snapshots, with the codes by the values that they stand for.
CREATE TEMP TABLE coded (value text, kind text, scope text, code text);
CREATE FUNCTION learn() RETURNS void LANGUAGE sql AS $$
  TRUNCATE coded;
  INSERT INTO coded SELECT v, k, s, phisync.mask_surrogate(v, k, s)
    FROM (VALUES ('a-1', 'mrn', 'registry'), ('b-2', 'mrn', 'registry'), ('c-3', 'mrn', 'registry'), ('d-4', 'mrn', 'registry'), ('e-5', 'mrn', 'registry'), ('A-1', 'mrn', 'registry'), ('B-2', 'mrn', 'registry'), ('C-3', 'mrn', 'registry'),
      ('123456789', 'ssn', 'other'), ('987654321', 'ssn', 'other'), ('555-0100', 'phone', 'registry'), ('555-0101', 'phone', 'registry')) t (v, k, s)
$$;
CREATE FUNCTION shown(records text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  c record;
  r text;
BEGIN
  FOR r IN SELECT m FROM regexp_split_to_table(records, '\n') m WHERE m ~ '^."k":"(put|del|error)"' LOOP
    FOR c IN SELECT * FROM coded LOOP
      r := replace(r, c.code, format('<%s %s>', c.kind, c.value));
    END LOOP;
    RETURN NEXT regexp_replace(r, '"sum":[0-9]+', '"sum":0');
  END LOOP;
END
$$;
SELECT learn();
SELECT shown(data) FROM phisync.snapshot('regress') data;
-- What is written from now on, by somebody with no right but on the table, who cannot see a code.
SELECT count(*) FROM stream() \g /dev/null
CREATE ROLE regress_clerk;
GRANT USAGE ON SCHEMA regress_stream TO regress_clerk;
GRANT INSERT, UPDATE, SELECT ON patient, visit TO regress_clerk;
SET ROLE regress_clerk;
INSERT INTO patient VALUES ('c-3', 'Cia', 987654321) RETURNING *;
INSERT INTO visit VALUES (2, 'c-3', '555-0101', 'cold');
UPDATE visit SET mrn = 'd-4' WHERE id = 1;
COPY visit FROM stdin;
3	e-5	555-0101	\N
4	\N	\N	\N
\.
SELECT phisync.mask_surrogate('c-3', 'mrn', 'registry');
SELECT count(*) FROM phisync.surrogate;
SELECT phisync.surrogates_on_write();
CREATE TEMP TABLE trial (mrn text);
CREATE TRIGGER t BEFORE INSERT ON trial FOR EACH ROW EXECUTE FUNCTION phisync.surrogates_on_write();
DROP TABLE trial;
SELECT phisync.make_surrogates_of('study', 'visit', 0, 10);
CALL phisync.make_surrogates('study');
SELECT phisync.stop_surrogates('visit');
RESET ROLE;
SELECT phisync.surrogates_on_write();
-- Before the codes that this asks for: all are there.
SELECT count(*) FROM phisync.surrogate;
SELECT learn();
SELECT count(*) FROM phisync.surrogate;
CREATE TEMP TABLE streamed (r text);
INSERT INTO streamed SELECT r FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress'), shown(data) r;
SELECT * FROM streamed;
SELECT count(*) FROM streamed WHERE r ~ '[A-Z2-7]{26}';
-- The snapshot has the same of the same rows.
SELECT count(*) FROM (SELECT r::jsonb -> 'id' FROM streamed WHERE r LIKE '%"k":"put"%' EXCEPT SELECT r::jsonb -> 'id' FROM phisync.snapshot('regress') d, shown(d) r) AS differs;
SELECT count(*) FROM stream() \g /dev/null
-- Codes that subtransactions made, and that they took away again.
BEGIN;
SAVEPOINT a;
INSERT INTO visit VALUES (10, 'sub-1');
RELEASE a;
INSERT INTO visit VALUES (11, 'sub-1');
SAVEPOINT b;
INSERT INTO visit VALUES (12, 'sub-2');
ROLLBACK TO b;
INSERT INTO visit VALUES (13, 'sub-2');
COMMIT;
SELECT count(*) AS sent, count(r -> 'data' ->> 'mrn') AS coded, count(DISTINCT r -> 'data' ->> 'mrn') AS codes
  FROM stream() record, LATERAL (SELECT record::json AS r) j WHERE record ~ '^."k":"put"';
-- Again, by a member of phisync_officer, who owns no table: nothing to do but for what was written without the trigger.
CREATE ROLE regress_surrogates_officer IN ROLE phisync_officer;
ALTER TABLE visit DISABLE TRIGGER ALL;
INSERT INTO visit VALUES (20, 'late');
SET ROLE regress_surrogates_officer;
CALL phisync.make_surrogates('study');
CALL phisync.make_surrogates('study');
SELECT count(*) FROM phisync.surrogate;
RESET ROLE;
CALL phisync.make_surrogates('study', 'patient');
BEGIN;
CALL phisync.make_surrogates('study');
ROLLBACK;
CALL phisync.make_surrogates('studie');
CALL phisync.make_surrogates('safe_harbor', 'patient');
-- A rule that comes later, and one that goes: the trigger follows, in sessions that have written already.
SELECT phisync.set_profile_rule('study', 'phi:name', 'surrogate'), phisync.set_profile_rule('study', 'phi:phone', NULL) \g /dev/null
INSERT INTO patient VALUES ('f-6', 'Finn', NULL);
INSERT INTO visit VALUES (5, 'f-6', '555-0199', NULL);
SELECT scope, kind, count(*) FROM phisync.surrogate GROUP BY 1, 2 ORDER BY 1, 2;
-- Several profiles, one trigger.
SELECT phisync.create_profile('other');
SELECT phisync.set_profile_rule('other', 'patient', 'mrn', 'surrogate');
INSERT INTO patient VALUES ('g-7', NULL, NULL);
SELECT scope, kind, count(*) FROM phisync.surrogate WHERE scope = 'other' GROUP BY 1, 2 ORDER BY 1, 2;
CALL phisync.make_surrogates('other', 'patient');
SELECT count(*) FROM phisync.surrogate WHERE scope = 'other';
SELECT phisync.drop_profile('other');
INSERT INTO patient VALUES ('h-8', NULL, NULL);
SELECT count(*) FROM phisync.surrogate WHERE scope = 'other';
SELECT tgname, tgenabled, count(*) FROM pg_trigger WHERE tgfoid = 'phisync.surrogates_on_write'::regproc GROUP BY 1, 2;
-- It ends.
SELECT phisync.stop_surrogates('visit');
SELECT phisync.stop_surrogates('visit');
SELECT relation, columns, treatments, on_write FROM phisync.surrogate_tables();
COPY (SELECT WHERE false) TO PROGRAM :'remove';
RESET phisync.key_file;
\i :drop
SELECT phisync.drop_profile('study');
DROP ROLE regress_clerk, regress_surrogates_officer;
DELETE FROM phisync.surrogate;
