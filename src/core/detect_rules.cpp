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
    "=code",         "=display",     "=value",       "=description",
    "=text",         "=component",   "=result",      "=name",
    "value number",  "value text",   "source value", "value string",
    "value concept", "code display", "value code",   "value quantity",
};

// Words of housekeeping: when a row was written says little about a person.
constexpr std::string_view kBookkeeping[] = {"created", "updated", "modified", "inserted",
                                             "changed", "loaded",  "synced",   "imported"};

// Whom a key may name, the surest first.
constexpr std::string_view kSubjects[] = {"patient",     "person",     "resident",   "member",
                                          "beneficiary", "subscriber", "enrollee",   "participant",
                                          "individual",  "insured",    "donor",      "client",
                                          "subject",     "customer",   "demographic"};

constexpr std::string_view kKeyWords[] = {"id", "key", "sk", "pk", "fk"};
// Words beside which a key names the same one.
constexpr std::string_view kWhichKey[] = {"unique", "source",   "original",  "legacy", "external",
                                          "master", "internal", "universal", "new",    "old"};
// Words that tell nothing, but stand in names that were written together.
constexpr std::string_view kNeutral[] = {"start", "end", "begin", "entry", "total"};
// Words of a table's name that say nothing on what its rows are.
constexpr std::string_view kFillers[] = {
    "profile", "demographic", "master",  "table",  "info",     "data",    "record",  "list",
    "detail",  "legacy",      "base",    "main",   "v",        "history", "summary", "dimension",
    "extract", "archive",     "staging", "backup", "register", "registry"};
// Words beside which a name is still that name.
constexpr std::string_view kWhichOne[] = {"history",  "current",  "former",
                                          "previous", "original", "primary"};

// Ranks of keys that name the row's subject, the surest first; those of kSubjects are steps of ten.
constexpr int kRankOfReference = 11;
constexpr int kRankOfPid = 12;
constexpr int kRankOfOwnKey = 14;
constexpr int kRankOfId = 15;

template <typename Range>
bool Contains(const Range& range, std::string_view word) {
  return std::find(std::begin(range), std::end(range), word) != std::end(range);
}

// A number, or a letter that counts as numbers do.
bool IsNumber(std::string_view word) {
  return word.size() == 1 || (!word.empty() && word.front() >= '0' && word.front() <= '9');
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
    if (!mine && !IsNumber(word) && AboutOf(word) == About::kNothing &&
        !Contains(kWhichOne, word)) {
      ++others;
    }
  }
  return others == 0 ? matched : 0;
}

ClassId ContentOf(const std::vector<std::string>& table) {
  constexpr std::pair<std::string_view, std::string_view> kContents[] = {
      {"condition", "clinical.dx"},     {"diagnosis", "clinical.dx"},
      {"problem", "clinical.dx"},       {"death", "clinical.dx"},
      {"medication", "clinical.rx"},    {"prescription", "clinical.rx"},
      {"drug", "clinical.rx"},          {"immunization", "clinical.rx"},
      {"vaccine", "clinical.rx"},       {"observation", "clinical.lab"},
      {"measurement", "clinical.lab"},  {"lab", "clinical.lab"},
      {"result", "clinical.lab"},       {"vital", "clinical.lab"},
      {"microbiology", "clinical.lab"}, {"allergy", "clinical"},
      {"procedure", "clinical"},        {"pathology", "clinical"},
      {"radiology", "clinical"}};
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

// Whether it counts the rows of a list of visits, procedures or claims.
bool IsCounter(const std::vector<std::string>& words, char type_category) {
  return type_category == 'N' && words.size() == 2 && words.back() == "number" &&
         AboutOf(words.front()) == About::kClinical &&
         ContentOf({words.front()}) != FindClass("clinical.lab");
}

// Whether it is pid: a patient's id, or a process's.
bool IsPid(const std::vector<std::string>& words) {
  return !words.empty() && words.back() == "pid";
}

// Rank of the person whom the key names, 0 if it names none.
int SubjectOf(const Table& table, const std::vector<std::string>& all) {
  std::vector<std::string> words;
  for (const std::string& word : all) {
    if (!Contains(kWhichKey, word)) words.push_back(word);
  }
  if (words.empty() || words.size() > 2) return 0;
  const int which = words.size() < all.size() ? 5 : 0;
  const std::string& last = words.back();
  if (words.size() == 1) {
    if (IsKeyName(words)) return table.of_persons ? kRankOfId + which : 0;
    const bool health = table.about == About::kPerson || table.about == About::kClinical;
    if (IsPid(words)) return health ? kRankOfPid + which : 0;
  }
  // The person itself, where it is not what the table has a row of each.
  const bool itself =
      words.size() == 1 && !table.of_persons && which == 0 &&
      (last == "subject" ? table.about == About::kClinical
                         : AboutOf(last) == About::kPerson && last != "demographic");
  const bool code = words.size() == 2 && last == "code" && AboutOf(words[0]) == About::kPerson;
  if (!itself && !code && (words.size() == 1 || (!IsKeyName(words) && last != "number"))) return 0;
  for (std::size_t i = 0; i < std::size(kSubjects); ++i) {
    if (kSubjects[i] != words.front()) continue;
    return 10 * (static_cast<int>(i) + 1) + (itself ? 3 : code ? 4 : last == "number" ? 1 : which);
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

  // What other columns tell: a key of a patient, a date of birth; subject_id and pid only beside
  // health content.
  bool refers = false;
  bool perhaps = false;
  bool certain = false;
  bool health = false;
  for (const std::vector<std::string>& words : columns) {
    const int rank = SubjectOf(table.empty() ? Table() : result, words);
    refers = refers ||
             (rank > 0 && !IsKeyName({words.front()}) && AboutOf(words.front()) == About::kPerson);
    perhaps = perhaps || IsPid(words) || (rank > 0 && words.front() == "subject");
    for (const Rule& rule : NameRules()) {
      if (rule.strength != Strength::kCertain && rule.strength != Strength::kHealth) continue;
      if (Matches(rule.words, words) == 0) continue;
      certain = certain || rule.strength == Strength::kCertain;
      health = health || rule.strength == Strength::kHealth;
    }
  }
  refers = refers || (perhaps && health);
  if (result.about == About::kNothing || result.about == About::kMaybe) {
    if (certain) {
      result.about = About::kPerson;
    } else if (refers) {
      result.about = About::kClinical;
    }
  } else if (result.about == About::kOther && refers) {
    // A list of codes names no patient: what ends in event or request is about one.
    result.about = list ? About::kClinical : About::kNothing;
  } else if (result.about == About::kOther && perhaps && list) {
    result.about = About::kMaybe;
  }
  return result;
}

bool IsAboutPersons(std::string_view table_name) {
  return Judge(Words(table_name), {}).about == About::kPerson;
}

NameVerdict JudgeName(const Table& table, const std::vector<std::string>& words, char type_category,
                      Keys keys) {
  NameVerdict verdict;
  const About owner = OwnerOf(words);
  const bool table_decides =
      owner == About::kNothing || (owner == About::kMaybe && table.about != About::kNothing);
  verdict.about = keys.names_a_person ? About::kPerson : table_decides ? table.about : owner;
  const About about = verdict.about;
  verdict.is_key = IsKeyName(words) || IsCounter(words, type_category);
  verdict.subject = SubjectOf(table, words);
  // Whatever they are called.
  if (verdict.subject == 0 && keys.names_a_person) {
    // Of a person's own row, the person comes first.
    verdict.subject = table.of_persons ? kRankOfId + 1 : kRankOfReference;
  }
  if (verdict.subject == 0 && keys.primary && table.of_persons) verdict.subject = kRankOfOwnKey;

  const bool meta = std::any_of(words.begin(), words.end(), IsMetaWord);
  verdict.is_meta = meta;
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
    // A number is seldom one of these, whatever it is called.
    if (type_category == 'N' && (kind == Kind::kIp || id == FindClass("geo.street"))) log_odds -= 6;
    // Of a visit with a doctor, the doctor's name is not the patient's.
    if (meta && !EachWord(rule.words, [](std::string_view w) { return !IsMetaWord(w); })) {
      Put(verdict, id, log_odds, PatternWords(rule.words));
      continue;
    }
    if (meta) log_odds -= 6;
    Put(verdict, id, log_odds, PatternWords(rule.words));
  }
  const bool named = verdict.is_key || IsPid(words);
  if (verdict.subject > 0 && !meta) {
    // Of mail and of rights, there are subjects, too.
    const bool unclear = words.front() == "subject" && table.about == About::kNothing;
    const bool declared = keys.names_a_person || (keys.primary && table.of_persons);
    Put(verdict, FindClass("code"), declared || named ? (unclear && !declared ? 1.0 : 4.0) : 3.5,
        words);
  }
  // person_a, person_b, a person's mother: people, none of whom the row is about alone.
  const bool one_of_two = words.size() == 2 && words[1].size() == 1 &&
                          Contains(kSubjects, words[0]) && AboutOf(words[0]) == About::kPerson;
  if (one_of_two || (keys.names_another && table.of_persons)) {
    Put(verdict, FindClass("code"), 3.0, {words[0]});
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
         Contains(kFillers, word) || Contains(kWhichKey, word) || Contains(kWhichOne, word) ||
         Contains(kNeutral, word) || word == "number" || word == "plan" || word == "pid";
}

}  // namespace phisync::detect
