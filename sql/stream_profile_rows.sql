-- Rows of a sensitivity of their own: in the buckets of those alone who have consent for all their codes.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
CREATE TABLE visit (id int PRIMARY KEY, ward int, codes text, note text);
CREATE TABLE therapy (id int PRIMARY KEY, codes text[]);
CREATE TABLE clinic (id int PRIMARY KEY, name text);
SELECT FROM phisync.tag('visit', 'id', 'none');
SELECT FROM phisync.tag('visit', 'ward', 'none');
SELECT FROM phisync.tag('visit', 'codes', 'none;rows=sens');
SELECT FROM phisync.tag('visit', 'note', 'phi:clinical.note');
SELECT FROM phisync.tag('therapy', 'id', 'none');
SELECT FROM phisync.tag('therapy', 'codes', 'none;rows=sens');
SELECT FROM phisync.tag('clinic', 'phi;sens=SUD');
SELECT FROM phisync.tag('clinic', 'id', 'none');
SELECT FROM phisync.tag('clinic', 'name', 'none');
SELECT FROM phisync.create_profile('hiv', based_on => 'treatment', consents => '{HIV}');
SELECT FROM phisync.create_profile('both', based_on => 'treatment', consents => '{HIV,SUD}');
\set queries 'ARRAY[''SELECT id, ward, note FROM visit'', ''SELECT id FROM therapy'', ''SELECT id FROM clinic'']'
-- Rows must be able to leave when their codes change.
SELECT phisync.create_bucket('nobody', :queries, profile => 'treatment');
ALTER TABLE visit REPLICA IDENTITY FULL;
ALTER TABLE therapy REPLICA IDENTITY FULL;
SELECT FROM unnest('{treatment,hiv,both,full}'::text[]) AS profile, phisync.create_bucket(profile, :queries, profile => profile);
INSERT INTO visit VALUES (1, 1, NULL, 'open'), (2, 1, '', 'open'), (3, 1, 'HIV', 'n'), (4, 1, ' SUD , HIV', 'n'), (5, 1, 'hiv', 'unknown'), (6, 1, 'HIV;', 'n');
INSERT INTO therapy VALUES (1, '{}'), (2, '{HIV,NULL}'), (3, '{SUD,HIV}'), (4, '{{PSY},{HIV}}');
INSERT INTO clinic VALUES (1, 'c');
UPDATE visit SET codes = 'HIV' WHERE id = 1;
UPDATE visit SET note = 'm' WHERE id = 3;
UPDATE visit SET codes = 'SUD' WHERE id = 3;
UPDATE visit SET codes = NULL WHERE id = 4;
DELETE FROM visit WHERE id = 3;
SELECT bucket, in_bucket, reason FROM phisync.explain_row('visit', '1') ORDER BY bucket;
SELECT bucket, in_bucket, reason FROM phisync.explain_row('clinic', '1') ORDER BY bucket;
-- Consents that come and go are announced, and hold from there on.
SELECT FROM phisync.alter_profile('hiv', consents => '{SUD}');
UPDATE therapy SET id = 5 WHERE id = 2;
INSERT INTO therapy VALUES (6, '{SUD}');
INSERT INTO clinic VALUES (2, 'c');
-- A column that is text no more says nothing: no row.
SELECT FROM phisync.drop_bucket('both');
SELECT FROM phisync.drop_bucket('full');
ALTER TABLE visit ALTER COLUMN codes TYPE int USING 0;
INSERT INTO visit VALUES (9, 1, 0, 'n');
SELECT * FROM stream();
\i :drop
SELECT FROM phisync.drop_profile('hiv');
SELECT FROM phisync.drop_profile('both');
