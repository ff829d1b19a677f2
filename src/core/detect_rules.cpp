#include "core/detect_rules.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "core/detect_rule_list.h"

namespace phisync::detect {
namespace {

// Log-odds that the column holds it, by what the row is about.
// clang-format off
constexpr double kLogOdds[][7] = {
  // nothing person maybe clinical staff place other
  {  6.5,    7.0,   7.0,  7.0,     6.5,  6.0,  5.0},
  {  4.2,    5.5,   5.0,  5.0,     4.2,  4.0,  3.0},
  { -0.4,    4.0,   2.5,  2.5,     2.0,  0.0, -2.5},
  {  0.5,    3.6,   2.0,  4.5,    -1.0, -1.5, -3.0},
  { -3.0,    0.0,  -2.0,  3.6,    -4.0, -4.0, -5.0},
  {  0.0,    3.2,   1.5,  3.4,    -0.5, -1.5, -3.0},
  { -0.5,    3.2,   1.5,  3.4,    -0.5, -1.5, -3.0},
};
// clang-format on

// In a table of health content these are that content.
constexpr std::string_view kContentNames[] = {
    "=code",        "=display",     "=value",        "=description", "=text",
    "=component",   "=result",      "=name",         "value number", "value text",
    "source value", "value string", "value concept", "code display",
};

// Words of housekeeping: when a row was written says little about a person.
constexpr std::string_view kBookkeeping[] = {"created", "updated", "modified", "inserted",
                                             "changed", "loaded",  "synced",   "imported"};

// Whom a key may name, the surest first.
constexpr std::string_view kSubjects[] = {
    "patient",     "person",     "resident", "member", "beneficiary", "subscriber", "enrollee",
    "participant", "individual", "insured",  "donor",  "client",      "subject",    "customer"};

constexpr std::string_view kKeyWords[] = {"id", "key", "sk", "pk", "fk"};
// Words of a table's name that say nothing on what its rows are.
constexpr std::string_view kFillers[] = {"profile", "demographic", "master", "table",  "info",
                                         "data",    "record",      "list",   "detail", "legacy",
                                         "base",    "main",        "v",      "history"};

template <typename Range>
bool Contains(const Range& range, std::string_view word) {
  return std::find(std::begin(range), std::end(range), word) != std::end(range);
}

bool IsNumber(std::string_view word) {
  return !word.empty() && word.front() >= '0' && word.front() <= '9';
}

bool IsPersonWord(std::string_view word) {
  const About about = AboutOf(word);
  return about == About::kPerson || about == About::kMaybe;
}

// Calls fn(word) for each word of a pattern; stops at false and returns it.
template <typename Fn>
bool EachWord(std::string_view pattern, Fn fn) {
  if (pattern.starts_with('=')) pattern.remove_prefix(1);
  while (!pattern.empty()) {
    const std::size_t blank = pattern.find(' ');
    if (!fn(pattern.substr(0, blank))) return false;
    pattern = blank == std::string_view::npos ? std::string_view() : pattern.substr(blank + 1);
  }
  return true;
}

// Number of the pattern's words if the name matches it, else 0.
int Matches(std::string_view pattern, const std::vector<std::string>& words) {
  int matched = 0;
  if (!EachWord(pattern, [&](std::string_view word) {
        ++matched;
        return Contains(words, word);
      })) {
    return 0;
  }
  if (!pattern.starts_with('=')) return matched;
  int others = 0;
  for (const std::string& word : words) {
    const bool mine = !EachWord(pattern, [&](std::string_view w) { return w != word; });
    if (!mine && !IsNumber(word) && AboutOf(word) == About::kNothing) ++others;
  }
  return others == 0 ? matched : 0;
}

ClassId ContentOf(const std::vector<std::string>& table) {
  constexpr std::pair<std::string_view, std::string_view> kContents[] = {
      {"condition", "clinical.dx"},    {"diagnosis", "clinical.dx"},
      {"problem", "clinical.dx"},      {"death", "clinical.dx"},
      {"medication", "clinical.rx"},   {"prescription", "clinical.rx"},
      {"drug", "clinical.rx"},         {"immunization", "clinical.rx"},
      {"vaccine", "clinical.rx"},      {"observation", "clinical.lab"},
      {"measurement", "clinical.lab"}, {"lab", "clinical.lab"},
      {"result", "clinical.lab"},      {"vital", "clinical.lab"},
      {"allergy", "clinical"},         {"procedure", "clinical"},
      {"pathology", "clinical"},       {"radiology", "clinical"}};
  for (const std::string& word : table) {
    for (const auto& [name, content] : kContents) {
      if (name == word) return FindClass(content);
    }
  }
  return kClassNone;
}

// What the column itself says on whom it is about: the last word that does.
About OwnerOf(const std::vector<std::string>& words) {
  About owner = About::kNothing;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const About about = AboutOf(words[i]);
    if (about == About::kNothing || about == About::kLookup) continue;
    // The plan has a name, the insured has a number.
    if (about == About::kClinical) continue;
    if (owner == About::kPerson && about == About::kMaybe) continue;
    owner = about;
  }
  if (Contains(words, "plan") && Contains(words, "name")) return About::kOther;
  if (Contains(words, "plan") && Contains(words, "phone")) return About::kPlace;
  return owner;
}

bool IsKeyName(const std::vector<std::string>& words) {
  return !words.empty() && Contains(kKeyWords, words.back()) && !Contains(words, "concept");
}

// Rank of the person whom the key names, 0 if it names none.
int SubjectOf(const Table& table, const std::vector<std::string>& words) {
  const bool number = !words.empty() && words.back() == "number";
  if (!IsKeyName(words) && !number) return 0;
  if (words.size() == 1) return table.of_persons && !number ? 1 : 0;
  if (words.size() != 2) return 0;
  for (std::size_t i = 0; i < std::size(kSubjects); ++i) {
    if (kSubjects[i] == words.front()) return static_cast<int>(i) + 1;
  }
  return 0;
}

void Put(NameVerdict& verdict, ClassId id, double log_odds, std::vector<std::string> words) {
  for (NameMatch& match : verdict.matches) {
    if (match.tag_class != id) continue;
    if (match.log_odds < log_odds) match = {id, log_odds, std::move(words)};
    return;
  }
  verdict.matches.push_back({id, log_odds, std::move(words)});
}

std::vector<std::string> PatternWords(std::string_view pattern) {
  std::vector<std::string> words;
  EachWord(pattern, [&](std::string_view word) {
    words.emplace_back(word);
    return true;
  });
  return words;
}

double LogOdds(Strength strength, About about) {
  return kLogOdds[static_cast<std::size_t>(strength)][static_cast<std::size_t>(about)];
}

}  // namespace

Table Judge(const std::vector<std::string>& table,
            std::span<const std::vector<std::string>> columns) {
  Table result;
  std::array<bool, 8> seen = {};
  for (const std::string& word : table) {
    if (!Contains(kFillers, word)) seen[static_cast<std::size_t>(AboutOf(word))] = true;
  }
  const auto has = [&](About about) { return seen[static_cast<std::size_t>(about)]; };
  const bool list = !table.empty() && (AboutOf(table.back()) == About::kLookup);
  const bool list_of_codes = list && (table.back() == "code" || table.back() == "type" ||
                                      table.back() == "status" || table.back() == "category");
  if (list_of_codes) {
    result.about = About::kOther;
  } else {
    for (const About about : {About::kPerson, About::kClinical, About::kStaff, About::kPlace,
                              About::kOther, About::kLookup, About::kMaybe}) {
      if (!has(about)) continue;
      result.about = about == About::kLookup ? About::kOther : about;
      break;
    }
  }
  result.content = result.about == About::kClinical ? ContentOf(table) : kClassNone;
  result.of_persons = !table.empty() && !list_of_codes;
  bool any_person = false;
  for (const std::string& word : table) {
    any_person = any_person || Contains(kSubjects, word);
    if (!Contains(kSubjects, word) && !Contains(kFillers, word) && !IsNumber(word)) {
      result.of_persons = false;
    }
  }
  result.of_persons = result.of_persons && any_person;

  // What other columns tell: a key of a patient, a date of birth.
  bool refers = false;
  bool certain = false;
  for (const std::vector<std::string>& words : columns) {
    const int rank = SubjectOf(table.empty() ? Table() : result, words);
    refers = refers || (rank > 0 && words.size() == 2 && AboutOf(words.front()) == About::kPerson);
    for (const Rule& rule : NameRules()) {
      if (rule.strength != Strength::kCertain) continue;
      certain = certain || Matches(rule.words, words) > 0;
    }
  }
  if (result.about == About::kNothing || result.about == About::kMaybe) {
    if (certain) {
      result.about = About::kPerson;
    } else if (refers) {
      result.about = About::kClinical;
    }
  } else if (result.about == About::kOther && refers && !list) {
    result.about = About::kNothing;
  }
  return result;
}

NameVerdict JudgeName(const Table& table, const std::vector<std::string>& words,
                      char type_category) {
  NameVerdict verdict;
  const About owner = OwnerOf(words);
  const bool table_decides =
      owner == About::kNothing || (owner == About::kMaybe && table.about != About::kNothing);
  verdict.about = table_decides ? table.about : owner;
  const About about = verdict.about;
  verdict.is_key = IsKeyName(words);
  verdict.subject = SubjectOf(table, words);

  const bool meta = std::any_of(words.begin(), words.end(), IsMetaWord);
  for (const Rule& rule : NameRules()) {
    const int matched = Matches(rule.words, words);
    if (matched == 0) continue;
    const ClassId id = FindClass(rule.text);
    const Kind kind = TagClasses()[id].kind;
    if (!KindFitsType(kind, type_category)) continue;
    // A day is a date before it is what was found on it.
    if (type_category == 'D' && kind != Kind::kDate) continue;
    // encounter_id is no encounter, member_id is a plan's number.
    if (verdict.is_key && !Contains(PatternWords(rule.words), words.back()) &&
        rule.strength != Strength::kCertain) {
      continue;
    }
    double log_odds = LogOdds(rule.strength, about) + 0.3 * (matched - 1);
    // Of a visit with a doctor, the doctor's name is not the patient's.
    if (meta && !EachWord(rule.words, [](std::string_view w) { return !IsMetaWord(w); })) {
      Put(verdict, id, log_odds, PatternWords(rule.words));
      continue;
    }
    if (meta) log_odds -= 6;
    Put(verdict, id, log_odds, PatternWords(rule.words));
  }
  const bool number = !words.empty() && words.back() == "number";
  if (verdict.subject > 0 && !meta) {
    Put(verdict, FindClass("code"), number ? 3.5 : 4.0, words);
  }
  // The name of a patient, the value of an observation.
  if (Contains(words, "name") && verdict.matches.empty() &&
      std::any_of(words.begin(), words.end(), IsPersonWord) && !meta &&
      KindFitsType(Kind::kName, type_category)) {
    Put(verdict, FindClass("name.full"), LogOdds(Strength::kPersonal, about), {"name"});
  }
  if (table.content != kClassNone && about == About::kClinical && !meta && !verdict.is_key) {
    for (const std::string_view pattern : kContentNames) {
      if (Matches(pattern, words) == 0) continue;
      if (!KindFitsType(Kind::kClinical, type_category)) continue;
      Put(verdict, table.content, LogOdds(Strength::kContent, about), PatternWords(pattern));
    }
  }
  if (type_category == 'I') {
    Put(verdict, FindClass("ip"), LogOdds(Strength::kAmbiguous, about), {});
  }
  if (type_category == 'D') {
    const bool bookkeeping = std::any_of(words.begin(), words.end(),
                                         [](const auto& w) { return Contains(kBookkeeping, w); });
    // A date in a row about a person is always worth a look.
    Put(verdict, FindClass("date.service"),
        bookkeeping ? std::min(0.3, LogOdds(Strength::kDay, about))
                    : LogOdds(Strength::kDay, about) - 0.2,
        {});
  }
  std::stable_sort(verdict.matches.begin(), verdict.matches.end(),
                   [](const NameMatch& a, const NameMatch& b) { return a.log_odds > b.log_odds; });
  return verdict;
}

bool IsRuleWord(std::string_view word) {
  const auto has = [&](std::string_view pattern) {
    return !EachWord(pattern, [&](std::string_view w) { return w != word; });
  };
  if (IsInNameRule(word)) return true;
  for (const std::string_view pattern : kContentNames) {
    if (has(pattern)) return true;
  }
  return Contains(kBookkeeping, word) || Contains(kSubjects, word) || Contains(kKeyWords, word) ||
         Contains(kFillers, word) || word == "number" || word == "plan";
}

}  // namespace phisync::detect
