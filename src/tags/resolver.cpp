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

// What one of the places says that a tag can come from.
struct Resolver::Answer {
  enum Rank { kNothing, kNone, kUnclassified, kPhi };
  Rank rank = kNothing;
  // Somebody has tagged it, or a part of it, phi:*. If it is unclassified all the same, it is made
  // of columns of several classes, or also of one without.
  bool tagged = false;
  ColumnLabel label;  // of kNone and kPhi
  bool subject = false;
  bool own_subject = false;  // the column's own label says so
  Source source = Source::kNone;
  Oid origin = InvalidOid;

  // Joins what another parent, or another column that a view reads, says. What is made of several
  // classes has none: of two classes neither is the stricter for every profile.
  void Join(const Answer& other) {
    const bool both = rank != kNothing && other.rank != kNothing;
    const bool mixed =
        rank == kPhi && other.rank == kPhi && label.tag_class != other.label.tag_class;
    const bool open = rank == kUnclassified || other.rank == kUnclassified;
    const bool leads =
        other.rank > rank || (other.rank == rank && other.label.tag_class > label.tag_class);
    if (leads || origin == InvalidOid) {
      source = other.source;
      origin = other.origin;
    }
    label = both ? Strictest(label, other.label) : (rank != kNothing ? label : other.label);
    rank = mixed || open ? kUnclassified : std::max(rank, other.rank);
    tagged = tagged || other.tagged;
    subject = subject || other.subject;
  }

  // An own label can say more than the parents do, not less: whoever reads through the parent, or
  // writes, counts on its tags.
  void RaiseTo(const Answer& above) {
    if (!above.tagged) return;
    if (above.rank == kUnclassified || rank == kUnclassified) {
      label = Strictest(label, above.label);
      rank = kUnclassified;
    } else if (rank == kPhi && Weaker(above.label, label).empty()) {
      return;
    } else {
      const bool class_above = ClassGivesMore(above.label.tag_class, label.tag_class);
      const ClassId tag_class = class_above ? above.label.tag_class : label.tag_class;
      label = Strictest(label, above.label);
      label.tag_class = tag_class;
      rank = kPhi;
      if (!class_above) return;
    }
    tagged = true;
    source = above.source;
    origin = above.origin;
  }
};

Resolver::Answer Resolver::OwnAnswer(const ColumnFacts& column, Oid relation) const {
  Answer answer;
  if (column.label == nullptr) return answer;
  answer.source = Source::kOwn;
  answer.origin = relation;
  const std::optional<ColumnLabel> label = Understood(ParseColumnLabel, column.label);
  if (!label) {
    answer.rank = Answer::kUnclassified;
    return answer;
  }
  answer.label = *label;
  answer.rank = label->phi() ? Answer::kPhi : Answer::kNone;
  answer.tagged = label->phi();
  answer.subject = answer.own_subject = label->subject.has_value();
  return answer;
}

Resolver::Answer Resolver::AnswerFrom(const Resolved& other, std::size_t column, Oid relation,
                                      Source source) const {
  const ColumnTag& tag = other.tags.columns[column];
  Answer answer;
  answer.subject = tag.subject;
  if (tag.text.empty()) return answer;
  answer.label = other.labels[column];
  answer.rank = !tag.phi              ? Answer::kNone
                : !answer.label.phi() ? Answer::kUnclassified
                                      : Answer::kPhi;
  answer.tagged = answer.rank == Answer::kPhi || other.mixed[column] != 0;
  answer.source = source;
  answer.origin = tag.origin != InvalidOid ? tag.origin : relation;
  return answer;
}

Resolver::Answer Resolver::ParentAnswer(const ColumnFacts& column, const RelationFacts& facts) {
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

Resolver::Answer Resolver::ViewAnswer(const ColumnFacts& column) {
  Answer answer;
  if (column.reads_unknown || (column.calls_opaque && AnyPhi())) {
    answer.rank = Answer::kUnclassified;
    answer.source = Source::kView;
  }
  for (int i = 0; i < list_length(column.reads); ++i) {
    const Read& read = *static_cast<const Read*>(list_nth(column.reads, i));
    const Resolved& other = Resolve(read.relation);
    for (std::size_t c = 0; c < other.tags.columns.size(); ++c) {
      if (read.column != 0 && c + 1 != static_cast<std::size_t>(read.column)) continue;
      Answer from = AnswerFrom(other, c, read.relation, Source::kView);
      // Names in the label are those of the other relation.
      from.label.of.clear();
      if (!read.as_is) {
        from.subject = false;
        from.label.subject.reset();
        from.label.transform.clear();
      }
      answer.Join(from);
    }
  }
  return answer;
}

// What the labels of relations say of all rows.
void Resolver::ReadRelationLabels(const RelationFacts& facts, const std::optional<TableLabel>& own,
                                  RelationTags* tags) {
  std::optional<Unclassified> inherited;
  const auto join = [&](Oid other) {
    const RelationTags& above = Resolve(other).tags;
    tags->sens |= above.sens;
    tags->part2 = tags->part2 || above.part2;
    tags->conf = std::max(tags->conf, above.conf);
    if (above.holds_phi) {
      inherited = std::max(inherited.value_or(Unclassified::kKeep), above.unclassified);
    }
  };
  for (int i = 0; i < list_length(facts.parents); ++i) join(list_nth_oid(facts.parents, i));
  for (int c = 0; c < facts.column_count; ++c) {
    List* const reads = facts.columns[c].reads;
    for (int i = 0; i < list_length(reads); ++i) {
      join(static_cast<const Read*>(list_nth(reads, i))->relation);
    }
  }
  if (own) {
    tags->unclassified = std::max(own->unclassified, inherited.value_or(Unclassified::kKeep));
    tags->sens |= own->sens;
    tags->part2 = tags->part2 || own->part2;
    if (own->phi) tags->conf = std::max(tags->conf, own->conf);
  } else if (inherited) {
    tags->unclassified = *inherited;
  }
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
    tag.phi = answer.rank >= Answer::kUnclassified;
    tag.source = answer.source;
    tag.origin = answer.origin != InvalidOid ? answer.origin : relation;
    tag.limits = LimitsOf(answer.label);
    if (answer.rank == Answer::kUnclassified) {
      tag.text = "unclassified";
      resolved.labels[i] = tag.limits;
      resolved.mixed[i] = static_cast<char>(answer.tagged);
      continue;
    }
    // The label as it takes effect: the subject may be named by the relation's label, here or
    // above.
    if (!tag.subject) {
      answer.label.subject.reset();
    } else if (!answer.label.subject) {
      answer.label.subject.emplace();
    }
    resolved.labels[i] = answer.label;
    tag.text = ClassText(answer.label.tag_class);
    tag.label = Format(answer.label);
  }
  return result = std::move(resolved);
}

}  // namespace phisync::tags
