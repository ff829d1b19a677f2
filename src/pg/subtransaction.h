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

// SurviveError of errors that depend on the values of a row alone, as far as the SQLSTATE says: not
// what is wrong with the server, its resources or the transaction (08, 25, 40, 53, 57, 58, 72, F0).
// Class XX is what functions raise over a value that should not exist.
const char* SurviveRowError(void (*fn)(void*), void* arg);

// To be called where BackendError is caught: takes such an error off the server's stack and returns
// its SQLSTATE, palloc'd; null, and the error stays, if it is another. There is no subtransaction
// that would be undone, so this is for errors of functions of the server's own in C that compute a
// value from their arguments (RunsForeignCode in pg/expression.h): they hold memory, and perhaps
// catalog entries until the transaction ends, but nothing that is in the way of what comes next.
const char* TakeRowError();

// Calls fn(arg), which may throw, in an internal subtransaction that is undone whatever happens:
// what it wrote is gone, the locks that it took are released. Returns as SurviveError does.
const char* TryAndUndo(void (*fn)(void*), void* arg, bool (*survivable)(int sqlerrcode));

}  // namespace phisync::pg
