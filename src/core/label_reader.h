#pragma once
// Cuts a label, or a transformation, into words and values; knows where it stands, for the error
// messages.

#include <string>
#include <string_view>

namespace phisync {

class LabelReader {
 public:
  // `what`: "column label" and the like; throws if the label is too long.
  LabelReader(std::string_view what, std::string_view text);

  // Goes to the next item and reads its first word; false at the end of the label.
  bool NextItem(std::string_view* word);

  // Whether a '=' follows; steps over it.
  bool TakeEquals() { return Take('='); }
  bool Take(char c);

  // The next run of characters that mean nothing to the grammar; may be empty.
  std::string_view Word();

  // What follows an opening '"' up to the closing one, doubled ones made single; false if there is
  // no closing one.
  bool QuotedRest(std::string* value);

  // Whether nothing but blanks follows.
  bool AtEnd();

  // A column name as in SQL: folded to lower case, or in double quotes.
  std::string ColumnName();

  [[nodiscard]] std::string_view what() const { return what_; }

  // Throws 22023; `at` points into the text that Word() gave, or is null for the present position.
  [[noreturn]] void Fail(const char* at, std::string message, std::string hint) const;

 private:
  void SkipBlanks();

  std::string_view what_;
  std::string_view text_;
  std::size_t pos_ = 0;
  bool first_ = true;
};

// A column name as it must stand in a label: quoted if it would not read back as it is.
std::string QuoteColumnName(std::string_view name);

}  // namespace phisync
