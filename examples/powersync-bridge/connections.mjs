// Where the two databases are: SOURCE_URL holds the data, STORE_URL what the bridge keeps. What they leave out, libpq's
// environment variables say (PGHOST, PGUSER, ...); without STORE_URL it is the database `bridge` on the source's server.
import pg from 'pg';

export function sourceConnection() {
  return { connectionString: process.env.SOURCE_URL, application_name: 'powersync-bridge' };
}

export function storeConnection() {
  if (process.env.STORE_URL) return { connectionString: process.env.STORE_URL, application_name: 'powersync-bridge' };
  if (!process.env.SOURCE_URL) return { database: 'bridge', application_name: 'powersync-bridge' };
  const url = new URL(process.env.SOURCE_URL);
  url.pathname = '/bridge';
  return { connectionString: url.href, application_name: 'powersync-bridge' };
}

// A client that is connected. That its server went away is found by the next query: without a listener, it would end the
// process, in the middle of anything.
export async function connect(connection) {
  const client = new pg.Client(connection);
  client.on('error', () => {});
  await client.connect();
  return client;
}
