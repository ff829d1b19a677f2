// The SQL functions of detection.

#include "core/detect.h"

#include <algorithm>
#include <string>

#include "core/byte_buffer.h"
#include "core/error.h"
#include "core/json.h"
#include "pg/catalog.h"
#include "pg/extension.h"
#include "pg/seclabel.h"
#include "pg/text.h"
#include "pg/types.h"
#include "tags/candidates.h"
#include "tags/resolver.h"
#include "tags/sample.h"

namespace {

using namespace phisync;

constexpr int kMaxSample = 100'000;

// A relation to look at; in palloc'd memory.
struct Target {
  Oid oid;
  char kind;
  const char* schema;
  const char* name;
};

// Tables and views of the schemas (all if null), in the order of their names, but for partitions,
// temporary tables of other sessions and what belongs to the extension.
List* Targets(const List* schemas, Oid own_schema) {
  List* targets = NIL;
  Relation classes = table_open(RelationRelationId, AccessShareLock);
  SysScanDesc scan = systable_beginscan(classes, InvalidOid, false, nullptr, 0, nullptr);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
    auto* form = reinterpret_cast<Form_pg_class>(GETSTRUCT(tuple));
    if (form->oid < FirstNormalObjectId || form->relispartition) continue;
    if (form->relkind != RELKIND_RELATION && form->relkind != RELKIND_PARTITIONED_TABLE &&
        form->relkind != RELKIND_VIEW && form->relkind != RELKIND_MATVIEW &&
        form->relkind != RELKIND_FOREIGN_TABLE) {
      continue;
    }
    if (form->relnamespace == own_schema || isOtherTempNamespace(form->relnamespace)) continue;
    if (schemas != nullptr && !list_member_oid(schemas, form->relnamespace)) continue;
    auto* target = static_cast<Target*>(palloc(sizeof(Target)));
    *target = {form->oid, form->relkind, get_namespace_name(form->relnamespace),
               pstrdup(NameStr(form->relname))};
    if (target->schema != nullptr) targets = lappend(targets, target);
  }
  systable_endscan(scan);
  table_close(classes, AccessShareLock);
  list_sort(targets, [](const ListCell* a, const ListCell* b) {
    auto* x = static_cast<Target*>(lfirst(a));
    auto* y = static_cast<Target*>(lfirst(b));
    const int schema = strcmp(x->schema, y->schema);
    return schema != 0 ? schema : strcmp(x->name, y->name);
  });
  return targets;
}

List* SchemasOf(ArrayType* array) {
  Datum* elements = nullptr;
  bool* nulls = nullptr;
  int count = 0;
  deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &count);
  List* schemas = NIL;
  for (int i = 0; i < count; ++i) {
    if (nulls[i]) {
      ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("a schema must not be NULL"),
                      errhint("Leave schemas out to look at all.")));
    }
    schemas = lappend_oid(schemas, get_namespace_oid(TextDatumGetCString(elements[i]), false));
  }
  // No schema is not all schemas.
  return schemas == NIL ? list_make1_oid(InvalidOid) : schemas;
}

// What the glue knows besides: how many rows were looked at, or why none, and the present tag.
std::string EvidenceOf(const detect::Finding& finding, int sampled, const char* names_only,
                       bool row_security_applies, const std::string& tag) {
  ByteBuffer out;
  out.Append(std::string_view(finding.evidence).substr(0, finding.evidence.size() - 1));
  if (names_only != nullptr) {
    out.Append(',');
    AppendJsonKey(out, "names_only");
    AppendJsonString(out, names_only);
  } else {
    out.Append(",\"sampled\":");
    out.Append(std::to_string(sampled));
  }
  if (row_security_applies) out.Append(",\"row_security\":true");
  if (!tag.empty()) {
    out.Append(',');
    AppendJsonKey(out, "tag");
    AppendJsonString(out, tag);
  }
  out.Append('}');
  return std::string(out.view());
}

class Detection {
 public:
  Detection(ReturnSetInfo* result, int sample) : result_(result), sample_(sample) {}

  void Look(const Target& target) {
    tags::Candidates columns = tags::ReadCandidates(target.oid);
    if (std::find(columns.own.begin(), columns.own.end(), true) == columns.own.end()) return;
    const auto& resolved = resolver_.Resolve(target.oid);
    bool has_subject = false;
    for (const tags::ColumnTag& tag : resolved.tags.columns) has_subject |= tag.subject;
    int sampled = 0;
    const char* names_only = nullptr;
    std::vector<char> denied(columns.numbers.size());
    bool row_security_applies = false;
    if (target.kind == RELKIND_VIEW || target.kind == RELKIND_MATVIEW) {
      names_only = "view";
    } else if (target.kind == RELKIND_FOREIGN_TABLE) {
      names_only = "foreign table";
    } else if (sample_ == 0) {
      names_only = "no rows asked for";
    } else {
      names_only =
          tags::Sample(target.oid, sample_, columns.numbers, columns.columns, denied, &sampled);
      row_security_applies = names_only == nullptr && pg::Call([&] {
                               return check_enable_rls(target.oid, InvalidOid, true) == RLS_ENABLED;
                             });
    }
    const std::vector<detect::Finding> findings =
        detect::Detect(target.name, columns.columns, has_subject);
    for (std::size_t i = 0; i < findings.size(); ++i) {
      if (findings[i].tag_class == kClassNone || !columns.own[i]) continue;
      const auto index = static_cast<std::size_t>(columns.numbers[i] - 1);
      const std::string tag =
          index < resolved.tags.columns.size() ? resolved.tags.columns[index].text : std::string();
      Put(target, columns.columns[i].name, findings[i],
          EvidenceOf(findings[i], sampled,
                     names_only == nullptr && denied[i] ? "no SELECT privilege" : names_only,
                     row_security_applies, tag));
    }
  }

 private:
  void Put(const Target& target, const std::string& column, const detect::Finding& finding,
           const std::string& evidence) {
    pg::Call([&] {
      NameData name;
      namestrcpy(&name, column.c_str());
      Datum values[6];
      bool nulls[6] = {};
      values[0] = ObjectIdGetDatum(target.oid);
      values[1] = NameGetDatum(&name);
      values[2] = CStringGetTextDatum(TagClasses()[finding.tag_class].text.data());
      // Never rounded up to a bound.
      values[3] =
          DirectFunctionCall3(numeric_in,
                              CStringGetDatum(psprintf(
                                  "0.%03d", Min(999, static_cast<int>(finding.confidence * 1000)))),
                              ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
      values[4] = DirectFunctionCall1(jsonb_in, CStringGetDatum(evidence.c_str()));
      values[5] = CStringGetTextDatum(finding.label.c_str());
      tuplestore_putvalues(result_->setResult, result_->setDesc, values, nulls);
    });
  }

  ReturnSetInfo* result_;
  int sample_;
  tags::Resolver resolver_;
};

}  // namespace

// detect(schemas text[], sample int)
PHISYNC_FUNCTION(phisync_detect) {
  auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  List* targets = pg::Call([&] {
    InitMaterializedSRF(fcinfo, 0);
    if (PG_ARGISNULL(1) || PG_GETARG_INT32(1) < 0 || PG_GETARG_INT32(1) > kMaxSample) {
      ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                      errmsg("sample must be between 0 and %d rows", kMaxSample),
                      errhint("0 looks at names alone.")));
    }
    const List* schemas = PG_ARGISNULL(0) ? nullptr : SchemasOf(PG_GETARG_ARRAYTYPE_P(0));
    return Targets(schemas, get_namespace_oid("phisync", true));
  });
  Detection detection(result, PG_GETARG_INT32(1));
  for (int i = 0; i < list_length(targets); ++i) {
    pg::Call([] { CHECK_FOR_INTERRUPTS(); });
    detection.Look(*static_cast<Target*>(list_nth(targets, i)));
  }
  return Datum{0};
}

// suggested_labels(relation regclass)
PHISYNC_FUNCTION(phisync_suggested_labels) {
  auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  pg::Call([&] { InitMaterializedSRF(fcinfo, 0); });
  for (const tags::Proposal& proposal : tags::ProposeLabels(PG_GETARG_OID(0))) {
    pg::Call([&] {
      NameData name;
      namestrcpy(&name, proposal.column.c_str());
      Datum values[2] = {NameGetDatum(&name), CStringGetTextDatum(proposal.label.c_str())};
      bool nulls[2] = {};
      tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
    });
  }
  return Datum{0};
}
