"""DDL between transactions: columns, partitions, parents, copies, rewrites. The model follows what the server accepts."""
from model import Column, Relation, Row
from values import KINDS


def tables(world):
    return [x for x in world.relations if x.partition_of is None]


def add_column(o):
    relation = o.random.choice(tables(o.world))
    column = o.new_column()
    default, canaries = "", []
    if o.random.random() < 0.4 and column.kind not in ("big",):
        literal, canaries = KINDS[column.kind][2](o.values, (relation.name, "default"), column.key)
        default = f" DEFAULT {literal}"
    if not o.try_(f"ALTER TABLE {relation.sql} ADD COLUMN {o.column_sql(relation, column)}{default}", "ddl"):
        return
    family = [relation] + list(relation.leaves.values()) + [x for x in o.world.relations if relation in x.parents and x.partition_of is None]
    for member in family:
        if column not in member.columns:  # partitions share the list of their root
            member.columns.append(column)
    for canary in canaries:
        for member in family:
            canary.homes.setdefault(member, []).append(column.key)
    for row in (r for m in family for r in m.rows.values()):
        row.cells[column.key] = canaries
    if default:
        o.session.run(f"ALTER TABLE {relation.sql} ALTER {column.name} DROP DEFAULT")
    o.world.changed()


def drop_column(o):
    relation = o.random.choice(tables(o.world))
    free = [c for c in relation.columns if c.kind in KINDS and c.key not in ("team", "who") and not any(d.copy_of == c.key for d in relation.columns)
            and not any(c in p.columns for p in relation.parents)]
    if not free:
        return
    column = o.random.choice(free)
    if o.try_(f"ALTER TABLE {relation.sql} DROP COLUMN {column.name}", "ddl"):
        for member in [relation] + list(relation.leaves.values()) + [x for x in o.world.relations if relation in x.parents]:
            if column in member.columns:
                member.columns.remove(column)
            member.labels.pop(column.key, None)
            for profile in o.world.profiles.values():
                profile.columns.pop((member, column.key), None)
            for row in member.rows.values():
                row.cells.pop(column.key, None)
        o.read_labels([relation] + list(relation.leaves.values()) + [x for x in o.world.relations if relation in x.parents])


def rename_column(o):
    relation = o.random.choice(tables(o.world))
    free = [c for c in relation.columns if c.kind in KINDS and c.key not in ("team", "who") and not any(c in p.columns for p in relation.parents)]
    if not free:
        return
    column = o.random.choice(free)
    o.keys += 1
    name = f'"Col {o.keys}"' if o.random.random() < 0.3 else f"r{o.keys}"
    if o.try_(f"ALTER TABLE {relation.sql} RENAME COLUMN {column.name} TO {name}", "ddl"):
        column.name = name
        o.world.changed()


def change_partition(o):
    roots = [x for x in o.world.relations if x.leaves]
    if not roots:
        return
    root = roots[0]
    grp = o.random.randint(0, 3)
    leaf = root.leaves[grp]
    if o.random.random() < 0.5 and o.try_(f"ALTER TABLE {root.sql} DETACH PARTITION {leaf.sql}", "ddl"):
        # Rows of it are only written while it is alone; then it comes back.
        leaf.partition_of, leaf.parents, leaf.next_id, leaf.columns = None, [], root.next_id, list(leaf.columns)
        del root.leaves[grp]
        o.read_labels([leaf])
        return leaf


def attach_again(o, leaf):
    root = next(x for x in o.world.relations if x.leaves)
    if [c.key for c in leaf.columns] != [c.key for c in root.columns]:
        return False
    o.session.run(f"ALTER TABLE {root.sql} ATTACH PARTITION {leaf.sql} FOR VALUES IN ({leaf.grp})")
    root.next_id = max(root.next_id, leaf.next_id)
    root.leaves[leaf.grp] = leaf
    leaf.partition_of, leaf.parents, leaf.columns = root, [root], root.columns
    o.read_labels([leaf])
    return True


def change_parent(o):
    for child in [x for x in o.world.relations if x.name == "heir"]:
        if child.parents:
            parent = child.parents[0]
            if o.try_(f"ALTER TABLE {child.sql} NO INHERIT {parent.sql}", "ddl"):
                child.former, child.parents, parent.heirs = parent, [], False
                child.columns = [Column(c.key, c.name, c.kind, c.copy_of) for c in child.columns]
                o.read_labels([child])


def copy_table(o):
    """CREATE TABLE AS and LIKE: labels come along."""
    source = o.random.choice([x for x in tables(o.world) if not x.leaves])
    o.keys += 1
    copy = Relation(o.random.choice(o.world.schemas), f"copy{o.keys}", [], source.id_kind, True)
    only = "ONLY " if source.heirs else ""
    if o.random.random() < 0.5:
        made = f"CREATE TABLE {copy.sql} AS SELECT * FROM {only}{source.sql}"
    else:
        made = f"BEGIN; CREATE TABLE {copy.sql} (LIKE {source.sql} INCLUDING DEFAULTS); INSERT INTO {copy.sql} SELECT * FROM {only}{source.sql}; COMMIT"
    tags = o.world.tags(source)
    sensitive, codes = o.world.sensitivities(source), o.world.row_codes(source)
    if not o.try_(made, "copies"):
        return
    copy.columns = [Column(c.key, c.name, c.kind) for c in source.columns]
    copy.composite = source.composite
    o.before[copy] = tags[1]
    o.hiding[copy] = lambda r: o.world.sensitivities(r) >= sensitive and o.world.row_codes(r) >= codes
    o.read_labels([copy])
    del o.hiding[copy]  # later its label may change
    o.session.run(f"ALTER TABLE {copy.sql} ADD PRIMARY KEY ({', '.join(copy.key_columns())}); ALTER TABLE {copy.sql} REPLICA IDENTITY FULL")
    copy.next_id = source.next_id + 5000
    o.world.relations.append(copy)
    o.world.changed()
    for row in source.rows.values():
        new = Row(copy, row.id, row.grp, row.flag, row.codes)
        # What was generated is a value by itself in the copy.
        generated = {c.key: row.cells[c.copy_of] for c in source.columns if c.copy_of in row.cells}
        for key, canaries in {**row.cells, **generated}.items():
            new.cells[key] = canaries
            for canary in canaries:
                homes = canary.homes.setdefault(copy, [])
                homes.extend(k for k in canary.homes[source] if k not in homes)
        copy.rows[new.id] = new


def replace_column(o):
    """Another column of the same name: what was said of the old one is not said of it."""
    relation = o.random.choice(tables(o.world))
    free = [c for c in relation.columns if c.kind in KINDS and c.key not in ("team", "who") and not any(d.copy_of == c.key for d in relation.columns)
            and not any(c in p.columns for p in relation.parents)]
    if not free:
        return
    old = o.random.choice(free)
    new = o.new_column()
    new.name = old.name
    add = f"ADD COLUMN {o.column_sql(relation, new)}"
    drop = f"DROP COLUMN {old.name}"
    sql = f"ALTER TABLE {relation.sql} {drop}, {add}"
    if o.random.random() < 0.5:
        sql = f"BEGIN; ALTER TABLE {relation.sql} {drop}; ALTER TABLE {relation.sql} {add}; COMMIT"
    if not o.try_(sql, "columns replaced"):
        o.session.attempt("ROLLBACK")
        return
    family = [relation] + list(relation.leaves.values()) + [x for x in o.world.relations if relation in x.parents and x.partition_of is None]
    for member in family:
        if old in member.columns:
            member.columns.remove(old)
            member.columns.append(new)
        member.labels.pop(old.key, None)
        for profile in o.world.profiles.values():
            profile.columns.pop((member, old.key), None)
        for row in member.rows.values():
            row.cells.pop(old.key, None)
    o.read_labels(family)


# kind -> kinds that the server casts it to by itself or by the expression
OTHER_TYPES = {"text": ("varchar", "domain"), "varchar": ("text",), "domain": ("text",), "char": ("text",), "integer": ("bigint", "numeric"), "bigint": ("numeric", "text"), "date": ("timestamp", "text"),
               "uuid": ("text",), "json": ("jsonb", "text"), "jsonb": ("json",), "texts": ("names",), "names": ("texts",), "inet": ("text",), "enum": ("text",)}


def alter_type(o):
    relation = o.random.choice(tables(o.world))
    free = [c for c in relation.columns if c.kind in OTHER_TYPES and c.key not in ("team", "who") and not any(c in p.columns for p in relation.parents)]
    if not free:
        return
    column = o.random.choice(free)
    kind = o.random.choice(OTHER_TYPES[column.kind])
    sql_type = KINDS[kind][0]
    if o.try_(f"ALTER TABLE {relation.sql} ALTER {column.name} TYPE {sql_type} USING {column.name}::{sql_type}", "types altered"):
        column.kind = kind
        o.world.changed()


def change_identity(o):
    relation = o.random.choice([x for x in tables(o.world) if not x.leaves])
    o.keys += 1
    choice = o.random.choice(("FULL", "FULL", "DEFAULT", "NOTHING", f"USING INDEX identity{o.keys}"))
    index = f"CREATE UNIQUE INDEX identity{o.keys} ON {relation.sql} (id, grp, flag); " if "INDEX" in choice else ""
    if o.try_(f"{index}ALTER TABLE {relation.sql} REPLICA IDENTITY {choice}", "identities"):
        relation.full = choice == "FULL"


def rename_table(o):
    """Renamed, or put into the other schema: its tags stay at least what they were."""
    relation = o.random.choice([x for x in tables(o.world) if x is not o.world.member and not x.leaves and not x.heirs and not x.parents])
    if o.random.random() < 0.5:
        o.keys += 1
        name = f"{relation.name.split('_')[0]}_{o.keys}"
        if o.try_(f"ALTER TABLE {relation.sql} RENAME TO {name}", "tables renamed"):
            relation.name = name
    else:
        schema = next(s for s in o.world.schemas if s is not relation.schema)
        if o.try_(f"ALTER TABLE {relation.sql} SET SCHEMA {schema.name}", "tables moved"):
            relation.schema = schema
            o.read_labels([relation])


def rewrite(o):
    relation = o.random.choice([x for x in tables(o.world) if not x.leaves])
    o.try_(o.random.choice((f"VACUUM FULL {relation.sql}", f"CLUSTER {relation.sql} USING {relation.name}_pkey", f"ANALYZE {relation.sql}")), "ddl")
