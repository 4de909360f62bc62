#include "dti/service/ledger/replay_quota.hpp"

#include <string>
#include <utility>

#include "dti/service/ledger/quantity_text.hpp"

namespace dti {
namespace {

StoreDifference difference(const LedgerRow& row, std::string what, std::string stored, std::string expected) {
  return {row.seq, std::nullopt, std::move(what), std::move(stored), std::move(expected)};
}

bool is_flag(const StoredNumber& number) { return number == StoredNumber{0} || number == StoredNumber{1}; }

/// @return none: the limit lacks a column, or no limit has these numbers
std::optional<QuotaLimit> limit_of(const StoredNumber& rooms, const StoredNumber& is_soft) {
  if (!rooms && !is_soft) return QuotaLimit{};
  if (!rooms || !is_flag(is_soft) || *rooms < 0 || *rooms > kCapacityMax) return std::nullopt;
  return QuotaLimit{static_cast<std::int32_t>(*rooms), *is_soft == 1};
}

}  // namespace

std::optional<Quota> quota_of(const LedgerRow& row) {
  const auto classrooms = limit_of(row.classrooms_limit, row.classrooms_limit_is_soft);
  const auto labs = limit_of(row.labs_limit, row.labs_limit_is_soft);
  if (!row.faculty_id || !classrooms || !labs) return std::nullopt;
  return Quota{*classrooms, *labs};
}

std::optional<StoreDifference> replay_quota(const LedgerRow& row, const RowContext& context) {
  const auto quota = quota_of(row);
  if (!quota) {
    return difference(row, "no quota has these columns", {},
                      "a faculty, and limits of 0 to " + std::to_string(kCapacityMax) + ", each hard or soft");
  }
  const auto faculty = *row.faculty_id;
  if (faculty < 1 || std::cmp_greater(faculty, context.faculty_count)) {
    return difference(row, "the faculty is not in the catalogue", "faculty " + std::to_string(faculty),
                      "1 to " + std::to_string(context.faculty_count));
  }
  const auto held = context.quotas == nullptr ? CountedRooms{} : context.quotas->held(static_cast<FacultyId>(faculty));
  if (!breaks(*quota, held)) return std::nullopt;
  return difference(row, "a hard limit is less than what faculty " + std::to_string(faculty) + " holds",
                    text_of(*quota), "at least " + text_of(held));
}

}  // namespace dti
