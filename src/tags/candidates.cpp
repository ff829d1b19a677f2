#include "tags/candidates.h"

#include "pg/boundary.h"
#include "pg/constraints.h"
#include "pg/types.h"
#include "tags/catalog_facts.h"

namespace phisync::tags {
namespace {

// A column of the relation, or an attribute of a column's composite type. In palloc'd memory.
struct Fact {
  NameData name;
  Oid type;  // what a domain is over
  AttrNumber number;
  bool own;
  char category;
  List* members;  // names of the attributes; NIL unless it is of a composite type
};

// The names of a composite type's attributes.
List* MembersOf(Oid base) {
  List* members = NIL;
  if (get_typtype(base) != TYPTYPE_COMPOSITE) return members;
  EachAttribute(get_typ_typrelid(base), nullptr, [&](const FormData_pg_attribute& attribute) {
    if (!attribute.attisdropped) {
      members = lappend(members, pstrdup(NameStr(attribute.attname)));
    }
  });
  return members;
}

struct Facts {
  Fact* facts;
  int count;
};

Facts ReadFactsOf(Oid relation) {
  Facts all = {static_cast<Fact*>(palloc(sizeof(Fact) * MaxHeapAttributeNumber)), 0};
  EachAttribute(relation, nullptr, [&](const FormData_pg_attribute& attribute) {
    if (attribute.attisdropped) return;
    Oid base = getBaseType(attribute.atttypid);
    List* members = MembersOf(base);
    all.facts[all.count++] = {attribute.attname,
                              base,
                              attribute.attnum,
                              attribute.attinhcount == 0,
                              TypeCategoryOf(attribute.atttypid),
                              members};
  });
  return all;
}

// The one column of a key; 0 if it has several.
AttrNumber OnlyColumnOf(HeapTuple tuple, TupleDesc desc) {
  bool null = false;
  const Datum datum = heap_getattr(tuple, Anum_pg_constraint_conkey, desc, &null);
  if (null) return 0;
  ArrayType* const key = DatumGetArrayTypeP(datum);
  if (ARR_NDIM(key) != 1 || ARR_DIMS(key)[0] != 1 || ARR_ELEMTYPE(key) != INT2OID) return 0;
  return *reinterpret_cast<int16*>(ARR_DATA_PTR(key));
}

// A key of one column: what it refers to, null for the relation's own key.
struct Key {
  AttrNumber column;
  const char* target;
  bool itself;  // refers to the relation itself
};

List* ReadKeys(Oid relation) {
  List* keys = NIL;
  Relation const constraints = table_open(ConstraintRelationId, AccessShareLock);
  ScanKeyData scan_key;
  ScanKeyInit(&scan_key, Anum_pg_constraint_conrelid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(relation));
  SysScanDesc const scan =
      systable_beginscan(constraints, ConstraintRelidTypidNameIndexId, true, nullptr, 1, &scan_key);
  for (HeapTuple tuple; HeapTupleIsValid(tuple = systable_getnext(scan));) {
    const auto* const form = reinterpret_cast<Form_pg_constraint>(GETSTRUCT(tuple));
    const bool refers = form->contype == CONSTRAINT_FOREIGN;
    if (!refers && form->contype != CONSTRAINT_PRIMARY) continue;
    const char* const target = refers ? get_rel_name(form->confrelid) : nullptr;
    const AttrNumber column = OnlyColumnOf(tuple, RelationGetDescr(constraints));
    if (column == 0 || (refers && target == nullptr)) continue;
    auto* const key = static_cast<Key*>(palloc(sizeof(Key)));
    *key = {column, target, form->confrelid == relation};
    keys = lappend(keys, key);
  }
  systable_endscan(scan);
  table_close(constraints, AccessShareLock);
  return keys;
}

}  // namespace

Candidates ReadCandidates(Oid relation) {
  const Facts facts = pg::Call([&] { return ReadFactsOf(relation); });
  Candidates result;
  for (int i = 0; i < facts.count; ++i) {
    const Fact& fact = facts.facts[i];
    detect::Column column;
    column.name = NameStr(fact.name);
    column.type_category = fact.category;
    column.json = fact.type == JSONOID || fact.type == JSONBOID || fact.members != NIL;
    // Their names tell something even where there is no value.
    for (int m = 0; m < list_length(fact.members); ++m) {
      column.Member(static_cast<const char*>(list_nth(fact.members, m)));
    }
    result.numbers.push_back(fact.number);
    result.own.push_back(fact.own);
    result.columns.push_back(std::move(column));
  }
  List* const keys = pg::Call([&] { return ReadKeys(relation); });
  for (int k = 0; k < list_length(keys); ++k) {
    const Key& key = *static_cast<Key*>(list_nth(keys, k));
    for (std::size_t i = 0; i < result.numbers.size(); ++i) {
      if (result.numbers[i] != key.column) continue;
      detect::Keys& known = result.columns[i].keys;
      if (key.target == nullptr) {
        known.primary = true;
      } else if (key.itself) {
        known.names_another = true;
      } else if (detect::IsAboutPersons(key.target)) {
        known.names_a_person = true;
      }
    }
  }
  return result;
}

std::vector<Proposal> ProposeLabels(Oid relation) {
  std::vector<Proposal> proposals;
  const char* table = pg::Call([&] { return get_rel_name(relation); });
  if (table == nullptr) return proposals;
  const Candidates candidates = ReadCandidates(relation);
  const std::vector<ClassId> classes = detect::Propose(table, candidates.columns);
  for (std::size_t i = 0; i < classes.size(); ++i) {
    proposals.push_back({candidates.numbers[i], candidates.columns[i].name, ClassText(classes[i])});
  }
  return proposals;
}

}  // namespace phisync::tags
