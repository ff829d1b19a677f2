// What a value costs in each transformation: prints one line each, in nanoseconds per value. Built
// and run by bench/profile.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

#include "core/transform_apply.h"

namespace {

using namespace phisync;
using Clock = std::chrono::steady_clock;

class FixedSurrogates final : public Surrogates {
 public:
  bool Append(ByteBuffer& out, std::string_view, Kind, const unsigned char* address) override {
    AppendBase32(out, address);
    return true;
  }
};

struct Case {
  const char* transform;
  const char* tag;
  ValueType type;
  const char* text;
  std::int64_t number;
};

constexpr Case kCases[] = {
    {"keep", "name", ValueType::kText, "Zoë Ångström-Fernández", 0},
    {"null", "name", ValueType::kText, "Zoë Ångström-Fernández", 0},
    {"redact", "name", ValueType::kText, "Zoë Ångström-Fernández", 0},
    {"partial(0,4)", "ssn", ValueType::kText, "123-45-6789", 0},
    {"email(keep_domain=yes)", "email", ValueType::kText, "zoe.angstrom@example.org", 0},
    {"zip3", "geo.zip", ValueType::kText, "02139-4307", 0},
    {"date_year", "date.admit", ValueType::kDate, "", 8825},
    {"date_year", "date.birth", ValueType::kDate, "", -8825},
    {"date_month", "date.admit", ValueType::kTimestamptz, "", 762'000'000'000'000},
    {"age90", "age", ValueType::kInteger, "", 91},
    {"date_shift(30)", "date.admit", ValueType::kDate, "", 8825},
    {"bucket(5)", "clinical.lab", ValueType::kInteger, "", 123},
    {"bucket(0.5)", "clinical.lab", ValueType::kNumeric, "36.75", 0},
    {"pseudonym", "mrn", ValueType::kText, "MRN-0012345678", 0},
    {"pseudonym", "ssn", ValueType::kText, "123-45-6789", 0},
    {"surrogate", "mrn", ValueType::kText, "MRN-0012345678", 0},
    {"ip", "ip", ValueType::kInet, "192.0.2.77", 0},
    {"ip", "ip", ValueType::kInet, "2001:db8:1:2:3:4:5:6", 0},
    {"url", "url", ValueType::kText, "https://portal.example.org/patient/17?tab=labs", 0},
    {"latlon", "geo.latlon", ValueType::kNumeric, "-74.0060152", 0},
};

// The best of several runs: what else the machine does only adds.
double Measure(const Mask& mask, const Case& c) {
  constexpr int kRuns = 7;
  constexpr int kValues = 20'000;
  MaskContext context;
  context.commit_time = INT64_C(850'000'000'000'000);
  ByteBuffer out;
  std::string text(c.text);
  std::size_t sink = 0;
  double best = 1e9;
  for (int run = 0; run < kRuns; ++run) {
    const auto start = Clock::now();
    for (int i = 0; i < kValues; ++i) {
      // Another value each time, so that nothing is learned from the last.
      const auto digit = static_cast<char>('0' + i % 10);
      if (!text.empty()) text[text.size() - 1] = digit;
      const std::string_view subject(&digit, 1);
      context.subject = subject;
      out.Clear();
      const Masked masked = mask.Apply({c.type, c.number + i % 10, text}, context, out);
      sink += masked.value.text.size() + static_cast<std::size_t>(masked.value.number);
    }
    const std::chrono::duration<double, std::nano> took = Clock::now() - start;
    best = std::min(best, took.count() / kValues);
  }
  // The compiler must believe that the results are used.
  volatile std::size_t used = sink;
  (void)used;
  return best;
}

}  // namespace

int main() {
  ScopeKeys keys(ParseMasterKey("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
                 "bench");
  const ZipPrefixes zips = BuiltInRestrictedZips();
  FixedSurrogates surrogates;
  std::printf("%-24s %-12s %-12s %9s\n", "transformation", "tag", "type", "ns/value");
  for (const Case& c : kCases) {
    const Mask mask(ParseTransform(c.transform), FindClass(c.tag), c.type,
                    {&keys, &zips, &surrogates, "bench"});
    std::printf("%-24s %-12s %-12s %9.1f\n", c.transform, c.tag, ValueTypeName(c.type).data(),
                Measure(mask, c));
  }
}
