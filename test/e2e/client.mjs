// A PowerSync client without its network code: the core extension of @powersync/node in an SQLite database, fed with the
// lines of a real HTTP response. Needs node:sqlite (Node.js 22.13 or later).
import { createHmac } from 'node:crypto';
import { createRequire } from 'node:module';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

const names = { x64: 'libpowersync_x64.linux.so', arm64: 'libpowersync_aarch64.linux.so' };
const library = path.join(process.env.E2E_MODULES ?? path.dirname(createRequire(import.meta.url).resolve('@powersync/node/package.json')),
  process.env.E2E_MODULES ? '@powersync/node/lib' : 'lib', names[process.arch]);

export function token(user, secret, seconds = 3600) {
  const part = (o) => Buffer.from(JSON.stringify(o)).toString('base64url');
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: user, exp: Math.floor(Date.now() / 1000) + seconds })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

export class Client {
  // tables: { type: { column: 'text' | 'integer' | 'real' } }; endpoint() is where the bridge is now.
  constructor(user, secret, tables, endpoint) {
    Object.assign(this, { user, secret, tables, endpoint });
    this.checksumFailures = [];
    this.warnings = [];
    this.checkpoints = 0;
    this.seenWriteCheckpoint = 0;     // in a checkpoint that was announced
    this.appliedWriteCheckpoint = 0;  // in one that was validated and applied
    this.database = new DatabaseSync(':memory:', { allowExtension: true });
    this.database.loadExtension(library, 'sqlite3_powersync_init');
    this.atomically('SELECT powersync_init()');
    this.atomically('SELECT powersync_replace_schema(?)', JSON.stringify({ tables: Object.entries(tables).map(
      ([name, columns]) => ({ name, columns: Object.entries(columns).map(([c, type]) => ({ name: c, type })), indexes: [] })) }));
    this.id = this.database.prepare('SELECT powersync_client_id() AS id').get().id;
  }

  atomically(sql, ...parameters) {
    this.database.exec('BEGIN');
    try {
      const row = this.database.prepare(sql).get(...parameters);
      this.database.exec('COMMIT');
      return row;
    } catch (e) {
      this.database.exec('ROLLBACK');
      throw e;
    }
  }

  // Tells the core what happened; returns what it wants done.
  control(operation, payload = null) {
    const instructions = JSON.parse(this.atomically('SELECT powersync_control(?, ?) AS r', operation, payload).r);
    for (const instruction of instructions) {
      const log = instruction.LogLine;
      if (log?.severity === 'WARNING') {
        (/checksum/i.test(log.line) ? this.checksumFailures : this.warnings).push(log.line);
      }
      if (instruction.DidCompleteSync !== undefined) {
        ++this.checkpoints;
        this.appliedWriteCheckpoint = this.seenWriteCheckpoint;
      }
    }
    return instructions;
  }

  // Connects, again and again, until stopped.
  start() {
    this.stopping = new AbortController();
    this.running = (async () => {
      while (!this.stopping.signal.aborted) {
        try {
          await this.connectOnce(this.stopping.signal);
        } catch (e) {
          this.lastError = e;
        }
        this.control('stop');
        await sleep(100);
      }
    })();
  }

  async stop() {
    this.stopping.abort();
    await this.running;
  }

  // Breaks the connection; the client comes back by itself.
  disconnect() {
    this.connection?.abort();
  }

  async connectOnce(signal) {
    this.connection = new AbortController();
    const started = this.control('start', JSON.stringify({ parameters: {} }));
    const { request } = started.find((i) => i.EstablishSyncStream).EstablishSyncStream;
    const response = await fetch(`${this.endpoint()}/sync/stream`, {
      method: 'POST', body: JSON.stringify(request), signal: AbortSignal.any([signal, this.connection.signal]),
      headers: { authorization: `Token ${token(this.user, this.secret)}`, 'content-type': 'application/json' } });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    this.control('connection', 'established');
    let rest = '';
    for await (const part of response.body.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + part).split('\n');
      rest = lines.pop();
      for (const line of lines) if (!this.line(line)) return;
    }
  }

  // Returns whether the core wants to go on with this connection.
  line(text) {
    // A look at it on the way, for the tests: the core does not tell.
    if (text.startsWith('{"checkpoint')) {
      const { checkpoint, checkpoint_diff: diff } = JSON.parse(text);
      this.seenWriteCheckpoint = Number((checkpoint ?? diff)?.write_checkpoint ?? this.seenWriteCheckpoint);
    }
    return !this.control('line_text', text).some((i) => 'CloseSyncStream' in i);
  }

  // Waits until what is committed now has come.
  async caughtUp(seconds = 60) {
    const deadline = Date.now() + seconds * 1000;
    let number;
    while (number === undefined || this.appliedWriteCheckpoint < number) {
      if (Date.now() > deadline) {
        throw new Error(`client ${this.user} did not catch up: checkpoint ${number} asked for, ${this.appliedWriteCheckpoint} applied; ` +
          `last error: ${this.lastError?.message}`);
      }
      if (number === undefined) {
        try {
          const response = await fetch(`${this.endpoint()}/write-checkpoint2.json?client_id=${this.id}`,
            { headers: { authorization: `Bearer ${token(this.user, this.secret)}` } });
          if (response.ok) number = Number((await response.json()).data.write_checkpoint);
        } catch {}
      }
      await sleep(number === undefined ? 100 : 10);
    }
  }

  // The rows of a table, as { id: { column: value } }; integers as text, for they may have 64 bits.
  rows(type) {
    const statement = this.database.prepare(`SELECT * FROM ${type}`);
    statement.setReadBigInts(true);
    return Object.fromEntries(statement.all().map(({ id, ...row }) =>
      [id, Object.fromEntries(Object.entries(row).map(([k, v]) => [k, typeof v === 'bigint' ? String(v) : v]))]));
  }
}
