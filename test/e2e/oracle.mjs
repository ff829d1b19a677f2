// What each user must have, asked of Postgres in plain SQL, with nothing of phisync in it but the tags.
const instant = (expression) => `to_char(${expression}, 'YYYY-MM-DD"T"HH24:MI:SS.US')`;

// Of each type: its columns on the device, and the query for the rows of user $1 with all values as text.
export const types = {
  patient: {
    columns: { clinic_id: 'integer', name: 'text', active: 'integer', balance: 'text', weight: 'real', born: 'text', seen: 'text',
               tags: 'text', extra: 'text', ssn: 'text', note: 'text' },
    query: `SELECT id::text, clinic_id::text, name, active::int::text AS active, balance::text, weight::text, born::text,
              ${instant(`seen AT TIME ZONE 'UTC'`)} || 'Z' AS seen, array_to_json(tags)::text AS tags, extra::text,
              CASE WHEN v.profile = 'full' OR t.tag = 'none' THEN ssn END AS ssn, note
            FROM patient, variant v, (SELECT tag FROM phisync.tags WHERE relation = 'patient'::regclass AND column_name = 'ssn') t
            WHERE clinic_id IN (SELECT clinic_id FROM staff WHERE user_id = $1) AND active AND (NOT v.strict OR id % 2 = 0)`,
  },
  visit: {
    columns: { clinic_id: 'integer', number: 'integer', patient_id: 'integer', at: 'text', status: 'text', note: 'text' },
    query: `SELECT clinic_id || '/' || number AS id, clinic_id::text, number::text, patient_id::text, ${instant('at')} AS at,
              upper(status) AS status, note
            FROM visit WHERE clinic_id IN (SELECT clinic_id FROM staff WHERE user_id = $1) AND status <> 'draft'`,
  },
  reading: {
    columns: { clinic_id: 'integer', value: 'real' },
    query: `SELECT id || '-' || shelf AS id, clinic_id::text, value::text
            FROM reading WHERE clinic_id IN (SELECT clinic_id FROM staff WHERE user_id = $1)`,
  },
  even: {
    columns: { title: 'text' },
    query: `SELECT id::text, title FROM notice WHERE id % 2 = 0 AND $1 <> '' AND EXISTS (SELECT FROM phisync.buckets WHERE name = 'even')`,
  },
  document: {
    columns: { title: 'text', body: 'text' },
    query: `SELECT id::text, title, body FROM document WHERE $1 = ANY (owners)`,
  },
  notice: {
    columns: { title: 'text', body: 'text' },
    query: `SELECT id::text, title, body FROM notice WHERE $1 <> ''`,
  },
};

const brief = (row) => JSON.stringify(row, (_, v) => (typeof v === 'string' && v.length > 60 ? `${v.slice(0, 60)}... (${v.length})` : v));

// Differences between what the client has and what it must have, as lines of text.
export async function compare(database, client) {
  const differences = [];
  let count = 0;
  for (const [type, { columns, query }] of Object.entries(types)) {
    const has = client.rows(type);
    const { rows } = await database.query(query, [client.user]);
    count += rows.length;
    for (const { id, ...row } of rows) {
      for (const [name, kind] of Object.entries(columns)) if (kind === 'real' && row[name] !== null) row[name] = Number(row[name]);
      const had = has[id];
      delete has[id];
      if (!had) differences.push(`${client.user}: ${type} ${id} is missing: ${brief(row)}`);
      for (const name of Object.keys(had ? columns : {})) {
        if (had[name] !== row[name]) {
          differences.push(`${client.user}: ${type} ${id}: ${name} is ${brief(had[name])}, must be ${brief(row[name])}`);
        }
      }
    }
    for (const [id, row] of Object.entries(has)) differences.push(`${client.user}: ${type} ${id} must not be there: ${brief(row)}`);
  }
  return { differences, count };
}
