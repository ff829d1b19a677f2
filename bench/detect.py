"""Run by bench/detect, which starts the server."""
import argparse
import statistics
import sys
import time

from decode import number, print_table, sql

# Type and expression over the row's number n.
VALUES = {
    "id": ("int", "n"),
    "uuid": ("uuid", "md5(n::text)::uuid"),
    "ssn": ("text", "to_char(100000000 + n * 1117 % 600000000, 'FM000\"-\"00\"-\"0000')"),
    "mrn": ("text", "'MRN-' || 100000 + n"),
    "given": ("text", "(ARRAY['James', 'Mary', 'Aroha', 'Emily', 'Kwame'])[n % 5 + 1]"),
    "family": ("text", "(ARRAY['Smith', 'Garcia', 'Okafor', 'Nguyen', 'Rossi', 'Clark'])[n % 6 + 1]"),
    "birth": ("date", "date '1930-01-01' + n * 37 % 30000"),
    "day": ("timestamptz", "timestamptz '2023-01-01' + n * interval '7 minutes'"),
    "phone": ("text", "'(206) 555-' || to_char(n % 10000, 'FM0000')"),
    "email": ("text", "'p' || n || '@example.org'"),
    "street": ("text", "n % 9999 + 1 || ' Oak Street'"),
    "city": ("text", "(ARRAY['Salem', 'Fairview', 'Bristol'])[n % 3 + 1]"),
    "zip": ("text", "to_char(n % 99999, 'FM00000')"),
    "dx": ("text", "'E' || n % 90 + 10 || '.' || n % 10"),
    "lab": ("numeric", "(n % 1000) / 10.0"),
    "status": ("text", "(ARRAY['active', 'closed'])[n % 2 + 1]"),
    "words": ("text", "'steel widget ' || n % 50"),
    "note": ("text", "repeat('seen in clinic today and doing well ', n % 12 + 1)"),
    "hash": ("text", "md5(n::text)"),
    "count": ("int", "n % 90"),
    "flag": ("bool", "n % 2 = 0"),
    "document": ("jsonb", "jsonb_build_object('ssn', '536-22-' || 1000 + n % 9000, 'email', 'p' || n || '@example.org', 'state', 'open', 'visits', n % 9)"),
}
# Tables of each style: name, then name:values of the columns.
STYLES = {
    "fhir": """patient id:uuid mrn:mrn ssn:ssn given:given family:family birth_date:birth phone:phone street:street city:city zip:zip language:status
encounter id:uuid patient_id:uuid status:status reason_code:dx started_at:day ended_at:day class:status
observation id:uuid patient_id:uuid code:hash display:words value_number:lab value_text:words effective_at:day components:document
condition id:uuid patient_id:uuid code:dx display:words onset_at:day recorded_at:day note:note
claim id:uuid patient_id:uuid coverage:hash total:lab created_at:day currency:status""",
    "omop": """person person_id:id year_of_birth:count birth_datetime:day gender_concept_id:count person_source_value:mrn location_id:id
visit_occurrence visit_occurrence_id:id person_id:id visit_start_date:day visit_end_date:day visit_concept_id:count
condition_occurrence condition_occurrence_id:id person_id:id condition_concept_id:count condition_start_date:day condition_source_value:dx stop_reason:words
measurement measurement_id:id person_id:id measurement_concept_id:count measurement_date:day value_as_number:lab unit_source_value:status
note note_id:id person_id:id note_date:day note_text:note""",
    "ehr": """PT_DEMOG PT_ID:id PT_LNAME:family PT_FNAME:given PT_DOB:birth PT_SSN_NO:ssn PT_ADDR1:street PT_CITY:city PT_ZIP:zip HOME_PH:phone EMAIL_ADDR:email MED_REC_NO:mrn SEX_CD:status
HOSP_ADM ADM_ID:id PT_ID:id ADMIT_DT:day DISCH_DT:day ADM_DX:dx ROOM_NO:count ACCT_NO:hash
LAB_RSLT ACCESSION_NO:hash PT_ID:id TEST_NM:words RSLT_VAL:lab COLL_DT:day ABN_FLAG:flag
RX_ORDERS RX_NO:hash PT_ID:id DRUG_NM:words DOSE:words REFILLS:count ORD_DT:day""",
    "shop": """products id:id name:words sku:hash price:lab image_url:hash created_at:day
orders order_id:id customer_id:id total_amount:lab order_date:day carrier:status tracking_number:hash
events id:id kind:status payload:document at:day
app_settings key:words value:words enabled:flag updated_at:day""",
}
# The styles, in schemas of their own; the first copy has the large tables.
COPIES = 3
# CPU nanoseconds that the backend has used.
CPU = "\\! cut -d' ' -f1 /proc/$BACKEND/schedstat\n"
WIDE = ["email", "id", "note", "birth", "hash", "status", "lab", "phone", "document", "day"]


def create(schema, table, columns, rows, partitions=0):
    defined = ", ".join(f'"{name}" {VALUES[values][0]}' for name, values in columns)
    name = f'{schema}."{table}"'
    made = f"CREATE TABLE {name} ({defined})"
    if partitions:
        made += f' PARTITION BY HASH ("{columns[0][0]}")'
    sql(f"{made};" + "".join(
        f'CREATE TABLE {schema}."{table}_{p}" PARTITION OF {name} FOR VALUES WITH (MODULUS {partitions}, REMAINDER {p});' for p in range(partitions))
        + f"INSERT INTO {name} SELECT " + ", ".join(VALUES[values][1] for _, values in columns) + f" FROM generate_series(1, {rows}) n;")
    return len(columns)


def make(rows):
    """Tables and columns made."""
    tables = columns = large = 0
    sql("CREATE EXTENSION phisync;")
    for copy in range(COPIES):
        for style, text in STYLES.items():
            schema = f"{style}_{copy}"
            sql(f"CREATE SCHEMA {schema};")
            for line in text.splitlines():
                table, *names = line.split()
                big = copy == 0 and table in ("patient", "observation", "measurement", "visit_occurrence", "LAB_RSLT", "events")
                large += big
                columns += create(schema, table, [n.split(":") for n in names], rows if big else 3000, 8 if big and table in ("observation", "visit_occurrence") else 0)
                tables += 1
    sql("CREATE SCHEMA wide;")
    for n in range(3):
        columns += create("wide", f"export_{n}", [(f"field_{i}", WIDE[i % len(WIDE)]) for i in range(200)], 3000)
        tables += 1
    # Tables nobody has put rows in yet, as there are in every database.
    for n in range(60 - tables):
        columns += create("wide", f"empty_{n}", [(f"c{i}", "words") for i in range(20)], 0)
        tables += 1
    sql("SET default_statistics_target = 10; ANALYZE;")
    return tables, columns, large


def run(sample):
    """Seconds of one call in a session of its own, those of its CPU, what it found, and what the server says was read."""
    sql("SELECT pg_stat_reset();")
    began = time.monotonic()
    cpu, found, after = sql(f"""SELECT pg_backend_pid() AS backend \\gset
\\setenv BACKEND :backend
{CPU}SELECT count(*) FILTER (WHERE confidence >= 0.9), count(*) FROM phisync.detect(sample => {sample});
{CPU}""").split()
    seconds = time.monotonic() - began
    cpu = (int(after) - int(cpu)) / 1e9
    read = sql("""SELECT max(n), sum(n) FROM (
      SELECT sum(pg_stat_get_tuples_returned(c.oid)) AS n FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
      WHERE c.relkind IN ('r', 'p') AND s.nspname ~ '^(fhir|omop|ehr|shop|wide)' GROUP BY coalesce(pg_partition_root(c.oid), c.oid)) t;""")
    return (seconds, cpu, *map(int, found.split("|")), *map(int, read.split("|")))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--rows", type=int, default=200000)
    parser.add_argument("--samples", default="0,200,2000,20000")
    args = parser.parse_args()
    samples = [int(s) for s in args.samples.split(",")]
    tables, columns, large = make(args.rows)
    results = {s: [] for s in samples}
    for _ in range(args.rounds):
        for sample in samples:
            results[sample].append(run(sample))
    print(f"{columns:,} columns in {tables} tables, {large} of them of {args.rows:,} rows; {args.rounds} rounds")
    table = []
    beyond = 0
    for sample, runs in results.items():
        seconds = statistics.median(r[0] for r in runs)
        most = max(r[4] for r in runs)
        beyond += most > sample
        table.append([number(sample, 0), number(seconds, 2), number(min(r[1] for r in runs), 2), number(columns / seconds, 0), number(most, 0),
                      number(max(r[5] for r in runs), 0), number(runs[0][2], 0), number(runs[0][3], 0)])
    print_table(["sample", "seconds", "of CPU, least", "columns/s", "most rows of a table", "rows of all", "found at 0.9", "at 0.5"], table)
    if beyond:
        sys.exit("more rows of a table were read than asked for")


if __name__ == "__main__":
    main()
