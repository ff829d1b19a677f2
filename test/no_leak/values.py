"""Random values of many types, each with canaries planted in it."""
import base64
import datetime
import uuid

CONSONANTS = "bcdfghjklmnpqrstvwxz"
FILLER = "aeiou ua ie oo ae iou e a u "


class Canary:
    """A value that stands in one column of one row, and where and when it was written."""
    __slots__ = ("row", "key", "homes", "events", "part", "found")

    def __init__(self, row, key, part):
        self.row, self.key, self.part = row, key, part
        self.homes = {}    # relation -> keys of the columns that hold it
        self.events = {}   # transaction -> Events
        self.found = False


def quote(text):
    return "'" + text.replace("'", "''") + "'"


class Values:
    """Makes values. Each maker gives the SQL literal and the canaries within."""

    def __init__(self, random, finder):
        self.random, self.finder = random, finder
        self.day_slots = set()
        self.births = 0
        self.labels = []  # of the enum: (word, canary)

    # canaries

    def word(self, row, key, part=None):
        text = "".join(self.random.choices(CONSONANTS, k=14))
        canary = Canary(row, key, part)
        self.finder.add_word(text, canary)
        return (text.capitalize() if self.random.random() < 0.3 else text), canary

    def digits(self, size, row, key, part=None):
        while True:
            text = str(self.random.randint(10 ** (size - 1), min(10 ** size - 1, 2147483647 if size == 10 else 10 ** size)))
            if text.encode() not in self.finder.numbers:
                canary = Canary(row, key, part)
                self.finder.add_number(text, canary)
                return text, canary

    def day(self, row, key, birth=False):
        """Days 64 apart, so that no shift within a month turns one into another; never the first of a month or a Monday."""
        while True:
            birth = birth and self.births < 600
            slot = self.random.randint(-680, 250) if birth else self.random.randint(1300, 44000)
            day = datetime.date(1970, 1, 1) + datetime.timedelta(days=64 * slot + 3)
            if slot in self.day_slots or day.day == 1 or day.weekday() == 0:
                continue
            self.day_slots.add(slot)
            self.births += birth
            canary = Canary(row, key, "day")
            self.finder.add_day(day, canary)
            return day, canary

    # values by kind

    def text(self, row, key):
        shape = self.random.randrange(12)
        a, ca = self.word(row, key)
        if shape < 4:
            return quote(a), [ca]
        if shape == 4:
            b, cb = self.word(row, key)
            return quote(f"{a} {b}"), [ca, cb]
        if shape == 5:
            b, cb = self.word(row, key, "domain")
            return quote(f"{a}@{b}.example".lower()), [ca, cb]
        if shape == 6:
            b, cb = self.word(row, key, "host")
            return quote(f"https://{b}.example/{a}?q=1".lower()), [ca, cb]
        if shape == 7:
            return "E" + quote(f'{a}\\"\\\\\\n\\t\\u00e9\\u2028'), [ca]
        if shape == 8:
            n, cn = self.digits(9, row, key)
            return quote(f"{n[:3]}-{n[3:5]}-{n[5:]}"), [cn]
        if shape == 9:
            n, cn = self.digits(9, row, key)
            return quote(f"{n[:5]}-{n[5:]}"), [cn]
        if shape == 10:
            n, cn = self.digits(12, row, key)
            return quote(f"MRN {n} {a}"), [ca, cn]
        n, cn = self.digits(10, row, key)
        return quote(f"+1{n}"), [cn]

    def short(self, row, key):
        a, ca = self.word(row, key)
        return quote(a), [ca]

    def big(self, row, key):
        """Stored out of line, as the column has storage EXTERNAL."""
        a, ca = self.word(row, key)
        b, cb = self.word(row, key)
        return f"{quote(a + ' ')} || repeat({quote(FILLER)}, {self.random.randint(90, 160)}) || {quote(b)}", [ca, cb]

    def integer(self, row, key):
        n, c = self.digits(self.random.choice((9, 10)), row, key)
        return n, [c]

    def bigint(self, row, key):
        n, c = self.digits(self.random.randint(12, 18), row, key)
        return n, [c]

    def numeric(self, row, key):
        n, c = self.digits(self.random.randint(12, 25), row, key)
        m, d = self.digits(9, row, key)
        return f"{n}.{m}", [c, d]

    def double(self, row, key):
        n, c = self.digits(9, row, key)
        return f"{self.random.randint(100, 170)}.{n}", [c]  # no age below 90

    def date(self, row, key):
        day, c = self.day(row, key, self.random.random() < 0.2)
        return quote(day.isoformat()), [c]

    def timestamp(self, row, key):
        day, c = self.day(row, key)
        return quote(f"{day.isoformat()} 0{self.random.randint(1, 9)}:11:12.{self.random.randint(100000, 999999)}+00"), [c]

    def boolean(self, row, key):
        return self.random.choice(("true", "false")), []

    def uuid(self, row, key):
        text = str(uuid.UUID(int=self.random.getrandbits(128)))
        c = Canary(row, key, "uuid")
        self.finder.add_exact(text, c, "uuid")
        self.finder.add_exact(text.replace("-", ""), c, "uuid")
        return quote(text), [c]

    def json(self, row, key):
        a, ca = self.word(row, key)
        b, cb = self.word(row, key)
        n, cn = self.digits(11, row, key)
        return quote(f'{{"name": "{a}", "n": {n}, "list": ["{b}", null], "deep": {{"name": "{b}"}}}}'), [ca, cb, cn]

    def bytea(self, row, key):
        a, ca = self.word(row, key)
        pad = bytes(self.random.getrandbits(8) | 0x80 for _ in range(self.random.randint(0, 4)))
        return f"decode('{base64.b64encode(pad + a.encode() + pad).decode()}', 'base64')", [ca]

    def inet(self, row, key):
        c = Canary(row, key, "ip")
        if self.random.random() < 0.5:
            text = ".".join(str(self.random.randint(100, 250)) for _ in range(4))
        else:
            text = "2001:db8:" + ":".join(f"{self.random.randint(0x1000, 0xffff):x}" for _ in range(6))
        self.finder.add_exact(text, c, "ip")
        return quote(text), [c]

    def enum_labels(self):
        """Of an enum type: many rows share each."""
        self.labels = [self.word(("the enum", ""), "label") for _ in range(12)]
        return ", ".join(quote(word) for word, _ in self.labels)

    def enum(self, row, key):
        word, canary = self.random.choice(self.labels)
        return quote(word), [canary]

    def raw(self, row, key):
        """Not UTF-8, as a damaged text is, or one that a faulty program wrote."""
        a, ca = self.word(row, key)
        data = a.encode() + self.random.choice((b"\xff", b"\xc3", b"\xe2\x82", b"\x80\xf0\x9f"))
        return f"('\\x{data.hex()}'::bytea)::text", [ca]

    def vector(self, row, key):
        a, ca = self.word(row, key)
        return f"'{a}:3A'::tsvector", [ca]

    def pairs(self, row, key):
        a, ca = self.pair(row, key)
        b, cb = self.pair(row, key)
        return f"ARRAY[{a}::noleak_pair, {b}::noleak_pair]", ca + cb

    def multirange(self, row, key):
        a, ca = self.digits(13, row, key)
        return f"int8multirange(int8range({a}, NULL))", [ca]

    def texts(self, row, key):
        a, ca = self.word(row, key)
        b, cb = self.word(row, key)
        return f"ARRAY[{quote(a)}, NULL, {quote(b)}]", [ca, cb]

    def numbers(self, row, key):
        a, ca = self.digits(12, row, key)
        b, cb = self.digits(13, row, key)
        return f"ARRAY[{a}, {b}]", [ca, cb]

    def dates(self, row, key):
        a, ca = self.day(row, key)
        return f"ARRAY['{a.isoformat()}'::date]", [ca]

    def range(self, row, key):
        a, ca = self.digits(13, row, key)
        return f"int8range({a}, NULL)", [ca]

    def pair(self, row, key):
        a, ca = self.word(row, key)
        n, cn = self.digits(10, row, key)
        return f"ROW({n}, {quote(a)})", [ca, cn]


TEXT_LABELS = ["phi:name", "phi:name.full", "phi:name.family", "phi:ssn", "phi:mrn", "phi:email", "phi:phone", "phi:fax", "phi:url", "phi:geo.street",
               "phi:geo.city", "phi:geo.zip", "phi:account", "phi:code", "phi:clinical.note", "phi:clinical", "phi:freetext", "phi:license", "phi:plan"]
NUMBER_LABELS = ["phi:mrn", "phi:code", "phi:account", "phi:clinical.lab", "phi:ssn", "phi:phone"]
DATE_LABELS = ["phi:date", "phi:date.birth", "phi:date.death", "phi:date.admit", "phi:date.service"]
ANY_LABELS = ["phi:freetext", "phi:clinical"]

# kind -> SQL type, labels that it may get besides none, maker
KINDS = {
    "text": ("text", TEXT_LABELS, Values.text),
    "varchar": ("varchar(200)", TEXT_LABELS, Values.text),
    "short": ("text", TEXT_LABELS, Values.short),
    "char": ("char(40)", TEXT_LABELS, Values.short),
    "domain": ("noleak_name", TEXT_LABELS, Values.text),
    "big": ("text", ["phi:freetext", "phi:clinical.note"], Values.big),
    "integer": ("integer", NUMBER_LABELS, Values.integer),
    "bigint": ("bigint", NUMBER_LABELS, Values.bigint),
    "number_domain": ("noleak_number", NUMBER_LABELS, Values.bigint),
    "numeric": ("numeric", NUMBER_LABELS, Values.numeric),
    "double": ("double precision", ["phi:geo.latlon", "phi:clinical.lab"], Values.double),
    "date": ("date", DATE_LABELS, Values.date),
    "timestamp": ("timestamp", DATE_LABELS, Values.timestamp),
    "timestamptz": ("timestamptz", DATE_LABELS, Values.timestamp),
    "boolean": ("boolean", ["phi:clinical"], Values.boolean),
    "uuid": ("uuid", ["phi:code", "phi:device"], Values.uuid),
    "json": ("json", ANY_LABELS, Values.json),
    "jsonb": ("jsonb", ANY_LABELS, Values.json),
    "bytea": ("bytea", ["phi:photo", "phi:biometric"], Values.bytea),
    "inet": ("inet", ["phi:ip"], Values.inet),
    "texts": ("text[]", TEXT_LABELS, Values.texts),
    "numbers": ("bigint[]", ["phi:code", "phi:clinical.lab"], Values.numbers),
    "dates": ("date[]", DATE_LABELS, Values.dates),
    "range": ("int8range", ANY_LABELS, Values.range),
    "pair": ("noleak_pair", ANY_LABELS, Values.pair),
    "pairs": ("noleak_pair[]", ANY_LABELS, Values.pairs),
    "names": ("noleak_names", TEXT_LABELS, Values.texts),
    "enum": ("noleak_enum", ANY_LABELS, Values.enum),
    "raw": ("text", TEXT_LABELS, Values.raw),
    "vector": ("tsvector", ANY_LABELS, Values.vector),
    "multirange": ("int8multirange", ANY_LABELS, Values.multirange),
}
