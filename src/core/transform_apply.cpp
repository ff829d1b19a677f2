#include "core/transform_apply.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/number.h"
#include "core/transform_date.h"
#include "core/transform_place.h"
#include "core/transform_text.h"

namespace phisync {
namespace {

Masked Null(bool over_90 = false) {
  return {Outcome::kNull, over_90, {}};
}
Masked Number(ValueType type, std::int64_t number) {
  return {Outcome::kValue, false, {type, number, {}}};
}
Masked Text(ValueType type, std::string_view text) {
  return {Outcome::kValue, false, {type, 0, text}};
}
// The text that was appended after the buffer had `from` bytes.
Masked Appended(ValueType type, const ByteBuffer& out, std::size_t from) {
  return Text(type, out.view(from));
}

Masked Redact(const Transform& transform, ValueType type) {
  switch (type) {
    case ValueType::kText:
      return Text(type, transform.op == Op::kRedact ? std::string_view(transform.text) : kRedacted);
    case ValueType::kNumeric:
      return Text(type, "0");
    case ValueType::kInet:
      return Text(type, "0.0.0.0");
    case ValueType::kBytea:
      return Text(type, "");
    case ValueType::kJson:
      return Text(type, "null");
    case ValueType::kDate:
      return Number(type, calendar::DayNumber(1970, 1, 1));
    case ValueType::kTimestamp:
    case ValueType::kTimestamptz:
      return Number(type, calendar::DayNumber(1970, 1, 1) * calendar::kMicrosPerDay);
    case ValueType::kInteger:
    case ValueType::kBool:
      return Number(type, 0);
    case ValueType::kOther:
      break;
  }
  return Null();
}

Masked Day(const std::optional<std::int64_t>& moment, ValueType type) {
  return moment ? Number(type, *moment) : Null();
}

// Whether a whole number of years, without sign and zeros in front, is 90 or more.
bool IsOver90(std::string_view whole) {
  return whole.size() > 2 || (whole.size() == 2 && whole[0] == '9');
}

// As most are written: digits, and perhaps a point and more of them.
bool IsPlain(std::string_view whole, std::string_view rest) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !whole.empty() && whole[0] != '0' && std::ranges::all_of(whole, is_digit) &&
         std::ranges::all_of(rest.substr(std::min<std::size_t>(rest.size(), 1)), is_digit);
}

Masked Age(const Value& value, ByteBuffer& out) {
  constexpr int kCap = 90;
  if (value.type == ValueType::kInteger) {
    if (value.number < kCap) return Number(value.type, value.number);
    Masked masked = Number(value.type, kCap);
    masked.over_90 = true;
    return masked;
  }
  // A whole part of 90 or more; NaN and the infinities are no ages.
  const std::size_t point = std::min(value.text.find('.'), value.text.size());
  std::string_view whole = value.text.substr(0, point);
  const std::size_t from = out.size();
  if (!IsPlain(whole, value.text.substr(point))) {
    if (!AppendFloor(out, value.text, {1, 0})) return Null();
    whole = out.view(from);
  }
  const bool over = !whole.starts_with('-') && IsOver90(whole);
  out.Truncate(from);
  Masked masked = Text(value.type, over ? std::string_view("90") : value.text);
  masked.over_90 = over;
  return masked;
}

Masked Bucket(const Value& value, const Step& step, ByteBuffer& out) {
  if (value.type == ValueType::kNumeric) {
    const std::size_t from = out.size();
    return AppendFloor(out, value.text, step) ? Appended(value.type, out, from) : Null();
  }
  if (value.type == ValueType::kInteger) {
    std::int64_t result = 0;
    return Floor(value.number, step.units, &result) ? Number(value.type, result) : Null();
  }
  return Day(FloorDays(value.type, value.number, step.units), value.type);
}

Masked Zip(const Value& value, const ZipPrefixes& restricted) {
  const int prefix =
      value.type == ValueType::kInteger ? ZipPrefix(value.number) : ZipPrefix(value.text);
  if (prefix < 0) return Null();
  const int shown = restricted[static_cast<std::size_t>(prefix)] ? 0 : prefix;
  return Number(ValueType::kInteger, shown);
}

}  // namespace

Mask::Mask(Transform transform, ClassId tag_class, ValueType type, const MaskResources& resources)
    : transform_(std::move(transform)),
      kind_(TagClasses()[tag_class].kind),
      birth_(NeedsCommitTime(transform_, tag_class)),
      result_(type),
      resources_(resources) {
  CheckFits(transform_, type);
  const TransformFacts& facts = transform_.facts();
  if (facts.needs_key && resources_.keys == nullptr) RefuseWithoutKey();
  if (facts.needs_restricted_zips &&
      (resources_.restricted_zips == nullptr || resources_.restricted_zips->none())) {
    throw Error(sqlstate::kObjectNotInPrerequisiteState, "no restricted ZIP codes are known",
                "Each census has some where 20,000 people or fewer live.",
                "Fill phisync.zip3_restricted.");
  }
  if (facts.needs_surrogates && resources_.surrogates == nullptr) {
    throw Error(sqlstate::kObjectNotInPrerequisiteState, "surrogates are not to be had here",
                "They are codes stored in phisync.surrogate.", "Use another transformation.");
  }
  if (transform_.op == Op::kPseudonym || transform_.op == Op::kSurrogate) {
    result_ = ValueType::kText;
  }
}

Masked Mask::Apply(const Value& value, const MaskContext& context, ByteBuffer& out) const {
  const std::size_t from = out.size();
  const ValueType type = value.type;
  switch (transform_.op) {
    case Op::kKeep:
      return {Outcome::kValue, false, value};
    case Op::kDrop:
      return {Outcome::kAbsent, false, {}};
    case Op::kNull:
      return Null();
    case Op::kRedact:
      return Redact(transform_, type);
    case Op::kPartial:
      AppendPartial(out, value.text, transform_.n[0], transform_.n[1], transform_.text);
      return Appended(type, out, from);
    case Op::kEmail:
      if (!AppendEmail(out, value.text, transform_.keep_domain)) return Redact(transform_, type);
      return Appended(type, out, from);
    case Op::kUrl:
      if (!AppendHost(out, value.text)) return Redact(transform_, type);
      return Appended(type, out, from);
    case Op::kIp:
      if (!AppendNetwork(out, value.text, transform_.n[0], transform_.n[1])) {
        return Redact(transform_, type);
      }
      return Appended(type, out, from);
    case Op::kLatLon:
      if (type == ValueType::kNumeric) {
        return AppendDegrees(out, value.text, transform_.step) ? Appended(type, out, from) : Null();
      }
      if (!AppendPosition(out, value.text, transform_.step)) return Redact(transform_, type);
      return Appended(type, out, from);
    case Op::kZip3: {
      Masked masked = Zip(value, *resources_.restricted_zips);
      if (masked.outcome != Outcome::kValue || type == ValueType::kInteger) return masked;
      const auto prefix = static_cast<int>(masked.value.number);
      for (const int unit : {100, 10, 1}) out.Append(static_cast<char>('0' + prefix / unit % 10));
      return Appended(type, out, from);
    }
    case Op::kDateYear:
    case Op::kDateMonth:
      if (birth_ && Over90(DayOf(type, value.number), context.commit_time)) return Null(true);
      return Day(FirstDay(type, value.number, transform_.op == Op::kDateMonth), type);
    case Op::kAge90:
      return Age(value, out);
    case Op::kDateShift:
      if (!context.subject) return Null();
      return Day(
          Shift(type, value.number, resources_.keys->ShiftDays(*context.subject, transform_.n[0])),
          type);
    case Op::kBucket:
      return Bucket(value, transform_.step, out);
    case Op::kPseudonym:
    case Op::kSurrogate:
      return Code(value, out);
  }
  return Null();
}

Masked Mask::Code(const Value& value, ByteBuffer& out) const {
  const std::size_t from = out.size();
  if (value.type == ValueType::kInteger) {
    AppendInteger(out, value.number);
  } else {
    AppendCanonical(out, kind_, value.text);
  }
  unsigned char digest[HmacKey::kDigestBytes];
  const bool pseudonym = transform_.op == Op::kPseudonym;
  if (pseudonym) {
    resources_.keys->Pseudonym(kind_, out.view(from), digest);
  } else {
    resources_.keys->SurrogateAddress(kind_, out.view(from), digest);
  }
  out.Truncate(from);
  if (pseudonym) {
    AppendBase32(out, digest);
  } else if (!resources_.surrogates->Append(out, resources_.scope, kind_, digest)) {
    return Null();
  }
  return Appended(ValueType::kText, out, from);
}

}  // namespace phisync
