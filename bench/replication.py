"""A client of a walsender: just enough of the protocol to take a slot's stream and to measure the server at its end."""
import os
import re
import socket
import struct
import time


class Replication:
    def __init__(self, database):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(f"{os.environ['PGHOST']}/.s.PGSQL.{os.environ['PGPORT']}")
        self.buffer = bytearray()
        self.pid = None
        words = ["user", os.environ["PGUSER"], "database", database, "replication", "database"]
        body = struct.pack("!i", 196608) + b"".join(w.encode() + b"\0" for w in words) + b"\0"
        self.socket.sendall(struct.pack("!i", len(body) + 4) + body)
        while True:
            kind, body = self._message()
            if kind == b"K":
                self.pid = struct.unpack("!i", body[:4])[0]
            if kind == b"Z":
                break

    def _message(self):
        while True:
            if len(self.buffer) >= 5:
                size = struct.unpack_from("!i", self.buffer, 1)[0] + 1
                if len(self.buffer) >= size:
                    kind, body = bytes(self.buffer[:1]), bytes(self.buffer[5:size])
                    del self.buffer[:size]
                    if kind == b"E":
                        raise RuntimeError(body.replace(b"\0", b" ").decode(errors="replace"))
                    return kind, body
            data = self.socket.recv(1 << 20)
            if not data:
                raise RuntimeError("the walsender ended the connection")
            self.buffer += data

    def cpu(self):
        """Seconds on a CPU, user and kernel together."""
        with open(f"/proc/{self.pid}/schedstat") as f:
            return int(f.read().split()[0]) / 1e9

    def peak(self):
        """Peak resident memory in MB, shared buffers that were touched included."""
        with open(f"/proc/{self.pid}/status") as f:
            return int(re.search(r"VmHWM:\s+(\d+)", f.read()).group(1)) / 1024

    def stream(self, slot, options, end):
        """Reads the slot up to `end`; nothing is acknowledged."""
        words = ", ".join(f"\"{k}\" '{v}'" for k, v in options.items())
        query = f'START_REPLICATION SLOT "{slot}" LOGICAL 0/0' + (f" ({words})" if words else "")
        before, start = self.cpu(), time.monotonic()
        self.socket.sendall(b"Q" + struct.pack("!i", len(query) + 5) + query.encode() + b"\0")
        while self._message()[0] != b"W":
            pass
        pending, wire, messages = bytes(self.buffer), 0, 0
        done = False
        while not done:
            at, size = 0, len(pending)
            while size - at >= 6:
                length = struct.unpack_from("!i", pending, at + 1)[0] + 1
                if pending[at] != 0x64:  # CopyData
                    raise RuntimeError(pending[at:at + 300].replace(b"\0", b" ").decode(errors="replace"))
                if pending[at + 5] == 0x6B:  # keepalive: read up to here
                    if size - at < length:
                        break
                    done = done or struct.unpack_from("!Q", pending, at + 6)[0] >= end
                    if pending[at + 22]:  # wants an answer, else it says nothing more; one that acknowledges nothing
                        self.socket.sendall(b"d" + struct.pack("!icqqqqb", 38, b"r", 0, 0, 0, 0, 0))
                elif size - at < length:
                    break
                else:
                    wire += length
                    messages += 1
                at += length
            if not done:
                data = self.socket.recv(1 << 20)
                if not data:
                    raise RuntimeError("the walsender ended the stream")
                pending = pending[at:] + data
        wall, cpu, peak = time.monotonic() - start, self.cpu() - before, self.peak()
        self.socket.close()
        return {"wall": wall, "cpu": cpu, "peak": peak, "wire": wire, "messages": messages}
