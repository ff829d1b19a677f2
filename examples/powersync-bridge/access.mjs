// Who gets which buckets. The database decides, by the parameters queries of the definitions.
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

// Whether a lookup record may change the buckets of the user with these claims.
export function concerns(lookup, claims) {
  return lookup.key?.user_id === undefined || String(lookup.key.user_id) === claims.sub;
}

// Emits 'changed' with the lookups of a transaction.
export class Access extends EventEmitter {
  constructor(pool) {
    super();
    this.setMaxListeners(0);
    this.pool = pool;
    this.unseen = new Set();
  }

  changed(lookups, xid) {
    if (xid !== null) this.unseen.add(xid);
    this.emit('changed', lookups);
  }

  // [{ bucket, priority }] of the user, not older than the last change that was announced.
  async bucketsFor(claims) {
    // The stream may deliver a commit shortly before queries see it.
    for (const xid of this.unseen) {
      while (!(await this.pool.query('SELECT phisync.transaction_is_visible($1) AS seen', [xid])).rows[0].seen) await sleep(5);
      this.unseen.delete(xid);
    }
    const { rows } = await this.pool.query('SELECT bucket, priority FROM phisync.buckets_for($1)', [JSON.stringify(claims)]);
    return rows;
  }
}
