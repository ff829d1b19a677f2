#pragma once
// What binds the rows of one table: its policies and the legal holds in force, compiled and kept
// per session.

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/retention.h"
#include "pg/tables.h"

namespace phisync::retention {

class RowKey;

// A row of phisync.retention_policy. Texts are palloc'd; null where the column is.
struct PolicyRow {
  const char* name;
  Oid relation;
  const char* anchor;
  const ::Interval* minimum;
  const ::Interval* maximum;
  const char* filter;
  const char* subject;
};

// A policy compiled for its relation.
struct Policy {
  Terms terms;
  Oid anchor_type;
  Expr* anchor;
  Expr* filter;        // null: all rows
  AttrNumber subject;  // 0: none
};

// Compiles and checks a policy; nodes live in CurrentMemoryContext. Throws.
Policy Compile(Relation relation, const PolicyRow& row);

// A predicate over the relation's rows, checked. The caller's frame may own nothing, or calls
// inside Call.
Expr* CompilePredicate(Relation relation, const char* text, const char* hold);

// The subject's id as holds write it, null if the value is. Of types that CanBeSubject alone.
bool CanBeSubject(Oid type);
const char* SubjectText(Datum value, Oid type);

class Rules {
 public:
  Rules(Relation relation, Snapshot snapshot);
  ~Rules();
  Rules(const Rules&) = delete;
  Rules& operator=(const Rules&) = delete;

  // All that the decision on this row needs. Views in it live as long as the rules. An anchor or
  // filter that cannot be computed throws an Error with the server's SQLSTATE and without the
  // server's text, which may quote the row.
  Facts FactsOf(TupleTableSlot* slot);

  // Whether an UPDATE from `before` to `after` takes a known subject's id away or changes it.
  bool ChangesSubject(TupleTableSlot* before, TupleTableSlot* after);

 private:
  struct RowHold {
    const Datum* key;
    std::string name;
  };
  struct Predicate {
    ExprState* state;
    std::string name;
  };
  struct Compiled {
    Policy policy;
    ExprState* anchor;
    ExprState* filter;
  };

  void ReadPolicies(Relation relation, Snapshot snapshot);
  void ReadHolds(Relation relation, Snapshot snapshot);
  std::optional<Claim> ClaimOf(const Compiled& compiled);
  void AddHolds(TupleTableSlot* slot, Facts* facts);
  bool NamesSubject(AttrNumber attnum) const;

  MemoryContext memory_;
  ExprContext* context_;
  std::vector<Compiled> policies_;
  std::vector<std::pair<AttrNumber, Oid>>
      subjects_;  // columns that policies name, with their types
  const RowKey* key_ = nullptr;
  std::unordered_multimap<std::uint32_t, RowHold> row_holds_;
  std::unordered_multimap<std::string, std::string> subject_holds_;
  std::vector<Predicate> predicates_;
  std::size_t holds_ = 0;
};

// Takes the lock that every transaction which changes guarded rows holds to its end: placing a hold
// waits for it. From then on the rules of the relation cannot change under the transaction, other
// than by itself.
void LockHolds();

// The rules of a relation as committed now, with the changes of the own transaction. The relation
// is locked; for a judgement that lasts, LockHolds() was called. Valid until the next call. Throws.
Rules& RulesOf(Relation relation);

// The table of a name in schema phisync.
Oid OwnTable(const char* name);

// Called once from Init.
void InitRules();

}  // namespace phisync::retention
