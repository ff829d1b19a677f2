// Whatever bytes a transformation has, it is refused with 22023 or has one canonical text; whatever
// value it is given, nothing but what it may show comes out.
//
// Input: the text of a transformation, a line end, the value.

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/transform_apply.h"
#include "core/utf8.h"

namespace {

using namespace phisync;

void Require(bool holds) {
  if (!holds) __builtin_trap();
}

struct Resources {
  ScopeKeys keys{ParseMasterKey("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
                 "s"};
  ZipPrefixes zips = BuiltInRestrictedZips();
};

bool IsCode(std::string_view code) {
  return code.size() == 26 &&
         code.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == std::string_view::npos;
}

// Rules written here once more, and loosely, for what may come out of a text.
void CheckText(const Transform& transform, std::string_view in, std::string_view out) {
  switch (transform.op) {
    case Op::kKeep:
      Require(in == out);
      break;
    case Op::kRedact:
      Require(out == transform.text);
      break;
    case Op::kPartial: {
      Require(CodePoints(in) == 0 ? out.empty() : !out.empty());
      const auto shown = static_cast<std::size_t>(transform.n[0] + transform.n[1]);
      if (CodePoints(in) > shown + 2) break;
      std::string filled;
      for (std::size_t i = CodePoints(in); i > 0; --i) filled += transform.text;
      Require(out == filled);
      break;
    }
    case Op::kEmail:
      Require(out == kRedacted || out.starts_with("xxxxx@"));
      Require(out.find('@') == out.rfind('@'));
      break;
    case Op::kZip3:
      Require(out.size() == 3 && out.find_first_not_of("0123456789") == std::string_view::npos);
      break;
    case Op::kPseudonym:
      Require(IsCode(out));
      break;
    case Op::kIp:
      Require(out == kRedacted ||
              out.find_first_not_of("0123456789abcdef.:/") == std::string::npos);
      break;
    case Op::kUrl:
      Require(out == kRedacted || out.find_first_of("/@:?# \\") == std::string_view::npos);
      break;
    case Op::kLatLon:
      Require(out == kRedacted || out.find_first_not_of("0123456789.,-()") == std::string::npos);
      break;
    default:
      Require(false);
  }
}

void Apply(const Transform& transform, std::string_view value) {
  static Resources resources;
  MaskContext context;
  context.subject = value;
  for (int i = 0; i < kValueTypes; ++i) {
    const auto type = static_cast<ValueType>(i);
    try {
      const Mask mask(transform, FindClass("date"), type,
                      {&resources.keys, &resources.zips, nullptr, "s"});
      std::int64_t number = 0;
      value.copy(reinterpret_cast<char*>(&number), sizeof(number));
      if (type == ValueType::kDate) number = static_cast<std::int32_t>(number);
      ByteBuffer out;
      const Masked masked = mask.Apply({type, number, value}, context, out);
      const bool absent = transform.op == Op::kDrop;
      Require((masked.outcome == Outcome::kAbsent) == absent);
      if (transform.op == Op::kNull) Require(masked.outcome == Outcome::kNull);
      if (masked.outcome != Outcome::kValue) continue;
      Require(masked.value.type == mask.result_type());
      if (type == ValueType::kText) CheckText(transform, value, masked.value.text);
      const std::string first(masked.value.text);
      const Masked again = mask.Apply({type, number, value}, context, out);
      Require(again.value.number == masked.value.number && again.value.text == first);
    } catch (const Error& e) {
      Require(std::strcmp(e.sqlstate(), sqlstate::kDatatypeMismatch) == 0 ||
              std::strcmp(e.sqlstate(), sqlstate::kObjectNotInPrerequisiteState) == 0);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t line = input.find('\n');
  const std::string_view text = input.substr(0, line);
  const std::string_view value =
      line == std::string_view::npos ? std::string_view() : input.substr(line + 1);
  Transform transform;
  try {
    transform = ParseTransform(text);
  } catch (const Error& e) {
    Require(std::strcmp(e.sqlstate(), sqlstate::kInvalidParameterValue) == 0);
    Require(!e.message().empty() && !e.hint().empty());
    return 0;
  }
  const std::string canonical = Format(transform);
  Require(ParseTransform(canonical) == transform && Format(ParseTransform(canonical)) == canonical);
  Apply(transform, value);
  return 0;
}
