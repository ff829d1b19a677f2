// Row-change triggers: what phisync.audit_table puts on a table.

#include "audit/tag_cache.h"
#include "audit/trail.h"
#include "audit/who.h"
#include "core/error.h"
#include "core/row_key.h"
#include "pg/compat.h"
#include "pg/executor.h"
#include "pg/session.h"
#include "pg/text.h"

namespace phisync::audit {
namespace {

struct KeyColumns {
  int count;
  AttrNumber attnums[INDEX_MAX_KEYS];
};

// Columns of the primary key in its order; none without one.
KeyColumns PrimaryKeyOf(Relation relation) {
  KeyColumns key = {};
  const Oid index_oid = pg::PrimaryKeyIndex(relation);
  if (!OidIsValid(index_oid)) return key;
  Relation index = index_open(index_oid, AccessShareLock);
  key.count = index->rd_index->indnkeyatts;
  for (int i = 0; i < key.count; ++i) key.attnums[i] = index->rd_index->indkey.values[i];
  index_close(index, AccessShareLock);
  return key;
}

// A value as text that no session setting changes.
const char* KeyText(Datum value, Oid type) {
  if (type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID) {
    char text[MAXDATELEN + 1];
    const int utc = 0;
    return pstrdup(JsonEncodeDateTime(text, value, type, type == TIMESTAMPTZOID ? &utc : nullptr));
  }
  Oid output = InvalidOid;
  bool varlena = false;
  getTypeOutputInfo(type, &output, &varlena);
  return OidOutputFunctionCall(output, value);
}

// The top of a partitioned table that the relation is a part of; else itself.
Oid RootOf(Oid relation) {
  if (!get_rel_relispartition(relation)) return relation;
  List* ancestors = get_partition_ancestors(relation);
  return ancestors == NIL ? relation : llast_oid(ancestors);
}

std::string KeyOf(const KeyColumns& key, const TaggedRelation& tags, const std::string& root_name,
                  const std::vector<std::string>& values) {
  if (key.count == 0) return {};
  bool tagged = false;
  for (int i = 0; i < key.count; ++i) tagged = tagged || !tags.TagOf(key.attnums[i]).empty();
  return tagged ? HashedKey(KeySecret(), root_name, values) : KeyArray(values);
}

std::vector<std::string> KeyValues(const KeyColumns& key, TupleTableSlot* slot) {
  std::vector<std::string> values;
  for (int i = 0; i < key.count; ++i) {
    values.emplace_back(pg::Call([&] {
      bool null = false;
      const Datum value = slot_getattr(slot, key.attnums[i], &null);
      const Oid type = TupleDescAttr(slot->tts_tupleDescriptor, key.attnums[i] - 1)->atttypid;
      return null ? "" : KeyText(value, getBaseType(type));
    }));
  }
  return values;
}

bool Changed(TupleTableSlot* before, TupleTableSlot* after, AttrNumber attnum) {
  bool null_before = false;
  bool null_after = false;
  const Datum old_value = slot_getattr(before, attnum, &null_before);
  const Datum new_value = slot_getattr(after, attnum, &null_after);
  if (null_before || null_after) return null_before != null_after;
  Form_pg_attribute column = TupleDescAttr(before->tts_tupleDescriptor, attnum - 1);
  return !datum_image_eq(old_value, new_value, column->attbyval, column->attlen);
}

// Adds the tagged columns that the operation touched, and of an update the names of all it changed.
void AddColumns(Event& event, const TaggedRelation& tags, const TriggerData& trigger) {
  TupleDesc columns = RelationGetDescr(trigger.tg_relation);
  const bool update = TRIGGER_FIRED_BY_UPDATE(trigger.tg_event);
  for (int i = 0; i < columns->natts; ++i) {
    Form_pg_attribute column = TupleDescAttr(columns, i);
    if (column->attisdropped) continue;
    const auto attnum = static_cast<AttrNumber>(i + 1);
    if (update) {
      if (!pg::Call([&] { return Changed(trigger.tg_trigslot, trigger.tg_newslot, attnum); }))
        continue;
      event.changed_columns.emplace_back(NameStr(column->attname));
    }
    const std::string& tag = tags.TagOf(attnum);
    if (!tag.empty()) event.relations.front().columns.push_back({NameStr(column->attname), tag});
  }
}

void RecordChange(const TriggerData& trigger) {
  struct Facts {
    Oid relation;
    Oid root;
    KeyColumns key;
    std::uint64_t transaction;
    TimestampTz now;
  };
  const Facts facts = pg::Call([&] {
    const Oid relation = RelationGetRelid(trigger.tg_relation);
    return Facts{relation, RootOf(relation), PrimaryKeyOf(trigger.tg_relation),
                 U64FromFullTransactionId(GetTopFullTransactionId()), GetCurrentTimestamp()};
  });
  std::vector<Event> events;
  Event& event = events.emplace_back(NewEvent(EventSource::kChange));
  event.transaction = facts.transaction;
  event.finished_at = facts.now;
  event.relations.push_back({facts.relation, QualifiedName(facts.relation), {}});
  if (facts.root != facts.relation) {
    event.relations.push_back({facts.root, QualifiedName(facts.root), {}});
  }
  const TaggedRelation& tags = TagsOf(facts.relation);
  AddColumns(event, tags, trigger);
  if (TRIGGER_FIRED_BY_TRUNCATE(trigger.tg_event)) {
    event.command = "TRUNCATE";
    event.precision = Precision::kBulk;
    event.rows = -1;
  } else {
    event.command = TRIGGER_FIRED_BY_INSERT(trigger.tg_event)   ? "INSERT"
                    : TRIGGER_FIRED_BY_UPDATE(trigger.tg_event) ? "UPDATE"
                                                                : "DELETE";
    event.precision = Precision::kRow;
    event.rows = 1;
    event.row_key = KeyOf(facts.key, tags, event.relations.back().name,
                          KeyValues(facts.key, trigger.tg_trigslot));
  }
  event.top_command = event.command;
  WriteTrail(events);
}

}  // namespace
}  // namespace phisync::audit

PHISYNC_FUNCTION(phisync_audit_change) {
  using phisync::Error;
  if (!CALLED_AS_TRIGGER(fcinfo)) {
    throw Error("39P01", "phisync.audit_change is a trigger function", {},
                "Call phisync.audit_table() for the table.");
  }
  const auto* trigger = reinterpret_cast<TriggerData*>(fcinfo->context);
  if (!TRIGGER_FIRED_AFTER(trigger->tg_event) ||
      TRIGGER_FIRED_FOR_ROW(trigger->tg_event) == TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event)) {
    throw Error("39P01", "phisync.audit_change must run after each row, or after TRUNCATE", {},
                "Call phisync.audit_table() for the table.");
  }
  phisync::audit::RecordChange(*trigger);
  return PointerGetDatum(nullptr);
}

PHISYNC_FUNCTION(phisync_audit_row_key) {
  using namespace phisync;
  const Oid oid = PG_GETARG_OID(0);
  struct Given {
    Oid root;
    audit::KeyColumns key;
    Datum* values;
    bool* nulls;
    int count;
  };
  const Given given = pg::Call([&] {
    Given g = {};
    g.root = audit::RootOf(oid);
    Relation relation = relation_open(oid, AccessShareLock);
    g.key = audit::PrimaryKeyOf(relation);
    relation_close(relation, AccessShareLock);
    deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), TEXTOID, -1, false, TYPALIGN_INT, &g.values,
                      &g.nulls, &g.count);
    return g;
  });
  const std::string name = audit::QualifiedName(given.root);
  if (given.key.count == 0) {
    throw Error(sqlstate::kInvalidObjectDefinition, "relation " + name + " has no primary key",
                "The trail names rows by their primary key.",
                "ALTER TABLE ... ADD PRIMARY KEY (...);");
  }
  std::vector<std::string> values;
  for (int i = 0; i < given.count; ++i) {
    values.emplace_back(
        given.nulls[i] ? std::string_view()
                       : pg::View(reinterpret_cast<const text*>(DatumGetPointer(given.values[i]))));
  }
  if (given.count != given.key.count) {
    throw Error(sqlstate::kInvalidParameterValue, "wrong number of key values",
                "The primary key of " + name + " has " + std::to_string(given.key.count) +
                    " columns; values given: " + std::to_string(given.count) + ".",
                "Give the values of all its columns in the order of the key.");
  }
  return pg::TextDatum(audit::KeyOf(given.key, audit::TagsOf(oid), name, values));
}
