#include "core/transform_text.h"

#include <algorithm>

#include "core/blanks.h"
#include "core/utf8.h"

namespace phisync {
namespace {

// How many of the filled characters there are at least.
constexpr std::size_t kHidden = 2;

bool IsLetter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}
char Lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool IsHigh(char c) {
  return (static_cast<unsigned char>(c) & 0x80) != 0;
}

// Labels of letters, digits, hyphens and underscores or of other scripts, between single points.
bool IsHostName(std::string_view name) {
  if (name.empty() || name.size() > 253 || name.front() == '-' || name.back() == '-') return false;
  char before = '.';
  for (const char c : name) {
    if (c == '.' && before == '.') return false;
    if (!IsLetter(c) && !IsDigit(c) && !IsHigh(c) && c != '-' && c != '.' && c != '_') return false;
    before = c;
  }
  return before != '.';
}

// What resolvers read as an address in numbers: the last label has digits alone, or is 0x....
bool IsNumeric(std::string_view name) {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  if (last.size() > 1 && last[0] == '0' && Lower(last[1]) == 'x') return true;
  return std::all_of(last.begin(), last.end(), IsDigit);
}

}  // namespace

void AppendPartial(ByteBuffer& out, std::string_view text, int prefix, int suffix,
                   std::string_view fill) {
  const bool ascii = IsAscii(text);
  const std::size_t count = ascii ? text.size() : CodePoints(text);
  auto first = static_cast<std::size_t>(prefix);
  auto last = static_cast<std::size_t>(suffix);
  if (count <= first + last + kHidden) first = last = 0;
  const auto skip = [&](std::size_t at, std::size_t characters) {
    if (ascii) return at + characters;
    for (; characters > 0; --characters) at = NextCodePoint(text, at);
    return at;
  };
  const std::size_t hidden = count - first - last;
  const std::size_t head = skip(0, first);
  const std::size_t tail = skip(head, hidden);
  out.Append(text.substr(0, head));
  if (fill.size() == 1) {
    out.Commit(std::fill_n(out.Reserve(hidden), hidden, fill.front()));
  } else {
    for (std::size_t i = 0; i < hidden; ++i) out.Append(fill);
  }
  out.Append(text.substr(tail));
}

bool AppendEmail(ByteBuffer& out, std::string_view text, bool keep_domain) {
  text = Trim(text);
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos || at == 0 || at > 64) return false;
  const std::string_view local = text.substr(0, at);
  const std::string_view domain = text.substr(at + 1);
  const auto bad = [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7F || c == '<' || c == '>' || c == ',';
  };
  if (std::any_of(local.begin(), local.end(), bad)) return false;
  if (!IsHostName(domain) || domain.find('.') == std::string_view::npos || IsNumeric(domain)) {
    return false;
  }
  out.Append("xxxxx@");
  out.Append(keep_domain ? domain : std::string_view("redacted.invalid"));
  return true;
}

bool AppendHost(ByteBuffer& out, std::string_view text) {
  text = Trim(text);
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || colon == 0 || !IsLetter(text[0])) return false;
  for (const char c : text.substr(0, colon)) {
    if (!IsLetter(c) && !IsDigit(c) && c != '+' && c != '-' && c != '.') return false;
  }
  text.remove_prefix(colon + 3);
  std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  // Where a backslash or a second @ stands, programs do not agree on which part is the host.
  if (authority.find('\\') != std::string_view::npos) return false;
  if (const std::size_t user = authority.find('@'); user != std::string_view::npos) {
    authority.remove_prefix(user + 1);
  }
  if (const std::size_t port = authority.find(':'); port != std::string_view::npos) {
    const std::string_view digits = authority.substr(port + 1);
    if (!std::all_of(digits.begin(), digits.end(), IsDigit)) return false;
    authority = authority.substr(0, port);
  }
  if (authority.ends_with('.')) authority.remove_suffix(1);
  if (!IsHostName(authority) || IsNumeric(authority)) return false;
  char* to = out.Reserve(authority.size());
  for (const char c : authority) *to++ = Lower(c);
  out.Commit(to);
  return true;
}

}  // namespace phisync
