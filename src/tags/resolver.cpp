#include "tags/resolver.h"

#include <algorithm>
#include <optional>

#include "core/error.h"
#include "core/label_change.h"
#include "pg/boundary.h"

namespace phisync::tags {
namespace {

// Memory of the catalog facts of one relation.
class FactsMemory {
 public:
  FactsMemory()
      : context_(pg::Call([] {
          return AllocSetContextCreate(CurrentMemoryContext, "phisync tags", ALLOCSET_SMALL_SIZES);
        })) {}
  ~FactsMemory() { MemoryContextDelete(context_); }
  FactsMemory(const FactsMemory&) = delete;
  FactsMemory& operator=(const FactsMemory&) = delete;

  const RelationFacts* Read(Oid relation, Snapshot snapshot, const OtherLabel* other) {
    return pg::Call([&] {
      check_stack_depth();
      MemoryContext const before = MemoryContextSwitchTo(context_);
      RelationFacts* facts = ReadFacts(relation, snapshot);
      MemoryContextSwitchTo(before);
      if (facts != nullptr && other != nullptr) Put(*other, relation, facts);
      return facts;
    });
  }

 private:
  static void Put(const OtherLabel& other, Oid relation, RelationFacts* facts) {
    const ObjectAddress& object = other.object;
    if (object.classId == NamespaceRelationId) {
      if (object.objectId == facts->schema) facts->schema_label = other.text;
    } else if (object.objectId == relation) {
      const int column = object.objectSubId;
      if (column == 0) {
        facts->label = other.text;
      } else if (column > 0 && column <= facts->column_count) {
        facts->columns[column - 1].label = other.text;
      }
    }
  }

  MemoryContext context_;
};

// A stored label may stem from another version of the library: what it does not understand is PHI.
template <typename Label>
std::optional<Label> Understood(Label (*parse)(std::string_view), const char* text) {
  try {
    return parse(text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

Answer Resolver::OwnAnswer(const ColumnFacts& column, Oid relation) const {
  Answer answer;
  if (column.label == nullptr) return answer;
  answer.source = Source::kOwn;
  answer.origin = relation;
  const std::optional<ColumnLabel> label = Understood(ParseColumnLabel, column.label);
  if (!label) {
    answer.rank = Answer::kUnclassified;
    answer.untold = true;
    return answer;
  }
  answer.label = *label;
  answer.rank = label->phi() ? Answer::kPhi : Answer::kNone;
  answer.tagged = label->phi();
  answer.subject = answer.own_subject = label->subject.has_value();
  return answer;
}

Answer Resolver::AnswerFrom(const Resolved& other, std::size_t column, Oid relation,
                            Source source) const {
  const ColumnTag& tag = other.tags.columns[column];
  Answer answer;
  answer.subject = tag.subject;
  if (tag.text.empty()) return answer;
  answer.label = other.labels[column];
  answer.label.rows = tag.row_codes;
  answer.rank = !tag.phi              ? Answer::kNone
                : !answer.label.phi() ? Answer::kUnclassified
                                      : Answer::kPhi;
  answer.tagged = answer.rank == Answer::kPhi || other.mixed[column] != 0;
  answer.untold = answer.rank == Answer::kUnclassified && !tag.unanswered;
  answer.generated = other.generated[column] != 0;
  answer.source = source;
  answer.origin = tag.origin != InvalidOid ? tag.origin : relation;
  return answer;
}

Answer Resolver::ParentAnswer(const ColumnFacts& column, const RelationFacts& facts) {
  Answer answer;
  for (int i = 0; i < list_length(facts.parents); ++i) {
    const Oid parent = list_nth_oid(facts.parents, i);
    const Resolved& other = Resolve(parent);
    const auto name = std::find(other.names.begin(), other.names.end(), NameStr(column.name));
    if (name == other.names.end()) continue;
    const auto index = static_cast<std::size_t>(name - other.names.begin());
    answer.Join(AnswerFrom(other, index, parent, Source::kParent));
  }
  return answer;
}

Answer Resolver::ViewAnswer(const ColumnFacts& column) {
  Answer answer;
  if (column.reads_unknown || (column.calls_opaque && AnyPhi())) {
    answer.rank = Answer::kUnclassified;
    answer.untold = true;
    answer.source = Source::kView;
  }
  for (int i = 0; i < list_length(column.reads); ++i) {
    const Read& read = *static_cast<const Read*>(list_nth(column.reads, i));
    const Resolved& other = ResolveRead(read);
    for (std::size_t c = 0; c < other.tags.columns.size(); ++c) {
      if (read.column != 0 && c + 1 != static_cast<std::size_t>(read.column)) continue;
      Answer from = AnswerFrom(other, c, read.relation, Source::kView);
      // Names in the label are those of the other relation.
      from.label.of.clear();
      if (!read.as_is) {
        from.subject = false;
        from.label.rows = false;
        from.label.subject.reset();
        from.label.transform.clear();
      }
      answer.Join(from);
    }
  }
  return answer;
}

// Of a generated column, from the answers of the others, none of which is generated.
Answer Resolver::GeneratedAnswer(const ColumnFacts& column, const std::vector<Answer>& answers,
                                 Oid relation, bool holds_phi) {
  Answer answer;
  for (int i = 0; i < list_length(column.reads); ++i) {
    const Read& read = *static_cast<const Read*>(list_nth(column.reads, i));
    for (std::size_t c = 0; c < answers.size(); ++c) {
      if (read.column != 0 && c + 1 != static_cast<std::size_t>(read.column)) continue;
      Answer from = answers[c];
      if (from.rank == Answer::kNothing && holds_phi) from.rank = Answer::kUnclassified;
      from.source = Source::kGenerated;
      from.origin = relation;
      from.subject = from.own_subject = false;
      from.label.subject.reset();
      from.label.rows = false;
      if (!read.as_is) from.label.transform.clear();
      answer.Join(from);
    }
  }
  return answer;
}

bool Resolver::AnyPhi() {
  if (!any_phi_) any_phi_ = pg::Call([&] { return AnyPhiLabel(snapshot_); });
  return *any_phi_;
}

Resolver::Derived Resolver::Derive(const ColumnFacts& column) {
  const Answer answer = ViewAnswer(column);
  const bool classified = answer.rank != Answer::kUnclassified;
  return {answer.rank >= Answer::kUnclassified, classified, !classified && answer.tagged,
          answer.label};
}

void Resolver::Put(Answer answer, std::size_t column, Resolved* resolved) {
  ColumnTag& tag = resolved->tags.columns[column];
  tag.phi = answer.rank >= Answer::kUnclassified;
  tag.row_codes = answer.label.rows;
  tag.source = answer.source;
  tag.origin = answer.origin;
  tag.limits = LimitsOf(answer.label);
  if (answer.rank == Answer::kUnclassified) {
    tag.text = "unclassified";
    tag.label.clear();
    tag.unanswered = !answer.tagged && !answer.untold;
    resolved->labels[column] = tag.limits;
    resolved->mixed[column] = static_cast<char>(answer.tagged);
    return;
  }
  // The label as it takes effect: the subject may be named by the relation's label, here or above.
  if (!tag.subject) {
    answer.label.subject.reset();
  } else if (!answer.label.subject) {
    answer.label.subject.emplace();
  }
  resolved->labels[column] = answer.label;
  tag.text = ClassText(answer.label.tag_class);
  tag.label = Format(answer.label);
}

const Resolver::Resolved& Resolver::ResolveWithHeirs(Oid relation) {
  const auto [found, is_new] = with_heirs_.try_emplace(relation);
  Resolved& joined = found->second;
  if (!is_new) return joined;
  joined = Resolve(relation);
  const List* const heirs = pg::Call([&] { return ReadHeirs(relation); });
  for (int h = 0; h < list_length(heirs); ++h) {
    const Oid heir = list_nth_oid(heirs, h);
    const Resolved& other = Resolve(heir);
    joined.tags.sens |= other.tags.sens;
    joined.tags.part2 = joined.tags.part2 || other.tags.part2;
    joined.tags.conf = std::max(joined.tags.conf, other.tags.conf);
    if (other.tags.holds_phi) {
      joined.tags.unclassified = joined.tags.holds_phi
                                     ? std::max(joined.tags.unclassified, other.tags.unclassified)
                                     : other.tags.unclassified;
      joined.tags.holds_phi = true;
    }
    for (std::size_t c = 0; c < joined.names.size(); ++c) {
      if (joined.names[c].empty()) continue;
      const auto name = std::find(other.names.begin(), other.names.end(), joined.names[c]);
      if (name == other.names.end()) continue;
      const auto index = static_cast<std::size_t>(name - other.names.begin());
      if (!other.tags.columns[index].phi && !other.tags.columns[index].row_codes) continue;
      Answer answer = AnswerFrom(joined, c, relation, Source::kView);
      answer.Join(AnswerFrom(other, index, heir, Source::kView));
      Put(answer, c, &joined);
    }
  }
  return joined;
}

const Resolver::Resolved& Resolver::ResolveRead(const Read& read) {
  return read.heirs ? ResolveWithHeirs(read.relation) : Resolve(read.relation);
}

const Resolver::Resolved& Resolver::Resolve(Oid relation) {
  const auto [found, is_new] = memo_.try_emplace(relation);
  // A view that reads itself is found unfinished; no statement can read it.
  Resolved& result = found->second;
  if (!is_new) return result;

  FactsMemory memory;
  const RelationFacts* facts = memory.Read(relation, snapshot_, other_);
  if (facts == nullptr) return result;
  const auto count = static_cast<std::size_t>(facts->column_count);
  std::vector<Answer> answers(count);
  Resolved resolved;
  resolved.tags.columns.resize(count);
  resolved.names.resize(count);
  resolved.labels.resize(count);
  resolved.mixed.resize(count);
  resolved.generated.resize(count);
  resolved.own_label = facts->label != nullptr;

  std::optional<TableLabel> own;
  bool own_unreadable = false;
  if (facts->label != nullptr) {
    own = resolved.own = Understood(ParseTableLabel, facts->label);
    own_unreadable = !own;
  }
  bool holds_phi = own_unreadable || (own && own->phi);
  Source unclassified_source = Source::kNone;
  Oid unclassified_origin = relation;
  bool own_subject = own && !own->subject.empty();
  for (std::size_t i = 0; i < count; ++i) {
    const ColumnFacts& column = facts->columns[i];
    if (column.dropped) continue;
    resolved.names[i] = NameStr(column.name);
    answers[i] = OwnAnswer(column, relation);
    own_subject = own_subject || answers[i].subject;
    // A label that cannot be read.
    holds_phi = holds_phi || answers[i].rank == Answer::kUnclassified;
  }
  for (int i = 0; i < list_length(facts->parents) && !own && !holds_phi; ++i) {
    const Oid parent = list_nth_oid(facts->parents, i);
    if (!Resolve(parent).tags.holds_phi) continue;
    holds_phi = true;
    unclassified_origin = parent;
  }
  if (!own && !holds_phi && !facts->is_view && facts->schema_label != nullptr) {
    const std::optional<TableLabel> schema = Understood(ParseSchemaLabel, facts->schema_label);
    if (!schema || schema->phi) {
      holds_phi = true;
      unclassified_source = Source::kSchema;
      if (schema) {
        resolved.tags.unclassified = schema->unclassified;
        resolved.tags.conf = schema->conf;
      }
    }
  }
  ReadRelationLabels(*facts, own, &resolved.tags);
  if (own_unreadable) JoinAnySensitivity(&resolved.tags);

  for (std::size_t i = 0; i < count; ++i) {
    const ColumnFacts& column = facts->columns[i];
    if (column.dropped) continue;
    Answer& answer = answers[i];
    if (answer.rank == Answer::kNothing) {
      answer = facts->is_view ? ViewAnswer(column) : ParentAnswer(column, *facts);
      // "none" on the relation clears what nobody classified, never what somebody called PHI.
      if (answer.rank == Answer::kUnclassified && !answer.tagged && own && !own->phi) {
        const bool subject = answer.subject;
        answer = Answer();
        answer.subject = subject;
      }
    } else if (facts->parents != NIL) {
      answer.RaiseTo(ParentAnswer(column, *facts));
    }
    holds_phi = holds_phi || answer.rank >= Answer::kUnclassified;
  }
  for (std::size_t i = 0; i < count; ++i) {
    const ColumnFacts& column = facts->columns[i];
    Answer& answer = answers[i];
    // A label here or above decides; an expression above is joined, as this one may be another.
    if (!column.generated || (answer.rank != Answer::kNothing && !answer.generated)) continue;
    Answer made = GeneratedAnswer(column, answers, relation, holds_phi);
    made.subject = answer.subject;
    made.generated = true;
    if (answer.rank != Answer::kNothing) made.RaiseTo(answer);
    if (made.rank != Answer::kNothing) answer = made;
    resolved.generated[i] = static_cast<char>(answer.generated);
  }

  resolved.tags.holds_phi = holds_phi;
  for (std::size_t i = 0; i < count; ++i) {
    const ColumnFacts& column = facts->columns[i];
    if (column.dropped) continue;
    Answer& answer = answers[i];
    ColumnTag& tag = resolved.tags.columns[i];
    // Subjects named here replace those named by parents.
    tag.subject = own_subject ? answer.own_subject || (own && own->subject == resolved.names[i])
                              : answer.subject;
    if (answer.rank == Answer::kNothing) {
      if (!holds_phi) continue;
      if (facts->is_view) {
        // It reads nothing that holds PHI.
        answer.rank = Answer::kNone;
        answer.source = Source::kView;
      } else {
        answer.rank = Answer::kUnclassified;
        answer.source = unclassified_source;
        answer.origin = unclassified_origin;
      }
    }
    if (answer.origin == InvalidOid) answer.origin = relation;
    Put(answer, i, &resolved);
  }
  return result = std::move(resolved);
}

}  // namespace phisync::tags
