#include "pg/permissions.h"

namespace phisync::pg {
namespace {

ExecutorCheckPerms_hook_type previous = nullptr;
PermissionCheck added = nullptr;

#if PG_VERSION_NUM >= 160000
bool OnCheck(List* range_table, List* permissions, bool raise) {
  if (previous != nullptr && !previous(range_table, permissions, raise)) return false;
  return added(permissions, raise);
}
#else
bool OnCheck(List* range_table, bool raise) {
  if (previous != nullptr && !previous(range_table, raise)) return false;
  return added(range_table, raise);
}
#endif

AroundStep around_step = nullptr;
planner_hook_type previous_planner = nullptr;
ExecutorRun_hook_type previous_run = nullptr;
ExecutorFinish_hook_type previous_finish = nullptr;

struct Planning {
  Query* query;
  const char* text;
  int options;
  ParamListInfo parameters;
  PlannedStmt* plan;
};

PlannedStmt* OnPlan(Query* query, const char* text, int options, ParamListInfo parameters) {
  Planning planning = {query, text, options, parameters, nullptr};
  around_step(
      Step::kPlan, &planning.options,
      [](void* argument) {
        auto* p = static_cast<Planning*>(argument);
        p->plan = (previous_planner != nullptr ? previous_planner : standard_planner)(
            p->query, p->text, p->options, p->parameters);
      },
      &planning);
  return planning.plan;
}

struct Running {
  QueryDesc* query;
  ScanDirection direction;
  uint64 count;
  bool once;
};

void NextRun(void* argument) {
  const auto* r = static_cast<Running*>(argument);
#if PG_VERSION_NUM >= 180000
  (previous_run != nullptr ? previous_run : standard_ExecutorRun)(r->query, r->direction, r->count);
#else
  (previous_run != nullptr ? previous_run : standard_ExecutorRun)(r->query, r->direction, r->count,
                                                                  r->once);
#endif
}

#if PG_VERSION_NUM >= 180000
void OnRun(QueryDesc* query, ScanDirection direction, uint64 count) {
  Running running = {query, direction, count, false};
  around_step(Step::kRun, nullptr, NextRun, &running);
}
#else
void OnRun(QueryDesc* query, ScanDirection direction, uint64 count, bool once) {
  Running running = {query, direction, count, once};
  around_step(Step::kRun, nullptr, NextRun, &running);
}
#endif

void OnFinish(QueryDesc* query) {
  around_step(
      Step::kFinish, nullptr,
      [](void* argument) {
        (previous_finish != nullptr ? previous_finish
                                    : standard_ExecutorFinish)(static_cast<QueryDesc*>(argument));
      },
      query);
}

}  // namespace

void AddAroundSteps(AroundStep around) {
  around_step = around;
  previous_planner = planner_hook;
  planner_hook = OnPlan;
  previous_run = ExecutorRun_hook;
  ExecutorRun_hook = OnRun;
  previous_finish = ExecutorFinish_hook;
  ExecutorFinish_hook = OnFinish;
}

void AddPermissionCheck(PermissionCheck check) {
  added = check;
  previous = ExecutorCheckPerms_hook;
  ExecutorCheckPerms_hook = OnCheck;
}

}  // namespace phisync::pg
