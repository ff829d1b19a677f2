#pragma once
// The settings phisync.actor, phisync.purpose and phisync.audit_*.

namespace phisync::audit {

enum class Durability { kAsync, kCommit };
enum class OnFailure { kError, kContinue };

// The session's application user and purpose of use; "" when not declared.
const char* Actor();
const char* Purpose();

Durability AuditDurability();
OnFailure AuditOnFailure();
int WaitTimeoutMs();  // how long a statement waits for the queue or the writer
int QueueSizeKb();    // of shared memory, fixed at server start

void DefineSettings();

}  // namespace phisync::audit
