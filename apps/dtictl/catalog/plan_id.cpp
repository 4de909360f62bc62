#include "dtictl/catalog/plan_id.hpp"

#include <cstddef>
#include <string_view>

#include "dti/seals/blake2b.hpp"

namespace dti {
namespace {

constexpr std::size_t kDigits = 40;  // 160 bits: no other plan with the same id can be found

}  // namespace

std::string plan_id(const CatalogPlan& plan) {
  Blake2b hash;
  // Each text after its length, so that no two plans have the same bytes.
  const auto add = [&](std::string_view text) {
    hash.add(std::to_string(text.size()) + ':');
    hash.add(text);
  };
  add("dti-catalog-plan-1");
  add(plan.store);
  add(plan.file_hash);
  for (const auto& step : plan.steps) {
    add(std::to_string(step.expects));
    add(std::to_string(step.added.size()));
    for (const auto& row : step.added) {
      add(row.faculty);
      add(row.program);
    }
  }
  return "plan-" + hex_text(hash.finish()).substr(0, kDigits);
}

}  // namespace dti
