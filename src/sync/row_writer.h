#pragma once
// Writes what one row gives as records, for the stream and the snapshot alike.

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/record.h"
#include "sync/batch.h"
#include "sync/options.h"
#include "sync/row.h"

namespace phisync::sync {

// A message is of 1 GB at most; what surrounds the data of a row stays far below the rest. A row
// with more gives an error.
inline constexpr std::size_t kMaxDataBytes = 900UL * 1024 * 1024;

// Numbers the records of a transaction, whoever writes them.
class RowWriter {
 public:
  // The batch must outlive the writer.
  explicit RowWriter(Batch& batch, OnError on_error = OnError::kRecord)
      : batch_(batch), on_error_(on_error) {}

  // A transaction begins, or goes on after the record `seq`.
  void Restart(std::uint64_t seq = 0) { seq_ = seq; }
  // The number of the record to be written next, which is then the last one.
  RecordSeq NextSeq() { return {++seq_, subtransaction_}; }
  // The following records are of that subtransaction of a streamed transaction; 0: of none.
  void SetSubtransaction(std::uint32_t xid) { subtransaction_ = xid; }
  // Of the last record: how many the transaction has.
  [[nodiscard]] std::uint64_t seq() const { return seq_; }

  // Puts, removes and errors. `lsn` is the change's, none in a snapshot; `cause` says why rows are
  // deleted, null if nothing does. May send the batch, but does so for huge rows alone. Throws.
  void Write(const RowChanges& changes, Relation relation, std::optional<std::uint64_t> lsn,
             const char* cause);
  // An error record, or what the stream does in place of one.
  void WriteError(Relation relation, std::optional<std::uint64_t> lsn, const char* sqlstate);

 private:
  void WritePut(const RowChanges& changes, const Put& put, Relation relation,
                std::optional<std::uint64_t> lsn);
  void WriteRemove(const RowChanges& changes, const Remove& remove, const char* cause);
  // With the next number and no sum.
  RowRecord MakeRow(const RowChanges& changes, const Placement& placement);

  Batch& batch_;
  OnError on_error_;
  std::uint64_t seq_ = 0;
  std::uint32_t subtransaction_ = 0;
  std::vector<std::string_view> buckets_;  // of the record at hand
};

}  // namespace phisync::sync
