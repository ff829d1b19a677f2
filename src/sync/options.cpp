#include "sync/options.h"

#include <array>
#include <string_view>

#include "core/error.h"
#include "core/json.h"
#include "core/number.h"
#include "core/record.h"
#include "core/suggest.h"

namespace phisync::sync {
namespace {

constexpr std::string_view kConsumer = "consumer";
constexpr std::string_view kFormat = "format";
constexpr std::string_view kBatchBytes = "batch_bytes";
constexpr std::array kNames = {kConsumer, kFormat, kBatchBytes};

constexpr int kMaxBatchBytes = 16 * 1024 * 1024;
constexpr const char* kHowToName =
    "Name a consumer made with phisync.create_consumer: pg_recvlogical -o consumer=NAME, or "
    "pg_logical_slot_get_changes(slot, NULL, NULL, 'consumer', 'NAME').";

std::string Quoted(std::string_view word) {
  return '"' + std::string(word) + '"';
}

[[noreturn]] void RefuseUnknown(std::string_view name) {
  const std::string_view nearest = Nearest(name, kNames);
  throw Error(sqlstate::kInvalidParameterValue, "unrecognized stream option " + Quoted(name),
              "The options are consumer, format and batch_bytes.",
              nearest.empty() ? "" : "Perhaps you meant " + Quoted(nearest) + ".");
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
                  name == kConsumer ? kHowToName : "Leave the option out for its default.");
    }
    if (name == kConsumer) parsed.consumer = value;
    if (name == kFormat) parsed.format = ParseFormat(value);
    if (name == kBatchBytes) parsed.batch_bytes = ParseBatchBytes(value);
  }
  if (parsed.consumer.empty()) {
    throw Error(sqlstate::kInvalidParameterValue, "stream option \"consumer\" is missing",
                "The stream is sent to registered consumers only.", kHowToName);
  }
  return parsed;
}

void AppendOptions(ByteBuffer& out, const StreamOptions& options) {
  out.Append('{');
  AppendJsonKey(out, kConsumer);
  AppendJsonString(out, options.consumer);
  out.Append(',');
  AppendJsonKey(out, kFormat);
  AppendInteger(out, options.format);
  out.Append(',');
  AppendJsonKey(out, kBatchBytes);
  AppendUnsigned(out, options.batch_bytes);
  out.Append('}');
}

}  // namespace phisync::sync
