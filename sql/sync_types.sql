-- Values of every kind of type as the stream writes them, with settings of the session that must not matter.
SET datestyle = 'German, DMY';
SET intervalstyle = 'iso_8601';
SET timezone = 'Asia/Kolkata';
SET extra_float_digits = -5;
SET bytea_output = 'escape';
CREATE ROLE regress_types_reader;
GRANT regress_types_reader TO CURRENT_USER;
CREATE SCHEMA types;
SET search_path = types;
CREATE TYPE mood AS ENUM ('sad', 'ok "x"');
CREATE DOMAIN posint AS int CHECK (value > 0);
CREATE TYPE pair AS (a int, "b ""q" text, t timestamptz, n numeric[]);
CREATE TYPE textrange AS RANGE (subtype = text, collation = "C");

CREATE TABLE value (
  id int PRIMARY KEY,
  b bool, i2 int2, i8 int8, o oid, f4 float4, f8 float8, n numeric,
  t text, v varchar(9), c char(5), nm name, ch "char", u uuid,
  d date, ts timestamp, tz timestamptz, ti time, tt timetz, iv interval,
  j json, jb jsonb, ba bytea, ip inet, m macaddr, mo money, bi bit(3), vb varbit, x xml,
  lsn pg_lsn, cls regclass, tsv tsvector, pt point, td tid,
  e mood, p posint, r int4range, rz tstzrange, tr textrange, mr int4multirange, co pair,
  ai int[], at text[], af float8[], ab bool[], an numeric[], ad date[], az timestamptz[], aj jsonb[],
  aba bytea[], ae mood[], ar int4range[], aco pair[], abx box[], gen int GENERATED ALWAYS AS (id * 2) STORED
);
SELECT phisync.create_bucket('types', ARRAY['SELECT * FROM types.value'], profile => 'full');
CREATE TABLE reader (user_id text, n int, seen timestamptz);
CREATE TABLE keyed (code text, seen timestamptz, raw bytea, f float8, n int, PRIMARY KEY (code, seen, raw, f));
ALTER TABLE keyed REPLICA IDENTITY FULL;
SELECT phisync.create_bucket('keyed', ARRAY['SELECT code AS id, raw FROM types.keyed WHERE n = bucket.n AND seen = bucket.seen'],
  'SELECT n, seen FROM types.reader WHERE user_id = auth.user_id()', 'full');
SELECT phisync.create_consumer('types', 'regress_types_reader');
SELECT slot_name FROM pg_create_logical_replication_slot('regress_types', 'phisync');

INSERT INTO value VALUES (1,
  true, -2, 9223372036854775807, 4294967295, 0.1, 1, 1.10,
  E'a"b\\c/d\n\u2028\U0001F600', 'v', 'x', 'n', 'c', '4b113bf1-eb3c-587b-a65a-6bd0105fb8d5',
  '2024-01-02', '2024-01-02 03:04:05.1', '2024-01-02 03:04:05.123456+05:30', '03:04:05', '03:04:05.1+02',
  '1 day 02:03:04', '{"b" : 1,  "a":"x"}', '{"b" : 1.50,  "a":["x\n",null,true,{},[]]}', '\x01ff',
  '10.0.0.1/8', '08:00:2b:01:02:03', 1234.5::numeric::money, B'101', B'10', '<a/>',
  '16/B374D848', 'pg_catalog.pg_class', 'b a', '(1,2.5)', '(3,4)',
  'ok "x"', 7, '[1,5)', '[2024-01-01 00:00+00,2024-02-01 00:00+00]', textrange('a"b', 'c'), '{[1,3),[5,9)}',
  ROW(1, 'q"', '2024-01-01 00:00+00', '{1.0,2}'),
  '{1,NULL,3}', '{a,"b,c",NULL,"q\""}', '{1,2.5}', '{t,f}', '{1.10,NaN}', '{2024-01-02,infinity}',
  '{2024-01-02 00:00+00}', ARRAY['{"a":1}', '"s"', 'null']::jsonb[], '{"\\x01"}', '{sad,"ok \"x\""}', '{"[1,5)",empty}',
  ARRAY[ROW(2, NULL, NULL, NULL)::pair], '{(1,2),(3,4);(5,6),(7,8)}');
-- Where there is nothing, and what the format cannot say.
INSERT INTO value (id, t, c, ch, f4, f8, n, d, ts, tz, ti, r, mr, ai, co, jb)
VALUES (2, '', '', '', 'NaN', '-Infinity', 'NaN', 'infinity', '-infinity', 'infinity', '24:00', 'empty', '{}', '{}',
  ROW(NULL, NULL, NULL, NULL), '7');
INSERT INTO value (id, f4, f8, n, d, ts, tz, r, ai, an, mo, jb)
VALUES (3, 33555392, 1e21, -0.00012, '0044-03-15 BC', '0044-03-15 BC', '10000-01-01 00:00+00', '(,5)', '[0:1]={5,6}',
  '{{1,2},{3,NULL}}', (-0.07)::numeric::money, '"s"');
INSERT INTO value (id, f4, f8, n, jb) VALUES (4, 1e20, 1e-7, 12345678901234567890.123456789, '[]');
INSERT INTO value (id, f8) VALUES (5, '-0');
-- Keys and bucket ids keep apart what data does not.
INSERT INTO keyed VALUES ('a"b', '2024-01-02 00:00+00', '\x01', 12, -1), ('c', 'infinity', '\x01ff', 12.5, 0),
  ('d', '9999-12-31 23:59:59+00', '', '-0', 0), ('e', '0044-03-15 00:00+00 BC', '', 1, 1), ('f', '2024-01-02 00:00+00', '', 'NaN', 1),
  ('g', '2024-01-02 00:00+00', '', 1e21, NULL);

CREATE TABLE line AS
SELECT row_number() OVER () AS number, line
FROM pg_logical_slot_get_changes('regress_types', NULL, NULL, 'consumer', 'types') AS message,
  regexp_split_to_table(message.data, E'\n') AS line;
-- json keeps the bytes. Absent: what holds bytea.
SELECT key, value FROM line, json_each(line::json -> 'data') WHERE line::json ->> 'id' = '1';
SELECT line::json ->> 'id' AS id, key, value FROM line, json_each(line::json -> 'data')
WHERE line::json ->> 'type' = 'value' AND line::json ->> 'id' <> '1' AND value::text <> 'null'
  OR line::json ->> 'id' IN ('2', '3') AND key IN ('f4', 'f8', 'ts', 'tz') ORDER BY number;
SELECT line::json ->> 'id' AS id, line::json ->> 'subkey' AS subkey, line::json -> 'buckets' AS buckets, line::json -> 'data' AS data
FROM line WHERE line::json ->> 'type' = 'keyed' ORDER BY number;

-- The checksums by their definitions.
CREATE FUNCTION crc32c(bytes bytea) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE crc bigint := 4294967295;
BEGIN
  FOR i IN 0..octet_length(bytes) - 1 LOOP
    crc := crc # get_byte(bytes, i);
    FOR bit IN 1..8 LOOP crc := (crc >> 1) # (CASE WHEN crc & 1 = 1 THEN 2197175160 ELSE 0 END); END LOOP;
  END LOOP;
  RETURN crc # 4294967295;
END $$;
SELECT crc32c('123456789') = 3808858755 AS check_value;
CREATE FUNCTION folded(text text) RETURNS bigint LANGUAGE sql AS $$
  SELECT sum(get_byte(sha256(convert_to(text, 'UTF8')), i)::bigint << 8 * i) FROM generate_series(0, 3) i $$;
SELECT count(*) AS puts, bool_and((line::json ->> 'sum')::bigint = folded(
  concat_ws('.', 'put', line::json ->> 'type', line::json ->> 'id', line::json ->> 'data'))) AS sums
FROM line WHERE line::json ->> 'k' = 'put';
SELECT line::json ->> 'count' AS count,
  (line::json ->> 'crc')::bigint = crc32c((SELECT string_agg(convert_to(before.line || E'\n', 'UTF8'), '' ORDER BY number)
    FROM line AS before WHERE before.number < line.number AND before.number > (SELECT coalesce(max(number), 1) FROM line AS earlier
      WHERE earlier.number < line.number AND earlier.line::json ->> 'k' = 'commit'))) AS crc
FROM line WHERE line::json ->> 'k' = 'commit' ORDER BY number;

-- A snapshot gives the same puts, byte for byte but for their numbers; through an index as well.
CREATE FUNCTION unnumbered(record text) RETURNS text LANGUAGE sql AS $$ SELECT regexp_replace(record, '"seq":[0-9]+', '') $$;
CREATE VIEW streamed AS SELECT unnumbered(line) FROM line WHERE line LIKE '{"k":"put"%';
CREATE VIEW taken AS SELECT unnumbered(r) FROM phisync.snapshot('types') m, regexp_split_to_table(m, E'\n') r WHERE r LIKE '{"k":"put"%';
SELECT count(*) FROM taken;
(TABLE streamed EXCEPT ALL TABLE taken) UNION ALL (TABLE taken EXCEPT ALL TABLE streamed);
CREATE TABLE bound (b bool, i smallint, l bigint, t text, v varchar, c char(3), u uuid, d date, ts timestamp, tz timestamptz, e mood,
  p posint, id int PRIMARY KEY);
ALTER TABLE bound REPLICA IDENTITY FULL;
INSERT INTO bound VALUES
  (true, -1, 9223372036854775807, 'a"b\', 'v', 'c', '4b113bf1-eb3c-587b-a65a-6bd0105fb8d5', '2024-02-01', '2024-02-01 03:04:05.1',
   '2024-02-01 00:00+05:30', 'ok "x"', 7, 1),
  (false, 0, 0, '', '', '', '00000000-0000-0000-0000-000000000000', 'infinity', '-infinity', 'infinity', 'sad', 1, 2),
  (false, 1, 1, E'\u2028', ' ', 'ccc', 'ffffffff-ffff-ffff-ffff-ffffffffffff', '0044-03-15 BC', '0044-03-15 BC', '12024-01-01 00:00+00', 'sad', 2, 3);
SELECT count(phisync.create_bucket('by_' || attname, ARRAY[format('SELECT id FROM bound WHERE %1$I = bucket.%1$I', attname)],
  format('SELECT NULL::%s AS %I', format_type(atttypid, atttypmod), attname), 'full')) AS buckets
FROM pg_attribute WHERE attrelid = 'bound'::regclass AND attnum > 0 AND attname <> 'id';
CREATE VIEW ids AS SELECT DISTINCT id FROM phisync.snapshot('types') m, regexp_split_to_table(m, E'\n') r,
  LATERAL json_array_elements_text(r::json -> 'buckets') id WHERE r::json ->> 'type' = 'bound';
CREATE FUNCTION rows_in(bucket text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(r::json ->> 'id', ',' ORDER BY r) FROM phisync.snapshot('types', ARRAY[bucket]) m, regexp_split_to_table(m, E'\n') r $$;
CREATE TABLE before AS SELECT id, rows_in(id) AS rows FROM ids;
SELECT * FROM before ORDER BY id COLLATE "C";
SELECT format('CREATE INDEX ON bound (%I)', attname) FROM pg_attribute WHERE attrelid = 'bound'::regclass AND attnum > 0 AND attname <> 'id' \gexec
SELECT pg_stat_force_next_flush();
BEGIN;
SELECT b.id, b.rows, rows_in(b.id) FROM before b WHERE rows_in(b.id) IS DISTINCT FROM b.rows;
SELECT seq_scan, idx_scan > 0 AS idx_scan FROM pg_stat_xact_user_tables WHERE relid = 'bound'::regclass;
COMMIT;

SELECT pg_drop_replication_slot('regress_types');
SELECT phisync.drop_consumer('types');
SELECT count(phisync.drop_bucket(name)) FROM phisync.buckets;
SET client_min_messages = warning;
DROP SCHEMA types CASCADE;
DROP ROLE regress_types_reader;
