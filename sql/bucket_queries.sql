-- Definitions follow their tables: what still fits works on, what no longer fits is refused and says why.
CREATE SCHEMA regress_follow;
CREATE TYPE regress_follow.mood AS ENUM ('low', 'high');
CREATE DOMAIN regress_follow.code AS varchar(5);
CREATE TABLE regress_follow.visit (gone int, id int, clinic regress_follow.code, mood regress_follow.mood, note text, PRIMARY KEY (id));
ALTER TABLE regress_follow.visit DROP COLUMN gone;
ALTER TABLE regress_follow.visit REPLICA IDENTITY FULL;
CREATE TABLE regress_follow.staff (clinic text, mood regress_follow.mood);
SELECT phisync.create_bucket('clinic', ARRAY['SELECT * FROM regress_follow.visit WHERE clinic = bucket.clinic',
  'SELECT id, upper(note) AS loud FROM regress_follow.visit AS shout WHERE length(clinic) > 1 AND clinic = bucket.clinic'],
  'SELECT clinic FROM regress_follow.staff', 'full');
SELECT phisync.create_bucket('mood', ARRAY['SELECT id FROM regress_follow.visit WHERE bucket.mood = mood'], 'SELECT mood FROM regress_follow.staff', 'full');
CREATE VIEW regress_follow.now AS SELECT bucket, ordinal, relation, type, outputs, withholds, refused FROM phisync.bucket_queries ORDER BY bucket, ordinal;
TABLE regress_follow.now;
-- A new column is sent where * is said, a new name of the table changes nothing.
ALTER TABLE regress_follow.visit ADD COLUMN extra date;
ALTER TABLE regress_follow.visit RENAME TO encounter;
ALTER SCHEMA regress_follow RENAME TO regress_followed;
TABLE regress_followed.now;
ALTER SCHEMA regress_followed RENAME TO regress_follow;
-- What nobody followed is said: a new name of a column, another type, no key, no table.
ALTER EVENT TRIGGER phisync_follow_alter DISABLE;
ALTER EVENT TRIGGER phisync_follow_drop DISABLE;
ALTER TABLE regress_follow.encounter RENAME note TO remark;
TABLE regress_follow.now;
ALTER TABLE regress_follow.encounter RENAME remark TO note;
ALTER TABLE regress_follow.encounter ALTER note TYPE int USING 1;
TABLE regress_follow.now;
ALTER TABLE regress_follow.encounter DROP CONSTRAINT visit_pkey;
TABLE regress_follow.now;
DROP TABLE regress_follow.encounter;
SELECT bucket, ordinal, type, outputs, withholds, refused FROM regress_follow.now;
ALTER EVENT TRIGGER phisync_follow_alter ENABLE ALWAYS;
ALTER EVENT TRIGGER phisync_follow_drop ENABLE ALWAYS;
-- The transaction goes on, and what is gone can still be removed.
SELECT phisync.drop_bucket('clinic'), phisync.drop_bucket('mood');
TABLE regress_follow.now;
SET client_min_messages = warning;
DROP SCHEMA regress_follow CASCADE;
