-- Detection: what columns hold that nobody has tagged yet.

CREATE FUNCTION phisync.detect(schemas text[] DEFAULT NULL, sample int DEFAULT 2000)
RETURNS TABLE (relation regclass, column_name name, kind text, confidence numeric, evidence jsonb, suggested_label text)
LANGUAGE C VOLATILE PARALLEL UNSAFE ROWS 200 COST 10000 AS 'MODULE_PATHNAME', 'phisync_detect';
COMMENT ON FUNCTION phisync.detect(text[], int) IS
'Columns that probably hold PHI, in the tables and views of the schemas (NULL: of all), with the kind, a confidence from 0.5 (look at it) over 0.9 (tag it) to 0.999, the evidence and the label to set; columns below 0.5 are left out. Looks at names, at keys and at up to sample rows a table (0: at none), with the privileges of the caller and under row-level security; partitions are sampled through their root, views and foreign tables not at all. Evidence has words, shares and counts, never a value. Errors: 3F000 no such schema, 22023 sample not between 0 and 100000. Needs no preload.';

CREATE FUNCTION phisync.apply_suggestions(min_confidence numeric DEFAULT 0.9, schemas text[] DEFAULT NULL, sample int DEFAULT 2000)
RETURNS TABLE (relation regclass, column_name name, label text, confidence numeric, outcome text)
LANGUAGE plpgsql VOLATILE SET lock_timeout = '3s' AS $$
DECLARE
  found record;
  locked regclass;  -- by others; asked for once, not for each column
BEGIN
  IF min_confidence IS NULL OR min_confidence < 0.5 OR min_confidence > 1 THEN
    RAISE invalid_parameter_value USING MESSAGE = 'min_confidence must be between 0.5 and 1',
      HINT = 'From 0.9 on suggestions are right with few exceptions; below, look at phisync.detect() first.';
  END IF;
  -- Views last: what they read may be tagged by then, and a view follows what it reads.
  FOR found IN
    SELECT d.*, c.relkind, pg_catalog.pg_has_role(c.relowner, 'USAGE') AS is_owner
    FROM phisync.detect(schemas, sample) WITH ORDINALITY d
    JOIN pg_catalog.pg_class c ON c.oid = d.relation
    WHERE d.confidence >= min_confidence
    ORDER BY c.relkind IN ('v', 'm'), d.ordinality
  LOOP
    relation := found.relation;
    column_name := found.column_name;
    label := found.suggested_label;
    confidence := found.confidence;
    outcome := 'skipped: locked by another session';
    IF found.relation IS DISTINCT FROM locked THEN
      BEGIN
        IF found.is_owner AND found.relkind IN ('r', 'p') THEN
          -- Whoever else sets labels here waits, so that none is overwritten. LOCK of a view would lock what it reads,
          -- with the rights of its owner, who may not have them.
          EXECUTE pg_catalog.format('LOCK TABLE %s IN SHARE UPDATE EXCLUSIVE MODE', found.relation);
        END IF;
        -- A label that cannot be read is a label; what a parent or a table under a view leaves open is decided there.
        CONTINUE WHEN EXISTS (
          SELECT FROM phisync.effective_tags(found.relation) t
          WHERE t.column_name = found.column_name AND (t.tag <> 'unclassified' OR t.source IN ('own', 'parent', 'view')));
        outcome := 'skipped: not the owner';
        IF found.is_owner THEN
          PERFORM phisync.tag(relation, column_name, label);
          outcome := 'tagged';
        END IF;
      EXCEPTION WHEN lock_not_available THEN
        locked := found.relation;
        outcome := 'skipped: locked by another session';
      END;
    END IF;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION phisync.apply_suggestions(numeric, text[], int) IS
'Tags the columns that phisync.detect(schemas, sample) finds with at least this confidence and that have no tag yet, own or inherited, and returns each with what was done: tagged, or skipped because the caller does not own the relation or because another session held a lock on it for three seconds. Runs as its caller and never changes a label. Errors: 22023 min_confidence not between 0.5 and 1, and those of phisync.detect. Needs no preload.';

REVOKE ALL ON FUNCTION phisync.detect(text[], int), phisync.apply_suggestions(numeric, text[], int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.detect(text[], int) TO phisync_officer, phisync_auditor;
GRANT EXECUTE ON FUNCTION phisync.apply_suggestions(numeric, text[], int) TO phisync_officer;

CREATE FUNCTION phisync.follow_copies() RETURNS event_trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_follow_copies';
COMMENT ON FUNCTION phisync.follow_copies() IS
'Labels a table that is made by LIKE, CREATE TABLE AS or SELECT INTO as what it is made from, and warns of new columns that count as PHI because nobody classified them. Used by the event triggers phisync_before_copies and phisync_follow_copies. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.follow_copies() FROM PUBLIC;
-- The query and the LIKE clauses are kept before the command runs: it changes them.
CREATE EVENT TRIGGER phisync_before_copies ON ddl_command_start
  WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE SCHEMA', 'CREATE FOREIGN TABLE', 'ALTER TABLE', 'ALTER FOREIGN TABLE')
  EXECUTE FUNCTION phisync.follow_copies();
ALTER EVENT TRIGGER phisync_before_copies ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_before_copies IS
'Notes what a new table is made from';
CREATE EVENT TRIGGER phisync_follow_copies ON ddl_command_end
  WHEN TAG IN ('CREATE TABLE', 'CREATE TABLE AS', 'SELECT INTO', 'CREATE SCHEMA', 'CREATE FOREIGN TABLE', 'ALTER TABLE', 'ALTER FOREIGN TABLE')
  EXECUTE FUNCTION phisync.follow_copies();
ALTER EVENT TRIGGER phisync_follow_copies ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER phisync_follow_copies IS
'Labels copies of PHI and warns of new columns that nobody classified';
