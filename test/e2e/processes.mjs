// The processes under test: the bridge, and a server whose postmaster may be killed.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

export class Bridge {
  constructor(folder, env) {
    Object.assign(this, { folder, env, log: [], endpoint: 'http://127.0.0.1:9' });
  }

  async start() {
    const child = spawn(process.env.E2E_BRIDGE_NODE ?? 'node', ['server.mjs'],
      { cwd: this.folder, env: { ...process.env, ...this.env, PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'] });
    this.child = child;
    const listening = new Promise((resolve, reject) => {
      child.on('exit', (code) => reject(new Error(`the bridge ended with ${code}:\n${this.tail()}`)));
      for (const output of [child.stdout, child.stderr]) {
        output.setEncoding('utf8').on('data', (text) => {
          this.log.push(...text.trimEnd().split('\n'));
          if (this.log.length > 5000) this.log.splice(0, 2500);
          const port = /^listening on port (\d+)$/m.exec(text)?.[1];
          if (port) resolve(port);
        });
      }
    });
    this.endpoint = `http://127.0.0.1:${await listening}`;
    child.removeAllListeners('exit');
    child.on('exit', (code, signal) => { if (child === this.child) this.died = `the bridge ended with ${code ?? signal}`; });
  }

  async kill() {
    const child = this.child;
    this.child = null;
    if (!child) return;
    child.kill('SIGKILL');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  tail(lines = 80) { return this.log.slice(-lines).join('\n'); }
}

// `as` is what runs a command as the server's user.
export class Server {
  constructor({ data, bin, as, log, port }) {
    Object.assign(this, { data, bin, log, port });
    this.as = as ? as.split(' ') : [];
  }

  async ctl(...args) {
    const [command, ...rest] = [...this.as, `${this.bin}/pg_ctl`, '-D', this.data, ...args];
    await run(command, rest, { stdio: 'ignore' });
  }

  // The postmaster dies at once; its children notice and end by themselves. Then it is started again.
  async crash() {
    const pid = Number((await readFile(`${this.data}/postmaster.pid`, 'utf8')).split('\n')[0]);
    process.kill(pid, 'SIGKILL');
    const deadline = Date.now() + 60000;
    for (;;) {
      await sleep(300);
      try {
        // Its children may still hold the shared memory.
        await this.ctl('-l', this.log, '-w', '-o', `-p ${this.port}`, 'start');
        return;
      } catch (e) {
        if (Date.now() > deadline) throw e;
      }
    }
  }
}
