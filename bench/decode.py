"""Run by bench/decode, which starts the server."""
import argparse
import csv
import os
import statistics
import subprocess
import sys
import time

from replication import Replication

# Plugins and options, in the order of the tables.
PLUGINS = {
    "null": ("phisync_null", {}),
    "pgoutput text": ("pgoutput", {"proto_version": "1", "publication_names": "pub"}),
    "pgoutput binary": ("pgoutput", {"proto_version": "1", "publication_names": "pub", "binary": "true"}),
    "wal2json v2": ("wal2json", {"format-version": "2"}),
    "test_decoding": ("test_decoding", {}),
    "decoderbufs": ("decoderbufs", {}),
    "phisync": ("phisync", {"consumer": "one"}),
    "phisync withhold": ("phisync", {"consumer": "withhold"}),
    "phisync five transformed columns": ("phisync", {"consumer": "transform"}),
    "phisync 3 buckets": ("phisync", {"consumer": "three"}),
    "phisync shard 1/4": ("phisync", {"consumer": "one", "shard": "1/4"}),
}
# Rows inserted, updated, deleted, and rows in a transaction, at scale 1.
SEGMENTS = {"S1": (40000, 15000, 5000, 1), "S2": (150000, 60000, 30000, 100), "S3": (300000, 120000, 60000, 10000)}


def sql(text, database="postgres"):
    run = subprocess.run(["psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", database, "-f", "-"], input=text, capture_output=True, text=True)
    if run.returncode != 0:
        sys.exit(run.stderr)
    return run.stdout.strip()


def lsn(text):
    high, low = text.split("/")
    return int(high, 16) << 32 | int(low, 16)


def make_database(name):
    sql(f'CREATE DATABASE "{name}"')
    with open("bench/decode.sql") as f:
        sql(f.read(), name)


def load(database, text):
    """Makes a slot, runs the workload, and says where the log then ends."""
    sql("CHECKPOINT; SELECT pg_create_logical_replication_slot('base', 'phisync_null');", database)
    sql(text, database)
    return lsn(sql("SELECT pg_current_wal_flush_lsn()", database))


def measure(database, plugin, end):
    """One run over the log from the slot `base` to `end`, with a slot of its own."""
    library, options = PLUGINS[plugin]
    sql(f"SELECT pg_copy_logical_replication_slot('base', 'run', false, '{library}')", database)
    result = Replication(database).stream("run", options, end)
    while sql("SELECT active FROM pg_replication_slots WHERE slot_name = 'run'", database) == "t":
        time.sleep(0.05)
    sql("SELECT pg_drop_replication_slot('run')", database)
    return result


def interleaved(database, plugins, end, rounds):
    results = {p: [] for p in plugins}
    for n in range(rounds):
        for plugin in plugins:
            results[plugin].append(measure(database, plugin, end))
    return results


def ratio(results, plugin, other, key):
    """The median over the rounds: both ran within seconds of one another."""
    if other not in results:
        return None
    return statistics.median(a[key] / b[key] for a, b in zip(results[plugin], results[other]))


def print_table(header, rows):
    widths = [max(len(r[i]) for r in [header] + rows) for i in range(len(header))]
    for n, row in enumerate([header] + rows):
        print("| " + " | ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(row, widths))) + " |")
        if n == 0:
            print("|" + "|".join("-" * (w + 2) if i == 0 else "-" * (w + 1) + ":" for i, w in enumerate(widths)) + "|")
    print(flush=True)


def number(value, digits=2):
    return "-" if value is None else f"{value:,.{digits}f}"


def report(segment, changes, results, writer):
    rows = []
    for plugin, runs in results.items():
        cpu = min(r["cpu"] for r in runs) / changes * 1e6
        wall = min(r["wall"] for r in runs) / changes * 1e6
        faster = {o: ratio(results, o, plugin, "wall") if o in results else None for o in ("pgoutput text", "wal2json v2")}
        rows.append([plugin, number(ratio(results, plugin, "null", "cpu")), number(faster["pgoutput text"]), number(faster["wal2json v2"]),
                     number(cpu), number(wall), number(1000 / wall, 0), number(runs[0]["wire"] / changes, 0), number(max(r["peak"] for r in runs), 0)])
        for n, run in enumerate(runs):
            writer.writerow([segment, plugin, n + 1, changes, *(run[k] for k in ("cpu", "wall", "wire", "messages", "peak"))])
    print_table(["plugin", "CPU x null", "changes/s x pgoutput text", "x wal2json v2", "CPU us/change", "wall us/change", "1000 changes/s", "bytes/change", "peak MB"], rows)


def run_segments(args, writer):
    plugins = args.plugins.split(",") if args.plugins else list(PLUGINS)
    make_database("decode")
    first = 1
    for segment in args.segments.split(","):
        inserts, updates, deletes, step = (max(1, int(n * args.scale)) for n in SEGMENTS[segment])
        step = SEGMENTS[segment][3]
        # The walsender says how far it is only once it has read all of the log, so each segment is measured while it is the last.
        end = load("decode", f"CALL ins({first}, {first + inserts - 1}, {step}); CALL upd({first}, {first + updates - 1}, {step}); "
                   f"CALL del({first}, {first + deletes - 1}, {step});")
        first += inserts
        print(f"{segment}: {inserts + updates + deletes:,} changes, {step:,} in a transaction", flush=True)
        report(segment, inserts + updates + deletes, interleaved("decode", plugins, end, args.rounds), writer)
        sql("SELECT pg_drop_replication_slot('base')", "decode")


def run_definitions(args, writer):
    rows = int(100000 * args.scale)
    table = []
    for count in map(int, args.definitions.split(",")):
        name = f"definitions_{count}"
        make_database(name)
        # In transactions of 1,000, for each definition locks its table.
        sql("CREATE TABLE other (id int PRIMARY KEY, n int);", name)
        for low in range(0, count, 1000):
            sql(f"SELECT phisync.create_bucket('other' || g, ARRAY['SELECT id FROM other'], profile => 'full') FROM generate_series({low + 1}, {min(low + 1000, count)}) g", name)
        sql("SELECT phisync.create_consumer('every', 'reader')", name)
        end = load(name, f"CALL ins(1, {rows}, 100)")
        results = interleaved(name, ["null", "phisync"], end, args.rounds)
        cpu = {p: min(r["cpu"] for r in runs) / rows * 1e6 for p, runs in results.items()}
        table.append([f"{count:,}", number(ratio(results, "phisync", "null", "cpu")), number(cpu["null"]), number(cpu["phisync"]),
                      number(max(r["peak"] for r in results["phisync"]), 0)])
        for plugin, runs in results.items():
            for n, run in enumerate(runs):
                writer.writerow([name, plugin, n + 1, rows, *(run[k] for k in ("cpu", "wall", "wire", "messages", "peak"))])
        sql("SELECT pg_drop_replication_slot('base')", name)
    print_table(["other definitions", "CPU x null", "null us/change", "phisync us/change", "phisync peak MB"], table)


def run_memory(args, writer):
    plugins = args.plugins.split(",") if args.plugins else ["null", "pgoutput text", "phisync"]
    # The reorder buffer of the server holds so much of a transaction before it goes to disk, whatever the plugin.
    limit = "8MB"
    sql(f"ALTER SYSTEM SET logical_decoding_work_mem = '{limit}'")
    sql("SELECT pg_reload_conf()")
    make_database("memory")
    end = load("memory", f"CALL ins(1, {args.memory}, {args.memory})")
    print(f"One transaction of {args.memory:,} changes, logical_decoding_work_mem = {limit}", flush=True)
    report("memory", args.memory, interleaved("memory", plugins, end, 1), writer)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--segments", default="S1,S2,S3")
    parser.add_argument("--plugins")
    parser.add_argument("--csv", default=os.devnull)
    parser.add_argument("--definitions", nargs="?", const="1,100,10000")
    parser.add_argument("--memory", nargs="?", type=int, const=5000000)
    args = parser.parse_args()
    with open(args.csv, "w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(["workload", "plugin", "round", "changes", "cpu_s", "wall_s", "wire_bytes", "messages", "peak_mb"])
        if args.definitions:
            run_definitions(args, writer)
        elif args.memory:
            run_memory(args, writer)
        else:
            run_segments(args, writer)


if __name__ == "__main__":
    main()
