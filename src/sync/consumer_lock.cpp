#include "sync/consumer_lock.h"

#include <csignal>

#include "pg/boundary.h"
#include "pg/locks.h"
#include "pg/text.h"

namespace phisync::sync {
namespace {

// Advisory locks of SQL have 1 or 2 here, so that no user can hold ours.
constexpr std::uint16_t kClass = 3;
constexpr int kGiveUpMs = 10000;
constexpr long kLookAgainMs = 20;

LOCKTAG Tag(std::uint64_t key) {
  LOCKTAG tag;
  SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, static_cast<uint32>(key >> 32), static_cast<uint32>(key),
                       kClass);
  return tag;
}

std::uint64_t Key(std::string_view consumer) {
  return hash_bytes_extended(reinterpret_cast<const unsigned char*>(consumer.data()),
                             static_cast<int>(consumer.size()), 0);
}

bool IsSame(const LOCKTAG& a, const LOCKTAG& b) {
  return a.locktag_field1 == b.locktag_field1 && a.locktag_field2 == b.locktag_field2 &&
         a.locktag_field3 == b.locktag_field3 && a.locktag_field4 == b.locktag_field4 &&
         a.locktag_type == b.locktag_type;
}

void TerminateHolders(const LOCKTAG& tag) {
  const LockData* const locks = GetLockStatusData();
  for (int i = 0; i < locks->nelements; i++) {
    const LockInstanceData& lock = locks->locks[i];
    if (!IsSame(lock.locktag, tag) || lock.holdMask == 0 || lock.pid == MyProcPid) continue;
    // It may have ended meanwhile, and its number be another process's.
    if (BackendPidGetProc(lock.pid) != nullptr) kill(lock.pid, SIGTERM);
  }
}

// Waits while the registration is being changed.
void Share(std::uint64_t key, bool beyond_transaction) {
  pg::Call([&] {
    const LOCKTAG tag = Tag(key);
    LockAcquire(&tag, ShareLock, beyond_transaction, false);
  });
}

// Until the end of the transaction no stream or snapshot of the consumer runs or starts in another
// session.
void EndStreams(std::string_view consumer) {
  const LOCKTAG tag = Tag(Key(consumer));
  const TimestampTz deadline = TimestampTzPlusMilliseconds(GetCurrentTimestamp(), kGiveUpMs);
  while (LockAcquire(&tag, ExclusiveLock, false, true) == LOCKACQUIRE_NOT_AVAIL) {
    if (GetCurrentTimestamp() > deadline) {
      ereport(ERROR, (errcode(ERRCODE_LOCK_NOT_AVAILABLE),
                      errmsg("a stream or snapshot of consumer \"%.*s\" did not end in %d seconds",
                             static_cast<int>(consumer.size()), consumer.data(), kGiveUpMs / 1000),
                      errdetail("It was told to; nothing is changed while it goes on."),
                      errhint("Try again, or end its process: SELECT pid FROM pg_locks "
                              "WHERE locktype = 'advisory' AND objsubid = %d;",
                              kClass)));
    }
    TerminateHolders(tag);
    WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, kLookAgainMs,
              PG_WAIT_EXTENSION);
    ResetLatch(MyLatch);
    CHECK_FOR_INTERRUPTS();
  }
}

}  // namespace

ConsumerLock::ConsumerLock(std::string_view consumer) : key_(Key(consumer)) {
  Share(key_, true);
}

ConsumerLock::~ConsumerLock() {
  const LOCKTAG tag = Tag(key_);
  LockRelease(&tag, ShareLock, true);
}

void LockConsumerForTransaction(std::string_view consumer) {
  Share(Key(consumer), false);
}

}  // namespace phisync::sync

// (name text), strict
PHISYNC_FUNCTION(phisync_end_streams) {
  phisync::sync::EndStreams(phisync::pg::View(PG_GETARG_TEXT_PP(0)));
  PG_RETURN_VOID();
}
