#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "dti/seals/seal.hpp"
#include "dti/service/ledger/stored_rows.hpp"
#include "repository/file/flat_object.hpp"

namespace dti {

inline constexpr std::int64_t kNumberMax = std::numeric_limits<std::int64_t>::max();
// Numbers in the columns of PostgreSQL.
inline constexpr std::int64_t kIntegerMax = std::numeric_limits<std::int32_t>::max();

/// Takes the members of a line. It keeps the first fault; after one, what it returns means nothing.
class LineFields {
 public:
  explicit LineFields(FlatObject& object) : object_(object) {}

  [[nodiscard]] std::int64_t number(std::string_view key, std::int64_t min, std::int64_t max);
  [[nodiscard]] StoredNumber optional_number(std::string_view key, std::int64_t min, std::int64_t max);
  /// Microseconds since 1970 of a time that both databases can store.
  [[nodiscard]] std::int64_t time(std::string_view key);
  [[nodiscard]] StoredNumber optional_time(std::string_view key);
  [[nodiscard]] bool flag(std::string_view key);
  [[nodiscard]] std::string text(std::string_view key, std::size_t bytes_max = std::string::npos);
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view key);
  [[nodiscard]] Seal seal(std::string_view key);
  [[nodiscard]] std::optional<Seal> optional_seal(std::string_view key);
  [[nodiscard]] std::array<std::uint8_t, 16> hex16(std::string_view key);
  [[nodiscard]] std::optional<std::array<std::uint8_t, 16>> optional_hex16(std::string_view key);

  /// The number of a text in a list of names, from 0.
  template <std::size_t kSize>
  [[nodiscard]] std::int64_t name(std::string_view key, const std::array<std::string_view, kSize>& names) {
    return name_in(object_.take(key), key, names);
  }
  template <std::size_t kSize>
  [[nodiscard]] StoredNumber optional_name(std::string_view key, const std::array<std::string_view, kSize>& names) {
    const auto* const member = object_.take(key);
    return member == nullptr ? StoredNumber{} : StoredNumber{name_in(member, key, names)};
  }

  void fault(std::string_view key, std::string_view reason);
  /// The first fault, also about a member that was not taken; none if the line is good.
  [[nodiscard]] const std::optional<std::string>& finish();

 private:
  template <std::size_t kSize>
  std::int64_t name_in(const FlatMember* member, std::string_view key,
                       const std::array<std::string_view, kSize>& names) {
    if (is_text(member, key)) {
      for (std::size_t i = 0; i < kSize; ++i) {
        if (member->text == names[i]) return static_cast<std::int64_t>(i);
      }
      fault(key, "is not one of the texts that it may be");
    }
    return 0;
  }

  std::int64_t number_in(const FlatMember* member, std::string_view key, std::int64_t min, std::int64_t max);
  bool is_text(const FlatMember* member, std::string_view key);
  Seal seal_in(const FlatMember* member, std::string_view key);
  std::array<std::uint8_t, 16> hex16_in(const FlatMember* member, std::string_view key);

  FlatObject& object_;
  std::optional<std::string> fault_;
};

}  // namespace dti
