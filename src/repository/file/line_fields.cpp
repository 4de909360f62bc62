#include "repository/file/line_fields.hpp"

namespace dti {
namespace {

// The years 1 to 9999.
constexpr std::int64_t kTimeMin = -62'135'596'800'000'000;
constexpr std::int64_t kTimeMax = 253'402'300'799'999'999;

}  // namespace

void LineFields::fault(std::string_view key, std::string_view reason) {
  if (!fault_) fault_ = '"' + shown_key(key) + "\" " + std::string{reason};
}

const std::optional<std::string>& LineFields::finish() {
  if (const auto* const member = object_.first_untaken()) fault(member->key, "is unknown");
  return fault_;
}

std::int64_t LineFields::number_in(const FlatMember* member, std::string_view key, std::int64_t min, std::int64_t max) {
  if (member == nullptr) {
    fault(key, "is missing");
  } else if (member->kind != FlatMember::Kind::kNumber || member->number < min || member->number > max) {
    fault(key, "must be a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  } else {
    return member->number;
  }
  return min;
}

std::int64_t LineFields::number(std::string_view key, std::int64_t min, std::int64_t max) {
  return number_in(object_.take(key), key, min, max);
}

StoredNumber LineFields::optional_number(std::string_view key, std::int64_t min, std::int64_t max) {
  const auto* const member = object_.take(key);
  return member == nullptr ? StoredNumber{} : StoredNumber{number_in(member, key, min, max)};
}

std::int64_t LineFields::time(std::string_view key) { return number(key, kTimeMin, kTimeMax); }

StoredNumber LineFields::optional_time(std::string_view key) { return optional_number(key, kTimeMin, kTimeMax); }

bool LineFields::flag(std::string_view key) {
  const auto* const member = object_.take(key);
  if (member == nullptr) {
    fault(key, "is missing");
  } else if (member->kind != FlatMember::Kind::kFlag) {
    fault(key, "must be true or false");
  } else {
    return member->number == 1;
  }
  return false;
}

bool LineFields::is_text(const FlatMember* member, std::string_view key) {
  if (member == nullptr) {
    fault(key, "is missing");
  } else if (member->kind != FlatMember::Kind::kText) {
    fault(key, "must be a text");
  } else {
    return true;
  }
  return false;
}

std::string LineFields::text(std::string_view key, std::size_t bytes_max) {
  const auto* const member = object_.take(key);
  if (!is_text(member, key)) return {};
  if (member->text.size() > bytes_max) fault(key, "must have at most " + std::to_string(bytes_max) + " bytes");
  return member->text;
}

std::optional<std::string> LineFields::optional_text(std::string_view key) {
  const auto* const member = object_.take(key);
  if (member == nullptr || !is_text(member, key)) return std::nullopt;
  return member->text;
}

Seal LineFields::seal_in(const FlatMember* member, std::string_view key) {
  if (!is_text(member, key)) return {};
  const auto seal = parse_seal(member->text);
  if (!seal || hex_text(*seal) != member->text) fault(key, "must be 64 hexadecimal digits in lower case");
  return seal.value_or(Seal{});
}

Seal LineFields::seal(std::string_view key) { return seal_in(object_.take(key), key); }

std::optional<Seal> LineFields::optional_seal(std::string_view key) {
  const auto* const member = object_.take(key);
  return member == nullptr ? std::nullopt : std::optional{seal_in(member, key)};
}

std::array<std::uint8_t, 16> LineFields::hex16_in(const FlatMember* member, std::string_view key) {
  if (!is_text(member, key)) return {};
  const auto bytes = parse_store_id(member->text);
  if (!bytes || hex_text(*bytes) != member->text) fault(key, "must be 32 hexadecimal digits in lower case");
  return bytes.value_or(StoreId{}).bytes;
}

std::array<std::uint8_t, 16> LineFields::hex16(std::string_view key) { return hex16_in(object_.take(key), key); }

std::optional<std::array<std::uint8_t, 16>> LineFields::optional_hex16(std::string_view key) {
  const auto* const member = object_.take(key);
  return member == nullptr ? std::nullopt : std::optional{hex16_in(member, key)};
}

}  // namespace dti
