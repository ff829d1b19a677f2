"""Changes of rows, in transactions with savepoints and rollbacks; the model follows each."""
from model import Event, Row
from values import KINDS, quote

CODES = ((), (), (), ("HIV",), ("PSY",), ("HIV", "PSY"), ("42CFRPart2",), ("UNHEARD",))


def codes_literal(codes, column, random):
    """As text or as array; no codes: NULL, too."""
    if not codes and random.random() < 0.5:
        return "NULL"
    if column.kind == "codelist":
        return "ARRAY[" + ", ".join(map(quote, codes)) + "]::text[]"
    return quote(random.choice((",", " ", ", ")).join(sorted(codes)))


class Writer:
    def __init__(self, random, world, values, session):
        self.random, self.world, self.values, self.session = random, world, values, session
        self.xid = None
        self.undo, self.events = [], {}  # of the open transaction
        self.alone = False  # what the open transaction did keeps other sessions out
        self.inserted = self.changed = 0

    # transactions

    def begin(self):
        self.xid = int(self.session.value("BEGIN; SELECT pg_current_xact_id()::text::bigint % 4294967296"))
        self.undo, self.alone, self.events = [], False, {}

    def commit(self):
        self.session.run("COMMIT")
        self.xid = None

    def rollback(self):
        self.session.run("ROLLBACK")
        self._undo_to(0)
        self.xid = None

    def prepare(self, between, keep):
        """In two phases."""
        name = quote(f"noleak {self.xid}")
        self.session.run(f"PREPARE TRANSACTION {name}")
        between()
        if keep:
            self.session.run(f"COMMIT PREPARED {name}")
        else:
            self.session.run(f"ROLLBACK PREPARED {name}")
            self._undo_to(0)
        self.xid = None

    def savepoint(self, body, keep):
        self.session.run("SAVEPOINT s")
        mark = len(self.undo)
        body()
        if keep:
            self.session.run("RELEASE SAVEPOINT s")
        else:
            self.session.run("ROLLBACK TO SAVEPOINT s")
            self._undo_to(mark)

    def _undo_to(self, mark):
        while len(self.undo) > mark:
            self.undo.pop()()

    def label(self, holder, key, value, labels=None):
        """Sets a label in the model, so that it can be undone. `labels` is a dict, or None: the holder's own."""
        old = labels.get(key) if labels is not None else holder.label

        def put(v):
            if labels is None:
                holder.label = v
            elif v is None:
                labels.pop(key, None)
            else:
                labels[key] = v
            self.world.changed()
        put(value)
        self.undo.append(lambda: put(old))
        self.alone = True

    # rows

    def event(self, row, old=False):
        event = Event(self.xid, self.world.current(), row, old)
        event = self.events.setdefault(event.key(), event)
        for canaries in row.cells.values():
            for canary in canaries:
                canary.events.setdefault(self.xid, set()).add(event)

    def home(self, row, key, canaries):
        keys = [key] + [c.key for c in row.relation.columns if c.copy_of == key]
        for canary in canaries:
            homes = canary.homes.setdefault(row.relation, [])
            homes.extend(k for k in keys if k not in homes)

    def cell(self, row, column):
        """A new value of the column for the row: its literal."""
        if self.random.random() < 0.07 and column.key != "team":
            row.cells.pop(column.key, None)
            return "NULL"
        literal, canaries = KINDS[column.kind][2](self.values, (row.relation.name, row.id), column.key)
        row.cells[column.key] = canaries
        self.home(row, column.key, canaries)
        return literal

    def new_row(self, relation):
        grp = self.random.randint(0, 3)
        leaf = relation.leaves[grp] if relation.leaves else relation
        if leaf.grp is not None:
            grp = leaf.grp
        owner = relation.partition_of or relation
        number = owner.next_id
        owner.next_id += 1
        row = Row(leaf, str(number), grp, self.random.random() < 0.6, frozenset(self.random.choice(CODES) if leaf.column("codes") else ()))
        if relation.id_kind == "text":
            word, canary = self.values.word((leaf.name, row.id), "id")
            row.id = quote(f"{word}-{number}")
            row.cells["id"] = [canary]
            self.home(row, "id", [canary])
        return row

    def tuple_of(self, row, columns):
        fixed = {"id": row.id, "grp": str(row.grp), "flag": "true" if row.flag else "false"}
        return "(" + ", ".join(codes_literal(row.codes, c, self.random) if c.key == "codes" else fixed.get(c.key) or self.cell(row, c) for c in columns) + ")"

    def put(self, row):
        row.relation.rows[row.id] = row
        self.undo.append(lambda: row.relation.rows.pop(row.id, None))
        self.event(row)

    def insert(self, relation, count):
        columns = [c for c in relation.columns if c.copy_of is None]
        rows = [self.new_row(relation) for _ in range(count)]
        tuples = [self.tuple_of(row, columns) for row in rows]
        self.session.run(f"INSERT INTO {relation.sql} ({', '.join(c.name for c in columns)}) VALUES " + ",\n".join(tuples))
        for row in rows:
            self.put(row)
        self.inserted += count

    def replace(self, old, new):
        """An update of the row: what it was is taken away, what it is is written."""
        self.event(old, old=True)
        old.relation.rows.pop(old.id, None)
        self.undo.append(lambda: old.relation.rows.__setitem__(old.id, old))
        for key, canaries in new.cells.items():
            self.home(new, key, canaries)
        self.put(new)
        self.changed += 1

    def copy(self, row):
        new = Row(row.relation, row.id, row.grp, row.flag, row.codes)
        new.cells = dict(row.cells)
        return new

    def where(self, row):
        return f"id = {row.id}" + (f" AND grp = {row.grp}" if "grp" in row.relation.key_columns() else "")

    def update(self, relation):
        rows = relation.all_rows()
        if not rows:
            return
        root = relation.partition_of or relation
        for row in self.random.sample(rows, min(len(rows), self.random.randint(1, 8))):
            new, choice = self.copy(row), self.random.random()
            columns = [c for c in relation.columns if c.copy_of is None and c.kind in KINDS and c.key != "id"]
            if choice < 0.55 and columns:
                chosen = self.random.sample(columns, min(len(columns), self.random.randint(1, 3)))
                sets = [f"{c.name} = {self.cell(new, c)}" for c in chosen]
            elif choice < 0.65 and relation.column("codes"):
                new.codes = frozenset(self.random.choice(CODES))
                sets = [f"codes = {codes_literal(new.codes, relation.column('codes'), self.random)}"]
            elif choice < 0.75:
                new.flag = not row.flag
                sets = ["flag = NOT flag"]
            elif choice < 0.9 and relation.grp is None:
                new.grp = self.random.randint(0, 3)
                new.relation = root.leaves[new.grp] if root.leaves else row.relation
                sets = [f"grp = {new.grp}"]
            else:
                fresh = self.new_row(relation)
                new.id = fresh.id
                if "id" in fresh.cells:
                    new.cells["id"] = fresh.cells["id"]
                sets = [f"id = {new.id}"]
            self.session.run(f"UPDATE {'ONLY ' if relation.heirs else ''}{relation.sql} SET {', '.join(sets)} WHERE {self.where(row)}")
            self.replace(row, new)

    def touch(self, relation):
        """Many rows at once, no value changed."""
        grp = self.random.randint(0, 3)
        self.session.run(f"UPDATE {'ONLY ' if relation.heirs else ''}{relation.sql} SET flag = NOT flag WHERE grp = {grp}")
        for row in relation.all_rows():
            if row.grp == grp:
                new = self.copy(row)
                new.flag = not row.flag
                self.replace(row, new)

    def delete(self, relation):
        rows = relation.all_rows()
        for row in self.random.sample(rows, min(len(rows), self.random.randint(1, 8))):
            self.session.run(f"DELETE FROM {'ONLY ' if relation.heirs else ''}{relation.sql} WHERE {self.where(row)}")
            self.event(row, old=True)
            del row.relation.rows[row.id]
            self.undo.append(lambda row=row: row.relation.rows.__setitem__(row.id, row))
            self.changed += 1

    def truncate(self, relation):
        self.alone = True
        self.session.run(f"TRUNCATE {'ONLY ' if relation.heirs else ''}{relation.sql}")
        for row in relation.all_rows():
            del row.relation.rows[row.id]
            self.undo.append(lambda row=row: row.relation.rows.__setitem__(row.id, row))

    def change(self, relation):
        choice = self.random.random()
        if choice < 0.5:
            self.insert(relation, self.random.randint(1, 14))
        elif choice < 0.78:
            self.update(relation)
        elif choice < 0.86:
            self.touch(relation)
        elif choice < 0.97:
            self.delete(relation)
        elif choice < 0.985:
            self.truncate(relation)
        else:
            self.insert(relation, self.random.randint(60, 120))
