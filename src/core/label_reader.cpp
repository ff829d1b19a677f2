#include "core/label_reader.h"

#include <algorithm>
#include <utility>

#include "core/error.h"
#include "core/label.h"

namespace phisync {
namespace {

bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool IsPlainName(std::string_view name) {
  return !name.empty() && IsNameStart(name[0]) && std::all_of(name.begin(), name.end(), [](char c) {
    return IsNameStart(c) || (c >= '0' && c <= '9') || c == '$';
  });
}

}  // namespace

LabelReader::LabelReader(std::string_view what, std::string_view text) : what_(what), text_(text) {
  if (text.size() > kMaxLabelBytes) {
    throw Error(sqlstate::kInvalidParameterValue, std::string(what) + " is too long",
                "It has " + std::to_string(text.size()) + " bytes; at most " +
                    std::to_string(kMaxLabelBytes) + " are allowed.",
                "Keep explanations in COMMENT ON.");
  }
}

void LabelReader::SkipBlanks() {
  while (pos_ < text_.size() && text_[pos_] == ' ') ++pos_;
}

bool LabelReader::Take(char c) {
  SkipBlanks();
  if (pos_ >= text_.size() || text_[pos_] != c) return false;
  ++pos_;
  return true;
}

std::string_view LabelReader::Word() {
  SkipBlanks();
  const std::size_t end = std::min(text_.find_first_of(" ;=,()\"\t\r\n", pos_), text_.size());
  // In two steps: the order in which arguments are evaluated is the compiler's.
  const std::size_t begin = std::exchange(pos_, end);
  return text_.substr(begin, end - begin);
}

bool LabelReader::NextItem(std::string_view* word) {
  SkipBlanks();
  if (!std::exchange(first_, false)) {
    if (pos_ == text_.size()) return false;
    if (!Take(';')) {
      Fail(nullptr, "unexpected text in " + std::string(what_), "Separate items by a semicolon.");
    }
  }
  *word = Word();
  if (word->empty()) {
    Fail(nullptr, "empty item in " + std::string(what_),
         "Each item is a class such as phi:ssn or none, or key=value; items are separated by one "
         "semicolon.");
  }
  return true;
}

bool LabelReader::QuotedRest(std::string* value) {
  for (;;) {
    const std::size_t end = text_.find('"', pos_);
    if (end == std::string_view::npos) return false;
    *value += text_.substr(pos_, end - pos_);
    pos_ = end + 1;
    if (pos_ >= text_.size() || text_[pos_] != '"') return true;
    *value += '"';
    ++pos_;
  }
}

bool LabelReader::AtEnd() {
  SkipBlanks();
  return pos_ == text_.size();
}

std::string LabelReader::ColumnName() {
  const char* const hint =
      "Write the column's name as in SQL, with double quotes if it has other characters than "
      "lower-case letters, digits and underscores.";
  std::string name;
  if (Take('"')) {
    if (!QuotedRest(&name)) {
      Fail(nullptr, "unterminated quoted column name in " + std::string(what_), hint);
    }
    if (name.empty()) Fail(nullptr, "empty column name in " + std::string(what_), hint);
    return name;
  }
  const std::string_view word = Word();
  name = word;
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  if (!IsPlainName(name)) {
    Fail(word.data(), "invalid column name in " + std::string(what_), hint);
  }
  return name;
}

void LabelReader::Fail(const char* at, std::string message, std::string hint) const {
  const std::size_t offset = at != nullptr ? static_cast<std::size_t>(at - text_.data()) : pos_;
  std::size_t position = 1;
  for (const char c : text_.substr(0, offset)) {
    position += static_cast<std::size_t>((static_cast<unsigned char>(c) & 0xC0) != 0x80);
  }
  throw Error(sqlstate::kInvalidParameterValue, std::move(message),
              "At position " + std::to_string(position) + " of \"" + std::string(text_) + "\".",
              std::move(hint));
}

std::string QuoteColumnName(std::string_view name) {
  if (IsPlainName(name)) return std::string(name);
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

}  // namespace phisync
