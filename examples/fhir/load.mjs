// Turns the R4 Synthea bundles of the npm package cql-exec-fhir into the COPY statements of examples/fhir/schema.sql.
// Usage: node load.mjs TARBALL [--scale N]; the SQL goes to standard output. `load` in this folder fetches the tarball.
// N copies of each patient with their charts are written; the same N gives the same bytes. Node.js 18 or later, no
// packages.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

const PACKAGE = 'cql-exec-fhir-2.2.0.tgz';
const SHA512 = '6aQwSnwiFBGMWyKPFvj0/A6yl2vCT7/ShlxCBikN/7pdPN7taQmmTMIMFWse05E2hd/8jW4eu+haQ4qPK19w8A==';
const BUNDLES = /^package\/test\/fixtures\/r4\/.*\.json$/;

function fail(message) {
  process.stderr.write(`load.mjs: ${message}\n`);
  process.exit(1);
}

function parseArguments(args) {
  let tarball;
  let scale = 1;
  for (let i = 0; i < args.length; ++i) {
    if (args[i] === '--scale') scale = Number(args[++i]);
    else if (tarball === undefined) tarball = args[i];
    else fail(`unexpected argument ${args[i]}`);
  }
  if (tarball === undefined) fail('usage: node load.mjs TARBALL [--scale N]');
  if (!Number.isInteger(scale) || scale < 1 || scale > 1e6) fail('--scale takes a whole number from 1 to 1000000');
  return { tarball, scale };
}

// The bundles in the tarball, by the order of their names. Reads the ustar format as npm writes it.
function readBundles(file) {
  const packed = readFileSync(file);
  const digest = createHash('sha512').update(packed).digest('base64');
  if (digest !== SHA512) fail(`${file} is not ${PACKAGE}: its SHA-512 is ${digest}, expected ${SHA512}`);
  const tar = gunzipSync(packed);
  const field = (at, length) => tar.toString('utf8', at, at + length).replace(/\0.*$/s, '');
  const bundles = [];
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const prefix = field(at + 345, 155);
    const name = (prefix ? `${prefix}/` : '') + field(at, 100);
    const size = parseInt(field(at + 124, 12), 8);
    if (BUNDLES.test(name)) {
      const resource = JSON.parse(tar.toString('utf8', at + 512, at + 512 + size));
      if (resource.resourceType === 'Bundle') bundles.push({ name, resource });
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
  bundles.sort((a, b) => (a.name < b.name ? -1 : 1));
  return bundles.map((b) => b.resource.entry.map((e) => e.resource));
}

const reference = (r) => r?.reference?.replace(/^urn:uuid:/, '');
const coding = (concept) => concept?.coding?.[0] ?? {};
const identifier = (r, code) => r.identifier.find((i) => i.type?.coding?.[0]?.code === code)?.value;
const words = (names) => names?.join(' ');

function clinicRow(r) {
  const a = r.address?.[0] ?? {};
  return { id: r.id, name: r.name, phone: r.telecom?.[0]?.value, street: words(a.line), city: a.city, state: a.state,
           zip: a.postalCode };
}

function staffRow(r, clinic) {
  const n = r.name[0];
  const user = [...(n.given ?? []), n.family].join('.').toLowerCase();
  return { id: r.id, clinic_id: clinic, user_id: user, npi: r.identifier?.[0]?.value, prefix: words(n.prefix),
           given: words(n.given), family: n.family };
}

function patientRow(r, clinic) {
  const n = r.name[0];
  const a = r.address?.[0] ?? {};
  const extension = (of, suffix) => of?.extension?.find((e) => e.url.endsWith(suffix));
  const position = extension(a, '/geolocation');
  return { id: r.id, clinic_id: clinic, mrn: identifier(r, 'MR'), ssn: identifier(r, 'SS'), given: words(n.given),
           family: n.family, mothers_maiden_name: extension(r, '/patient-mothersMaidenName')?.valueString,
           sex: r.gender, birth_date: r.birthDate, deceased_at: r.deceasedDateTime, phone: r.telecom?.[0]?.value,
           street: words(a.line), city: a.city, state: a.state, zip: a.postalCode,
           latitude: extension(position, 'latitude')?.valueDecimal,
           longitude: extension(position, 'longitude')?.valueDecimal,
           language: coding(r.communication?.[0]?.language).code };
}

// What every row of a chart has.
const chart = (r, clinic) => ({ id: r.id, patient_id: reference(r.subject ?? r.patient), clinic_id: clinic });

function encounterRow(r, clinic) {
  const type = coding(r.type?.[0]);
  const reason = coding(r.reasonCode?.[0]);
  return { ...chart(r, clinic), seen_at_clinic_id: reference(r.serviceProvider),
           seen_by_staff_id: reference(r.participant?.[0]?.individual), status: r.status, class: r.class.code,
           code: type.code, display: type.display, reason_code: reason.code, reason_display: reason.display,
           started_at: r.period.start, ended_at: r.period.end };
}

function observationRow(r, clinic) {
  const what = coding(r.code);
  const components = r.component?.map((c) => ({ code: coding(c.code).code, display: coding(c.code).display,
                                                value: c.valueQuantity?.value, unit: c.valueQuantity?.unit }));
  return { ...chart(r, clinic), encounter_id: reference(r.encounter), status: r.status,
           category: coding(r.category?.[0]).code, code_system: what.system, code: what.code, display: what.display,
           value_number: r.valueQuantity?.value, value_unit: r.valueQuantity?.unit,
           value_text: r.valueTime ?? coding(r.valueCodeableConcept).display,
           components: components && JSON.stringify(components), effective_at: r.effectiveDateTime };
}

function conditionRow(r, clinic) {
  const what = coding(r.code);
  return { ...chart(r, clinic), encounter_id: reference(r.encounter), clinical_status: coding(r.clinicalStatus).code,
           verification_status: coding(r.verificationStatus).code, code_system: what.system, code: what.code,
           display: what.display, onset_at: r.onsetDateTime, abated_at: r.abatementDateTime,
           recorded_at: r.recordedDate };
}

function medicationRequestRow(r, clinic, resources) {
  const referred = [...(r.contained ?? []), ...resources].find(
    (o) => o.id === reference(r.medicationReference)?.replace(/^#/, ''));
  const what = coding(r.medicationCodeableConcept ?? referred?.code);
  return { ...chart(r, clinic), encounter_id: reference(r.encounter), requested_by_staff_id: reference(r.requester),
           status: r.status, intent: r.intent, code_system: what.system, code: what.code,
           display: what.display ?? r.medicationReference?.display, authored_at: r.authoredOn };
}

function immunizationRow(r, clinic) {
  const what = coding(r.vaccineCode);
  return { ...chart(r, clinic), encounter_id: reference(r.encounter), status: r.status, code_system: what.system,
           code: what.code, display: what.display, given_at: r.occurrenceDateTime };
}

function claimRow(r, clinic) {
  return { ...chart(r, clinic), encounter_id: reference(r.item?.[0]?.encounter?.[0]), status: r.status,
           type: coding(r.type).code, coverage: r.insurance?.[0]?.coverage?.display, total: r.total?.value,
           currency: r.total?.currency, created_at: r.created };
}

// In the order in which foreign keys allow the rows to be written. Those of a patient are multiplied by --scale.
const TABLES = [
  { name: 'clinic', type: 'Organization', row: clinicRow },
  { name: 'staff', type: 'Practitioner', row: staffRow },
  { name: 'patient', type: 'Patient', row: patientRow, perPatient: true },
  { name: 'encounter', type: 'Encounter', row: encounterRow, perPatient: true },
  { name: 'observation', type: 'Observation', row: observationRow, perPatient: true },
  { name: 'condition', type: 'Condition', row: conditionRow, perPatient: true },
  { name: 'medication_request', type: 'MedicationRequest', row: medicationRequestRow, perPatient: true },
  { name: 'immunization', type: 'Immunization', row: immunizationRow, perPatient: true },
  { name: 'claim', type: 'Claim', row: claimRow, perPatient: true },
];

// Ids of the rows that are multiplied, and what points to them.
const SCALED_IDS = ['id', 'patient_id', 'encounter_id', 'mrn'];

// The id of copy n of the resource: a UUID (version 8) made from both. Copy 0 keeps its id.
function copyOfId(id, n) {
  const h = createHash('sha256').update(`${n}:${id}`).digest('hex');
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-8${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20, 32)}`;
}

// Copy n of a row: other ids, and for a patient other numbers in what identifies the person.
function copyOfRow(row, n) {
  if (n === 0) return row;
  const copy = { ...row };
  for (const key of SCALED_IDS) if (copy[key] !== undefined) copy[key] = copyOfId(copy[key], n);
  if (copy.ssn !== undefined) {
    const digits = String(parseInt(createHash('sha256').update(`${n}:${copy.ssn}`).digest('hex').slice(0, 12), 16));
    copy.ssn = `999-${digits.slice(-6, -4)}-${digits.slice(-4)}`;  // numbers from 999 on are given to nobody
    copy.phone = `555-${digits.slice(-9, -6)}-${digits.slice(-13, -9).padStart(4, '0')}`;
    copy.family = copy.family.replace(/\d*$/, `${n}x${digits.slice(-4)}`);
  }
  return copy;
}

// A value as COPY's text format wants it.
function copyText(value) {
  if (value === undefined || value === null) return '\\N';
  const escapes = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };
  return String(value).replace(/[\\\t\n\r]/g, (c) => escapes[c]);
}

// Writes and waits for the reader: memory does not grow with the scale.
async function write(text) {
  if (!process.stdout.write(text)) await once(process.stdout, 'drain');
}

const { tarball, scale } = parseArguments(process.argv.slice(2));
process.stdout.on('error', (e) => fail(e.code === 'EPIPE' ? 'the reader went away' : e.message));
const charts = readBundles(tarball).map((resources) => ({
  resources,
  // Synthea writes one bundle a patient, with the clinic and the practitioner that looked after them.
  clinic: resources.find((r) => r.resourceType === 'Organization').id,
}));
for (const table of TABLES) {
  const rows = charts.flatMap(({ resources, clinic }) => resources
    .filter((r) => r.resourceType === table.type)
    .map((r) => table.row(r, clinic, resources)));
  const columns = Object.keys(rows[0]);
  await write(`COPY fhir.${table.name} (${columns.join(', ')}) FROM stdin;\n`);
  for (let n = 0; n < (table.perPatient ? scale : 1); ++n) {
    await write(rows.map((row) => {
      const copy = copyOfRow(row, n);
      return `${columns.map((c) => copyText(copy[c])).join('\t')}\n`;
    }).join(''));
  }
  await write('\\.\n');
}
