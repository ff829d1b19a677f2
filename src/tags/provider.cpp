#include "tags/provider.h"

#include <string>
#include <vector>

#include "core/error.h"
#include "core/label.h"
#include "core/label_reader.h"
#include "pg/boundary.h"
#include "pg/seclabel.h"
#include "sync/policy.h"
#include "tags/catalog_facts.h"
#include "tags/dependents.h"
#include "tags/tags.h"
#include "tags/weakened.h"

namespace phisync::tags {
namespace {

[[noreturn]] void RefuseObject() {
  throw Error(sqlstate::kWrongObjectType,
              "labels of provider \"phisync\" are for columns, tables, views and schemas",
              "Other objects hold no data that could be tagged.",
              "Use SECURITY LABEL FOR phisync ON COLUMN, TABLE, VIEW, MATERIALIZED VIEW, FOREIGN "
              "TABLE or SCHEMA.");
}

// pg_restore and pg_dump's scripts switch this off: they may bring labels in any order, and labels
// that a later ALTER TABLE made questionable. What does not parse is refused all the same.
bool ChecksColumns() {
  return check_function_bodies;
}

void RequireColumn(Oid relation, const std::string& name, const char* key) {
  if (name.empty()) return;
  const AttrNumber column = pg::Call([&] { return get_attnum(relation, name.c_str()); });
  if (column > 0) return;
  const char* relation_name = pg::Call([&] { return get_rel_name(relation); });
  throw Error(sqlstate::kUndefinedColumn,
              "column \"" + name + "\" of relation \"" + relation_name + "\" does not exist",
              std::string("The label names it in key \"") + key + "\".",
              "Name a column of the same relation, written as in SQL.");
}

// Refuses a second subject; `column` is the one being labelled, 0 for the relation itself.
void RequireOneSubject(Oid relation, AttrNumber column, const std::string& named) {
  const RelationFacts* facts = pg::Call([&] { return ReadFacts(relation); });
  if (facts == nullptr) return;
  std::string other;
  for (int i = 0; i < facts->column_count && other.empty(); ++i) {
    const ColumnFacts& candidate = facts->columns[i];
    if (candidate.dropped || candidate.label == nullptr || i + 1 == column) continue;
    if (named == NameStr(candidate.name)) continue;
    try {
      if (ParseColumnLabel(candidate.label).subject) other = NameStr(candidate.name);
    } catch (const Error&) {
      // Written by another version; it counts as PHI, not as a subject.
    }
  }
  if (other.empty() && column != 0 && facts->label != nullptr) {
    try {
      const TableLabel label = ParseTableLabel(facts->label);
      if (!label.subject.empty() && label.subject != named) other = label.subject;
    } catch (const Error&) {
      // As above.
    }
  }
  if (other.empty()) return;
  const char* relation_name = pg::Call([&] { return get_rel_name(relation); });
  throw Error(sqlstate::kInvalidObjectDefinition,
              std::string("relation \"") + relation_name + "\" has a subject already",
              "Column \"" + other + "\" holds the subject's id.",
              "A row is about one subject; say whom a single cell is about with of=column.");
}

void CheckColumn(Oid relation, AttrNumber column, const char* text) {
  const ColumnLabel label = ParseColumnLabel(text);
  if (!ChecksColumns()) return;
  struct TypeFacts {
    char category;
    const char* type;
    const char* name;
  };
  const TypeFacts facts = pg::Call([&] {
    const Oid type = get_atttype(relation, column);
    TypeFacts f = {};
    f.category = TypeCategoryOf(type);
    f.type = format_type_be(type);
    f.name = get_attname(relation, column, false);
    return f;
  });
  if (!KindFitsType(TagClasses()[label.tag_class].kind, facts.category)) {
    throw Error(
        sqlstate::kDatatypeMismatch,
        "tag \"" + ClassText(label.tag_class) + "\" does not fit column \"" + facts.name + "\"",
        std::string("A column of type ") + facts.type + " cannot hold this.",
        "Choose the class that says what the column holds, or none if it is not PHI.");
  }
  if (label.rows && facts.category != TYPCATEGORY_STRING) {
    throw Error(sqlstate::kDatatypeMismatch,
                std::string("column \"") + facts.name + "\" cannot hold sensitivity codes",
                std::string("With rows=sens it holds the codes of its row; its type is ") +
                    facts.type + ".",
                "Keep the codes in a column of type text, one, or text[], several.");
  }
  RequireColumn(relation, label.of, "of");
  if (label.subject) RequireOneSubject(relation, column, facts.name);
}

void CheckRelation(const ObjectAddress& object, const char* text) {
  const char kind = pg::Call([&] { return get_rel_relkind(object.objectId); });
  if (kind != RELKIND_RELATION && kind != RELKIND_PARTITIONED_TABLE && kind != RELKIND_VIEW &&
      kind != RELKIND_MATVIEW && kind != RELKIND_FOREIGN_TABLE) {
    RefuseObject();
  }
  if (object.objectId < FirstNormalObjectId) {
    throw Error(sqlstate::kWrongObjectType, "system catalogs cannot be tagged",
                "They hold no rows about persons.", "Tag your own tables and views.");
  }
  if (object.objectSubId != 0) {
    CheckColumn(object.objectId, static_cast<AttrNumber>(object.objectSubId), text);
    return;
  }
  const TableLabel label = ParseTableLabel(text);
  if (!ChecksColumns()) return;
  RequireColumn(object.objectId, label.subject, "subject");
  if (!label.subject.empty()) RequireOneSubject(object.objectId, 0, label.subject);
}

// What of a label decides what consumers get, in canonical text; empty: no label.
std::string Deciding(const ObjectAddress& object, const char* text) {
  if (text == nullptr) return {};
  try {
    if (object.classId == NamespaceRelationId) return DecidingText(ParseSchemaLabel(text));
    if (object.objectSubId == 0) return DecidingText(ParseTableLabel(text));
    return DecidingText(ParseColumnLabel(text));
  } catch (const Error&) {
    return "unreadable";
  }
}

// Makes caches forget what follows from the label, and consumers take anew what it may have
// changed: all buckets with a query on a table whose tags follow it. Whether another label decides
// in the end is not asked, so that one bucket too many may be named.
void Follow(const ObjectAddress& object, const char* text) {
  const char* const old = pg::Call([&] { return GetSecurityLabel(&object, kProvider); });
  const bool matters = Deciding(object, old) != Deciding(object, text);
  pg::Call([&] {
    List* const relations = object.classId == RelationRelationId
                                ? Dependents(object.objectId)
                                : DependentsOfSchema(object.objectId);
    if (matters) {
      sync::RecordPolicyChange("tag changed", sync::DefinitionsOn(relations), NIL);
    }
    // Last, so that it belongs to the command that writes the label.
    Invalidate(relations);
  });
}

void Check(const ObjectAddress* object, const char* text) {
  pg::Entry([&] {
    const bool relation = object->classId == RelationRelationId;
    if (!relation && object->classId != NamespaceRelationId) {
      // A label that got there otherwise may go.
      if (text == nullptr) return;
      RefuseObject();
    }
    if (object->objectSubId < 0) {
      if (text == nullptr) return;
      throw Error(sqlstate::kWrongObjectType, "system columns cannot be tagged",
                  "They say where a row is and who wrote it, nothing about a person.",
                  "Tag the table's own columns.");
    }
    if (text != nullptr) {
      if (relation) {
        CheckRelation(*object, text);
      } else {
        ParseSchemaLabel(text);
      }
    }
    AllowOrRefuse(*object, text);
    Follow(*object, text);
  });
}

}  // namespace

void RegisterProvider() {
  pg::Call([] { register_label_provider(kProvider, Check); });
}

}  // namespace phisync::tags
