#include "dti/domain/policies/policies.hpp"

#include <algorithm>
#include <array>
#include <cstddef>

#include "dti/base/check.hpp"

namespace dti {
namespace {

struct Row {
  std::string_view name;
  Awards (*share)(const Pool&, std::span<const Ask>);
};

// In the order of the enumeration.
constexpr std::array<Row, 7> kRows = {{
    {"first-come", first_come},
    {"priority", priority},
    {"proportional", proportional},
    {"max-min", max_min},
    {"weighted", weighted},
    {"floors", floors},
    {"drf", drf},
}};

const Row& row(Policy policy) {
  const auto index = static_cast<std::size_t>(policy);
  DTI_CHECK(index < kRows.size());
  return kRows[index];
}

}  // namespace

std::string_view policy_name(Policy policy) { return row(policy).name; }

std::optional<Policy> parse_policy(std::string_view name) {
  const auto found = std::find_if(kRows.begin(), kRows.end(), [&](const Row& r) { return r.name == name; });
  if (found == kRows.end()) return std::nullopt;
  return static_cast<Policy>(found - kRows.begin());
}

Awards share(Policy policy, const Pool& pool, std::span<const Ask> asks) { return row(policy).share(pool, asks); }

}  // namespace dti
