#include "reads/verdict.h"

#include <algorithm>
#include <string>

#include "audit/settings.h"
#include "audit/who.h"
#include "core/error.h"
#include "core/purpose.h"
#include "pg/boundary.h"
#include "reads/grants.h"
#include "reads/needs.h"

namespace phisync::reads {
namespace {

std::string WordFor(Oid relation) {
  switch (pg::Call([&] { return get_rel_relkind(relation); })) {
    case RELKIND_VIEW:
      return "view ";
    case RELKIND_MATVIEW:
      return "materialized view ";
    case RELKIND_FOREIGN_TABLE:
      return "foreign table ";
    default:
      return "table ";
  }
}

std::string NameOf(Oid relation) {
  const char* name = pg::Call([&] { return get_rel_name(relation); });
  return name != nullptr ? name : "";
}

// The kind as an element of an array in SQL; it has no quotes in it.
std::string Quoted(const std::string& text) {
  return "'" + text + "'";
}

std::vector<std::string> Quoted(std::vector<std::string> texts) {
  for (std::string& text : texts) text = Quoted(text);
  return texts;
}

// What the session can do itself.
[[noreturn]] void RefusePurpose(const std::string& message, const std::string& role,
                                const std::string& kinds,
                                const std::vector<std::string>& purposes) {
  const std::string declared = audit::CanonicalPurpose(audit::Purpose());
  throw Error(sqlstate::kInsufficientPrivilege, message,
              role + " may read " + kinds + " only for the purpose " + Joined(purposes, " or ") +
                  (declared.empty() ? "; none is declared." : "; declared is " + declared + "."),
              "If it is true: SET phisync.purpose = " + Quoted(purposes.front()) + ";");
}

}  // namespace

std::vector<audit::TouchedRelation> ColumnsOf(const List* entries, const ReadKinds& kinds) {
  std::vector<audit::TouchedRelation> relations;
  EachNeed(entries, [&](Oid oid, Need need) {
    if (!kinds.test(need.kind)) return;
    auto relation = std::find_if(relations.begin(), relations.end(),
                                 [&](const auto& known) { return known.oid == oid; });
    if (relation == relations.end()) {
      relation = relations.insert(relations.end(), {oid, audit::QualifiedName(oid), {}});
    }
    const char* name = pg::Call([&] { return get_attname(oid, need.column, true); });
    audit::TouchedColumn column{name != nullptr ? name : "", KindText(need.kind)};
    auto& columns = relation->columns;
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
      columns.push_back(std::move(column));
    }
  });
  return relations;
}

void Refuse(Oid role, const ReadKinds& kinds,
            const std::vector<audit::TouchedRelation>& relations) {
  struct Facts {
    const char* name;
    const char* quoted;
    bool superuser;
  };
  const Facts facts = pg::Call([&] {
    const char* name = GetUserNameFromId(role, true);
    if (name == nullptr) name = "";
    return Facts{name, quote_literal_cstr(quote_identifier(name)), superuser_arg(role)};
  });
  const Oid relation = relations.front().oid;
  const std::string message =
      "permission denied for PHI of " + WordFor(relation) + NameOf(relation);
  const std::string subject = std::string("Role \"") + facts.name + "\"";
  const std::vector<std::string> texts = KindTexts(kinds);
  if (const std::vector<std::string> purposes = PurposesFor(role, kinds); !purposes.empty()) {
    RefusePurpose(message, subject, Joined(texts), purposes);
  }
  const std::string detail =
      subject + " is not granted to read " + Joined(texts) +
      (kinds.test(kReadSamples) ? ", and statistics hold samples of every column." : ".");
  const std::string grant = "SELECT phisync.grant_read(" + std::string(facts.quoted) + ", ARRAY[" +
                            Joined(Quoted(texts)) + "]);";
  throw Error(sqlstate::kInsufficientPrivilege, message, detail,
              facts.superuser
                  ? "Superusers are not exempt, unless phisync.superuser_reads is on; what they "
                    "read is then recorded. For pg_dump: PGOPTIONS='-c phisync.superuser_reads=on'."
                  : "A member of phisync_officer can grant it: " + grant);
}

}  // namespace phisync::reads
