#include "core/detect_shapes.h"

#include <algorithm>
#include <cstddef>
#include <iterator>
#include <string>
#include <vector>

#include "core/detect_numbers.h"

namespace phisync::detect {
namespace {

constexpr std::size_t kLookedAt = 4096;

std::string_view Trim(std::string_view v) {
  while (!v.empty() && (v.front() == ' ' || v.front() == '\t')) v.remove_prefix(1);
  while (!v.empty() && (v.back() == ' ' || v.back() == '\t' || v.back() == '\n')) {
    v.remove_suffix(1);
  }
  return v;
}

// Sets *digits where the number has the marks of a telephone number.
bool IsPhone(std::string_view v, bool* digits_only) {
  *digits_only = false;
  std::string digits;
  bool marks = false;
  // An extension at the end.
  for (const std::string_view mark : {"x", "ext"}) {
    const std::size_t at = v.find(mark);
    if (at != std::string_view::npos && at >= 10) v = Trim(v.substr(0, at));
  }
  for (std::size_t i = 0; i < v.size(); ++i) {
    const char c = v[i];
    if (IsDigit(c)) {
      digits += c;
    } else if (c == '-' || c == '.' || c == ' ' || c == '(' || c == ')') {
      marks = true;
    } else if (c != '+' || i != 0) {
      return false;
    }
  }
  if (v.starts_with('+') && !v.starts_with("+1")) {
    return digits.size() >= 8 && digits.size() <= 15 && digits[0] != '0';
  }
  const bool country = digits.size() == 11 && digits[0] == '1';
  if (country) digits.erase(0, 1);
  if (digits.size() != 10 || !IsNanp(digits)) return false;
  if (!marks && !v.starts_with('+')) {
    *digits_only = true;
    return false;
  }
  // Written in groups of three, three and four, as no version number or date is.
  std::string_view rest = v;
  while (!rest.empty() && !IsDigit(rest.back())) rest.remove_suffix(1);
  std::size_t last = 0;
  while (last < rest.size() && IsDigit(rest[rest.size() - 1 - last])) ++last;
  return last == 4 || last == 7 || v.starts_with('+');
}

bool IsEmail(std::string_view v) {
  const std::size_t at = v.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64 || v.size() > 254) return false;
  const std::string_view domain = v.substr(at + 1);
  const std::size_t dot = domain.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || domain.size() - dot < 3) return false;
  for (const char c : v.substr(0, at)) {
    if (c <= ' ' || c == '@' || c == ',' || c == ';' || c == '<' || c == '>' || c == '(') {
      return false;
    }
  }
  for (const char c : domain) {
    if (!IsDigit(c) && !IsLetter(c) && c != '.' && c != '-') return false;
  }
  return IsLetter(domain.back());
}

bool IsNumberUpTo(std::string_view v, int most) {
  if (v.empty() || v.size() > 3) return false;
  int n = 0;
  for (const char c : v) {
    if (!IsDigit(c)) return false;
    n = n * 10 + Digit(c);
  }
  return n <= most;
}

bool IsIp(std::string_view v) {
  if (const std::size_t slash = v.find('/'); slash != std::string_view::npos) {
    if (!IsNumberUpTo(v.substr(slash + 1), 128)) return false;
    v = v.substr(0, slash);
  }
  if (v.find(':') != std::string_view::npos) {
    int groups = 0;
    std::size_t length = 0;
    for (const char c : v) {
      if (c == ':') {
        ++groups;
        length = 0;
        continue;
      }
      if (!IsDigit(c) && (Upper(c) < 'A' || Upper(c) > 'F')) return false;
      if (++length > 4) return false;
    }
    const bool shortened = v.find("::") != std::string_view::npos;
    return shortened ? groups >= 2 && groups <= 7 && v.size() > 3 : groups == 7;
  }
  int parts = 0;
  while (!v.empty()) {
    const std::size_t dot = v.find('.');
    if (!IsNumberUpTo(v.substr(0, dot), 255)) return false;
    ++parts;
    if (dot == std::string_view::npos) break;
    v = v.substr(dot + 1);
  }
  return parts == 4;
}

bool IsUrl(std::string_view v) {
  for (const std::string_view scheme : {"http://", "https://", "ftp://"}) {
    if (v.starts_with(scheme)) {
      return v.size() > scheme.size() + 3 && v.find(' ') == std::string_view::npos;
    }
  }
  return v.starts_with("www.") && v.size() > 7 && v.find(' ') == std::string_view::npos;
}

// The words of letters, in capitals; anything else but . , ' and - makes none of it.
std::vector<std::string> NameWords(std::string_view v) {
  std::vector<std::string> words(1);
  for (const char c : v) {
    if (c == ' ' || c == ',' || c == '.') {
      if (!words.back().empty()) words.emplace_back();
    } else if (IsLetter(c) || c == '\'' || c == '-' || static_cast<unsigned char>(c) >= 0x80) {
      words.back() += Upper(c);
    } else {
      return {};
    }
    if (words.size() > 5) return {};
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::uint32_t NameShapes(std::string_view v) {
  if (v.size() > 60 || v.empty() || (!IsLetter(v[0]) && static_cast<unsigned char>(v[0]) < 0x80)) {
    return 0;
  }
  const std::vector<std::string> words = NameWords(v);
  std::uint32_t shapes = 0;
  const auto set = [&](Shape s) { shapes |= 1U << static_cast<unsigned>(s); };
  if (words.size() == 1) {
    if (IsCommonGivenName(words[0])) set(Shape::kGiven);
    if (IsCommonFamilyName(words[0])) set(Shape::kFamily);
  } else if (words.size() >= 2 && words.size() <= 4) {
    for (std::size_t i = 0; i < words.size(); ++i) {
      for (std::size_t j = 0; j < words.size(); ++j) {
        if (i != j && IsCommonGivenName(words[i]) && IsCommonFamilyName(words[j])) {
          set(Shape::kFullName);
        }
      }
    }
    // Two given names, Mary Ann, are one.
    if (words.size() == 2 && IsCommonGivenName(words[0]) && IsCommonGivenName(words[1])) {
      set(Shape::kGiven);
    }
  }
  return shapes;
}

bool IsStreet(std::string_view v) {
  constexpr std::string_view kWords[] = {"ST",    "STREET", "AVE",  "AVENUE", "RD",       "ROAD",
                                         "BLVD",  "LN",     "LANE", "DR",     "DRIVE",    "CT",
                                         "COURT", "WAY",    "PL",   "PLACE",  "TER",      "HWY",
                                         "PKWY",  "APT",    "UNIT", "SUITE",  "BOULEVARD"};
  if (v.size() > 120 || !IsDigit(v.empty() ? 'x' : v[0])) return false;
  std::string word;
  int words = 0;
  for (std::size_t i = 0; i <= v.size(); ++i) {
    if (i < v.size() && IsLetter(v[i])) {
      word += Upper(v[i]);
      continue;
    }
    if (!word.empty()) {
      ++words;
      if (words > 1 && std::find(std::begin(kWords), std::end(kWords), word) != std::end(kWords)) {
        return true;
      }
    }
    word.clear();
  }
  return false;
}

bool IsDate(std::string_view v) {
  if (v.size() > 10 && (v[10] == ' ' || v[10] == 'T')) v = v.substr(0, 10);
  int year = 0;
  int month = 0;
  int day = 0;
  const auto number = [&](std::size_t at, std::size_t length) {
    int n = 0;
    for (const char c : v.substr(at, length)) n = n * 10 + Digit(c);
    return n;
  };
  if (Drawn(v, "9999-99-99")) {
    year = number(0, 4), month = number(5, 2), day = number(8, 2);
  } else if (Drawn(v, "99/99/9999") || Drawn(v, "99-99-9999")) {
    year = number(6, 4), month = number(0, 2), day = number(3, 2);
    if (month > 12) std::swap(month, day);
  } else if (Drawn(v, "99999999")) {
    year = number(0, 4), month = number(4, 2), day = number(6, 2);
  } else {
    return false;
  }
  return year >= 1880 && year <= 2100 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

// A letter but U, a digit, a digit or letter, and up to four after a dot.
bool IsIcd(std::string_view v) {
  if (v.size() < 3 || v.size() > 8 || !IsLetter(v[0]) || Upper(v[0]) == 'U' || !IsDigit(v[1]) ||
      (!IsDigit(v[2]) && !IsLetter(v[2]))) {
    return false;
  }
  if (v.size() == 3) return true;
  if (v[3] != '.' || v.size() == 4) return false;
  return std::all_of(v.begin() + 4, v.end(), [](char c) { return IsDigit(c) || IsLetter(c); });
}

bool IsMrn(std::string_view v) {
  if (v.size() < 6 || v.size() > 20 || Upper(v[0]) != 'M') return false;
  std::size_t prefix = 0;
  for (const std::string_view p : {"MRN", "MR"}) {
    if (prefix == 0 && v.size() > p.size() && Upper(v[1]) == 'R' &&
        (p.size() == 2 || Upper(v[2]) == 'N')) {
      prefix = p.size();
    }
  }
  if (prefix == 0) return false;
  v.remove_prefix(prefix);
  while (!v.empty() && (v[0] == '-' || v[0] == ':' || v[0] == ' ' || v[0] == '#')) {
    v.remove_prefix(1);
  }
  return v.size() >= 4 && std::all_of(v.begin(), v.end(), IsDigit);
}

// Something that identifies, within text.
bool IsEmbedding(std::string_view v) {
  for (std::size_t i = 0; i < v.size(); ++i) {
    if (IsDigit(v[i]) && (i == 0 || !IsDigit(v[i - 1]))) {
      for (const std::string_view pattern : {"999-99-9999", "999-999-9999"}) {
        if (!Drawn(v.substr(i, pattern.size()), pattern)) continue;
        if (i + pattern.size() < v.size() && IsDigit(v[i + pattern.size()])) continue;
        return true;
      }
    }
    if (v[i] == '@') {
      const std::size_t from = v.find_last_of(" <(,;:\n", i) + 1;
      std::size_t to = v.find_first_of(" >),;:\n", i);
      if (to == std::string_view::npos) to = v.size();
      std::string_view word = v.substr(from, to - from);
      while (word.ends_with('.')) word.remove_suffix(1);
      if (word.size() < v.size() && IsEmail(word)) return true;
    }
  }
  return false;
}

bool IsUnique(std::string_view v) {
  if (v.size() < 8 || v.size() > 64) return false;
  bool digits = false;
  bool letters = false;
  for (const char c : v) {
    digits = digits || IsDigit(c);
    letters = letters || IsLetter(c);
    if (!IsDigit(c) && !IsLetter(c) && c != '-' && c != '_') return false;
  }
  return digits && letters;
}

}  // namespace

std::string_view ShapeName(Shape shape) {
  constexpr std::string_view kNames[kShapes] = {
      "ssn",        "ssn_digits",   "mrn",   "npi",   "dea",        "mbi",
      "phone",      "phone_digits", "email", "zip",   "zip4",       "date",
      "ip",         "url",          "udi",   "vin",   "given_name", "family_name",
      "full_name",  "street",       "icd10", "loinc", "prose",      "embedded_identifier",
      "unique_code"};
  return kNames[static_cast<std::size_t>(shape)];
}

std::uint32_t ShapesOf(std::string_view value) {
  std::string_view v = Trim(value.substr(0, kLookedAt));
  std::uint32_t shapes = 0;
  const auto set = [&](Shape s, bool has) {
    if (has) shapes |= 1U << static_cast<unsigned>(s);
  };
  if (v.empty()) return 0;
  if (v.size() > 60) {
    const auto blanks = std::count(v.begin(), v.end(), ' ');
    set(Shape::kProse, blanks >= 7);
    set(Shape::kEmbedded, IsEmbedding(v));
    set(Shape::kUrl, IsUrl(v));
    set(Shape::kEmail, IsEmail(v));
    set(Shape::kUdi, IsUdi(v));
    set(Shape::kStreet, IsStreet(v));
    return shapes;
  }
  const bool digits = std::all_of(v.begin(), v.end(), IsDigit);
  if (digits) {
    set(Shape::kSsnDigits, v.size() == 9 && IsSsn(v));
    set(Shape::kNpi, v.size() == 10 && IsNpi(v));
    set(Shape::kZip, v.size() == 5);
  } else {
    if (Drawn(v, "999-99-9999") || Drawn(v, "999 99 9999")) {
      const std::string bare =
          std::string(v.substr(0, 3)) + std::string(v.substr(4, 2)) + std::string(v.substr(7));
      set(Shape::kSsn, IsSsn(bare));
    }
    set(Shape::kMrn, IsMrn(v));
    set(Shape::kDea, IsDea(v));
    set(Shape::kMbi, IsMbi(v));
    set(Shape::kEmail, IsEmail(v));
    set(Shape::kZip4, Drawn(v, "99999-9999"));
    set(Shape::kIp, IsIp(v));
    set(Shape::kUrl, IsUrl(v));
    set(Shape::kVin, IsVin(v));
    set(Shape::kStreet, IsStreet(v));
    set(Shape::kIcd, IsIcd(v));
    set(Shape::kLoinc, IsLoinc(v));
    set(Shape::kUnique, IsUnique(v));
    shapes |= NameShapes(v);
    set(Shape::kProse, std::count(v.begin(), v.end(), ' ') >= 7);
    set(Shape::kEmbedded,
        v.find(' ') != std::string_view::npos && IsEmbedding(v) && !Has(shapes, Shape::kStreet));
  }
  bool digits_only = false;
  set(Shape::kPhone, v.size() >= 8 && IsPhone(v, &digits_only));
  set(Shape::kPhoneDigits, digits_only);
  set(Shape::kDate, IsDate(v));
  set(Shape::kUdi, IsUdi(v));
  return shapes;
}

}  // namespace phisync::detect
