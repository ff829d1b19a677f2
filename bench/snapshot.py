"""Run by bench/snapshot, which starts the server."""
import argparse
import csv
import os
import struct
import time

from decode import make_database, number, print_table, ratio, sql
from replication import Replication

# In the order of the table. The first is what the others are compared with.
BASE = "COPY row_to_json"
QUERIES = {
    BASE: "COPY (SELECT row_to_json(t) FROM obs t) TO STDOUT",
    "SELECT row_to_json": "SELECT row_to_json(t) FROM obs t",
    "COPY, no JSON": "COPY obs TO STDOUT",
    "phisync": "SELECT phisync.snapshot('one')",
    "phisync withhold": "SELECT phisync.snapshot('withhold')",
    "phisync 3 buckets": "SELECT phisync.snapshot('three')",
}
READY = b"Z" + struct.pack("!i", 5) + b"I"


class Query(Replication):
    def run(self, query):
        """Reads the whole result of one query, and throws it away."""
        before, start = self.cpu(), time.monotonic()
        self.socket.sendall(b"Q" + struct.pack("!i", len(query) + 5) + query.encode() + b"\0")
        wire, tail = 0, b""
        while not tail.endswith(READY):
            data = self.socket.recv(1 << 20)
            if not data:
                raise RuntimeError("the server ended the connection")
            if wire == 0 and data[:1] == b"E":
                raise RuntimeError(data.replace(b"\0", b" ").decode(errors="replace"))
            wire += len(data)
            tail = (tail + data)[-len(READY):]
        wall, cpu, peak = time.monotonic() - start, self.cpu() - before, self.peak()
        self.socket.close()
        return {"wall": wall, "cpu": cpu, "peak": peak, "wire": wire}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=500000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--queries", default=",".join(q.replace(",", ";") for q in QUERIES))
    parser.add_argument("--csv", default=os.devnull)
    args = parser.parse_args()
    names = [q.replace(";", ",") for q in args.queries.split(",")]
    make_database("snapshot")
    sql(f"CALL ins(1, {args.rows}, 10000); VACUUM (FREEZE, ANALYZE) obs;", "snapshot")
    for name in names:
        Query("snapshot").run(QUERIES[name])  # so that all find the table in memory
    results = {name: [] for name in names}
    with open(args.csv, "w", newline="") as f:
        writer = csv.writer(f)
        writer.writerow(["query", "round", "rows", "cpu_s", "wall_s", "wire_bytes", "peak_mb"])
        for n in range(args.rounds):
            for name in names:
                run = Query("snapshot").run(QUERIES[name])
                results[name].append(run)
                writer.writerow([name, n + 1, args.rows, run["cpu"], run["wall"], run["wire"], run["peak"]])
    table = []
    for name, runs in results.items():
        wall = min(r["wall"] for r in runs)
        faster = None if BASE not in results else ratio(results, BASE, name, "wall")
        cheaper = None if BASE not in results else ratio(results, BASE, name, "cpu")
        table.append([name, number(faster), number(cheaper), number(args.rows / wall / 1000, 0), number(min(r["cpu"] for r in runs) / args.rows * 1e6),
                      number(runs[0]["wire"] / args.rows, 0), number(max(r["peak"] for r in runs), 0)])
    print(f"{args.rows:,} rows of 12 columns, {args.rounds} rounds", flush=True)
    print_table(["query", "rows/s x " + BASE, "rows a CPU second x", "1000 rows/s", "CPU us/row", "bytes/row", "peak MB"], table)


if __name__ == "__main__":
    main()
