"""Those who read other than streams: a user of masked views, whoever asks for a user's buckets, officers and auditors who inspect."""
from ddl import tables


def joined(rows):
    return b"\n".join(v for row in rows for v in row if v is not None)


def read_view(session, search, view, profile, random):
    """All that a role gets, that may read this view and nothing else: rows, plans, errors and notices."""
    said = len(session.said)
    rows = session.attempt(f"SELECT v::text FROM {view} v").rows
    rows += session.attempt(f"SELECT 1 FROM {view} v WHERE public.noleak_peek(v::text)").rows
    columns = [name.decode() for (name,) in session.attempt(f"SELECT quote_ident(attname) FROM pg_attribute WHERE attrelid = '{view}'::regclass AND attnum > 0 AND NOT attisdropped").rows]
    for column in random.sample(columns, min(3, len(columns))):
        rows += session.attempt(f"SELECT count(*) FROM {view} WHERE public.noleak_peek({column}::text)").rows
        rows += session.attempt(f"EXPLAIN (ANALYZE, VERBOSE, COSTS off, TIMING off, SUMMARY off) SELECT {column} FROM {view} WHERE {column}::text > 'm' ORDER BY 1").rows
        rows += session.attempt(f"SELECT {column}::text::int FROM {view}").rows
        rows += session.attempt(f"SELECT tableoid, ctid, {column}::text::uuid FROM {view} WHERE {column}::text <> ''").rows
    search.masked("masked views", profile, joined(rows))
    search.masked("messages to readers of masked views", profile, b"\n".join(session.said[said:]))
    del session.said[said:]


def ask_for_buckets(session, search, world):
    """The buckets of each user that there is, by definition: one whose profile does not keep what is selected is refused."""
    said = len(session.said)
    rows = []
    for name in world.buckets:
        rows += session.attempt(f"SELECT b::text FROM (SELECT DISTINCT who FROM {world.member.sql}) m, phisync.buckets_for(jsonb_build_object('sub', m.who), '{{{name}}}') b").rows
    search.buckets("buckets_for", joined(rows))
    search.public("messages", b"\n".join(session.said[said:]))
    del session.said[said:]


def inspect(session, search, relation, profile):
    """What says of definitions and tags, and never of rows."""
    for what in (f"treatments('{profile}', '{relation.sql}')", f"profile_check('{profile}')", f"compiled_queries('{relation.sql}')", f"suggested_labels('{relation.sql}')",
                 f"masked_columns('{relation.sql}', '{profile}')", "published_columns()", "column_statistics()", "retention_due"):
        search.public("inspections", joined(session.attempt(f"SELECT x::text FROM phisync.{what} x").rows))


def sweep(writer, world, counts):
    """Rows are sent again, of people who turned 90."""
    writer.begin()
    result = writer.session.attempt("SELECT relation FROM phisync.age_sweep()")
    counts["age sweeps" + (" refused" if result.error else "")] += 1
    if not result.error:
        for relation in world.relations:
            for row in relation.rows.values():
                writer.event(row)
                writer.event(row, old=True)
        writer.commit()
    else:
        writer.rollback()


def dispose(officer):
    """A retention run. What it deletes leaves buckets by its number alone, of which no canary is part."""
    fit = [(x, c) for x in tables(officer.world) if x.id_kind == "int" and not x.leaves and not x.heirs and not x.parents and not x.column("team")
           for c in x.columns if c.kind in ("date", "timestamp", "timestamptz")]
    if not fit:
        return
    relation, column = officer.random.choice(fit)
    officer.keys += 1
    name = f"policy{officer.keys}"
    if not officer.try_(f"SELECT phisync.create_retention_policy('{relation.sql}', '{name}', '{column.name}', max_retention => '1 day')", "retention policies"):
        return
    officer.try_(f"CALL phisync.run_retention('{name}', 7)", "retention runs")
    officer.session.run(f"SELECT phisync.drop_retention_policy('{name}')")
    left = {row[0].decode() for row in officer.session.run(f"SELECT id::text FROM {relation.sql}")}
    officer.counts["rows disposed of"] += len(relation.rows.keys() - left)
    for gone in relation.rows.keys() - left:
        del relation.rows[gone]
