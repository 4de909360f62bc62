#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "dti/domain/ledger.hpp"
#include "dti/domain/status.hpp"
#include "dti/service/ledger/stored_rows.hpp"

namespace dti {

// The texts of a ledger file for what a store has as codes, and the members that are numbers or NULL.

/// In the order of RegistryKind, whose codes begin with 1.
inline constexpr std::array<std::string_view, 8> kRegistryKindNames = {
    "faculty-added",   "program-added",     "semester-opened", "ledger-sealed",
    "semester-closed", "semester-reopened", "program-renamed", "program-retired"};

/// In the order of SemesterSetting.
inline constexpr std::array<std::string_view, kSemesterSettingCount> kSettingNames = {"wait-list-off", "wait-list-on"};

/// In the order of the codes.
inline const std::array<std::string_view, 2> kGrantStatusNames = {wire_text(Status::kOk),
                                                                  wire_text(Status::kNotEnoughResources)};

/// The names of an enumeration, in the order of the codes.
template <class Enumeration, int kCount>
[[nodiscard]] std::array<std::string_view, kCount> stored_texts() {
  std::array<std::string_view, kCount> names;
  for (int code = 0; code < kCount; ++code) {
    names[static_cast<std::size_t>(code)] = stored_text(static_cast<Enumeration>(code));
  }
  return names;
}

inline const auto kCauseNames = stored_texts<Cause, kCauseCount>();

/// The position of a text in a list of names; none if it is not there.
template <std::size_t kSize>
[[nodiscard]] std::optional<std::int64_t> index_of(const std::array<std::string_view, kSize>& names,
                                                   std::string_view text) {
  for (std::size_t i = 0; i < kSize; ++i) {
    if (names[i] == text) return static_cast<std::int64_t>(i);
  }
  return std::nullopt;
}

/// The name with that code; none if there is none.
template <std::size_t kSize>
[[nodiscard]] std::optional<std::string_view> name_at(const std::array<std::string_view, kSize>& names,
                                                      std::int64_t code) {
  if (code < 0 || std::cmp_greater_equal(code, kSize)) return std::nullopt;
  return names[static_cast<std::size_t>(code)];
}

/// A member of an entry that is a number, or is missing.
struct NumberColumn {
  std::string_view key;
  StoredNumber LedgerRow::*number;
};

inline constexpr std::array<NumberColumn, 10> kNumberColumns = {{
    {"program", &LedgerRow::program_id},
    {"generation", &LedgerRow::generation},
    {"classrooms-wanted", &LedgerRow::classrooms_wanted},
    {"labs-wanted", &LedgerRow::labs_wanted},
    {"classrooms-granted", &LedgerRow::classrooms_granted},
    {"labs-granted", &LedgerRow::labs_granted},
    {"mobile-labs-granted", &LedgerRow::mobile_labs_granted},
    {"classrooms-capacity", &LedgerRow::classrooms_capacity},
    {"labs-capacity", &LedgerRow::labs_capacity},
    {"conversions-capacity", &LedgerRow::conversions_capacity},
}};

/// Those of a quota; is-soft is 0 or 1.
inline constexpr std::array<NumberColumn, 5> kQuotaColumns = {{
    {"faculty", &LedgerRow::faculty_id},
    {"classrooms-limit", &LedgerRow::classrooms_limit},
    {"classrooms-limit-is-soft", &LedgerRow::classrooms_limit_is_soft},
    {"labs-limit", &LedgerRow::labs_limit},
    {"labs-limit-is-soft", &LedgerRow::labs_limit_is_soft},
}};

}  // namespace dti
