#include "core/label.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <span>

#include "core/label_reader.h"
#include "core/suggest.h"
#include "core/transform.h"

namespace phisync {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::string_view kKeep = "keep";  // as x= has it
constexpr std::array<std::string_view, 3> kUnclassified = {"keep", "omit", "error"};
constexpr std::array<std::string_view, 1> kYes = {"yes"};

constexpr std::array<std::string_view, 1> kSens = {"sens"};
constexpr std::array<std::string_view, 9> kColumnKeys = {
    "conf", "sens", "part2", "quasi", "subject", "of", "x", "policy", "rows"};
constexpr std::array<std::string_view, 6> kTableKeys = {"default", "conf", "aad",
                                                        "subject", "sens", "part2"};
constexpr std::array<std::string_view, 2> kSchemaKeys = {"default", "conf"};

std::string List(Words words) {
  std::string list;
  for (const std::string_view word : words) {
    if (word.empty()) continue;
    list += list.empty() ? "" : ", ";
    list += word;
  }
  return list;
}

// "Did you mean x?", or the whole list where nothing is near.
std::string Hint(std::string_view word, Words words, std::string_view kind) {
  const std::string_view nearest = Nearest(word, words);
  if (!nearest.empty()) return "Did you mean \"" + std::string(nearest) + "\"?";
  return std::string(kind) + " are: " + List(words) + ".";
}

std::size_t Find(std::string_view word, Words words) {
  return static_cast<std::size_t>(std::find(words.begin(), words.end(), word) - words.begin());
}

std::string Quoted(std::string_view word) {
  return "\"" + std::string(word) + "\"";
}

// What the three kinds of labels have in common: the class once, each key once, values from lists.
class Parser {
 public:
  Parser(std::string_view what, std::string_view text, Words keys)
      : reader_(what, text), keys_(keys), text_(text) {}

  // Reads the next item. True: a key is at hand, to be read by Value, Flag and their like.
  // False with *word filled: a class, or what should be one; with *word empty: the end.
  bool Next(std::string_view* word) {
    if (!reader_.NextItem(word)) {
      *word = {};
      return false;
    }
    key_ = *word;
    const std::size_t key = Find(key_, keys_);
    if (key == keys_.size()) return false;
    if ((seen_ & (1U << key)) != 0) {
      Fail(key_, "repeated key " + Quoted(key_) + " in " + What(), "Give each key once.");
    }
    seen_ |= 1U << key;
    return true;
  }

  // Index of the key's value in `allowed`.
  std::size_t Value(Words allowed) {
    Equals();
    const std::string_view value = reader_.Word();
    return Lookup(value, allowed, "value " + Quoted(value) + " for key " + Quoted(key_),
                  "Values of " + std::string(key_));
  }

  std::uint32_t Sensitivities() {
    Equals();
    std::uint32_t bits = 0;
    do {
      const std::string_view code = reader_.Word();
      bits |= 1U << Lookup(code, SensitivityCodes(), "sensitivity code " + Quoted(code), "Codes");
    } while (reader_.Take(','));
    return bits;
  }

  // A name such as a role: letters, digits, underscores and hyphens.
  std::string Name() {
    const std::string_view name = reader_.Word();
    const auto fits = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    };
    if (name.empty() || !std::all_of(name.begin(), name.end(), fits)) {
      Fail(name, "invalid value for key " + Quoted(key_) + " in " + What(),
           "Use lower-case letters, digits, underscores and hyphens.");
    }
    return std::string(name);
  }

  std::string RequiredName() {
    Equals();
    return Name();
  }

  std::string Column() {
    Equals();
    return reader_.ColumnName();
  }

  // Canonical text of a transformation.
  std::string Transformation() {
    Equals();
    return Format(ReadTransform(reader_));
  }

  bool TakeEquals() { return reader_.TakeEquals(); }
  [[nodiscard]] bool Seen(std::string_view key) const {
    return (seen_ & (1U << Find(key, keys_))) != 0;
  }
  [[nodiscard]] std::string What() const { return std::string(reader_.what()); }

  // Remembers that the class was given; each label has one.
  void TakeClass(std::string_view word) {
    if (has_class_) Fail(word, "more than one class in " + What(), "Keep the stricter one.");
    has_class_ = true;
  }
  void NeedClass(std::string hint) const {
    if (!has_class_) Fail(text_, What() + " has no class", std::move(hint));
  }

  [[noreturn]] void FailUnknown(std::string_view word, std::string_view meant) {
    std::string hint;
    if (!meant.empty()) {
      hint = "Did you mean " + Quoted(meant) + "?";
    } else {
      hint = Hint(word, keys_, "Keys");
    }
    Fail(word, "unknown item " + Quoted(word) + " in " + What(), std::move(hint));
  }
  [[noreturn]] void Fail(std::string_view at, std::string message, std::string hint) const {
    reader_.Fail(at.data(), std::move(message), std::move(hint));
  }

 private:
  void Equals() {
    if (!reader_.TakeEquals()) {
      reader_.Fail(nullptr, "missing value for key " + Quoted(key_) + " in " + What(),
                   "Write " + std::string(key_) + "=value.");
    }
  }

  std::size_t Lookup(std::string_view word, Words allowed, const std::string& what,
                     std::string_view list) {
    const std::size_t i = word.empty() ? allowed.size() : Find(word, allowed);
    if (i == allowed.size()) Fail(word, "unknown " + what, Hint(word, allowed, list));
    return i;
  }

  LabelReader reader_;
  Words keys_;
  std::string_view text_;
  std::string_view key_;
  std::uint32_t seen_ = 0;
  bool has_class_ = false;
};

Confidentiality UsualConfidentiality(std::uint32_t sens) {
  return sens != 0 ? Confidentiality::kRestricted : Confidentiality::kNormal;
}

ClassId ReadClass(Parser& parser, std::string_view word) {
  constexpr std::string_view kPrefix = "phi:";
  if (word == "none") return kClassNone;
  if (!word.starts_with(kPrefix)) {
    if (word == "phi") {
      parser.Fail(word, "column label needs a kind after \"phi\"",
                  "Write for example phi:name, phi:ssn or phi:freetext; \"phi\" alone is a label "
                  "for a table or schema.");
    }
    // A key near at hand is likelier than a class only if it is nearer.
    const std::string_view key = Nearest(word, kColumnKeys);
    std::string meant = EditDistance(word, "none") == 1 ? "none" : SuggestClass(word);
    if (EditDistance(word.substr(0, kPrefix.size()), kPrefix) <= 1 && word.size() > 4) {
      meant = SuggestClass(word.substr(kPrefix.size()));
    }
    parser.FailUnknown(word, key.empty() ? std::string_view(meant) : key);
  }
  const std::string_view text = word.substr(kPrefix.size());
  const ClassId id = FindClass(text);
  if (id == kClassNone) {
    const std::string meant = SuggestClass(text);
    std::string kinds;
    for (const TagClass& c : TagClasses()) {
      if (c.kind == Kind::kNone || c.text.find('.') != std::string_view::npos) continue;
      kinds += kinds.empty() ? "" : ", ";
      kinds += c.text;
    }
    parser.Fail(
        text, "unknown tag " + Quoted(word),
        meant.empty() ? "Kinds are: " + kinds + "." : "Did you mean " + Quoted(meant) + "?");
  }
  return id;
}

// What is no PHI is sent as it is: options that say otherwise must not look as if they counted.
void RefuseOnNone(const Parser& parser, const ColumnLabel& label, std::string_view text) {
  if (label.sens != 0 || label.part2 || label.conf > Confidentiality::kNormal) {
    parser.Fail(text, "sensitivity on a column that is not PHI",
                "Give the column a class such as phi:clinical, or leave sens, part2 and conf above "
                "N out.");
  }
  if (label.drop || !label.transform.empty()) {
    parser.Fail(text, "transformation of a column that is not PHI",
                "Give the column a class such as phi:code, or leave x and policy out: what is none "
                "is sent as it is.");
  }
}

TableLabel ParseRelationLabel(std::string_view what, std::string_view text, Words keys) {
  Parser parser(what, text, keys);
  TableLabel label;
  std::string_view word;
  for (;;) {
    if (!parser.Next(&word)) {
      if (word.empty()) break;
      if (word.starts_with("phi:")) {
        parser.Fail(word, Quoted(word) + " is a label for a column",
                    "Label the column, or write \"phi\" for the " +
                        parser.What().substr(0, parser.What().find(' ')) + ".");
      }
      if (word != "phi" && word != "none") {
        constexpr std::array<std::string_view, 2> kClassWords = {"phi", "none"};
        parser.FailUnknown(word, Nearest(word, kClassWords));
      }
      parser.TakeClass(word);
      label.phi = word == "phi";
    } else if (word == "default") {
      label.unclassified = static_cast<Unclassified>(parser.Value(kUnclassified));
    } else if (word == "conf") {
      label.conf = static_cast<Confidentiality>(parser.Value(ConfidentialityCodes()));
    } else if (word == "sens") {
      label.sens = parser.Sensitivities();
    } else if (word == "part2") {
      parser.Value(kYes);
      label.part2 = true;
    } else if (word == "aad") {
      label.aad = parser.RequiredName();
    } else {
      label.subject = parser.Column();
    }
  }
  parser.NeedClass("Begin with \"phi;\", or with \"none;\" if it was reviewed and holds no PHI.");
  if (!parser.Seen("conf")) label.conf = UsualConfidentiality(label.sens);
  if (!label.phi && (label.sens != 0 || label.part2 || label.conf > Confidentiality::kNormal)) {
    parser.Fail(
        text,
        "sensitivity on a " + parser.What().substr(0, parser.What().find(' ')) + " without PHI",
        "Begin with \"phi;\", or leave sens, part2 and conf above N out.");
  }
  return label;
}

std::string FormatConfidentiality(Confidentiality conf, std::uint32_t sens) {
  if (conf == UsualConfidentiality(sens)) return {};
  return ";conf=" + std::string(ConfidentialityCodes()[static_cast<std::size_t>(conf)]);
}

std::string FormatSensitivity(std::uint32_t sens, bool part2) {
  std::string text;
  for (const std::string_view code : SensitivitiesOf(sens, false)) {
    text += text.empty() ? ";sens=" : ",";
    text += code;
  }
  if (part2) text += ";part2=yes";
  return text;
}

}  // namespace

ColumnLabel ParseColumnLabel(std::string_view text) {
  Parser parser("column label", text, kColumnKeys);
  ColumnLabel label;
  std::string_view word;
  for (;;) {
    if (!parser.Next(&word)) {
      if (word.empty()) break;
      const ClassId id = ReadClass(parser, word);
      parser.TakeClass(word);
      label.tag_class = id;
    } else if (word == "conf") {
      label.conf = static_cast<Confidentiality>(parser.Value(ConfidentialityCodes()));
    } else if (word == "sens") {
      label.sens = parser.Sensitivities();
    } else if (word == "part2") {
      parser.Value(kYes);
      label.part2 = true;
    } else if (word == "quasi") {
      parser.Value(kYes);
      label.quasi = true;
    } else if (word == "subject") {
      label.subject = parser.TakeEquals() ? parser.Name() : std::string();
    } else if (word == "of") {
      label.of = parser.Column();
    } else if (word == "x") {
      label.transform = parser.Transformation();
    } else if (word == "rows") {
      parser.Value(kSens);
      label.rows = true;
    } else {
      constexpr std::array<std::string_view, 2> kChoices = {kKeep, "drop"};
      label.drop = parser.Value(kChoices) == 1;
    }
  }
  parser.NeedClass(
      "Begin with a class such as \"phi:ssn;\", or with \"none;\" if it was reviewed and is not "
      "PHI.");
  if (!parser.Seen("conf")) label.conf = UsualConfidentiality(label.sens);
  if (parser.Seen("policy") && !label.drop) {
    if (!label.transform.empty() && label.transform != kKeep) {
      parser.Fail(text, "policy=keep together with another x= in column label",
                  "policy=keep says the same as x=keep: leave one of them out.");
    }
    label.transform = kKeep;
  }
  if (!label.phi()) RefuseOnNone(parser, label, text);
  return label;
}

TableLabel ParseTableLabel(std::string_view text) {
  return ParseRelationLabel("table label", text, kTableKeys);
}

TableLabel ParseSchemaLabel(std::string_view text) {
  return ParseRelationLabel("schema label", text, kSchemaKeys);
}

std::string Format(const ColumnLabel& label) {
  std::string text = ClassText(label.tag_class);
  text += FormatConfidentiality(label.conf, label.sens);
  text += FormatSensitivity(label.sens, label.part2);
  if (label.quasi) text += ";quasi=yes";
  if (label.subject) text += label.subject->empty() ? ";subject" : ";subject=" + *label.subject;
  if (!label.of.empty()) text += ";of=" + QuoteColumnName(label.of);
  if (!label.transform.empty()) text += ";x=" + label.transform;
  if (label.drop) text += ";policy=drop";
  if (label.rows) text += ";rows=sens";
  return text;
}

std::string Format(const TableLabel& label) {
  std::string text = label.phi ? "phi" : "none";
  if (label.unclassified != Unclassified::kOmit) {
    text += ";default=" + std::string(kUnclassified[static_cast<std::size_t>(label.unclassified)]);
  }
  text += FormatConfidentiality(label.conf, label.sens);
  text += FormatSensitivity(label.sens, label.part2);
  if (!label.aad.empty()) text += ";aad=" + label.aad;
  if (!label.subject.empty()) text += ";subject=" + QuoteColumnName(label.subject);
  return text;
}

}  // namespace phisync
