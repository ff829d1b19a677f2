-- Access audit: the trail, its partitions, its view, and row-change triggers.

CREATE SEQUENCE phisync.audit_seq;

CREATE TABLE phisync.audit_trail (
  seq bigint NOT NULL DEFAULT pg_catalog.nextval('phisync.audit_seq'),
  recorded_at timestamptz NOT NULL,
  event_id uuid NOT NULL,
  source text NOT NULL,
  outcome text NOT NULL,
  "precision" text NOT NULL,
  session_role text,
  effective_role text,
  authenticated_as text,
  application_user text,
  purpose text,
  client_address inet,
  client_port integer,
  tls boolean NOT NULL,
  application_name text,
  backend_pid integer,
  command text,
  top_command text,
  nested boolean NOT NULL,
  relations text[] NOT NULL,
  relation_oids oid[] NOT NULL,
  columns text[] NOT NULL,
  tags text[] NOT NULL,
  truncated boolean NOT NULL,
  row_count bigint,
  query_id bigint,
  transaction_id xid8,
  row_key text,
  changed_columns text[],
  lost_events bigint,
  started_at timestamptz NOT NULL,
  finished_at timestamptz NOT NULL,
  detail jsonb
) PARTITION BY RANGE (recorded_at);
ALTER SEQUENCE phisync.audit_seq OWNED BY phisync.audit_trail.seq;
COMMENT ON TABLE phisync.audit_trail IS
'The audit trail, one partition a month (UTC), made when its first event arrives. Written by phisync alone; read it through phisync.audit_log.';
COMMENT ON COLUMN phisync.audit_trail.recorded_at IS 'When the event was complete in its session; the partitions are ranges of it.';
COMMENT ON COLUMN phisync.audit_trail.event_id IS
'Names the event; a cursor has one row with outcome open when it first delivers rows and one with the same event_id when it ends.';
COMMENT ON COLUMN phisync.audit_trail.source IS
'read: a statement that read tagged columns; statement: one that wrote them without reading any; change: a changed row; gap: events that could not be recorded; stream: a start, end or refusal of the change stream; tag: a tag that was removed or weakened.';
COMMENT ON COLUMN phisync.audit_trail.outcome IS
'ok; error: failed while it ran (row_count = rows produced until then); aborted: ended by a rollback between fetches; open: a cursor that can deliver more. Of a read without a grant: denied; would_deny: let through by phisync.read_enforcement = audit; exempt: a superuser''s under phisync.superuser_reads.';
COMMENT ON COLUMN phisync.audit_trail."precision" IS
'row: exactly this row; statement: the columns that the statement names, in rows that it reached; bulk: whole rows went out or in (COPY, TRUNCATE).';
COMMENT ON COLUMN phisync.audit_trail.columns IS 'Tagged columns touched, as relation.column; tags has the class of each at the same place.';
COMMENT ON COLUMN phisync.audit_trail.top_command IS 'Command tag of the client''s statement in which this one ran.';
COMMENT ON COLUMN phisync.audit_trail.row_key IS
'Primary key of a changed row: a JSON array of texts, or a keyed hash (hmac:...) where a key column is tagged; see phisync.audit_row_key.';
COMMENT ON COLUMN phisync.audit_trail.changed_columns IS 'Names of the columns that an UPDATE of the row changed; never values.';
COMMENT ON COLUMN phisync.audit_trail.detail IS 'Of a stream: consumer, slot (empty: a snapshot), and the SQLSTATE with which it was refused or ended (00000: none). Of a tag: the label before and after (null: none), and the schema if the label was its.';
COMMENT ON COLUMN phisync.audit_trail.lost_events IS 'Of a gap: how many events were lost between started_at and finished_at.';

-- A dump sets its labels before it attaches the months that it brings; a month made for such an event would be in its way.
CREATE TABLE phisync.audit_pending (LIKE phisync.audit_trail INCLUDING DEFAULTS);
COMMENT ON TABLE phisync.audit_pending IS
'Events of the trail of source tag whose month has no partition yet; they move there when another event or phisync.audit_table asks for the month. Read phisync.audit_log instead.';
SELECT pg_catalog.pg_extension_config_dump('phisync.audit_pending', '');

-- Made when first needed, not here: a dump carries it, and hashes stay comparable after a restore.
CREATE TABLE phisync.audit_secret (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  secret bytea NOT NULL
);
COMMENT ON TABLE phisync.audit_secret IS
'Key of the hashes that stand for tagged primary keys in the trail. Whoever has it can test guesses; it is granted to nobody.';

SELECT pg_catalog.pg_extension_config_dump('phisync.audit_secret', '');
SELECT pg_catalog.pg_extension_config_dump('phisync.audit_seq', '');
REVOKE ALL ON phisync.audit_trail, phisync.audit_pending, phisync.audit_secret FROM PUBLIC;
REVOKE ALL ON SEQUENCE phisync.audit_seq FROM PUBLIC;

CREATE VIEW phisync.audit_log AS
SELECT seq, recorded_at, event_id, source, outcome, "precision", session_role, effective_role, authenticated_as,
  application_user, purpose, client_address, client_port, tls, application_name, backend_pid, command, top_command,
  nested, relations, relation_oids, columns, tags, truncated, row_count, query_id, transaction_id, row_key,
  changed_columns, lost_events, started_at, finished_at, detail
FROM (SELECT * FROM phisync.audit_trail UNION ALL SELECT * FROM phisync.audit_pending) events;
COMMENT ON VIEW phisync.audit_log IS
'The audit trail: who touched which tagged columns of which tables, when, from where, for whom and why. Readable by phisync_auditor and phisync_officer, writable by nobody. Statements are recorded with preload alone, row changes without too.';
REVOKE ALL ON phisync.audit_log FROM PUBLIC;
GRANT SELECT ON phisync.audit_log TO phisync_auditor, phisync_officer;

-- LIKE and ATTACH take no lock that row changes of running transactions hold; CREATE ... PARTITION OF would.
CREATE FUNCTION phisync.audit_partition(at timestamptz) RETURNS regclass
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO' AS $$
DECLARE
  first_day timestamptz := date_trunc('month', at);
  bounds text := format('FOR VALUES FROM (%L) TO (%L)', first_day, first_day + interval '1 month');
  base text := 'audit_trail_' || to_char(first_day, '"y"YYYY"m"MM');
  name text := base;
  attempt int := 1;
  partition regclass;
BEGIN
  LOCK TABLE phisync.audit_trail IN SHARE UPDATE EXCLUSIVE MODE;
  SELECT c.oid INTO partition FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
  WHERE i.inhparent = 'phisync.audit_trail'::regclass AND pg_get_expr(c.relpartbound, c.oid) = bounds;
  IF NOT FOUND THEN
    -- Somebody may have detached the month and kept its name: new events still need a place.
    WHILE to_regclass('phisync.' || quote_ident(name)) IS NOT NULL LOOP
      attempt := attempt + 1;
      name := base || '_' || attempt;
    END LOOP;
    EXECUTE format('CREATE TABLE phisync.%I (LIKE phisync.audit_trail INCLUDING DEFAULTS)', name);
    -- On each partition, not on the whole: a dump of a partition would otherwise not restore, as attaching it makes the key too.
    EXECUTE format('ALTER TABLE phisync.%I ADD PRIMARY KEY (recorded_at, seq)', name);
    -- So that phisync.slots finds the last error of a slot without reading the trail.
    EXECUTE format('CREATE INDEX ON phisync.%I (recorded_at) WHERE source = %L', name, 'stream');
    EXECUTE format('REVOKE ALL ON phisync.%I FROM PUBLIC', name);
    EXECUTE format('ALTER TABLE phisync.audit_trail ATTACH PARTITION phisync.%I %s', name, bounds);
    partition := to_regclass('phisync.' || quote_ident(name));
  END IF;
  WITH due AS (
    DELETE FROM phisync.audit_pending WHERE recorded_at >= first_day AND recorded_at < first_day + interval '1 month' RETURNING *)
  INSERT INTO phisync.audit_trail SELECT * FROM due;
  RETURN partition;
END
$$;
COMMENT ON FUNCTION phisync.audit_partition(timestamptz) IS
'The trail''s partition of the month (UTC) of a time, made if it is missing. Called by phisync when an event needs it. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.audit_partition(timestamptz) FROM PUBLIC;

CREATE FUNCTION phisync.audit_change() RETURNS trigger
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_audit_change';
COMMENT ON FUNCTION phisync.audit_change() IS
'Trigger that writes changed rows to the trail, in the transaction of the change. Put on tables by phisync.audit_table alone. Needs no preload.';
REVOKE ALL ON FUNCTION phisync.audit_change() FROM PUBLIC;

CREATE FUNCTION phisync.audit_table(relation regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  kind "char";
  name text := relation::text;
  member regclass;
BEGIN
  SELECT relkind INTO kind FROM pg_class WHERE oid = relation;
  IF kind IS NULL OR kind NOT IN ('r', 'p') THEN
    RAISE EXCEPTION 'relation "%" is not a table', name
      USING ERRCODE = 'wrong_object_type',
        DETAIL = 'Row changes are recorded where the rows are stored.',
        HINT = 'Name the tables behind it, one call each.';
  END IF;
  IF EXISTS (SELECT FROM pg_class WHERE oid = relation
             AND relnamespace IN ('phisync'::regnamespace, 'pg_catalog'::regnamespace, 'information_schema'::regnamespace)) THEN
    RAISE EXCEPTION 'relation "%" cannot be audited', name
      USING ERRCODE = 'wrong_object_type',
        DETAIL = 'It belongs to the server or to phisync itself.',
        HINT = 'Name a table of your own.';
  END IF;
  INSERT INTO phisync.audit_secret (secret)
    VALUES (sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())))
    ON CONFLICT DO NOTHING;
  -- Ahead of time, so that a change seldom has to make them itself.
  PERFORM phisync.audit_partition(now());
  PERFORM phisync.audit_partition(now() + interval '1 month');
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation AND tgname = 'phisync_audit_row') THEN
    EXECUTE format('CREATE TRIGGER phisync_audit_row AFTER INSERT OR UPDATE OR DELETE ON %s
                    FOR EACH ROW EXECUTE FUNCTION phisync.audit_change()', name);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER phisync_audit_row', name);
  END IF;
  -- Statement triggers are not inherited, so each partition gets its own.
  FOR member IN SELECT relid FROM pg_partition_tree(relation)
                UNION SELECT relation LOOP
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = member AND tgname = 'phisync_audit_truncate') THEN
      EXECUTE format('CREATE TRIGGER phisync_audit_truncate AFTER TRUNCATE ON %s
                      FOR EACH STATEMENT EXECUTE FUNCTION phisync.audit_change()', member);
      EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER phisync_audit_truncate', member);
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION phisync.audit_table(regclass) IS
'Records each inserted, updated and deleted row and each TRUNCATE of a table, its partitions included, in the transaction of the change, also under session_replication_role = replica. Call it again after adding partitions to record TRUNCATE of those. Errors: 42809 not a table of the user. Needs no preload.';

CREATE FUNCTION phisync.unaudit_table(relation regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET client_min_messages = warning AS $$
DECLARE
  member regclass;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation AND tgname = 'phisync_audit_row' AND tgparentid = 0) THEN
    RAISE EXCEPTION 'changes of relation "%" are not recorded', relation
      USING ERRCODE = 'undefined_object',
        DETAIL = 'It has no audit trigger of its own.',
        HINT = 'SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = ''phisync_audit_row'' lists the tables that have one.';
  END IF;
  EXECUTE format('DROP TRIGGER phisync_audit_row ON %s', relation);
  FOR member IN SELECT relid FROM pg_partition_tree(relation)
                UNION SELECT relation LOOP
    EXECUTE format('DROP TRIGGER IF EXISTS phisync_audit_truncate ON %s', member);
  END LOOP;
END
$$;
COMMENT ON FUNCTION phisync.unaudit_table(regclass) IS
'Ends the recording of row changes of a table and its partitions; what is in the trail stays. Errors: 42704 the table has no audit trigger. Needs no preload.';

CREATE FUNCTION phisync.audit_row_key(relation regclass, VARIADIC key text[]) RETURNS text
LANGUAGE C STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'phisync_audit_row_key';
COMMENT ON FUNCTION phisync.audit_row_key(regclass, text[]) IS
'What phisync.audit_log.row_key says for the row with this primary key (its values as text, in the order of the key), so that the changes of a known row can be found. Errors: 22023 wrong number of values, 42P17 no primary key, 55000 no table is audited yet. Needs no preload.';

REVOKE ALL ON FUNCTION phisync.audit_table(regclass), phisync.unaudit_table(regclass),
  phisync.audit_row_key(regclass, text[]) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.audit_table(regclass), phisync.unaudit_table(regclass) TO phisync_officer;
GRANT EXECUTE ON FUNCTION phisync.audit_row_key(regclass, text[]) TO phisync_officer, phisync_auditor;

CREATE FUNCTION phisync.audit_flush() RETURNS void
LANGUAGE C AS 'MODULE_PATHNAME', 'phisync_audit_flush';
COMMENT ON FUNCTION phisync.audit_flush() IS
'Waits until every event of this database that was queued before the call is in the trail. Errors: 55000 not preloaded, or on a standby; PHA01 the writer did not catch up within phisync.audit_wait_timeout. Needs preload.';
REVOKE ALL ON FUNCTION phisync.audit_flush() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.audit_flush() TO phisync_officer, phisync_auditor;
