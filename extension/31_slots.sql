-- Slots of the stream: how they are, and the way out where one is stuck.

-- Some columns of pg_replication_slots are not there before PostgreSQL 16 or 17: hence its rows as JSON.
CREATE VIEW phisync.slots AS
WITH position AS (
  SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn() ELSE pg_catalog.pg_current_wal_lsn() END AS now,
         pg_catalog.pg_size_bytes(pg_catalog.current_setting('max_slot_wal_keep_size')) AS budget
), slot AS (
  SELECT s.slot_name, s.active, s.active_pid, s.restart_lsn, s.confirmed_flush_lsn, s.wal_status, s.safe_wal_size,
         pg_catalog.pg_wal_lsn_diff(p.now, s.confirmed_flush_lsn)::bigint AS lag_bytes,
         CASE WHEN p.budget > 0 THEN pg_catalog.round(GREATEST(s.safe_wal_size, 0)::numeric / p.budget, 3) END AS budget_left,
         (pg_catalog.to_jsonb(s) ->> 'inactive_since')::timestamptz AS inactive_since,
         pg_catalog.to_jsonb(s) ->> 'invalidation_reason' AS invalid
  FROM pg_catalog.pg_replication_slots s CROSS JOIN position p
  WHERE s.plugin OPERATOR(pg_catalog.=) 'phisync' AND s.database OPERATOR(pg_catalog.=) pg_catalog.current_database()
)
SELECT s.slot_name AS slot, c.name AS consumer, s.active, s.active_pid AS pid, s.restart_lsn, s.confirmed_flush_lsn AS confirmed_lsn,
       s.lag_bytes, s.wal_status, s.safe_wal_size, s.budget_left, s.inactive_since,
       e.sqlstate AS last_error, e.recorded_at AS last_error_at, state.state,
       CASE state.state
         WHEN 'lost' THEN 'It has lost WAL that it needs. Drop it, create it again, and rebuild its consumers from a snapshot.'
         WHEN 'losing' THEN 'The next checkpoint may remove WAL that it needs. Let its consumer catch up now, or raise max_slot_wal_keep_size.'
         WHEN 'failing' THEN 'Its last stream ended, or was refused, with this SQLSTATE: see the server''s log. If one transaction cannot be sent, phisync.skip_transaction passes over it.'
         WHEN 'waiting' THEN 'No consumer reads it, and it keeps WAL until one does. If none will, drop it.'
         WHEN 'behind' THEN 'Its consumer is more than 64 MB behind: see whether it confirms what it has applied.'
       END AS advice
FROM slot s
LEFT JOIN pg_catalog.pg_locks l ON l.locktype OPERATOR(pg_catalog.=) 'advisory' AND l.objsubid OPERATOR(pg_catalog.=) 3
  AND l.granted AND l.pid OPERATOR(pg_catalog.=) s.active_pid
LEFT JOIN phisync.consumer c
  ON ((pg_catalog.hashtextextended(c.name, 0) OPERATOR(pg_catalog.>>) 32) OPERATOR(pg_catalog.&) 4294967295)
       OPERATOR(pg_catalog.=) l.classid::bigint
 AND (pg_catalog.hashtextextended(c.name, 0) OPERATOR(pg_catalog.&) 4294967295) OPERATOR(pg_catalog.=) l.objid::bigint
LEFT JOIN LATERAL (
  SELECT t.recorded_at, t.outcome, t.detail OPERATOR(pg_catalog.->>) 'sqlstate' AS sqlstate
  FROM phisync.audit_trail t
  WHERE t.source OPERATOR(pg_catalog.=) 'stream' AND t.outcome OPERATOR(pg_catalog.=) 'error'
    AND t.detail OPERATOR(pg_catalog.->>) 'slot' OPERATOR(pg_catalog.=) s.slot_name::text
  ORDER BY t.recorded_at DESC LIMIT 1) e ON true
CROSS JOIN LATERAL (SELECT CASE
  WHEN s.wal_status OPERATOR(pg_catalog.=) 'lost' OR s.invalid IS NOT NULL THEN 'lost'
  WHEN s.wal_status OPERATOR(pg_catalog.=) 'unreserved' THEN 'losing'
  WHEN s.active AND s.lag_bytes OPERATOR(pg_catalog.>) 67108864 THEN 'behind'
  WHEN s.active THEN 'streaming'
  WHEN e.sqlstate IS NOT NULL AND NOT EXISTS (
    SELECT FROM phisync.audit_trail t
    WHERE t.source OPERATOR(pg_catalog.=) 'stream' AND t.outcome OPERATOR(pg_catalog.=) 'ok' AND t.recorded_at OPERATOR(pg_catalog.>) e.recorded_at
      AND t.command OPERATOR(pg_catalog.<>) 'START STREAM' AND t.detail OPERATOR(pg_catalog.->>) 'slot' OPERATOR(pg_catalog.=) s.slot_name::text)
    THEN 'failing'
  ELSE 'waiting' END AS state) state;
COMMENT ON VIEW phisync.slots IS
'The slots of this database with the plugin phisync: who reads them (consumer while connected), how far behind (lag_bytes), how much of max_slot_wal_keep_size is left (budget_left, of 1), the SQLSTATE of the last error (from the audit trail: needs preload, else null), and in plain words how it is (streaming, behind, waiting, failing, losing, lost) and what to do. All else needs no preload.';

CREATE FUNCTION phisync.skip_transaction(slot name, lsn pg_lsn) RETURNS pg_lsn
LANGUAGE C STRICT VOLATILE PARALLEL UNSAFE AS 'MODULE_PATHNAME', 'phisync_skip_transaction';
COMMENT ON FUNCTION phisync.skip_transaction(name, pg_lsn) IS
'Passes over the one transaction at which a slot is stuck, and gives its end: lsn is that of its commit, or of the change in the error (associated LSN). Refuses with 22023 unless it is the next that the slot''s consumer has not confirmed, with 55006 while a consumer is connected. The caller needs REPLICATION. Consumers must rebuild. Needs no preload.';

REVOKE ALL ON FUNCTION phisync.skip_transaction(name, pg_lsn) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION phisync.skip_transaction(name, pg_lsn) TO phisync_officer;
GRANT SELECT ON phisync.slots TO phisync_officer, phisync_auditor;
