#include "core/selection.h"

#include <algorithm>
#include <charconv>

#include "core/error.h"

namespace phisync {
namespace {

constexpr std::uint32_t kMaxShards = 1024;

std::string_view Trimmed(std::string_view word) {
  while (!word.empty() && word.front() == ' ') word.remove_prefix(1);
  while (!word.empty() && word.back() == ' ') word.remove_suffix(1);
  return word;
}

std::vector<std::string> Split(std::string_view text) {
  std::vector<std::string> words;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t to = std::min(text.find(',', from), text.size());
    words.emplace_back(Trimmed(text.substr(from, to - from)));
    from = to + 1;
  }
  return words;
}

std::string Join(const std::vector<std::string>& words, std::string_view before) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ',';
    text += before;
    text += word;
  }
  return text;
}

[[noreturn]] void Refuse(const char* option, std::string_view text, const char* detail,
                         const char* hint) {
  throw Error(sqlstate::kInvalidParameterValue,
              std::string("invalid value for stream option \"") + option + "\": \"" +
                  std::string(text) + '"',
              detail, hint);
}

bool IsOwn(std::string_view prefix) {
  return prefix == "phisync" || prefix.starts_with("phisync.");
}

}  // namespace

MessageSelection MessageSelection::Parse(std::string_view text) {
  constexpr const char* kDetail = "It is * for all messages, or a list of prefixes by commas.";
  constexpr const char* kHint = "Leave the option out for no messages.";
  MessageSelection selection;
  std::vector<std::string> words = Split(text);
  if (words.size() == 1 && words.front() == "*") {
    selection.all_ = true;
    return selection;
  }
  for (const std::string& word : words) {
    if (word.empty() || word == "*") Refuse("messages", text, kDetail, kHint);
    if (IsOwn(word)) {
      Refuse("messages", text, "Messages of phisync itself are not sent; its records say the same.",
             "Leave the prefix out.");
    }
  }
  selection.prefixes_ = std::move(words);
  return selection;
}

bool MessageSelection::Includes(std::string_view prefix) const {
  if (IsOwn(prefix)) return false;
  return all_ || std::ranges::find(prefixes_, prefix) != prefixes_.end();
}

std::string MessageSelection::Text() const {
  return all_ ? "*" : Join(prefixes_, "");
}

OriginSelection OriginSelection::Parse(std::string_view text) {
  constexpr const char* kDetail =
      "It is any, none, or a list by commas: of origins to keep, or, with a minus before each, to "
      "leave out.";
  OriginSelection selection;
  if (text == "any") return selection;
  if (text == "none") {
    selection.kind_ = Kind::kNone;
    return selection;
  }
  const bool leave_out = text.starts_with('-');
  selection.kind_ = leave_out ? Kind::kLeaveOut : Kind::kKeep;
  for (std::string& word : Split(text)) {
    const std::string_view all = word;
    const std::string_view name = leave_out && all.starts_with('-') ? all.substr(1) : all;
    if (name.empty() || all.starts_with('-') != leave_out || name == "any" || name == "none") {
      Refuse("origin", text, kDetail, "SELECT roname FROM pg_replication_origin; lists origins.");
    }
    selection.names_.emplace_back(name);
  }
  return selection;
}

bool OriginSelection::Includes(std::optional<std::string_view> origin) const {
  if (kind_ == Kind::kAny) return true;
  if (kind_ == Kind::kNone) return !origin;
  const bool listed = origin && std::ranges::find(names_, *origin) != names_.end();
  return listed == (kind_ == Kind::kKeep);
}

std::string OriginSelection::Text() const {
  if (kind_ == Kind::kAny) return "any";
  if (kind_ == Kind::kNone) return "none";
  return Join(names_, kind_ == Kind::kLeaveOut ? "-" : "");
}

Shard Shard::Parse(std::string_view text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto index = std::from_chars(text.data(), end, shard.index);
  if (index.ec == std::errc() && index.ptr != end && *index.ptr == '/') {
    const auto count = std::from_chars(index.ptr + 1, end, shard.count);
    if (count.ec == std::errc() && count.ptr == end && shard.count >= 1 &&
        shard.count <= kMaxShards && shard.index < shard.count) {
      return shard;
    }
  }
  Refuse("shard", text,
         "It is i/n: part i, from 0 to n - 1, of the n parts, up to 1024, into which buckets are "
         "split.",
         "Leave the option out, or give 0/1, for all buckets.");
}

std::string Shard::Text() const {
  return std::to_string(index) + '/' + std::to_string(count);
}

}  // namespace phisync
