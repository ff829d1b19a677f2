import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32c, formatLsn, parseLsn, parseRecord, Seal, splitLines } from '../record.mjs';

test('data is cut out byte for byte', () => {
  const data = '{"id":"1","n":9007199254740993,"f":1.0,"s":"a\\u0001,\\"data\\":{}}"}';
  const line = `{"k":"put","seq":1,"buckets":["b[\\",\\\\\\"data\\\\\\":\\"]"],"type":"t","id":",\\"data\\":1","subkey":"0[1]","sum":7,"data":${data}}`;
  const record = parseRecord(line);
  assert.equal(record.data, data);
  assert.equal(record.id, ',"data":1');
  assert.deepEqual(record.buckets, ['b[",\\"data\\":"]']);
});

test('other records have no data of their own', () => {
  assert.deepEqual(parseRecord('{"k":"progress","lsn":"0/1"}'), { k: 'progress', lsn: '0/1' });
});

test('messages are split at line feeds, and the last line needs none', () => {
  const split = (text) => [...splitLines(Buffer.from(text))].map(String);
  assert.deepEqual(split('a\nbc'), ['a', 'bc']);
  assert.deepEqual(split('a\nbc\n'), ['a', 'bc']);
  assert.deepEqual(split(''), []);
});

test('positions are numbers', () => {
  assert.equal(parseLsn('16/B374D848'), 0x16b374d848n);
  assert.ok(parseLsn('10/0') > parseLsn('F/FFFFFFFF'));
  assert.equal(formatLsn(0x16b374d848n), '16/B374D848');
});

test('CRC-32C', () => {
  assert.equal(crc32c(Buffer.from('123456789')), 3808858755);
  assert.equal(crc32c(Buffer.from('6789'), crc32c(Buffer.from('12345'))), 3808858755);
});

test('a record too few, too many or changed is noticed', () => {
  const lines = ['{"k":"begin"}', '{"k":"put","data":{}}'].map((l) => Buffer.from(l));
  const seal = (of) => of.reduce((s, l) => (s.add(l), s), new Seal());
  const commit = { count: 1, crc: crc32c(Buffer.from('{"k":"begin"}\n{"k":"put","data":{}}\n')) };
  seal(lines).verify(commit);
  assert.throws(() => seal(lines.slice(0, 1)).verify(commit), /damaged/);
  assert.throws(() => seal([...lines, lines[1]]).verify(commit), /damaged/);
  assert.throws(() => seal([lines[0], Buffer.from('{"k":"put","data":{ }}')]).verify(commit), /damaged/);
});
