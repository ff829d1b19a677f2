#pragma once
// Surviving an error that the server raises about what it was given.

#include "pg/boundary.h"

namespace phisync::pg {

// Calls fn(arg), which must not throw, in an internal subtransaction. Returns null if it succeeded.
// If it raised an error that is survivable, the subtransaction is undone and the SQLSTATE is
// returned, palloc'd; any other error passes as BackendError. May be called while changes are
// decoded: the historic snapshot and the transaction in progress stay.
const char* SurviveError(void (*fn)(void*), void* arg, bool (*survivable)(int sqlerrcode));

// SurviveError of errors about the input: SQLSTATE classes 0A, 22, 42 and 54 (syntax, names, types,
// values).
const char* SurviveInputError(void (*fn)(void*), void* arg);

// Calls fn(arg), which may throw, in an internal subtransaction that is undone whatever happens:
// what it wrote is gone, the locks that it took are released. Returns as SurviveError does.
const char* TryAndUndo(void (*fn)(void*), void* arg, bool (*survivable)(int sqlerrcode));

}  // namespace phisync::pg
