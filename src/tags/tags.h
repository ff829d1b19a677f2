#pragma once
// Tags: what each column of a relation holds. Statements write them as security labels of the
// provider phisync; everything else in the extension asks EffectiveTags.

#include <string>
#include <vector>

#include "core/label.h"
#include "pg/backend.h"
#include "pg/parser.h"

namespace phisync::tags {

// Name of the label provider, as in SECURITY LABEL FOR phisync.
inline constexpr const char* kProvider = "phisync";

// Where a column's tag comes from.
enum class Source { kNone, kOwn, kParent, kView, kGenerated, kSchema };

struct ColumnTag {
  bool phi = false;        // to be treated as PHI: tagged phi:*, or unclassified in a relation that
                           // holds PHI
  bool subject = false;    // holds the id of the person whom the row is about
  bool row_codes = false;  // holds the sensitivity codes of its row, as its label or one above says
  bool unanswered = false;  // unclassified, and not because what it is made of has several classes
                            // or cannot be told: the relation's default holds
  Source source = Source::kNone;
  std::string text;   // the class: "phi:ssn", "none", "unclassified"; "": the relation holds no PHI
  std::string label;  // the whole label in canonical text; empty unless the class is from a label
  // LimitsOf the labels it follows from, also where these leave it unclassified.
  ColumnLabel limits;
  Oid origin = InvalidOid;  // relation whose column carries the label, or caused the tag
};

struct RelationTags {
  bool holds_phi = false;
  Unclassified unclassified = Unclassified::kOmit;  // what is done with columns without a class
  // Sensitivities of every row: those of the relation's own label and of those that it is a heir
  // of, or of the tables that a view's columns read.
  std::uint32_t sens = 0;  // bit i: SensitivityCodes()[i]
  bool part2 = false;
  // The highest of the same labels, and of the schema's where that counts; of those that say phi.
  Confidentiality conf = Confidentiality::kUnrestricted;
  std::vector<ColumnTag> columns;  // [attnum - 1]; dropped columns are not PHI
};

// What the relation's columns hold: own label, else that of inheritance and partition parents by
// column name (the strictest of several), else what a view's or a generated column reads, else the
// schema's label.
// A relation holds PHI if its own, its parents' or its schema's label says so or a column is tagged
// phi:*; columns without an answer are then unclassified. A stored label that does not parse counts
// as unclassified PHI. Reads catalogs by scan without locks, so it is also right under a historic
// snapshot. Not cached: the caller caches and listens to relcache invalidation, which every change
// of a label sends. A relation that does not exist, and a system catalog, has no tags. Throws.
RelationTags EffectiveTags(Oid relation);

// What an output of a query is made of.
struct OutputSources {
  struct Column {
    Oid relation;
    AttrNumber number;  // 0: the whole row
    bool heirs;         // of partitions and heirs, too
  };
  std::vector<Column> columns;
  bool untold = false;  // PHI, perhaps, of which nobody can tell where it is from
};

// Of output `number` (from 1) of an analysed query; conditions of the query itself aside. Throws.
OutputSources SourcesOf(const Query* query, AttrNumber number);

// "own", "parent", "view", "generated", "schema", "none".
const char* SourceName(Source source);

// Registers the label provider; called once from _PG_init.
void Init();

}  // namespace phisync::tags
