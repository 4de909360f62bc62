#include "dti/protocol/json_writer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

#include "protocol/strict_json.hpp"

namespace dti {
namespace {

std::string written(std::string_view text) {
  std::string out;
  JsonWriter writer{out};
  writer.open_object();
  writer.text("k", text);
  writer.close_object();
  return out;
}

TEST(JsonWriter, CommasStandBetweenMembersAndElementsOnly) {
  std::string out;
  JsonWriter writer{out};
  writer.open_object();
  writer.open_array("empty");
  writer.close_array();
  writer.open_array("two");
  writer.open_object();
  writer.close_object();
  writer.open_object();
  writer.boolean("yes", true);
  writer.boolean("no", false);
  writer.close_object();
  writer.close_array();
  writer.text("brace", "{");
  writer.number("low", std::numeric_limits<std::int64_t>::min());
  writer.number("zero", 0);
  writer.close_object();
  EXPECT_EQ(out, R"({"empty":[],"two":[{},{"yes":true,"no":false}],"brace":"{","low":-9223372036854775808,"zero":0})");
}

TEST(JsonWriter, EscapesWhatJsonDoesNotAllowInATextAndNothingElse) {
  EXPECT_EQ(written("a\"b\\c/d"), R"({"k":"a\"b\\c/d"})");
  EXPECT_EQ(written("\b\f\n\r\t"), R"({"k":"\b\f\n\r\t"})");
  EXPECT_EQ(written(std::string_view{"\0\x01\x1f\x7f", 4}), "{\"k\":\"\\u0000\\u0001\\u001f\x7f\"}");
  EXPECT_EQ(written("ñ€😀"), "{\"k\":\"ñ€😀\"}");
}

TEST(JsonWriter, AByteIsEscapedTheSameWhereverItStandsInATextOfAnyLength) {
  const auto escaped = [](const std::string& text) {
    std::string out = "x";
    append_escaped(out, text);
    return out.substr(1);
  };
  for (int byte = 0; byte < 256; ++byte) {
    const std::string alone(1, static_cast<char>(byte));
    for (std::size_t size = 1; size <= 20; ++size) {
      for (std::size_t at = 0; at < size; ++at) {
        const std::string before(at, '~'), after(size - at - 1, ' ');
        ASSERT_EQ(escaped(before + alone + after), before + escaped(alone) + after) << byte << ", " << size;
      }
    }
  }
  EXPECT_EQ(escaped(""), "");
}

TEST(JsonWriter, EveryAsciiCharacterReadsBack) {
  for (char c = 1; c > 0 && c < 127; ++c) {
    const std::string text(1, c);
    const auto document = JsonDocument::parse(written(text));
    ASSERT_FALSE(document.fault()) << int{c};
    EXPECT_EQ(document.root()["k"].text(), text) << int{c};
  }
}

}  // namespace
}  // namespace dti
