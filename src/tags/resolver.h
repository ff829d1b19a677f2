#pragma once
// Works out effective tags; remembers what it found, so that one resolver serves many relations of
// one moment. Do not keep it across commands.
//
// It can also say what was, as a snapshot shows the catalogs, and what would be with another label.

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/label.h"
#include "tags/answer.h"
#include "tags/catalog_facts.h"
#include "tags/tags.h"

namespace phisync::tags {

// A label in place of the one that is stored; null: none.
struct OtherLabel {
  ObjectAddress object;
  const char* text;
};

// Rows of which nobody can tell how sensitive they are may be so in any way.
void JoinAnySensitivity(RelationTags* rows);

class Resolver {
 public:
  struct Resolved {
    RelationTags tags;
    std::vector<std::string> names;   // [attnum - 1]; empty: dropped
    std::vector<ColumnLabel> labels;  // [attnum - 1]; of what is unclassified its limits alone
    // [attnum - 1]; of an unclassified column: somebody has tagged what it is made of, but no one
    // class is right for all of it.
    std::vector<char> mixed;
    std::vector<char> generated;    // [attnum - 1]; no label says what it holds, but its expression
    bool own_label = false;         // on the relation itself
    std::optional<TableLabel> own;  // that label, if it can be read
  };

  // `snapshot`: null is the current one. `other`: null for none; it must outlive the resolver.
  explicit Resolver(Snapshot snapshot = nullptr, const OtherLabel* other = nullptr)
      : snapshot_(snapshot), other_(other) {}

  // Of a relation that does not exist or is the system's own: no columns. Throws.
  const Resolved& Resolve(Oid relation);
  // The same of what a query names, with its heirs unless it says ONLY.
  const Resolved& ResolveRead(const Read& read);

  // What a column holds that is made from those that `column` reads, as a view's column.
  struct Derived {
    bool phi;           // tagged so, or of a column that is unclassified
    bool classified;    // the label says what it holds
    bool mixed;         // not classified, although somebody has tagged what it is made of
    ColumnLabel label;  // "none" where nothing tagged is read
  };
  Derived Derive(const ColumnFacts& column);

  // What is true of all rows of what is made from these columns of other relations, by their
  // labels. Rows that say their sensitivities in a column that is not among them may be of any.
  // No columns in the answer.
  RelationTags RowsOf(const std::vector<Read>& reads);

 private:
  Answer OwnAnswer(const ColumnFacts& column, Oid relation) const;
  Answer ParentAnswer(const ColumnFacts& column, const RelationFacts& facts);
  Answer ViewAnswer(const ColumnFacts& column);
  static Answer GeneratedAnswer(const ColumnFacts& column, const std::vector<Answer>& answers,
                                Oid relation, bool holds_phi);
  void ReadRelationLabels(const RelationFacts& facts, const std::optional<TableLabel>& own,
                          RelationTags* tags);
  Answer AnswerFrom(const Resolved& other, std::size_t column, Oid relation, Source source) const;
  // As it is read with its heirs: what they say of its columns counts as well.
  const Resolved& ResolveWithHeirs(Oid relation);
  static void Put(Answer answer, std::size_t column, Resolved* resolved);

  bool AnyPhi();

  Snapshot snapshot_;
  const OtherLabel* other_;
  std::unordered_map<Oid, Resolved> memo_;
  std::unordered_map<Oid, Resolved> with_heirs_;
  std::optional<bool> any_phi_;
};

}  // namespace phisync::tags
