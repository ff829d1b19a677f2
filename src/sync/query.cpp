#include "sync/query.h"

#include <cstring>

#include "pg/expression.h"
#include "sync/query_text.h"

namespace phisync::sync {
namespace {

constexpr const char* kIdName = "id";

// How refusals of expressions are worded.
constexpr pg::ExpressionUse kUse = {
    "a data query", "Decoding the same change again must give the same record, in every session.",
    "Use built-in functions and operators that are immutable, or store the value in a column."};

// The relation as a range table entry that needs neither lock nor name, and that has no system
// columns.
void AddColumns(ParseState* pstate, Relation relation, const char* name) {
  TupleDesc const desc = RelationGetDescr(relation);
  List* names = NIL;
  List* types = NIL;
  List* typmods = NIL;
  List* collations = NIL;
  for (int i = 0; i < desc->natts; i++) {
    Form_pg_attribute const a = TupleDescAttr(desc, i);
    // An entry without a name is skipped as a dropped column is.
    bool const hidden = a->attisdropped;
    names = lappend(names, makeString(hidden ? pstrdup("") : pstrdup(NameStr(a->attname))));
    types = lappend_oid(types, a->atttypid);
    typmods = lappend_int(typmods, a->atttypmod);
    collations = lappend_oid(collations, a->attcollation);
  }
  ParseNamespaceItem* const item = addRangeTableEntryForValues(
      pstate, list_make1(names), types, typmods, collations, makeAlias(name, names), false, true);
  addNSItemToQuery(pstate, item, true, true, true);
}

// Columns that are computed when they are read are in no change.
void RefuseVirtualColumns(ParseState* pstate, Relation relation, Bitmapset* reads, int location) {
  for (int i = -1; (i = bms_next_member(reads, i)) >= 0;) {
    Form_pg_attribute const a = TupleDescAttr(RelationGetDescr(relation), i - 1);
    if (a->attgenerated == 'v') {
      Refuse(pstate, location, ERRCODE_FEATURE_NOT_SUPPORTED,
             psprintf("a data query cannot use the virtual generated column \"%s\"",
                      NameStr(a->attname)),
             "Its value is not written to the log that changes are decoded from.",
             "Generate it STORED, or select the other columns by name.");
    }
  }
}

Node* Plan(Node* expression) {
  return reinterpret_cast<Node*>(expression_planner(reinterpret_cast<Expr*>(expression)));
}

void CheckKey(ParseState* pstate, List* outputs, const TargetEntry* entry, int location) {
  if (entry->resname == nullptr || std::strcmp(entry->resname, "?column?") == 0) {
    Refuse(pstate, location, ERRCODE_INVALID_COLUMN_DEFINITION,
           "an output of a data query has no name", "Each output is a named field of the record.",
           "Add AS name after the expression.");
  }
  ListCell* cell;
  foreach (cell, outputs) {
    if (std::strcmp(static_cast<CompiledOutput*>(lfirst(cell))->key, entry->resname) == 0) {
      Refuse(pstate, location, ERRCODE_DUPLICATE_COLUMN,
             psprintf("a data query has several outputs named \"%s\"", entry->resname),
             "Each output is a field of the record and needs a name of its own.",
             "Rename one: AS name.");
    }
  }
}

CompiledOutput* MakeOutput(ParseState* pstate, Relation relation, const TargetEntry* entry) {
  Node* const value = reinterpret_cast<Node*>(entry->expr);
  int const location = exprLocation(value);
  auto* const output = static_cast<CompiledOutput*>(palloc0(sizeof(CompiledOutput)));
  output->key = entry->resname;
  output->type = getBaseType(exprType(value));
  assign_expr_collations(pstate, value);
  if (IsA(value, Var) && castNode(Var, value)->varattno > 0) {
    output->attnum = castNode(Var, value)->varattno;
    output->reads = bms_make_singleton(output->attnum);
  } else {
    pg::CheckExpression(pstate, value, kUse);
    output->reads = pg::ColumnsRead(value);
    output->expr = Plan(value);
  }
  RefuseVirtualColumns(pstate, relation, output->reads, location);
  return output;
}

void CheckId(ParseState* pstate, const CompiledOutput* id, Bitmapset* primary_key) {
  if (id == nullptr) {
    Refuse(pstate, -1, ERRCODE_INVALID_OBJECT_DEFINITION, "a data query has no output named id",
           "It is the row's identity on the device.",
           "Name the primary key id: column AS id; for a key of several columns: a::text || '/' || "
           "b::text AS id.");
  }
  if (bms_is_empty(id->reads) || !bms_is_subset(id->reads, primary_key)) {
    Refuse(pstate, -1, ERRCODE_INVALID_OBJECT_DEFINITION,
           "the output id of a data query is not determined by the primary key",
           bms_is_empty(id->reads)
               ? "It reads no column, so that all rows would be one object."
               : "It reads a column outside the key, so that an update could change it.",
           "Make id from columns of the primary key alone: column AS id; for a key of several "
           "columns: "
           "a::text || '/' || b::text AS id.");
  }
}

// `*` and `table.*` as the columns themselves, in the order of `defined_on`.
List* ExpandStars(List* targets, Relation defined_on) {
  TupleDesc const desc = RelationGetDescr(defined_on);
  List* expanded = NIL;
  ListCell* cell;
  foreach (cell, targets) {
    auto* const target = lfirst_node(ResTarget, cell);
    if (!IsStar(target)) {
      expanded = lappend(expanded, target);
      continue;
    }
    for (int i = 0; i < desc->natts; i++) {
      Form_pg_attribute const a = TupleDescAttr(desc, i);
      if (a->attisdropped) continue;
      auto* const column = static_cast<ColumnRef*>(copyObjectImpl(target->val));
      llast(column->fields) = makeString(pstrdup(NameStr(a->attname)));
      auto* const output = static_cast<ResTarget*>(copyObjectImpl(target));
      output->val = reinterpret_cast<Node*>(column);
      expanded = lappend(expanded, output);
    }
  }
  return expanded;
}

[[noreturn]] void RefuseSource(ParseState* pstate, const Binding* binding, const char* name,
                               Oid type) {
  Refuse(pstate, binding->location, ERRCODE_DATATYPE_MISMATCH,
         psprintf("column \"%s\" of type %s is no array", name, format_type_be(type)),
         psprintf("Its elements would say in which buckets a row is, by bucket.%s.",
                  binding->parameter),
         psprintf("Write %s = bucket.%s.", quote_identifier(name),
                  quote_identifier(binding->parameter)));
}

CompiledParameter* MakeParameter(ParseState* pstate, Relation relation, const Binding* binding) {
  auto* const parameter = static_cast<CompiledParameter*>(palloc0(sizeof(CompiledParameter)));
  parameter->name = binding->parameter;
  ListCell* cell;
  foreach (cell, binding->columns) {
    auto* const ref = lfirst_node(ColumnRef, cell);
    auto* const target = makeNode(TargetEntry);
    target->expr = reinterpret_cast<Expr*>(
        transformExpr(pstate, reinterpret_cast<Node*>(ref), EXPR_KIND_WHERE));
    const CompiledOutput* const column = MakeOutput(pstate, relation, target);
    if (column->attnum == 0) {
      Refuse(pstate, ref->location, ERRCODE_FEATURE_NOT_SUPPORTED,
             psprintf("bucket.%s can only be compared with a column", binding->parameter),
             "Which buckets a row is in must follow from the values of its columns.",
             "Name one column.");
    }
    auto* const source = static_cast<CompiledSource*>(palloc(sizeof(CompiledSource)));
    *source = {column->attnum, binding->elements, column->type};
    if (binding->elements) {
      Oid const element = get_element_type(column->type);
      if (!OidIsValid(element)) {
        RefuseSource(pstate, binding, strVal(llast(ref->fields)), column->type);
      }
      source->type = getBaseType(element);
    }
    parameter->sources = lappend(parameter->sources, source);
    parameter->reads = bms_add_member(parameter->reads, column->attnum);
  }
  return parameter;
}

void BindParameters(ParseState* pstate, Relation relation, const QueryText* text, List* names,
                    CompiledQuery* query) {
  ListCell* cell;
  foreach (cell, text->bindings) {
    const auto* const binding = static_cast<Binding*>(lfirst(cell));
    if (!list_member(names, makeString(pstrdup(binding->parameter)))) {
      Refuse(pstate, binding->location, ERRCODE_UNDEFINED_PARAMETER,
             psprintf("bucket parameter \"%s\" does not exist", binding->parameter),
             "A bucket's parameters are the columns that its parameters query outputs.",
             psprintf("Add the output to the parameters query: SELECT column AS %s.",
                      quote_identifier(binding->parameter)));
    }
  }
  ListCell* name;
  foreach (name, names) {
    const Binding* bound = nullptr;
    foreach (cell, text->bindings) {
      auto* const binding = static_cast<Binding*>(lfirst(cell));
      if (std::strcmp(binding->parameter, strVal(lfirst(name))) != 0) continue;
      if (bound != nullptr) {
        Refuse(
            pstate, binding->location, ERRCODE_INVALID_OBJECT_DEFINITION,
            psprintf("a data query binds the bucket parameter \"%s\" twice", binding->parameter),
            "One condition says which values put a row in a bucket.",
            psprintf("Leave all but one of the conditions out; bucket.%s IN (column, column) puts "
                     "a row in a bucket for each of the columns.",
                     quote_identifier(binding->parameter)));
      }
      bound = binding;
    }
    if (bound == nullptr) {
      Refuse(
          pstate, -1, ERRCODE_INVALID_OBJECT_DEFINITION,
          psprintf("a data query does not bind the bucket parameter \"%s\"", strVal(lfirst(name))),
          "Which bucket a row is in must follow from its columns, in every data query of the "
          "bucket.",
          psprintf("Add to WHERE: column = bucket.%s.", quote_identifier(strVal(lfirst(name)))));
    }
    query->parameters = lappend(query->parameters, MakeParameter(pstate, relation, bound));
  }
}

CompiledQuery* Compile(ParseState* pstate, Relation relation, Relation defined_on, List* parameters,
                       Bitmapset* primary_key) {
  const QueryText* const text = ReadQueryText(pstate);
  AddColumns(pstate, relation, text->name);
  auto* const query = static_cast<CompiledQuery*>(palloc0(sizeof(CompiledQuery)));
  query->type = text->name;
  query->columns = text->columns;

  List* const targets =
      transformTargetList(pstate, ExpandStars(text->targets, defined_on), EXPR_KIND_SELECT_TARGET);
  resolveTargetListUnknowns(pstate, targets);
  ListCell* cell;
  foreach (cell, targets) {
    const auto* const entry = lfirst_node(TargetEntry, cell);
    CheckKey(pstate, query->outputs, entry, exprLocation(reinterpret_cast<Node*>(entry->expr)));
    CompiledOutput* const output = MakeOutput(pstate, relation, entry);
    query->outputs = lappend(query->outputs, output);
    if (std::strcmp(output->key, kIdName) == 0) query->id = output;
  }
  BindParameters(pstate, relation, text, parameters, query);
  if (text->filter != nullptr) {
    Node* const filter = transformWhereClause(pstate, text->filter, EXPR_KIND_WHERE, "WHERE");
    assign_expr_collations(pstate, filter);
    pg::CheckExpression(pstate, filter, kUse);
    query->filter_reads = pg::ColumnsRead(filter);
    RefuseVirtualColumns(pstate, relation, query->filter_reads, exprLocation(filter));
    query->filter = make_ands_implicit(reinterpret_cast<Expr*>(Plan(filter)));
  }
  CheckId(pstate, query->id, primary_key);
  return query;
}

// As the server does for the text of a function: the position belongs to the inner text.
void AddQueryText(void* arg) {
  const auto* const frame = static_cast<QueryErrors*>(arg);
  int const position = geterrposition();
  if (position > 0) {
    errposition(0);
    internalerrposition(position);
    internalerrquery(frame->text);
  } else {
    errcontext("%s: %s", frame->what, frame->text);
  }
}

ParseState* StateFor(const char* text) {
  ParseState* const pstate = make_parsestate(nullptr);
  pstate->p_sourcetext = text;
  return pstate;
}

}  // namespace

void PushQueryErrors(QueryErrors* frame, const char* what, const char* text) {
  frame->callback.callback = AddQueryText;
  frame->callback.arg = frame;
  frame->callback.previous = error_context_stack;
  frame->text = text;
  frame->what = what;
  error_context_stack = &frame->callback;
}

void PopQueryErrors(QueryErrors* frame) {
  error_context_stack = frame->callback.previous;
}

namespace {

const QueryText* ReadText(const char* text) {
  QueryErrors frame;
  PushQueryErrors(&frame, "data query", text);
  int const nest_level = NewGUCNestLevel();
  pg::PinParserSettings();
  ParseState* const pstate = StateFor(text);
  const QueryText* const read = ReadQueryText(pstate);
  free_parsestate(pstate);
  AtEOXact_GUC(true, nest_level);
  PopQueryErrors(&frame);
  return read;
}

}  // namespace

CompiledQuery* CompileQuery(Relation relation, Relation defined_on, const char* text,
                            List* parameters, Bitmapset* primary_key) {
  QueryErrors frame;
  PushQueryErrors(&frame, "data query", text);
  int const nest_level = NewGUCNestLevel();
  pg::PinParserSettings();
  ParseState* const pstate = StateFor(text);
  CompiledQuery* const query = Compile(pstate, relation, defined_on, parameters, primary_key);
  free_parsestate(pstate);
  AtEOXact_GUC(true, nest_level);
  PopQueryErrors(&frame);
  return query;
}

RangeVar* TableOfQuery(const char* text) {
  return ReadText(text)->from;
}

const char* TypeOfQuery(const char* text) {
  return ReadText(text)->name;
}

List* ColumnsOfQuery(const char* text) {
  return ReadText(text)->columns;
}

bool TakesAllColumns(const char* text) {
  return ReadText(text)->all_columns;
}

List* PrimaryKey(Relation relation) {
  Oid const index_oid = pg::PrimaryKeyIndex(relation);
  if (!OidIsValid(index_oid)) return NIL;
  Relation const index = RelationIdGetRelation(index_oid);
  if (!RelationIsValid(index)) return NIL;
  List* key = NIL;
  for (int i = 0; i < index->rd_index->indnkeyatts; i++) {
    key = lappend_int(key, index->rd_index->indkey.values[i]);
  }
  RelationClose(index);
  return key;
}

Bitmapset* AsSet(List* attribute_numbers) {
  Bitmapset* set = nullptr;
  ListCell* cell;
  foreach (cell, attribute_numbers) set = bms_add_member(set, lfirst_int(cell));
  return set;
}

}  // namespace phisync::sync
