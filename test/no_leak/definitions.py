"""Random data queries over a relation: columns, *, and expressions that would carry a value past its tag, or fail on it."""
from model import Query

TEXTS = ("text", "varchar", "char", "domain", "big", "raw")
INTEGERS = ("integer", "bigint", "number_domain")

# By kind: expressions over one column {c}, each text of them recognisable by the finder or failing on most values.
SHAPES = {
    TEXTS: ["upper({c})", "{c} || '-x'", "substring({c} from 1 for 9)", "md5({c})", "coalesce({c}, 'none')", "CASE WHEN flag THEN {c} ELSE '-' END",
            "nullif({c}, '')", "reverse({c})", "length({c})", "replace({c}, 'a', 'e')", "ARRAY[{c}, 'x']", "lpad({c}, 30, '.')", "left({c}, 7)",
            "split_part({c}, '@', 2)",
            "{c} = ''", "initcap({c})", "regexp_replace({c}, '[aeiou]', '')", "({c})::text", "CASE {c} WHEN 'x' THEN 'y' ELSE {c} END", "concat({c}, 'x')",
            # These fail, and the server's message holds the value.
            "({c})::int", "({c})::jsonb", "decode({c}, 'hex')", "decode({c}, 'base64')", "({c})::uuid", "({c})::inet", "regexp_replace('x', '[' || {c}, 'y')", "({c})::numeric", "('{{\"k\": ' || {c} || '}}')::json", "encode(({c})::bytea, 'base64')", "encode(sha256(({c})::bytea), 'hex')"],
    INTEGERS: ["{c} + 0", "{c}::text", "{c} * 10", "to_hex({c})", "-{c}", "coalesce({c}, 0)", "CASE WHEN flag THEN {c} END", "{c}::numeric / 1", "ARRAY[{c}]",
               "{c}::double precision", "'n' || {c}", "1 / ({c} - {c})", "{c}::smallint", "chr(({c} % 2147483647)::int)", "make_date({c}::int, 1, 1)", "({c}::text || 'x')::int"],
    ("numeric",): ["{c}::text", "{c} * 10", "round({c}, 2)", "trunc({c})", "{c}::int", "{c}::numeric(5,2)", "{c} / 0"],
    ("double",): ["{c} * 1", "{c}::numeric", "{c}::int", "{c} / 0"],
    ("date",): ["{c} + 0", "{c} - date '2000-01-01'", "extract(epoch FROM {c})", "{c}::timestamp", "coalesce({c}, date '2000-01-01')", "ARRAY[{c}]", "extract(year FROM {c})",
                "{c} + 2000000000"],
    ("timestamp",): ["date_trunc('day', {c})", "{c}::date", "extract(epoch FROM {c})", "{c} + interval '0'", "{c} + interval '300000 years'"],
    ("timestamptz",): ["({c} AT TIME ZONE 'UTC')::date"],
    ("json", "jsonb"): ["{c} ->> 'name'", "{c} -> 'list'", "{c} #>> '{{deep,name}}'", "{c}::text", "({c} ->> 'n')::bigint + 0", "({c} ->> 'name')::int", "{c} -> 'deep' ->> 'name'",
                        "({c} -> 'name')::text::int", "({c} ->> 'n')::int"],
    ("bytea",): ["encode({c}, 'base64')", "encode({c}, 'hex')", "encode({c}, 'escape')", "md5({c})", "substring({c} from 1 for 12)", "get_byte({c}, 4000)"],
    ("inet",): ["host({c})", "{c}::text", "network({c})", "set_masklen({c}, 200)", "({c}::text)::int"],
    ("texts", "names"): ["{c}[1]", "array_length({c}, 1)", "{c} || ARRAY['x']", "({c}[1])::int"],
    ("numbers",): ["{c}[1]", "{c}[2] * 10", "({c}[1])::int"],
    ("dates",): ["{c}[1]", "{c}[1] + 0"],
    ("range",): ["lower({c})", "int8range(lower({c}), 5)"],
    ("uuid",): ["{c}::text", "replace({c}::text, '-', '')", "({c}::text)::int"],
    ("pair",): ["{c}", "({c}).name"],
    ("pairs",): ["{c}[1]", "({c}[2]).name"],
    ("enum",): ["coalesce({c}, {c})", "ARRAY[{c}]", "{c}::text", "CASE WHEN flag THEN {c} END"],
    ("vector",): ["strip({c})", "{c}::text", "tsvector_to_array({c})", "setweight({c}, 'B')"],
    ("multirange",): ["lower({c})", "range_merge({c})"],
    ("boolean",): ["NOT {c}", "CASE WHEN {c} THEN 'yes' ELSE 'no' END", "{c}::int / 0"],
}
PHI_FILTERS = {TEXTS: ["{c} <> 'nobody'", "{c} LIKE '%b%'", "({c})::int > 0", "length({c}) > 3"], INTEGERS: ["{c} > 5", "100 / ({c} - {c}) > 1", "{c}::smallint > 0"],
               ("date",): ["{c} > '1900-01-01'"], ("json", "jsonb"): ["({c} ->> 'name')::int > 0"]}


def shapes_of(table, kind):
    return next((shapes for kinds, shapes in table.items() if kind in kinds), [])


class Definitions:
    def __init__(self, random):
        self.random = random
        self.aliases = 0

    def expression(self, relation):
        """(SQL, keys of the columns it reads) or nothing."""
        column = self.random.choice(relation.columns)
        shapes = shapes_of(SHAPES, column.kind)
        if not shapes:
            return None
        shape = self.random.choice(shapes)
        reads = [column.key]
        if "flag" in shape:
            reads.append("flag")
        sql = shape.format(c=column.name)
        others = [c for c in relation.columns if c.kind in TEXTS and c is not column]
        if column.kind in TEXTS and others and self.random.random() < 0.25:
            other = self.random.choice(others)
            sql, reads = f"{column.name} || '/' || coalesce({other.name}, '')", [column.key, other.key]
        return sql, reads

    def query(self, relation, parameter):
        """(text, Query). `parameter`: name of the column that is bound, or None."""
        r = self.random
        outputs, parts, names = [], [], {"id"}
        if r.random() < 0.35:
            parts.append("*")
            outputs.append(([], True))
            names.update(c.name for c in relation.columns)
        else:
            if relation.id_kind == "int" and r.random() < 0.2:
                parts.append("id::text AS id")
                outputs.append((["id"], False))
            else:
                parts.append("id")
                outputs.append((["id"], True))
            for column in r.sample(relation.columns, r.randint(1, len(relation.columns))):
                if column.name not in names:
                    names.add(column.name)
                    parts.append(column.name)
                    outputs.append(([column.key], True))
        for n in range(r.randint(0, 5)):
            made = self.expression(relation)
            if made:
                parts.append(f"{made[0]} AS e{n}")
                outputs.append((made[1], False))
        parameters = []
        conditions, holds = [], None
        if parameter:
            conditions.append(f"{parameter} = bucket.{parameter}")
            parameters.append(parameter)
        free = relation.full
        choice = r.random()
        if free and choice < 0.25:
            n = r.randint(0, 3)
            conditions.append(f"grp <> {n}")
            holds = lambda grp, flag: grp != n
        elif free and choice < 0.45:
            conditions.append("flag")
            holds = lambda grp, flag: flag
        elif free and choice < 0.7:
            column = r.choice(relation.columns)
            shapes = shapes_of(PHI_FILTERS, column.kind)
            if shapes:
                conditions.append(r.choice(shapes).format(c=column.name))
        self.aliases += 1
        only = "ONLY " if relation.heirs else ""
        text = f"SELECT {', '.join(parts)} FROM {only}{relation.sql} AS t{self.aliases}"
        if conditions:
            text += " WHERE " + " AND ".join(conditions)
        return text, Query(relation, outputs, relation.key_columns(), parameters, holds)
