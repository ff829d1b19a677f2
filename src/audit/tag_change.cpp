#include "audit/tag_change.h"

#include "audit/trail.h"
#include "audit/who.h"
#include "core/json.h"
#include "pg/boundary.h"
#include "pg/seclabel.h"
#include "pg/session.h"

namespace phisync::audit {
namespace {

void AddMember(ByteBuffer& json, std::string_view name, const char* text) {
  json.Append(json.view().empty() ? '{' : ',');
  AppendJsonKey(json, name);
  if (text == nullptr) {
    json.Append("null");
  } else {
    AppendJsonString(json, text);
  }
}

}  // namespace

void RecordTagChange(const ObjectAddress& object, const char* before, const char* after) {
  if (!OidIsValid(pg::Call([] { return TrailTable(); }))) return;
  struct Facts {
    const char* column;
    const char* schema;
    std::uint64_t transaction;
    TimestampTz now;
  };
  const Facts facts = pg::Call([&] {
    Facts f = {};
    if (object.classId == NamespaceRelationId) {
      f.schema = quote_identifier(get_namespace_name(object.objectId));
    } else if (object.objectSubId != 0) {
      f.column = get_attname(object.objectId, static_cast<AttrNumber>(object.objectSubId), false);
    }
    f.transaction = U64FromFullTransactionId(GetTopFullTransactionId());
    f.now = GetCurrentTimestamp();
    return f;
  });
  std::vector<Event> events;
  Event& event = events.emplace_back(NewEvent(EventSource::kTag));
  event.transaction = facts.transaction;
  event.finished_at = facts.now;
  event.command = "SECURITY LABEL";
  event.top_command = event.command;
  event.rows = -1;
  event.precision = Precision::kStatement;
  if (object.classId == RelationRelationId) {
    TouchedRelation& relation = event.relations.emplace_back(
        TouchedRelation{object.objectId, QualifiedName(object.objectId), {}});
    // The class alone, as with all other events; what else the label said is in the detail.
    if (facts.column != nullptr) {
      const std::string_view label = before != nullptr ? before : "";
      relation.columns.push_back({facts.column, std::string(label.substr(0, label.find(';')))});
    }
  }
  ByteBuffer detail;
  AddMember(detail, "before", before);
  AddMember(detail, "after", after);
  if (facts.schema != nullptr) AddMember(detail, "schema", facts.schema);
  detail.Append('}');
  event.detail = std::string(detail.view());
  WriteTrail(events);
}

}  // namespace phisync::audit
