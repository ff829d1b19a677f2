// From the rows of the extension's tables to compiled rules.

#include "pg/expression.h"
#include "pg/text.h"
#include "retention/row_key.h"
#include "retention/rules.h"

namespace phisync::retention {
namespace {

using pg::Call;

constexpr char kWhy[] =
    "It is one SQL expression over the table's own columns that gives the same value for the same "
    "row in every "
    "session, at any time.";
constexpr char kRemedy[] =
    "Use immutable built-in functions; store dates as date, timestamp or timestamptz, and use AT "
    "TIME ZONE 'UTC' for "
    "arithmetic on timestamptz.";

// Columns of phisync.retention_policy and phisync.legal_hold, in the order of
// extension/40_retention.sql and 41_holds.sql.
enum PolicyColumn {
  kName = 1,
  kRelation,
  kAnchor,
  kMinimum,
  kMaximum,
  kFilter,
  kSubject,
  kAction,
  kEnabled
};
enum HoldColumn {
  kHoldName = 1,
  kHoldReason,
  kHoldCase,
  kHoldRelation,
  kHoldPk,
  kHoldSubject,
  kHoldPredicate,
  kHoldPlacedAt,
  kHoldPlacedBy,
  kHoldReleasedAt
};

struct HoldRow {
  const char* name;
  Jsonb* pk;
  const char* subject;
  const char* predicate;
};

template <typename Row>
struct Rows {
  Row* rows;
  int size;
};

const char* TextOf(HeapTuple tuple, TupleDesc desc, int column) {
  bool is_null = false;
  const Datum value = heap_getattr(tuple, column, desc, &is_null);
  return is_null ? nullptr : TextDatumGetCString(value);
}

const ::Interval* IntervalOf(HeapTuple tuple, TupleDesc desc, int column) {
  bool is_null = false;
  const Datum value = heap_getattr(tuple, column, desc, &is_null);
  if (is_null) return nullptr;
  auto* const copy = static_cast<::Interval*>(palloc(sizeof(::Interval)));
  *copy = *reinterpret_cast<const ::Interval*>(DatumGetPointer(value));
  return copy;
}

template <typename Row, typename Read>
Rows<Row> ReadAll(const char* table, Snapshot snapshot, Read read) {
  Relation const relation = table_open(OwnTable(table), AccessShareLock);
  int capacity = 16;
  Rows<Row> list{static_cast<Row*>(palloc(sizeof(Row) * capacity)), 0};
  SysScanDesc const scan = systable_beginscan(relation, InvalidOid, false, snapshot, 0, nullptr);
  while (HeapTuple tuple = systable_getnext(scan)) {
    if (list.size == capacity) {
      capacity *= 2;
      list.rows = static_cast<Row*>(repalloc_huge(list.rows, sizeof(Row) * capacity));
    }
    if (read(tuple, RelationGetDescr(relation), &list.rows[list.size])) ++list.size;
  }
  systable_endscan(scan);
  table_close(relation, AccessShareLock);
  return list;
}

bool ReadPolicy(HeapTuple tuple, TupleDesc desc, Oid relation, PolicyRow* row) {
  bool is_null = false;
  if (DatumGetObjectId(heap_getattr(tuple, kRelation, desc, &is_null)) != relation) return false;
  if (!DatumGetBool(heap_getattr(tuple, kEnabled, desc, &is_null))) return false;
  row->name = TextOf(tuple, desc, kName);
  row->relation = relation;
  row->anchor = TextOf(tuple, desc, kAnchor);
  row->minimum = IntervalOf(tuple, desc, kMinimum);
  row->maximum = IntervalOf(tuple, desc, kMaximum);
  row->filter = TextOf(tuple, desc, kFilter);
  const Datum subject = heap_getattr(tuple, kSubject, desc, &is_null);
  row->subject = is_null ? nullptr : pstrdup(NameStr(*DatumGetName(subject)));
  return true;
}

bool ReadHold(HeapTuple tuple, TupleDesc desc, Oid relation, HoldRow* row) {
  bool is_null = false;
  heap_getattr(tuple, kHoldReleasedAt, desc, &is_null);
  if (!is_null) return false;
  const Datum on = heap_getattr(tuple, kHoldRelation, desc, &is_null);
  if (!is_null && DatumGetObjectId(on) != relation) return false;
  row->name = TextOf(tuple, desc, kHoldName);
  const Datum pk = heap_getattr(tuple, kHoldPk, desc, &is_null);
  row->pk = is_null ? nullptr : DatumGetJsonbPCopy(pk);
  row->subject = TextOf(tuple, desc, kHoldSubject);
  row->predicate = TextOf(tuple, desc, kHoldPredicate);
  return true;
}

std::optional<Interval> Period(const ::Interval* interval) {
  if (interval == nullptr) return std::nullopt;
  return Interval{interval->month, interval->day, interval->time};
}

bool IsAnchorType(Oid type) {
  return type == DATEOID || type == TIMESTAMPOID || type == TIMESTAMPTZOID;
}

pg::RowExpression ParseBoolean(Relation relation, const char* text, const char* what) {
  const pg::ExpressionUse use{what, kWhy, kRemedy};
  const pg::RowExpression parsed = pg::ParseRowExpression(relation, text, use);
  if (parsed.type != BOOLOID) {
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("%s gives %s, not boolean", what, format_type_be(parsed.type)),
                    errdetail("It chooses rows: those for which it is true."),
                    errhint("Write a condition such as status = 'closed'.")));
  }
  return parsed;
}

pg::RowExpression ParseAnchor(Relation relation, const char* text, const char* policy) {
  const char* const what = psprintf("anchor of retention policy \"%s\"", policy);
  const pg::ExpressionUse use{what, kWhy, kRemedy};
  const pg::RowExpression parsed = pg::ParseRowExpression(relation, text, use);
  if (!IsAnchorType(parsed.type)) {
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("%s gives %s, which is no time", what, format_type_be(parsed.type)),
                    errdetail("Retention is counted from a date, timestamp or timestamptz."),
                    errhint("Name a column of one of these types, or build one, such as "
                            "greatest(a, b) or make_date(y, m, d).")));
  }
  return parsed;
}

AttrNumber SubjectColumn(Relation relation, const char* name) {
  const AttrNumber attnum = get_attnum(RelationGetRelid(relation), name);
  if (attnum <= 0) {
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                    errmsg("column \"%s\" does not exist in table \"%s\"", name,
                           RelationGetRelationName(relation)),
                    errdetail("The subject of a retention policy is a column that holds the id "
                              "of the person whom the row is about."),
                    errhint("Name the column, as it is spelt in the table.")));
  }
  const Oid type = getBaseType(TupleDescAttr(RelationGetDescr(relation), attnum - 1)->atttypid);
  if (!CanBeSubject(type)) {
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("subject column \"%s\" is of type %s", name, format_type_be(type)),
                    errdetail("Legal holds name subjects by text, and this type's text depends on "
                              "the session's settings or is not unique."),
                    errhint("Use a column of type text, varchar, char, uuid, smallint, integer, "
                            "bigint or numeric.")));
  }
  return attnum;
}

}  // namespace

bool CanBeSubject(Oid type) {
  switch (type) {
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
    case UUIDOID:
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case NUMERICOID:
      return true;
    default:
      return false;
  }
}

const char* SubjectText(Datum value, Oid type) {
  if (type == NUMERICOID) value = DirectFunctionCall1(numeric_trim_scale, value);
  Oid output = InvalidOid;
  bool is_varlena = false;
  getTypeOutputInfo(type, &output, &is_varlena);
  char* const text = OidOutputFunctionCall(output, value);
  if (type == BPCHAROID) {
    for (size_t n = strlen(text); n > 0 && text[n - 1] == ' '; --n) text[n - 1] = '\0';
  }
  return text;
}

Policy Compile(Relation relation, const PolicyRow& row) {
  Policy policy{
      {row.name, Period(row.minimum), Period(row.maximum)}, InvalidOid, nullptr, nullptr, 0};
  Call([&] {
    const pg::RowExpression anchor = ParseAnchor(relation, row.anchor, row.name);
    policy.anchor = anchor.expr;
    policy.anchor_type = anchor.type;
    if (row.filter != nullptr) {
      policy.filter = ParseBoolean(relation, row.filter,
                                   psprintf("filter of retention policy \"%s\"", row.name))
                          .expr;
    }
    if (row.subject != nullptr) policy.subject = SubjectColumn(relation, row.subject);
  });
  return policy;
}

Expr* CompilePredicate(Relation relation, const char* text, const char* hold) {
  return ParseBoolean(relation, text, psprintf("predicate of legal hold \"%s\"", hold)).expr;
}

void Rules::ReadPolicies(Relation relation, Snapshot snapshot) {
  const auto list = Call([&] {
    const Oid oid = RelationGetRelid(relation);
    return ReadAll<PolicyRow>("retention_policy", snapshot,
                              [oid](HeapTuple tuple, TupleDesc desc, PolicyRow* row) {
                                return ReadPolicy(tuple, desc, oid, row);
                              });
  });
  for (int i = 0; i < list.size; ++i) {
    Compiled compiled{Compile(relation, list.rows[i]), nullptr, nullptr};
    Call([&] {
      compiled.anchor = ExecInitExpr(compiled.policy.anchor, nullptr);
      if (compiled.policy.filter != nullptr) {
        compiled.filter = ExecInitExpr(compiled.policy.filter, nullptr);
      }
    });
    const AttrNumber subject = compiled.policy.subject;
    if (subject != 0 && !NamesSubject(subject)) {
      const Oid type = TupleDescAttr(RelationGetDescr(relation), subject - 1)->atttypid;
      subjects_.emplace_back(subject, Call([&] { return getBaseType(type); }));
    }
    policies_.push_back(std::move(compiled));
  }
}

void Rules::ReadHolds(Relation relation, Snapshot snapshot) {
  const auto list = Call([&] {
    const Oid oid = RelationGetRelid(relation);
    return ReadAll<HoldRow>("legal_hold", snapshot,
                            [oid](HeapTuple tuple, TupleDesc desc, HoldRow* row) {
                              return ReadHold(tuple, desc, oid, row);
                            });
  });
  for (int i = 0; i < list.size; ++i) {
    const HoldRow& row = list.rows[i];
    if (row.pk != nullptr) {
      if (key_ == nullptr) key_ = Call([&] { return RowKey::Of(relation); });
      const Datum* const key = Call([&] { return key_->Parse(row.pk); });
      const uint32 hash = Call([&] { return key_->Hash(key); });
      row_holds_.emplace(hash, RowHold{key, row.name});
    } else if (row.predicate != nullptr) {
      ExprState* const state = Call([&] {
        return ExecInitExpr(CompilePredicate(relation, row.predicate, row.name), nullptr);
      });
      predicates_.push_back({state, row.name});
    } else {
      subject_holds_.emplace(row.subject, row.name);
    }
  }
  holds_ = row_holds_.size() + predicates_.size() + subject_holds_.size();
}

}  // namespace phisync::retention
