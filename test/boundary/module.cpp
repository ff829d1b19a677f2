// Raises every kind of error through the boundary, and counts the C++ objects that were not
// destroyed.

#include <memory_resource>
#include <stdexcept>
#include <string>
#include <vector>

#include "pg/boundary.h"

extern "C" {
PG_MODULE_MAGIC;
}

namespace {

using phisync::Error;
using phisync::pg::Call;
using phisync::pg::ContextResource;

constinit int alive = 0;

// Owns memory of malloc's and must be destroyed on every way out.
struct Witness {
  std::string payload = std::string(1000, 'x');
  Witness() { ++alive; }
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  ~Witness() { --alive; }
};

// More than any machine's address space.
constexpr std::size_t kTooMuch = std::size_t{1} << 45;

}  // namespace

PHISYNC_FUNCTION(boundary_core_error) {
  Witness witness;
  throw Error("22023", "message of the core", "Its detail.", "Its hint.");
}

PHISYNC_FUNCTION(boundary_core_error_without_detail) {
  throw Error("42704", "percent signs such as %s stay");
}

PHISYNC_FUNCTION(boundary_backend_error) {
  Witness witness;
  Call([] {
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("from the server"),
                    errdetail("Kept."), errhint("Kept too.")));
  });
  PG_RETURN_VOID();
}

// Through two frames and two crossings.
PHISYNC_FUNCTION(boundary_nested_error) {
  Witness outer;
  Call([] {
    phisync::pg::Entry([] {
      Witness inner;
      Call([] { ereport(ERROR, (errcode(ERRCODE_DIVISION_BY_ZERO), errmsg("from the depth"))); });
    });
  });
  PG_RETURN_VOID();
}

PHISYNC_FUNCTION(boundary_out_of_memory_malloc) {
  Witness witness;
  std::string text;
  text.resize(kTooMuch);
  PG_RETURN_VOID();
}

PHISYNC_FUNCTION(boundary_out_of_memory_context) {
  Witness witness;
  ContextResource resource;
  std::pmr::string text(&resource);
  text.resize(kTooMuch);
  PG_RETURN_VOID();
}

PHISYNC_FUNCTION(boundary_standard_exception) {
  Witness witness;
  throw std::logic_error("a bug");
}

PHISYNC_FUNCTION(boundary_foreign_exception) {
  throw 42;
}

// The result of a call that went well comes through, and the error stack is as it was.
PHISYNC_FUNCTION(boundary_result) {
  Witness witness;
  sigjmp_buf* const before = PG_exception_stack;
  const int32 sum = Call([&] { return PG_GETARG_INT32(0) + 1; });
  if (PG_exception_stack != before) throw std::logic_error("exception stack not restored");
  PG_RETURN_INT32(sum);
}

// A caught error leaves the memory context as it was: containers can go on using it.
PHISYNC_FUNCTION(boundary_context_restored) {
  MemoryContext const before = CurrentMemoryContext;
  try {
    Call([] {
      MemoryContextSwitchTo(TopMemoryContext);
      ereport(ERROR, (errmsg("in another context")));
    });
  } catch (const phisync::pg::BackendError&) {
    if (CurrentMemoryContext != before) throw std::logic_error("memory context not restored");
    throw;
  }
  PG_RETURN_VOID();
}

PHISYNC_FUNCTION(boundary_alive) {
  PG_RETURN_INT32(alive);
}
