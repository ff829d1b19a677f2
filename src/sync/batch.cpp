#include "sync/batch.h"

#include "pg/boundary.h"
#include "sync/row.h"

namespace phisync::sync {
Batch::Batch(LogicalDecodingContext* ctx, std::size_t limit) : ctx_(ctx), limit_(limit) {
  records_.emplace();
}

void Batch::StartChecksum() {
  crc_.Reset();
  summed_ = records_->size();
}

std::uint32_t Batch::Checksum() {
  AddToChecksum();
  return crc_.Value();
}

void Batch::AddToChecksum() {
  crc_.Add(records_->view(summed_));
  summed_ = records_->size();
}

void Batch::Flush() {
  if (records_->empty()) return;
  AddToChecksum();
  // The last line end is left to the transport: pg_recvlogical writes one after each message.
  const char* const data = records_->data();
  const auto size = static_cast<int>(records_->size() - 1);
  pg::Call([&] {
    OutputPluginPrepareWrite(ctx_, true);
    appendBinaryStringInfo(ctx_->out, data, size);
    OutputPluginWrite(ctx_, true);
  });
  if (records_->size() > kKeptBytes + limit_) {
    records_.emplace();
  } else {
    records_->Clear();
  }
  summed_ = 0;
}

}  // namespace phisync::sync
