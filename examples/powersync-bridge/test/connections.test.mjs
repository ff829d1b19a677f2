// Connections that end on the server's side, on the database of TEST_STORE_URL.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../connections.mjs';

const connectionString = process.env.TEST_STORE_URL;
const skip = connectionString ? false : 'TEST_STORE_URL is not set';

test('an idle connection that the server ends does not end the process, and its next query fails', { skip, timeout: 30_000 }, async () => {
  const [idle, other] = [await connect({ connectionString }), await connect({ connectionString })];
  try {
    // Not events.once: it would listen for errors itself.
    const ended = new Promise((resolve) => idle.on('end', resolve));
    const { rows: [{ pid }] } = await idle.query('SELECT pg_backend_pid() AS pid');
    await other.query('SELECT pg_terminate_backend($1, 10000)', [pid]);
    await ended;
    await assert.rejects(idle.query('SELECT 1'));
  } finally {
    await other.end();
    await idle.end();
  }
});
