#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dti/domain/pool.hpp"
#include "dti/domain/status.hpp"
#include "protocol/strict_json.hpp"

namespace dti {

/// The minimum and maximum length of a text field, in bytes.
struct TextBounds {
  std::size_t min = 0;
  std::size_t max = 0;
};

/// Tells whether a reply with this status contains the rooms that a program holds.
[[nodiscard]] constexpr bool carries_grant(Status status) {
  return status == Status::kOk || status == Status::kNotEnoughResources || status == Status::kAlreadyHasResources;
}

/// The value as a whole number from 0 to kQuantityMax; none if it is not such a number.
[[nodiscard]] std::optional<Quantity> quantity_of(JsonValue value);

/// The status for a text that a new or an old peer sent; kUnavailable if the text is unknown.
/// Source: docs/protocol.md, Statuses.
[[nodiscard]] Status status_of(std::string_view text);

/// Reads the fields of a message and keeps the first fault.
class FieldReader {
 public:
  /// @param fault  the fault of the document itself, which comes before all others; none if it has none
  explicit FieldReader(std::optional<std::string> fault) : fault_(std::move(fault)) {}

  /// @param prefix  the path of `object`, with its dot: `programs[2].`
  /// @return the text, also if it is too long or too short; empty if the field is not a text
  [[nodiscard]] std::string text(JsonValue object, std::string_view prefix, std::string_view key, TextBounds bounds);

  /// @return the text; none if the field is missing (which is not a fault) or is not a text within the bounds
  [[nodiscard]] std::optional<std::string> optional_text(JsonValue object, std::string_view key, TextBounds bounds);

  /// @return the number; 0 if it is not a whole number from 0 to kQuantityMax
  [[nodiscard]] Quantity quantity(JsonValue object, std::string_view prefix, std::string_view key);

  /// @return the number; 0 if it is not a whole number from 0 to `max`
  [[nodiscard]] std::int64_t whole(JsonValue object, std::string_view key, std::int64_t max);

  /// Reads `hold-seconds`. @return 1 to kHoldMax; 0 if it is not such a number
  [[nodiscard]] std::int64_t hold_seconds(JsonValue object);
  /// @return also 0 if the field is missing, which is not a fault
  [[nodiscard]] std::int64_t optional_hold_seconds(JsonValue object);

  /// @return the value; false if the field is not true or false
  [[nodiscard]] bool boolean(JsonValue object, std::string_view key);

  /// @return the value; false if the field is missing (which is not a fault) or is not true or false
  [[nodiscard]] bool optional_boolean(JsonValue object, std::string_view key);

  void fault(std::string_view path, std::string_view reason);
  [[nodiscard]] const std::optional<std::string>& first_fault() const { return fault_; }

 private:
  void fault(std::string_view prefix, std::string_view key, std::string_view reason);

  std::optional<std::string> fault_;
};

}  // namespace dti
