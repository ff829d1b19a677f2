// The SQL functions behind masked views and safe publications.

#include <string>

#include "core/label.h"
#include "masks/keys.h"
#include "pg/catalog.h"
#include "pg/text.h"
#include "pg/types.h"
#include "views/expression.h"
#include "views/treated.h"

namespace {

using namespace phisync;

profiles::Profile ProfileArgument(FunctionCallInfo fcinfo, int n) {
  return profiles::Require(pg::View(pg::Call([&] { return PG_GETARG_TEXT_PP(n); })));
}

std::string Reference(const std::string& prefix, const std::string& column) {
  return prefix + pg::Call([&] { return quote_identifier(column.c_str()); });
}

std::string SubjectReference(const views::Treated& treated, AttrNumber subject) {
  for (const views::TreatedColumn& column : treated.columns) {
    if (column.number == subject) return Reference("r.", column.name);
  }
  return {};
}

// True of rows all of whose codes the profile has consent for.
std::string Condition(const profiles::Profile& profile, const views::TreatedColumn& column,
                      const std::string& prefix) {
  const std::string reference = Reference(prefix, column.name);
  const bool elements =
      pg::Call([&] { return OidIsValid(get_element_type(getBaseType(column.type))); });
  std::string consents = "''";
  for (const std::string& code : profile.consents) consents += ", " + views::Literal(code);
  const std::string codes = elements
                                ? "array_remove(" + reference + "::text[], NULL)"
                                : "regexp_split_to_array(btrim(" + reference +
                                      "::text COLLATE \"C\", E' \\t\\r\\n,;'), E'[ \\t\\r\\n,;]+')";
  return "(" + reference + " IS NULL OR " + codes + " <@ ARRAY[" + consents + "]::text[])";
}

}  // namespace

// masked_views_now(): as the latest snapshot has them, not the transaction's.
PHISYNC_FUNCTION(phisync_masked_views_now) {
  InitMaterializedSRF(fcinfo, 0);
  auto* const result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  Relation const views = table_open(
      get_relname_relid("masked_view", get_namespace_oid("phisync", false)), AccessShareLock);
  SysScanDesc const scan = systable_beginscan(views, InvalidOid, false, nullptr, 0, nullptr);
  while (HeapTuple const row = systable_getnext(scan)) {
    // id and view, in the order of extension/61_views.sql.
    Datum values[2];
    bool nulls[2];
    for (int i = 0; i < 2; ++i) {
      values[i] = heap_getattr(row, i + 1, RelationGetDescr(views), &nulls[i]);
    }
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  }
  systable_endscan(scan);
  table_close(views, AccessShareLock);
  return Datum{0};
}

// masked_columns(relation regclass, profile text, view integer)
PHISYNC_FUNCTION(phisync_masked_columns) {
  auto* const result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  pg::Call([&] { InitMaterializedSRF(fcinfo, 0); });
  if (PG_ARGISNULL(0) || PG_ARGISNULL(1)) return Datum{0};
  const std::optional<int> view =
      PG_ARGISNULL(2) ? std::nullopt : std::optional<int>(PG_GETARG_INT32(2));
  const views::Treated treated = views::TreatedBy(ProfileArgument(fcinfo, 1), PG_GETARG_OID(0));
  for (const views::TreatedColumn& column : treated.columns) {
    const views::Source source = {Reference("r.", column.name), column.name, column.type,
                                  column.typmod, SubjectReference(treated, column.subject)};
    const std::optional<views::Shown> shown =
        views::MaskedExpression(source, column.treatment, view);
    const std::string transformation = Format(column.treatment.transform);
    pg::Call([&] {
      NameData name;
      namestrcpy(&name, column.name.c_str());
      Datum values[] = {Int16GetDatum(column.number),
                        NameGetDatum(&name),
                        BoolGetDatum(column.treatment.phi),
                        CStringGetTextDatum(transformation.c_str()),
                        BoolGetDatum(column.treatment.transform.facts().needs_key),
                        BoolGetDatum(column.treatment.rows),
                        BoolGetDatum(column.generated),
                        shown ? CStringGetTextDatum(shown->sql.c_str()) : Datum{0},
                        shown ? CStringGetTextDatum(shown->type.c_str()) : Datum{0}};
      bool nulls[] = {false, false, false, false, false, false, false, !shown, !shown};
      tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    });
  }
  return Datum{0};
}

// row_condition(relation regclass, profile text, prefix text)
PHISYNC_FUNCTION(phisync_row_condition) {
  const profiles::Profile profile = ProfileArgument(fcinfo, 1);
  const views::Treated treated = views::TreatedBy(profile, PG_GETARG_OID(0));
  if (treated.hides_rows) return pg::TextDatum("false");
  if (profile.built_in && profile.ConsentsTo(kPart2Code)) PG_RETURN_NULL();
  const std::string prefix(pg::View(pg::Call([&] { return PG_GETARG_TEXT_PP(2); })));
  std::string conditions;
  for (const views::TreatedColumn& column : treated.columns) {
    if (!column.treatment.rows) continue;
    conditions += (conditions.empty() ? "" : " AND ") + Condition(profile, column, prefix);
  }
  if (conditions.empty()) PG_RETURN_NULL();
  return pg::TextDatum(conditions);
}

// require_keys(relation regclass, profile text)
PHISYNC_FUNCTION(phisync_require_keys) {
  const views::Treated treated = views::TreatedBy(ProfileArgument(fcinfo, 1), PG_GETARG_OID(0));
  for (const views::TreatedColumn& column : treated.columns) {
    const Transform& transform = column.treatment.transform;
    if (transform.facts().needs_key) masks::KeysOf(transform.scope);
  }
  return Datum{0};
}
