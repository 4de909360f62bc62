#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "dti/domain/pool.hpp"
#include "dti/domain/status.hpp"
#include "protocol/strict_json.hpp"

namespace dti {

/// How long a text field may be, in bytes.
struct TextBounds {
  std::size_t min = 0;
  std::size_t max = 0;
};

/// Does an answer with this status tell of rooms that a program holds?
[[nodiscard]] constexpr bool carries_grant(Status status) {
  return status == Status::kOk || status == Status::kNotEnoughResources || status == Status::kAlreadyHasResources;
}

/// The whole number from 0 to kQuantityMax that the value is, if it is one.
[[nodiscard]] std::optional<Quantity> quantity_of(JsonValue value);

/// What a peer, new or old, says that became of a request; kUnavailable if that is not known.
/// Source: docs/protocol.md, Statuses.
[[nodiscard]] Status status_of(std::string_view text);

/// Reads the fields of a message, and keeps the first fault of all that is asked for.
class FieldReader {
 public:
  /// @param fault  what is already wrong with the document, and so comes first
  explicit FieldReader(std::optional<std::string> fault) : fault_(std::move(fault)) {}

  /// @param prefix  the path of `object`, with its dot: `programs[2].`
  /// @return the text as it is there, also if it is too long or too short; empty if it is no text
  [[nodiscard]] std::string text(JsonValue object, std::string_view prefix, std::string_view key, TextBounds bounds);

  /// @return the text; none if it is missing (no fault), or no text within the bounds
  [[nodiscard]] std::optional<std::string> optional_text(JsonValue object, std::string_view key, TextBounds bounds);

  /// @return the number; 0 if it is not a whole number from 0 to kQuantityMax
  [[nodiscard]] Quantity quantity(JsonValue object, std::string_view prefix, std::string_view key);

  void fault(std::string_view path, std::string_view reason);
  [[nodiscard]] const std::optional<std::string>& first_fault() const { return fault_; }

 private:
  void fault(std::string_view prefix, std::string_view key, std::string_view reason);

  std::optional<std::string> fault_;
};

}  // namespace dti
