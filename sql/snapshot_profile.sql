-- A snapshot transforms as the stream does: the same bytes, whatever the type. And phisync.preview shows the same.
\getenv abs_srcdir PG_ABS_SRCDIR
\set setup :abs_srcdir '/sql/include/stream_setup.sql'
\set drop :abs_srcdir '/sql/include/stream_drop.sql'
\i :setup
SELECT '/tmp/phisync_regress_key_' || pg_backend_pid() AS key_file \gset
SELECT 'umask 077; cat > ' || :'key_file' AS write, 'rm -f ' || :'key_file' AS remove \gset
COPY (SELECT '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f') TO PROGRAM :'write';
SET phisync.key_file = :'key_file';
CREATE TYPE sex AS ENUM ('f', 'm');
CREATE TABLE subject (code uuid PRIMARY KEY, sex sex, mail varchar(40), seen timestamp, admitted timestamptz, born date, weight numeric(5,2), temperature real, alive bool, host inet, place point,
  photo bytea, data jsonb, visits int8, zip int4, plan char(8), keys int[], note text);
SELECT FROM (VALUES ('code', 'phi:mrn;subject'), ('sex', 'phi:code'), ('mail', 'phi:email'), ('seen', 'phi:date.service'), ('admitted', 'phi:date.admit'), ('born', 'phi:date.birth'),
  ('weight', 'phi:clinical.lab;x=bucket(2.5)'), ('temperature', 'phi:clinical.lab;x=bucket(0.5)'), ('alive', 'phi:clinical;x=redact'), ('host', 'phi:ip'), ('place', 'phi:geo.latlon'),
  ('photo', 'phi:photo;x=redact'), ('data', 'phi:freetext;x=redact'), ('visits', 'phi:account'), ('zip', 'phi:geo.zip'), ('plan', 'phi:plan'), ('keys', 'phi:biometric'), ('note', 'phi:freetext')) AS t (c, l),
  phisync.tag('subject', c, l);
SELECT FROM phisync.create_profile('study', scope => 'study_7');
SELECT FROM (VALUES ('phi:mrn', 'pseudonym'), ('phi:code', 'pseudonym'), ('phi:email', 'email(keep_domain=yes)'), ('phi:date.service', 'date_shift(100)'), ('phi:date.admit', 'date_month'), ('phi:date.birth', 'date_year'),
  ('phi:ip', 'ip'), ('phi:account', 'surrogate'), ('phi:geo.zip', 'zip3'), ('phi:plan', 'partial(1,2,"#")'), ('phi:biometric', 'null'), ('phi:freetext', 'redact("")')) AS t (c, r),
  phisync.set_profile_rule('study', c, r);
SELECT FROM phisync.create_bucket('s', ARRAY['SELECT code AS id, * FROM subject'], profile => 'study');
SELECT outputs, transformed FROM phisync.bucket_queries;
-- One of the surrogates is there, the other is not.
SELECT FROM phisync.mask_surrogate(77, 'account', 'study_7');
INSERT INTO subject VALUES
  ('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'f', 'Ann@Example.org', '2024-02-29 23:59:59.5', '2024-02-29 23:30:00-05', '1980-02-29', 67.25, 36.6, true, '10.1.2.3', '(1,2)', '\xdeadbeef', '{"a": 1}', 77, 2139, 'AB-12345', '{1}', 'n'),
  ('6ba7b811-9dad-11d1-80b4-00c04fd430c8', 'm', 'no address', 'infinity', '-infinity', '1900-01-01', 'NaN', 'Infinity', NULL, '2001:db8::1/64', NULL, '', '[]', 78, 3601, 'x', NULL, ''),
  ('6ba7b812-9dad-11d1-80b4-00c04fd430c8', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
CREATE FUNCTION puts(messages text) RETURNS SETOF text LANGUAGE sql AS $$SELECT r FROM regexp_split_to_table(messages, '\n') r WHERE r LIKE '{"k":"put"%'$$;
CREATE TEMP TABLE streamed (r text);
INSERT INTO streamed SELECT r FROM pg_logical_slot_peek_changes('regress_stream', NULL, NULL, 'consumer', 'regress', 'bytea', 'hex'), puts(data) r;
CREATE TEMP TABLE snapped (r text);
INSERT INTO snapped SELECT r FROM phisync.snapshot('regress', NULL, 'bytea', 'hex') data, puts(data) r;
-- Surrogates are random.
SELECT regexp_replace(regexp_replace(r, '"visits":"[A-Z2-7]{26}"', '"visits":"*"'), '"sum":[0-9]+', '"sum":0') FROM streamed;
SELECT count(*) FROM (TABLE streamed EXCEPT ALL TABLE snapped) AS differs;
SELECT count(*), count(*) FILTER (WHERE NOT (SELECT (r::jsonb -> 'data') - 'id' - 'photo' IN (SELECT p - 'photo' FROM phisync.preview('study', 'subject') p))) AS other FROM streamed;
COPY (SELECT WHERE false) TO PROGRAM :'remove';
RESET phisync.key_file;
\i :drop
SELECT FROM phisync.drop_profile('study');
DELETE FROM phisync.surrogate WHERE scope = 'study_7';
