#include "dti/domain/ledger.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "dti/base/check.hpp"

namespace dti {
namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, kEntryKindCount> kKinds = {
    "granted",           "released", "capacity-changed", "semester-opened", "semester-closed",
    "semester-reopened", "setting",  "waiting-left",     "confirmed",       "hold-extended",
    "quota-set",         "round",    "round-opened"};
constexpr std::array<std::string_view, kCauseCount> kCauses = {
    "asked", "amended", "released", "topped-up", "confirmed-in-part", "cancelled", "expired", "round"};

}  // namespace

std::string_view stored_text(EntryKind kind) {
  const auto index = static_cast<std::size_t>(kind);
  DTI_CHECK(index < kKinds.size());
  return kKinds[index];
}

std::string_view stored_text(Cause cause) {
  const auto index = static_cast<std::size_t>(cause);
  DTI_CHECK(index < kCauses.size());
  return kCauses[index];
}

std::optional<EntryKind> entry_kind_from_store(std::string_view text) {
  const auto found = std::find(kKinds.begin(), kKinds.end(), text);
  if (found == kKinds.end()) return std::nullopt;
  return static_cast<EntryKind>(found - kKinds.begin());
}

std::optional<EntryKind> entry_kind_from_code(std::int64_t code) {
  if (code < 0 || std::cmp_greater_equal(code, kKinds.size())) return std::nullopt;
  return static_cast<EntryKind>(code);
}

}  // namespace dti
