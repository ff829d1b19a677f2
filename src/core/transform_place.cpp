#include "core/transform_place.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/blanks.h"

namespace phisync {
namespace {

using Address = std::array<std::uint8_t, 16>;

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

// A whole number without sign that is all of the text.
bool ReadNumber(std::string_view text, int base, int max, std::size_t max_digits, int* number) {
  if (text.empty() || text.size() > max_digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number, base);
  return error == std::errc() && end == text.data() + text.size() && *number >= 0 && *number <= max;
}

// Cuts off and gives what stands before the first `c`, or all.
std::string_view Cut(std::string_view* text, char c, bool* more) {
  const std::size_t at = text->find(c);
  *more = at != std::string_view::npos;
  const std::string_view part = text->substr(0, at);
  text->remove_prefix(*more ? at + 1 : text->size());
  return part;
}

bool ReadV4(std::string_view text, std::uint8_t* bytes) {
  bool more = true;
  for (int i = 0; i < 4; ++i) {
    int number = 0;
    const std::string_view part = Cut(&text, '.', &more);
    // Octal to some, decimal to others.
    if (part.size() > 1 && part[0] == '0') return false;
    if (!ReadNumber(part, 10, 255, 3, &number) || more != (i < 3)) return false;
    bytes[i] = static_cast<std::uint8_t>(number);
  }
  return true;
}

// Groups of one side of `::`, or of the whole; gives how many bytes they are, or -1.
int ReadGroups(std::string_view text, bool last, std::uint8_t* bytes) {
  if (text.empty()) return 0;
  int size = 0;
  for (bool more = true; more;) {
    const std::string_view part = Cut(&text, ':', &more);
    if (last && !more && part.find('.') != std::string_view::npos) {
      if (size > 12 || !ReadV4(part, bytes + size)) return -1;
      return size + 4;
    }
    int number = 0;
    if (size > 14 || !ReadNumber(part, 16, 0xFFFF, 4, &number)) return -1;
    bytes[size++] = static_cast<std::uint8_t>(number >> 8);
    bytes[size++] = static_cast<std::uint8_t>(number);
  }
  return size;
}

bool ReadV6(std::string_view text, Address* address) {
  const std::size_t gap = text.find("::");
  if (gap == std::string_view::npos) return ReadGroups(text, true, address->data()) == 16;
  const std::string_view after = text.substr(gap + 2);
  Address tail{};
  const int head_size = ReadGroups(text.substr(0, gap), false, address->data());
  const int tail_size = ReadGroups(after, true, tail.data());
  if (head_size < 0 || tail_size < 0 || head_size + tail_size > 14) return false;
  std::fill(address->begin() + head_size, address->end(), std::uint8_t{0});
  std::copy_n(tail.begin(), tail_size, address->end() - tail_size);
  return true;
}

// How many bits of the address may be shown if `v4` bits of an IPv4 address may.
int ShownBits(const Address& a, int v4, int v6) {
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  constexpr std::array<std::uint8_t, 12> kNat64 = {0, 0x64, 0xFF, 0x9B};
  constexpr std::array<std::uint8_t, 2> k6to4 = {0x20, 0x02};
  if (std::equal(kMapped.begin(), kMapped.end(), a.begin()) ||
      std::equal(kNat64.begin(), kNat64.end(), a.begin())) {
    return std::min(v6, 96 + v4);
  }
  if (std::equal(k6to4.begin(), k6to4.end(), a.begin())) return std::min(v6, 16 + v4);
  return v6;
}

void ClearAfter(std::uint8_t* bytes, int size, int bits) {
  for (int i = 0; i < size; ++i) {
    const int kept = std::clamp(bits - 8 * i, 0, 8);
    bytes[i] = static_cast<std::uint8_t>(bytes[i] & 0xFF00 >> kept);
  }
}

void AppendNumber(ByteBuffer& out, int number, int base) {
  char* const to = out.Reserve(8);
  out.Commit(std::to_chars(to, to + 8, number, base).ptr);
}

// RFC 5952, but for the dotted form of mapped addresses.
void AppendV6(ByteBuffer& out, const Address& address) {
  const auto group = [&](int i) {
    const std::size_t at = 2 * static_cast<std::size_t>(i);
    return address[at] << 8 | address[at + 1];
  };
  int gap = -1;
  int gap_size = 1;
  for (int i = 0; i < 8; ++i) {
    int end = i;
    while (end < 8 && group(end) == 0) ++end;
    if (end - i > gap_size) {
      gap = i;
      gap_size = end - i;
    }
    i = std::max(i, end);
  }
  for (int i = 0; i < 8; ++i) {
    if (i == gap) {
      out.Append("::");
      i += gap_size - 1;
      continue;
    }
    if (i != 0 && i != gap + gap_size) out.Append(':');
    AppendNumber(out, group(i), 16);
  }
}

}  // namespace

int ZipPrefix(std::string_view text) {
  char digits[9];
  std::size_t count = 0;
  for (const char c : text) {
    if (c == ' ' || c == '-') continue;
    if (!IsDigit(c) || count == 9) return -1;
    digits[count++] = c;
  }
  if (count != 5 && count != 9) return -1;
  return (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + digits[2] - '0';
}

int ZipPrefix(std::int64_t number) {
  constexpr std::int64_t kLowest = 501;
  if (number >= kLowest && number <= 99'999) return static_cast<int>(number / 100);
  if (number >= 100'000'000 && number <= 999'999'999) return static_cast<int>(number / 1'000'000);
  return -1;
}

bool AppendNetwork(ByteBuffer& out, std::string_view text, int v4, int v6) {
  text = Trim(text);
  bool has_length = false;
  const std::string_view host = Cut(&text, '/', &has_length);
  const bool is_v6 = host.find(':') != std::string_view::npos;
  const int width = is_v6 ? 128 : 32;
  int bits = width;
  if (has_length && !ReadNumber(text, 10, width, 3, &bits)) return false;
  Address address{};
  if (is_v6 ? !ReadV6(host, &address) : !ReadV4(host, address.data())) return false;
  bits = std::min(bits, is_v6 ? ShownBits(address, v4, v6) : v4);
  ClearAfter(address.data(), width / 8, bits);
  if (is_v6) {
    AppendV6(out, address);
  } else {
    for (std::size_t i = 0; i < 4; ++i) {
      if (i != 0) out.Append('.');
      AppendNumber(out, address[i], 10);
    }
  }
  if (bits != width) {
    out.Append('/');
    AppendNumber(out, bits, 10);
  }
  return true;
}

bool AppendDegrees(ByteBuffer& out, std::string_view decimal, const Step& step) {
  if (decimal.starts_with('+')) decimal.remove_prefix(1);
  double degrees = 0;
  const auto [end, error] =
      std::from_chars(decimal.data(), decimal.data() + decimal.size(), degrees);
  // Not-a-number is not in the range either.
  if (end != decimal.data() + decimal.size() || !(degrees >= -180 && degrees <= 180)) return false;
  if (error != std::errc() && error != std::errc::result_out_of_range) return false;
  return AppendFloor(out, decimal, step);
}

bool AppendPosition(ByteBuffer& out, std::string_view text, const Step& step) {
  const std::size_t from = out.size();
  text = Trim(text);
  const bool parentheses = text.starts_with('(') && text.ends_with(')') && text.size() > 2;
  if (parentheses) text = Trim(text.substr(1, text.size() - 2));
  const std::size_t separator = std::min(text.find_first_of(", "), text.size());
  std::string_view second = Trim(text.substr(separator));
  const bool two = !second.empty();
  if (second.starts_with(',')) second = Trim(second.substr(1));
  if (parentheses) out.Append('(');
  bool good = AppendDegrees(out, text.substr(0, separator), step);
  if (good && two) {
    out.Append(',');
    good = AppendDegrees(out, second, step);
  }
  if (!good) {
    out.Truncate(from);
    return false;
  }
  if (parentheses) out.Append(')');
  return true;
}

}  // namespace phisync
