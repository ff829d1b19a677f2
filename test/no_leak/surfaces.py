"""Where values could come out: what each place gave, searched for canaries that must not be there."""
import bisect
import collections
import os
import re
import signal
import subprocess
import time

from model import Event, granted, is_public, shown
from values import FILLER
from wire import Failed

LINES = re.compile(rb'^\{"k":"(hello|begin|commit|stream_start|stream_stop|stream_abort|stream_commit|message|progress)"(?:,"xid":([0-9]+))?', re.M)
LOG_LINE = re.compile(rb"^[0-9-]+ [0-9:.]+ UTC \[([^|\n]*)\|", re.M)


class Leak:
    def __init__(self, surface, canary, hit, excerpt, xid=None):
        self.surface, self.canary, self.hit, self.excerpt, self.xid = surface, canary, hit, excerpt, xid


class Search:
    """Counts and leaks of a round."""

    def __init__(self, finder, world):
        self.finder, self.world = finder, world
        self.leaks = []
        self.bytes = collections.Counter()
        self.granted = collections.Counter()

    def _judge(self, surface, data, allowed, days=True):
        """`allowed(canary, hit)` -> (may it be there, transaction)."""
        self.bytes[surface] += len(data)
        data = without_filler(data)
        for hit in self.finder.find(data, days):
            xid = None
            for canary in hit.owners:
                may, xid = allowed(canary, hit)
                if may:
                    if not canary.found:
                        self.granted[surface] += 1
                    canary.found = True
                    break
            else:
                excerpt = data[max(0, hit.at - 160):hit.at + 100].decode(errors="replace")
                self.leaks.append(Leak(surface, hit.owners[0], hit, excerpt, xid))

    def stream(self, surface, consumer, data):
        data = without_filler(data)
        marks = [(m.start(), m.group(1), int(m.group(2)) if m.group(2) else None) for m in LINES.finditer(data)]
        starts = [m[0] for m in marks]

        def allowed(canary, hit):
            _, kind, xid = marks[bisect.bisect_right(starts, hit.at) - 1] if starts else (0, b"", None)
            if kind not in (b"begin", b"stream_start"):
                xid = None
            return any(granted(canary, consumer, e, hit) for e in canary.events.get(xid, ())), xid
        self._judge(surface, data, allowed)

    def current(self):
        """canary -> events that say what would be sent of it now"""
        version, now, events = self.world.current(), {}, {}
        for relation in self.world.relations:
            for row in relation.rows.values():
                event = Event(None, version, row)
                event = events.setdefault(event.key(), event)
                for canaries in row.cells.values():
                    for canary in canaries:
                        now.setdefault(canary, set()).add(event)
        return now

    def snapshot(self, surface, consumer, data):
        now = self.current()
        self._judge(surface, data, lambda canary, hit: (any(granted(canary, consumer, e, hit) for e in now.get(canary, ())), None))

    def masked(self, surface, profile, data):
        now = self.current()
        self._judge(surface, data, lambda canary, hit: (any(shown(canary, profile, e, hit) for e in now.get(canary, ())), None))

    def explanation(self, surface, data):
        """Bucket ids alone."""
        now = self.current()

        def allowed(canary, hit):
            return any(key in grant.keys for e in now.get(canary, ()) for grant in e.version.grants.get(e.relation, ())
                       for key in canary.homes.get(e.relation, ())), None
        self._judge(surface, data, allowed, days=False)

    def buckets(self, surface, data):
        """Bucket ids of users: what the parameters queries select, if the profile keeps it."""
        member, ways = self.world.member, self.world.current().ways
        outputs = {key for bucket in self.world.buckets.values() for key in bucket.lookup - {"who"}
                   if ways.get((member, bucket.profile), {}).get(key) == "keep"}
        self._judge(surface, data, lambda canary, hit: (not outputs.isdisjoint(canary.homes.get(member, ())), None), days=False)

    def public(self, surface, data):
        """A place where nothing that was PHI may stand, whoever reads it."""
        self._judge(surface, data, lambda canary, hit: (is_public(canary), None), days=False)

    def log(self, data):
        """The server's log without the lines of sessions `user` and `viewer`, whose own statements fail."""
        kept, marks = [], [(m.start(), m.group(1)) for m in LOG_LINE.finditer(data)]
        for n, (start, name) in enumerate(marks):
            if name not in (b"user", b"viewer"):
                kept.append(data[start:marks[n + 1][0] if n + 1 < len(marks) else len(data)])
        self.public("log", b"".join(kept))


def without_filler(data):
    return data.replace(FILLER.encode(), b"")


class Receiver:
    """pg_recvlogical on a slot, into a file."""

    def __init__(self, database, slot, consumer, folder, options):
        self.slot, self.consumer = slot, consumer
        self.path, self.errors = f"{folder}/{slot}.out", f"{folder}/{slot}.err"
        self.command = ["pg_recvlogical", "-d", f"dbname={database} application_name=receiver", "--slot", slot, "--start", "--no-loop", "-s", "1", "-F", "0",
                        "-f", self.path, "-o", f"consumer={consumer}", "-o", "messages=noleak"]
        for option in options:
            self.command += ["-o", option]
        self.process = None
        for path in (self.path, self.errors):
            open(path, "wb").close()

    def start(self, *more):
        self.process = subprocess.Popen(self.command + list(more), stderr=open(self.errors, "ab"), stdout=subprocess.DEVNULL)

    def stop(self, mark, seconds=60):
        """Waits until the file ends with the message, and ends the process."""
        until = time.monotonic() + seconds
        while not self._tail().find(mark) >= 0:
            if self.process.poll() is not None or time.monotonic() > until:
                raise Failed(f"{self.slot} did not come to its end: {self.said()[-500:]}")
            time.sleep(0.03)
        self.process.send_signal(signal.SIGINT)
        self.process.wait()

    def _tail(self):
        with open(self.path, "rb") as f:
            f.seek(max(0, os.path.getsize(self.path) - 2000))
            return f.read()

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def data(self):
        with open(self.path, "rb") as f:
            return f.read()

    def said(self):
        with open(self.errors, "rb") as f:
            return f.read()
