#include "pg/expression.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "pg/catalog.h"

extern "C" {
#include <access/sysattr.h>
#include <access/transam.h>
#include <catalog/pg_language.h>
#include <catalog/pg_proc.h>
#include <parser/parse_expr.h>
}

namespace phisync::pg {
namespace {

struct Check {
  ParseState* pstate;
  const ExpressionUse* use;
  Oid offender;
};

bool IsUserDefined(Oid object) {
  return object >= FirstNormalObjectId;
}

[[noreturn]] void Refuse(const Check& check, int location, const char* found, const char* detail,
                         const char* hint) {
  ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                  errmsg("%s cannot use %s", check.use->what, found), errdetail("%s", detail),
                  errhint("%s", hint), parser_errposition(check.pstate, location)));
  pg_unreachable();
}

bool IsForbiddenFunction(Oid function, void* context) {
  if (!IsUserDefined(function) && func_volatile(function) == PROVOLATILE_IMMUTABLE) return false;
  static_cast<Check*>(context)->offender = function;
  return true;
}

[[noreturn]] void RefuseFunction(const Check& check, int location) {
  const char* const name = get_func_name(check.offender);
  const char volatility = func_volatile(check.offender);
  const char* const kind = IsUserDefined(check.offender)        ? "user-defined"
                           : volatility == PROVOLATILE_VOLATILE ? "volatile"
                                                                : "stable, not immutable,";
  Refuse(check, location, psprintf("the %s function %s", kind, name != nullptr ? name : "?"),
         check.use->why, check.use->remedy);
}

// Node kinds that are nothing but a function of their arguments.
bool IsPlainNode(const Node* node) {
  switch (nodeTag(node)) {
    case T_Var:
    case T_Const:
    case T_FuncExpr:
    case T_OpExpr:
    case T_DistinctExpr:
    case T_NullIfExpr:
    case T_ScalarArrayOpExpr:
    case T_BoolExpr:
    case T_SubscriptingRef:
    case T_RelabelType:
    case T_CoerceViaIO:
    case T_ArrayCoerceExpr:
    case T_CollateExpr:
    case T_CaseExpr:
    case T_CaseWhen:
    case T_CaseTestExpr:
    case T_ArrayExpr:
    case T_CoalesceExpr:
    case T_MinMaxExpr:
    case T_NullTest:
    case T_BooleanTest:
    case T_NamedArgExpr:
      return true;
    default:
      return false;
  }
}

[[noreturn]] void RefuseNode(const Check& check, const Node* node) {
  const char* found = "this kind of expression";
  if (IsA(node, Aggref) || IsA(node, GroupingFunc) || IsA(node, WindowFunc)) {
    found = "an aggregate or window function";
  } else if (IsA(node, SubLink)) {
    found = "a subquery";
  } else if (IsA(node, SQLValueFunction)) {
    found = "a value that depends on the session or the time";
  } else if (IsA(node, CoerceToDomain) || IsA(node, ConvertRowtypeExpr)) {
    found = "a cast to a user-defined type";
  }
  Refuse(check, exprLocation(node), found, check.use->why, check.use->remedy);
}

// Types whose literals mean something else in another session.
constexpr Oid kUnstableLiterals[] = {
    REGPROCOID, REGPROCEDUREOID, REGOPEROID,      REGOPERATOROID, REGCLASSOID,      REGCOLLATIONOID,
    REGTYPEOID, REGROLEOID,      REGNAMESPACEOID, REGCONFIGOID,   REGDICTIONARYOID, CASHOID};

// 'now', 'today' and their like would be read as the time of compilation.
bool NamesTheClock(const char* literal) {
  constexpr const char* kWords[] = {"now", "today", "tomorrow", "yesterday"};
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const char* p = literal;
  while (*p != '\0' && !is_letter(*p)) ++p;
  while (*p != '\0') {
    const char* end = p;
    while (is_letter(*end)) ++end;
    const auto size = static_cast<std::size_t>(end - p);
    for (const char* word : kWords) {
      if (size == std::strlen(word) && pg_strncasecmp(p, word, size) == 0) return true;
    }
    p = end;
    while (*p != '\0' && !is_letter(*p)) ++p;
  }
  return false;
}

// The constant is converted already, but its text still stands in the source.
bool HidesTheClock(const char* literal) {
  if (*literal != '\'') return *literal != '\0' && std::strchr("EeUuNn$", *literal) != nullptr;
  const char* const end = std::strchr(literal + 1, '\'');
  return end != nullptr &&
         NamesTheClock(pnstrdup(literal + 1, static_cast<Size>(end - literal - 1)));
}

void CheckConst(const Check& check, const Const* constant) {
  if (constant->constisnull) return;
  bool refused = std::find(std::begin(kUnstableLiterals), std::end(kUnstableLiterals),
                           constant->consttype) != std::end(kUnstableLiterals);
  char category = '\0';
  bool preferred = false;
  get_type_category_preferred(constant->consttype, &category, &preferred);
  if (category != TYPCATEGORY_STRING && constant->location >= 0) {
    refused = refused || HidesTheClock(check.pstate->p_sourcetext + constant->location);
  }
  if (refused) {
    Refuse(check, constant->location,
           psprintf("this constant of type %s", format_type_be(constant->consttype)),
           "What it means could depend on the session or the time.",
           "Write the value itself, as a plain literal.");
  }
}

void CheckTypes(const Check& check, const Node* node) {
  const Oid type = exprType(node);
  if (IsUserDefined(IsA(node, Var) ? getBaseType(type) : type)) {
    Refuse(check, exprLocation(node),
           psprintf("the user-defined type %s in an expression", format_type_be(type)),
           "What such a type's functions do can change.",
           "Use the column alone, or columns of built-in types.");
  }
  if (IsUserDefined(exprCollation(node)) || IsUserDefined(exprInputCollation(node))) {
    Refuse(check, exprLocation(node), "a user-defined collation in an expression",
           "It can be dropped or changed.", "Add COLLATE \"C\" to the operands.");
  }
}

bool CheckNode(Node* node, void* context) {
  if (node == nullptr) return false;
  auto* const check = static_cast<Check*>(context);
  if (IsA(node, List)) return WalkExpression(node, CheckNode, context);
  const int location = exprLocation(node);
  if (!IsPlainNode(node)) RefuseNode(*check, node);
  if (IsA(node, FuncExpr) && castNode(FuncExpr, node)->funcretset) {
    Refuse(*check, location, "a function that returns a set", "A row gives one value.",
           check->use->remedy);
  }
  if (IsA(node, Var) && castNode(Var, node)->varattno <= 0) {
    Refuse(*check, location, "the row as a whole or a system column",
           "A column that is added later would be used unseen.", "Name the columns.");
  }
  if (IsA(node, Const)) CheckConst(*check, castNode(Const, node));
  if (!IsA(node, CaseWhen)) CheckTypes(*check, node);
  if (check_functions_in_node(node, IsForbiddenFunction, check)) RefuseFunction(*check, location);
  return WalkExpression(node, CheckNode, context);
}

bool IsForeignFunction(Oid function, void*) {
  HeapTuple const tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
  if (!HeapTupleIsValid(tuple)) return true;
  Oid const language = reinterpret_cast<Form_pg_proc>(GETSTRUCT(tuple))->prolang;
  ReleaseSysCache(tuple);
  return IsUserDefined(function) || language != INTERNALlanguageId;
}

bool IsForeignNode(Node* node, void* context) {
  if (node == nullptr) return false;
  if (!IsA(node, List) && check_functions_in_node(node, IsForeignFunction, nullptr)) return true;
  return WalkExpression(node, IsForeignNode, context);
}

struct Source {
  Relation relation;
  const char* text;
  const ExpressionUse* use;
};

// The server reports positions in the statement it was sent; ours are positions in the expression.
void TransposePosition(void* arg) {
  const auto* source = static_cast<const Source*>(arg);
  const int position = geterrposition();
  if (position > 0) {
    errposition(0);
    internalerrposition(position);
    internalerrquery(source->text);
  }
  errcontext("%s", source->use->what);
}

// Says what columns there are, where the server would only say which there is not.
Node* RequireColumn(ParseState* pstate, ColumnRef* ref, Node* var) {
  if (var != nullptr || !IsA(llast(ref->fields), String)) return nullptr;
  const auto* source = static_cast<const Source*>(pstate->p_ref_hook_state);
  StringInfoData columns;
  initStringInfo(&columns);
  TupleDesc const desc = RelationGetDescr(source->relation);
  for (int i = 0; i < desc->natts; ++i) {
    if (TupleDescAttr(desc, i)->attisdropped) continue;
    appendStringInfo(&columns, "%s%s", columns.len == 0 ? "" : ", ",
                     NameStr(TupleDescAttr(desc, i)->attname));
  }
  ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                  errmsg("column \"%s\" does not exist in table \"%s\"",
                         NameListToString(ref->fields), RelationGetRelationName(source->relation)),
                  errdetail("%s", source->use->why), errhint("Its columns are %s.", columns.data),
                  parser_errposition(pstate, ref->location)));
  return nullptr;
}

Node* SingleExpression(const Source& source) {
  List* const statements = raw_parser(source.text, RAW_PARSE_PLPGSQL_EXPR);
  const auto* select = castNode(SelectStmt, linitial_node(RawStmt, statements)->stmt);
  const auto* target =
      list_length(select->targetList) == 1 ? linitial_node(ResTarget, select->targetList) : nullptr;
  if (target == nullptr || target->name != nullptr || select->distinctClause != NIL ||
      select->intoClause != nullptr || select->fromClause != NIL ||
      select->whereClause != nullptr || select->groupClause != NIL ||
      select->havingClause != nullptr || select->windowClause != NIL ||
      select->valuesLists != NIL || select->sortClause != NIL || select->limitOffset != nullptr ||
      select->limitCount != nullptr || select->lockingClause != NIL ||
      select->withClause != nullptr || select->op != SETOP_NONE) {
    ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR),
                    errmsg("%s is not a single expression", source.use->what),
                    errdetail("%s", source.use->why),
                    errhint("Write one expression over the table's columns.")));
  }
  return target->val;
}

void RefuseGenerated(const Check& check, Relation relation, Node* expression) {
  Bitmapset* const columns = ColumnsRead(expression);
  for (int i = -1; (i = bms_next_member(columns, i)) >= 0;) {
    const FormData_pg_attribute* column = TupleDescAttr(RelationGetDescr(relation), i - 1);
    if (column->attgenerated == '\0') continue;
    Refuse(check, -1, psprintf("generated column \"%s\"", NameStr(column->attname)),
           "Such a column is not computed yet where a change of the row is checked.",
           "Write the column's expression instead.");
  }
}

Expr* Parse(Source* source) {
  Node* const raw = SingleExpression(*source);
  ParseState* const pstate = make_parsestate(nullptr);
  pstate->p_sourcetext = source->text;
  pstate->p_ref_hook_state = source;
  pstate->p_post_columnref_hook = RequireColumn;
  addNSItemToQuery(pstate,
                   addRangeTableEntryForRelation(pstate, source->relation, AccessShareLock, nullptr,
                                                 false, true),
                   true, true, true);
  Node* const expr = transformExpr(pstate, raw, EXPR_KIND_OTHER);
  assign_expr_collations(pstate, expr);
  CheckExpression(pstate, expr, *source->use);
  RefuseGenerated({pstate, source->use, InvalidOid}, source->relation, expr);
  free_parsestate(pstate);
  return expression_planner(reinterpret_cast<Expr*>(expr));
}

}  // namespace

void PinParserSettings() {
  constexpr const char* kSettings[][2] = {
      {"search_path", "pg_catalog, pg_temp"}, {"DateStyle", "ISO, YMD"},
      {"IntervalStyle", "postgres"},          {"TimeZone", "UTC"},
      {"transform_null_equals", "off"},       {"standard_conforming_strings", "on"}};
  for (const auto& setting : kSettings) {
    set_config_option(setting[0], setting[1], PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0,
                      false);
  }
}

void CheckExpression(ParseState* pstate, Node* expression, const ExpressionUse& use) {
  Check check{pstate, &use, InvalidOid};
  CheckNode(expression, &check);
}

Bitmapset* ColumnsRead(Node* expression) {
  Bitmapset* offset = nullptr;
  pull_varattnos(expression, 1, &offset);
  Bitmapset* columns = nullptr;
  for (int i = -1; (i = bms_next_member(offset, i)) >= 0;) {
    const int attnum = i + FirstLowInvalidHeapAttributeNumber;
    if (attnum > 0) columns = bms_add_member(columns, attnum);
  }
  return columns;
}

bool RunsForeignCode(Node* expression) {
  return expression != nullptr && IsForeignNode(expression, nullptr);
}

bool PrintsByForeignCode(Oid type) {
  Oid const base = getBaseType(type);
  if (base < FirstNormalObjectId && base != RECORDOID) return false;
  Oid const element = get_element_type(base);
  if (OidIsValid(element)) return PrintsByForeignCode(element);
  Oid output;
  bool is_varlena;
  getTypeOutputInfo(base, &output, &is_varlena);
  // The members of a row and the bounds of a range are printed by functions of their own.
  return get_typtype(base) != TYPTYPE_ENUM &&
         (get_typtype(base) != TYPTYPE_BASE || IsForeignFunction(output, nullptr));
}

RowExpression ParseRowExpression(Relation relation, const char* text, const ExpressionUse& use) {
  Source source{relation, text, &use};
  ErrorContextCallback context;
  context.callback = TransposePosition;
  context.arg = &source;
  context.previous = error_context_stack;
  error_context_stack = &context;
  // An error undoes the settings with the (sub)transaction.
  const int level = NewGUCNestLevel();
  PinParserSettings();
  Expr* const expr = Parse(&source);
  AtEOXact_GUC(true, level);
  error_context_stack = context.previous;
  return {expr, getBaseType(exprType(reinterpret_cast<Node*>(expr)))};
}

}  // namespace phisync::pg
