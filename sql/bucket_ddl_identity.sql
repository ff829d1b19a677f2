-- What a bucket needs of its table cannot be taken away: primary key, old values, types, the log.
CREATE SCHEMA regress_identity;
SET search_path = regress_identity, public;
CREATE TABLE staff (clinic int, code text);
CREATE TABLE visit (id int PRIMARY KEY, clinic int NOT NULL, code varchar(10), short char(3), note text);
CREATE UNIQUE INDEX visit_identity ON visit (clinic, id);
ALTER TABLE visit REPLICA IDENTITY USING INDEX visit_identity;
CREATE TABLE other (id int PRIMARY KEY, note text);
ALTER TABLE other REPLICA IDENTITY FULL;
SELECT phisync.create_bucket('clinic', ARRAY['SELECT id, upper(note) AS loud FROM visit WHERE clinic = bucket.clinic'], 'SELECT clinic FROM staff', 'full');
-- Replica identity
ALTER TABLE visit REPLICA IDENTITY DEFAULT;
ALTER TABLE visit REPLICA IDENTITY NOTHING;
ALTER TABLE visit REPLICA IDENTITY USING INDEX visit_pkey;
DROP INDEX visit_identity;
DROP INDEX CONCURRENTLY visit_identity;
SELECT indisvalid, indisreplident FROM pg_index WHERE indexrelid = 'visit_identity'::regclass;
ALTER TABLE visit REPLICA IDENTITY FULL;
DROP INDEX CONCURRENTLY visit_identity;
-- Primary key
ALTER TABLE visit DROP CONSTRAINT visit_pkey;
ALTER TABLE visit DROP CONSTRAINT visit_pkey CASCADE;
ALTER TABLE visit DROP CONSTRAINT visit_pkey, ADD PRIMARY KEY (id);
ALTER TABLE visit DROP CONSTRAINT visit_pkey, ADD PRIMARY KEY (id, clinic);
ALTER TABLE visit DROP CONSTRAINT visit_pkey, ADD PRIMARY KEY (clinic);
SELECT what, rebuild FROM phisync.policy_change WHERE what = 'primary key changed' ORDER BY version;
-- The log
ALTER TABLE visit SET UNLOGGED;
-- Types: the text must compile, and bucket ids must be written as they are.
\set VERBOSITY sqlstate
ALTER TABLE visit ALTER note TYPE int USING 1;
\set VERBOSITY default
ALTER TABLE visit ALTER clinic TYPE bigint;
ALTER TABLE visit ALTER clinic TYPE text;
ALTER TABLE visit ALTER note TYPE varchar(5);
ALTER TABLE visit ALTER code TYPE int USING 1;
SELECT what, rebuild FROM phisync.policy_change WHERE what = 'column type changed' ORDER BY version;
SELECT phisync.alter_bucket('clinic', ARRAY['SELECT id FROM visit WHERE short = bucket.code'], 'SELECT code::char(3) FROM staff');
ALTER TABLE visit ALTER short TYPE char(4);
ALTER TABLE visit ALTER short TYPE text;
-- Another name of an enum's value is another value.
CREATE TYPE mood AS ENUM ('low', 'high');
CREATE DOMAIN felt AS mood;
CREATE TABLE diary (id int PRIMARY KEY, moods mood[]);
CREATE TABLE letter (id int PRIMARY KEY, felt felt);
SELECT phisync.create_bucket('moods', ARRAY['SELECT * FROM diary', 'SELECT * FROM letter'], profile => 'full');
ALTER TYPE mood ADD VALUE 'middle';
ALTER TYPE mood RENAME VALUE 'low' TO 'down';
SELECT what, rebuild FROM phisync.policy_change ORDER BY version DESC LIMIT 2;
SELECT phisync.drop_bucket('moods');
-- Other tables are free.
ALTER TABLE other REPLICA IDENTITY NOTHING;
ALTER TABLE other DROP CONSTRAINT other_pkey;
ALTER TABLE other ALTER note TYPE int USING 1;
ALTER TABLE other SET UNLOGGED;
-- Who must may look away.
ALTER EVENT TRIGGER phisync_follow_alter DISABLE;
ALTER TABLE visit REPLICA IDENTITY DEFAULT;
ALTER EVENT TRIGGER phisync_follow_alter ENABLE ALWAYS;
-- What is weak already is not the fault of others.
ALTER TABLE visit ADD COLUMN fine int;
ALTER TABLE visit RENAME fine TO finer;
CREATE INDEX visit_finer ON visit (finer);
DROP INDEX CONCURRENTLY visit_finer;
ALTER TABLE visit ALTER finer TYPE bigint;
ALTER TABLE visit DROP COLUMN finer;
SELECT phisync.follow_alter();
SELECT phisync.follow_drop();
SELECT phisync.guard_drop();
SELECT phisync.drop_bucket('clinic');
SET client_min_messages = warning;
DROP SCHEMA regress_identity CASCADE;
