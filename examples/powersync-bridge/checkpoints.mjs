// The reading side of the store: checkpoints of a set of buckets, and their operations.
import { formatLsn } from './record.mjs';

const PAGE_ROWS = 500;

export class Checkpoints {
  constructor(pool, store) {
    this.pool = pool;
    this.store = store;
  }

  // How things are with these buckets ([{ bucket, priority }]), or null while some bucket in the store is ahead of the
  // rest: { lastOp, writeCheckpoint, buckets: Map of id -> { bucket, checksum, count, priority, lastOp } }.
  async read(buckets, client) {
    const position = formatLsn(this.store.position);
    // One statement, hence one snapshot: sums and last_op belong together.
    const { rows } = await this.pool.query(
      `SELECT s.last_op, s.hold <= $3 AS ready, b.bucket, b.priority, coalesce(k.checksum, 0) AS checksum,
              coalesce(k.count, 0) AS count, coalesce(k.last_op, 0) AS bucket_op,
              (SELECT number FROM bridge.write_checkpoint w WHERE w.client = $4 AND w.lsn <= $3) AS number
       FROM bridge.state s
       LEFT JOIN unnest($1::text[], $2::int[]) AS b(bucket, priority) ON true
       LEFT JOIN bridge.bucket k ON k.id = b.bucket`,
      [buckets.map((b) => b.bucket), buckets.map((b) => b.priority), position, client]);
    if (!rows.length || !rows[0].ready) return null;
    return {
      lastOp: rows[0].last_op,
      writeCheckpoint: rows[0].number ?? undefined,
      buckets: new Map(rows.filter((r) => r.bucket !== null).map((r) => [r.bucket, {
        bucket: r.bucket, checksum: Number(r.checksum) | 0, count: Number(r.count), priority: r.priority,
        lastOp: r.bucket_op }])),
    };
  }

  // The operations of a bucket after one and up to another, a page at a time.
  async* operations(bucket, after, upTo) {
    for (let more = true; more;) {
      const { rows } = await this.pool.query(
        `SELECT op_id, op, type, id, subkey, checksum, data FROM bridge.op
         WHERE bucket = $1 AND op_id > $2 AND op_id <= $3 ORDER BY op_id LIMIT $4`, [bucket, after, upTo, PAGE_ROWS]);
      more = rows.length === PAGE_ROWS;
      const next = more ? rows.at(-1).op_id : upTo;
      yield { bucket, after, next_after: next, has_more: more, data: rows.map(operation) };
      after = next;
    }
  }

  // Whether compaction left out, in what was just read of these buckets, something that comes after the checkpoint.
  async isOvertaken(buckets, lastOp) {
    const { rowCount } = await this.pool.query(
      'SELECT FROM bridge.bucket WHERE id = ANY ($1) AND compacted > $2 LIMIT 1', [buckets, lastOp]);
    return rowCount > 0;
  }

  // Numbers a client's wish to be told when the store has passed this position of the log.
  async requestWriteCheckpoint(client, lsn) {
    const { rows } = await this.pool.query(
      `INSERT INTO bridge.write_checkpoint AS w VALUES ($1, 1, $2)
       ON CONFLICT (client) DO UPDATE SET number = w.number + 1, lsn = excluded.lsn RETURNING number`, [client, lsn]);
    return rows[0].number;
  }
}

function operation({ op_id, op, type, id, subkey, checksum, data }) {
  const sum = Number(checksum);
  if (op === 'MOVE' || op === 'CLEAR') return { op_id, op, checksum: sum, data: null };
  return { op_id, op, object_type: type, object_id: id, subkey, checksum: sum, data };
}
