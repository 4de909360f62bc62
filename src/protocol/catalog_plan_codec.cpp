#include "dti/protocol/catalog_plan_codec.hpp"

#include <cstdint>
#include <limits>

#include "dti/protocol/allocation_codec.hpp"
#include "dti/protocol/json_writer.hpp"
#include "protocol/catalog_rows.hpp"
#include "protocol/fields.hpp"
#include "protocol/strict_json.hpp"

namespace dti {
namespace {

constexpr std::int64_t kVersion = 1;
constexpr std::string_view kMark = "dti-catalog-plan";
constexpr std::size_t kHexBytesMax = 64;
constexpr std::size_t kPathBytesMax = 4'096;

}  // namespace

std::string encode_catalog_plan(const CatalogPlan& plan) {
  std::string out;
  JsonWriter writer{out};
  writer.open_object();
  writer.number(kMark, kVersion);
  writer.text("id", plan.id);
  writer.text("store", plan.store);
  writer.text("file", plan.file);
  writer.text("file-hash", plan.file_hash);
  writer.open_array("steps");
  for (const auto& step : plan.steps) {
    writer.open_object();
    writer.number("expects", step.expects);
    write_catalog_rows(writer, "add", step.added);
    writer.close_object();
  }
  writer.close_array();
  writer.close_object();
  out += '\n';
  return out;
}

std::variant<CatalogPlan, std::string> decode_catalog_plan(std::string_view text) {
  const auto document = JsonDocument::parse(text);
  const JsonValue root = document.root();
  FieldReader reader{document.fault()};
  if (root[kMark].kind() != JsonKind::kWhole || root[kMark].whole() != kVersion) reader.fault(kMark, "must be 1");
  CatalogPlan plan;
  plan.id = reader.text(root, "", "id", {1, kIdBytesMax});
  plan.store = reader.text(root, "", "store", {1, kHexBytesMax});
  plan.file = reader.text(root, "", "file", {0, kPathBytesMax});
  plan.file_hash = reader.text(root, "", "file-hash", {1, kHexBytesMax});
  const JsonValue steps = root["steps"];
  if (steps.kind() != JsonKind::kArray) reader.fault("steps", "must be a list");
  for (auto step = steps.first(); step.kind() != JsonKind::kMissing && !reader.first_fault(); step = step.next()) {
    const auto expects = reader.whole(step, "expects", std::numeric_limits<std::int64_t>::max());
    plan.steps.push_back({expects, read_catalog_rows(step, "add", reader)});
  }
  if (reader.first_fault()) return *reader.first_fault();
  return plan;
}

}  // namespace dti
