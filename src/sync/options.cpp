#include "sync/options.h"

#include <array>
#include <string_view>

#include "core/error.h"
#include "core/json.h"
#include "core/number.h"
#include "core/record.h"
#include "core/suggest.h"
#include "pg/crc32c.h"

namespace phisync::sync {
namespace {

constexpr int kMaxBatchBytes = 16 * 1024 * 1024;
constexpr const char* kHowToName =
    "Name a consumer made with phisync.create_consumer: pg_recvlogical -o consumer=NAME, or "
    "pg_logical_slot_get_changes(slot, NULL, NULL, 'consumer', 'NAME').";

std::string Quoted(std::string_view word) {
  return '"' + std::string(word) + '"';
}

// Options that take one of a few words.
template <typename Value>
struct Word {
  std::string_view word;
  Value value;
};
constexpr Word<OnError> kOnError[] = {
    {"record", OnError::kRecord}, {"stop", OnError::kStop}, {"skip", OnError::kSkip}};
constexpr Word<bool> kStreaming[] = {{"off", false}, {"on", true}};
constexpr Word<TimeForm> kTimestamps[] = {{"iso", TimeForm::kIso}, {"legacy", TimeForm::kLegacy}};
constexpr Word<EncodeOptions::Binary> kBytea[] = {{"omit", EncodeOptions::Binary::kAbsent},
                                                  {"hex", EncodeOptions::Binary::kHex},
                                                  {"base64", EncodeOptions::Binary::kBase64}};
constexpr Word<EncodeOptions::NonFinite> kNonFinite[] = {
    {"null", EncodeOptions::NonFinite::kNull},
    {"string", EncodeOptions::NonFinite::kText},
    {"token", EncodeOptions::NonFinite::kToken}};

template <typename Value, std::size_t n>
Value Parse(const Word<Value> (&words)[n], std::string_view name, std::string_view text) {
  std::string all;
  for (const Word<Value>& word : words) {
    if (word.word == text) return word.value;
    if (!all.empty()) all += &word == &words[n - 1] ? " or " : ", ";
    all += word.word;
  }
  throw Error(sqlstate::kInvalidParameterValue,
              "invalid value for stream option " + Quoted(name) + ": " + Quoted(text),
              "It is " + all + ".", "Leave the option out for " + std::string(words[0].word) + ".");
}

template <typename Value, std::size_t n>
std::string_view Say(const Word<Value> (&words)[n], Value value) {
  for (const Word<Value>& word : words) {
    if (word.value == value) return word.word;
  }
  return {};
}

int ParseFormat(std::string_view value) {
  if (value != "1" && value != "json") {
    throw Error(sqlstate::kInvalidParameterValue, "unknown stream format " + Quoted(value),
                "This version writes format 1, JSON Lines.", "Leave the option out, or give 1.");
  }
  return kRecordFormat;
}

std::size_t ParseBatchBytes(const char* value) {
  int bytes = 0;
  if (!parse_int(value, &bytes, GUC_UNIT_BYTE, nullptr) || bytes < 1 || bytes > kMaxBatchBytes) {
    throw Error(sqlstate::kInvalidParameterValue,
                "invalid value for stream option \"batch_bytes\": " + Quoted(value),
                "It is a number of bytes between 1 and 16777216; units such as kB are understood.",
                "Leave the option out for 64kB.");
  }
  return static_cast<std::size_t>(bytes);
}

struct Option {
  std::string_view name;
  void (*parse)(StreamOptions& options, std::string_view name, const char* value);
  // Appends the value in force as JSON.
  void (*append)(ByteBuffer& out, const StreamOptions& options);
};
using Options = StreamOptions;
using Name = std::string_view;

constexpr Option kOptions[] = {
    {"consumer", [](Options& o, Name, const char* value) { o.consumer = value; },
     [](ByteBuffer& out, const Options& o) { AppendJsonString(out, o.consumer); }},
    {"format", [](Options& o, Name, const char* value) { o.format = ParseFormat(value); },
     [](ByteBuffer& out, const Options& o) { AppendInteger(out, o.format); }},
    {"batch_bytes",
     [](Options& o, Name, const char* value) { o.batch_bytes = ParseBatchBytes(value); },
     [](ByteBuffer& out, const Options& o) { AppendUnsigned(out, o.batch_bytes); }},
    {"messages",
     [](Options& o, Name, const char* value) { o.messages = MessageSelection::Parse(value); },
     [](ByteBuffer& out, const Options& o) { AppendJsonString(out, o.messages.Text()); }},
    {"origin",
     [](Options& o, Name, const char* value) { o.origin = OriginSelection::Parse(value); },
     [](ByteBuffer& out, const Options& o) { AppendJsonString(out, o.origin.Text()); }},
    {"shard", [](Options& o, Name, const char* value) { o.shard = Shard::Parse(value); },
     [](ByteBuffer& out, const Options& o) { AppendJsonString(out, o.shard.Text()); }},
    {"on_error",
     [](Options& o, Name name, const char* value) { o.on_error = Parse(kOnError, name, value); },
     [](ByteBuffer& out, const Options& o) { AppendJsonString(out, Say(kOnError, o.on_error)); }},
    {"streaming",
     [](Options& o, Name name, const char* value) { o.streaming = Parse(kStreaming, name, value); },
     [](ByteBuffer& out, const Options& o) {
       AppendJsonString(out, Say(kStreaming, o.streaming));
     }},
    {"timestamps",
     [](Options& o, Name name, const char* value) {
       o.encode.time_form = Parse(kTimestamps, name, value);
     },
     [](ByteBuffer& out, const Options& o) {
       AppendJsonString(out, Say(kTimestamps, o.encode.time_form));
     }},
    {"bytea",
     [](Options& o, Name name, const char* value) { o.encode.binary = Parse(kBytea, name, value); },
     [](ByteBuffer& out, const Options& o) {
       AppendJsonString(out, Say(kBytea, o.encode.binary));
     }},
    {"nonfinite",
     [](Options& o, Name name, const char* value) {
       o.encode.non_finite = Parse(kNonFinite, name, value);
     },
     [](ByteBuffer& out, const Options& o) {
       AppendJsonString(out, Say(kNonFinite, o.encode.non_finite));
     }},
};

constexpr auto kNames = [] {
  std::array<std::string_view, std::size(kOptions)> names;
  for (std::size_t i = 0; i < names.size(); i++) names[i] = kOptions[i].name;
  return names;
}();

[[noreturn]] void RefuseUnknown(std::string_view name) {
  const std::string_view nearest = Nearest(name, kNames);
  std::string all;
  for (const std::string_view known : kNames) {
    if (!all.empty()) all += known == kNames.back() ? " and " : ", ";
    all += known;
  }
  throw Error(sqlstate::kInvalidParameterValue, "unrecognized stream option " + Quoted(name),
              "The options are " + all + ".",
              nearest.empty() ? "" : "Perhaps you meant " + Quoted(nearest) + ".");
}

}  // namespace

StreamOptions ParseOptions(List* options) {
  StreamOptions parsed;
  std::array<bool, kNames.size()> seen{};
  ListCell* cell;
  foreach (cell, options) {
    const auto* const option = static_cast<DefElem*>(lfirst(cell));
    const std::string_view name = option->defname;
    std::size_t i = 0;
    while (i < kNames.size() && kNames[i] != name) i++;
    if (i == kNames.size()) RefuseUnknown(name);
    if (seen[i]) {
      throw Error(sqlstate::kSyntaxError, "stream option " + Quoted(name) + " is given twice", "",
                  "Give each option once.");
    }
    seen[i] = true;
    const char* const value = option->arg == nullptr ? "" : strVal(option->arg);
    if (*value == '\0') {
      throw Error(sqlstate::kInvalidParameterValue,
                  "stream option " + Quoted(name) + " has no value", "",
                  name == "consumer" ? kHowToName : "Leave the option out for its default.");
    }
    kOptions[i].parse(parsed, name, value);
  }
  if (parsed.consumer.empty()) {
    throw Error(sqlstate::kInvalidParameterValue, "stream option \"consumer\" is missing",
                "The stream is sent to registered consumers only.", kHowToName);
  }
  if (parsed.streaming && !parsed.origin.any()) {
    throw Error(sqlstate::kInvalidParameterValue,
                "stream options \"streaming\" and \"origin\" cannot be combined",
                "The origin of a transaction is known when it commits.", "Leave one of them out.");
  }
  return parsed;
}

std::function<bool(std::string_view)> InShard(const Shard& shard) {
  if (shard.all()) return {};
  return [shard](std::string_view bucket_id) {
    pg::Crc32c crc;
    crc.Add(bucket_id);
    return shard.Includes(crc.Value());
  };
}

void AppendOptions(ByteBuffer& out, const StreamOptions& options) {
  char separator = '{';
  for (const Option& option : kOptions) {
    out.Append(separator);
    AppendJsonKey(out, option.name);
    option.append(out, options);
    separator = ',';
  }
  out.Append('}');
}

}  // namespace phisync::sync
