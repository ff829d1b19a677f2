"""What a profile makes of a column, and what of a value may remain then. Written from docs/de-identification.md and 45 CFR 164.514,
not from the product's tables."""
import re

BUILT_IN = {
    "withhold": {},
    "safe_harbor": {"date": "date_year", "age": "age90", "geo.zip": "zip3", "clinical": "keep", "clinical.note": "drop"},
    "limited_dataset": {"date": "keep", "age": "keep", "geo.city": "keep", "geo.county": "keep", "geo.zip": "keep", "code": "keep", "clinical": "keep",
                        "clinical.note": "drop"},
    "treatment": {**dict.fromkeys(("name", "geo", "date", "age", "phone", "fax", "email", "mrn", "plan", "device", "photo", "code", "clinical", "freetext"), "keep"),
                  "ssn": "partial(0,4)"},
    "full": None,
}
# For users' profiles. Those that tell rows apart may stand for keys.
TRANSFORMATIONS = ("keep", "drop", "null", "redact", "redact(gone)", "partial(0,4)", "partial(2,2)", "partial(7,0)", "partial(0,8,#)", "email", "email(keep_domain=yes)",
                   "zip3", "date_year", "date_month", "age90", "date_shift(30)", "bucket(1000)", "pseudonym", "pseudonym(study)", "surrogate", "ip", "url", "latlon", "latlon(0.5)")
FITS_KEYS = ("keep", "pseudonym", "surrogate")
# What a table's label says of columns that nobody has classified, weakest first.
DEFAULTS = ("keep", "omit", "error")


class Profile:
    def __init__(self, name, base, consents=()):
        self.name, self.base, self.consents = name, base, frozenset(consents)
        self.rules = {}    # class without phi:, or unclassified -> transformation
        self.columns = {}  # (relation, key of the column) -> transformation

    def of_class(self, tag_class):
        """The profile's own rules are laid over those of its base; a kind's rule holds for the parts that have none."""
        if self.base == "full" and tag_class not in self.rules and tag_class.split(".")[0] not in self.rules:
            return "keep"
        rules = {**(BUILT_IN[self.base] or {}), **self.rules}
        return rules.get(tag_class, rules.get(tag_class.split(".")[0]))

    def of_column(self, relation, key):
        if (relation, key) in self.columns:
            return self.columns[relation, key]
        above = {rule for rule in (self.of_column(parent, key) for parent in relation.parents) if rule}
        return above.pop() if len(above) == 1 else "drop" if above else None


def sensitivities(label):
    codes = set()
    for option in (label or "").replace("|", ";").split(";"):
        if option.startswith("sens="):
            codes.update(option[5:].split(","))
        if option == "part2=yes":
            codes.add("42CFRPart2")
    return codes


def default_of(label):
    said = next((o[8:] for o in (label or "").split(";") if o.startswith("default=")), "omit")
    return DEFAULTS.index(said)


def treatment(profile, relation, key, is_phi, label, default="omit"):
    """How the profile gives the column: `label` is its effective one, None if nobody has classified it; `default` what the relation's says then."""
    if not is_phi:
        return "keep"
    if profile.name != "full" and sensitivities(label) - profile.consents:
        return "drop"
    own = profile.of_column(relation, key)
    if own:
        return own
    if label is None and default == "keep":
        return "keep"
    if label is None:
        return profile.rules.get("unclassified", "keep" if profile.base == "full" else "drop")
    ways = []
    for part in label.split("|"):
        rule = profile.of_class(part.split(";")[0].removeprefix("phi:"))
        default = next((o[2:] for o in part.split(";") if o.startswith("x=")), None)
        if rule is None and default and profile.name not in BUILT_IN:
            rule = default
        ways.append(rule or "drop")
    # Which of two classes is the stricter is not the model's to say.
    return "keep" if "keep" in ways else next((way for way in ways if way != "drop"), "drop")


def may_remain(how, canary, hit):
    """Whether the transformation leaves what was found."""
    name = how.split("(")[0]
    if name == "keep":
        return True
    if name == "partial":
        # So many characters of either end; a found part of a canary in the middle has more to it than that.
        return len(hit.text) <= max(int(n) for n in re.findall(r"[0-9]+", how)[:2])
    if how == "email(keep_domain=yes)":
        return canary.part == "domain"
    if name == "url":
        return canary.part == "host"
    return False
