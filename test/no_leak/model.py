"""What the test knows of a database: relations, rows, tags, buckets, and who may have which value. It follows the pages in
docs/ and is written apart from the product: where the two differ, one of them is wrong."""
from rules import BUILT_IN, DEFAULTS, FITS_KEYS, Profile, default_of, may_remain, sensitivities, treatment

NONE, UNCLASSIFIED, PHI = 1, 2, 3  # of an effective tag; absent: the relation holds no PHI


class Column:
    def __init__(self, key, name, kind, copy_of=None):
        self.key, self.name, self.kind = key, name, kind
        self.copy_of = copy_of  # key of the column that it is generated from

    def __repr__(self):
        return f"{self.name} {self.kind}"


class Relation:
    def __init__(self, schema, name, columns, id_kind="int", full=True):
        self.schema, self.name, self.columns = schema, name, columns
        self.id_kind, self.full = id_kind, full
        self.label = None    # the relation's own
        self.labels = {}     # key -> own label of the column
        self.parents = []
        self.leaves = {}     # of a partitioned table: grp -> Relation
        self.partition_of = None
        self.heirs = False   # has inheritance children
        self.grp = None      # of a partition
        self.composite = False  # the primary key is (id, grp)
        self.rows = {}       # id -> Row
        self.next_id = 1

    @property
    def sql(self):
        return f"{self.schema.name}.{self.name}"

    def column(self, key):
        return next((c for c in self.columns if c.key == key), None)

    def key_columns(self):
        return ("id", "grp") if self.composite else ("id",)

    def all_rows(self):
        if not self.leaves:
            return list(self.rows.values())
        return [r for leaf in self.leaves.values() for r in leaf.rows.values()]


class Schema:
    def __init__(self, name):
        self.name, self.label = name, None


class Row:
    """`codes`: the sensitivities that it says of itself, if it has the column."""
    __slots__ = ("relation", "id", "grp", "flag", "codes", "cells")

    def __init__(self, relation, id, grp, flag, codes=frozenset()):
        self.relation, self.id, self.grp, self.flag, self.codes = relation, id, grp, flag, codes
        self.cells = {}  # key -> canaries


class Query:
    """A data query. `outputs` are (keys of the columns read, whether it is one column by itself); no columns: all of them. `keys`: of
    the columns of id and primary key; `parameters`: of those that bucket ids are made from; `holds`: the filter, if the model knows it."""

    def __init__(self, relation, outputs, keys, parameters, holds):
        self.relation, self.outputs, self.holds = relation, outputs, holds
        self.keys, self.parameters = frozenset(keys), frozenset(parameters)


class Bucket:
    def __init__(self, name, profile, queries, lookup):
        self.name, self.profile, self.queries = name, profile, queries
        self.lookup = lookup  # keys of the member table's columns that a lookup record shows


def is_phi_label(label):
    return label.split(";")[0].startswith("phi")


class World:
    def __init__(self):
        self.schemas, self.relations, self.buckets, self.consumers = [], [], {}, {}
        self.profiles = {name: Profile(name, name) for name in BUILT_IN}
        self.member = None
        self.version = None

    # docs/tags.md, "Which tag takes effect"

    def tags(self, relation, memo=None):
        """(holds PHI, key -> (rank, label)); two labels, with | between them, count together."""
        memo = {} if memo is None else memo
        if relation in memo:
            return memo[relation]
        own_none = relation.label is not None and not is_phi_label(relation.label)
        holds = relation.label is not None and is_phi_label(relation.label)
        above = [self.tags(p, memo) for p in relation.parents]
        if relation.label is None:
            holds = holds or any(h for h, _ in above)
            if not holds and relation.schema.label is not None:
                holds = is_phi_label(relation.schema.label)
        tags = {}
        for column in relation.columns:
            label = relation.labels.get(column.key)
            inherited = [t[column.key] for _, t in above if column.key in t]
            best = max(inherited, key=lambda t: t[0]) if inherited else (0, None)
            if label is not None:
                # An own label can say more than the parents do, not less.
                if best[0] < PHI or best[1] == label:
                    tags[column.key] = (PHI if is_phi_label(label) else NONE, label)
                else:
                    tags[column.key] = (PHI, best[1] if not is_phi_label(label) else f"{label}|{best[1]}")
            elif inherited and not (best[0] == UNCLASSIFIED and own_none):
                tags[column.key] = best
        holds = holds or any(rank >= UNCLASSIFIED for rank, _ in tags.values())
        if holds:
            for column in relation.columns:
                tags.setdefault(column.key, (UNCLASSIFIED, None))
        memo[relation] = (holds, tags)
        return memo[relation]

    def sensitivities(self, relation):
        """Of the whole table, by its label or one above it."""
        codes = sensitivities(relation.label)
        for parent in relation.parents:
            codes |= self.sensitivities(parent)
        return codes

    def row_codes(self, relation):
        """Whether its rows say of themselves who may have them. An own label takes nothing away."""
        return "rows=sens" in relation.labels.get("codes", "") or any(self.row_codes(p) for p in relation.parents)

    def default(self, relation, memo):
        """What becomes of columns that nobody has classified: place in DEFAULTS."""
        above = [self.default(p, memo) for p in relation.parents if self.tags(p, memo)[0]]
        if relation.label is not None:
            return max([default_of(relation.label)] + above)
        return max(above) if above else default_of(relation.schema.label)

    # Who gets what

    def consumers_of(self, bucket):
        return frozenset(c for c, buckets in self.consumers.items() if buckets is None or bucket in buckets)

    def current(self):
        if self.version is None:
            self.version = Version(self)
        return self.version

    def changed(self):
        self.version = None


class Grant:
    """What a query lets out of a relation's rows: key of a column -> how. `keys`: of what is in ids, bucket ids and lookups.
    `consents`: None, or the codes that rows may say of themselves."""
    __slots__ = ("consumers", "data", "keys", "holds", "consents")

    def __init__(self, consumers, data, keys, holds, consents=None):
        self.consumers, self.data, self.keys, self.holds, self.consents = consumers, data, keys, holds, consents


class Version:
    """The policy at one time."""

    def __init__(self, world):
        self.grants, self.phi = {}, {}
        self.ways = {}  # (relation, profile) -> key of a column -> how; none: no row is sent
        self.consents = {}  # (relation, profile) -> as of Grant
        memo = {}
        for relation in world.relations:
            if relation.leaves:
                continue
            tags = world.tags(relation, memo)[1]
            default = DEFAULTS[world.default(relation, memo)]
            refused = default == "error" and any(rank == UNCLASSIFIED for rank, _ in tags.values())
            phi = self.phi[relation] = frozenset(k for k, (rank, _) in tags.items() if rank >= UNCLASSIFIED)
            for profile in world.profiles.values():
                self.consents[relation, profile.name] = profile.consents if profile.name != "full" and world.row_codes(relation) else None
                if not refused and (profile.name == "full" or not world.sensitivities(relation) - profile.consents):
                    self.ways[relation, profile.name] = {
                        c.key: treatment(profile, relation, c.key, c.key in phi, tags.get(c.key, (NONE, None))[1], default) for c in relation.columns}
            grants = self.grants[relation] = []
            for bucket in world.buckets.values():
                ways = self.ways.get((relation, bucket.profile))
                if ways is None:
                    continue
                consumers = world.consumers_of(bucket.name)
                for query in bucket.queries:
                    if query.relation is relation or query.relation is relation.partition_of:
                        grant = self._grant(query, relation, consumers, ways, self.consents[relation, bucket.profile])
                        if grant:
                            grants.append(grant)
                if relation is world.member and bucket.lookup and all(ways[key] == "keep" for key in bucket.lookup):
                    grants.append(Grant(consumers, {}, dict.fromkeys(bucket.lookup, "keep"), None))

    @staticmethod
    def _grant(query, relation, consumers, ways, consents):
        if any(ways[key].split("(")[0] not in FITS_KEYS for key in query.keys) or any(ways[key] != "keep" for key in query.parameters):
            return None  # refused: nothing is sent
        data = {}
        for reads, plain in query.outputs:
            if plain:
                for key in reads or [c.key for c in relation.columns]:
                    data.setdefault(key, set()).add(ways[key])
            elif all(ways[key] == "keep" for key in reads):
                for key in reads:
                    data.setdefault(key, set()).add("keep")
        return Grant(consumers, data, {key: ways[key] for key in query.keys | query.parameters}, query.holds, consents)


class Event:
    """A row's content was written, or (old) was what a change took away."""
    __slots__ = ("xid", "version", "relation", "grp", "flag", "codes", "old")

    def __init__(self, xid, version, row, old=False):
        self.xid, self.version, self.relation, self.old = xid, version, row.relation, old
        self.grp, self.flag, self.codes = row.grp, row.flag, row.codes

    def key(self):
        return (self.version, self.relation, self.grp, self.flag, self.codes, self.old)

    def hidden(self, consents):
        return consents is not None and bool(self.codes - consents)


def granted(canary, consumer, event, hit):
    for grant in event.version.grants.get(event.relation, ()):
        if consumer not in grant.consumers or event.hidden(grant.consents):
            continue
        for key in canary.homes.get(event.relation, ()):
            if key in grant.keys and may_remain(grant.keys[key], canary, hit):
                return True
            if not event.old and (grant.holds is None or grant.holds(event.grp, event.flag)):
                if any(may_remain(how, canary, hit) for how in grant.data.get(key, ())):
                    return True
    return False


def shown(canary, profile, event, hit):
    """Whether a view or preview with the profile may show it."""
    ways = event.version.ways.get((event.relation, profile), {})
    if event.hidden(event.version.consents.get((event.relation, profile))):
        return False
    return any(key in ways and may_remain(ways[key], canary, hit) for key in canary.homes.get(event.relation, ()))


def is_public(canary):
    """It was written at a time when its column was no PHI."""
    return any(e.version.phi.get(e.relation, frozenset()).isdisjoint(canary.homes.get(e.relation, ()))
               for events in canary.events.values() for e in events)
