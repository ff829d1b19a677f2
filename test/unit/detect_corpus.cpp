#include "detect_corpus.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "detect_values.h"

namespace {

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::stringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

char Category(const std::string& type) {
  if (type == "date" || type == "time") return 'D';
  if (type == "int" || type == "num") return 'N';
  if (type == "bool") return 'B';
  if (type == "inet") return 'I';
  if (type == "uuid" || type == "json" || type == "bytea") return 'U';
  EXPECT_EQ(type, "text");
  return 'S';
}

bool IsRight(const CorpusColumn& column, const phisync::detect::Finding& finding, bool with_part) {
  const std::string found(phisync::TagClasses()[finding.tag_class].text);
  for (const std::string& expected : column.expected) {
    if (with_part ? found == expected : Split(found, '.')[0] == Split(expected, '.')[0])
      return true;
  }
  return false;
}

}  // namespace

std::vector<CorpusTable> ReadCorpus(const std::string& file, int rows) {
  std::ifstream in(std::string(PHISYNC_CORPUS) + "/" + file);
  EXPECT_TRUE(in.good()) << file;
  std::vector<CorpusTable> corpus;
  std::uint64_t seed = 1;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with("table ")) {
      corpus.push_back({line.substr(6), {}, {}});
      continue;
    }
    std::stringstream items(line);
    for (std::string item; items >> item;) {
      const std::vector<std::string> fields = Split(item, ':');
      if (fields.size() < 3 || corpus.empty()) {
        ADD_FAILURE() << file << ": " << item;
        continue;
      }
      CorpusColumn column{corpus.back().name, fields[0], {}, fields[2].ends_with('!')};
      column.expected = Split(fields[2].substr(0, fields[2].find('!')), '|');
      phisync::detect::Column seen;
      seen.name = fields[0];
      seen.type_category = Category(fields[1]);
      seen.json = fields[1] == "json";
      Random random(++seed);
      for (int i = 0; i < rows && fields.size() > 3; ++i) {
        if (i % 20 == 19) continue;
        if (seen.type_category == 'D') {
          seen.values.AddDay(MakeDay(fields[3], random));
        } else {
          seen.values.Add(MakeValue(fields[3], random));
        }
      }
      corpus.back().columns.push_back(std::move(column));
      corpus.back().seen.push_back(std::move(seen));
    }
  }
  return corpus;
}

Score Judge(const std::vector<CorpusTable>& corpus, double bound) {
  Score score;
  for (const CorpusTable& table : corpus) {
    const auto findings = phisync::detect::Detect(table.name, table.seen, false);
    for (std::size_t i = 0; i < findings.size(); ++i) {
      const CorpusColumn& column = table.columns[i];
      const phisync::detect::Finding& finding = findings[i];
      bool none = false;
      for (const std::string& e : column.expected) none = none || e == "none";
      const bool suggested =
          finding.tag_class != phisync::kClassNone && finding.confidence >= bound;
      const bool right = suggested && IsRight(column, finding, false);
      ++score.columns;
      score.phi += none ? 0 : 1;
      score.suggested += suggested ? 1 : 0;
      score.right += right ? 1 : 0;
      score.found += !none && right ? 1 : 0;
      if (right && column.expected.size() == 1 &&
          column.expected[0].find('.') != std::string::npos) {
        ++score.parts;
        score.parts_right += IsRight(column, finding, true) ? 1 : 0;
      }
      if ((suggested && !right) || (!none && !right)) {
        score.wrong += table.name + "." + column.name + ": expected " + column.expected[0] +
                       ", found " + std::string(phisync::TagClasses()[finding.tag_class].text) +
                       " at " + std::to_string(finding.confidence) + "\n";
      }
    }
  }
  return score;
}
