#pragma once
// Starts, ends and refusals of the change stream in the trail, where the library is preloaded; else
// nothing happens here.

#include <string>
#include <string_view>

namespace phisync::audit {

// One stream, from its start to its end.
class StreamRecord {
 public:
  // Hands over the event of the start and reserves room for that of the end. Throws, PHA01 if that
  // cannot be recorded.
  StreamRecord(std::string_view consumer, std::string_view slot);
  StreamRecord(const StreamRecord&) = delete;
  StreamRecord& operator=(const StreamRecord&) = delete;
  ~StreamRecord() { End(); }

  // An error ends it; `sqlstate` is five characters.
  void Fail(const char* sqlstate) noexcept;
  // Hands over the event of the end, once. To be called while the process still has shared memory.
  void End() noexcept;

 private:
  std::string end_;  // the encoded event; empty once it is handed over
  std::size_t sqlstate_at_ = 0;
  bool failed_ = false;
};

// `consumer` is as the client gave it. Throws.
void RecordRefusal(std::string_view consumer, std::string_view slot, const char* sqlstate);

// The transaction that was committed at `lsn` was passed over. Throws.
void RecordSkip(std::string_view slot, std::string_view lsn);

}  // namespace phisync::audit
