#include "protocol/strict_json.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dti {
namespace {

std::string fault(const std::string& text) { return JsonDocument::parse(text).fault().value_or("none"); }

TEST(StrictJson, EachValueHasItsKind) {
  const auto document = JsonDocument::parse(
      R"([null, false, true, 0, 18446744073709551615, -0, -1, 7.0, 7e0, 18446744073709551616, "x", [], {}])");
  const JsonKind expected[] = {JsonKind::kNull,   JsonKind::kFalse,  JsonKind::kTrue,   JsonKind::kWhole,
                               JsonKind::kWhole,  JsonKind::kNumber, JsonKind::kNumber, JsonKind::kNumber,
                               JsonKind::kNumber, JsonKind::kNumber, JsonKind::kString, JsonKind::kArray,
                               JsonKind::kObject};
  auto value = document.root().first();
  for (const JsonKind kind : expected) {
    EXPECT_EQ(value.kind(), kind);
    value = value.next();
  }
  EXPECT_EQ(value.kind(), JsonKind::kMissing);
}

TEST(StrictJson, MembersAreFoundByNamePastNestedOnes) {
  const auto document = JsonDocument::parse(R"({"a":{"b":1,"c":[{"d":2},3]},"b":4,"s":"t\u00e9"})");
  ASSERT_FALSE(document.fault());
  const JsonValue root = document.root();
  EXPECT_EQ(root["b"].whole(), 4u);
  EXPECT_EQ(root["a"]["b"].whole(), 1u);
  EXPECT_EQ(root["a"]["c"].first()["d"].whole(), 2u);
  EXPECT_EQ(root["a"]["c"].first().next().whole(), 3u);
  EXPECT_EQ(root["s"].text(), "té");
}

TEST(StrictJson, WhatIsMissingStaysMissing) {
  const auto document = JsonDocument::parse(R"({"a":1})");
  for (const JsonValue missing : {document.root()["b"], document.root()["b"]["c"], document.root()["a"]["b"],
                                  document.root().next(), document.root()["a"].first(), document.root()["b"].first(),
                                  document.root()["b"].next(), document.root()["a"].next()}) {
    EXPECT_EQ(missing.kind(), JsonKind::kMissing);
    EXPECT_EQ(missing.text(), "");
    EXPECT_EQ(missing.whole(), 0u);
  }
}

TEST(StrictJson, AnEmptyTextHasNoRoot) {
  const auto document = JsonDocument::parse("");
  EXPECT_EQ(document.root().kind(), JsonKind::kMissing);
  EXPECT_EQ(document.root()["a"].kind(), JsonKind::kMissing);
  EXPECT_EQ(document.fault(), "the message: is empty");
}

TEST(StrictJson, TheFirstFaultInTheTextIsTheOneNamed) {
  EXPECT_EQ(fault(R"({"a":1,"a":2,"b":"\u0000"})"), "a: is given twice");
  EXPECT_EQ(fault(R"({"b":"\u0000","a":1,"a":2})"), "b: holds U+0000");
  EXPECT_EQ(fault(R"({"a":1,"a":2)"), "a: is given twice");
  EXPECT_EQ(fault(R"([0,[1,{"x":["\u0000"]}]])"), "[1][1].x[0]: holds U+0000");
}

TEST(StrictJson, OneNameInTwoObjectsIsNotTwice) {
  EXPECT_EQ(fault(R"([{"a":1},{"a":{"a":2}},{"b":[{"a":1}],"a":3}])"), "none");
}

TEST(StrictJson, WhatWasReadBeforeAFaultOfSyntaxIsKept) {
  const auto document = JsonDocument::parse(R"({"a":[{"b":1},{"b":2,"c":"x)");
  EXPECT_TRUE(document.fault());
  const JsonValue second = document.root()["a"].first().next();
  EXPECT_EQ(second["b"].whole(), 2u);
  EXPECT_EQ(second["c"].kind(), JsonKind::kMissing);
  EXPECT_EQ(second.next().kind(), JsonKind::kMissing);
}

TEST(StrictJson, WhatStandsAroundATooDeepValueIsKept) {
  const std::string deep = std::string(40, '[') + std::string(40, ']');
  const auto document = JsonDocument::parse(R"({"a":)" + deep + R"(,"b":[1,)" + deep + R"(,2]})");
  EXPECT_EQ(
      document.fault(), "a" + [] {
        std::string path;
        for (int i = 0; i < 31; ++i) path += "[0]";
        return path;
      }() + ": is nested deeper than 32");
  EXPECT_EQ(document.root()["b"].first().next().next().whole(), 2u);
}

TEST(StrictJson, DepthIs32AtMostAndAnyDepthIsReadWithoutRecursion) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_EQ(fault(nested(32)), "none");
  EXPECT_NE(fault(nested(33)).find("is nested deeper than 32"), std::string::npos);
  EXPECT_NE(fault(nested(200'000)).find("is nested deeper than 32"), std::string::npos);
  EXPECT_NE(fault(std::string(200'000, '[')).find("is nested deeper than 32"), std::string::npos);
}

TEST(StrictJson, AFaultsPathIsShortAndOnOneLineAndUtf8) {
  const std::string key = std::string(39, 'k') + "ñ" + std::string(1000, 'k');
  EXPECT_EQ(fault("{\"" + key + "\":\"\\u0000\"}"), std::string(39, 'k') + "…: holds U+0000");
  EXPECT_EQ(fault(R"({"a\nb":"\u0000"})"), "a?b: holds U+0000");
}

TEST(StrictJson, TheTextsOwnWordsDoNotChooseTheReason) {
  EXPECT_EQ(fault(R"({"a":"UTF-8 surrogate" x)"), "the message: is not JSON (at byte 24)");
  EXPECT_EQ(fault("[\"UTF-8; last read surrogate\\q\"]"), "[0]: is not JSON (at byte 30)");
}

TEST(StrictJson, AByteOrderMarkIsAFaultAndWhatFollowsIsRead) {
  const auto document = JsonDocument::parse("\xEF\xBB\xBF{\"a\":1}");
  EXPECT_EQ(document.fault(), "the message: starts with a byte order mark");
  EXPECT_EQ(document.root()["a"].whole(), 1u);
}

}  // namespace
}  // namespace dti
