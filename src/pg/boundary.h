#pragma once
// The only crossing between C++ exceptions and the server's errors.
//
// ereport(ERROR) is a siglongjmp: it skips destructors. An exception that leaves an extern "C"
// function ends the process, and with it every session. So:
//   Entry(fn)  wraps the body of whatever the server calls; no exception passes it.
//   Call(fn)   wraps server calls made from a frame that owns C++ objects; an error there unwinds
//   them.
// A frame that owns nothing with a destructor calls the server directly, as C code does.

#include <csetjmp>
#include <memory_resource>
#include <new>
#include <type_traits>

#include "core/error.h"
#include "pg/backend.h"

namespace phisync::pg {

// Thrown by Call. Empty: the error itself stays on the server's error stack, unchanged, until Entry
// rethrows it. Never swallow it outside a subtransaction.
struct BackendError {};

// Runs server calls from a frame that owns C++ objects; throws BackendError if one raises an ERROR.
// The lambda may own only trivially destructible locals, and so must be its result. About 15 ns:
// guard per row, not per byte. CurrentMemoryContext is as before when BackendError is thrown.
template <typename Fn>
auto Call(Fn&& fn) -> std::invoke_result_t<Fn&> {
  using Result = std::invoke_result_t<Fn&>;
  static_assert(std::is_void_v<Result> || std::is_trivially_destructible_v<Result>);
  sigjmp_buf* const outer = PG_exception_stack;
  ErrorContextCallback* const context = error_context_stack;
  MemoryContext const memory = CurrentMemoryContext;
  sigjmp_buf here;
  if (sigsetjmp(here, 0) == 0) {
    PG_exception_stack = &here;
    if constexpr (std::is_void_v<Result>) {
      fn();
      PG_exception_stack = outer;
      error_context_stack = context;
      return;
    } else {
      Result result = fn();
      PG_exception_stack = outer;
      error_context_stack = context;
      return result;
    }
  }
  PG_exception_stack = outer;
  error_context_stack = context;
  MemoryContextSwitchTo(memory);
  throw BackendError{};
}

// What a caught exception becomes; its texts are palloc'd, null where memory ran out.
struct Failure {
  enum class Kind { kBackend, kReport, kNoMemory } kind;
  int sqlerrcode;
  const char* message;
  const char* detail;
  const char* hint;
};

// Describes the exception in flight; called inside a catch block only. An Error keeps its SQLSTATE,
// detail and hint, bad_alloc becomes 53200, anything else XX000.
Failure DescribeCurrentException() noexcept;

// Raises the failure as the server's ERROR, or rethrows the server's own.
[[noreturn]] void Raise(const Failure& failure);

// Body of every function and callback that the server calls.
template <typename Fn>
auto Entry(Fn&& fn) -> std::invoke_result_t<Fn&> {
  Failure failure;
  try {
    return fn();
  } catch (...) {
    failure = DescribeCurrentException();
  }
  // After the catch block, so that the exception object is freed.
  Raise(failure);
}

// Standard pmr containers whose memory belongs to a memory context: a destructor that an error
// skips costs nothing, the context frees it. Throws bad_alloc, never ereport.
class ContextResource final : public std::pmr::memory_resource {
 public:
  explicit ContextResource(MemoryContext context = CurrentMemoryContext) : context_(context) {}

 private:
  void* do_allocate(std::size_t bytes, std::size_t align) override;
  void do_deallocate(void* p, std::size_t bytes, std::size_t align) override;
  [[nodiscard]] bool do_is_equal(const memory_resource& other) const noexcept override {
    return this == &other;
  }

  MemoryContext context_;
};

}  // namespace phisync::pg

// Defines an SQL-callable function whose body may throw:
//   PHISYNC_FUNCTION(phisync_untag) { ...; PG_RETURN_VOID(); }
// Do not name a macro argument `fcinfo`; the body reads its arguments with PG_GETARG_* as usual.
#define PHISYNC_FUNCTION(name)                                      \
  extern "C" {                                                      \
  PGDLLEXPORT Datum name(PG_FUNCTION_ARGS);                         \
  PG_FUNCTION_INFO_V1(name);                                        \
  }                                                                 \
  static Datum name##_body(PG_FUNCTION_ARGS);                       \
  extern "C" Datum name(PG_FUNCTION_ARGS) {                         \
    return phisync::pg::Entry([&] { return name##_body(fcinfo); }); \
  }                                                                 \
  static Datum name##_body([[maybe_unused]] PG_FUNCTION_ARGS)
