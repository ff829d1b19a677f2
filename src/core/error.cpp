#include "core/error.h"

namespace phisync {

// Out of line: the one place of the class's type information.
const char* Error::what() const noexcept {
  return message_.c_str();
}

}  // namespace phisync
