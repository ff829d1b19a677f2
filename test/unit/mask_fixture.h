#pragma once
// Values put through transformations, and what comes out as text.

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/temporal.h"
#include "core/transform_apply.h"

namespace phisync {

class KeptSurrogates final : public Surrogates {
 public:
  bool Append(ByteBuffer& out, std::string_view scope, Kind kind,
              const unsigned char* address) override {
    const auto found = codes.find(std::string(scope) + "/" + std::string(KindName(kind)) + "/" +
                                  std::string(reinterpret_cast<const char*>(address), 32));
    if (found == codes.end()) return false;
    out.Append(found->second);
    return true;
  }
  std::map<std::string, std::string> codes;
};

struct Fixture {
  Fixture()
      : keys(ParseMasterKey("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
             "study_a") {}
  MaskResources resources() { return {&keys, &zips, &surrogates, "study_a"}; }
  Mask Of(const char* transform, ValueType type, const char* tag = "clinical") {
    return {ParseTransform(transform), FindClass(tag), type, resources()};
  }

  ScopeKeys keys;
  ZipPrefixes zips = BuiltInRestrictedZips();
  KeptSurrogates surrogates;
  MaskContext context;
  ByteBuffer out;
};

inline std::string Show(const Masked& masked) {
  if (masked.outcome == Outcome::kAbsent) return "absent";
  std::string shown;
  if (masked.outcome == Outcome::kNull) {
    shown = "null";
  } else {
    ByteBuffer out;
    switch (masked.value.type) {
      case ValueType::kDate:
        AppendDate(out, static_cast<std::int32_t>(masked.value.number), Beyond::kExact);
        break;
      case ValueType::kTimestamp:
      case ValueType::kTimestamptz:
        AppendTimestamp(out, masked.value.number, masked.value.type == ValueType::kTimestamptz,
                        Beyond::kExact);
        break;
      case ValueType::kInteger:
      case ValueType::kBool:
        out.Append(std::to_string(masked.value.number));
        break;
      default:
        out.Append(masked.value.text);
    }
    shown = out.view();
  }
  return shown + (masked.over_90 ? " 90+" : "");
}

inline std::string Text(const char* transform, std::string_view text,
                        const char* tag = "clinical") {
  Fixture f;
  f.out.Append("before");
  // The result may be a view of what the mask holds.
  Mask mask = f.Of(transform, ValueType::kText, tag);
  const Masked masked = mask.Apply({ValueType::kText, 0, text}, f.context, f.out);
  EXPECT_TRUE(f.out.view().starts_with("before"));
  return Show(masked);
}
inline std::string Decimal(const char* transform, std::string_view text) {
  Fixture f;
  return Show(
      f.Of(transform, ValueType::kNumeric).Apply({ValueType::kNumeric, 0, text}, f.context, f.out));
}
inline std::string Number(const char* transform, ValueType type, std::int64_t number,
                          const char* tag = "clinical", calendar::Timestamp commit_time = 0,
                          std::optional<std::string_view> subject = {}) {
  Fixture f;
  f.context = {commit_time, subject};
  return Show(f.Of(transform, type, tag).Apply({type, number, {}}, f.context, f.out));
}

}  // namespace phisync
