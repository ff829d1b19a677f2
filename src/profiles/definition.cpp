// phisync.create_profile, alter_profile, set_profile_rule and drop_profile.

#include "core/label.h"
#include "core/object_name.h"
#include "masks/datum.h"
#include "pg/text.h"
#include "profiles/profiles.h"
#include "profiles/stored.h"
#include "sync/owner.h"
#include "sync/profile_users.h"

namespace phisync::profiles {
namespace {

using sync::Execute;

void RequireArgument(FunctionCallInfo fcinfo, int number, const char* name) {
  if (!PG_ARGISNULL(number)) return;
  ereport(ERROR,
          (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("argument \"%s\" cannot be null", name),
           errdetail("A profile needs it."), errhint("Give %s => a value.", name)));
}

// Changes profiles: runs fn as the owner of the extension's tables. Sessions that keep what
// profiles say forget it with the relcache entry of phisync.profile.
template <typename Fn>
void AsExtensionOwner(Fn fn) {
  pg::Call([&] {
    Oid const table = get_relname_relid("profile", get_namespace_oid("phisync", false));
    sync::AsOwnerOf(table, fn);
    CacheInvalidateRelcacheByRelid(table);
  });
}

// Until the transaction ends nobody else changes any profile.
void LockProfiles() {
  pg::Call([] {
    LockRelationOid(get_relname_relid("profile", get_namespace_oid("phisync", false)),
                    ShareRowExclusiveLock);
  });
}

[[noreturn]] void RefuseBuiltIn(std::string_view name) {
  throw Error(sqlstate::kInvalidParameterValue,
              "profile \"" + std::string(name) + "\" is built in and cannot be changed",
              "It is the same in every database.",
              "SELECT phisync.create_profile('my_profile', based_on => '" + std::string(name) +
                  "'); and change that.");
}

// The profile as it stands under the lock; an error unless it is a user's.
Profile RequireOwn(std::string_view name) {
  if (RulesOfBuiltIn(name)) RefuseBuiltIn(name);
  LockProfiles();
  return Require(name);
}

void CheckBase(std::string_view name) {
  if (RulesOfBuiltIn(name)) return;
  std::string known;
  for (const BuiltInProfile& profile : BuiltInProfiles()) {
    known += (known.empty() ? "" : ", ") + std::string(profile.name);
  }
  throw Error(
      sqlstate::kUndefinedObject, "built-in profile \"" + std::string(name) + "\" does not exist",
      "A profile lays its rules over those of a built-in one.", "Use one of: " + known + ".");
}

void CheckConsents(ArrayType* codes) {
  struct Elements {
    Datum* values;
    bool* nulls;
    int n;
  };
  const Elements elements = pg::Call([&] {
    Elements e{};
    deconstruct_array(codes, TEXTOID, -1, false, TYPALIGN_INT, &e.values, &e.nulls, &e.n);
    return e;
  });
  for (int i = 0; i < elements.n; ++i) {
    if (elements.nulls[i]) CheckSensitivity("");
    CheckSensitivity(pg::Call([&] { return TextDatumGetCString(elements.values[i]); }));
  }
}

// What a user's profile would refuse while changes are decoded is told now, but allowed: the key
// may be configured later.
void NoticeIfKeyIsMissing(const Transform& transform) {
  const TransformFacts& facts = transform.facts();
  if (!facts.needs_key) return;
  const std::string text = Format(transform);
  pg::Call([&] {
    const char* const file = GetConfigOption("phisync.key_file", true, false);
    const char* const command = GetConfigOption("phisync.key_command", true, false);
    if ((file != nullptr && *file != '\0') || (command != nullptr && *command != '\0')) return;
    ereport(NOTICE, (errmsg("%s needs a key, and none is configured", text.c_str()),
                     errdetail("Until there is one, no bucket can be made with the profile."),
                     errhint("Set phisync.key_file or phisync.key_command.")));
  });
}

// The canonical text of what the caller gave.
std::string Checked(const Transform& transform) {
  NoticeIfKeyIsMissing(transform);
  return Format(transform);
}

// Changes a profile that buckets may have: `change` runs as the owner of the extension's tables.
template <typename Fn>
void Change(const Profile& profile, Fn change) {
  pg::Call([&] { sync::LockForProfileChange(profile.name.c_str()); });
  AsExtensionOwner(change);
  pg::Call([&] { sync::FollowProfileChange(profile.name.c_str()); });
}

void SetClassRule(const Profile& profile, const std::string& tag_class,
                  const std::string* transformation) {
  Change(profile, [&] {
    const Oid types[] = {TEXTOID, TEXTOID, TEXTOID};
    const Datum values[] = {
        CStringGetTextDatum(profile.name.c_str()), CStringGetTextDatum(tag_class.c_str()),
        transformation != nullptr ? CStringGetTextDatum(transformation->c_str()) : Datum{0}};
    Execute(
        "DELETE FROM phisync.profile_rule WHERE profile OPERATOR(pg_catalog.=) $1 AND class "
        "OPERATOR(pg_catalog.=) $2",
        2, types, values, nullptr);
    if (transformation == nullptr) return;
    Execute("INSERT INTO phisync.profile_rule (profile, class, transformation) VALUES ($1, $2, $3)",
            3, types, values, nullptr);
  });
}

void SetColumnRule(const Profile& profile, Oid relation, const char* column,
                   const std::string* transformation) {
  Change(profile, [&] {
    const Oid types[] = {TEXTOID, REGCLASSOID, NAMEOID, TEXTOID};
    const Datum values[] = {
        CStringGetTextDatum(profile.name.c_str()), ObjectIdGetDatum(relation),
        CStringGetDatum(column),
        transformation != nullptr ? CStringGetTextDatum(transformation->c_str()) : Datum{0}};
    Execute(
        "DELETE FROM phisync.profile_column WHERE profile OPERATOR(pg_catalog.=) $1 AND relation "
        "OPERATOR(pg_catalog.=) $2 AND column_name OPERATOR(pg_catalog.=) $3",
        3, types, values, nullptr);
    if (transformation == nullptr) return;
    Execute(
        "INSERT INTO phisync.profile_column (profile, relation, column_name, transformation) "
        "VALUES ($1, $2, $3, $4)",
        4, types, values, nullptr);
  });
}

bool HasColumnRule(const Profile& profile, Oid relation, std::string_view column) {
  for (const ColumnRule& rule : profile.columns) {
    if (rule.relation == relation && rule.column == column) return true;
  }
  return false;
}

// The type of the column; an error if there is none. A rule for a column that is gone may still be
// taken back.
ValueType RequireColumn(Oid relation, const char* column) {
  struct Found {
    const char* relation;
    Oid type;
  };
  const Found found = pg::Call([&] {
    const AttrNumber number = get_attnum(relation, column);
    return Found{get_rel_name(relation), number > 0 ? get_atttype(relation, number) : InvalidOid};
  });
  if (found.relation == nullptr) {
    throw Error(sqlstate::kUndefinedObject, "the relation of the rule does not exist", {},
                "Name a table or view.");
  }
  if (OidIsValid(found.type)) return masks::ValueTypeOf(found.type);
  throw Error(sqlstate::kUndefinedColumn,
              std::string("column \"") + column + "\" of relation \"" + found.relation +
                  "\" does not exist",
              "A rule for a column is for one that the relation has.",
              "Names are as in the catalog, without quotes.");
}

void DropProfile(const char* name) {
  // No bucket gets the profile meanwhile.
  LockRelationOid(get_relname_relid("bucket", get_namespace_oid("phisync", false)),
                  ShareRowExclusiveLock);
  List* const buckets = sync::BucketsWithProfile(name);
  if (buckets != NIL) {
    StringInfoData list;
    initStringInfo(&list);
    ListCell* cell;
    foreach (cell, buckets) {
      appendStringInfo(&list, "%s%s", list.len > 0 ? ", " : "", strVal(lfirst(cell)));
    }
    ereport(ERROR,
            (errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
             errmsg("profile \"%s\" is used by buckets", name),
             errdetail("Without it nothing says what their consumers may have."),
             errhint("Give them another profile first (phisync.alter_bucket): %s.", list.data)));
  }
}

}  // namespace
}  // namespace phisync::profiles

// (name text, based_on text, consents text[], scope text, confidentiality text)
PHISYNC_FUNCTION(phisync_create_profile) {
  using namespace phisync;
  using namespace phisync::profiles;
  RequireArgument(fcinfo, 0, "name");
  RequireArgument(fcinfo, 1, "based_on");
  RequireArgument(fcinfo, 2, "consents");
  RequireArgument(fcinfo, 4, "confidentiality");
  const Datum values[] = {PG_GETARG_DATUM(0), PG_GETARG_DATUM(1), PG_GETARG_DATUM(2),
                          PG_ARGISNULL(3) ? Datum{0} : PG_GETARG_DATUM(3), PG_GETARG_DATUM(4)};
  const bool has_scope = !PG_ARGISNULL(3);
  const std::string name(pg::View(PG_GETARG_TEXT_PP(0)));
  CheckObjectName("profile", name);
  CheckBase(pg::View(PG_GETARG_TEXT_PP(1)));
  CheckConsents(PG_GETARG_ARRAYTYPE_P(2));
  if (has_scope) CheckScope(pg::View(PG_GETARG_TEXT_PP(3)));
  ParseConfidentiality(pg::View(PG_GETARG_TEXT_PP(4)));
  LockProfiles();
  if (Find(name)) {
    throw Error(sqlstate::kDuplicateObject, "profile \"" + name + "\" exists already",
                "Names of profiles, built in or users', are unique.",
                "Choose another name, or change it by phisync.set_profile_rule and "
                "phisync.alter_profile.");
  }
  AsExtensionOwner([&] {
    const Oid types[] = {TEXTOID, TEXTOID, TEXTARRAYOID, TEXTOID, TEXTOID};
    Execute(
        "INSERT INTO phisync.profile (name, based_on, consents, scope, confidentiality) VALUES "
        "($1, $2, $3, $4, $5)",
        5, types, values, has_scope ? nullptr : "   n ");
  });
  PG_RETURN_VOID();
}

// (name text, consents text[], scope text, confidentiality text); null keeps what is
PHISYNC_FUNCTION(phisync_alter_profile) {
  using namespace phisync;
  using namespace phisync::profiles;
  RequireArgument(fcinfo, 0, "name");
  const Profile profile = RequireOwn(pg::View(PG_GETARG_TEXT_PP(0)));
  const Datum name = PG_GETARG_DATUM(0);
  const bool consents = !PG_ARGISNULL(1);
  const bool scope = !PG_ARGISNULL(2);
  if (consents) CheckConsents(PG_GETARG_ARRAYTYPE_P(1));
  const bool own_scope = scope && !pg::View(PG_GETARG_TEXT_PP(2)).empty();
  if (own_scope) CheckScope(pg::View(PG_GETARG_TEXT_PP(2)));
  const bool confidentiality = !PG_ARGISNULL(3);
  if (confidentiality) ParseConfidentiality(pg::View(PG_GETARG_TEXT_PP(3)));
  if (!consents && !scope && !confidentiality) PG_RETURN_VOID();
  const Datum values[] = {name, consents ? PG_GETARG_DATUM(1) : Datum{0},
                          own_scope ? PG_GETARG_DATUM(2) : Datum{0}, BoolGetDatum(scope),
                          confidentiality ? PG_GETARG_DATUM(3) : Datum{0}};
  const char nulls[] = {' ', consents ? ' ' : 'n',        own_scope ? ' ' : 'n',
                        ' ', confidentiality ? ' ' : 'n', '\0'};
  Change(profile, [&] {
    const Oid types[] = {TEXTOID, TEXTARRAYOID, TEXTOID, BOOLOID, TEXTOID};
    Execute(
        "UPDATE phisync.profile SET consents = COALESCE($2, consents), "
        "scope = CASE WHEN $4 THEN $3 ELSE scope END, "
        "confidentiality = COALESCE($5, confidentiality) WHERE name OPERATOR(pg_catalog.=) $1",
        5, types, values, nulls);
  });
  PG_RETURN_VOID();
}

// (profile text, class text, transformation text); without a transformation the rule goes
PHISYNC_FUNCTION(phisync_set_profile_rule) {
  using namespace phisync;
  using namespace phisync::profiles;
  RequireArgument(fcinfo, 0, "profile");
  RequireArgument(fcinfo, 1, "class");
  const Profile profile = RequireOwn(pg::View(PG_GETARG_TEXT_PP(0)));
  const ClassId id = ParseRuleClass(pg::View(PG_GETARG_TEXT_PP(1)));
  const std::string tag_class = id == kClassNone ? std::string(kUnclassified) : ClassText(id);
  if (PG_ARGISNULL(2)) {
    SetClassRule(profile, tag_class, nullptr);
  } else {
    const std::string transformation = Checked(ParseTransform(pg::View(PG_GETARG_TEXT_PP(2))));
    SetClassRule(profile, tag_class, &transformation);
  }
  PG_RETURN_VOID();
}

// (profile text, relation regclass, column_name name, transformation text); likewise
PHISYNC_FUNCTION(phisync_set_profile_column) {
  using namespace phisync;
  using namespace phisync::profiles;
  RequireArgument(fcinfo, 0, "profile");
  RequireArgument(fcinfo, 1, "relation");
  RequireArgument(fcinfo, 2, "column_name");
  const Profile profile = RequireOwn(pg::View(PG_GETARG_TEXT_PP(0)));
  const Oid relation = PG_GETARG_OID(1);
  const char* const column = NameStr(*PG_GETARG_NAME(2));
  // A rename that is under way ends first, and later ones find the rule.
  pg::Call([&] { LockRelationOid(relation, AccessShareLock); });
  if (PG_ARGISNULL(3)) {
    if (!HasColumnRule(profile, relation, column)) RequireColumn(relation, column);
    SetColumnRule(profile, relation, column, nullptr);
  } else {
    const Transform transform = ParseTransform(pg::View(PG_GETARG_TEXT_PP(3)));
    CheckFits(transform, RequireColumn(relation, column));
    const std::string transformation = Checked(transform);
    SetColumnRule(profile, relation, column, &transformation);
  }
  PG_RETURN_VOID();
}

// (name text), strict
PHISYNC_FUNCTION(phisync_drop_profile) {
  using namespace phisync;
  using namespace phisync::profiles;
  const Profile profile = RequireOwn(pg::View(PG_GETARG_TEXT_PP(0)));
  pg::Call([&] { DropProfile(profile.name.c_str()); });
  AsExtensionOwner([&] {
    const Oid types[] = {TEXTOID};
    const Datum values[] = {CStringGetTextDatum(profile.name.c_str())};
    for (const char* const command : {
             "DELETE FROM phisync.profile_column WHERE profile OPERATOR(pg_catalog.=) $1",
             "DELETE FROM phisync.profile_rule WHERE profile OPERATOR(pg_catalog.=) $1",
             "DELETE FROM phisync.profile WHERE name OPERATOR(pg_catalog.=) $1",
         }) {
      Execute(command, 1, types, values, nullptr);
    }
  });
  PG_RETURN_VOID();
}
