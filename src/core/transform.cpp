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
  explicit Parser(LabelReader& reader) : reader_(reader) {}

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
    std::string all;
    std::vector<std::string_view> names;
    for (const TransformFacts& facts : Transforms()) {
      if (facts.name == name) return facts;
      all += (names.empty() ? "" : ", ") + std::string(facts.name);
      names.push_back(facts.name);
    }
    const std::string_view best = Nearest(name, names);
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
        transform_.n[slot] = Number(p, value, at, 0);
        return;
      case Form::kBits:
        // Also as the length of a prefix is written: /24.
        transform_.n[slot] = Number(p, value.substr(value.starts_with('/') ? 1 : 0), at, 0);
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

  LabelReader& reader_;
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

Transform ReadTransform(LabelReader& reader) {
  return Parser(reader).Parse();
}

Transform ParseTransform(std::string_view text) {
  LabelReader reader("transformation", text);
  Transform transform = ReadTransform(reader);
  if (!reader.AtEnd()) {
    reader.Fail(nullptr, "unexpected text after transformation",
                "Write it as " + std::string(transform.facts().usage) + ".");
  }
  return transform;
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

}  // namespace phisync
