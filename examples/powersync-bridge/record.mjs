// Reads the lines of a phisync stream (docs/record-format.md).

// The record of a line. `data` of a put stays text, cut out byte for byte: it is always the last key, and `,"data":`
// cannot occur in a string before it, where its quotes would be escaped.
export function parseRecord(line) {
  const at = line.startsWith('{"k":"put",') ? line.indexOf(',"data":') : -1;
  if (at < 0) return JSON.parse(line);
  const record = JSON.parse(`${line.slice(0, at)}}`);
  record.data = line.slice(at + 8, -1);
  return record;
}

// The lines of a message, as buffers. The line feed after its last record is left out.
export function* splitLines(message) {
  for (let from = 0; from < message.length;) {
    const end = message.indexOf(10, from);
    const to = end < 0 ? message.length : end;
    if (to > from) yield message.subarray(from, to);
    from = to + 1;
  }
}

// Log positions, compared as numbers.
export function parseLsn(text) {
  const [high, low] = text.split('/');
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}

export function formatLsn(lsn) {
  return `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`;
}

const table = Uint32Array.from({ length: 256 }, (_, n) => {
  for (let bit = 0; bit < 8; ++bit) n = n & 1 ? (n >>> 1) ^ 0x82f63b78 : n >>> 1;
  return n;
});

// CRC-32C of bytes, continued from `crc`, the CRC of what came before.
export function crc32c(bytes, crc = 0) {
  crc = ~crc;
  for (let i = 0; i < bytes.length; ++i) crc = table[(crc ^ bytes[i]) & 0xff] ^ (crc >>> 8);
  return ~crc >>> 0;
}

const lineFeed = Buffer.from('\n');

// Counts and sums the records of a transaction from its begin on, and compares with what its commit says.
export class Seal {
  count = -1;  // begin is in the sum, but not in the count
  crc = 0;

  add(line) {
    ++this.count;
    this.crc = crc32c(lineFeed, crc32c(line, this.crc));
  }

  verify(commit) {
    if (commit.count !== this.count || commit.crc !== this.crc) {
      throw new Error(`transaction is damaged: ${this.count} records with CRC ${this.crc} came, ` +
                      `${commit.count} with CRC ${commit.crc} were sent`);
    }
  }
}
