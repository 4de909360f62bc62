#include "dti/protocol/round_plan_codec.hpp"

#include <cstddef>
#include <cstdint>

#include "dti/domain/name_fault.hpp"
#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/json_writer.hpp"
#include "protocol/fields.hpp"
#include "protocol/round_columns.hpp"
#include "protocol/strict_json.hpp"

namespace dti {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::string_view kMark = "dti-round-plan";
constexpr std::size_t kStoreIdBytesMax = 64;

}  // namespace

std::string encode_round_plan(const RoundPlan& plan) {
  std::string out;
  JsonWriter writer{out};
  writer.open_object();
  writer.number(kMark, kVersion);
  writer.text("store", plan.store);
  writer.text("semester", plan.semester);
  writer.text("policy", plan.policy);
  write_asks(writer, plan.asks);
  writer.close_object();
  out += '\n';
  return out;
}

std::variant<RoundPlan, std::string> decode_round_plan(std::string_view text) {
  const auto document = JsonDocument::parse(text);
  const JsonValue root = document.root();
  FieldReader reader{document.fault()};
  if (root[kMark].kind() != JsonKind::kWhole || root[kMark].whole() != kVersion) reader.fault(kMark, "must be 1");
  RoundPlan plan;
  plan.store = reader.text(root, "", "store", {1, kStoreIdBytesMax});
  plan.semester = reader.text(root, "", "semester", {1, kSemesterBytesMax});
  plan.policy = reader.text(root, "", "policy", {1, kIdBytesMax});
  plan.asks = read_asks(root, reader);
  if (reader.first_fault()) return *reader.first_fault();
  return plan;
}

}  // namespace dti
