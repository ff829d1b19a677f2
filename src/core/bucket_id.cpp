#include "core/bucket_id.h"

#include <charconv>
#include <cstdint>

#include "core/error.h"
#include "core/json.h"
#include "core/object_name.h"

namespace phisync {
namespace {

[[noreturn]] void Refuse() {
  throw Error(sqlstate::kInvalidParameterValue, "invalid bucket id",
              "A bucket id is the definition's name and a JSON array without spaces of the "
              "parameters' values, as it stands in the records of the stream.",
              "Write clinic[\"c1\"] for one bucket, or clinic for all of a definition.");
}

// Four hexadecimal digits; -1 if they are none.
int HexDigits(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.size() != 4 || error != std::errc() || end != text.data() + text.size()) return -1;
  return value;
}

// Takes one value off the front of `rest`.
class ValueReader {
 public:
  explicit ValueReader(std::string_view& rest) : rest_(rest) {}

  std::string Next() {
    if (rest_.empty()) Refuse();
    return rest_.front() == '"' ? String() : Number();
  }

 private:
  // Whatever the escapes are, the text must be the one that the stream writes.
  std::string String() {
    std::string value;
    std::size_t i = 1;
    for (; i < rest_.size() && rest_[i] != '"'; ++i) {
      value += rest_[i] == '\\' ? Escape(i) : rest_[i];
    }
    if (i >= rest_.size()) Refuse();
    ByteBuffer written;
    AppendJsonString(written, value);
    if (written.view() != rest_.substr(0, i + 1)) Refuse();
    rest_.remove_prefix(i + 1);
    return value;
  }

  // The character that the escape at `i` stands for; leaves `i` at its last byte.
  char Escape(std::size_t& i) {
    if (++i >= rest_.size()) Refuse();
    switch (rest_[i]) {
      case '"':
      case '\\':
        return rest_[i];
      case 'b':
        return '\b';
      case 'f':
        return '\f';
      case 'n':
        return '\n';
      case 'r':
        return '\r';
      case 't':
        return '\t';
      case 'u': {
        const int code = HexDigits(rest_.substr(i + 1, 4));
        if (code < 0 || code >= 0x20) Refuse();
        i += 4;
        return static_cast<char>(code);
      }
      default:
        Refuse();
    }
  }

  std::string Number() {
    const std::size_t end = rest_.find_first_not_of("0123456789+-.e");
    std::string value(rest_.substr(0, end));
    if (value.empty()) Refuse();
    rest_.remove_prefix(value.size());
    return value;
  }

  std::string_view& rest_;
};

}  // namespace

BucketId ParseBucketId(std::string_view text) {
  BucketId id;
  const std::size_t bracket = text.find('[');
  id.name = text.substr(0, bracket);
  if (!IsObjectName(id.name)) Refuse();
  if (bracket == std::string_view::npos || text.substr(bracket) == "[*]") {
    id.whole = true;
    return id;
  }
  std::string_view rest = text.substr(bracket + 1);
  ValueReader reader(rest);
  while (rest != "]") {
    if (!id.values.empty()) {
      if (rest.empty() || rest.front() != ',') Refuse();
      rest.remove_prefix(1);
    }
    id.values.push_back(reader.Next());
  }
  return id;
}

}  // namespace phisync
