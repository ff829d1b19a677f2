#include "reads/trust.h"

#include "pg/boundary.h"
#include "pg/permissions.h"

namespace phisync::reads {
namespace {

bool own = false;       // code of phisync starts statements now
int within_checks = 0;  // statements of the server's own that we are inside of

// The server's checks of foreign keys run so, with the rights of the tables' owners; and what the
// owners' code does inside of them, too: hence within_checks.
bool IsServersCheck() {
  return within_checks == 0 && InNoForceRLSOperation();
}

template <typename Value>
class Changed {
 public:
  Changed(Value& variable, Value value) : variable_(variable), before_(variable) {
    variable_ = value;
  }
  ~Changed() { variable_ = before_; }
  Changed(const Changed&) = delete;
  Changed& operator=(const Changed&) = delete;

 private:
  Value& variable_;
  Value before_;
};

void Around(pg::Step step, int* options, void (*next)(void*), void* argument) {
  const bool check = step != pg::Step::kFinish && IsServersCheck();
  if (!own && !check) {
    next(argument);
    return;
  }
  // Parallel workers check for themselves and do not know of this. The server's checks have none.
  if (own && options != nullptr) *options &= ~CURSOR_OPT_PARALLEL_OK;
  pg::Entry([&] {
    const Changed users(own, false);
    const Changed checks(within_checks, within_checks + (check ? 1 : 0));
    pg::Call([&] { next(argument); });
  });
}

// In case that something went past a destructor: what is left on would stay on.
void OnTransactionEnd(XactEvent event, void*) {
  if (event != XACT_EVENT_ABORT && event != XACT_EVENT_PARALLEL_ABORT) return;
  own = false;
  within_checks = 0;
}

}  // namespace

OwnStatements::OwnStatements() : before_(own) {
  own = true;
}
OwnStatements::~OwnStatements() {
  own = before_;
}

bool IsTrusted() {
  return own || IsServersCheck();
}

void InitTrust() {
  pg::AddAroundSteps(Around);
  pg::Call([] { RegisterXactCallback(OnTransactionEnd, nullptr); });
}

}  // namespace phisync::reads
