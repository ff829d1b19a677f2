#include "sync/row_writer.h"

#include "core/checksum.h"
#include "pg/boundary.h"
#include "pg/catalog.h"

namespace phisync::sync {
namespace {

constexpr const char* kProgramLimitExceeded = "54000";

std::string_view Reason(Leaving why, const char* cause) {
  switch (why) {
    case Leaving::kMoved:
      return "moved";
    case Leaving::kFiltered:
      return "filtered";
    case Leaving::kDeleted:
      break;
  }
  return cause != nullptr ? cause : "delete";
}

}  // namespace

void RowWriter::Write(const RowChanges& changes, Relation relation,
                      std::optional<std::uint64_t> lsn, const char* cause) {
  auto write_removes = [&] {
    for (const Remove& remove : changes.removes) WriteRemove(changes, remove, cause);
  };
  // The new row is there before the old one leaves, unless it is another row on the device.
  if (changes.key_changed) write_removes();
  for (const Put& put : changes.puts) WritePut(changes, put, relation, lsn);
  if (!changes.key_changed) write_removes();
  for (const char* sqlstate : changes.errors) WriteError(relation, lsn, sqlstate);
}

void RowWriter::WritePut(const RowChanges& changes, const Put& put, Relation relation,
                         std::optional<std::uint64_t> lsn) {
  const std::string_view data = changes.Text(put.data);
  if (data.size() > kMaxDataBytes) {
    WriteError(relation, lsn, kProgramLimitExceeded);
    return;
  }
  // A row too large to share a message gets one of its own.
  if (batch_.records().size() + data.size() > kMaxDataBytes) batch_.Flush();
  RowRecord row = MakeRow(changes, put);
  row.sum = OperationSum(changes.Text(put.operation));
  AppendPut(batch_.records(), row,
            std::span(changes.incomplete).subspan(put.first_incomplete, put.incomplete_count),
            data);
}

void RowWriter::WriteRemove(const RowChanges& changes, const Remove& remove, const char* cause) {
  RowRecord row = MakeRow(changes, remove);
  row.sum = OperationSum(changes.Text(remove.operation));
  AppendRemove(batch_.records(), row, Reason(remove.why, cause));
}

RowRecord RowWriter::MakeRow(const RowChanges& changes, const Placement& placement) {
  buckets_.clear();
  for (std::uint32_t i = 0; i < placement.bucket_count; i++) {
    buckets_.push_back(changes.Text(changes.buckets[placement.first_bucket + i]));
  }
  return {.seq = NextSeq(),
          .buckets = buckets_,
          .type = placement.query->plan->type,
          .id = changes.Text(placement.id),
          .subkey = changes.Text(placement.subkey),
          .sum = 0};
}

void RowWriter::WriteError(Relation relation, std::optional<std::uint64_t> lsn,
                           const char* sqlstate) {
  if (on_error_ == OnError::kSkip) return;
  const char* const name = pg::Call([&] {
    return quote_qualified_identifier(get_namespace_name(RelationGetNamespace(relation)),
                                      RelationGetRelationName(relation));
  });
  if (on_error_ == OnError::kStop) {
    throw Error(sqlstate, std::string("a change of table ") + name + " cannot be sent",
                "The consumer asked with on_error=stop for the stream to end here.",
                "Mend the cause, or connect with on_error=record to go on.");
  }
  AppendError(batch_.records(), NextSeq(), lsn, name, sqlstate);
}

}  // namespace phisync::sync
