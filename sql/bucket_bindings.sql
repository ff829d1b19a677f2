-- A row is in a bucket for each value of the columns that a parameter is bound to: one, several, or the elements of an array.
CREATE SCHEMA regress_bindings;
SET search_path = regress_bindings, public;
CREATE DOMAIN code AS varchar(5);
CREATE TABLE staff (user_id text, clinic_id int, clinic_code text, at char(3));
CREATE TABLE message (id int PRIMARY KEY, sender int, receiver bigint, readers int[], codes code[], tags text[], short char(3)[], doc jsonb, grade numeric[]);
ALTER TABLE message REPLICA IDENTITY FULL;
CREATE FUNCTION bound(condition text, parameter text DEFAULT 'clinic_id') RETURNS text LANGUAGE plpgsql AS $$
DECLARE m text; d text; h text; result text;
BEGIN
  PERFORM phisync.create_bucket('bound', ARRAY['SELECT id FROM message AS m WHERE ' || condition], format('SELECT %I AS p FROM staff', parameter), 'full');
  SELECT coalesce(refused, 'accepted') INTO result FROM phisync.bucket_queries WHERE bucket = 'bound';
  PERFORM phisync.drop_bucket('bound');
  RETURN condition || ': ' || result;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
  RETURN format(E'%s\n%s: %s\n  %s\n  %s\n', condition, SQLSTATE, m, d, h);
END
$$;
\pset format unaligned
\pset tuples_only on
\echo '# Forms'
SELECT bound(c) FROM unnest(ARRAY['sender = bucket.p', 'bucket.p = m.sender', 'sender IN (bucket.p)', 'bucket.p IN (sender)', 'bucket.p IN (sender, m.receiver)',
  'bucket.p = ANY (readers)', 'bucket.p = ANY (ARRAY[sender, receiver])', 'readers @> ARRAY[bucket.p]', 'ARRAY[bucket.p] <@ m.readers',
  'bucket.p IN (sender, receiver) AND receiver IN (1, 2) AND 3 = ANY (readers)']) c;
SELECT bound(c, 'clinic_code') FROM unnest(ARRAY['bucket.p = ANY (codes)', 'bucket.p = ANY (tags)']) c;
SELECT bound('bucket.p = ANY (short)', 'at');
\echo '# What cannot be bound'
SELECT bound(c) FROM unnest(ARRAY['sender NOT IN (bucket.p)', 'sender IN (bucket.p, 1)', 'bucket.p IN (sender, 1)', 'bucket.p IN (sender, receiver + 1)', 'bucket.p = ANY (ARRAY[sender, 1])',
  'bucket.p <> ANY (readers)', 'bucket.p = ALL (readers)', 'readers @> ARRAY[bucket.p, 1]', 'readers && ARRAY[bucket.p]', 'sender BETWEEN bucket.p AND bucket.p',
  'sender IS NOT DISTINCT FROM bucket.p', 'sender = bucket.p AND receiver = bucket.p', 'bucket.p IN (sender, missing)', 'bucket.p IN (sender, m)']) c;
\echo '# What does not fit'
SELECT bound(c) FROM unnest(ARRAY['bucket.p = ANY (sender)', 'bucket.p = ANY (doc)', 'sender @> ARRAY[bucket.p]', 'bucket.p = readers', 'bucket.p IN (sender, tags)', 'bucket.p = ANY (tags)', 'bucket.p = ANY (grade)',
  'bucket.p = ANY (codes)']) c;
\echo '# Each of the columns is in bucket ids, and needed in old rows'
ALTER TABLE message REPLICA IDENTITY DEFAULT;
SELECT bound('bucket.p IN (id, receiver)'), bound('bucket.p IN (id)');
ALTER TABLE message REPLICA IDENTITY FULL;
SELECT phisync.tag('message', 'receiver', 'phi:geo'), phisync.tag('message', 'id', 'none'), phisync.tag('message', 'sender', 'none'), phisync.tag('message', 'readers', 'none');
SELECT phisync.create_bucket('inbox', ARRAY['SELECT id FROM message WHERE bucket.clinic_id IN (sender, receiver)'], 'SELECT clinic_id FROM staff');
SELECT phisync.create_bucket('inbox', ARRAY['SELECT id FROM message WHERE bucket.clinic_id = ANY (readers)'], 'SELECT clinic_id FROM staff');
SELECT phisync.tag('message', 'readers', 'phi:geo');
SELECT refused FROM phisync.bucket_queries;
SELECT phisync.drop_bucket('inbox');
SET client_min_messages = warning;
DROP SCHEMA regress_bindings CASCADE;
