#include "core/retention.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>

#include "core/error.h"

namespace phisync::retention {
namespace {

using calendar::DayNumber;
using calendar::kInfinity;
using calendar::kMicrosPerDay;
using calendar::kMinusInfinity;

Timestamp At(int year, int month, int day) {
  return DayNumber(year, month, day) * kMicrosPerDay;
}
constexpr Interval Years(int n) {
  return {12 * n, 0, 0};
}

TEST(Retention, PrecedenceFromTheTop) {
  const Terms terms{"chart", Years(5), Years(10)};
  Facts facts{{{&terms, At(2010, 1, 1)}}, {"case"}, true};
  EXPECT_EQ(Judge(facts, At(2030, 1, 1)).decision, Decision::kHeld);
  facts.holds.clear();
  EXPECT_EQ(Judge(facts, At(2014, 1, 1)).decision, Decision::kRetained);
  EXPECT_EQ(Judge(facts, At(2015, 1, 1)).decision, Decision::kErasable);
  facts.erasure_requested = false;
  EXPECT_EQ(Judge(facts, At(2015, 1, 1)).decision, Decision::kKeep);
  EXPECT_EQ(Judge(facts, At(2020, 1, 1) - 1).decision, Decision::kKeep);
  EXPECT_EQ(Judge(facts, At(2020, 1, 1)).decision, Decision::kDue);
  EXPECT_EQ(Judge({}, At(2020, 1, 1)).decision, Decision::kKeep);
}

TEST(Retention, LongestMinimumThenShortestMaximum) {
  const Terms state{"state", Years(7), std::nullopt};
  const Terms site{"site", Years(5), Years(6)};
  const Terms tidy{"tidy", std::nullopt, Years(20)};
  const Facts facts{{{&tidy, At(2000, 1, 1)}, {&state, At(2000, 1, 1)}, {&site, At(2000, 1, 1)}}};
  EXPECT_EQ(Judge(facts, At(2006, 6, 1)).decision, Decision::kRetained);
  const Verdict retained = Explain(facts, At(2006, 6, 1));
  EXPECT_EQ(retained.policies, std::vector<std::string>{"state"});
  EXPECT_EQ(retained.standing.retain_until, At(2007, 1, 1));
  EXPECT_EQ(retained.standing.dispose_at, At(2007, 1, 1));
  const Verdict due = Explain(facts, At(2007, 1, 1));
  EXPECT_EQ(due.standing.decision, Decision::kDue);
  EXPECT_EQ(due.policies, std::vector<std::string>{"site"});
  EXPECT_EQ(due.reason, "maximum retention of \"site\" is over");
}

TEST(Retention, UnknownAnchorKeeps) {
  const Terms both{"chart", Years(1), Years(2)};
  const Terms only_max{"log", std::nullopt, Years(2)};
  for (const std::optional<Timestamp> anchor :
       {std::optional<Timestamp>(), std::optional(kInfinity), std::optional(kMinusInfinity)}) {
    EXPECT_EQ(Judge({{{&both, anchor}}}, At(2900, 1, 1)).decision, Decision::kRetained);
    EXPECT_EQ(Judge({{{&only_max, anchor}}}, At(2900, 1, 1)).decision, Decision::kKeep);
    EXPECT_FALSE(AsksForDisposal({&only_max, anchor}, At(2900, 1, 1)));
  }
  EXPECT_EQ(Explain({{{&both, std::nullopt}}}, 0).reason,
            "minimum retention of \"chart\" has not begun: the anchor is not known");
  EXPECT_EQ(Explain({{{&only_max, std::nullopt}}}, 0).reason,
            "maximum retention has not begun: the anchor is not known");
}

TEST(Retention, UpdateMayExtendButNotShorten) {
  const Terms terms{"chart", Years(5), std::nullopt};
  const Timestamp now = At(2022, 1, 1);
  const auto facts = [&](std::optional<Timestamp> anchor) { return Facts{{{&terms, anchor}}}; };
  const Facts known = facts(At(2020, 1, 1));
  EXPECT_EQ(Compare(known, facts(At(2020, 1, 1)), now), Loss::kNone);
  EXPECT_EQ(Compare(known, facts(At(2021, 1, 1)), now), Loss::kNone);
  EXPECT_EQ(Compare(known, facts(At(2019, 12, 31)), now), Loss::kMinimum);
  EXPECT_EQ(Compare(known, facts(std::nullopt), now), Loss::kMinimum);
  EXPECT_EQ(Compare(known, Facts{}, now), Loss::kMinimum);
  EXPECT_EQ(Compare(known, Facts{}, At(2025, 1, 1)), Loss::kNone);
  EXPECT_EQ(Compare(facts(std::nullopt), facts(At(2000, 1, 1)), now), Loss::kNone);
  EXPECT_EQ(Compare(facts(std::nullopt), Facts{}, now), Loss::kMinimum);
}

TEST(Retention, UpdateMayNotShakeOffAHold) {
  Facts before;
  before.holds = {"a", "b"};
  Facts after;
  after.holds = {"b", "c", "a"};
  EXPECT_EQ(Compare(before, after, 0), Loss::kNone);
  after.holds = {"b"};
  EXPECT_EQ(Compare(before, after, 0), Loss::kHold);
}

TEST(Retention, TermsAreChecked) {
  const auto refuses = [](const Terms& terms, const char* part) {
    try {
      CheckTerms(terms);
    } catch (const Error& e) {
      return std::string(e.sqlstate()) == sqlstate::kInvalidParameterValue &&
             e.message().find(part) != std::string::npos && !e.detail().empty() &&
             !e.hint().empty();
    }
    return false;
  };
  EXPECT_TRUE(refuses({"p", std::nullopt, std::nullopt}, "neither"));
  EXPECT_TRUE(refuses({"p", Interval{-1, 0, 0}, std::nullopt}, "min_retention"));
  EXPECT_TRUE(refuses({"p", std::nullopt, Interval{1, -1, 0}}, "max_retention"));
  EXPECT_TRUE(refuses({"p", Years(2), Years(1)}, "longer"));
  EXPECT_TRUE(refuses({"p", Years(1), Interval{0, 365, 0}}, "longer"));
  EXPECT_NO_THROW(CheckTerms({"p", Interval{0, 365, 0}, Years(1)}));
  EXPECT_NO_THROW(CheckTerms({"p", Years(1), Years(1)}));
  EXPECT_NO_THROW(CheckTerms({"p", std::nullopt, Interval{}}));
}

// Random rules and rows; the laws hold whatever they are.
class Laws : public ::testing::Test {
 protected:
  Interval AnyInterval() {
    return {static_cast<std::int32_t>(random_() % 200), static_cast<std::int32_t>(random_() % 400),
            static_cast<std::int64_t>(random_() % 90'000'000'000ULL)};
  }
  Timestamp AnyTime() { return static_cast<Timestamp>(random_() % 1'500'000'000'000'000ULL); }
  Claim AnyClaim() {
    Terms terms{"p" + std::to_string(random_() % 5), std::nullopt, std::nullopt};
    if (random_() % 3 != 0) terms.minimum = AnyInterval();
    if (random_() % 3 != 0) terms.maximum = AnyInterval();
    terms_.push_back(terms);
    const auto kind = random_() % 12;
    if (kind == 0) return {&terms_.back(), std::nullopt};
    if (kind == 1) return {&terms_.back(), kInfinity};
    return {&terms_.back(), AnyTime()};
  }
  Facts AnyFacts() {
    Facts facts;
    for (auto n = random_() % 4; n > 0; --n) facts.claims.push_back(AnyClaim());
    if (random_() % 5 == 0) facts.holds.emplace_back("case");
    facts.erasure_requested = random_() % 6 == 0;
    return facts;
  }
  static bool Disposable(const Facts& facts, Timestamp now) {
    const Decision d = Judge(facts, now).decision;
    return d == Decision::kDue || d == Decision::kErasable;
  }
  static bool Protected(const Facts& facts, Timestamp now) {
    const Decision d = Judge(facts, now).decision;
    return d == Decision::kHeld || d == Decision::kRetained;
  }

  std::mt19937_64 random_{20'260'102};
  std::deque<Terms> terms_;
};

TEST_F(Laws, HoldForAnyRow) {
  for (int i = 0; i < 40'000; ++i) {
    terms_.clear();
    const Facts facts = AnyFacts();
    const Timestamp now = AnyTime();
    const Timestamp later = now + AnyTime();
    const Standing standing = Judge(facts, now);

    // Time only opens: what may go now may go later, what is free of its minimum stays so.
    if (Disposable(facts, now)) {
      ASSERT_TRUE(Disposable(facts, later));
    }
    if (!Protected(facts, now)) {
      ASSERT_FALSE(Protected(facts, later));
    }
    ASSERT_GE(standing.dispose_at, standing.retain_until);

    // Never early.
    if (standing.decision == Decision::kDue) {
      ASSERT_LE(standing.dispose_at, now);
    }
    if (Disposable(facts, now)) {
      ASSERT_LE(standing.retain_until, now);
    }

    // A hold never makes a row disposable, and always protects.
    Facts held = facts;
    held.holds.emplace_back("another");
    ASSERT_EQ(Judge(held, now).decision, Decision::kHeld);
    ASSERT_EQ(Judge(held, now).retain_until, standing.retain_until);

    // A further minimum never shortens anything.
    Facts more = facts;
    terms_.push_back({"more", AnyInterval(), std::nullopt});
    more.claims.push_back({&terms_.back(), AnyTime()});
    ASSERT_GE(Judge(more, now).retain_until, standing.retain_until);
    ASSERT_GE(Judge(more, now).dispose_at, standing.dispose_at);
    if (!Disposable(facts, now)) {
      ASSERT_FALSE(Disposable(more, now));
    }

    // A further maximum never takes protection away.
    Facts shorter = facts;
    terms_.push_back({"shorter", std::nullopt, AnyInterval()});
    shorter.claims.push_back({&terms_.back(), AnyTime()});
    ASSERT_EQ(Protected(shorter, now), Protected(facts, now));

    // The order of policies makes no difference.
    Facts shuffled = facts;
    std::shuffle(shuffled.claims.begin(), shuffled.claims.end(), random_);
    const Verdict a = Explain(facts, now);
    const Verdict b = Explain(shuffled, now);
    ASSERT_EQ(a.standing.decision, b.standing.decision);
    ASSERT_EQ(a.standing.retain_until, b.standing.retain_until);
    ASSERT_EQ(a.standing.dispose_at, b.standing.dispose_at);
    ASSERT_EQ(a.policies, b.policies);
    ASSERT_EQ(a.reason, b.reason);
    ASSERT_EQ(a.standing.decision, standing.decision);

    // What is due is asked for by at least one policy; an unchanged row loses nothing.
    if (standing.decision == Decision::kDue) {
      ASSERT_TRUE(std::any_of(facts.claims.begin(), facts.claims.end(),
                              [&](const Claim& c) { return AsksForDisposal(c, now); }));
    }
    ASSERT_EQ(Compare(facts, facts, now), Loss::kNone);
    if (!facts.holds.empty()) {
      ASSERT_EQ(Compare(facts, Facts{facts.claims}, now), Loss::kHold);
    }
  }
}

// No chain of permitted updates frees a row before its first known minimum ends.
TEST_F(Laws, HoldForChainsOfUpdates) {
  for (int i = 0; i < 5'000; ++i) {
    terms_.clear();
    terms_.push_back({"chart", AnyInterval(), std::nullopt});
    const Terms* chart = &terms_.back();
    Facts facts{{{chart, AnyTime()}}};
    const Timestamp end = Judge(facts, 0).retain_until;
    const Timestamp now = AnyTime();
    if (now >= end) continue;
    for (int step = 0; step < 6; ++step) {
      Facts next;
      if (random_() % 4 != 0) {
        next.claims.push_back(
            {chart, random_() % 3 == 0 ? std::nullopt : std::optional(AnyTime())});
      }
      if (Compare(facts, next, now) == Loss::kNone) facts = next;
    }
    ASSERT_GE(Judge(facts, now).retain_until, end);
  }
}

}  // namespace
}  // namespace phisync::retention
