#include "core/retention.h"

#include <algorithm>

#include "core/error.h"

namespace phisync::retention {
namespace {

using calendar::Add;
using calendar::IsFinite;
using calendar::kInfinity;
using calendar::kMinusInfinity;

bool AnchorKnown(const Claim& claim) {
  return claim.anchor.has_value() && IsFinite(*claim.anchor);
}

// End of a period of the claim: kInfinity while the anchor is unknown, `none` where the policy has
// no such period.
Timestamp PeriodEnd(const Claim& claim, const std::optional<Interval>& period, Timestamp none) {
  if (!period) return none;
  return AnchorKnown(claim) ? Add(*claim.anchor, *period) : kInfinity;
}

Timestamp MinimumEnd(const Claim& claim) {
  return PeriodEnd(claim, claim.policy->minimum, kMinusInfinity);
}

Timestamp MaximumEnd(const Claim& claim) {
  return PeriodEnd(claim, claim.policy->maximum, kInfinity);
}

// Latest end of the minimums whose anchors are known.
Timestamp KnownMinimumEnd(const Facts& facts) {
  Timestamp end = kMinusInfinity;
  for (const Claim& claim : facts.claims) {
    if (AnchorKnown(claim)) end = std::max(end, MinimumEnd(claim));
  }
  return end;
}

void SortUnique(std::vector<std::string>* names) {
  std::sort(names->begin(), names->end());
  names->erase(std::unique(names->begin(), names->end()), names->end());
}

std::string Join(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ", ";
    text += '"' + name + '"';
  }
  return text;
}

std::string Reason(const Facts& facts, const Verdict& verdict) {
  const std::string policies = Join(verdict.policies);
  switch (verdict.standing.decision) {
    case Decision::kHeld:
      return "legal hold " + Join(verdict.holds);
    case Decision::kRetained:
      return verdict.standing.retain_until == kInfinity
                 ? "minimum retention of " + policies + " has not begun: the anchor is not known"
                 : "minimum retention of " + policies + " is running";
    case Decision::kErasable:
      return "erasure was requested and nothing forbids it";
    case Decision::kDue:
      return "maximum retention of " + policies + " is over";
    case Decision::kKeep:
      break;
  }
  if (facts.claims.empty()) return "no policy applies";
  if (verdict.standing.dispose_at != kInfinity) {
    return "maximum retention of " + policies + " is not over yet";
  }
  for (const Claim& claim : facts.claims) {
    if (claim.policy->maximum && !AnchorKnown(claim)) {
      return "maximum retention has not begun: the anchor is not known";
    }
  }
  return "no maximum retention applies";
}

}  // namespace

const char* DecisionName(Decision decision) {
  switch (decision) {
    case Decision::kKeep:
      return "keep";
    case Decision::kRetained:
      return "retained";
    case Decision::kHeld:
      return "held";
    case Decision::kDue:
      return "due";
    case Decision::kErasable:
      return "erasable";
  }
  return "keep";
}

Standing Judge(const Facts& facts, Timestamp now) {
  Standing standing;
  for (const Claim& claim : facts.claims) {
    standing.retain_until = std::max(standing.retain_until, MinimumEnd(claim));
    standing.dispose_at = std::min(standing.dispose_at, MaximumEnd(claim));
  }
  standing.dispose_at = std::max(standing.dispose_at, standing.retain_until);
  if (!facts.holds.empty()) {
    standing.decision = Decision::kHeld;
  } else if (now < standing.retain_until) {
    standing.decision = Decision::kRetained;
  } else if (facts.erasure_requested) {
    standing.decision = Decision::kErasable;
  } else if (standing.dispose_at != kInfinity && standing.dispose_at <= now) {
    standing.decision = Decision::kDue;
  }
  return standing;
}

Verdict Explain(const Facts& facts, Timestamp now) {
  Verdict verdict;
  verdict.standing = Judge(facts, now);
  Timestamp shortest = kInfinity;
  for (const Claim& claim : facts.claims) shortest = std::min(shortest, MaximumEnd(claim));
  const bool minimum_governs = now < verdict.standing.retain_until;
  for (const Claim& claim : facts.claims) {
    const bool sets_minimum =
        claim.policy->minimum && MinimumEnd(claim) == verdict.standing.retain_until;
    const bool sets_maximum = shortest != kInfinity && MaximumEnd(claim) == shortest;
    if (minimum_governs ? sets_minimum : sets_maximum) {
      verdict.policies.push_back(claim.policy->name);
    }
  }
  verdict.holds.assign(facts.holds.begin(), facts.holds.end());
  SortUnique(&verdict.policies);
  SortUnique(&verdict.holds);
  verdict.reason = Reason(facts, verdict);
  return verdict;
}

bool AsksForDisposal(const Claim& claim, Timestamp now) {
  const Timestamp end = MaximumEnd(claim);
  return end != kInfinity && end <= now;
}

Loss Compare(const Facts& before, const Facts& after, Timestamp now) {
  for (const std::string_view hold : before.holds) {
    if (std::find(after.holds.begin(), after.holds.end(), hold) == after.holds.end()) {
      return Loss::kHold;
    }
  }
  const Timestamp end = KnownMinimumEnd(before);
  if (now < end && KnownMinimumEnd(after) < end) return Loss::kMinimum;
  for (const Claim& claim : before.claims) {
    if (!claim.policy->minimum || AnchorKnown(claim)) continue;
    const auto same = [&](const Claim& other) { return other.policy->name == claim.policy->name; };
    if (std::none_of(after.claims.begin(), after.claims.end(), same)) return Loss::kMinimum;
  }
  return Loss::kNone;
}

void CheckTerms(const Terms& terms) {
  if (!terms.minimum && !terms.maximum) {
    throw Error(sqlstate::kInvalidParameterValue,
                "retention policy \"" + terms.name + "\" has neither a minimum nor a maximum",
                "Without a period the policy would neither keep nor dispose of anything.",
                "Give min_retention, max_retention or both, such as max_retention => '10 years'.");
  }
  for (const auto& [period, name] :
       {std::pair(&terms.minimum, "min_retention"), std::pair(&terms.maximum, "max_retention")}) {
    if (*period && !calendar::IsForward(**period)) {
      throw Error(sqlstate::kInvalidParameterValue,
                  std::string(name) + " of retention policy \"" + terms.name + "\" is negative",
                  "Months, days and time of a retention period are each zero or more.",
                  "Give a period such as '10 years' or '1 year 6 months'.");
    }
  }
  Timestamp witness = 0;
  if (terms.minimum && terms.maximum &&
      calendar::EverLonger(*terms.minimum, *terms.maximum, &witness)) {
    const calendar::Date date = calendar::CivilDate(witness / calendar::kMicrosPerDay);
    throw Error(
        sqlstate::kInvalidParameterValue,
        "min_retention of retention policy \"" + terms.name + "\" is longer than max_retention",
        "Counted from " + std::to_string(date.year) + "-" + (date.month < 10 ? "0" : "") +
            std::to_string(date.month) + "-" + (date.day < 10 ? "0" : "") +
            std::to_string(date.day) + ", the minimum ends after the maximum.",
        "Make max_retention at least as long as min_retention; months and years differ in "
        "length.");
  }
}

}  // namespace phisync::retention
