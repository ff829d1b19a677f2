#pragma once
// What a function keeps from one call to the next at one place of an expression.

#include "pg/backend.h"
#include "pg/boundary.h"

namespace phisync::pg {

// The `State` of the place that calls: made by its default constructor at the first call, and gone
// with the expression.
template <typename State>
State& CallSite(FunctionCallInfo fcinfo) {
  FmgrInfo* const function = fcinfo->flinfo;
  if (function->fn_extra == nullptr) {
    auto* const callback = Call([&] {
      return static_cast<MemoryContextCallback*>(
          MemoryContextAlloc(function->fn_mcxt, sizeof(MemoryContextCallback)));
    });
    auto* const state = new State;
    callback->func = [](void* arg) { delete static_cast<State*>(arg); };
    callback->arg = state;
    MemoryContextRegisterResetCallback(function->fn_mcxt, callback);
    function->fn_extra = state;
  }
  return *static_cast<State*>(function->fn_extra);
}

}  // namespace phisync::pg
