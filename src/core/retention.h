#pragma once
// The one decision about a row's retention. Guard, status and engine all ask it, so that none can
// judge otherwise.
//
//   hold > minimum retention > erasure request > maximum retention
//
// Among minimums the longest counts, then among maximums the shortest. An anchor that is NULL or
// infinite is an event that has not happened: its minimum has no end and its maximum never comes.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/calendar.h"

namespace phisync::retention {

using calendar::Interval;
using calendar::Timestamp;

// A policy's periods, both counted from the anchor; at least one is given, both are forward.
struct Terms {
  std::string name;
  std::optional<Interval> minimum;
  std::optional<Interval> maximum;
};

// A policy whose filter the row passes, and the row's anchor.
struct Claim {
  const Terms* policy;
  std::optional<Timestamp> anchor;
};

// All that the decision depends on besides the time.
struct Facts {
  std::vector<Claim> claims;
  std::vector<std::string_view> holds = {};  // names of the holds in force on the row
  bool erasure_requested = false;
};

enum class Decision {
  kKeep,      // nothing demands that it goes; it may be deleted by hand
  kRetained,  // a minimum retention forbids that it goes
  kHeld,      // a legal hold forbids it
  kDue,       // its maximum retention is over
  kErasable,  // its erasure was requested and nothing forbids it
};

// The decision's name in views and functions: keep, retained, held, due, erasable.
const char* DecisionName(Decision decision);

struct Standing {
  Decision decision = Decision::kKeep;
  Timestamp retain_until =
      calendar::kMinusInfinity;  // kMinusInfinity: no minimum; kInfinity: end not known
  Timestamp dispose_at = calendar::kInfinity;  // kInfinity: no maximum; never before retain_until
};

// Why, for people. `policies` are those that set retain_until or dispose_at, `reason` has no value
// of the row.
struct Verdict {
  Standing standing;
  std::vector<std::string> holds;
  std::vector<std::string> policies;
  std::string reason;
};

// Retained while now < retain_until, due from now = dispose_at on. Allocates nothing.
Standing Judge(const Facts& facts, Timestamp now);

// Judge, with names. Lists are sorted and free of repetition.
Verdict Explain(const Facts& facts, Timestamp now);

// Whether this claim alone asks for disposal.
bool AsksForDisposal(const Claim& claim, Timestamp now);

// What an UPDATE would take away from a row's protection.
enum class Loss {
  kNone,
  kHold,     // a hold that is on the row would not be on its new version
  kMinimum,  // a minimum that is running would end earlier, or could be made to
};

// Compares a row's facts before and after an UPDATE. Setting an unknown anchor is the event itself
// and no loss; taking a known anchor away is one, since it could be set anew to an earlier time.
Loss Compare(const Facts& before, const Facts& after, Timestamp now);

// Throws Error 22023 unless at least one period is given, both are forward, and the minimum ends no
// later than the maximum whatever the anchor.
void CheckTerms(const Terms& terms);

}  // namespace phisync::retention
