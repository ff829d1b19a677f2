#include "core/detect.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "core/byte_buffer.h"
#include "core/json.h"

namespace phisync::detect {
namespace {

// What it tells if values have a shape. `expected`: share of hits where the column does hold the
// kind; `chance`: where it holds something else of that length and alphabet, measured on random
// data. The evidence of all values together stays within [-least, most].
struct Weight {
  Shape shape;
  std::string_view text;  // the class
  double expected;
  double chance;
  double most;
  double least;
  bool alone;  // tells without a name, too
};
constexpr Weight kWeights[] = {
    {Shape::kSsn, "ssn", 0.95, 0.0005, 8, 1.5, true},
    {Shape::kSsnDigits, "ssn", 0.97, 0.889, 1.2, 1.5, false},
    {Shape::kMrn, "mrn", 0.9, 0.0001, 6.5, 0.3, true},
    {Shape::kNpi, "license", 0.97, 0.1, 5.5, 0.3, true},
    {Shape::kDea, "license", 0.97, 0.069, 5.5, 0.3, true},
    {Shape::kMbi, "plan", 0.95, 0.000085, 8, 0.3, true},
    {Shape::kPhone, "phone", 0.85, 0.01, 7, 1, true},
    {Shape::kPhoneDigits, "phone", 0.9, 0.56, 1, 1, false},
    {Shape::kPhone, "fax", 0.85, 0.01, 2, 1, false},
    {Shape::kPhoneDigits, "fax", 0.9, 0.56, 1, 1, false},
    {Shape::kEmail, "email", 0.95, 0.0001, 7, 4, true},
    {Shape::kZip, "geo.zip", 0.9, 0.3, 1, 0.8, false},
    {Shape::kZip4, "geo.zip", 0.9, 0.01, 2, 0.7, false},
    {Shape::kIp, "ip", 0.95, 0.001, 6, 7, true},
    {Shape::kUrl, "url", 0.9, 0.001, 5, 2, true},
    {Shape::kUdi, "device", 0.9, 0.00001, 7, 0.2, true},
    {Shape::kVin, "vehicle", 0.97, 0.031, 6.8, 0.2, true},
    {Shape::kGiven, "name.given", 0.45, 0.03, 5, 0.6, true},
    {Shape::kFamily, "name.family", 0.4, 0.03, 5, 0.6, true},
    {Shape::kFullName, "name.full", 0.4, 0.003, 7, 0.8, true},
    {Shape::kFullName, "name.relative", 0.4, 0.003, 1, 0.2, false},
    {Shape::kStreet, "geo.street", 0.8, 0.01, 6, 0.8, true},
    {Shape::kIcd, "clinical.dx", 0.9, 0.05, 2.5, 0.2, false},
    {Shape::kLoinc, "clinical.lab", 0.95, 0.1, 2.5, 0.1, false},
    {Shape::kProse, "freetext", 0.6, 0.03, 4, 1, true},
    {Shape::kEmbedded, "freetext", 0.1, 0.0005, 6, 0, true},
};

// Values are alike: after some, more of them tell nothing new.
constexpr int kIndependent = 20;

// Log-odds of a kind before anything is known of the column but what its row is about.
constexpr double kUnnamed[] = {-4.2, -2.5, -3.5, -3.2, -4.2, -4.5, -4.5};

// Shares of such columns that are about a patient or somebody of theirs, by what the row is about.
// clang-format off
constexpr double kProtected[5][7] = {
  // nothing person maybe clinical staff place other
  {  0.99,   1.0,   1.0,  1.0,     0.85, 0.8,  0.95},  // numbers that say by themselves whom they name
  {  0.98,   1.0,   1.0,  1.0,     0.7,  0.55, 0.55},  // names and ways to reach somebody
  {  0.98,   1.0,   1.0,  1.0,     0.7,  0.45, 0.45},  // places, addresses of machines, things
  {  0.8,    1.0,   0.95, 1.0,     0.5,  0.4,  0.3},   // health content, text
  {  0.6,    1.0,   0.93, 1.0,     0.4,  0.3,  0.2},   // dates, codes
};
// clang-format on

double Protected(Kind kind, ClassId id, About about) {
  std::size_t row = 2;
  switch (kind) {
    case Kind::kSsn:
    case Kind::kMrn:
    case Kind::kPlan:
      row = 0;
      break;
    case Kind::kName:
    case Kind::kPhone:
    case Kind::kFax:
    case Kind::kEmail:
    case Kind::kPhoto:
    case Kind::kBiometric:
      row = 1;
      break;
    case Kind::kClinical:
    case Kind::kFreetext:
      row = 3;
      break;
    case Kind::kDate:
      row = id == FindClass("date.birth") || id == FindClass("date.death") ? 1 : 4;
      break;
    case Kind::kCode:
      row = 4;
      break;
    default:
      break;
  }
  return kProtected[row][static_cast<std::size_t>(about)];
}

// Of few different values no one singles out a person.
bool SinglesOut(Kind kind) {
  switch (kind) {
    case Kind::kDate:
    case Kind::kAge:
    case Kind::kGeo:
    case Kind::kClinical:
    case Kind::kPlan:
    case Kind::kFreetext:
    case Kind::kPhoto:
    case Kind::kBiometric:
      return false;
    default:
      return true;
  }
}

double Evidence(const Weight& weight, const Values& values) {
  const int n = values.count();
  if (n == 0) return 0;
  const double rate = values.rate(weight.shape);
  const double sum = std::min(n, kIndependent) *
                     (rate * std::log(weight.expected / weight.chance) +
                      (1 - rate) * std::log((1 - weight.expected) / (1 - weight.chance)));
  return std::clamp(sum, -weight.least, weight.most);
}

// What the values say for and against the class.
double Evidence(ClassId id, const Column& column) {
  const Values& values = column.values;
  if (values.count() == 0 || column.json) return 0;
  const TagClass& tag = TagClasses()[id];
  double sum = 0;
  double best = 0;
  for (const Weight& weight : kWeights) {
    if (weight.text != tag.text) continue;
    const double e = Evidence(weight, values);
    // Two shapes of one kind: what is not of the one may be of the other.
    best = std::max(best, e);
    sum += e;
  }
  if (best > 0) sum = best;
  if (tag.kind == Kind::kDate) {
    if (id == FindClass("date.birth") && values.LooksLikeBirths()) sum += 3.5;
    if (column.type_category == 'S' && values.rate(Shape::kDate) < 0.2) sum -= 2;
  }
  if (id == FindClass("code") && values.distinct() == values.count() && values.count() >= 10 &&
      values.rate(Shape::kUnique) > 0.8) {
    sum += 1;
  }
  if (id == FindClass("code")) sum -= 5 * values.rate(Shape::kProse);
  if (SinglesOut(tag.kind) && values.count() >= 30 && values.distinct() <= 5) sum -= 4;
  return sum;
}

bool IsAlone(ClassId id) {
  for (const Weight& weight : kWeights) {
    if (weight.alone && weight.text == TagClasses()[id].text) return true;
  }
  return false;
}

struct Candidate {
  ClassId id = kClassNone;
  double confidence = 0;
  std::vector<std::string> words;
};

// The best class for a column that is no JSON.
Candidate Best(const NameVerdict& verdict, const Column& column) {
  Candidate best;
  const auto consider = [&](ClassId id, double log_odds, const std::vector<std::string>& words) {
    const Kind kind = TagClasses()[id].kind;
    if (!KindFitsType(kind, column.type_category)) return;
    const double score = log_odds + Evidence(id, column);
    const double confidence = Protected(kind, id, verdict.about) / (1 + std::exp(-score));
    if (confidence > best.confidence || (confidence == best.confidence && id > best.id)) {
      best = {id, confidence, words};
    }
  };
  for (const NameMatch& match : verdict.matches) {
    consider(match.tag_class, match.log_odds, match.words);
  }
  const double unnamed = kUnnamed[static_cast<std::size_t>(verdict.about)];
  for (ClassId id = 1; id < TagClasses().size(); ++id) {
    const double evidence = Evidence(id, column);
    if (evidence <= 0) continue;
    // Births alone among dates tell without a name.
    if (IsAlone(id) || id == FindClass("date.birth")) consider(id, unnamed, {});
  }
  // Each row of a patient with a text of its own, that no rule knows: somebody should look.
  constexpr int kFew = 20;
  constexpr double kLook = 0.2;
  const Values& values = column.values;
  if (best.confidence < kReview && verdict.about == About::kPerson && !verdict.is_meta &&
      column.type_category == 'S' && values.count() >= kFew &&
      values.distinct() == values.count() && values.rate(Shape::kProse) == 0) {
    consider(FindClass("code"), kLook, {});
  }
  return best;
}

void AppendNumber(ByteBuffer& out, std::string_view key, double number, const char* format) {
  char text[32];
  std::snprintf(text, sizeof text, format, number);
  AppendJsonKey(out, key);
  out.Append(std::string_view(text));
}

// What was counted, without braces.
void AppendCounts(ByteBuffer& out, const Values& values) {
  AppendNumber(out, "values", values.count(), "%.0f");
  out.Append(',');
  AppendNumber(out, "distinct", values.distinct(), "%.0f");
  bool any = false;
  for (std::size_t i = 0; i < kShapes; ++i) {
    const auto shape = static_cast<Shape>(i);
    if (values.hits(shape) == 0) continue;
    out.Append(any ? "," : ",\"hits\":{");
    any = true;
    AppendNumber(out, ShapeName(shape), values.rate(shape), "%.3f");
  }
  if (any) out.Append('}');
}

void AppendWords(ByteBuffer& out, const std::vector<std::string>& words) {
  AppendJsonKey(out, "words");
  out.Append('[');
  bool first = true;
  for (const std::string& word : words) {
    if (!IsKnownWord(word)) continue;
    if (!first) out.Append(',');
    first = false;
    AppendJsonString(out, word);
  }
  out.Append(']');
}

std::string_view AboutName(About about) {
  constexpr std::string_view kNames[] = {"unknown", "person",       "maybe a person", "clinical",
                                         "staff",   "organization", "other"};
  return kNames[static_cast<std::size_t>(about)];
}

// The members of a JSON column that hold something, and what the column then holds: their kind, or
// freetext, which is any. Keys stand in evidence only if each of their words is in the vocabulary:
// there are objects whose keys are data.
void JudgeMembers(const Table& table, const Column& column, Candidate& best, ByteBuffer& keys) {
  for (const auto& [key, values] : column.members) {
    const std::vector<std::string> words = Words(key);
    Column member;
    member.values = values;
    const Candidate found = Best(JudgeName(table, words, 'S'), member);
    if (found.confidence < kReview) continue;
    keys.Append(keys.empty() ? "{" : ",{");
    if (std::all_of(words.begin(), words.end(), IsKnownWord)) {
      AppendJsonKey(keys, "key");
      AppendJsonString(keys, key);
      keys.Append(',');
    }
    AppendJsonKey(keys, "kind");
    AppendJsonString(keys, TagClasses()[found.id].text);
    keys.Append(',');
    AppendNumber(keys, "confidence", found.confidence, "%.3f");
    keys.Append(',');
    AppendCounts(keys, values);
    keys.Append('}');
    const Kind before = TagClasses()[best.id].kind;
    if (best.confidence < kReview || best.id == kClassNone) {
      best = {found.id, found.confidence, best.words};
    } else {
      best.id = before == TagClasses()[found.id].kind ? std::max(best.id, found.id)
                                                      : FindClass("freetext");
      best.confidence = std::max(best.confidence, found.confidence);
    }
  }
}

// Without another key the number of the chart names the patient, without that the one that a public
// payer gave; 0 for another column.
int NumberRank(const Candidate& found) {
  constexpr int kChart = 1000;
  constexpr int kPayer = 2000;
  if (found.id == FindClass("mrn")) return kChart;
  const bool payer = std::any_of(found.words.begin(), found.words.end(), [](const auto& word) {
    return word == "mbi" || word == "hicn" || word == "medicare" || word == "medicaid";
  });
  return payer && found.id == FindClass("plan") ? kPayer : 0;
}

Table JudgeTable(std::string_view table, const std::vector<Column>& columns,
                 std::vector<std::vector<std::string>>& names) {
  for (const Column& column : columns) names.push_back(Words(column.name));
  Table judged = Judge(Words(table), names);
  const bool refers = std::any_of(columns.begin(), columns.end(),
                                  [](const Column& c) { return c.keys.names_a_person; });
  if (refers && (judged.about == About::kNothing || judged.about == About::kMaybe)) {
    judged.about = About::kClinical;
  }
  return judged;
}

}  // namespace

Values* Column::Member(std::string_view key) {
  // As long as an identifier; members of objects that are maps of data are too many soon.
  constexpr std::size_t kMaxKey = 63;
  if (key.empty() || key.size() > kMaxKey) return nullptr;
  const auto found = members.find(key);
  if (found != members.end()) return &found->second;
  if (members.size() >= kMaxMembers) return nullptr;
  return &members.emplace(key, Values()).first->second;
}

std::vector<Finding> Detect(std::string_view table_name, const std::vector<Column>& columns,
                            bool has_subject) {
  std::vector<std::vector<std::string>> names;
  const Table table = JudgeTable(table_name, columns, names);
  std::vector<Finding> findings(columns.size());
  std::size_t subject = columns.size();
  int subject_rank = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Column& column = columns[i];
    const NameVerdict verdict = JudgeName(table, names[i], column.type_category, column.keys);
    Candidate best = Best(verdict, column);
    ByteBuffer keys;
    if (column.json) JudgeMembers(table, column, best, keys);
    if (best.id == kClassNone || best.confidence < kReview) continue;
    Finding& finding = findings[i];
    finding.tag_class = best.id;
    finding.confidence = best.confidence;
    ByteBuffer evidence;
    evidence.Append('{');
    AppendWords(evidence, best.words);
    evidence.Append(',');
    AppendJsonKey(evidence, "about");
    AppendJsonString(evidence, AboutName(verdict.about));
    if (column.keys.names_a_person || (column.keys.primary && table.of_persons)) {
      evidence.Append(',');
      AppendJsonKey(evidence, "key");
      AppendJsonString(evidence, column.keys.names_a_person ? "foreign" : "primary");
    }
    if (column.values.count() > 0) {
      evidence.Append(',');
      AppendCounts(evidence, column.values);
    }
    if (!keys.empty()) {
      evidence.Append(",\"keys\":[");
      evidence.Append(keys.view());
      evidence.Append(']');
    }
    evidence.Append('}');
    finding.evidence = std::string(evidence.view());
    int rank = verdict.subject;
    if (rank == 0 && best.confidence >= kApply) rank = NumberRank(best);
    if (rank != 0 && (subject_rank == 0 || rank < subject_rank)) {
      subject = i;
      subject_rank = rank;
    }
  }
  for (std::size_t i = 0; i < findings.size(); ++i) {
    Finding& finding = findings[i];
    if (finding.tag_class == kClassNone) continue;
    finding.subject = i == subject && !has_subject;
    finding.label = ClassText(finding.tag_class) + (finding.subject ? ";subject" : "");
  }
  return findings;
}

std::vector<ClassId> Propose(std::string_view table_name, const std::vector<Column>& columns) {
  std::vector<std::vector<std::string>> names;
  const Table table = JudgeTable(table_name, columns, names);
  std::vector<ClassId> classes;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const char category = columns[i].type_category;
    const NameVerdict verdict = JudgeName(table, names[i], category);
    if (!verdict.matches.empty()) {
      classes.push_back(verdict.matches.front().tag_class);
      continue;
    }
    classes.push_back(FindClass("clinical"));
    for (const std::string_view broad : {"freetext", "code", "date"}) {
      const ClassId id = FindClass(broad);
      if (verdict.is_key && broad == "freetext") continue;
      if (!KindFitsType(TagClasses()[id].kind, category)) continue;
      classes.back() = id;
      break;
    }
  }
  return classes;
}

}  // namespace phisync::detect
