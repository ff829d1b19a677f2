#include "sync/batch.h"

#include "pg/boundary.h"
#include "sync/row.h"

namespace phisync::sync {

void DecodingSink::Send(std::string_view message) {
  pg::Call([&] {
    OutputPluginPrepareWrite(ctx_, true);
    appendBinaryStringInfo(ctx_->out, message.data(), static_cast<int>(message.size()));
    OutputPluginWrite(ctx_, true);
  });
}

Batch::Batch(MessageSink& sink, std::size_t limit) : sink_(sink), limit_(limit) {
  records_.emplace();
}

void Batch::StartChecksum(pg::Crc32c earlier) {
  crc_ = earlier;
  summed_ = records_->size();
}

pg::Crc32c Batch::PauseChecksum() {
  AddToChecksum();
  return crc_;
}

void Batch::AddToChecksum() {
  crc_.Add(records_->view(summed_));
  summed_ = records_->size();
}

void Batch::Flush() {
  if (records_->empty()) return;
  AddToChecksum();
  // The last line end is left to the transport: pg_recvlogical writes one after each message.
  sink_.Send(records_->view().substr(0, records_->size() - 1));
  if (records_->size() > kKeptBytes + limit_) {
    records_.emplace();
  } else {
    records_->Clear();
  }
  summed_ = 0;
}

}  // namespace phisync::sync
