-- Buckets. The definition tables are read while changes are decoded, as they were when the
-- change was made: hence user_catalog_table, names that compare by bytes, and texts that are kept in the row.
CREATE TABLE phisync.bucket (
  name            text COLLATE "C" PRIMARY KEY,
  parameters      text,
  parameter_names text[] NOT NULL,
  profile         text NOT NULL,
  priority        smallint NOT NULL DEFAULT 3 CHECK (priority BETWEEN 0 AND 3),
  definer         regrole NOT NULL
) WITH (user_catalog_table = true);
ALTER TABLE phisync.bucket ALTER COLUMN parameters SET STORAGE PLAIN, ALTER COLUMN parameter_names SET STORAGE PLAIN;
COMMENT ON TABLE phisync.bucket IS
'Definitions of buckets, written by phisync.create_bucket, alter_bucket, drop_bucket and the event triggers that follow DDL alone. Read phisync.buckets instead.';

CREATE TABLE phisync.bucket_query (
  bucket   text COLLATE "C" NOT NULL,
  ordinal  integer NOT NULL,
  relation regclass NOT NULL,
  query    text NOT NULL,
  columns  name[] NOT NULL,
  PRIMARY KEY (bucket, ordinal)
) WITH (user_catalog_table = true);
ALTER TABLE phisync.bucket_query ALTER COLUMN query SET STORAGE PLAIN;
CREATE INDEX bucket_query_relation ON phisync.bucket_query (relation);
COMMENT ON TABLE phisync.bucket_query IS
'Data queries of buckets, numbered from 0, written by phisync.create_bucket, alter_bucket, drop_bucket and the event triggers that follow DDL alone. Read phisync.buckets instead.';

-- A query whose table is gone would come back under whatever table has its number then, and a bucket whose definer is
-- gone with the rights of whatever role has.
SELECT pg_catalog.pg_extension_config_dump('phisync.bucket',
  'WHERE EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.oid = definer)');
SELECT pg_catalog.pg_extension_config_dump('phisync.bucket_query',
  'WHERE EXISTS (SELECT FROM pg_catalog.pg_class c WHERE c.oid = relation)
     AND EXISTS (SELECT FROM phisync.bucket b JOIN pg_catalog.pg_roles r ON r.oid = b.definer WHERE b.name = bucket)');

CREATE FUNCTION phisync.create_bucket(name text, data text[], parameters text DEFAULT NULL, profile text DEFAULT 'withhold',
  priority integer DEFAULT 3)
RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_create_bucket';
COMMENT ON FUNCTION phisync.create_bucket(text, text[], text, text, integer) IS
'Defines a bucket: data queries that say which rows are in it and what of them is sent, a parameters query whose outputs they refer to as bucket.name (null: one bucket for all), and a profile that says which PHI its consumers get (withhold: none; full: all). Devices fetch buckets of priority 0 first, of 3 last. Locks each table against writers until the transaction ends. Raises an error that names what is wrong and what mends it. Needs no preload.';

CREATE FUNCTION phisync.alter_bucket(name text, data text[] DEFAULT NULL, parameters text DEFAULT NULL, profile text DEFAULT NULL,
  priority integer DEFAULT NULL)
RETURNS void LANGUAGE C VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_alter_bucket';
COMMENT ON FUNCTION phisync.alter_bucket(text, text[], text, text, integer) IS
'Changes what is given of a bucket and keeps the rest (null), its name and its grants; parameters of an empty text make it one bucket for all. All of it is checked with the rights of the caller, who becomes its definer. Consumers are told to take its contents anew. Locks the old and new tables against writers until the transaction ends. Raises what create_bucket raises, and 42704 if there is none of that name. Needs no preload.';

CREATE FUNCTION phisync.drop_bucket(name text, cascade boolean DEFAULT false)
RETURNS void LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_drop_bucket';
COMMENT ON FUNCTION phisync.drop_bucket(text, boolean) IS
'Removes a bucket and its data queries: consumers are told that its rows leave, later changes are not sent for it. Locks its tables against writers until the transaction ends. Raises 42704 if there is none of that name, and, without cascade, 2BP01 if a consumer is granted it by name; with cascade the grant of that name stays, and create_bucket refuses the name until it is taken back. Needs no preload.';

CREATE VIEW phisync.buckets AS
SELECT b.name, b.parameters, b.parameter_names,
       pg_catalog.array_agg(q.query ORDER BY q.ordinal) AS data, b.profile,
       pg_catalog.array_agg(q.relation ORDER BY q.ordinal) AS relations, b.priority, b.definer
FROM phisync.bucket b LEFT JOIN phisync.bucket_query q ON q.bucket OPERATOR(pg_catalog.=) b.name
GROUP BY b.name;
COMMENT ON VIEW phisync.buckets IS
'Buckets: the parameters query and the names of its outputs, the data queries in order with the table of each, the profile, the priority (0: fetched first, 3: last), and the role that defined it, with whose rights the parameters query runs. Needs no preload.';

CREATE FUNCTION phisync.compiled_queries(relation regclass)
RETURNS TABLE (bucket text, ordinal integer, type text, outputs text[], withholds boolean, transformed jsonb,
               refused text)
LANGUAGE C STRICT STABLE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_compiled_queries';
COMMENT ON FUNCTION phisync.compiled_queries(regclass) IS
'What the output plugin makes of the data queries on a table as it is now; columns as in phisync.bucket_queries. Needs no preload.';

CREATE VIEW phisync.bucket_queries AS
SELECT q.bucket, q.ordinal, q.relation, c.type, c.outputs, c.withholds, c.transformed,
       CASE WHEN c.bucket IS NULL THEN '42P01' ELSE c.refused END AS refused, q.query
FROM phisync.bucket_query q LEFT JOIN LATERAL phisync.compiled_queries(q.relation) c
  ON c.bucket OPERATOR(pg_catalog.=) q.bucket AND c.ordinal OPERATOR(pg_catalog.=) q.ordinal;
COMMENT ON VIEW phisync.bucket_queries IS
'What each data query sends as things are now: the objects'' type, the outputs that are sent, whether its profile withholds others, which of them it transforms and how ({"birth_date": "date_year"}), and, where no record can be made any more, the SQLSTATE that says why: 42501 an id, parameter or key is PHI by now, 55000 the key of a transformation is not to be had, 42P01 the table is gone, others what its text no longer fits. Needs no preload.';

REVOKE ALL ON FUNCTION phisync.create_bucket(text, text[], text, text, integer), phisync.drop_bucket(text, boolean), phisync.alter_bucket(text, text[], text, text, integer), phisync.compiled_queries(regclass)
  FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.create_bucket(text, text[], text, text, integer), phisync.drop_bucket(text, boolean), phisync.alter_bucket(text, text[], text, text, integer)
  TO phisync_officer;
GRANT EXECUTE ON FUNCTION phisync.compiled_queries(regclass) TO phisync_officer, phisync_auditor;
GRANT SELECT ON phisync.bucket, phisync.bucket_query, phisync.buckets, phisync.bucket_queries
  TO phisync_officer, phisync_auditor;
