"""Finds canaries in bytes, in every form in which a value is likely to come out of a database.

Letters of a canary are consonants, of which no word that the server or the test writes has six in a row: any such run in
the output is (a part of) a canary. Numbers have nine digits and more, days lie 64 days apart, addresses and UUIDs are random.
"""
import base64
import bisect
import datetime
import hashlib
import re

WINDOW = 6
DIGITS = 9
EPOCH = datetime.date(1970, 1, 1)
LETTERS = re.compile(rb"[b-df-hj-np-tv-xz]{6,}")
NUMBERS = re.compile(rb"[0-9]{9,}")
DASHED = re.compile(rb"(?<![0-9])(?:[0-9]{3}-[0-9]{2}-[0-9]{4}|[0-9]{5}-[0-9]{4}|[0-9]{3}-[0-9]{3}-[0-9]{4})(?![0-9])")
DAYS = re.compile(rb"(?<![0-9a-z.:/])-?[0-9]{5,7}(?![0-9a-z:]|-[0-9])")
DATES = re.compile(rb"[0-9]{4}-[0-9]{2}-[0-9]{2}")
UUIDS = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
IPV4 = re.compile(rb"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
IPV6 = re.compile(rb"[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){4,7}")
HEX = re.compile(rb"[0-9a-f]{7,}")
BASE64 = re.compile(rb"[A-Za-z0-9+/]{16,}")
MIXED = re.compile(rb"[a-z0-9][A-Z]+[a-z0-9]")
# What a keyed transformation makes: 26 characters of base 32, which hold consonants by chance.
CODES = re.compile(rb"(?<![A-Z0-9])(?=[A-Z]*[2-7])[A-Z2-7]{26}(?![A-Z0-9])")
# Checksums and transaction ids of records, which may be any number.
COUNTS = re.compile(rb'"(?:sum|crc|xid|subxid)":[0-9]+')


class Hit:
    """`owners`: the canaries that the text may be from; more than one only where it is a short part of several."""
    __slots__ = ("owners", "form", "at", "text")

    def __init__(self, owners, form, at, text):
        self.owners, self.form, self.at, self.text = owners, form, at, text


class Finder:
    def __init__(self):
        self.words = {}   # whole letters of a canary
        self.grams = {}   # each WINDOW letters of one, and of its reverse
        self.numbers = {}
        self.lengths = []
        self.dates = {}
        self.days = {}
        self.exact = {}   # UUIDs, addresses, hashes, hexadecimal numbers

    def add_word(self, word, canary):
        low = word.lower().encode()
        self.words[low] = canary
        for text in (low, low[::-1]):
            for i in range(len(text) - WINDOW + 1):
                self.grams.setdefault(text[i:i + WINDOW], []).append(canary)
        for form in (word, word.lower(), word.upper()):
            for hashed in (hashlib.md5, hashlib.sha256):
                self.exact.setdefault(hashed(form.encode()).hexdigest().encode(), (canary, "hash"))

    def add_number(self, digits, canary):
        self.numbers[digits.encode()] = canary
        if len(digits) not in self.lengths:
            bisect.insort(self.lengths, len(digits))
        if not digits.startswith("0"):
            self.exact[b"%x" % int(digits)] = (canary, "hex")

    def add_day(self, day, canary):
        self.dates[day.isoformat().encode()] = canary
        for start in (EPOCH, datetime.date(2000, 1, 1)):
            days = (day - start).days
            self.days[b"%d" % days] = canary
            if abs(days) * 86400 >= 10 ** (DIGITS - 1):
                self.add_number(str(abs(days) * 86400), canary)
            self.add_number(str(abs(days) * 86400 * 1000000), canary)

    def add_exact(self, text, canary, form):
        self.exact[text.lower().encode()] = (canary, form)

    def canaries(self):
        """All that there are, each once."""
        every = {id(c): c for table in (self.words, self.numbers, self.dates) for c in table.values()}
        every.update((id(c), c) for c, _ in self.exact.values())
        return list(every.values())

    def find(self, data, days=True):
        """All hits in the data; days = False: not those that are small numbers."""
        plain = CODES.sub(_blank, COUNTS.sub(_blank, data))
        low = plain.lower()
        hits = []
        self._plain(low, days, hits)
        encoded = [m.span() for m in BASE64.finditer(plain) if MIXED.search(m.group())]
        starts = [span[0] for span in encoded]
        for m in HEX.finditer(low):
            run = m.group()
            for entry in {run, run.lstrip(b"0")}:
                if entry in self.exact:
                    canary, form = self.exact[entry]
                    hits.append(Hit([canary], form, m.start(), run))
            if len(run) >= 12:
                for odd in (0, 1):
                    part = run[odd:]
                    self._letters(bytes.fromhex(part[:len(part) // 2 * 2].decode()).lower(), m.start(), "hex of ", hits)
        for start, end in encoded:
            for offset in range(4):
                part = plain[start + offset:end]
                self._letters(base64.b64decode(part[:len(part) // 4 * 4]).lower(), start, "base64 of ", hits)

        def by_chance(hit):
            """Few letters within what is Base 64."""
            if hit.form != "text" or len(hit.text) >= 10:
                return False
            n = bisect.bisect_right(starts, hit.at) - 1
            return n >= 0 and hit.at < encoded[n][1]
        return [hit for hit in hits if not by_chance(hit)]

    def _plain(self, low, days, hits):
        self._letters(low, 0, "", hits)
        for pattern, known, form in ((DASHED, self.numbers, "dashed digits"), (DATES, self.dates, "date"), (DAYS, self.days, "days")):
            for m in pattern.finditer(low) if days or form != "days" else ():
                canary = known.get(m.group().replace(b"-", b"") if form == "dashed digits" else m.group())
                if canary:
                    hits.append(Hit([canary], form, m.start(), m.group()))
        for pattern in (UUIDS, IPV4, IPV6):
            for m in pattern.finditer(low):
                if m.group() in self.exact:
                    canary, form = self.exact[m.group()]
                    hits.append(Hit([canary], form, m.start(), m.group()))

    def _letters(self, low, at, how, hits):
        for m in LETTERS.finditer(low):
            for owners, text in self._resolve(m.group()):
                hits.append(Hit(owners, how + "text", at if how else m.start() + m.group().find(text), text))
        for m in NUMBERS.finditer(low):
            run = m.group()
            found = [run] if run in self.numbers else [
                run[i:i + size] for size in self.lengths if size < len(run) for i in range(len(run) - size + 1)]
            for part in found:
                if part in self.numbers:
                    hits.append(Hit([self.numbers[part]], how + "digits", at if how else m.start(), run))

    def _resolve(self, run):
        """The canaries that a run of letters is made of, with the letters of each."""
        if run in self.words:
            return [([self.words[run]], run)]
        found, i = [], 0
        while i + WINDOW <= len(run):
            owners, end = self.grams.get(run[i:i + WINDOW]), i + WINDOW
            while owners and end < len(run):
                both = [o for o in self.grams.get(run[end - WINDOW + 1:end + 1], ()) if o in owners]
                if not both:
                    break
                owners, end = both, end + 1
            if owners:
                found.append((owners, run[i:end]))
            i = end if owners else i + 1
        return found


def _blank(match):
    return b" " * len(match.group())
