-- Rows about people who turn 90 are sent again.
CREATE TABLE phisync.age_sweep_state (
  relation    regclass PRIMARY KEY,
  swept_until timestamptz NOT NULL
);
COMMENT ON TABLE phisync.age_sweep_state IS
'Until when phisync.age_sweep has looked at each table. Not dumped: what it says is about consumers of this server. Needs no preload.';
GRANT SELECT ON phisync.age_sweep_state TO phisync_officer, phisync_auditor;

CREATE FUNCTION phisync.sweep_table(relation regclass) RETURNS bigint
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_sweep_table';
COMMENT ON FUNCTION phisync.sweep_table(regclass) IS
'Sends rows of one table again; part of phisync.age_sweep. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.sweep_table(regclass) FROM PUBLIC;

CREATE FUNCTION phisync.age_sweep(only_relation regclass DEFAULT NULL) RETURNS TABLE (relation regclass, rows bigint)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  wanted regclass := only_relation;
  r regclass;
  n bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = wanted AND c.relkind IN ('r', 'p')) AND wanted IS NOT NULL THEN
    RAISE wrong_object_type USING MESSAGE = format('%s is no table', wanted), DETAIL = 'Rows of tables are sent again.',
      HINT = 'Name a table, or none for all that buckets read.';
  END IF;
  -- The tables that hold rows of those named, and of partitions and heirs.
  FOR r IN
    WITH RECURSIVE tree AS (
      SELECT DISTINCT q.relation::oid AS oid FROM phisync.bucket_query q WHERE wanted IS NULL
      UNION SELECT wanted::oid WHERE wanted IS NOT NULL
      UNION SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid
    )
    SELECT c.oid::regclass FROM tree t JOIN pg_class c ON c.oid = t.oid
    WHERE c.relkind = 'r' AND c.relpersistence = 'p' ORDER BY c.oid::regclass::text COLLATE "C" LOOP
    n := phisync.sweep_table(r);
    CONTINUE WHEN n IS NULL;
    relation := r;
    rows := n;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION phisync.age_sweep(regclass) IS
'Sends again the rows in which a date that may be of birth (phi:date.birth, phi:date, phi:age) passed 90 years since the last sweep (the first one takes all of 90 and more), so that consumers lose the year: of one table with its partitions and heirs, or (null) of all that buckets read. To be run once a day. An UPDATE as the table''s owner sets a column to what it is: no value changes, ordinary triggers do not fire; the retention guard lets it pass, an audit of row changes has it as an UPDATE of no column. Gives the tables with such columns and how many rows. Raises 42809 for what is no table. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.age_sweep(regclass) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.age_sweep(regclass) TO phisync_officer;
