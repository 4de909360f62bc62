#include "protocol/fields.hpp"

#include <algorithm>

#include "dti/domain/hold.hpp"

namespace dti {
namespace {

std::string expected(TextBounds bounds) {
  const std::string most = std::to_string(bounds.max) + " bytes";
  return bounds.min == 0 ? "must be a text of at most " + most
                         : "must be a text of " + std::to_string(bounds.min) + " to " + most;
}

// Old servers send this misspelt sentence in place of a code.
constexpr std::string_view kOldInvalidSemester = "faculty semester is not the proccesed one";

bool equal_but_for_case(std::string_view text, std::string_view lower_case) {
  const auto equal = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a - 'A' + 'a' : a) == b; };
  return std::equal(text.begin(), text.end(), lower_case.begin(), lower_case.end(), equal);
}

bool within(std::string_view text, TextBounds bounds) { return text.size() >= bounds.min && text.size() <= bounds.max; }

}  // namespace

std::optional<Quantity> quantity_of(JsonValue value) {
  if (value.kind() != JsonKind::kWhole || value.whole() > static_cast<std::uint64_t>(kQuantityMax)) return {};
  return static_cast<Quantity>(value.whole());
}

Status status_of(std::string_view text) {
  if (equal_but_for_case(text, kOldInvalidSemester)) return Status::kInvalidSemester;
  return status_from_wire(text).value_or(Status::kUnavailable);
}

std::string FieldReader::text(JsonValue object, std::string_view prefix, std::string_view key, TextBounds bounds) {
  const JsonValue value = object[key];
  if (value.kind() == JsonKind::kMissing) {
    fault(prefix, key, "is missing");
  } else if (value.kind() != JsonKind::kString || !within(value.text(), bounds)) {
    fault(prefix, key, expected(bounds));
  }
  return std::string{value.text()};
}

std::optional<std::string> FieldReader::optional_text(JsonValue object, std::string_view key, TextBounds bounds) {
  const JsonValue value = object[key];
  if (value.kind() == JsonKind::kMissing) return {};
  if (value.kind() == JsonKind::kString && within(value.text(), bounds)) return std::string{value.text()};
  fault(key, expected(bounds));
  return {};
}

Quantity FieldReader::quantity(JsonValue object, std::string_view prefix, std::string_view key) {
  static_assert(kQuantityMax == 1'000'000, "the sentence below says so");
  const JsonValue value = object[key];
  const auto quantity = quantity_of(value);
  if (quantity) return *quantity;
  const bool is_missing = value.kind() == JsonKind::kMissing;
  fault(prefix, key, is_missing ? "is missing" : "must be a whole number from 0 to 1,000,000");
  return 0;
}

std::int64_t FieldReader::whole(JsonValue object, std::string_view key, std::int64_t max) {
  const JsonValue value = object[key];
  if (value.kind() == JsonKind::kWhole && value.whole() <= static_cast<std::uint64_t>(max)) {
    return static_cast<std::int64_t>(value.whole());
  }
  const bool is_missing = value.kind() == JsonKind::kMissing;
  fault(key, is_missing ? "is missing" : "must be a whole number from 0 to " + std::to_string(max));
  return 0;
}

std::int64_t FieldReader::hold_seconds(JsonValue object) {
  static_assert(kHoldMax.count() == 2'592'000, "the sentence below says so");
  const JsonValue value = object["hold-seconds"];
  if (value.kind() == JsonKind::kWhole && value.whole() >= 1 && value.whole() <= std::uint64_t{kHoldMax.count()}) {
    return static_cast<std::int64_t>(value.whole());
  }
  const bool is_missing = value.kind() == JsonKind::kMissing;
  fault("hold-seconds", is_missing ? "is missing" : "must be a whole number from 1 to 2,592,000");
  return 0;
}

std::int64_t FieldReader::optional_hold_seconds(JsonValue object) {
  return object["hold-seconds"].kind() == JsonKind::kMissing ? 0 : hold_seconds(object);
}

bool FieldReader::boolean(JsonValue object, std::string_view key) {
  if (object[key].kind() == JsonKind::kMissing) fault(key, "is missing");
  return optional_boolean(object, key);
}

bool FieldReader::optional_boolean(JsonValue object, std::string_view key) {
  const auto kind = object[key].kind();
  if (kind != JsonKind::kMissing && kind != JsonKind::kTrue && kind != JsonKind::kFalse) {
    fault(key, "must be true or false");
  }
  return kind == JsonKind::kTrue;
}

void FieldReader::fault(std::string_view path, std::string_view reason) { fault({}, path, reason); }

void FieldReader::fault(std::string_view prefix, std::string_view key, std::string_view reason) {
  if (fault_) return;
  fault_ = std::string{prefix};
  fault_->append(key).append(": ").append(reason);
}

}  // namespace dti
