"""Sessions of the server: the simple query protocol over the unix socket, with every message that the server says kept."""
import os
import socket
import struct


class Failed(Exception):
    """A statement that was to succeed did not. The text says why."""


class Result:
    def __init__(self):
        self.rows = []
        self.error = None  # dict of the fields of the first error

    @property
    def sqlstate(self):
        return self.error["C"] if self.error else None


class Session:
    """One connection. `said` collects every byte of errors and notices since it was last emptied."""

    def __init__(self, database, name):
        self.name = name
        self.said = []
        self.statements = []  # the beginning of each
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(f"{os.environ['PGHOST']}/.s.PGSQL.{os.environ['PGPORT']}")
        self.input = self.socket.makefile("rb", 1 << 18)
        words = ["user", os.environ["PGUSER"], "database", database, "application_name", name]
        body = struct.pack("!i", 196608) + b"".join(w.encode() + b"\0" for w in words) + b"\0"
        self.socket.sendall(struct.pack("!i", len(body) + 4) + body)
        self._answer()

    def _answer(self):
        result = Result()
        while True:
            kind = self.input.read(1)
            if not kind:
                raise Failed(f"the server ended session {self.name}: {b' '.join(self.said[-2:]).decode(errors='replace')}")
            size = struct.unpack("!i", self.input.read(4))[0] - 4
            body = self.input.read(size)
            if kind == b"D":
                result.rows.append(self._row(body))
            elif kind in b"EN":
                self.said.append(body)
                if kind == b"E" and result.error is None:
                    result.error = {f[:1].decode(): f[1:].decode(errors="replace") for f in body.split(b"\0") if f}
            elif kind == b"Z":
                return result

    @staticmethod
    def _row(body):
        values, at = [], 2
        for _ in range(struct.unpack_from("!h", body)[0]):
            size = struct.unpack_from("!i", body, at)[0]
            at += 4
            values.append(None if size < 0 else body[at:at + size])
            at += max(size, 0)
        return values

    def attempt(self, sql):
        """Runs the statements; an error is in the result."""
        self.statements.append(sql[:100])
        text = sql.encode()
        self.socket.sendall(b"Q" + struct.pack("!i", len(text) + 5) + text + b"\0")
        return self._answer()

    def run(self, sql):
        """Runs the statements and gives their rows; an error ends the test."""
        result = self.attempt(sql)
        if result.error:
            raise Failed(f"{self.name}: {result.error['C']} {result.error['M']} {result.error.get('D', '')}\n{sql[:1500]}")
        return result.rows

    def value(self, sql):
        """The first column of the last row, as text."""
        value = self.run(sql)[-1][0]
        return None if value is None else value.decode()

    def close(self):
        self.socket.sendall(b"X" + struct.pack("!i", 4))
        self.socket.close()
