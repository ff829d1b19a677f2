#include "sync/parameters_servable.h"

#include <string>

#include "core/error.h"
#include "core/transform.h"
#include "pg/boundary.h"
#include "pg/catalog.h"
#include "pg/text.h"
#include "profiles/profiles.h"
#include "sync/defined.h"
#include "sync/stored_parameters.h"
#include "tags/tags.h"

namespace phisync::sync {
namespace {

constexpr const char* kWhere =
    "What a parameters query selects becomes ids of buckets, which are in every record and in the "
    "answers of phisync.buckets_for.";

// The arguments of phisync.tag for a column.
std::string Quoted(Oid table, const char* column) {
  return pg::Call([&] {
    const char* const name = quote_qualified_identifier(
        get_namespace_name(get_rel_namespace(table)), get_rel_name(table));
    return static_cast<const char*>(
        psprintf("%s, %s", quote_literal_cstr(name), quote_literal_cstr(column)));
  });
}

// One parameter of a query under a profile.
class Parameter {
 public:
  Parameter(const profiles::Profile& profile, const char* name) : profile_(profile), name_(name) {}

  void Check(const tags::OutputSources& sources) const {
    if (sources.untold && profile_.rules.OnUnclassified(ValueType::kOther).op != Op::kKeep) {
      throw Error(sqlstate::kInsufficientPrivilege,
                  What() + " is made by a function of which nobody can tell what it reads", kWhere,
                  "Select columns of tables.");
    }
    for (const tags::OutputSources::Column& column : sources.columns) {
      const char* const name = column.number == 0 ? nullptr : pg::Call([&] {
        return static_cast<const char*>(get_attname(column.relation, column.number, true));
      });
      const List* const tables = pg::Call([&] {
        return const_cast<const List*>(column.heirs
                                           ? find_all_inheritors(column.relation, NoLock, nullptr)
                                           : list_make1_oid(column.relation));
      });
      for (int i = 0; i < list_length(tables); ++i) CheckTable(list_nth_oid(tables, i), name);
    }
  }

 private:
  [[nodiscard]] std::string What() const {
    return "bucket parameter \"" + std::string(name_) + "\"";
  }

  // Of the column of that name, or of all.
  void CheckTable(Oid table, const char* column) const {
    const std::string table_name = pg::Call([&] {
      const char* const found = get_rel_name(table);
      return found != nullptr ? found : "";
    });
    if (profiles::HidesRows(profile_, table)) {
      throw Error(sqlstate::kInsufficientPrivilege,
                  What() + " would tell of rows of table \"" + table_name +
                      "\", which are more sensitive than profile \"" + profile_.name +
                      "\" has consent for",
                  kWhere, "Use another table, or a profile that has consent.");
    }
    const std::vector<profiles::Treatment> treatments = profiles::TreatmentsOf(profile_, table);
    for (std::size_t i = 0; i < treatments.size(); ++i) {
      if (treatments[i].transform.op == Op::kKeep) continue;
      const char* const name = pg::Call([&] {
        return static_cast<const char*>(get_attname(table, static_cast<AttrNumber>(i + 1), true));
      });
      if (name == nullptr || (column != nullptr && strcmp(name, column) != 0)) continue;
      throw Error(sqlstate::kInsufficientPrivilege,
                  What() + " would carry column \"" + name + "\" of table \"" + table_name +
                      "\", of which profile \"" + profile_.name + "\" gives " +
                      Format(treatments[i].transform),
                  kWhere,
                  treatments[i].unclassified
                      ? "Nobody has said what it holds. If it means nothing outside the database: "
                        "SELECT phisync.tag(" +
                            Quoted(table, name) + ", 'none');"
                      : std::string("Use a column that means nothing outside the database, or a "
                                    "profile that keeps it."));
    }
  }

  const profiles::Profile& profile_;
  const char* name_;
};

}  // namespace

void RequireParametersServable(const Query* query, const char* profile_name) {
  const profiles::Profile profile = profiles::Require(profile_name);
  AttrNumber number = 0;
  for (int i = 0; i < list_length(query->targetList); ++i) {
    const auto& output = *static_cast<const TargetEntry*>(list_nth(query->targetList, i));
    if (output.resjunk) continue;
    Parameter(profile, output.resname).Check(tags::SourcesOf(query, ++number));
  }
}

}  // namespace phisync::sync

// (bucket text), strict
PHISYNC_FUNCTION(phisync_check_bucket_parameters) {
  using namespace phisync;
  const auto* const bucket = pg::Call([&] {
    return const_cast<const sync::DefinedBucket*>(
        sync::FindBucket(text_to_cstring(PG_GETARG_TEXT_PP(0))));
  });
  if (bucket == nullptr || bucket->parameters == nullptr) PG_RETURN_VOID();
  const Query* const query =
      pg::Call([&] { return sync::ReadParameters(sync::FindParameters(bucket->name)); });
  if (query != nullptr) sync::RequireParametersServable(query, bucket->profile);
  PG_RETURN_VOID();
}
