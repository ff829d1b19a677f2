// Random statements on the tables of schema.sql: all kinds of changes, small and large.
export const users = ['u1', 'u2', 'u3', 'u4'];
const clinics = [1, 2, 3, 4];

const clinic = (r) => (r.chance(0.05) ? null : r.pick(clinics));
const long = (r) => (r.chance(0.3) ? r.text(2500 + r.below(4000)) : r.text(r.below(40)));
const day = (r) => `${1900 + r.below(150)}-0${1 + r.below(9)}-${10 + r.below(18)}`;
const moment = (r) => `${day(r)} 0${r.below(10)}:${10 + r.below(50)}:${10 + r.below(50)}.${r.below(1000000)}`;
const anyOf = (r, list, p) => list.filter(() => r.chance(p));
// Nulls, negative numbers, large and small ones.
const real = (r) => r.pick([null, 0, r.next() * 100, -r.next() * 1e-9, r.next() * 1e22, r.below(1000)]);
const json = (r) => (r.chance(0.2) ? null : JSON.stringify({ b: r.text(5).replace('\u0001', ''), a: [r.below(9), null, true] }));

const insertPatient = (r, id) => [
  `INSERT INTO patient VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
   ON CONFLICT (id) DO UPDATE SET name = excluded.name, active = excluded.active`,
  [id, clinic(r), r.text(r.below(20)), r.chance(0.8), r.chance(0.5) ? r.next().toFixed(r.below(9)) : null, real(r), day(r),
   `${moment(r)}+0${r.below(10)}`, r.chance(0.3) ? null : anyOf(r, ['a', 'b c', '"q"', 'ü'], 0.5), json(r), `9${r.below(1e8)}`, long(r)]];

// name: [weight, (random) => [sql, parameters]]
const statements = {
  insertPatient: [20, (r) => insertPatient(r, r.below(150))],
  insertPatients: [1, (r) => [
    `INSERT INTO patient SELECT n, n % 4 + 1, 'many ' || n, true FROM generate_series($1::int, $1 + 99) n ON CONFLICT DO NOTHING`,
    [1000 + 100 * r.below(3)]]],
  renamePatient: [10, (r) => ['UPDATE patient SET name = $2 WHERE id = $1', [r.below(150), r.text(12)]]],
  movePatient: [10, (r) => ['UPDATE patient SET clinic_id = $2 WHERE id = $1', [r.below(150), clinic(r)]]],
  hidePatient: [6, (r) => ['UPDATE patient SET active = NOT active WHERE id = $1', [r.below(150)]]],
  rekeyPatient: [4, (r) => ['UPDATE patient SET id = $2 WHERE id = $1', [r.below(150), r.below(150)]]],
  notePatient: [5, (r) => ['UPDATE patient SET note = $2, clinic_id = coalesce($3, clinic_id) WHERE id = $1',
                           [r.below(150), long(r), r.chance(0.3) ? clinic(r) : null]]],
  sameP: [3, (r) => ['UPDATE patient SET name = name WHERE id = $1', [r.below(150)]]],
  swapClinics: [1, () => ['UPDATE patient SET clinic_id = 5 - clinic_id WHERE id % 3 = 0']],
  deletePatient: [8, (r) => ['DELETE FROM patient WHERE id = $1', [r.below(150)]]],
  deletePatients: [1, () => ['DELETE FROM patient WHERE id >= 1000']],
  insertVisit: [12, (r) => ['INSERT INTO visit VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING',
                            [r.pick(clinics), r.below(40), r.below(150), moment(r), r.pick(['open', 'done', 'draft']), long(r)]]],
  moveVisit: [5, (r) => ['UPDATE visit SET clinic_id = $3 WHERE clinic_id = $1 AND number = $2',
                         [r.pick(clinics), r.below(40), r.pick(clinics)]]],
  statusVisit: [6, (r) => ['UPDATE visit SET status = $3 WHERE clinic_id = $1 AND number = $2',
                           [r.pick(clinics), r.below(40), r.pick(['open', 'done', 'draft'])]]],
  deleteVisit: [4, (r) => ['DELETE FROM visit WHERE number = $1', [r.below(40)]]],
  insertDocument: [5, (r) => ['INSERT INTO document VALUES ($1, $2, $3, $4)', [r.uuid(), anyOf(r, users, 0.4), r.text(9), long(r)]]],
  shareDocument: [5, (r) => ['UPDATE document SET owners = $1 WHERE id = (SELECT id FROM document ORDER BY id OFFSET $2 LIMIT 1)',
                             [anyOf(r, [...users, users[0]], 0.4), r.below(20)]]],
  nameDocument: [4, (r) => ['UPDATE document SET title = $1 WHERE id = (SELECT id FROM document ORDER BY id OFFSET $2 LIMIT 1)',
                            [r.text(9), r.below(20)]]],
  deleteDocument: [2, (r) => ['DELETE FROM document WHERE id = (SELECT id FROM document ORDER BY id OFFSET $1 LIMIT 1)', [r.below(20)]]],
  insertNotice: [4, (r) => ['INSERT INTO notice VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET body = excluded.body',
                            [r.chance(0.2) ? '9007199254740993' : r.below(30), r.text(9), long(r)]]],
  nameNotice: [0.7, (r) => ['UPDATE notice SET title = $2 WHERE id = $1', [r.below(30), r.text(9)]]],
  deleteNotice: [2, (r) => ['DELETE FROM notice WHERE id = $1', [r.below(30)]]],
  insertReading: [6, (r) => ['INSERT INTO reading VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
                             [r.below(60), 1 + r.below(3), clinic(r), real(r)]]],
  shelveReading: [4, (r) => ['UPDATE reading SET shelf = $2, value = $3 WHERE id = $1', [r.below(60), 1 + r.below(3), real(r)]]],
  moveReading: [3, (r) => ['UPDATE reading SET clinic_id = $2 WHERE id = $1', [r.below(60), clinic(r)]]],
  deleteReading: [2, (r) => ['DELETE FROM reading WHERE id = $1', [r.below(60)]]],
  join: [4, (r) => ['INSERT INTO staff VALUES ($1, $2) ON CONFLICT DO NOTHING', [r.pick(users), r.pick(clinics)]]],
  leave: [3, (r) => ['DELETE FROM staff WHERE user_id = $1 AND clinic_id = $2', [r.pick(users), r.pick(clinics)]]],
  reassign: [1, (r) => ['UPDATE staff SET user_id = $2 WHERE user_id = $1 AND clinic_id = $3', [r.pick(users), r.pick(users), r.pick(clinics)]]],
  truncate: [0.3, (r) => [`TRUNCATE ${r.pick(['visit', 'notice', 'document', 'visit, notice', 'patient', 'reading', 'reading_2'])}`]],
};

// Statements that change what is sent of rows that stay as they are.
const policies = {
  tag: [4, (r) => [`SELECT phisync.tag('patient', 'ssn', $1)`, [r.pick(['phi:ssn', 'none'])]]],
  redefine: [2, (r) => [`SELECT phisync.drop_bucket('clinic'), define_clinic($1, $2)`, [r.chance(0.5), r.pick(['withhold', 'full'])]]],
  alter: [2, (r) => ['SELECT alter_clinic($1, $2)', [r.chance(0.5), r.pick(['withhold', 'full'])]]],
  priority: [1, (r) => [`SELECT phisync.alter_bucket('news', priority => $1)`, [r.below(4)]]],
  even: [2, () => ['SELECT toggle_even()']],
  toggleShelf: [2, () => ['SELECT toggle_shelf()']],
  renewShelf: [1, () => ['SELECT renew_shelf()']],
  rewrite: [1, (r) => [`CLUSTER ${r.pick(['notice USING notice_pkey', 'visit USING visit_pkey', 'patient USING patient_pkey'])}`]],
};

const weights = (of) => Object.fromEntries(Object.entries(of).map(([name, [weight]]) => [name, weight]));
const [statementWeights, policyWeights] = [weights(statements), weights(policies)];

export function randomStatement(random, policyShare) {
  const [from, by] = random.chance(policyShare) ? [policies, policyWeights] : [statements, statementWeights];
  const name = random.weighted(by);
  const [text, values = []] = from[name][1](random);
  return { name, text, values };
}
