#pragma once
// The way of events from sessions to writer processes: in shared memory, one first-in-first-out
// list of blocks for each database, all from one pool. A session reserves room before its statement
// delivers anything; so the event can always be handed over when the statement ends, even while it
// is aborting.
//
// None of these functions owns C++ objects; those that may raise an ERROR say so.

#include <cstddef>
#include <cstdint>

#include "pg/backend.h"

namespace phisync::audit {

// At preload: asks for shared memory.
void InitQueue();

// Whether this server has the queue, that is, whether the library is preloaded.
bool QueueReady();

// The largest event.
std::size_t MaxEventBytes();

// --- sessions ---

// Reserves room for an event of `size` bytes. Waits for it as phisync.audit_wait_timeout says;
// then, as phisync.audit_on_failure says, raises PHA01 or counts a lost event and returns false.
bool Reserve(std::size_t size);
void Unreserve(std::size_t size) noexcept;

// Hands over an event for which room was reserved. Allocates and raises nothing.
void Push(const char* bytes, std::size_t size) noexcept;

// Before the client hears of the end of a statement: under durability `commit`, waits until all
// that this session pushed is on disk. Raises PHA01 when that takes too long and failure means
// error.
void AwaitDurable();

// Waits until all events of this database pushed before the call are in the trail; raises PHA01
// after phisync.audit_wait_timeout.
void Flush();

// Makes the writer of a database write what it has and end, so that the database can be dropped,
// renamed or copied. Waits up to five seconds; no other writer starts for ten, or until
// LetWriterReturn. May raise on a cancel.
void AskWriterToLeave(Oid database);
void LetWriterReturn(Oid database) noexcept;

}  // namespace phisync::audit
