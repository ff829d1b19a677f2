"""Rules that are broken behind the model's back, each in a transaction that is rolled back: the search must find what a snapshot shows then."""
from readers import joined
from surfaces import Search


def relabel(world, change):
    """Statements that change labels: `change(label)` gives the new one."""
    for relation in world.relations:
        targets = [(f"TABLE {relation.sql}", relation.label)] + [(f"COLUMN {relation.sql}.{c.name}", relation.labels.get(c.key)) for c in relation.columns]
        for target, label in targets:
            new = label and change(target, label)
            if new and new != label:
                yield f"SECURITY LABEL FOR phisync ON {target} IS '{new}'"


def without(label, *options):
    return ";".join(item for item in label.split(";") if not item.startswith(options))


def only_of(kind, change):
    return lambda target, label: change(label) if target.startswith(kind) else label


MUTATIONS = {
    "rows=sens ignored": lambda w: relabel(w, only_of("COLUMN", lambda x: without(x, "rows="))),
    "sens of tables ignored": lambda w: relabel(w, only_of("TABLE", lambda x: without(x, "sens=", "part2="))),
    "unclassified columns kept": lambda w: relabel(w, only_of("TABLE", lambda x: without(x, "default=") + ";default=keep" if x.startswith("phi") else x)),
    "default=error ignored": lambda w: relabel(w, only_of("TABLE", lambda x: without(x, "default=error"))),
    "sens of columns ignored": lambda w: relabel(w, only_of("COLUMN", lambda x: without(x, "sens=", "part2="))),
    "consents for all": lambda w: [f"SELECT phisync.alter_profile('{p}', consents => '{{HIV,PSY,42CFRPart2}}')" for p in w.profiles if p.startswith("own")],
    "pseudonyms kept": lambda w: [f"SELECT phisync.set_profile_rule('{p.name}', 'phi:{c}', 'keep')" for p in w.profiles.values() for c, how in p.rules.items() if how.startswith("pseudonym")],
}


def try_all(session, finder, world, found):
    """Counts in `found` each mutation that the search finds."""
    for name, statements in MUTATIONS.items():
        session.run("BEGIN")
        done = 0
        for statement in list(statements(world)):
            session.run("SAVEPOINT s")
            error = session.attempt(statement).error
            done += not error
            session.run("ROLLBACK TO s" if error else "RELEASE s")
        search = Search(finder, world)
        if done:
            search.snapshot("snapshot", "everything", joined(session.attempt("SELECT phisync.snapshot('everything')").rows))
        session.run("ROLLBACK")
        found[name] += bool(search.leaks)
