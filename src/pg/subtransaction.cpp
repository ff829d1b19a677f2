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

}  // namespace phisync::pg
