"""Schema, tags, buckets, profiles and DDL, all random; the model follows what the server accepts."""
from definitions import Definitions
from model import PHI, UNCLASSIFIED, Bucket, Column, Relation, Schema
from rules import BUILT_IN, TRANSFORMATIONS, Profile
from values import KINDS, quote

FIXED = {"id", "grp", "flag", "team", "codes"}
TYPES = {"grp": "integer NOT NULL", "flag": "boolean NOT NULL DEFAULT true", "team": "text", "codes": "text"}
# Of relations.
LABELS = ("phi", "phi", "phi", "phi;sens=PSY", "phi;part2=yes", "phi;default=keep", "phi;default=error", "phi;default=omit;sens=HIV")


CONSENTS = ((), ("HIV",), ("HIV", "PSY", "42CFRPart2"))


def array_of(texts):
    return "ARRAY[" + ", ".join(map(quote, texts)) + "]::text[]"


class Officer:
    def __init__(self, random, world, values, session, counts):
        self.random, self.world, self.values, self.session, self.counts = random, world, values, session, counts
        self.definitions = Definitions(random)
        self.keys = 0
        self.before = {}  # tags before DDL
        self.hiding = {}  # relation -> whether it still says of rows what it has to
        self.lost = []    # columns that DDL took their tags from

    def try_(self, sql, what):
        """Whether the server accepts it. Refusals are part of the game: their messages are searched like all else."""
        result = self.session.attempt(sql)
        self.counts[what + (" refused" if result.error else "")] += 1
        return result.error is None

    # schema

    def new_column(self, kind=None):
        self.keys += 1
        kind = kind or self.random.choice(list(KINDS))
        return Column(f"c{self.keys}", f"c{self.keys}", kind)

    def column_sql(self, relation, column):
        if column.key == "id":
            return f"id {relation.id_kind} NOT NULL"
        if column.key in TYPES:
            return f"{column.name} {'text[]' if column.kind == 'codelist' else TYPES[column.key]}"
        if column.copy_of:
            source = relation.column(column.copy_of)
            return f"{column.name} text GENERATED ALWAYS AS (upper({source.name})) STORED"
        return f"{column.name} {KINDS[column.kind][0]}"

    def columns(self):
        columns = [Column("id", "id", "id"), Column("grp", "grp", "grp"), Column("flag", "flag", "flag")]
        if self.random.random() < 0.4:
            columns.append(Column("team", "team", "short"))
        if self.random.random() < 0.4:
            columns.append(Column("codes", "codes", self.random.choice(("codes", "codelist"))))
        columns += [self.new_column() for _ in range(self.random.randint(3, 8))]
        if self.random.random() < 0.3:
            source = self.new_column("text")
            copy = self.new_column("text")
            copy.copy_of = source.key
            columns += [source, copy]
        return columns

    def create(self):
        r, world = self.random, self.world
        world.schemas = [Schema("clinic"), Schema("Ward")]
        world.schemas[1].name = '"Ward"'
        self.session.run("".join(f"CREATE SCHEMA {s.name};" for s in world.schemas))
        self.session.run("CREATE DOMAIN noleak_name AS varchar(200) CHECK (VALUE <> 'nobody'); CREATE DOMAIN noleak_number AS bigint CHECK (VALUE <> 5);"
                         "CREATE TYPE noleak_pair AS (a bigint, name text); CREATE DOMAIN noleak_names AS text[] CHECK (cardinality(VALUE) < 9);"
                         f"CREATE TYPE noleak_enum AS ENUM ({self.values.enum_labels()})")
        for n in range(r.randint(3, 5)):
            self.create_table(f"tab{n}", r.choice(world.schemas))
        self.create_partitioned("part")
        if r.random() < 0.7:
            self.create_heir()
        member = Relation(world.schemas[0], "member", [Column("id", "id", "id"), Column("grp", "grp", "grp"), Column("flag", "flag", "flag"),
                                                      Column("team", "team", "short"), Column("who", "who", "short")])
        self.define_table(member)
        world.member = member
        for relation in world.relations:
            if relation.partition_of is None:
                self.first_labels(relation)

    def define_table(self, relation, tail=""):
        columns = ", ".join(self.column_sql(relation, c) for c in relation.columns)
        self.session.run(f"CREATE TABLE {relation.sql} ({columns}, PRIMARY KEY ({', '.join(relation.key_columns())})){tail}")
        self.world.relations.append(relation)
        for column in relation.columns:
            if column.kind == "big":
                self.session.run(f"ALTER TABLE {relation.sql} ALTER {column.name} SET STORAGE EXTERNAL")
        if relation.full:
            self.session.run(f"ALTER TABLE {relation.sql} REPLICA IDENTITY FULL")
        self.world.changed()

    def create_table(self, name, schema):
        self.define_table(Relation(schema, name, self.columns(), self.random.choice(("int", "int", "text")), self.random.random() < 0.75))

    def create_partitioned(self, name):
        root = Relation(self.world.schemas[0], name, self.columns(), "int", True)
        root.composite = True
        leaves = {}
        self.define_table(root, " PARTITION BY LIST (grp)")
        for grp in range(4):
            leaf = Relation(root.schema, f"{name}_{grp}", root.columns, "int", True)
            leaf.composite, leaf.partition_of, leaf.parents, leaf.grp = True, root, [root], grp
            self.session.run(f"CREATE TABLE {leaf.sql} PARTITION OF {root.sql} FOR VALUES IN ({grp}); ALTER TABLE {leaf.sql} REPLICA IDENTITY FULL")
            leaves[grp] = leaf
            self.world.relations.append(leaf)
        root.leaves = leaves

    def create_heir(self):
        parent = self.random.choice([x for x in self.world.relations if not x.leaves and not x.partition_of])
        child = Relation(self.random.choice(self.world.schemas), "heir", parent.columns + [self.new_column("text")], parent.id_kind, True)
        own = child.columns[-1]
        self.session.run(f"CREATE TABLE {child.sql} ({self.column_sql(child, own)}, PRIMARY KEY (id)) INHERITS ({parent.sql}); ALTER TABLE {child.sql} REPLICA IDENTITY FULL")
        child.parents, parent.heirs = [parent], True
        self.world.relations.append(child)

    # tags

    def label_of(self, column):
        if column.key in ("grp", "flag"):
            return "none" if self.random.random() < 0.95 else "phi:clinical"
        if column.key == "id":
            return "none" if self.random.random() < 0.85 else "phi:mrn"
        if column.key == "codes":
            return self.random.choice(("none;rows=sens", "none;rows=sens", "none;rows=sens", "phi:clinical;rows=sens", "none"))
        if self.random.random() < 0.25:
            return "none"
        labels = KINDS[column.kind][1]
        return self.random.choice(labels) + self.random.choice(("", "", "", "", ";conf=R", ";sens=HIV", ";part2=yes", ";x=" + self.random.choice(TRANSFORMATIONS)))

    def first_labels(self, relation):
        kind = self.random.random()
        if kind < 0.1:
            return  # nobody has tagged anything: no PHI
        if kind < 0.7:
            self.set_label(relation, None, self.random.choice(LABELS))
        for column in relation.columns:
            if column.key in FIXED and column.key != "team" or self.random.random() < 0.75:
                self.set_label(relation, column, self.label_of(column))

    def set_label(self, relation, column, label, writer=None):
        """`writer`: the writer whose open transaction it is part of."""
        session = writer.session if writer else self.session
        text = "NULL" if label is None else quote(label)
        target = f"COLUMN {relation.sql}.{column.name}" if column else f"TABLE {relation.sql}"
        sql = f"SECURITY LABEL FOR phisync ON {target} IS {text}"
        if writer:
            session.run("SAVEPOINT label")
        result = session.attempt(sql)
        self.counts["labels" + (" refused" if result.error else "")] += 1
        if writer:
            session.run("ROLLBACK TO SAVEPOINT label" if result.error else "RELEASE SAVEPOINT label")
        if result.error:
            return
        if writer:
            writer.label(relation, column and column.key, label, relation.labels if column else None)
            return
        if column is None:
            relation.label = label
        elif label is None:
            relation.labels.pop(column.key, None)
        else:
            relation.labels[column.key] = label
        self.world.changed()

    def read_labels(self, relations):
        """What DDL made of labels. No column that was PHI may be none after it."""
        before = {x: {k for k, (rank, _) in tags.items() if rank == PHI} for x, tags in self.before.items()}
        for relation in relations:
            rows = self.session.run(f"SELECT a.attname, l.label FROM pg_seclabel l LEFT JOIN pg_attribute a ON a.attrelid = l.objoid AND a.attnum = l.objsubid AND l.objsubid > 0 "
                                    f"WHERE l.provider = 'phisync' AND l.classoid = 'pg_class'::regclass AND l.objoid = '{relation.sql}'::regclass")
            labels = {name and name.decode(): label.decode() for name, label in rows}
            relation.label = labels.get(None)
            relation.labels = {c.key: labels[c.name.strip('"')] for c in relation.columns if c.name.strip('"') in labels}
            if relation in self.hiding and not self.hiding[relation](relation):
                self.lost.append((relation.sql, "its rows"))
        self.world.changed()
        for relation in relations:
            tags = self.world.tags(relation)[1]
            self.lost += [(relation.sql, key) for key in before.get(relation, ()) if relation.column(key) and tags.get(key, (0,))[0] < UNCLASSIFIED]

    def relabel(self, writer=None):
        r = self.random
        relation = r.choice(self.world.relations)
        choice = r.random()
        if choice < 0.06 and not writer:
            schema = r.choice(self.world.schemas)
            label = r.choice(("phi", None, "none", "phi;default=keep", "phi;default=error"))
            if self.try_(f"SECURITY LABEL FOR phisync ON SCHEMA {schema.name} IS {'NULL' if label is None else quote(label)}", "labels"):
                schema.label = label
                self.world.changed()
        elif choice < 0.2:
            self.set_label(relation, None, r.choice(LABELS + (None, "none")), writer)
        elif choice < 0.4:
            self.set_label(relation, r.choice(relation.columns), None, writer)
        else:
            column = r.choice(relation.columns)
            self.set_label(relation, column, self.label_of(column), writer)

    # buckets

    def make_bucket(self, name, profile, alter=False):
        r = self.random
        mode = r.choice((None, None, "grp", "team"))
        parameters, lookup = None, frozenset()
        if mode:
            parameters = f"SELECT {mode} FROM clinic.member WHERE who = auth.user_id()" + r.choice(("", " AND flag"))
            lookup = frozenset(("who", mode))
        relations = [x for x in self.world.relations if (mode is None or x.column(mode)) and (mode is None or x.full)]
        made = [self.definitions.query(r.choice(relations), mode) for _ in range(r.randint(1, 4))] if relations else []
        while made:
            texts = ", ".join(quote(text) for text, _ in made)
            call = (f"SELECT phisync.{'alter' if alter else 'create'}_bucket({quote(name)}, ARRAY[{texts}], {quote(parameters) if parameters else quote('') if alter else 'NULL'}, "
                    f"{quote(profile)})")
            if self.try_(call, "definitions"):
                self.world.buckets[name] = Bucket(name, profile, [q for _, q in made], lookup)
                self.world.changed()
                return
            # The error names no query: drop one and try again.
            made.pop(r.randrange(len(made)))

    def profile_for(self, name):
        if name.startswith("shut"):
            return "withhold"
        return self.random.choice([p for p in self.world.profiles] + ["full"])

    def create_buckets(self):
        for name in ("shut0", "shut1", "shut2", "open0", "open1", "open2"):
            for _ in range(4):
                if name not in self.world.buckets:
                    self.make_bucket(name, self.profile_for(name))

    def create_consumers(self):
        buckets = [b for b in self.world.buckets]
        shut = [b for b in buckets if b.startswith("shut")]
        self.world.consumers = {"strict": shut, "mixed": self.random.sample(buckets, len(buckets) // 2) or buckets, "everything": None}
        for name, granted in self.world.consumers.items():
            self.session.run(f"SELECT phisync.create_consumer('{name}', 'noleak_reader', {'NULL' if granted is None else 'ARRAY[' + ', '.join(map(quote, granted)) + ']::text[]'})")
        self.world.changed()

    # profiles

    def create_profiles(self):
        for n in range(3):
            name, base = f"own{n}", self.random.choice(list(BUILT_IN))
            consents = self.random.choice(CONSENTS)
            if self.try_(f"SELECT phisync.create_profile('{name}', '{base}', {array_of(consents)})", "profiles"):
                self.world.profiles[name] = Profile(name, base, consents)
                # Codes for keys.
                if self.try_(f"SELECT phisync.set_profile_rule('{name}', 'phi:mrn', 'pseudonym')", "rules"):
                    self.world.profiles[name].rules["mrn"] = "pseudonym"
                    self.world.changed()
                for _ in range(self.random.randint(1, 8)):
                    self.change_profile(name)

    def change_profile(self, name=None):
        r = self.random
        own = [p for p in self.world.profiles if p not in BUILT_IN]
        if not own:
            return
        profile = self.world.profiles[name or r.choice(own)]
        if r.random() < 0.15:
            consents = r.choice(CONSENTS)
            if self.try_(f"SELECT phisync.alter_profile('{profile.name}', consents => {array_of(consents)})", "consents"):
                profile.consents = frozenset(consents)
                self.world.changed()
            return
        how = r.choice(TRANSFORMATIONS + (None,))
        text = quote(how) if how else "NULL"
        if r.random() < 0.6:
            label = r.choice(KINDS[r.choice(list(KINDS))][1]) if r.random() < 0.85 else "unclassified"
            rules, key = profile.rules, label.removeprefix("phi:")
            call = f"{quote(label)}, {text}"
        else:
            relation = r.choice(self.world.relations)
            column = r.choice(relation.columns)
            rules, key = profile.columns, (relation, column.key)
            call = f"'{relation.sql}', {quote(column.name.strip(chr(34)))}, {text}"
        if self.try_(f"SELECT phisync.set_profile_rule('{profile.name}', {call})", "rules"):
            if how:
                rules[key] = how
            else:
                rules.pop(key, None)
            self.world.changed()

    def create_views(self):
        """Masked views: (name, profile)."""
        views = []
        for n, relation in enumerate(self.random.sample([x for x in self.world.relations if x.partition_of is None], 3)):
            profile = self.random.choice(list(self.world.profiles))
            if self.try_(f"SELECT phisync.create_masked_view('{relation.sql}', '{profile}', 'view{n}')", "masked views"):
                views.append((f"phi_masked.view{n}", profile))
        return views

    def change_bucket(self):
        name = self.random.choice(list(self.world.buckets))
        bucket = self.world.buckets[name]
        if self.random.random() < 0.5:
            profile = self.profile_for(name)
            if self.try_(f"SELECT phisync.alter_bucket({quote(name)}, profile => {quote(profile)})", "profiles"):
                bucket.profile = profile
                self.world.changed()
        else:
            self.make_bucket(name, self.profile_for(name), alter=True)
