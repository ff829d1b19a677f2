#pragma once
// What of the log a consumer asks for with the options messages, origin and shard of the stream
// (docs/record-format.md). Parsers throw Error 22023.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace phisync {

// Which logical messages are sent: `*`, all; else those whose prefix is listed, by commas. Messages
// of phisync itself (`phisync` and `phisync.*`) never are.
class MessageSelection {
 public:
  // None.
  MessageSelection() = default;
  static MessageSelection Parse(std::string_view text);

  [[nodiscard]] bool Includes(std::string_view prefix) const;
  // As Parse reads it; empty: none.
  [[nodiscard]] std::string Text() const;

 private:
  bool all_ = false;
  std::vector<std::string> prefixes_;
};

// Which transactions are sent, by the replication origin from which they came to this server:
// `any`; `none`, those that were made here; a list by commas, `name` for those to keep or `-name`
// for those to leave out.
class OriginSelection {
 public:
  // Any.
  OriginSelection() = default;
  static OriginSelection Parse(std::string_view text);

  // `origin`: no value if the transaction was made here; its name may be empty where the origin
  // does not exist any more, which is none of those listed.
  [[nodiscard]] bool Includes(std::optional<std::string_view> origin) const;
  [[nodiscard]] bool any() const { return kind_ == Kind::kAny; }
  // As Parse reads it.
  [[nodiscard]] std::string Text() const;

 private:
  enum class Kind : std::uint8_t { kAny, kNone, kKeep, kLeaveOut };
  Kind kind_ = Kind::kAny;
  std::vector<std::string> names_;
};

// One of `count` parts of all buckets: those whose id has a CRC-32C that leaves `index` when
// divided by `count`. Which part a bucket is in never changes.
struct Shard {
  std::uint32_t index = 0;
  std::uint32_t count = 1;

  // `index/count`, the index from 0.
  static Shard Parse(std::string_view text);

  [[nodiscard]] bool all() const { return count == 1; }
  [[nodiscard]] bool Includes(std::uint32_t crc32c_of_id) const {
    return crc32c_of_id % count == index;
  }
  [[nodiscard]] std::string Text() const;
};

}  // namespace phisync
