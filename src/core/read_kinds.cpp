#include "core/read_kinds.h"

#include "core/error.h"

namespace phisync {
namespace {

constexpr std::string_view kPrefix = "phi:";
constexpr std::string_view kEverything = "phi:*";
constexpr std::string_view kUnclassified = "unclassified";

[[noreturn]] void FailUnknown(std::string_view text) {
  const std::string_view word =
      text.starts_with(kPrefix) ? text.substr(kPrefix.size()) : std::string_view(text);
  const std::string meant = SuggestClass(word);
  throw Error(sqlstate::kInvalidParameterValue, "unknown kind \"" + std::string(text) + "\"",
              "A kind is phi: and a class of docs/tags.md, with or without its part; unclassified; "
              "or phi:* for all.",
              meant.empty() ? "For example phi:date, phi:date.birth, unclassified."
                            : "Did you mean \"" + meant + "\"?");
}

}  // namespace

std::string CanonicalKind(std::string_view text) {
  if (text == "all" || text == kEverything) return std::string(kEverything);
  if (text == kUnclassified) return std::string(text);
  if (!text.starts_with(kPrefix)) FailUnknown(text);
  const ClassId id = FindClass(text.substr(kPrefix.size()));
  if (id == kClassNone) FailUnknown(text);
  return ClassText(id);
}

ReadKinds KindsOf(std::string_view text) {
  const std::string kind = CanonicalKind(text);
  ReadKinds kinds;
  if (kind == kEverything) return kinds.set();
  if (kind == kUnclassified) return kinds.set(kReadUnclassified);
  const std::string_view whole = std::string_view(kind).substr(kPrefix.size());
  for (std::size_t i = 1; i < TagClasses().size(); ++i) {
    const std::string_view part = TagClasses()[i].text;
    if (part == whole ||
        (part.size() > whole.size() && part.starts_with(whole) && part[whole.size()] == '.')) {
      kinds.set(i);
    }
  }
  return kinds;
}

std::string KindText(ReadKind kind) {
  if (kind == kReadUnclassified) return std::string(kUnclassified);
  if (kind == kReadSamples) return std::string(kEverything);
  return ClassText(kind);
}

std::vector<std::string> KindTexts(const ReadKinds& kinds) {
  std::vector<std::string> texts;
  for (std::size_t i = TagClasses().size(); i-- > 1;) {
    if (kinds.test(i)) texts.push_back(KindText(static_cast<ReadKind>(i)));
  }
  for (const ReadKind kind : {kReadUnclassified, kReadSamples}) {
    if (kinds.test(kind)) texts.push_back(KindText(kind));
  }
  return texts;
}

std::string Joined(const std::vector<std::string>& texts, std::string_view separator) {
  std::string joined;
  for (const std::string& text : texts) {
    if (!joined.empty()) joined += separator;
    joined += text;
  }
  return joined;
}

}  // namespace phisync
