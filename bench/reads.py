"""Run by bench/reads, which starts the server."""
import argparse
import os
import re
import statistics
import subprocess
import tempfile

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
    "untagged table": "SELECT name, floor FROM ward WHERE id = :i",
    "tagged columns, granted": "SELECT name, born FROM patient WHERE id = :i",
}
MODES = ("off", "audit", "deny")


def cpu_of_ended():
    """CPU seconds of the backends that have ended, as their parent counts them."""
    with open(os.path.join(os.environ["PGDATA"], "postmaster.pid")) as f:
        pid = f.readline().strip()
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def run(mode, script, seconds):
    before = cpu_of_ended()
    out = subprocess.run(["pgbench", "-n", "-M", "prepared", "-T", str(seconds), "-f", script, "-U", f"reader_{mode}", "postgres"],
                         capture_output=True, text=True, check=True).stdout
    count = int(re.search(r"transactions actually processed: (\d+)", out).group(1))
    return {"cpu": (cpu_of_ended() - before) / count, "wall": seconds / count}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=int, default=2)
    args = parser.parse_args()
    sql(SCHEMA)
    for mode in MODES:
        sql(f"CREATE ROLE reader_{mode} LOGIN; GRANT SELECT ON ward, patient TO reader_{mode};"
            f"SELECT phisync.grant_read('reader_{mode}', ARRAY['phi:name', 'phi:date']), phisync.set_read_enforcement('{mode}', 'reader_{mode}');")
    table = []
    for name, query in QUERIES.items():
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as f:
            f.write(f"\\set i random(1, 100000)\n{query};\n")
            f.flush()
            results = {mode: [] for mode in MODES}
            for n in range(args.rounds):
                # Each mode comes first, second and last in turn.
                for mode in MODES[n % 3:] + MODES[:n % 3]:
                    results[mode].append(run(mode, f.name, args.seconds))
        for mode in MODES:
            ratios = {kind: statistics.median(r[kind] / base[kind] for r, base in zip(results[mode], results["off"])) for kind in ("cpu", "wall")}
            table.append([name, mode, number(statistics.median(r["cpu"] for r in results[mode]) * 1e6), number(ratios["cpu"], 3),
                          number(ratios["wall"], 3)])
    print(f"{args.rounds} rounds of {args.seconds} s, one client", flush=True)
    print_table(["query", "enforcement", "CPU us/query", "CPU x off", "time x off"], table)


if __name__ == "__main__":
    main()
