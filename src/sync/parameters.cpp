#include "sync/parameters.h"

#include <algorithm>
#include <cstring>
#include <iterator>

#include "pg/catalog.h"
#include "sync/query_text.h"

namespace phisync::sync {
namespace {

// auth.* functions, and those of the schema phisync that stand for them.
constexpr struct {
  const char* name;
  int arguments;
  const char* function;
} kRequestFunctions[] = {
    {"user_id", 0, "auth_user_id"}, {"jwt", 0, "auth_jwt"}, {"parameter", 1, "auth_parameter"}};

// Points calls of auth.* functions, in place, to phisync's.
bool ResolveRequest(Node* node, void* context) {
  if (node == nullptr) return false;
  if (IsA(node, FuncCall) && list_length(castNode(FuncCall, node)->funcname) == 2) {
    FuncCall* const call = castNode(FuncCall, node);
    for (const auto& f : kRequestFunctions) {
      if (std::strcmp(strVal(linitial(call->funcname)), "auth") != 0 ||
          std::strcmp(strVal(lsecond(call->funcname)), f.name) != 0) {
        continue;
      }
      bool const literal = list_length(call->args) == 1 && IsA(linitial(call->args), A_Const);
      if (list_length(call->args) != f.arguments || (f.arguments == 1 && !literal)) {
        Refuse(static_cast<ParseState*>(context), call->location, ERRCODE_UNDEFINED_FUNCTION,
               psprintf("auth.%s() takes %s", f.name,
                        f.arguments == 0 ? "no argument"
                                         : "the name of a parameter as its one argument"),
               "It stands for what the user's token says.",
               f.arguments == 0 ? "Leave the arguments out." : "Write auth.parameter('name').");
      }
      call->funcname = list_make2(makeString(pstrdup("phisync")), makeString(pstrdup(f.function)));
      return false;
    }
  }
  return pg::WalkRawTree(node, ResolveRequest, context);
}

[[noreturn]] void RefuseParameters(ParseState* pstate, int sqlerrcode, const char* message,
                                   const char* hint) {
  Refuse(pstate, -1, sqlerrcode, message,
         "A parameters query reads tables, and outputs one row for each bucket that the user gets.",
         hint);
}

void CheckTable(ParseState* pstate, const RangeTblEntry* rte) {
  if (rte->rtekind != RTE_RELATION) return;
  const char* const name = get_rel_name(rte->relid);
  if ((rte->relkind != RELKIND_RELATION && rte->relkind != RELKIND_PARTITIONED_TABLE) ||
      rte->relid < FirstNormalObjectId ||
      get_rel_namespace(rte->relid) == get_namespace_oid("phisync", false)) {
    RefuseParameters(pstate, ERRCODE_WRONG_OBJECT_TYPE,
                     psprintf("a parameters query cannot read \"%s\"", name),
                     "Select from tables of your own; not from views, foreign tables, catalogs or "
                     "phisync's tables.");
  }
  if (get_rel_persistence(rte->relid) == RELPERSISTENCE_TEMP) {
    RefuseParameters(pstate, ERRCODE_WRONG_OBJECT_TYPE,
                     psprintf("a parameters query cannot read the temporary table \"%s\"", name),
                     "Select from permanent tables: it runs in other sessions.");
  }
  if (pg_class_aclcheck(rte->relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK) {
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("permission denied for table \"%s\"", name),
                    errdetail("A bucket uses what its definer may read."),
                    errhint("GRANT SELECT ON %s TO %s;",
                            quote_qualified_identifier(
                                get_namespace_name(get_rel_namespace(rte->relid)), name),
                            quote_identifier(GetUserNameFromId(GetUserId(), false)))));
  }
}

bool CheckQuery(Node* node, void* context) {
  if (node == nullptr) return false;
  auto* const pstate = static_cast<ParseState*>(context);
  if (IsA(node, RangeTblEntry)) {
    CheckTable(pstate, castNode(RangeTblEntry, node));
    return false;
  }
  if (IsA(node, Query)) {
    auto* const query = castNode(Query, node);
    if (query->commandType != CMD_SELECT || query->rowMarks != NIL || query->hasModifyingCTE) {
      RefuseParameters(pstate, ERRCODE_FEATURE_NOT_SUPPORTED, "a parameters query must only read",
                       "Write a SELECT without INTO, FOR UPDATE or statements that change data.");
    }
    return pg::WalkQuery(query, CheckQuery, context, QTW_EXAMINE_RTES_BEFORE);
  }
  return pg::WalkExpression(node, CheckQuery, context);
}

List* Outputs(ParseState* pstate, const Query* query) {
  List* parameters = NIL;
  ListCell* cell;
  foreach (cell, query->targetList) {
    const auto* const entry = lfirst_node(TargetEntry, cell);
    if (entry->resjunk) continue;
    Node* const value = reinterpret_cast<Node*>(entry->expr);
    if (std::strcmp(entry->resname, "?column?") == 0) {
      RefuseParameters(pstate, ERRCODE_INVALID_COLUMN_DEFINITION,
                       "an output of a parameters query has no name",
                       "Add AS name after the expression; data queries use it as bucket.name.");
    }
    ListCell* other;
    foreach (other, parameters) {
      if (std::strcmp(static_cast<BucketParameter*>(lfirst(other))->name, entry->resname) == 0) {
        RefuseParameters(
            pstate, ERRCODE_DUPLICATE_COLUMN,
            psprintf("a parameters query has several outputs named \"%s\"", entry->resname),
            "Rename one: AS name.");
      }
    }
    auto* const parameter = static_cast<BucketParameter*>(palloc(sizeof(BucketParameter)));
    *parameter = {entry->resname, getBaseType(exprType(value)), exprTypmod(value),
                  exprCollation(value)};
    parameters = lappend(parameters, parameter);
  }
  if (parameters == NIL) {
    RefuseParameters(
        pstate, ERRCODE_INVALID_OBJECT_DEFINITION, "a parameters query has no output",
        "Select the columns that data queries use as bucket.name, or leave parameters out.");
  }
  return parameters;
}

// Values of one class that are equal are written alike in a bucket id.
enum class IdForm { kNone, kBoolean, kInteger, kText, kSame };

IdForm FormOf(Oid type) {
  switch (type) {
    case BOOLOID:
      return IdForm::kBoolean;
    case INT2OID:
    case INT4OID:
    case INT8OID:
      return IdForm::kInteger;
    case TEXTOID:
    case VARCHAROID:
      return IdForm::kText;
    case BPCHAROID:
    case UUIDOID:
    case DATEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
      return IdForm::kSame;
    default:
      return type_is_enum(type) ? IdForm::kSame : IdForm::kNone;
  }
}

}  // namespace

List* AnalyseParameters(const char* text, Query** analysed) {
  QueryErrors frame;
  PushQueryErrors(&frame, "parameters query", text);
  ParseState* const pstate = make_parsestate(nullptr);
  pstate->p_sourcetext = text;
  List* const statements = raw_parser(text, RAW_PARSE_DEFAULT);
  if (list_length(statements) != 1 || !IsA(linitial_node(RawStmt, statements)->stmt, SelectStmt) ||
      castNode(SelectStmt, linitial_node(RawStmt, statements)->stmt)->intoClause != nullptr) {
    RefuseParameters(pstate, ERRCODE_SYNTAX_ERROR, "a parameters query must be exactly one SELECT",
                     "Write SELECT column FROM table WHERE user_column = auth.user_id().");
  }
  auto* const statement = linitial_node(RawStmt, statements);
  ResolveRequest(statement->stmt, pstate);
  auto* const query = parse_analyze_fixedparams(statement, text, nullptr, 0, nullptr);
  CheckQuery(reinterpret_cast<Node*>(query), pstate);
  if (contain_volatile_functions(reinterpret_cast<Node*>(query))) {
    RefuseParameters(pstate, ERRCODE_FEATURE_NOT_SUPPORTED,
                     "a parameters query cannot use a volatile function",
                     "Which buckets a user gets must follow from tables and the user's token.");
  }
  List* const parameters = Outputs(pstate, query);
  *analysed = query;
  free_parsestate(pstate);
  PopQueryErrors(&frame);
  return parameters;
}

void CheckComparable(Relation table, const CompiledSource* source,
                     const BucketParameter* parameter) {
  Form_pg_attribute const a = TupleDescAttr(RelationGetDescr(table), source->attnum - 1);
  Oid const type = source->type;
  IdForm const form = FormOf(type);
  if (type_is_array(type)) {
    ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                    errmsg("array column \"%s\" as a whole cannot be bound to a bucket parameter",
                           NameStr(a->attname)),
                    errdetail("Each of its elements stands for a bucket that the row is in."),
                    errhint("Write bucket.%s = ANY (%s).", quote_identifier(parameter->name),
                            quote_identifier(NameStr(a->attname)))));
  }
  if (form == IdForm::kNone ||
      (OidIsValid(a->attcollation) && !get_collation_isdeterministic(a->attcollation))) {
    ereport(ERROR,
            (errcode(ERRCODE_DATATYPE_MISMATCH),
             errmsg("column \"%s\" of type %s cannot be bound to a bucket parameter",
                    NameStr(a->attname), format_type_be(a->atttypid)),
             errdetail("Equal values of it can be written differently, and a bucket's id holds the "
                       "value as text."),
             errhint("Bind a column (or, by = ANY, an array) of type boolean, smallint, integer, "
                     "bigint, text, varchar, "
                     "char, uuid, date, "
                     "timestamp, timestamptz or an enum, without a nondeterministic collation.")));
  }
  bool const alike = form == FormOf(parameter->type) &&
                     (form != IdForm::kSame || type == parameter->type) &&
                     (type != BPCHAROID || a->atttypmod == parameter->typmod);
  if (!alike) {
    ereport(
        ERROR,
        (errcode(ERRCODE_DATATYPE_MISMATCH),
         errmsg("bucket parameter \"%s\" of type %s does not fit column \"%s\" of type %s",
                parameter->name, format_type_with_typemod(parameter->type, parameter->typmod),
                NameStr(a->attname), format_type_with_typemod(a->atttypid, a->atttypmod)),
         errdetail("Both are written into bucket ids, where equal values must look alike."),
         errhint("Cast the output of the parameters query: expression::%s AS %s.",
                 format_type_with_typemod(type, a->atttypmod), quote_identifier(parameter->name))));
  }
}

bool SameIdForm(Oid old_type, int32 old_typmod, Oid new_type, int32 new_typmod) {
  Oid const from = getBaseType(old_type);
  Oid const to = getBaseType(new_type);
  if (type_is_array(from) && type_is_array(to)) {
    return SameIdForm(get_element_type(from), old_typmod, get_element_type(to), new_typmod);
  }
  IdForm const form = FormOf(to);
  return form != IdForm::kNone && form == FormOf(from) && (form != IdForm::kSame || from == to) &&
         (to != BPCHAROID || old_typmod == new_typmod);
}

}  // namespace phisync::sync
