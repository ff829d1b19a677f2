// Records of any texts and numbers: each is one line, JSON by a strict reader that is written here
// by itself, with each key once, and its texts are those that went in.

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/byte_buffer.h"
#include "core/record.h"

namespace {

using phisync::ByteBuffer;
using phisync::RecordSeq;
using Texts = std::vector<std::string>;

void Require(bool holds) {
  if (!holds) __builtin_trap();
}

// Reads one JSON text by RFC 8259, without any white space.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  // The members of an object that are strings or arrays of strings, those of nested ones left out.
  std::map<std::string, Texts> Record() {
    std::map<std::string, Texts> members;
    Object(&members);
    Require(text_.empty());
    return members;
  }

 private:
  char Peek() const { return text_.empty() ? '\0' : text_.front(); }
  char Next() {
    Require(!text_.empty());
    const char c = text_.front();
    text_.remove_prefix(1);
    return c;
  }
  void Word(std::string_view word) {
    Require(text_.starts_with(word));
    text_.remove_prefix(word.size());
  }

  void Object(std::map<std::string, Texts>* members) {
    std::map<std::string, Texts> own;
    Word("{");
    for (bool first = true; Peek() != '}'; first = false) {
      if (!first) Word(",");
      std::string key = String();
      Word(":");
      Texts texts;
      Value(&texts);
      Require(own.emplace(std::move(key), std::move(texts)).second);
    }
    Word("}");
    if (members != nullptr) *members = std::move(own);
  }

  void Value(Texts* texts) {
    switch (Peek()) {
      case '{':
        return Object(nullptr);
      case '[':
        Word("[");
        for (bool first = true; Peek() != ']'; first = false) {
          if (!first) Word(",");
          Value(texts);
        }
        return Word("]");
      case '"':
        texts->push_back(String());
        return;
      case 'n':
        return Word("null");
      default:
        return Number();
    }
  }

  void Number() {
    if (Peek() == '-') Next();
    Require(Peek() >= '0' && Peek() <= '9');
    const bool zero = Next() == '0';
    Require(!zero || Peek() < '0' || Peek() > '9');
    while (Peek() >= '0' && Peek() <= '9') Next();
  }

  std::string String() {
    Word("\"");
    std::string out;
    for (char c; (c = Next()) != '"';) {
      Require(static_cast<unsigned char>(c) >= 0x20);
      out += c == '\\' ? Escaped() : c;
    }
    return out;
  }

  char Escaped() {
    constexpr std::string_view kShort = "\"\\/bfnrt";
    constexpr std::string_view kMeaning = "\"\\/\b\f\n\r\t";
    const char c = Next();
    if (c != 'u') {
      Require(kShort.find(c) != std::string_view::npos);
      return kMeaning[kShort.find(c)];
    }
    int code = 0;
    for (int i = 0; i < 4; i++) {
      const std::size_t digit = std::string_view("0123456789abcdef").find(Next());
      Require(digit != std::string_view::npos);
      code = code * 16 + static_cast<int>(digit);
    }
    Require(code < 0x20);
    return static_cast<char>(code);
  }

  std::string_view text_;
};

// Cuts texts and numbers off the input.
class Input {
 public:
  Input(const std::uint8_t* data, std::size_t size)
      : rest_(reinterpret_cast<const char*>(data), size) {}

  std::uint64_t Number() {
    std::uint64_t number = 0;
    for (int i = 0; i < 8; i++) number = number << 8 | Byte();
    return number;
  }
  std::uint32_t Small() { return static_cast<std::uint32_t>(Number()); }
  std::uint8_t Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  std::string_view Text() {
    const std::string_view text = rest_.substr(0, Byte());
    rest_.remove_prefix(std::min(text.size(), rest_.size()));
    return text;
  }
  std::optional<std::string_view> MaybeText() {
    if (Byte() % 2 == 0) return {};
    return Text();
  }
  RecordSeq Seq() { return {Number(), Byte() % 2 == 0 ? 0 : Small()}; }

 private:
  std::string_view rest_;
};

Texts One(std::string_view text) {
  return {std::string(text)};
}
Texts One(std::optional<std::string_view> text) {
  return text ? One(*text) : Texts{};
}
Texts All(std::span<const std::string_view> texts) {
  return {texts.begin(), texts.end()};
}

// The members of the only record in the buffer.
std::map<std::string, Texts> Parse(const ByteBuffer& out, std::string_view kind) {
  const std::string_view line = out.view();
  Require(line.find('\n') == line.size() - 1);
  auto members = Reader(line.substr(0, line.size() - 1)).Record();
  Require(members["k"] == One(kind));
  return members;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  ByteBuffer out;
  const std::uint8_t kind = in.Byte() % 13;
  const std::string_view a = in.Text();
  const std::string_view b = in.Text();
  const std::string_view c = in.Text();
  const std::string_view several[] = {in.Text(), in.Text(), in.Text()};
  const auto list = std::span(several).first(in.Byte() % 4);
  const std::optional<std::string_view> maybe = in.MaybeText();
  if (kind == 0) {
    phisync::AppendHello(out, {in.Number(), in.Small(), a, b, R"({"consumer":"x"})"});
    auto hello = Parse(out, "hello");
    Require(hello["database"] == One(a) && hello["slot"] == One(b));
  } else if (kind == 1) {
    phisync::AppendBegin(out, {in.Small(), in.Number(), static_cast<std::int64_t>(in.Number()),
                               maybe, a, in.MaybeText()});
    auto begin = Parse(out, "begin");
    Require(begin["origin"] == One(maybe) && begin["cause"] == One(a));
  } else if (kind == 2 || kind == 3) {
    const phisync::RowRecord row{in.Seq(), list, a, b, c, in.Small()};
    if (kind == 2) {
      phisync::AppendPut(out, row, list, R"({"id":"x"})");
    } else {
      phisync::AppendRemove(out, row, "moved");
    }
    auto record = Parse(out, kind == 2 ? "put" : "remove");
    Require(record["buckets"] == All(list) && record["type"] == One(a) && record["id"] == One(b) &&
            record["subkey"] == One(c));
    Require(record.contains("xid") == (row.seq.xid != 0));
    if (kind == 2) Require(record["incomplete"] == All(list));
  } else if (kind == 4) {
    phisync::AppendClear(out, in.Seq(), a, b, static_cast<std::int64_t>(in.Number()), c);
    auto clear = Parse(out, "clear");
    Require(clear["buckets"] == One(a) && clear["type"] == One(b) && clear["reason"] == One(c));
  } else if (kind == 5) {
    phisync::AppendPolicy(out, in.Seq(), static_cast<std::int64_t>(in.Number()), a, list);
    auto policy = Parse(out, "policy");
    Require(policy["what"] == One(a) && policy["buckets"] == All(list));
  } else if (kind == 6) {
    phisync::AppendError(out, in.Seq(), in.Number(), a, b);
    auto error = Parse(out, "error");
    Require(error["relation"] == One(a) && error["sqlstate"] == One(b));
  } else if (kind == 7) {
    phisync::AppendCommit(out, in.Number(), in.Number(), in.Number(), in.Small());
    Parse(out, "commit");
  } else if (kind == 8) {
    phisync::AppendProgress(out, in.Number());
    Parse(out, "progress");
  } else if (kind == 9) {
    const bool utf8 = in.Byte() % 2 == 0;
    phisync::AppendMessage(out, in.Seq(), in.Number(), a, maybe, utf8);
    auto message = Parse(out, "message");
    Require(message["prefix"] == One(a));
    Require(message.contains("content_base64") == (maybe && !utf8));
    if (utf8) Require(message["content"] == One(maybe));
  } else if (kind == 10) {
    phisync::AppendStreamCommit(
        out, {in.Small(), in.Number(), in.Number(), static_cast<std::int64_t>(in.Number()), maybe,
              a, in.Number(), in.Small()});
    auto commit = Parse(out, "stream_commit");
    Require(commit["origin"] == One(maybe) && commit["cause"] == One(a));
  } else if (kind == 11) {
    phisync::AppendLookup(out, {in.Seq(), a, R"({"user_id":"x"})", maybe, b});
    auto lookup = Parse(out, "lookup");
    Require(lookup["bucket"] == One(a) && lookup["was"] == One(maybe) && lookup["is"] == One(b));
  } else {
    const std::uint32_t xid = in.Small();
    phisync::AppendStreamStart(out, xid);
    Parse(out, "stream_start");
    out.Clear();
    phisync::AppendStreamStop(out, xid);
    Parse(out, "stream_stop");
    out.Clear();
    phisync::AppendStreamAbort(out, xid, in.Small());
    Parse(out, "stream_abort");
  }
  return 0;
}
