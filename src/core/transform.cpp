#include "core/transform.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/label_reader.h"
#include "core/object_name.h"
#include "core/suggest.h"
#include "core/utf8.h"

namespace phisync {
namespace {

template <typename... Types>
constexpr TypeSet Set(Types... types) {
  return static_cast<TypeSet>((Bit(types) | ...));
}

using enum ValueType;
constexpr TypeSet kAll = (1U << kValueTypes) - 1;
constexpr TypeSet kDates = Set(kDate, kTimestamp, kTimestamptz);
constexpr TypeSet kIds = Set(kText, kInteger, kInet);

constexpr TransformFacts kTransforms[] = {
    {Op::kKeep, "keep", "keep", "the value as it is", kAll, true, true, false, false, false, false},
    {Op::kDrop, "drop", "drop", "nothing: the column is not there", kAll, false, true, false, false,
     false, false},
    {Op::kNull, "null", "null", "NULL", kAll, false, true, false, false, false, false},
    {Op::kRedact, "redact", "redact(text)",
     "[REDACTED] or the given text; of other types 0, false, 1970-01-01, 0.0.0.0, null of JSON",
     static_cast<TypeSet>(kAll & ~Bit(kOther)), false, true, false, false, false, false},
    {Op::kPartial, "partial", "partial(prefix,suffix,fill)",
     "that many first and last characters, the rest filled; short values are filled whole",
     Set(kText), false, true, false, false, false, false},
    {Op::kEmail, "email", "email(keep_domain=no)", "xxxxx@ and a reserved domain, or the own one",
     Set(kText), false, true, false, false, false, false},
    {Op::kZip3, "zip3", "zip3",
     "first three digits of a US ZIP code, 000 where few people live; NULL of all else",
     Set(kText, kInteger), false, true, false, false, false, true},
    {Op::kDateYear, "date_year", "date_year",
     "1 January of the year; NULL of births 90 and more years ago", kDates, false, true, false,
     false, false, false},
    {Op::kDateMonth, "date_month", "date_month",
     "the month's first day; NULL of births 90 and more years ago", kDates, false, true, false,
     false, false, false},
    {Op::kAge90, "age90", "age90", "90 for 90 and more", Set(kInteger, kNumeric), false, true,
     false, false, false, false},
    {Op::kDateShift, "date_shift", "date_shift(days,scope)",
     "moved by 1 to that many days, back or forth, all dates of a subject alike", kDates, false,
     true, true, true, false, false},
    {Op::kBucket, "bucket", "bucket(step)",
     "rounded down to a multiple of the step; dates in days, counted from a Monday",
     static_cast<TypeSet>(kDates | Set(kInteger, kNumeric)), false, true, false, false, false,
     false},
    {Op::kPseudonym, "pseudonym", "pseudonym(scope)",
     "26 characters, the same for the same value of a kind in a scope", kIds, true, true, true,
     false, false, false},
    {Op::kSurrogate, "surrogate", "surrogate(scope)",
     "26 random characters, kept, the same for the same value of a kind in a scope", kIds, true,
     true, true, false, true, false},
    {Op::kIp, "ip", "ip(v4=24,v6=48)", "the network of the address", Set(kText, kInet), false, true,
     false, false, false, false},
    {Op::kUrl, "url", "url", "the host alone", Set(kText), false, true, false, false, false, false},
    {Op::kLatLon, "latlon", "latlon(step)", "degrees rounded down to a multiple of the step",
     Set(kText, kNumeric), false, true, false, false, false, false},
};

enum class Form : std::uint8_t { kAnyText, kCharacter, kCount, kDays, kBits, kStep, kScope, kFlag };

struct Parameter {
  Op op;
  std::string_view name;
  Form form;
  int slot;  // of Transform::n
  int max;
  bool required;
};

constexpr Parameter kParameters[] = {
    {Op::kRedact, "text", Form::kAnyText, 0, 64, false},
    {Op::kPartial, "prefix", Form::kCount, 0, 64, true},
    {Op::kPartial, "suffix", Form::kCount, 1, 64, true},
    {Op::kPartial, "fill", Form::kCharacter, 0, 1, false},
    {Op::kEmail, "keep_domain", Form::kFlag, 0, 0, false},
    {Op::kDateShift, "days", Form::kDays, 0, kMaxShiftDays, true},
    {Op::kDateShift, "scope", Form::kScope, 0, 0, false},
    {Op::kBucket, "step", Form::kStep, 0, 0, true},
    {Op::kPseudonym, "scope", Form::kScope, 0, 0, false},
    {Op::kSurrogate, "scope", Form::kScope, 0, 0, false},
    {Op::kIp, "v4", Form::kBits, 0, 32, false},
    {Op::kIp, "v6", Form::kBits, 1, 128, false},
    {Op::kLatLon, "step", Form::kStep, 0, 0, false},
};

std::span<const Parameter> ParametersOf(Op op) {
  const auto* const begin = std::find_if(std::begin(kParameters), std::end(kParameters),
                                         [op](const Parameter& p) { return p.op == op; });
  const auto* const end =
      std::find_if(begin, std::end(kParameters), [op](const Parameter& p) { return p.op != op; });
  return {begin, end};
}

Transform Defaults(Op op) {
  Transform transform;
  transform.op = op;
  if (op == Op::kRedact) transform.text = kRedacted;
  if (op == Op::kPartial) transform.text = "*";
  if (op == Op::kIp) transform.n = {24, 48};
  if (op == Op::kLatLon) transform.step = {1, 1};
  return transform;
}

std::string Quoted(std::string_view s) {
  return "\"" + std::string(s) + "\"";
}

bool HasControl(std::string_view s) {
  return std::any_of(s.begin(), s.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

class Parser {
 public:
  explicit Parser(std::string_view text) : reader_("transformation", text) {}

  Transform Parse() {
    const std::string_view name = reader_.Word();
    const TransformFacts& facts = Named(name);
    usage_ = facts.usage;
    transform_ = Defaults(facts.op);
    parameters_ = ParametersOf(facts.op);
    if (reader_.Take('(') && !reader_.Take(')')) {
      do {
        Argument();
      } while (reader_.Take(','));
      if (!reader_.Take(')')) Fail(nullptr, "unclosed arguments of transformation");
    }
    if (!reader_.AtEnd()) Fail(nullptr, "unexpected text after transformation");
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      if (parameters_[i].required && (seen_ & (1U << i)) == 0) {
        Fail(nullptr, "transformation lacks " + Quoted(parameters_[i].name));
      }
    }
    return transform_;
  }

 private:
  [[noreturn]] void Fail(const char* at, std::string message) const {
    reader_.Fail(at, std::move(message), "Write it as " + std::string(usage_) + ".");
  }

  const TransformFacts& Named(std::string_view name) const {
    std::string_view best;
    std::string all;
    std::array<std::string_view, std::size(kTransforms)> names;
    for (std::size_t i = 0; i < names.size(); ++i) {
      names[i] = kTransforms[i].name;
      if (names[i] == name) return kTransforms[i];
      all += (i == 0 ? "" : ", ") + std::string(names[i]);
    }
    best = Nearest(name, names);
    reader_.Fail(
        name.data(), "unknown transformation " + Quoted(name),
        best.empty() ? "Transformations are: " + all + "." : "Did you mean " + Quoted(best) + "?");
  }

  // Reads [parameter '='] value.
  void Argument() {
    bool quoted = false;
    const char* at = nullptr;
    std::string value = Value(&quoted, &at);
    std::size_t which = next_;
    if (!quoted && reader_.TakeEquals()) {
      which = Find(value, at);
      value = Value(&quoted, &at);
      named_ = true;
    } else if (named_) {
      Fail(at, "argument without a name after one with a name");
    }
    if (which >= parameters_.size()) Fail(at, "too many arguments of transformation");
    if ((seen_ & (1U << which)) != 0) {
      Fail(at, "repeated argument " + Quoted(parameters_[which].name));
    }
    seen_ |= 1U << which;
    next_ = which + 1;
    Set(parameters_[which], value, at);
  }

  std::string Value(bool* quoted, const char** at) {
    std::string value;
    if (reader_.Take('"')) {
      *quoted = true;
      *at = nullptr;
      if (!reader_.QuotedRest(&value)) Fail(nullptr, "unterminated text in transformation");
      return value;
    }
    *quoted = false;
    const std::string_view word = reader_.Word();
    *at = word.data();
    if (word.empty()) Fail(word.data(), "empty argument of transformation");
    return std::string(word);
  }

  std::size_t Find(const std::string& name, const char* at) const {
    std::vector<std::string_view> names;
    for (const Parameter& p : parameters_) {
      if (p.name == name) return names.size();
      names.push_back(p.name);
    }
    const std::string_view best = Nearest(name, names);
    if (best.empty()) Fail(at, "unknown parameter " + Quoted(name));
    reader_.Fail(at, "unknown parameter " + Quoted(name), "Did you mean " + Quoted(best) + "?");
  }

  int Number(const Parameter& p, std::string_view value, const char* at, int min) const {
    int number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size() || number < min ||
        number > p.max) {
      Fail(at, Quoted(p.name) + " is not a whole number from " + std::to_string(min) + " to " +
                   std::to_string(p.max));
    }
    return number;
  }

  void Set(const Parameter& p, const std::string& value, const char* at) {
    const auto slot = static_cast<std::size_t>(p.slot);
    switch (p.form) {
      case Form::kAnyText:
        if (value.size() > static_cast<std::size_t>(p.max) || HasControl(value)) {
          Fail(at, Quoted(p.name) + " is longer than 64 bytes or has control characters");
        }
        transform_.text = value;
        return;
      case Form::kCharacter:
        if (CodePoints(value) != 1 || HasControl(value)) {
          Fail(at, Quoted(p.name) + " is not one character");
        }
        transform_.text = value;
        return;
      case Form::kCount:
      case Form::kBits:
        transform_.n[slot] = Number(p, value, at, 0);
        return;
      case Form::kDays:
        transform_.n[slot] = Number(p, value, at, 1);
        return;
      case Form::kStep:
        if (!ParseStep(value, &transform_.step)) {
          Fail(at, Quoted(p.name) + " is not a number above 0 of at most 18 digits");
        }
        return;
      case Form::kScope:
        if (!IsObjectName(value)) {
          Fail(at, Quoted(p.name) + " is not 1 to 63 of the characters a-z, 0-9 and _");
        }
        transform_.scope = value;
        return;
      case Form::kFlag:
        if (value != "yes" && value != "no") Fail(at, Quoted(p.name) + " is neither yes nor no");
        transform_.keep_domain = value == "yes";
        return;
    }
  }

  LabelReader reader_;
  std::string_view usage_;
  std::span<const Parameter> parameters_;
  std::size_t next_ = 0;
  std::uint32_t seen_ = 0;
  bool named_ = false;
  Transform transform_;
};

// A value as it must stand in an argument.
std::string Written(const std::string& value) {
  const bool plain = !value.empty() && value.find_first_of(" ;=,()\"\t\r\n") == std::string::npos;
  if (plain) return value;
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace

std::string_view ValueTypeName(ValueType type) {
  constexpr std::string_view kNames[kValueTypes] = {"text",      "integer",     "numeric", "date",
                                                    "timestamp", "timestamptz", "boolean", "inet",
                                                    "bytea",     "jsonb",       "other"};
  return kNames[static_cast<int>(type)];
}

std::span<const TransformFacts> Transforms() {
  return kTransforms;
}

const TransformFacts& Transform::facts() const {
  return kTransforms[static_cast<std::size_t>(op)];
}

Transform ParseTransform(std::string_view text) {
  return Parser(text).Parse();
}

std::string Format(const Transform& transform) {
  const Transform usual = Defaults(transform.op);
  std::string arguments;
  const auto add = [&](const std::string& argument) {
    arguments += arguments.empty() ? "" : ",";
    arguments += argument;
  };
  switch (transform.op) {
    case Op::kRedact:
      if (transform.text != usual.text) add(Written(transform.text));
      break;
    case Op::kPartial:
      add(std::to_string(transform.n[0]));
      add(std::to_string(transform.n[1]));
      if (transform.text != usual.text) add(Written(transform.text));
      break;
    case Op::kEmail:
      if (transform.keep_domain) add("keep_domain=yes");
      break;
    case Op::kDateShift:
      add(std::to_string(transform.n[0]));
      break;
    case Op::kIp:
      if (transform.n[0] != usual.n[0]) add("v4=" + std::to_string(transform.n[0]));
      if (transform.n[1] != usual.n[1]) add("v6=" + std::to_string(transform.n[1]));
      break;
    case Op::kBucket:
    case Op::kLatLon:
      if (transform.step != usual.step) add(Format(transform.step));
      break;
    default:
      break;
  }
  if (!transform.scope.empty()) add(transform.scope);
  const std::string name(transform.facts().name);
  return arguments.empty() ? name : name + "(" + arguments + ")";
}

bool MayBeBirth(ClassId tag_class) {
  const TagClass& c = TagClasses()[tag_class];
  return c.kind == Kind::kAge || c.text == "date" || c.text == "date.birth";
}

bool NeedsCommitTime(const Transform& transform, ClassId tag_class) {
  return (transform.op == Op::kDateYear || transform.op == Op::kDateMonth) && MayBeBirth(tag_class);
}

void CheckFits(const Transform& transform, ValueType type) {
  const TransformFacts& facts = transform.facts();
  const std::string name = Quoted(Format(transform));
  if (!facts.accepts(type)) {
    std::string types;
    for (int i = 0; i < kValueTypes; ++i) {
      const auto candidate = static_cast<ValueType>(i);
      if (!facts.accepts(candidate)) continue;
      types += (types.empty() ? "" : ", ") + std::string(ValueTypeName(candidate));
    }
    throw Error(sqlstate::kDatatypeMismatch,
                "transformation " + name + " does not fit type " + std::string(ValueTypeName(type)),
                "It is for: " + types + ".", "Use drop, null or redact where nothing else fits.");
  }
  if (transform.op == Op::kBucket && type != kNumeric && !transform.step.whole()) {
    throw Error(sqlstate::kDatatypeMismatch,
                "transformation " + name + " does not fit type " + std::string(ValueTypeName(type)),
                "A step with a fraction is for numeric.", "Use a whole number.");
  }
  if (transform.op == Op::kRedact && type != kText && transform.text != kRedacted) {
    throw Error(sqlstate::kDatatypeMismatch,
                "transformation " + name + " does not fit type " + std::string(ValueTypeName(type)),
                "A replacement is for text.", "Use redact without a text.");
  }
}

void CheckScope(std::string_view scope) {
  if (IsObjectName(scope)) return;
  // What was given is not repeated: it may be a value in the wrong place.
  throw Error(sqlstate::kInvalidParameterValue, "invalid name of a scope",
              "A scope is a consumer or study within which equal values get equal codes.",
              "Use 1 to 63 of the characters a-z, 0-9 and _.");
}

}  // namespace phisync
