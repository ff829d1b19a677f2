// What is known of each transformation.

#include <string>

#include "core/error.h"
#include "core/object_name.h"
#include "core/transform.h"

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

std::string Quoted(std::string_view s) {
  return "\"" + std::string(s) + "\"";
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
