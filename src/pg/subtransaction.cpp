#include "pg/subtransaction.h"

extern "C" {
#include <utils/resowner.h>
}

namespace phisync::pg {
namespace {

bool IsAboutInput(int sqlerrcode) {
  switch (ERRCODE_TO_CATEGORY(sqlerrcode)) {
    case ERRCODE_FEATURE_NOT_SUPPORTED:
    case ERRCODE_DATA_EXCEPTION:
    case ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION:
    case ERRCODE_PROGRAM_LIMIT_EXCEEDED:
      return true;
    default:
      return false;
  }
}

bool IsAboutRow(int sqlerrcode) {
  switch (ERRCODE_TO_CATEGORY(sqlerrcode)) {
    case ERRCODE_CONNECTION_EXCEPTION:
    case ERRCODE_INVALID_TRANSACTION_STATE:
    case ERRCODE_TRANSACTION_ROLLBACK:
    case ERRCODE_INSUFFICIENT_RESOURCES:
    case ERRCODE_OPERATOR_INTERVENTION:
    case ERRCODE_SYSTEM_ERROR:
    case ERRCODE_SNAPSHOT_TOO_OLD:
    case ERRCODE_CONFIG_FILE_ERROR:
      return false;
    case ERRCODE_TO_CATEGORY(ERRCODE_DATA_CORRUPTED):
      return sqlerrcode == ERRCODE_DATA_CORRUPTED;
    default:
      return true;
  }
}

}  // namespace

const char* SurviveError(void (*fn)(void*), void* arg, bool (*survivable)(int sqlerrcode)) {
  MemoryContext const memory = CurrentMemoryContext;
  ResourceOwner const owner = CurrentResourceOwner;
  // The end of a subtransaction forgets which transaction is being streamed, and with it the check
  // for its abort.
  TransactionId const streamed = CheckXidAlive;
  bool const scanning = bsysscan;
  auto restore = [&] {
    MemoryContextSwitchTo(memory);
    CurrentResourceOwner = owner;
    CheckXidAlive = streamed;
    bsysscan = scanning;
  };

  bool failed = false;
  Call([&] {
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(memory);
  });
  try {
    Call([&] {
      fn(arg);
      ReleaseCurrentSubTransaction();
    });
  } catch (const BackendError&) {
    failed = true;
  }
  if (!failed) {
    restore();
    return nullptr;
  }
  return Call([&]() -> const char* {
    ErrorData* const error = CopyErrorData();
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
    restore();
    if (!survivable(error->sqlerrcode)) ReThrowError(error);
    return pstrdup(unpack_sql_state(error->sqlerrcode));
  });
}

const char* SurviveInputError(void (*fn)(void*), void* arg) {
  return SurviveError(fn, arg, IsAboutInput);
}

const char* SurviveRowError(void (*fn)(void*), void* arg) {
  return SurviveError(fn, arg, IsAboutRow);
}

const char* TakeRowError() {
  const int sqlerrcode = geterrcode();
  if (!IsAboutRow(sqlerrcode)) return nullptr;
  FlushErrorState();
  bsysscan = false;
  return Call([&] { return pstrdup(unpack_sql_state(sqlerrcode)); });
}

}  // namespace phisync::pg
