\set ECHO none
-- A schema, a consumer that may read every bucket, a slot, and two functions that show what the slot holds, a record a
-- row, with what differs from run to run masked, and without hello and progress: stream() takes it, and leaves out
-- transactions that say nothing of rows; peek() leaves it there, and is given options of the stream.
CREATE SCHEMA regress_stream;
SET search_path = regress_stream, public;
CREATE ROLE regress_stream_reader;
GRANT regress_stream_reader TO CURRENT_USER;
SELECT FROM phisync.create_consumer('regress', 'regress_stream_reader') \g /dev/null
CREATE FUNCTION masked(record text) RETURNS text LANGUAGE sql AS $$
  SELECT pg_catalog.regexp_replace(pg_catalog.regexp_replace($1,
    '"(lsn|end|time)":"[^"]*"', '"\1":"*"', 'g'), '"(xid|crc|version)":[0-9]+', '"\1":0', 'g')
$$;
CREATE FUNCTION stream(consumer text DEFAULT 'regress') RETURNS SETOF text LANGUAGE sql AS $$
  WITH records AS (
    SELECT record, n, k, pg_catalog.substring(record, '^."k":"([a-z_]+)"') AS kind
    FROM pg_catalog.pg_logical_slot_get_changes('regress_stream', NULL, NULL, 'consumer', consumer) WITH ORDINALITY AS m (lsn, xid, data, n),
         pg_catalog.regexp_split_to_table(data, '\n') WITH ORDINALITY AS r (record, k)
  ), transactions AS (
    SELECT *, count(*) FILTER (WHERE kind = 'begin') OVER (ORDER BY n, k) AS t FROM records WHERE kind NOT IN ('hello', 'progress')
  )
  SELECT regress_stream.masked(record)
  FROM (SELECT *, pg_catalog.bool_or(kind NOT IN ('begin', 'policy', 'commit')) OVER (PARTITION BY t) AS holds_more FROM transactions) r
  WHERE kind <> 'policy' AND holds_more ORDER BY n, k
$$;
CREATE FUNCTION peek(VARIADIC options text[] DEFAULT '{}') RETURNS SETOF text LANGUAGE sql AS $$
  SELECT regress_stream.masked(record)
  FROM pg_catalog.pg_logical_slot_peek_changes('regress_stream', NULL, NULL, VARIADIC '{consumer,regress}' || options) WITH ORDINALITY AS m (lsn, xid, data, n),
       pg_catalog.regexp_split_to_table(data, '\n') WITH ORDINALITY AS r (record, k)
  WHERE record !~ '^."k":"(hello|progress)"' ORDER BY n, k
$$;
\pset format unaligned
\pset tuples_only on
SELECT FROM pg_create_logical_replication_slot('regress_stream', 'phisync') \g /dev/null
\set ECHO all
