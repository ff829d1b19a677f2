"""Run by bench/reads, which starts the server."""
import argparse
import os
import random
import re
import statistics
import subprocess

from decode import number, print_table, sql

SCHEMA = """
CREATE EXTENSION phisync;
CREATE TABLE ward (id int PRIMARY KEY, name text, floor int);
CREATE TABLE patient (id int PRIMARY KEY, name text, ssn text, born date);
SELECT phisync.tag('patient', 'id', 'none;subject'), phisync.tag('patient', 'name', 'phi:name'), phisync.tag('patient', 'ssn', 'phi:ssn'),
  phisync.tag('patient', 'born', 'phi:date.birth');
INSERT INTO ward SELECT i, 'ward ' || i, i % 7 FROM generate_series(1, 100000) i;
INSERT INTO patient SELECT i, 'name ' || i, '999-99-' || i, '1950-01-01' FROM generate_series(1, 100000) i;
VACUUM (FREEZE, ANALYZE) ward, patient;
"""
QUERIES = {
    "untagged table": "SELECT name, floor FROM ward WHERE id = $1",
    "tagged columns, granted": "SELECT name, born FROM patient WHERE id = $1",
}
MODES = ("off", "audit", "deny")
WARM_UP = 2000
# CPU nanoseconds that the backend has used.
CPU = "\\! cut -d' ' -f1 /proc/$BACKEND/schedstat\n"


def run(mode, query, count):
    """CPU microseconds of the backend a query."""
    keys = random.Random(1)
    point = lambda n: "".join(f"EXECUTE point({keys.randint(1, 100000)});\n" for _ in range(n))
    script = (f"SELECT pg_backend_pid() AS backend \\gset\n\\setenv BACKEND :backend\nPREPARE point (int) AS {query};\n"
              + point(WARM_UP) + CPU + point(count) + CPU)
    out = subprocess.run(["psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-U", f"reader_{mode}", "-d", "postgres"],
                         input=script, capture_output=True, text=True, check=True).stdout.split()
    return (int(out[1]) - int(out[0])) / count / 1000


def instructions(mode, query, count):
    """Of a backend by itself that sends the query `count` times, as a role with the grants."""
    execute = lambda n: "".join(f"EXECUTE point({random.Random(n).randint(1, 100000)});\n\n" for n in range(n))
    script = (f"SET phisync.read_enforcement = '{mode}';\n\nSET ROLE reader_{mode};\n\nPREPARE point (int) AS {query};\n\n" + execute(count))
    user = ["runuser", "-u", os.environ["SERVER_USER"], "--"] if "SERVER_USER" in os.environ else []
    run = subprocess.run(user + ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"] + os.environ["SERVER_SINGLE"].split(),
                         input=script, capture_output=True, text=True, cwd="/", check=True)
    if "ERROR" in run.stderr:
        raise SystemExit(run.stderr)
    return int(re.search(r"Collected : (\d+)", run.stderr)[1])


def count_instructions():
    user = ["runuser", "-u", os.environ["SERVER_USER"], "--"] if "SERVER_USER" in os.environ else []
    subprocess.run(user + os.environ["SERVER_STOP"].split(), check=True, stdout=subprocess.DEVNULL)
    few, many = 500, 2500
    table = []
    for name, query in QUERIES.items():
        # What the start of the backend and the first queries take is in both.
        counts = {mode: (instructions(mode, query, many) - instructions(mode, query, few)) / (many - few) for mode in MODES}
        for mode in MODES:
            table.append([name, mode, number(counts[mode]), number(counts[mode] - counts["off"]), number(counts[mode] / counts["off"], 4)])
    print_table(["query", "enforcement", "instructions/query", "more than off", "x off"], table)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--instructions", action="store_true")
    args = parser.parse_args()
    sql(SCHEMA)
    for mode in MODES:
        sql(f"CREATE ROLE reader_{mode} LOGIN; GRANT SELECT ON ward, patient TO reader_{mode};"
            f"SELECT phisync.grant_read('reader_{mode}', ARRAY['phi:name', 'phi:date']), phisync.set_read_enforcement('{mode}', 'reader_{mode}');")
    if args.instructions:
        return count_instructions()
    table = []
    for name, query in QUERIES.items():
        results = {mode: [] for mode in MODES}
        for n in range(args.rounds):
            # Each mode comes first, second and last in turn.
            for mode in MODES[n % 3:] + MODES[:n % 3]:
                results[mode].append(run(mode, query, args.count))
        for mode in MODES:
            # The least is what it takes; the rest is what else ran on the machine.
            pairs = statistics.median(cpu / off for cpu, off in zip(results[mode], results["off"]))
            table.append([name, mode, number(min(results[mode])), number(min(results[mode]) / min(results["off"]), 3), number(pairs, 3)])
    print(f"{args.rounds} rounds of {args.count:,} queries, one client", flush=True)
    print_table(["query", "enforcement", "CPU us/query", "least x off", "median of rounds x off"], table)


if __name__ == "__main__":
    main()
