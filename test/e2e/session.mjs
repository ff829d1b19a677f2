// One database session of the workload: transactions with savepoints, step by step, so that sessions interleave.
import { randomStatement } from './workload.mjs';

// Failures that belong to the game: locks, keys that exist, a lost connection.
const EXPECTED = new Set(['55P03', '40P01', '23505', '23502', '23514', '57P01', '57P02', '57P03', '08006', '08001', '08003', 'ECONNREFUSED',
  'ECONNRESET', 'ENOENT', 'EPIPE']);
const lost = (e) => /Connection terminated|not queryable|was closed|server closed/.test(e.message);

export class Session {
  constructor(name, connect, random, policyShare) {
    Object.assign(this, { name, connect, random, policyShare, client: null, open: false, savepoints: 0 });
  }

  // Runs one statement. Returns 'commit' or 'rollback' if that ended a transaction.
  async step() {
    try {
      if (!this.client) {
        this.client = await this.connect();
        await this.client.query(`SET lock_timeout = '20ms'; SET deadlock_timeout = '10ms'; SET synchronous_commit = on`);
      }
      return await this.next();
    } catch (e) {
      if (!EXPECTED.has(e.code) && !lost(e)) throw e;
      return await this.recover();
    }
  }

  async next() {
    if (!this.open) {
      await this.query('BEGIN');
      this.open = true;
      this.savepoints = 0;
      return undefined;
    }
    switch (this.random.weighted({ statement: 12, savepoint: 1, back: 1, release: 0.5, commit: 3.5, rollback: 0.4 })) {
      case 'statement': {
        const { text, values, name } = randomStatement(this.random, this.policyShare);
        await this.query(text, values, name);
        return undefined;
      }
      case 'savepoint':
        await this.query(`SAVEPOINT s${++this.savepoints}`);
        return undefined;
      case 'back':
        if (this.savepoints) await this.query(`ROLLBACK TO s${this.savepoints}`);
        return undefined;
      case 'release':
        if (this.savepoints) await this.query(`RELEASE s${this.savepoints--}`);
        return undefined;
      case 'commit':
        return await this.end('COMMIT');
      default:
        return await this.end('ROLLBACK');
    }
  }

  async query(text, values, name) {
    this.last = `${name ?? text}${values?.length ? ` ${JSON.stringify(values.map((v) => (typeof v === 'string' ? v.slice(0, 20) : v)))}` : ''}`;
    return await this.client.query(text, values);
  }

  async end(how) {
    await this.query(how);
    this.open = false;
    return how.toLowerCase();
  }

  // After an error: back to a savepoint if there is one, else the transaction is over.
  async recover() {
    try {
      if (this.savepoints && this.open) {
        await this.query(`ROLLBACK TO s${this.savepoints}`);
        return undefined;
      }
      if (this.open) return await this.end('ROLLBACK');
    } catch {}
    // Where not even that can be said, the connection is gone.
    await this.client?.end().catch(() => {});
    this.client = null;
    this.open = false;
    return 'rollback';
  }

  async finish() {
    if (!this.open) return;
    try {
      await this.end('COMMIT');
    } catch {
      this.open = false;
    }
  }

  async close() {
    await this.finish();
    await this.client?.end().catch(() => {});
    this.client = null;
  }
}
