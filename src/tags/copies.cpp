// Follows PHI into new tables and new columns: LIKE, CREATE TABLE AS and SELECT INTO give the new
// table the labels of what it is made from; a new column of a table that holds PHI is reported
// until somebody classifies it.

#include <algorithm>
#include <string>
#include <vector>

#include "pg/boundary.h"
#include "pg/event_trigger.h"
#include "tags/candidates.h"
#include "tags/catalog_facts.h"
#include "tags/resolver.h"
#include "tags/stored_label.h"
#include "tags/tags.h"

namespace phisync::tags {
namespace {

struct Like {
  const char* table;  // the new one
  Oid source;
};

// What a command said before it ran; the server changes its parse tree while it does.
struct Noted {
  const Node* statement;
  List* likes;      // of Like*
  bool is_query;    // makes a table from a query
  Query* query;     // null: not known
  List* added;      // char*: columns that ALTER TABLE adds
  bool only_added;  // others were there before
  Noted* next;
};

// Of commands under way, the innermost first; some may have failed. In the transaction's memory.
Noted* noted = nullptr;

void NoteLikes(const CreateStmt* statement, Noted* note) {
  ListCell* cell = nullptr;
  foreach (cell, statement->tableElts) {
    if (!IsA(lfirst(cell), TableLikeClause)) continue;
    const RangeVar* source = lfirst_node(TableLikeClause, cell)->relation;
    // One made by this very command is not there yet, and has no labels.
    const Oid relation = RangeVarGetRelid(source, NoLock, true);
    if (!OidIsValid(relation)) continue;
    auto* like = static_cast<Like*>(palloc(sizeof(Like)));
    *like = {pstrdup(statement->relation->relname), relation};
    note->likes = lappend(note->likes, like);
  }
}

void NoteQuery(const CreateTableAsStmt* statement, Noted* note) {
  if (statement->objtype != OBJECT_TABLE) return;
  note->is_query = true;
  auto* query = castNode(Query, statement->query);
  if (query->commandType == CMD_UTILITY) {
    if (!IsA(query->utilityStmt, ExecuteStmt)) return;
    const PreparedStatement* prepared =
        FetchPreparedStatement(castNode(ExecuteStmt, query->utilityStmt)->name, false);
    if (prepared == nullptr || !prepared->plansource->is_valid ||
        list_length(prepared->plansource->query_list) != 1) {
      return;
    }
    query = linitial_node(Query, prepared->plansource->query_list);
  }
  if (query->commandType == CMD_SELECT) note->query = static_cast<Query*>(copyObjectImpl(query));
}

void NoteColumns(const AlterTableStmt* statement, Noted* note) {
  note->only_added = true;
  const Oid relation = RangeVarGetRelid(statement->relation, NoLock, true);
  ListCell* cell = nullptr;
  foreach (cell, statement->cmds) {
    const auto* command = lfirst_node(AlterTableCmd, cell);
    if (command->subtype == AT_AddColumn) {
      // ADD COLUMN IF NOT EXISTS, where it does.
      const char* name = castNode(ColumnDef, command->def)->colname;
      if (OidIsValid(relation) && get_attnum(relation, name) != InvalidAttrNumber) continue;
      note->added = lappend(note->added, pstrdup(name));
    } else if (command->subtype == AT_AddInherit || command->subtype == AT_AttachPartition) {
      // Columns that were there before may count as PHI from now on.
      note->only_added = false;
    }
  }
}

void Note(Node* statement) {
  MemoryContext const before = MemoryContextSwitchTo(TopTransactionContext);
  auto* note = static_cast<Noted*>(palloc0(sizeof(Noted)));
  note->statement = statement;
  if (IsA(statement, CreateStmt)) {
    NoteLikes(castNode(CreateStmt, statement), note);
  } else if (IsA(statement, CreateSchemaStmt)) {
    ListCell* cell = nullptr;
    foreach (cell, castNode(CreateSchemaStmt, statement)->schemaElts) {
      if (IsA(lfirst(cell), CreateStmt)) NoteLikes(lfirst_node(CreateStmt, cell), note);
    }
  } else if (IsA(statement, CreateTableAsStmt)) {
    NoteQuery(castNode(CreateTableAsStmt, statement), note);
  } else if (IsA(statement, AlterTableStmt)) {
    NoteColumns(castNode(AlterTableStmt, statement), note);
  } else if (IsA(statement, CreateForeignTableStmt)) {
    NoteLikes(&reinterpret_cast<CreateForeignTableStmt*>(statement)->base, note);
  } else {
    // ALTER TABLE ... RENAME and the like: nothing new.
    note->only_added = true;
  }
  if (noted == nullptr) {
    auto* callback = static_cast<MemoryContextCallback*>(palloc0(sizeof(MemoryContextCallback)));
    callback->func = [](void*) { noted = nullptr; };
    MemoryContextRegisterResetCallback(TopTransactionContext, callback);
  }
  note->next = noted;
  noted = note;
  MemoryContextSwitchTo(before);
}

// What was noted of the statement; forgets it and those within it, which failed.
const Noted* Take(const Node* statement) {
  for (const Noted* note = noted; note != nullptr; note = note->next) {
    if (note->statement != statement) continue;
    noted = note->next;
    return note;
  }
  return nullptr;
}

// What the label of a copy has to say of all of its rows: what those of its sources say.
class RowsOfCopy {
 public:
  void Add(const RelationTags& source) {
    label_.phi = label_.phi || source.holds_phi;
    label_.sens |= source.sens;
    label_.part2 = label_.part2 || source.part2;
    label_.conf = std::max(label_.conf, source.conf);
    label_.unclassified = std::max(label_.unclassified, source.unclassified);
    label_.phi = label_.phi || sensitive();
  }
  void MarkAsPhi() { label_.phi = true; }

  [[nodiscard]] bool phi() const { return label_.phi; }
  // Numbers that are no PHI by themselves say whose rows are there.
  [[nodiscard]] bool sensitive() const {
    return label_.sens != 0 || label_.part2 || label_.conf > Confidentiality::kNormal;
  }

  void Store(Oid relation) const {
    StoreLabel(relation, 0, Format(label_));
    FinishLabels(relation);
  }

 private:
  TableLabel label_;
};

// Sets the label; of several subjects the first remains.
void CopyLabel(Oid relation, AttrNumber column, ColumnLabel label, bool* has_subject) {
  if (label.subject && *has_subject) label.subject.reset();
  *has_subject = *has_subject || label.subject.has_value();
  StoreLabel(relation, column, Format(label));
}

void LabelLike(Oid relation, const List* likes) {
  const char* name = pg::Call([&] { return get_rel_name(relation); });
  if (name == nullptr) return;
  Resolver resolver;
  const Resolver::Resolved before = resolver.Resolve(relation);
  bool has_subject = false;
  RowsOfCopy rows;
  std::vector<AttrNumber> done;
  for (int i = 0; i < list_length(likes); ++i) {
    const Like& like = *static_cast<const Like*>(list_nth(likes, i));
    if (strcmp(like.table, name) != 0) continue;
    const Resolver::Resolved& source = resolver.Resolve(like.source);
    rows.Add(source.tags);
    for (std::size_t c = 0; c < source.names.size(); ++c) {
      const ColumnTag& tag = source.tags.columns[c];
      if (source.names[c].empty() || tag.label.empty()) continue;
      const AttrNumber column =
          pg::Call([&] { return get_attnum(relation, source.names[c].c_str()); });
      if (column <= 0 || std::find(done.begin(), done.end(), column) != done.end()) continue;
      // Merged with the column of a parent, which says what it holds.
      if (before.tags.columns[static_cast<std::size_t>(column - 1)].source == Source::kParent) {
        continue;
      }
      done.push_back(column);
      CopyLabel(relation, column, source.labels[c], &has_subject);
    }
  }
  if (rows.phi() || rows.sensitive()) {
    rows.Store(relation);
  } else if (!done.empty()) {
    pg::Call([] { CommandCounterIncrement(); });
  }
}

// Whether a function of which nobody can tell what it reads gives values to the query. Takes the
// conditions away from the tree.
bool FindOpaque(Node* node, void* context) {
  if (node == nullptr) return false;
  check_stack_depth();
  if (IsA(node, Query)) {
    auto* query = castNode(Query, node);
    if (query->jointree != nullptr) query->jointree->quals = nullptr;
    return pg::WalkQuery(query, FindOpaque, context, 0);
  }
  if (check_functions_in_node(node, MayReadTables, context)) return true;
  return pg::WalkExpression(node, FindOpaque, context);
}

// Labels the columns, and all rows, as those of a view of this query. Returns whether it is PHI of
// which cannot be told where in the table it is.
bool LabelResult(Oid relation, Query* query) {
  bool opaque = query == nullptr;
  bool phi = false;
  bool codes = false;
  RowsOfCopy rows;
  std::vector<Read> reads;
  std::vector<Resolver::Derived> columns;
  if (query != nullptr) {
    Resolver resolver;
    const int count = pg::Call([&] { return ExecCleanTargetListLength(query->targetList); });
    for (int i = 1; i <= count; ++i) {
      auto* facts = pg::Call([&] {
        auto* f = static_cast<ColumnFacts*>(palloc0(sizeof(ColumnFacts)));
        TraceQuery(query, static_cast<AttrNumber>(i), f);
        return f;
      });
      columns.push_back(resolver.Derive(*facts));
      phi = phi || columns.back().phi;
      codes = codes || columns.back().label.rows;
      for (int r = 0; r < list_length(facts->reads); ++r) {
        reads.push_back(*static_cast<const Read*>(list_nth(facts->reads, r)));
      }
    }
    rows.Add(resolver.RowsOf(reads));
    phi = phi || rows.sensitive();
    opaque = pg::Call([&] { return FindOpaque(reinterpret_cast<Node*>(query), nullptr); });
  }
  if (opaque && !phi) phi = pg::Call([] { return AnyPhiLabel(nullptr); });
  if (!phi && !codes) return false;
  bool has_subject = false;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!columns[i].classified || (opaque && !columns[i].phi)) continue;
    CopyLabel(relation, static_cast<AttrNumber>(i + 1), columns[i].label, &has_subject);
  }
  if (phi) {
    rows.MarkAsPhi();
    rows.Store(relation);
  } else {
    FinishLabels(relation);
  }
  return opaque && phi;
}

// Columns to classify, of one command.
struct Open {
  std::string names;
  std::string statements;
  int count = 0;
  static constexpr int kShown = 20;
};

void AddOpen(Oid relation, const Noted* note, Open* open) {
  Resolver resolver;
  const Resolver::Resolved& resolved = resolver.Resolve(relation);
  if (!resolved.tags.holds_phi) return;
  std::vector<Proposal> proposals;
  for (std::size_t i = 0; i < resolved.tags.columns.size(); ++i) {
    const ColumnTag& tag = resolved.tags.columns[i];
    if (tag.text != "unclassified" || tag.source == Source::kParent ||
        tag.source == Source::kView) {
      continue;
    }
    bool wanted = !note->only_added;
    for (int a = 0; !wanted && a < list_length(note->added); ++a) {
      wanted = resolved.names[i] == static_cast<const char*>(list_nth(note->added, a));
    }
    if (!wanted || ++open->count > Open::kShown) continue;
    if (proposals.empty()) proposals = ProposeLabels(relation);
    const auto proposal = std::find_if(proposals.begin(), proposals.end(), [&](const Proposal& p) {
      return static_cast<std::size_t>(p.number) == i + 1;
    });
    if (proposal == proposals.end()) continue;
    struct Texts {
      const char* name;
      const char* statement;
    };
    const Texts texts = pg::Call([&]() -> Texts {
      const char* table = quote_qualified_identifier(
          get_namespace_name(get_rel_namespace(relation)), get_rel_name(relation));
      return {psprintf("%s.%s", table, quote_identifier(proposal->column.c_str())),
              psprintf("SELECT phisync.tag(%s, %s, %s);", quote_literal_cstr(table),
                       quote_literal_cstr(proposal->column.c_str()),
                       quote_literal_cstr(proposal->label.c_str()))};
    });
    open->names += (open->names.empty() ? "" : ", ") + std::string(texts.name);
    open->statements += "\n" + std::string(texts.statement);
  }
}

void Warn(const Open& open, const std::string& opaque) {
  if (open.count == 0) return;
  const int more = open.count - Open::kShown;
  pg::Call([&] {
    const char* rest = more > 0 ? psprintf(" and %d more", more) : "";
    ereport(
        WARNING,
        (errmsg("new columns are not classified and count as PHI: %s%s", open.names.c_str(), rest),
         opaque.empty() ? 0
                        : errdetail("What \"%s\" is made from cannot be told, so all of it was "
                                    "marked as PHI.",
                                    opaque.c_str()),
         errhint("Say what they hold, or none; all such columns are in phisync.unclassified.%s",
                 open.statements.c_str())));
  });
}

void Follow(const Node* statement) {
  const Noted* note = Take(statement);
  if (note == nullptr) return;
  List* relations = pg::Call([] { return RelationsOfCommand(Affected::kTables); });
  Open open;
  std::string opaque;
  for (int i = 0; i < list_length(relations); ++i) {
    const Oid relation = list_nth_oid(relations, i);
    if (note->likes != NIL) LabelLike(relation, note->likes);
    if (note->is_query && LabelResult(relation, note->query)) {
      opaque = pg::Call([&] { return get_rel_name(relation); });
    }
    AddOpen(relation, note, &open);
  }
  // A restore brings the labels after the tables.
  if (check_function_bodies) Warn(open, opaque);
}

}  // namespace
}  // namespace phisync::tags

// Fires before and after commands that make tables or change them.
PHISYNC_FUNCTION(phisync_follow_copies) {
  using namespace phisync;
  pg::RequireEventTrigger(fcinfo, "phisync.follow_copies");
  auto* data = reinterpret_cast<EventTriggerData*>(fcinfo->context);
  if (strcmp(data->event, "ddl_command_start") == 0) {
    pg::Call([&] { tags::Note(data->parsetree); });
  } else {
    tags::Follow(data->parsetree);
  }
  return Datum{0};
}
