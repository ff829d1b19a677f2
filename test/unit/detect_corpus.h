#pragma once
// The lists of columns in test/corpus, and how detection fares on them.

#include <string>
#include <vector>

#include "core/detect.h"

struct CorpusColumn {
  std::string table;
  std::string name;
  std::vector<std::string> expected;  // kind, kind.part or none
  bool subject = false;
};

struct CorpusTable {
  std::string name;
  std::vector<CorpusColumn> columns;
  std::vector<phisync::detect::Column> seen;  // with values, where the list names a generator
};

// `rows` values of each column that has a generator; every twentieth is null. Fails the test on a
// list that it cannot read.
std::vector<CorpusTable> ReadCorpus(const std::string& file, int rows);

struct Score {
  int columns = 0;
  int phi = 0;
  int suggested = 0;  // at the bound and above
  int right = 0;
  int found = 0;  // PHI with the right kind at the bound and above
  int parts = 0;  // of the right ones, those of which the list says the part
  int parts_right = 0;
  std::string wrong;  // a line for each miss

  [[nodiscard]] double precision() const { return suggested == 0 ? 1 : double(right) / suggested; }
  [[nodiscard]] double recall() const { return phi == 0 ? 1 : double(found) / phi; }
};
Score Judge(const std::vector<CorpusTable>& corpus, double bound);
