// Whatever bytes names and values have: detection ends, its confidence is a share, its evidence is
// JSON without the values, and what it suggests is a label.

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/detect.h"
#include "core/label.h"

namespace {

using namespace phisync;

void Check(const detect::Finding& finding, std::string_view value) {
  if (finding.tag_class == kClassNone) return;
  if (!(finding.confidence >= detect::kReview && finding.confidence <= 1)) __builtin_trap();
  if (ParseColumnLabel(finding.label).tag_class != finding.tag_class) __builtin_trap();
  // Keys of known words alone are shown.
  bool known = true;
  for (const std::string& word : detect::Words(value)) known = known && detect::IsKnownWord(word);
  if (!known && value.size() > 16 && finding.evidence.find(value) != std::string::npos)
    __builtin_trap();
}

}  // namespace

// A line each: table, column, then values; a value is taken as the key of a JSON member, too.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const auto line = [&] {
    const std::size_t end = rest.find('\n');
    const std::string_view taken = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return taken;
  };
  const std::string_view table = line();
  std::vector<detect::Column> columns(2);
  columns[0].name = line();
  columns[1].name = "data";
  columns[1].type_category = 'U';
  columns[1].json = true;
  std::string_view value;
  while (!rest.empty()) {
    value = line();
    columns[0].values.Add(value);
    if (detect::Values* member = columns[1].Member(value)) member->Add(value);
  }
  for (const detect::Finding& finding : detect::Detect(table, columns, false)) {
    Check(finding, value);
  }
  for (const ClassId id : detect::Propose(table, columns)) {
    if (id == kClassNone) __builtin_trap();
  }
  return 0;
}
