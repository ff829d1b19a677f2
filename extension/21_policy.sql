-- Changes of policy, at their place in the stream: the output plugin decodes the rows of this table and tells consumers
-- which buckets to take anew. An ordinary table, so that a row counts if and only if its transaction commits; written by
-- the extension's functions and hooks as its owner alone, so that no user can make consumers drop anything. Not dumped:
-- what it says is about slots of this server.
CREATE TABLE phisync.policy_change (
  version    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  changed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  changed_by name NOT NULL DEFAULT SESSION_USER,
  what       text NOT NULL,
  rebuild    text[] NOT NULL DEFAULT '{}',
  clear      jsonb NOT NULL DEFAULT '[]'
);
COMMENT ON TABLE phisync.policy_change IS
'Changes of tags, definitions and tables that change what is in buckets without changing rows: what happened and who did it, rebuild = definitions whose buckets consumers take anew, clear = queries all of whose rows leave. Written by phisync alone. Needs no preload.';

REVOKE ALL ON phisync.policy_change FROM PUBLIC;
GRANT SELECT ON phisync.policy_change TO phisync_officer, phisync_auditor;
