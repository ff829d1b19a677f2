#include "core/json.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <random>
#include <string>

namespace phisync {
namespace {

std::string Quoted(std::string_view text) {
  ByteBuffer out;
  AppendJsonString(out, text);
  return std::string(out.view());
}

// Byte by byte, the rule as it is written down.
std::string Reference(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const std::size_t short_form = std::string_view("\"\\\b\f\n\r\t").find(c);
    if (short_form != std::string_view::npos) {
      out += '\\';
      out += "\"\\bfnrt"[short_form];
    } else if (byte < 0x20) {
      char text[8];
      std::snprintf(text, sizeof text, "\\u%04x", byte);
      out += text;
    } else {
      out += c;
    }
  }
  return out + '"';
}

TEST(Json, EscapesAsJsonStringifyDoes) {
  EXPECT_EQ(Quoted(""), R"("")");
  EXPECT_EQ(Quoted("plain"), R"("plain")");
  EXPECT_EQ(Quoted("a\"b\\c/d"), R"("a\"b\\c/d")");
  EXPECT_EQ(Quoted("\b\f\n\r\t"), R"("\b\f\n\r\t")");
  EXPECT_EQ(Quoted(std::string_view("\0\x01\x1f\x0b", 4)), R"("\u0000\u0001\u001f\u000b")");
  EXPECT_EQ(Quoted("\x7f"), "\"\x7f\"");
  EXPECT_EQ(Quoted("\u2028\u2029\U0001F600é"), "\"\u2028\u2029\U0001F600é\"");
}

TEST(Json, EveryByteAtEveryPlaceOfAWord) {
  for (int byte = 0; byte < 256; ++byte) {
    for (std::size_t length = 1; length <= 20; ++length) {
      for (std::size_t at = 0; at < length; ++at) {
        std::string text(length, 'x');
        text[at] = static_cast<char>(byte);
        ASSERT_EQ(Quoted(text), Reference(text)) << byte << " at " << at << " of " << length;
      }
    }
  }
}

// The last byte before a page that may not be touched, at every length around the size of a block,
// with an escape at every place and with none.
TEST(Json, ReadsNoByteBeyondTheText) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  void* const pages =
      mmap(nullptr, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  char* const first = static_cast<char*>(pages) + page;
  ASSERT_EQ(mprotect(first - page, page, PROT_NONE), 0);
  ASSERT_EQ(mprotect(first + page, page, PROT_NONE), 0);
  const auto check = [](std::string_view text) {
    ByteBuffer out;
    AppendJsonString(out, text);
    AppendJsonEscaped(out, text);
    const std::string quoted = Reference(text);
    ASSERT_EQ(out.view(), quoted + quoted.substr(1, quoted.size() - 2)) << text.size();
  };
  for (std::size_t length = 0; length <= 70; ++length) {
    for (char* const text : {first, first + page - length}) {
      std::memset(first, 'x', page);
      check({text, length});
      for (std::size_t at = 0; at < length; ++at) {
        text[at] = "\"\\\n\x80"[at % 4];
        check({text, length});
        if (length > 20) text[at] = 'y';
      }
    }
  }
  munmap(pages, 3 * page);
}

TEST(Json, RandomBytesAgreeWithTheRule) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 80, ' ');
    // Half of the rounds draw from the bytes that matter most often.
    for (char& c : text) {
      c = static_cast<char>(round % 2 == 0 ? random() % 256 : "\"\\\n az\x80\xff"[random() % 8]);
    }
    ASSERT_EQ(Quoted(text), Reference(text));
  }
}

TEST(Json, StringsInStringsAreEscapedTwice) {
  std::mt19937 random(11);
  for (int round = 0; round < 5'000; ++round) {
    std::string text(random() % 40, ' ');
    for (char& c : text) c = "\"\\\n abcdefgh"[random() % (round % 2 == 0 ? 12 : 4)];
    ByteBuffer out;
    AppendJsonStringInString(out, text);
    const std::string twice = Reference(Reference(text));
    ASSERT_EQ(out.view(), std::string_view(twice).substr(1, twice.size() - 2));
  }
}

TEST(Json, AppendsAfterWhatIsThere) {
  ByteBuffer out;
  out.Append('{');
  AppendJsonKey(out, "a\"b");
  AppendJsonEscaped(out, "x\ny");
  EXPECT_EQ(out.view(), R"({"a\"b":x\ny)");
  const std::size_t size = out.size();
  for (int i = 0; i < 1000; ++i) AppendJsonString(out, "\x01\x02\x03");
  EXPECT_EQ(out.size(), size + 1000 * 20);
  out.Truncate(size);
  EXPECT_EQ(out.view(1), R"("a\"b":x\ny)");
}

TEST(ByteBuffer, AppendsStampsAndLiteralsOfAllSizes) {
  ByteBuffer out;
  std::string expected;
  for (std::size_t size = 0; size <= 50; ++size) {
    const std::string text(size, static_cast<char>('a' + size % 26));
    out.Append(Stamp(text));
    out.Append("<literal of more than sixteen bytes>");
    out.Append("|");
    expected += text + "<literal of more than sixteen bytes>|";
  }
  EXPECT_EQ(out.view(), expected);
}

TEST(ByteBuffer, KeepsItsMemoryWhenCleared) {
  ByteBuffer out;
  EXPECT_TRUE(out.empty());
  out.Append(std::string(100'000, 'a'));
  const char* const data = out.data();
  out.Clear();
  EXPECT_TRUE(out.empty());
  out.Append(std::string(100'000, 'b'));
  EXPECT_EQ(out.data(), data);
  out.Append(std::string_view());
  EXPECT_EQ(out.view(), std::string(100'000, 'b'));
  out.Trim(1'000'000);
  EXPECT_EQ(out.data(), data);
  out.Trim(1000);
  EXPECT_EQ(out.data(), nullptr);
  out.Append('c');
  EXPECT_EQ(out.view(), "c");
}

}  // namespace
}  // namespace phisync
