#pragma once
// The lock that a stream or snapshot holds for its life, by the name of its consumer. Whoever
// changes the registration takes it for himself: those that read the old one have then ended, and
// those that start wait for the new one.

#include <string_view>

namespace phisync::sync {

// Shared, held until destroyed or the process ends.
class ConsumerLock {
 public:
  // Waits while the registration is being changed. Throws.
  explicit ConsumerLock(std::string_view consumer);
  ConsumerLock(const ConsumerLock&) = delete;
  ConsumerLock& operator=(const ConsumerLock&) = delete;
  ~ConsumerLock();

 private:
  unsigned long key_;
};

// The same until the end of the transaction, out of reach of pg_advisory_unlock_all(). Throws.
void LockConsumerForTransaction(std::string_view consumer);

}  // namespace phisync::sync
