#!/bin/bash
# Shows phisync on a private server with synthetic patients: ./demo.sh [--keep]
#   --keep   leaves the server up afterwards, and says how to reach and how to stop it
# On Debian, as root or as an ordinary user with sudo for missing packages. Uses no server of the system, listens on a
# unix socket in a temporary folder alone, and removes that folder at the end. Exits with 0 if every step did what it
# says.
set -eEuo pipefail
cd "$(dirname "$0")"
keep=0
case "${1:-}" in
  --keep) keep=1 ;;
  '') ;;
  *) sed -n '2,6s/^# //p' "$0"; exit 2 ;;
esac

step_name='install packages'
trap '[ "$BASH_SUBSHELL" != 0 ] || echo "demo.sh: failed in the step: $step_name" >&2' ERR
step() { step_name=$*; printf '\n[%3ds] %s\n' "$SECONDS" "$*"; }
note() { printf '       %s\n' "$*"; }
die() { echo "demo.sh: $*" >&2; false; }

. test/packages.sh
need_packages $packages_build $packages_data
. test/server.sh
trap private_cleanup EXIT
trap 'exit 130' INT TERM

sql() { psql -X -q -v ON_ERROR_STOP=1 "$@"; }              # as the owner of the database
value() { sql -At -c "$1"; }                               # one value
show() { sql -P footer=off -P border=1 -c "$1" | sed '/^$/d; s/^/       /'; }
as() { local role=$1; shift; PGUSER=$role psql -X -q -v ON_ERROR_STOP=1 "$@"; }

step "build the extension and start a private server that preloads it"
note "the first build takes a minute or two"
private_install
settings=("shared_preload_libraries = 'phisync'")
# Only where the server knows the setting: pgoutput and test_decoding know nothing of tags.
! grep -q '^output_plugin_libraries' "$work/find.conf" || settings+=("output_plugin_libraries = 'phisync'")
server_start demo "${settings[@]}"
note "$(value 'SELECT version()' | cut -d, -f1), socket in $work"

step "load synthetic patients (FHIR R4, Synthea)"
createdb practice
export PGDATABASE=practice
FHIR_TARBALL=$work/bundles.tgz examples/fhir/load --scale 5 --
show "SELECT (SELECT count(*) FROM fhir.clinic) AS clinics, (SELECT count(*) FROM fhir.patient) AS patients,
        (SELECT count(*) FROM fhir.encounter) AS encounters, (SELECT count(*) FROM fhir.observation) AS observations,
        (SELECT count(*) FROM fhir.claim) AS claims"

step "tags: say what each column holds"
sql -c 'CREATE EXTENSION phisync'
sql -o /dev/null -f examples/fhir/tags.sql
show "SELECT column_name AS \"column of patient\", tag FROM phisync.tags
      WHERE relation = 'fhir.patient'::regclass AND tag <> 'none' ORDER BY 1 LIMIT 4"
note "$(value "SELECT count(*) FILTER (WHERE tag <> 'none') || ' of ' || count(*) FROM phisync.tags
               WHERE relation::text LIKE 'fhir.%'") columns hold PHI; $(value 'SELECT count(*) FROM phisync.unclassified') are unclassified."

step "buckets: one per clinic, without PHI; a consumer that is neither superuser nor reader of any table"
sql -o /dev/null -f examples/fhir/buckets.sql
sql -o /dev/null <<'SQL'
CREATE ROLE sync_server LOGIN REPLICATION IN ROLE phisync_consumer;
SELECT phisync.create_consumer('phones', 'sync_server', ARRAY['clinic']);
CREATE ROLE nurse LOGIN;
GRANT USAGE ON SCHEMA fhir TO nurse;
GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA fhir TO nurse;
SELECT phisync.audit_table('fhir.patient');
SQL
PGUSER=sync_server pg_recvlogical -d practice --slot phones --create-slot -P phisync

step "work: a correction, a reading nurse, a prescription that ends, a patient who moves"
luna=$(value "SELECT id FROM fhir.patient WHERE given = 'Luna60' AND family = 'McCullough561'")
johnnie=$(value "SELECT id FROM fhir.patient WHERE given = 'Johnnie679' AND family = 'Hermiston71'")
# Values that must not reach the consumer: those that are there, and one that is about to be.
values="SELECT unnest(ARRAY[given, family, mothers_maiden_name, mrn, ssn, phone, street, city, birth_date::text])
          FROM fhir.patient
        UNION SELECT unnest(ARRAY[display, value_text]) FROM fhir.observation
        UNION SELECT display FROM fhir.condition UNION SELECT display FROM fhir.medication_request
        UNION SELECT display FROM fhir.immunization"
{
  sql -At -c "SELECT v FROM ($values) t (v) WHERE v <> ''"
  echo Plantagenet
} >"$work/secrets"
as nurse <<SQL
SET phisync.actor = 'nurse.joy@example.org';
SET phisync.purpose = 'TREAT';
UPDATE fhir.patient SET family = 'Plantagenet' WHERE id = '$luna';
SELECT given, family, birth_date FROM fhir.patient WHERE id = '$luna' \g /dev/null
UPDATE fhir.medication_request SET status = 'stopped' WHERE patient_id = '$johnnie' AND status = 'active';
SET phisync.purpose = 'HPAYMT';
BEGIN;
SELECT p.given, p.ssn, c.total FROM fhir.patient p JOIN fhir.claim c ON c.patient_id = p.id WHERE p.id = '$johnnie' \g /dev/null
ROLLBACK;
SQL
sql -c "UPDATE fhir.patient SET clinic_id = (SELECT id FROM fhir.clinic WHERE name LIKE 'HOLYOKE%') WHERE id = '$luna'"
note "The nurse says who and why; a read that is rolled back counts too. The patient's chart moves to another clinic."

step "retention: claims go after seven years, unless somebody put a hold on the patient"
sql -o /dev/null <<SQL
SELECT phisync.create_retention_policy('fhir.claim', 'claims', anchor => 'created_at',
  min_retention => '6 years', max_retention => '7 years', subject => 'patient_id');
SELECT phisync.place_legal_hold('case-17', reason => 'subpoena of 3 March', subject => '$luna');
SQL
sql -c 'CALL phisync.run_retention()' 2>/dev/null
show "SELECT policy, relation, operation, disposed, kept_by_hold FROM phisync.dispositions ORDER BY id"
note "Of the patient on hold $(value "SELECT count(*) FROM fhir.claim WHERE patient_id = '$luna'") claims are still there; deleting one by hand:"
if refusal=$(sql -c "DELETE FROM fhir.claim WHERE patient_id = '$luna'" 2>&1); then die "a held row could be deleted"; fi
sed 's/^/       /' <<<"$refusal"

step "the stream: what the consumer got"
end=$(value 'SELECT pg_current_wal_flush_lsn()')
PGUSER=sync_server timeout 60 pg_recvlogical -d practice --slot phones --start -o consumer=phones --endpos "$end" \
  --no-loop -f - >"$work/stream.jsonl"
node examples/fhir/summary.mjs "$work/stream.jsonl" | sed 's/^/       /'
note "Each line counts the records of one transaction; put: the row is in these buckets, remove: it leaves them."
note "A record as it comes:"
grep -m 1 '"k":"put".*"type":"patient"' "$work/stream.jsonl" | sed 's/^/       /'
if grep -F -f "$work/secrets" "$work/stream.jsonl"; then die "the stream holds a value that it should withhold"; fi
# The same search must find them in the tables, or it would prove nothing.
found=$(psql -X -At -c 'TABLE fhir.patient' | grep -c -F -f "$work/secrets")
note "Searched it for $(wc -l <"$work/secrets") names, numbers, addresses, dates and findings of the patients: none is there."

step "the audit: who touched what, for what purpose"
sql -o /dev/null -c 'SELECT phisync.audit_flush()'  # reads reach the trail through a queue, a moment later
show "SELECT session_role AS role, application_user, purpose, source, command, row_count AS rows,
        replace(array_to_string(columns, ' '), 'fhir.', '') AS columns, row_key
      FROM phisync.audit_log WHERE session_role = 'nurse' ORDER BY seq"
note "Names of columns and counts, never values. The last read was rolled back, and is there all the same."

step "doctor: is anything missing?"
show 'SELECT "check", status, finding FROM phisync.doctor()'

step_name='finish'
if [ $keep = 1 ]; then
  trap - EXIT
  printf '\nThe server stays.\n'
  printf '  to look around: psql -h %s -p %s -U postgres -d practice\n' "$PGHOST" "$PGPORT"
  as_user=''
  [ "$(id -u)" != 0 ] || as_user="runuser -u $server_user -- "
  printf '  to stop it:     %s%s/pg_ctl -D %s/demo -m fast stop; rm -rf %s\n' "$as_user" "$bin" "$work" "$work"
else
  printf '\n[%3ds] done; the server and its folder are removed. Look around yourself: ./demo.sh --keep\n' "$SECONDS"
fi
