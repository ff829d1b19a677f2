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
    // Snapshot too old, which the server has no name for any more since 17.
    case MAKE_SQLSTATE('7', '2', '0', '0', '0'):
    case ERRCODE_CONFIG_FILE_ERROR:
      return false;
    default:
      return true;
  }
}

// What the end of a subtransaction forgets; among it which transaction is being streamed, and with
// it the check for its abort.
struct Outside {
  MemoryContext memory = CurrentMemoryContext;
  ResourceOwner owner = CurrentResourceOwner;
  TransactionId streamed = CheckXidAlive;
  bool scanning = bsysscan;

  void Restore() const {
    MemoryContextSwitchTo(memory);
    CurrentResourceOwner = owner;
    CheckXidAlive = streamed;
    bsysscan = scanning;
  }
};

void Begin(const Outside& outside) {
  Call([&] {
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(outside.memory);
  });
}

void Undo(const Outside& outside) {
  Call([&] {
    RollbackAndReleaseCurrentSubTransaction();
    outside.Restore();
  });
}

// Ends the subtransaction in which the server raised an error.
const char* UndoError(const Outside& outside, bool (*survivable)(int sqlerrcode)) {
  return Call([&]() -> const char* {
    MemoryContextSwitchTo(outside.memory);
    ErrorData* const error = CopyErrorData();
    FlushErrorState();
    RollbackAndReleaseCurrentSubTransaction();
    outside.Restore();
    if (!survivable(error->sqlerrcode)) ReThrowError(error);
    return pstrdup(unpack_sql_state(error->sqlerrcode));
  });
}

}  // namespace

const char* SurviveError(void (*fn)(void*), void* arg, bool (*survivable)(int sqlerrcode)) {
  const Outside outside;
  Begin(outside);
  try {
    Call([&] {
      fn(arg);
      ReleaseCurrentSubTransaction();
    });
  } catch (const BackendError&) {
    return UndoError(outside, survivable);
  }
  outside.Restore();
  return nullptr;
}

const char* TryAndUndo(void (*fn)(void*), void* arg, bool (*survivable)(int sqlerrcode)) {
  const Outside outside;
  Begin(outside);
  try {
    fn(arg);
  } catch (const BackendError&) {
    return UndoError(outside, survivable);
  } catch (...) {
    Undo(outside);
    throw;
  }
  Undo(outside);
  return nullptr;
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
