#include <gtest/gtest.h>

#include <array>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "dti/protocol/allocation_codec.hpp"
#include "protocol/strict_json.hpp"
#include "unit/protocol/golden.hpp"

namespace dti {
namespace {

std::string from_base64(std::string_view text) {
  static constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text.substr(0, text.find('='))) {
    bits = (bits << 6) | static_cast<unsigned>(kDigits.find(c));
    if ((count += 6) >= 8) bytes += static_cast<char>((bits >> (count -= 8)) & 0xFF);
  }
  return bytes;
}

std::string body_of(JsonValue row) {
  const std::string part = row["body_base64"].kind() == JsonKind::kString ? from_base64(row["body_base64"].text())
                                                                          : std::string{row["body"].text()};
  const std::uint64_t repeat = row["repeat"].kind() == JsonKind::kWhole ? row["repeat"].whole() : 1;
  std::string body{row["prefix"].text()};
  for (std::uint64_t i = 0; i < repeat; ++i) body += part;
  return body.append(row["suffix"].text());
}

std::vector<std::string> listed_in(const AllocationRequest& request) {
  std::vector<std::string> ids;
  for (const ProgramRequest& program : request.programs) ids.push_back(program.correlation_id);
  return ids;
}

void check(JsonValue row, const DecodedRequest& decoded) {
  const std::string_view verdict = row["verdict"].text();
  const AllocationRequest* request = std::get_if<AllocationRequest>(&decoded);
  if (const auto* malformed = std::get_if<MalformedRequest>(&decoded)) {
    EXPECT_EQ(verdict, "malformed") << malformed->detail;
    EXPECT_NE(malformed->detail.find(row["detail"].text()), std::string::npos) << malformed->detail;
    request = &malformed->readable;
  } else {
    EXPECT_EQ(verdict, request != nullptr ? "ok" : "health");
  }
  if (request == nullptr || row["listed"].kind() != JsonKind::kArray) return;
  std::vector<std::string> expected;
  for (auto id = row["listed"].first(); id.kind() != JsonKind::kMissing; id = id.next())
    expected.emplace_back(id.text());
  EXPECT_EQ(listed_in(*request), expected);
}

TEST(HostileRequests, EachGetsTheVerdictAndTheReasonOfTheTable) {
  std::istringstream table{golden("hostile_requests.jsonl")};
  AllocationRequestDecoder decoder;
  int rows = 0;
  for (std::string line; std::getline(table, line); ++rows) {
    const auto document = JsonDocument::parse(line);
    ASSERT_FALSE(document.fault()) << *document.fault() << " in line " << rows + 1;
    SCOPED_TRACE(std::string{document.root()["name"].text()});
    const std::string body = body_of(document.root());
    const DecodedRequest strict = decode_allocation_request(body);
    check(document.root(), strict);
    EXPECT_TRUE(decoder.decode(body) == strict) << "the faster decoder differs";
  }
  EXPECT_GE(rows, 200) << "the table was cut";
}

}  // namespace
}  // namespace dti
