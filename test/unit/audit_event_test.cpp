#include "core/audit_event.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "core/error.h"

namespace phisync::audit {
namespace {

std::string RandomText(std::mt19937_64& random) {
  std::string text(random() % 40, '\0');
  for (char& c : text) c = static_cast<char>(random());
  return text;
}

Event RandomEvent(std::mt19937_64& random) {
  Event event;
  event.outcome = static_cast<Outcome>(random() % 7);
  event.source = static_cast<EventSource>(random() % 5);
  event.precision = static_cast<Precision>(random() % 3);
  event.tls = (random() & 1) != 0;
  event.nested = (random() & 1) != 0;
  event.truncated = (random() & 1) != 0;
  event.id = EventId(random(), random());
  event.started_at = static_cast<std::int64_t>(random());
  event.finished_at = static_cast<std::int64_t>(random());
  event.rows = static_cast<std::int64_t>(random());
  event.transaction = random();
  event.query_id = static_cast<std::int64_t>(random());
  event.lost = random();
  event.pid = static_cast<std::int32_t>(random());
  event.client_port = static_cast<std::int32_t>(random());
  for (std::string* text :
       {&event.session_role, &event.effective_role, &event.authenticated, &event.application_user,
        &event.purpose, &event.client_address, &event.application_name, &event.command,
        &event.top_command, &event.row_key, &event.detail}) {
    *text = RandomText(random);
  }
  event.relations.resize(random() % 4);
  for (TouchedRelation& relation : event.relations) {
    relation.oid = static_cast<std::uint32_t>(random());
    relation.name = RandomText(random);
    relation.columns.resize(random() % 5);
    for (TouchedColumn& column : relation.columns) {
      column = {RandomText(random), RandomText(random)};
    }
  }
  event.changed_columns.resize(random() % 4);
  for (std::string& name : event.changed_columns) name = RandomText(random);
  return event;
}

TEST(AuditEvent, EveryFieldComesBack) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    const Event event = RandomEvent(random);
    EXPECT_EQ(Decode(Encode(event)), event);
  }
}

TEST(AuditEvent, DifferentEventsHaveDifferentBytes) {
  std::mt19937_64 random(2);
  std::set<std::string> seen;
  for (int i = 0; i < 2000; ++i) EXPECT_TRUE(seen.insert(Encode(RandomEvent(random))).second);
  // The same characters, split elsewhere.
  Event a;
  a.session_role = "ab";
  Event b;
  b.session_role = "a";
  b.effective_role = "b";
  EXPECT_NE(Encode(a), Encode(b));
}

TEST(AuditEvent, DamagedBytesAreRefusedNotRead) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 300; ++i) {
    const std::string bytes = Encode(RandomEvent(random));
    for (std::size_t size = 0; size < bytes.size(); size += 1 + random() % 7) {
      EXPECT_THROW(Decode(bytes.substr(0, size)), Error);
    }
    EXPECT_THROW(Decode(bytes + 'x'), Error);
    std::string flipped = bytes;
    flipped[random() % flipped.size()] ^= static_cast<char>(1 + random() % 255);
    try {
      EXPECT_EQ(Encode(Decode(flipped)), flipped);
    } catch (const Error& e) {
      EXPECT_STREQ(e.sqlstate(), "XX001");
    }
  }
}

TEST(AuditEvent, CompletionIsWrittenInPlace) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 200; ++i) {
    Event event = RandomEvent(random);
    std::string bytes = Encode(event);
    event.outcome = Outcome::kError;
    event.finished_at = -5;
    event.rows = 1234567890123;
    SetCompletion(bytes.data(), event.outcome, event.finished_at, event.rows);
    EXPECT_EQ(Decode(bytes), event);
  }
}

TEST(AuditEvent, TooLargeIsShortenedAndSaysSo) {
  Event event;
  event.session_role = "nurse";
  for (int r = 0; r < 20; ++r) {
    TouchedRelation relation{static_cast<std::uint32_t>(r), "public.t" + std::to_string(r), {}};
    for (int c = 0; c < 300; ++c)
      relation.columns.push_back({"column" + std::to_string(c), "phi:x"});
    event.relations.push_back(relation);
  }
  const Event whole = Decode(EncodeWithin(event, 1 << 20));
  EXPECT_EQ(whole, event);
  for (const std::size_t limit : {20000, 2000, 400, 200}) {
    const std::string bytes = EncodeWithin(event, limit);
    EXPECT_LE(bytes.size(), limit);
    const Event shortened = Decode(bytes);
    EXPECT_TRUE(shortened.truncated);
    EXPECT_EQ(shortened.session_role, "nurse");
  }
  EXPECT_EQ(Decode(EncodeWithin(event, 2000)).relations.size(), 20U);
}

TEST(AuditEvent, IdsAreDistinctUuidsOfVersion8) {
  std::set<std::array<std::uint8_t, 16>> seen;
  for (std::uint64_t session = 0; session < 10; ++session) {
    for (std::uint64_t counter = 0; counter < 1000; ++counter) {
      const auto id = EventId(session, counter);
      EXPECT_EQ(id[6] >> 4, 8);
      EXPECT_EQ(id[8] >> 6, 2);
      EXPECT_TRUE(seen.insert(id).second);
    }
  }
}

}  // namespace
}  // namespace phisync::audit
