#include "domain/cell_number.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

#include "domain/conversion_fault.hpp"

namespace dti {
namespace {

constexpr std::size_t kGroup = 3;  // digits between two separators of thousands

bool is_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The number with a separator between its thousands, as people read it.
std::string grouped(Quantity number) {
  auto text = std::to_string(number);
  for (auto at = text.size(); at > kGroup; at -= kGroup) text.insert(at - kGroup, 1, ',');
  return text;
}

/// Tells whether the text is digits in groups of three: `1,000`, `12.500`, `1 000 000`.
bool has_thousands(std::string_view text) {
  const auto first = text.find_first_of(",.' ");
  if (first == text.npos || first > kGroup || !is_digits(text.substr(0, first))) return false;
  for (auto rest = text.substr(first); !rest.empty(); rest.remove_prefix(kGroup + 1)) {
    if (rest.size() < kGroup + 1 || rest.front() != text[first] || !is_digits(rest.substr(1, kGroup))) return false;
  }
  return true;
}

/// Removes decimals that are all zero. Three of them stay: they could be thousands.
std::string_view without_zeros(std::string_view cell) {
  const auto sign = cell.find_first_of(".,");
  if (sign == cell.npos || sign == 0) return cell;
  const auto decimals = cell.substr(sign + 1);
  const bool is_zero = !decimals.empty() && decimals.find_first_not_of('0') == decimals.npos;
  return is_zero && decimals.size() != kGroup ? cell.substr(0, sign) : cell;
}

bool is_fraction(std::string_view cell) {
  const auto sign = cell.find_first_of(".,");
  return sign != cell.npos && is_digits(cell.substr(0, sign)) && is_digits(cell.substr(sign + 1));
}

std::string why_no_number(std::string_view cell) {
  if (cell.empty()) return "is missing";
  if (has_thousands(cell)) return "has a separator between its thousands: write only digits";
  if (is_fraction(cell)) return "is not a whole number";
  if (cell.starts_with('#')) {
    if (auto fault = conversion_fault(cell)) return *std::move(fault);
  }
  return "is not a number: write only digits";
}

}  // namespace

std::variant<Quantity, std::string> read_cell_number(std::string_view cell, Quantity min, Quantity max) {
  const auto digits = without_zeros(cell);
  const bool is_negative = digits.starts_with('-') && is_digits(digits.substr(1));
  if (!is_negative && !is_digits(digits)) return why_no_number(cell);
  Quantity number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error == std::errc{} && number >= min && number <= max) return number;
  return "must be between " + grouped(min) + " and " + grouped(max);
}

}  // namespace dti
