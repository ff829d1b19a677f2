#include "sync/rename.h"

#include <cstring>

#include "pg/expression.h"
#include "pg/scanner.h"

namespace phisync::sync {
namespace {

struct Token {
  int start;
  int end;
};

struct Tokens {
  Token* items;
  int n;
};

Tokens Scan(const char* text) {
  core_yy_extra_type extra;
  core_yyscan_t const scanner = scanner_init(text, &extra, &ScanKeywords, ScanKeywordTokens);
  Tokens tokens{static_cast<Token*>(palloc(sizeof(Token) * (std::strlen(text) + 1))), 0};
  core_YYSTYPE value;
  YYLTYPE start;
  while (core_yylex(&value, &start, scanner) != 0) {
    // The lexer keeps a zero byte after the token that it is at.
    tokens.items[tokens.n++] = {start,
                                start + static_cast<int>(std::strlen(extra.scanbuf + start))};
  }
  scanner_finish(scanner);
  return tokens;
}

bool Is(const char* text, const Token& token, const char* word) {
  return static_cast<size_t>(token.end - token.start) == std::strlen(word) &&
         pg_strncasecmp(text + token.start, word, std::strlen(word)) == 0;
}

int TokenAt(const Tokens& tokens, int location) {
  for (int i = 0; i < tokens.n; i++) {
    if (tokens.items[i].start == location) return i;
  }
  elog(ERROR, "no token at position %d of a data query", location);
}

// Where the output that begins at the token ends: before a comma or FROM that is its own.
int EndOfOutput(const char* text, const Tokens& tokens, int first) {
  int depth = 0;
  int end = tokens.items[first].end;
  for (int i = first; i < tokens.n; i++) {
    const Token& token = tokens.items[i];
    if (Is(text, token, "(") || Is(text, token, "[")) depth++;
    if (Is(text, token, ")") || Is(text, token, "]")) depth--;
    bool const from =
        Is(text, token, "FROM") && !(i > first && Is(text, tokens.items[i - 1], "DISTINCT"));
    if (depth == 0 && (from || Is(text, token, ","))) break;
    end = token.end;
  }
  return end;
}

// A piece of the text and what comes in its place.
struct Edit {
  int start;
  int end;
  const char* replacement;
};

int ByPosition(const ListCell* a, const ListCell* b) {
  return static_cast<Edit*>(lfirst(a))->start - static_cast<Edit*>(lfirst(b))->start;
}

struct Renaming {
  const char* text;
  const char* from;
  const char* to;
  Tokens tokens;
  List* edits;
};

void AddEdit(Renaming* renaming, int start, int end, const char* replacement) {
  // Some syntax stands in the tree twice.
  ListCell* cell;
  foreach (cell, renaming->edits) {
    if (static_cast<Edit*>(lfirst(cell))->start == start) return;
  }
  auto* const edit = static_cast<Edit*>(palloc(sizeof(Edit)));
  *edit = {start, end, replacement};
  renaming->edits = lappend(renaming->edits, edit);
}

// In double quotes even where SQL does not need them: what stands before may need them.
const char* Quoted(const char* name) {
  StringInfoData quoted;
  initStringInfo(&quoted);
  appendStringInfoChar(&quoted, '"');
  for (; *name != '\0'; name++) {
    if (*name == '"') appendStringInfoChar(&quoted, '"');
    appendStringInfoChar(&quoted, *name);
  }
  appendStringInfoChar(&quoted, '"');
  return quoted.data;
}

bool RenameReference(Node* node, void* context) {
  if (node == nullptr) return false;
  auto* const renaming = static_cast<Renaming*>(context);
  if (!IsColumn(node)) return pg::WalkRawTree(node, RenameReference, context);
  const auto* const column = castNode(ColumnRef, node);
  if (std::strcmp(strVal(llast(column->fields)), renaming->from) != 0) return false;
  // A dot stands between the names.
  const int index =
      TokenAt(renaming->tokens, column->location) + 2 * (list_length(column->fields) - 1);
  const Token& token = renaming->tokens.items[index];
  bool const plain = std::strchr(renaming->text + token.start, '"') == nullptr ||
                     std::strchr(renaming->text + token.start, '"') >= renaming->text + token.end;
  AddEdit(renaming, token.start, token.end,
          plain ? quote_identifier(renaming->to) : Quoted(renaming->to));
  return false;
}

void KeepOutputName(Renaming* renaming, const ResTarget* target) {
  if (target->name != nullptr || std::strcmp(FigureColname(target->val), renaming->from) != 0) {
    return;
  }
  int const end =
      EndOfOutput(renaming->text, renaming->tokens, TokenAt(renaming->tokens, target->location));
  bool const apart = std::strchr(", \t\r\n\f", renaming->text[end]) != nullptr;
  AddEdit(renaming, end, end,
          psprintf(" AS %s%s", quote_identifier(renaming->from), apart ? "" : " "));
}

const char* Apply(const Renaming& renaming) {
  list_sort(renaming.edits, ByPosition);
  StringInfoData result;
  initStringInfo(&result);
  int position = 0;
  ListCell* cell;
  foreach (cell, renaming.edits) {
    const auto* const edit = static_cast<Edit*>(lfirst(cell));
    appendBinaryStringInfo(&result, renaming.text + position, edit->start - position);
    appendStringInfoString(&result, edit->replacement);
    position = edit->end;
  }
  appendStringInfoString(&result, renaming.text + position);
  return result.data;
}

}  // namespace

const char* RenameColumn(const char* text, const char* from, const char* to) {
  int const nest_level = NewGUCNestLevel();
  pg::PinParserSettings();
  ParseState* const pstate = make_parsestate(nullptr);
  pstate->p_sourcetext = text;
  const QueryText* const query = ReadQueryText(pstate);
  Renaming renaming{text, from, to, Scan(text), NIL};
  ListCell* cell;
  foreach (cell, query->targets) KeepOutputName(&renaming, lfirst_node(ResTarget, cell));
  RenameReference(reinterpret_cast<Node*>(query->targets), &renaming);
  RenameReference(query->where, &renaming);
  free_parsestate(pstate);
  AtEOXact_GUC(true, nest_level);
  return Apply(renaming);
}

}  // namespace phisync::sync
