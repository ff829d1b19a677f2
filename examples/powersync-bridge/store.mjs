// The writing side of the store: applies whole transactions. One writer at a time; see checkpoints.mjs for readers.
import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from './connections.mjs';
import { formatLsn, parseLsn } from './record.mjs';

const BATCH_ROWS = 1000;
const BATCH_BYTES = 4 << 20;

const matches = (bucket, pattern) =>
  (pattern.endsWith('[*]') ? bucket.startsWith(pattern.slice(0, -2)) : bucket === pattern);

// Emits 'advance' when a checkpoint may have become possible.
export class Store extends EventEmitter {
  constructor(connection, slot) {
    super();
    this.setMaxListeners(0);
    this.connection = connection;
    this.slot = slot;
    this.position = 0n;  // as state.lsn, but moves on with progress, too; readers use it
  }

  // Connects, makes the tables, and reads how far things are. Nothing is remembered from before a failure.
  async open() {
    this.client = await connect(this.connection);
    // The writer before us may not have noticed yet that it is dead.
    await this.client.query(`SELECT pg_advisory_lock(hashtext('phisync bridge'))`);
    await this.client.query(await readFile(new URL('schema.sql', import.meta.url), 'utf8'));
    const { rows: [state] } = await this.client.query('SELECT * FROM bridge.state');
    if (state && state.slot !== this.slot) throw new Error(`this store belongs to the slot ${state.slot}`);
    this.state = state;
    this.lastOp = Number(state?.last_op ?? 0);
    this.position = parseLsn(state?.lsn ?? '0/0');
    const { rows } = await this.client.query('SELECT * FROM bridge.rebuild');
    this.rebuilds = rows.map(({ pattern, lsn }) => ({ pattern, lsn: lsn && parseLsn(lsn) }));
    this.batch = new Map();
    this.batchBytes = 0;
  }

  async close() {
    await this.client?.end().catch(() => {});
  }

  // Patterns whose contents must be taken anew before the stream goes on.
  get dueRebuilds() {
    return this.rebuilds.filter((r) => r.lsn === null).map((r) => r.pattern);
  }

  // Whether the bucket was rebuilt as of a later point than this transaction.
  isAhead(bucket, lsn) {
    return this.rebuilds.some((r) => r.lsn !== null && lsn < r.lsn && matches(bucket, r.pattern));
  }

  async begin() {
    this.firstOp = this.lastOp;
    await this.client.query('BEGIN');
  }

  async rollback() {
    this.batch.clear();
    this.batchBytes = 0;
    this.lastOp = this.firstOp;
    await this.client.query('ROLLBACK');
  }

  // put and remove collect; of several operations on one row in a batch only the last is written.
  async put(bucket, record) { await this.add(bucket, record, 'PUT'); }
  async remove(bucket, record) { await this.add(bucket, record, 'REMOVE'); }

  async add(bucket, { type, id, subkey, sum, data }, op) {
    const key = JSON.stringify([bucket, type, id, subkey]);
    this.batch.delete(key);
    this.batch.set(key, { op_id: ++this.lastOp, bucket, type, id, subkey, checksum: sum, data, op });
    this.batchBytes += data?.length ?? 0;
    if (this.batch.size >= BATCH_ROWS || this.batchBytes >= BATCH_BYTES) await this.flush();
  }

  async flush() {
    const column = (ops, name) => ops.map((o) => o[name]);
    const identity = (ops) => ['op_id', 'bucket', 'type', 'id', 'subkey', 'checksum'].map((n) => column(ops, n));
    const all = [...this.batch.values()];
    const puts = all.filter((o) => o.op === 'PUT');
    const removes = all.filter((o) => o.op === 'REMOVE');
    this.batch.clear();
    this.batchBytes = 0;
    if (puts.length) {
      await this.client.query(
        `WITH put AS (
           INSERT INTO bridge.op (op_id, bucket, type, id, subkey, checksum, data, op)
           SELECT *, 'PUT' FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[])
           RETURNING *)
         INSERT INTO bridge.live (bucket, type, id, subkey, op_id) SELECT bucket, type, id, subkey, op_id FROM put
         ON CONFLICT (bucket, type, id, subkey) DO UPDATE SET op_id = excluded.op_id`,
        [...identity(puts), column(puts, 'data')]);
    }
    if (removes.length) {  // of what the bucket has; the rest is nothing to tell clients
      await this.client.query(
        `WITH gone AS (
           DELETE FROM bridge.live l
           USING unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
             AS g(op_id, bucket, type, id, subkey, checksum)
           WHERE (l.bucket, l.type, l.id, l.subkey) = (g.bucket, g.type, g.id, g.subkey) RETURNING g.*)
         INSERT INTO bridge.op (op_id, bucket, type, id, subkey, checksum, op) SELECT *, 'REMOVE' FROM gone`,
        identity(removes));
    }
  }

  // A REMOVE for each live row for which the condition holds; `l` is the row.
  async removeWhere(condition, parameters) {
    await this.flush();
    const { rowCount } = await this.client.query(
      `WITH gone AS (DELETE FROM bridge.live l WHERE ${condition} RETURNING *)
       INSERT INTO bridge.op (op_id, bucket, type, id, subkey, checksum, op)
       SELECT $1::bigint + row_number() OVER (ORDER BY bucket, op_id), bucket, type, id, subkey,
              bridge.remove_checksum(subkey), 'REMOVE' FROM gone`, [this.lastOp, ...parameters]);
    this.lastOp += rowCount;
  }

  // What a clear record says, of a transaction at `lsn`. `subkeys` has the form n[*].
  async clear({ buckets, type, subkeys }, lsn) {
    await this.removeWhere(
      `bridge.matches(bucket, $2) AND type = $3 AND starts_with(subkey, $4)
       AND NOT EXISTS (SELECT FROM bridge.rebuild r WHERE r.lsn > $5 AND bridge.matches(l.bucket, r.pattern))`,
      [buckets, type, subkeys.slice(0, -2), formatLsn(lsn)]);
  }

  // Ends a transaction of the log: what it did, how far that is, and which buckets it makes due become durable as one.
  async commit(end, due = []) {
    await this.flush();
    await this.addUp();
    const lsn = formatLsn(end);
    await this.client.query('UPDATE bridge.state SET lsn = $1, last_op = $2', [lsn, this.lastOp]);
    if (due.length) {
      await this.client.query(
        `INSERT INTO bridge.rebuild SELECT DISTINCT pattern FROM unnest($1::text[]) pattern
         ON CONFLICT (pattern) DO UPDATE SET lsn = NULL`, [due]);
    }
    if (this.rebuilds.length) await this.client.query('DELETE FROM bridge.rebuild WHERE lsn <= $1', [lsn]);
    await this.client.query('COMMIT');
    this.rebuilds = this.rebuilds.filter((r) => !due.includes(r.pattern) && (r.lsn === null || r.lsn > end));
    for (const pattern of new Set(due)) this.rebuilds.push({ pattern, lsn: null });
    this.advance(end);
  }

  // The stream has passed this point, and nothing up to it is outstanding.
  advance(lsn) {
    if (lsn > this.position) this.position = lsn;
    this.emit('advance');
  }

  // Adds this transaction's operations to the sums of their buckets.
  async addUp() {
    if (this.lastOp === this.firstOp) return;
    await this.client.query(
      `INSERT INTO bridge.bucket AS b (id, checksum, count, last_op)
       SELECT bucket, sum(checksum)::bigint % 4294967296, count(*), max(op_id) FROM bridge.op WHERE op_id > $1 GROUP BY bucket
       ORDER BY bucket
       ON CONFLICT (id) DO UPDATE SET checksum = (b.checksum + excluded.checksum) % 4294967296,
         count = b.count + excluded.count, last_op = excluded.last_op`, [this.firstOp]);
  }

  // Replaces the contents of the buckets that the patterns name (null: of all) by these puts, which are the state as of
  // `lsn`. Clients get the differences only. `origin` says of which log, when the store begins with it.
  async replace(patterns, puts, lsn, origin) {
    await this.begin();
    try {
      await this.client.query(
        `CREATE TEMP TABLE incoming (bucket text COLLATE "C", type text COLLATE "C", id text COLLATE "C", subkey text COLLATE "C",
           checksum bigint, data text, PRIMARY KEY (bucket, type, id, subkey)) ON COMMIT DROP`);
      let rows = [];
      const insert = async () => {
        await this.client.query(
          `INSERT INTO incoming SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])`,
          [0, 1, 2, 3, 4, 5].map((n) => rows.map((r) => r[n])));
        rows = [];
      };
      for await (const p of puts) {
        for (const bucket of p.buckets) rows.push([bucket, p.type, p.id, p.subkey, p.sum, p.data]);
        if (rows.length >= BATCH_ROWS) await insert();
      }
      await insert();
      await this.removeWhere(
        `($2::text[] IS NULL OR EXISTS (SELECT FROM unnest($2::text[]) p WHERE bridge.matches(l.bucket, p)))
         AND NOT EXISTS (SELECT FROM incoming i
                         WHERE (i.bucket, i.type, i.id, i.subkey) = (l.bucket, l.type, l.id, l.subkey))`, [patterns]);
      const { rowCount } = await this.client.query(
        `WITH changed AS (
           SELECT i.* FROM incoming i
           LEFT JOIN bridge.live l USING (bucket, type, id, subkey) LEFT JOIN bridge.op o USING (bucket, op_id)
           WHERE o.data IS DISTINCT FROM i.data),
         put AS (
           INSERT INTO bridge.op (op_id, bucket, type, id, subkey, checksum, data, op)
           SELECT $1::bigint + row_number() OVER (), bucket, type, id, subkey, checksum, data, 'PUT' FROM changed RETURNING *)
         INSERT INTO bridge.live (bucket, type, id, subkey, op_id) SELECT bucket, type, id, subkey, op_id FROM put
         ON CONFLICT (bucket, type, id, subkey) DO UPDATE SET op_id = excluded.op_id`, [this.lastOp]);
      this.lastOp += rowCount;
      await this.addUp();
      if (origin) {
        await this.client.query('DELETE FROM bridge.rebuild');
        await this.client.query(
          `INSERT INTO bridge.state (slot, system, timeline, lsn, hold, last_op) VALUES ($1, $2, $3, $4, '0/0', $5)
           ON CONFLICT (slot) DO UPDATE SET system = excluded.system, timeline = excluded.timeline,
             lsn = excluded.lsn, hold = excluded.hold, last_op = excluded.last_op`,
          [this.slot, origin.systemid, origin.timeline, formatLsn(lsn), this.lastOp]);
      } else {
        await this.client.query('UPDATE bridge.rebuild SET lsn = $2 WHERE pattern = ANY ($1)', [patterns, formatLsn(lsn)]);
        await this.client.query('UPDATE bridge.state SET hold = greatest(hold, $1), last_op = $2', [formatLsn(lsn), this.lastOp]);
      }
      await this.client.query('COMMIT');
    } catch (e) {
      await this.rollback().catch(() => {});
      throw e;
    }
    if (origin) {
      this.rebuilds = [];
      this.state = { system: origin.systemid, timeline: origin.timeline };
      this.position = lsn;
    } else {
      for (const r of this.rebuilds) if (patterns.includes(r.pattern)) r.lsn = lsn;
    }
    this.emit('advance');
  }

  // The log is not the one that was applied: load anew. Operations stay and their numbers go on, for clients have them.
  forget() {
    this.state = undefined;
  }
}
