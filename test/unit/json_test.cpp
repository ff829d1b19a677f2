#include "core/json.h"

#include <gtest/gtest.h>

#include <cstdio>
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
