#include "core/detect_words.h"

#include <algorithm>
#include <iterator>

#include "core/detect_rules.h"

namespace phisync::detect {
namespace {

constexpr bool IsUpper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool IsLetter(char c) {
  return IsUpper(c) || (c >= 'a' && c <= 'z') || static_cast<unsigned char>(c) >= 0x80;
}

constexpr std::size_t kMaxWords = 16;

void Add(std::vector<std::string>& words, std::string_view word) {
  while (!word.empty() && words.size() < kMaxWords) {
    const std::size_t blank = word.find(' ');
    words.emplace_back(word.substr(0, blank));
    word = blank == std::string_view::npos ? std::string_view() : word.substr(blank + 1);
  }
}

// The known word or words that this is, or empty.
std::string_view Understood(std::string_view word) {
  if (const std::string_view meaning = Meaning(word); !meaning.empty()) return meaning;
  return IsKnownWord(word) ? word : std::string_view();
}

// Takes `word` apart into known words, the longest first; false if that leaves a rest.
bool TakeApart(std::string_view word, int parts, std::vector<std::string>& out) {
  if (word.empty()) return true;
  if (parts == 0) return false;
  for (std::size_t length = word.size(); length >= 2; --length) {
    const std::string_view head = word.substr(0, length);
    std::string_view meaning = Understood(head);
    // mothersname, guardiansname
    if (meaning.empty() && length > 4 && length < word.size() && head.ends_with('s')) {
      meaning = Understood(head.substr(0, length - 1));
    }
    // Two letters are too little to be sure, but for the commonest endings.
    const bool short_end = length == word.size() && (head == "id" || head == "no" || head == "dt");
    if (meaning.empty() || (length < 3 && !short_end)) continue;
    const std::size_t before = out.size();
    Add(out, meaning);
    if (TakeApart(word.substr(length), parts - 1, out)) return true;
    out.resize(before);
  }
  return false;
}

void AddWord(std::vector<std::string>& words, const std::string& word) {
  if (word.empty()) return;
  if (const std::string_view meaning = Understood(word); !meaning.empty())
    return Add(words, meaning);
  // addresses, policies, notes
  std::string singular = word;
  for (const auto& [ending, instead] : {std::pair{"ies", "y"}, {"es", ""}, {"s", ""}}) {
    if (!word.ends_with(ending)) continue;
    singular = word.substr(0, word.size() - std::string_view(ending).size()) + instead;
    if (const std::string_view meaning = Understood(singular); !meaning.empty()) {
      return Add(words, meaning);
    }
  }
  if (word.size() >= 3 && word.size() <= 8 && word.find_first_of("aeiou", 1) == std::string::npos &&
      std::all_of(word.begin(), word.end(), IsLetter)) {
    if (const std::string_view whole = WithoutVowels(word); !whole.empty())
      return Add(words, whole);
  }
  if (word.size() <= 40 && word.size() >= 5) {
    std::vector<std::string> parts;
    if (TakeApart(word, 4, parts) || (word.ends_with('s') && TakeApart(singular, 4, parts))) {
      for (const std::string& part : parts) Add(words, part);
      return;
    }
  }
  Add(words, word);
}

}  // namespace

std::vector<std::string> Words(std::string_view identifier) {
  // Longer than any name of the server; a key of JSON may be what it likes.
  identifier = identifier.substr(0, 128);
  std::vector<std::string> words;
  std::string word;
  const auto end = [&] {
    AddWord(words, word);
    word.clear();
  };
  for (std::size_t i = 0; i < identifier.size(); ++i) {
    const char c = identifier[i];
    if (!IsLetter(c) && !IsDigit(c)) {
      end();
      continue;
    }
    if (!word.empty()) {
      const char before = identifier[i - 1];
      const bool next_lower =
          i + 1 < identifier.size() && IsLetter(identifier[i + 1]) && !IsUpper(identifier[i + 1]);
      const bool plural = next_lower && identifier[i + 1] == 's' &&
                          (i + 2 == identifier.size() || !IsLetter(identifier[i + 2]));
      if (IsDigit(c) != IsDigit(before) || (IsUpper(c) && !IsUpper(before)) ||
          (IsUpper(c) && next_lower && !plural)) {
        end();
      }
    }
    word += IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  }
  end();
  return words;
}

bool IsKnownWord(std::string_view word) {
  return AboutOf(word) != About::kNothing || IsMetaWord(word) || IsRuleWord(word) ||
         IsInMeaning(word);
}

}  // namespace phisync::detect
