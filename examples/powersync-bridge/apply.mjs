// Turns the records of the stream into transactions of the store.
import { parseLsn, parseRecord, Seal, splitLines } from './record.mjs';

export class ForeignLog extends Error {}

// `access` is told of lookups; both may be replaced in tests.
export class Applier {
  constructor(store, access) {
    this.store = store;
    this.access = access;
  }

  get idle() { return !this.transaction; }

  // Applies a message. Returns the position to acknowledge, or null while a transaction is open.
  async message(message) {
    let acknowledge = null;
    for (const line of splitLines(message)) {
      const record = parseRecord(line.toString());
      const transaction = this.transaction;
      if (transaction && record.k !== 'commit') transaction.seal.add(line);
      switch (record.k) {
        case 'hello': this.hello(record); break;
        case 'begin': await this.begin(record, line); break;
        case 'commit': acknowledge = await this.commit(record); break;
        case 'progress': if (this.idle) acknowledge = this.progress(parseLsn(record.lsn)); break;
        default: if (transaction && !transaction.known) await this.change(record, transaction);
      }
    }
    return acknowledge;
  }

  hello({ system, timeline }) {
    const { state } = this.store;
    if (state.system !== system || state.timeline !== timeline) {
      throw new ForeignLog(`the log is that of system ${system}, timeline ${timeline}; ` +
                           `this store has system ${state.system}, timeline ${state.timeline}`);
    }
  }

  async begin(record, line) {
    const lsn = parseLsn(record.lsn);
    // What was not acknowledged before a failure comes again.
    const known = lsn < this.store.position;
    this.transaction = { lsn, xid: record.xid, known, seal: new Seal(), due: [], lookups: [] };
    this.transaction.seal.add(line);
    if (!known) await this.store.begin();
  }

  async change(record, { lsn, due, lookups }) {
    const buckets = () => record.buckets.filter((bucket) => !this.store.isAhead(bucket, lsn));
    switch (record.k) {
      case 'put':
        // Parts of the row are not in the log. We do not take data apart: take the buckets anew.
        if (record.incomplete) due.push(...buckets());
        else for (const bucket of buckets()) await this.store.put(bucket, record);
        break;
      case 'remove':
        for (const bucket of buckets()) await this.store.remove(bucket, record);
        break;
      case 'clear':
        await this.store.clear(record, lsn);
        break;
      case 'policy':
        due.push(...buckets());
        lookups.push({ bucket: null, key: null });
        break;
      case 'lookup':
        lookups.push(record);
        break;
      case 'error':
        console.error(`${record.lsn}: a row of ${record.relation} could not be sent (${record.sqlstate}); see docs/sync.md`);
        break;
    }
  }

  async commit(record) {
    const { known, seal, due, lookups, xid } = this.transaction;
    const end = parseLsn(record.end);
    seal.verify(record);
    if (!known) {
      // Before the store says that there is something new: nobody is to get it by rights that ended here.
      if (lookups.length) this.access.changed(lookups, xid);
      await this.store.commit(end, due);
    }
    this.transaction = null;
    return end;
  }

  progress(lsn) {
    this.store.advance(lsn);
    return lsn;
  }
}

