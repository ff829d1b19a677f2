#include "sync/sync.h"

#include "sync/surrogates_on_write.h"

namespace phisync::sync {

void Init() {
  InitSurrogatesOnWrite();
}

}  // namespace phisync::sync
